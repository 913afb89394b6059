"""Order flow of every recording equals a slow plain reference at every second.

The first minute of each file is compared; with ``VIRTUOSO_WHOLE_RECORDINGS=1`` all of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.slow_flow import SlowFlow, recording
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import FULL_DEPTH, Trade

FILES = {
    "spot": (MarketKind.SPOT, ["hft_spot_btcusdt_20240808"]),
    "spot, next file": (MarketKind.SPOT, ["hft_spot_btcusdt_20240808", "hft_spot_btcusdt_20240809"]),
    "linear": (MarketKind.LINEAR, ["hft_usdm_btcusdt_20240718"]),
    "linear, next file": (MarketKind.LINEAR, ["hft_usdm_btcusdt_20240718", "hft_usdm_btcusdt_20240719"]),
    "linear, a busier day": (MarketKind.LINEAR, ["hft_usdm_btcusdt_20240808"]),
    "inverse": (MarketKind.INVERSE, ["hft_cm_btcusd_perp_20240808"]),
}
WINDOWS_S = (1, 10, 50)
LENGTH_S = None if os.environ.get("VIRTUOSO_WHOLE_RECORDINGS") == "1" else 60


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FILES)
def test_every_second_equals_the_slow_reference(name: str, real_data: Path) -> None:
    kind, names = FILES[name]
    files = [real_data / "c_binance_sessions" / f"{each}.gz" for each in names]
    recorded = recording(kind, files, skipped=len(files) - 1, length_s=LENGTH_S)
    slow = SlowFlow(recorded)
    store = MarketStore((FULL_DEPTH,), ())
    state = store.add(recorded.instrument)
    assert state.flow is not None
    second, compared, trades, large = recorded.begin_ms // 1_000, 0, 0, 0
    for event in recorded.events():
        time_ms = event.time_ms if isinstance(event, Trade) else event.event_ms
        trades += isinstance(event, Trade)
        while second < time_ms // 1_000:
            second += 1
            for window_s in WINDOWS_S:
                flow = state.flow.window(second - window_s, second)
                span = second - window_s, second
                assert flow.buy_lots == slow.lots(*span, is_buy=True)
                assert flow.sell_lots == slow.lots(*span, is_buy=False)
                assert (flow.buys, flow.sells) == _counts(slow, *span)
                assert flow.ofi_lots == slow.ofi(0, *span)
                assert flow.weighted_ofi_lots == pytest.approx(slow.weighted_ofi(*span), rel=1e-12, abs=1e-9)
                depth = slow.mean_depth(*span)
                assert flow.mean_depth_lots == (None if depth is None else pytest.approx(float(depth), rel=1e-12))
                assert flow.large_lots == slow.large_lots(*span)
                large += flow.large_lots != 0
                compared += 1
        store.apply(event)
    assert compared >= 55 * len(WINDOWS_S)
    assert state.flow.trades.sums.too_late == 0
    assert trades > 100
    assert large > 0 or trades < 1_000


def _counts(slow: SlowFlow, from_s: int, to_s: int) -> tuple[int, int]:
    told = [trade.is_buy for trade in slow.trades(from_s, to_s)]
    return sum(told), len(told) - sum(told)
