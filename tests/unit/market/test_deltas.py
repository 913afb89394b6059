"""Volume delta by minute."""

from __future__ import annotations

import random

from virtuoso_desktop.market.deltas import KEPT_MINUTES, MOST_MINUTES, MinuteDeltas, Traded

MINUTE_MS = 60_000


def test_a_candle_has_the_trades_of_its_own_time_only() -> None:
    deltas = MinuteDeltas()
    for time_ms, signed in ((0, 1.0), (59_999, -0.25), (60_000, 8.0), (119_999, -2.0), (120_000, 64.0)):
        deltas.add(time_ms, signed, is_block=False)
    assert deltas.between(0, MINUTE_MS) == Traded(0.75, 1.25)
    assert deltas.between(0, 2 * MINUTE_MS) == Traded(6.75, 11.25)
    assert deltas.between(2 * MINUTE_MS, 3 * MINUTE_MS) == Traded(64.0, 64.0)
    assert deltas.between(3 * MINUTE_MS, 9 * MINUTE_MS) == Traded(0.0, 0.0)


def test_block_trades_are_counted_apart() -> None:
    deltas = MinuteDeltas()
    deltas.add(0, -5.0, is_block=True)
    assert deltas.between(0, MINUTE_MS) == Traded(0.0, 0.0)
    assert deltas.block_volume == 5.0


def test_a_day_is_kept_whatever_the_order() -> None:
    minutes = list(range(3 * KEPT_MINUTES))
    nearly = sorted(minutes, key=lambda minute: minute + random.Random(minute).randrange(5))
    deltas = MinuteDeltas()
    for minute in nearly:
        deltas.add(minute * MINUTE_MS, 1.0, is_block=False)
    end_ms = len(minutes) * MINUTE_MS
    assert deltas.between(end_ms - KEPT_MINUTES * MINUTE_MS, end_ms).volume == KEPT_MINUTES
    assert deltas.between(0, end_ms).volume <= MOST_MINUTES
