"""Funding, open interest, ratios and prices: first 30 days, then what each hour adds; failures are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from tests.fake_adapter import FakeAdapter
from tests.running import until
from virtuoso_desktop.engine.derivatives import HOUR_MS, DerivativeLoader, Topic, topics_of
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.errors import VenueRejected
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import PriceKind

NOW_MS = 1_700_000_055_000


@asynccontextmanager
async def loading(adapter: FakeAdapter) -> AsyncIterator[tuple[DerivativeLoader, MarketStore]]:
    store, tasks = MarketStore(), Supervisor()
    loader = DerivativeLoader(adapter, store, adapter.clock.now_ms, adapter.clock)
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
