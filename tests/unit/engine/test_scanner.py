"""The scan over the whole exchange: only while somebody reads, at a calm pace, old when it is old."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.fake_adapter import FakeAdapter, instrument, ticker
from tests.unit.engine.test_engine import BTC, NOW_MS, loaded, running, until
from virtuoso_desktop.engine import scanner
from virtuoso_desktop.engine.scanner import MOST_AT_ONCE, Scanner, scanned_row, scanned_rows
from virtuoso_desktop.engine.views import MarketRow, RowState
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.errors import LinkError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SYMBOLS = tuple(f"C{number}USDT" for number in range(600))


class Listing:
    def __init__(self, listed: list[Instrument]) -> None:
        self.listed = {each.id: each for each in listed}


@asynccontextmanager
async def scanning(
    monkeypatch: pytest.MonkeyPatch, symbols: tuple[str, ...] = SYMBOLS, period_s: float = 0.05
) -> AsyncIterator[tuple[Scanner, FakeAdapter, set[InstrumentId]]]:
    monkeypatch.setattr(scanner, "PERIOD_S", period_s)
    adapter = FakeAdapter(ManualClock(NOW_MS), symbols)
    watched: set[InstrumentId] = set()
    made = Scanner(adapter, Listing(adapter.listed), watched.__contains__, adapter.clock.now_ms, adapter.clock)
    task = asyncio.get_running_loop().create_task(made.run())
    yield made, adapter, watched
    task.cancel()
    await asyncio.wait([task])


async def read_all(scan: Scanner, count: int) -> dict[InstrumentId, MarketRow]:
    cursor = scan.cursor()
    found: dict[InstrumentId, MarketRow] = {}

    def is_there() -> bool:
        found.update((row.instrument_id, row) for row in cursor.take())
        return len(found) >= count

    await until(is_there, f"{count} rows")
    return found


async def test_every_instrument_is_read_in_small_portions_but_what_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanning(monkeypatch) as (scan, adapter, watched):
        watched.add(adapter.listed[7].id)
        cursor = scan.cursor()
        assert cursor.take() == []
        await until(lambda: bool(scan.rows), "the first answer")
        portion = cursor.take()
        assert len(portion) == MOST_AT_ONCE - 1
        found = await read_all(scan, 599)
        assert set(found) == {each.id for each in adapter.listed} - watched
        row = found[adapter.listed[0].id]
        assert (row.is_scanned, row.state, row.last_price, row.updated_ms) == (True, RowState.LIVE, 100.0, NOW_MS)
        assert scan.view().as_of_ms == NOW_MS


async def test_one_request_for_each_kind_and_none_while_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanning(monkeypatch, ("BTCUSDT",)) as (scan, adapter, _):
        await asyncio.sleep(0.1)
        assert adapter.tickers_asked == [], "nobody reads"
        cursor = scan.cursor()
        for _ in range(30):
            cursor.take()
            await asyncio.sleep(0.01)
        asked = len(adapter.tickers_asked)
        assert 3 <= asked <= 8
        assert set(adapter.tickers_asked) == {MarketKind.LINEAR}
        await asyncio.sleep(0.2)
        assert len(adapter.tickers_asked) <= asked + 1, "the reader has gone"
    assert Scanner.run.__doc__


async def test_a_quick_return_does_not_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanning(monkeypatch, ("BTCUSDT",), period_s=5.0) as (scan, adapter, _):
        for _ in range(5):
            await read_all(scan, 1)
        assert len(adapter.tickers_asked) == 1


async def test_rows_become_stale_when_no_answer_comes_and_live_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scanning(monkeypatch, ("BTCUSDT",)) as (scan, adapter, _):
        await read_all(scan, 1)
        adapter.failure = LinkError("The exchange does not answer.")
        await asyncio.sleep(0.1)
        adapter.clock.advance_ms(31_000)
        cursor = scan.cursor()
        (row,) = cursor.take()
        assert (row.state, row.updated_ms) == (RowState.STALE, NOW_MS)
        await until(lambda: bool((cursor.take(), scan.view().problem)[1]), "the reason")
        assert scan.view().problem == "The exchange does not answer."
        assert scan.view().as_of_ms == NOW_MS
        adapter.failure = None
        await until(lambda: any(row.state is RowState.LIVE for row in cursor.take()), "a fresh row")
        assert scan.view().problem is None


def test_what_a_ticker_cannot_tell_is_missing() -> None:
    row = scanned_row(ticker("BTCUSDT", event_ms=NOW_MS), instrument("BTCUSDT"))
    assert (row.last_price, row.turnover_24h) == (100.0, 1e9)
    assert (row.spread_bps, row.funding_rate, row.change_24h_pct, row.basis_bps, row.sparkline) == (
        None, None, None, None, (),
    )  # fmt: skip


def test_only_what_is_in_trade_and_listed_has_a_row() -> None:
    tickers = [ticker("BTCUSDT"), ticker("GONEUSDT"), ticker("SOONUSDT")]
    listed = {each.id: each for each in (instrument("BTCUSDT"), instrument("SOONUSDT", status="PreLaunch"))}
    assert [key.symbol for key in scanned_rows(tickers, listed)] == ["BTCUSDT"]


async def test_the_engine_scans_what_the_exchange_lists(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS), ("BTCUSDT", "ETHUSDT", "SMALLUSDT"))
    async with running(tmp_path, adapter, overrides=["universe.size=1"]) as rig:
        await loaded(rig)
        assert [each.symbol for each in rig.engine.scan.instruments()] == ["BTCUSDT", "ETHUSDT", "SMALLUSDT"]
        cursor = rig.engine.scan.cursor()
        found: set[InstrumentId] = set()
        await until(lambda: bool(found.update(row.instrument_id for row in cursor.take()) or len(found) == 2), "rows")
        assert BTC not in found, "it is watched"
