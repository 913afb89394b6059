"""Funding, open interest, ratios and prices: first 30 days, then what each hour adds; failures are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np

from tests.fake_adapter import FakeAdapter
from tests.running import until
from virtuoso_desktop.engine.archive_points import PointArchive, points_batch
from virtuoso_desktop.engine.derivatives import HOUR_MS, DerivativeLoader, Topic, topics_of
from virtuoso_desktop.exchanges.base import PointQuery, RequestPriority
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import VenueRejected
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import OpenInterest, PriceKind
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_rows import HistoryKind, SeriesKey

NOW_MS = 1_700_000_055_000


@asynccontextmanager
async def loading(
    adapter: FakeAdapter, history: HistoryStore | None = None, *, is_real: bool = True, may_ask: bool = True
) -> AsyncIterator[tuple[DerivativeLoader, MarketStore]]:
    store, tasks = MarketStore(), Supervisor()
    archive = PointArchive(history or HistoryStore(None), is_real=is_real)
    loader = DerivativeLoader(adapter, store, archive, adapter.clock.now_ms, adapter.clock, lambda: may_ask)
    for each in adapter.listed:
        store.add(each)
    loader.watch(adapter.listed)
    tasks.spawn("loader", loader.run)
    try:
        yield loader, store
    finally:
        await tasks.stop()


def of_kind(instrument: Instrument, kind: MarketKind, contract: str) -> Instrument:
    other = InstrumentId(Venue.BYBIT, kind, instrument.symbol)
    return msgspec.structs.replace(instrument, id=other, contract_type=contract)


def test_each_kind_has_what_the_venue_keeps_of_it() -> None:
    (linear,) = FakeAdapter(ManualClock(), ["BTCUSDT"]).listed
    assert topics_of(linear) == tuple(Topic)
    inverse = topics_of(of_kind(linear, MarketKind.INVERSE, "InversePerpetual"))
    assert set(Topic) - set(inverse) == {Topic.PREMIUM}
    dated = topics_of(of_kind(linear, MarketKind.LINEAR, "LinearFutures"))
    assert set(Topic) - set(dated) == {Topic.PREMIUM, Topic.FUNDING}
    assert topics_of(of_kind(linear, MarketKind.SPOT, "")) == ()


async def test_thirty_days_come_first_and_each_hour_adds_the_rest() -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with loading(adapter) as (loader, store):
        await until(lambda: loader.loaded == 12, "six lists of two contracts")
        state = store.states[0].derivatives
        assert (len(state.funding), len(state.open_interest), len(state.long_short)) == (200, 720, 720)
        assert {kind: len(series) for kind, series in state.prices.items()} == dict.fromkeys(PriceKind, 720)
        assert [what for what, _ in adapter.points_asked][:2] == ["funding", "funding"]
        await asyncio.sleep(0.05)
        assert loader.loaded == 12, "nothing is asked for again within the hour"

        asked = len(adapter.points_asked)
        adapter.clock.advance_ms(HOUR_MS + 4 * 60_000)
        loader.watch([])
        await until(lambda: loader.loaded == 24, "the next hour")
        assert all(query.start_ms is not None for _, query in adapter.points_asked[asked:])
        oldest_ms = min(query.start_ms or 0 for what, query in adapter.points_asked[asked:] if what == "open_interest")
        assert oldest_ms == NOW_MS // HOUR_MS * HOUR_MS - 2 * HOUR_MS, "two hours may still be corrected"
        assert state.open_interest.newest_ms == adapter.clock.now_ms() // HOUR_MS * HOUR_MS
        assert len(state.open_interest) == 720


async def test_what_the_venue_refuses_is_not_asked_for_again_within_the_hour() -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS), ["BTCUSDT"])
    adapter.points_failure = VenueRejected("Bybit does not accept a parameter (10001).", code=10001)
    async with loading(adapter) as (loader, store):
        await until(lambda: len(adapter.points_asked) == 6, "each list once")
        await asyncio.sleep(0.05)
        assert len(adapter.points_asked) == 6
        assert loader.loaded == 0
        adapter.points_failure = None
        adapter.clock.advance_ms(HOUR_MS + 4 * 60_000)
        loader.watch([])
        await until(lambda: loader.loaded == 6, "the next hour")
        assert len(store.states[0].derivatives.funding) == 200


async def test_an_instrument_given_up_is_not_asked_for() -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS), ["BTCUSDT", "ETHUSDT"])
    async with loading(adapter) as (loader, _):
        loader.unwatch(adapter.listed[1].id)
        await until(lambda: loader.loaded == 6, "the lists of the other")
        await asyncio.sleep(0.05)
        assert {query.instrument_id.symbol for _, query in adapter.points_asked} == {"BTCUSDT"}


# --- what the disk holds -------------------------------------------------------------------------------------------

HOUR_0_MS = NOW_MS // HOUR_MS * HOUR_MS
HELD = {"funding": 200, "open_interest": 720, "long_short": 720, "mark": 720, "index": 720, "premium": 720}


def held(store: MarketStore) -> dict[str, int]:
    state = store.states[0].derivatives
    points = {"funding": state.funding, "open_interest": state.open_interest, "long_short": state.long_short}
    return {name: len(each) for name, each in points.items()} | {
        kind.value: len(state.prices[kind]) for kind in PriceKind
    }


async def filled(folder: Path, now_ms: int = NOW_MS) -> None:
    """A first run that loads every list."""
    history = HistoryStore(folder / HISTORY_FILE)
    history.start()
    async with loading(FakeAdapter(ManualClock(now_ms), ["BTCUSDT"]), history) as (loader, _):
        await until(lambda: loader.loaded == 6, "every list")
    await history.close(5.0)


@asynccontextmanager
async def restarted(
    folder: Path, adapter: FakeAdapter, *, is_real: bool = True, may_ask: bool = True
) -> AsyncIterator[tuple[DerivativeLoader, MarketStore, HistoryStore]]:
    history = HistoryStore(folder / HISTORY_FILE)
    history.start()
    try:
        async with loading(adapter, history, is_real=is_real, may_ask=may_ask) as (loader, store):
            yield loader, store, history
    finally:
        await history.close(5.0)


async def test_a_restart_shows_what_the_disk_holds_and_asks_for_the_rest(tmp_path: Path) -> None:
    await filled(tmp_path)
    adapter = FakeAdapter(ManualClock(NOW_MS + 5 * HOUR_MS), ["BTCUSDT"])
    async with restarted(tmp_path, adapter) as (loader, store, history):
        await until(lambda: loader.loaded == 6, "the rest of every list")
        asked = dict(adapter.points_asked)
        assert len(adapter.points_asked) == 6, "one request a list"
        assert asked["open_interest"].start_ms == asked["long_short"].start_ms == HOUR_0_MS - 2 * HOUR_MS
        assert asked["mark"].start_ms == HOUR_0_MS - 2 * HOUR_MS - 1, "the close of the newest closed one is covered"
        newest_funding_ms = NOW_MS // (8 * HOUR_MS) * 8 * HOUR_MS
        assert asked["funding"].start_ms == newest_funding_ms - 2 * HOUR_MS
        assert held(store) == HELD
        key = SeriesKey(adapter.listed[0].id, HistoryKind.OPEN_INTEREST, "1h")
        assert history.covered(key) == ((HOUR_0_MS - 719 * HOUR_MS, HOUR_0_MS + 5 * HOUR_MS + 1),)
        assert (await history.read(key, 0, 2**53)).shape[1] == 725


async def test_without_an_answer_the_disk_is_shown(tmp_path: Path) -> None:
    await filled(tmp_path)
    adapter = FakeAdapter(ManualClock(NOW_MS), ["BTCUSDT"])
    async with restarted(tmp_path, adapter, may_ask=False) as (loader, store, _):
        await until(lambda: held(store)["premium"] == 719, "the last list; its forming hour is not stored")
        assert held(store) == {**HELD, "mark": 719, "index": 719, "premium": 719}
        assert adapter.points_asked == [], "the first pages of the candles are not there yet"
        assert loader.progress == (6, 6)


async def test_a_hole_between_two_runs_is_filled(tmp_path: Path) -> None:
    history = HistoryStore(tmp_path / HISTORY_FILE)
    history.start()
    adapter = FakeAdapter(ManualClock(NOW_MS), ["BTCUSDT"])
    key = SeriesKey(adapter.listed[0].id, HistoryKind.OPEN_INTEREST, "1h")
    for first, end in ((-719, -500), (-100, 1)):
        hours = [HOUR_0_MS + n * HOUR_MS for n in range(first, end)]
        points = [OpenInterest(adapter.listed[0].id, 5e4, ms) for ms in hours]
        PointArchive(history, is_real=True).keep(
            points_batch(key, PointQuery(adapter.listed[0].id, hours[0], hours[-1], 720), points)
        )
    await history.close(5.0)
    async with restarted(tmp_path, adapter) as (loader, store, _):
        await until(lambda: loader.loaded == 6, "every list")
        asked = [query for what, query in adapter.points_asked if what == "open_interest"]
        assert [(query.start_ms, query.end_ms) for query in asked] == [
            (HOUR_0_MS - 501 * HOUR_MS + 1, HOUR_0_MS - 100 * HOUR_MS - 1),
            (HOUR_0_MS - 2 * HOUR_MS, None),
        ]
        assert held(store) == HELD


async def test_a_list_of_another_market_is_forgotten_unless_the_market_is_real(tmp_path: Path) -> None:
    await filled(tmp_path)
    for is_real, value, count in ((False, 7e4, 1), (True, 5e4, 2)):
        adapter = Richer(ManualClock(NOW_MS), ["BTCUSDT"])
        adapter.value = value
        async with restarted(tmp_path, adapter, is_real=is_real) as (loader, store, history):
            await until(lambda: loader.loaded == 6, "every list")
            points = store.states[0].derivatives.open_interest.points
            assert len(points) == 720
            assert len({point.open_interest for point in points}) == count
            stored = await history.read(SeriesKey(adapter.listed[0].id, HistoryKind.OPEN_INTEREST, "1h"), 0, 2**53)
            assert np.unique(stored[1]).size == count, "a correction overwrites, another market replaces"


class Richer(FakeAdapter):
    """The same contract with another open interest."""

    value = 7e4

    async def open_interest(
        self, query: PointQuery, *, priority: int = RequestPriority.BACKGROUND
    ) -> list[OpenInterest]:
        return [msgspec.structs.replace(each, open_interest=self.value) for each in await super().open_interest(query)]
