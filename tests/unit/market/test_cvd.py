"""Cumulative volume delta of the session."""

from __future__ import annotations

import random

import pytest

from tests.unit.market.test_book import INSTRUMENT
from virtuoso_desktop.market.cvd import session_cvd
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.market import Aggressor, Candle, Trade
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

MIDNIGHT_MS = 20_500 * DAY_MS
NOW_MS = MIDNIGHT_MS + 300 * MINUTE_MS + 12_345


def candle(minute: int, volume: float) -> Candle:
    open_ms = MIDNIGHT_MS + minute * MINUTE_MS
    return Candle(INSTRUMENT.id, Timeframe.M1, open_ms, 1.0, 1.0, 1.0, 1.0, volume, volume, True, open_ms, 0)


def test_it_begins_at_midnight_and_tells_from_when_it_is_complete() -> None:
    rng, store = random.Random(2), MarketStore((50,))
    state = store.add(INSTRUMENT)
    signed: dict[int, float] = {}
    number = 0
    for minute in range(-60, 301):  # a trade before midnight counts for the day before
        volume = 0.0
        for _ in range(rng.randint(0, 4)):
            number += 1
            lots = rng.randint(1, 5_000)
            is_buy = rng.random() < 0.5
            at_ms = MIDNIGHT_MS + minute * MINUTE_MS + number % 1_000
            size = INSTRUMENT.to_size(lots)
            side = Aggressor.BUY if is_buy else Aggressor.SELL
            volume += size
            if minute == 77:
                continue  # a lost trade
            store.apply(Trade(INSTRUMENT.id, f"t{number}", 1.0, size, side, at_ms, None, False, at_ms, 0))
            signed[minute] = signed.get(minute, 0.0) + (size if is_buy else -size)
        if minute == 77:
            volume += 1.0
        if 0 <= minute < 300:
            store.apply(candle(minute, volume))
    told = session_cvd(state, NOW_MS)
    assert told.minute_ms.tolist() == [MIDNIGHT_MS + minute * MINUTE_MS for minute in range(301)]
    running = 0.0
    for minute, cvd in enumerate(told.cvd.tolist()):
        running += signed.get(minute, 0.0)
        assert cvd == pytest.approx(running, abs=1e-9)
    assert told.complete_from_ms == MIDNIGHT_MS + 78 * MINUTE_MS


def test_without_candles_nothing_tells_whether_it_is_complete() -> None:
    store = MarketStore((50,))
    told = session_cvd(store.add(INSTRUMENT), NOW_MS)
    assert told.complete_from_ms == MIDNIGHT_MS + 300 * MINUTE_MS
    assert not told.cvd.any()
