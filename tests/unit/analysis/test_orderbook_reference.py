"""Depth measures, walls and slippage on real recorded sessions, against the plainest reading of the same files.

Every file's first minute; whole files with ``VIRTUOSO_WHOLE_SESSIONS=1``.
"""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import book_reference as slow
from tests.book_session import SESSIONS, Second, seconds_of, turnovers
from virtuoso_desktop.analysis.book_kernels import WallRules
from virtuoso_desktop.analysis.book_measures import NOTIONALS, BookMeasures
from virtuoso_desktop.analysis.layout import NONE, VALUE, C
from virtuoso_desktop.analysis.orderbook import OrderBookDimension
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.model.timeframe import Timeframe

IS_WHOLE = os.environ.get("VIRTUOSO_WHOLE_SESSIONS") == "1"
MOST_SECONDS = None if IS_WHOLE else 60
RULES = WallRules(least_samples=10, warm_up_ms=10_000)
ATR_TICKS = 400.0
TIGHT = 1e-9


def near(value: float | None, other: float | None) -> bool:
    return value == other or (value is not None and other is not None and value == pytest.approx(other, abs=TIGHT))


def depth_differences(told: BookMeasures, real: dict[str, Any], scale: float) -> list[str]:
    """Names of the figures that differ."""
    pairs = {
        "spread_ticks": (told.spread_ticks, real["spread_ticks"]),
        "spread_bps": (told.spread_bps, real["spread_bps"]),
        "bid_reach": (told.bid_reach_bps, real["reach_bps"][0]),
        "ask_reach": (told.ask_reach_bps, real["reach_bps"][1]),
        "band": (told.bands[-1].width_bps, real["band_bps"]),
        "weighted": (told.weighted_imbalance, real["weighted"]),
        "microprice": ((told.microprice or 0.0) / scale, real["microprice"]),
    }
    pairs |= {f"band {n}": (told.bands[n].imbalance, real["bands"][n]) for n in range(4)}
    pairs |= {f"levels {n}": (told.level_imbalances[n], real["levels"][n]) for n in range(3)}
    wrong: list[str] = []
    for name, (ours, theirs) in pairs.items():
        if name == "microprice":
            if ours != pytest.approx(theirs, rel=TIGHT):
                wrong.append(name)
        elif not near(ours, theirs):
            wrong.append(f"{name}: {ours} {theirs}")
    return wrong


def wall_differences(dimension: OrderBookDimension, walls: slow.SlowWalls) -> list[str]:
    ours = [
        (
            wall.is_bid, wall.low_ticks, wall.high_ticks, wall.price_ticks, wall.first_lots, wall.lots,
            wall.seconds.bit_count(), wall.is_confirmed, wall.is_suspected_pull, wall.pull_ratios,
        )
        for wall in dimension.walls.walls
    ]  # fmt: skip
    theirs = [
        (
            wall.side == "bid", wall.low, wall.high, wall.price, wall.first, wall.lots,
            sum(wall.present), wall.is_confirmed, wall.is_suspected, [pytest.approx(one) for one in wall.ratios[-3:]],
        )
        for wall in walls.walls
    ]  # fmt: skip
    return [] if ours == theirs else [f"walls: {ours} instead of {theirs}"]


def slip_differences(told: BookMeasures, second: Second) -> list[str]:
    instrument = second.state.instrument
    mid, lot = slow.mid_of(second.bids, second.asks), Fraction(instrument.lot_step)
    tick = None if instrument.id.market_kind is MarketKind.INVERSE else Fraction(instrument.tick_size)
    wrong: list[str] = []
    rows = {(row.side, row.notional): row for row in told.slippage}
    for side, levels in ((Aggressor.BUY, second.asks), (Aggressor.SELL, second.bids)):
        for notional in NOTIONALS:
            bps, filled = slow.slippage(levels, mid, notional, lot, tick)
            row = rows[side, notional]
            if (row.bps, row.filled_ratio) != (pytest.approx(bps, abs=1e-7), pytest.approx(filled, abs=TIGHT)):
                wrong.append(f"slip {side} {notional}: {row} {bps} {filled}")
            if row.is_lower_bound != (filled < 1.0):
                wrong.append(f"lower bound {side} {notional}")
    return wrong


def least_lots(instrument: Instrument) -> Callable[[Fraction], float]:
    """Half the median minute in lots, by the mid price in ticks."""
    least = 0.5 * statistics.median(turnovers()) / float(instrument.lot_step)
    if instrument.id.market_kind is MarketKind.INVERSE:
        return lambda mid: least
    return lambda mid: least / (float(mid) * float(instrument.tick_size))


@pytest.mark.parametrize("name", list(SESSIONS))
@pytest.mark.timeout(900 if IS_WHOLE else 120)
def test_every_second_of_a_recording_is_measured_as_by_hand(real_data: Path, name: str) -> None:
    dimension: OrderBookDimension | None = None
    walls: slow.SlowWalls | None = None
    seen: Counter[str] = Counter()
    for second in seconds_of(real_data, SESSIONS[name], MOST_SECONDS):
        instrument = second.state.instrument
        if dimension is None or walls is None:
            dimension = OrderBookDimension(second.state, lambda _: True, lambda _: ATR_TICKS, RULES)
            walls = slow.SlowWalls(RULES.least_samples, RULES.warm_up_ms // 1_000, least_lots(instrument))
        dimension.sample(second.now_ms)
        walls.advance(second.now_ms // 1_000, second.bids, second.asks, second.trades)
        told = dimension.measures(second.now_ms)
        assert told.reason is None
        real = slow.depth(second.bids, second.asks)
        wrong = depth_differences(told, real, float(instrument.tick_size))
        wrong += wall_differences(dimension, walls)
        wrong += slip_differences(told, second)
        assert not wrong, f"{name} at {second.now_ms}: {wrong}"
        wrong = cell_differences(dimension, walls, second, real)
        assert not wrong, f"{name} at {second.now_ms}: {wrong}"
        seen["seconds"] += 1
        seen["walls"] += len(told.walls)
        seen["confirmed"] += sum(wall.is_confirmed for wall in told.walls)
        seen["approaches"] += sum(len(wall.pull_ratios) for wall in told.walls)
    assert seen["seconds"] >= 55
    # What is compared must exist. The calm session's minute has no wall.
    assert name == "linear 18" or seen["walls"] > 5
    assert name not in ("spot 08", "inverse 08") or seen["confirmed"] > 10
    assert name != "spot 08" or seen["approaches"] > 10


def cell_differences(
    dimension: OrderBookDimension, walls: slow.SlowWalls, second: Second, real: dict[str, Any]
) -> list[str]:
    """The three components, raw."""
    out = np.empty((3, 6))
    assert dimension.cells(Timeframe.M5, second.now_ms, out) == 1.0
    depth = 0.6 * real["weighted"] + 0.4 * real["bands"][2]
    pairs = {
        "bid_ask_depth": (out[0, C], depth),
        "its value": (out[0, VALUE], real["bands"][2]),
        "microprice": (out[2, C], real["levels"][0]),
    }
    if out[1, 5] == NONE:
        zones, count = walls.zones(slow.mid_of(second.bids, second.asks), ATR_TICKS)
        assert zones is not None
        pairs |= {"liquidity_zones": (out[1, C], zones * min(1, count / 2)), "its zones": (out[1, VALUE], zones)}
    return [f"{name}: {pair}" for name, pair in pairs.items() if not near(*pair)]
