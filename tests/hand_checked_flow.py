"""``python -m tests.hand_checked_flow FOLDER``: the table of `docs/hand-checked-flow.md`, from a recording.

FOLDER holds the recordings (``c_binance_sessions``). The figures are the store's own, minute by minute.
"""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from tests.slow_flow import Recording, SlowFlow, SlowUpdate, recording
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import FULL_DEPTH

FILES = ("hft_spot_btcusdt_20240808.gz", "hft_spot_btcusdt_20240809.gz")
HEAD = (
    "| minute, UTC | bought | sold | delta | CVD | buys | sells | OFI | OFI, 5 levels | large orders |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
)
UPDATE_HEAD = (
    "| s after 23:57 | bid | its size | ask | its size | e | sum |",
    "|---:|---:|---:|---:|---:|---:|---:|",
)
BEGIN_S = 1_723_161_255
"""Second of the first update."""
SECOND_S = 1_723_161_474
"""23:57:54 UTC."""


def table(folder: Path) -> list[str]:
    """The lines of the table; sizes in BTC."""
    recorded = recording(MarketKind.SPOT, [folder / name for name in FILES])
    store = MarketStore((FULL_DEPTH,), ())
    state = store.add(recorded.instrument)
    assert state.flow is not None
    for event in recorded.events():
        store.apply(event)
    lines, cvd = list(HEAD), 0
    for minute in range(recorded.begin_ms // 60_000, recorded.end_ms // 60_000 + 1):
        flow = state.flow.window(minute * 60, minute * 60 + 60)
        delta = flow.buy_lots - flow.sell_lots
        cvd += delta
        begin = dt.datetime.fromtimestamp(minute * 60, dt.UTC).strftime("%H:%M")
        lots = (flow.buy_lots, flow.sell_lots, delta, cvd)
        coins = [f"{recorded.instrument.to_size(each):.5f}" for each in lots]
        quotes = [f"{recorded.instrument.to_size(each):.5f}" for each in (flow.ofi_lots, flow.weighted_ofi_lots)]
        large = f"{recorded.instrument.to_size(flow.large_lots):.5f}"
        cells = (begin, *coins, str(flow.buys), str(flow.sells), *quotes, large)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def second(recorded: Recording, at_s: int) -> list[str]:
    """Every book update of one second, and what it brought by the definition, in BTC."""
    updates = SlowFlow(recorded).updates
    lines, total = list(UPDATE_HEAD), Decimal(0)
    for before, now in pairwise(updates):
        if now.time_ms // 1_000 != at_s:
            continue
        if len(lines) == len(UPDATE_HEAD):
            lines.append(_row(before, "", ""))
        (old_bid, old_bid_size), (bid, bid_size) = before.bids[0], now.bids[0]
        (old_ask, old_ask_size), (ask, ask_size) = before.asks[0], now.asks[0]
        came = (bid >= old_bid) * bid_size - (bid <= old_bid) * old_bid_size
        came += (ask >= old_ask) * old_ask_size - (ask <= old_ask) * ask_size
        total += came
        lines.append(_row(now, f"{came:.5f}", f"{total:.5f}"))
    return lines


def _row(update: SlowUpdate, came: str, total: str) -> str:
    (bid, bid_size), (ask, ask_size) = update.bids[0], update.asks[0]
    after_s = f"{update.time_ms % 60_000 / 1_000:.3f}"
    return f"| {after_s} | {bid:.2f} | {bid_size:.5f} | {ask:.2f} | {ask_size:.5f} | {came} | {total} |"


if __name__ == "__main__":
    where = Path(sys.argv[1])
    until = recording(MarketKind.SPOT, [where / name for name in FILES], length_s=SECOND_S - BEGIN_S + 1)
    print("\n".join([*table(where), "", *second(until, SECOND_S)]))
