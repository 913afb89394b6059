"""What the venue lists: delisted, new and changed instruments, found by review or on suspicion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.fake_adapter import LINK, FakeAdapter, instrument
from tests.unit.engine.test_engine import BTC, ETH, NOW_MS, Rig, loaded, running, until
from virtuoso_desktop.engine import listing
from virtuoso_desktop.engine.listing import ListingTimes
from virtuoso_desktop.engine.live_settings import ChangeRefused, SettingsChange
from virtuoso_desktop.exchanges.base import LinkPhase, LinkState, StaleFeed, Subscription, TopicKind, TopicRejected
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.errors import VenueRejected
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import BookSnapshot
from virtuoso_desktop.model.timeframe import Timeframe

TICKER = Subscription(ETH, TopicKind.TICKER)


@asynccontextmanager
async def reviewing(tmp_path: Path, adapter: FakeAdapter, every_s: float = 900.0) -> AsyncIterator[Rig]:
    """An engine whose list is looked at as often as a test wants, suspicions after 50 ms."""
    async with running(tmp_path, adapter, times=ListingTimes(every_s, 0.05)) as rig:
        await loaded(rig)
        yield rig


def told(rig: Rig) -> list[str]:
    return [notice.user_text for notice in rig.engine.notices.all if notice.where == "bybit.listing"]


def change(adapter: FakeAdapter, symbol: str, **fields: object) -> None:
    adapter.listed = [
        msgspec.structs.replace(each, **fields) if each.symbol == symbol else each for each in adapter.listed
    ]


@pytest.mark.parametrize("way", ["gone", "status"])
async def test_what_left_trade_is_dropped_with_words(tmp_path: Path, way: str) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with reviewing(tmp_path, adapter, every_s=0.1) as rig:
        if way == "gone":
            adapter.listed = adapter.listed[:1]
        else:
            change(adapter, "ETHUSDT", status="Delivering")
        await until(lambda: len(rig.engine.watched()) == 1, "the drop")
        assert {each.instrument_id for each in adapter.topics} == {BTC}
        assert rig.store.get(ETH) is None
        (words,) = told(rig)
        assert "ETHUSDT (linear) is no longer traded" in words
        assert ("no longer listed" if way == "gone" else "its status is Delivering") in words
        await asyncio.sleep(0.3)
        assert len(told(rig)) == 1


async def test_a_coming_end_is_told_once(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with reviewing(tmp_path, adapter, every_s=0.1) as rig:
        state = rig.store.get(ETH)
        change(adapter, "ETHUSDT", delivery_ms=1_700_100_000_000)
        await until(lambda: bool(told(rig)), "the words")
        await asyncio.sleep(0.3)
        assert told(rig) == ["ETHUSDT will be delisted at 2023-11-16 02:00 UTC; it is watched until then."]
        assert rig.store.get(ETH) is state, "nothing is loaded anew for changed terms"
        assert state is not None
        assert state.instrument.delivery_ms == 1_700_100_000_000


async def test_a_changed_grid_loads_the_series_anew_under_an_open_chart(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with reviewing(tmp_path, adapter) as rig:
        rig.engine.show(ETH, Timeframe.M5)
        seen: list[object] = []
        rig.engine.watched_changed.connect(seen.append)
        change(adapter, "ETHUSDT", tick_size=Decimal("0.01"))
        asked = len(adapter.asked)
        rig.store.apply(BookSnapshot(ETH, 1000, [(99.9, 1.0)], [(100.0, 1.0)], 1, 1, NOW_MS, None, 0))
        await until(lambda: bool(told(rig)), "the review that a restarted book brings about")
        await until(lambda: rig.engine.status().series_loaded == 14, "all series again")
        assert "from 0.10 and 0.001 to 0.01 and 0.001" in told(rig)[0]
        assert [each.id for each in rig.engine.watched()] == [BTC, ETH]
        assert seen == [(BTC, ETH)], "a face never sees it gone"
        view = rig.engine.chart(ETH, Timeframe.M5)
        assert view is not None
        assert view.instrument.tick_size == Decimal("0.01")
        assert view.candles.close[-1] == 10_000.0
        assert {each.depth for each in adapter.topics if each.instrument_id == ETH} >= {50, 1000}
        assert {query.instrument_id for query in adapter.asked[asked:]} == {ETH}


async def test_new_listings_are_named_and_wanted_ones_watched(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(
        tmp_path, adapter, times=ListingTimes(0.1, 0.05), overrides=["universe.include_symbols=[WANTEDUSDT]"]
    ) as rig:
        await loaded(rig)
        adapter.listed += [
            instrument("NEWUSDT"), instrument("WANTEDUSDT"), instrument("SOONUSDT", status="PreLaunch"),
            instrument("BTC-26DEC25", contract="LinearFutures"),
        ]  # fmt: skip
        await until(lambda: len(rig.engine.watched()) == 3, "the wanted one")
        assert [each.symbol for each in rig.engine.watched()] == ["BTCUSDT", "ETHUSDT", "WANTEDUSDT"]
        (words,) = told(rig)
        assert words.startswith("New at Bybit: NEWUSDT, WANTEDUSDT.")
        assert all(notice.severity is Severity.INFO for notice in rig.engine.notices.all)


@pytest.mark.parametrize("sign", ["rejected", "stale", "refused"])
async def test_signs_of_a_delisting_bring_a_review(tmp_path: Path, sign: str) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with reviewing(tmp_path, adapter) as rig:
        adapter.listed = adapter.listed[:1]
        if sign == "rejected":
            adapter.rejected.emit(TopicRejected(LINK, "tickers.ETHUSDT", TICKER, "Bybit refuses tickers.ETHUSDT."))
        elif sign == "stale":
            stale = (StaleFeed("tickers.ETHUSDT", TICKER, NOW_MS),)
            adapter.states.emit(LinkState(LINK, MarketKind.LINEAR, LinkPhase.STALE, NOW_MS, "no data", None, stale))
        else:
            adapter.failure = VenueRejected("Bybit does not accept a parameter (10001).", code=10001)
            rig.engine.load_older(ETH, Timeframe.M1)
            await until(lambda: not rig.engine.chart(ETH, Timeframe.M1).is_loading_older, "the refusal")
            adapter.failure = None
        await until(lambda: len(rig.engine.watched()) == 1, "the drop")


async def test_suspicions_do_not_flood_the_venue(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    async with running(tmp_path, adapter, times=ListingTimes(900.0, 0.3)) as rig:
        await loaded(rig)
        for _ in range(40):
            rig.engine.listing.suspect()
            await asyncio.sleep(0.02)
        assert rig.engine.listing.reviews <= 4
    assert listing.REVIEW_GAP_S == 60.0


def wishes(rig: Rig, **fields: object) -> SettingsChange:
    before = rig.engine.settings
    after = before.model_copy(update={"universe": before.universe.model_copy(update=fields)})
    return SettingsChange(before, after, tuple(f"universe.{name}" for name in fields))


async def test_a_new_wish_is_heard_at_once_and_stays_by_the_next_review(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS), symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"))
    async with running(tmp_path, adapter, times=ListingTimes(0.2, 0.05)) as rig:
        await loaded(rig)
        rig.engine.show(BTC, Timeframe.M5)
        rig.engine.take_settings(wishes(rig, size=2))
        await until(lambda: len(rig.engine.watched()) == 2, "two instruments")
        rig.engine.take_settings(wishes(rig, size=2, exclude_symbols=("BTCUSDT",)))
        await until(lambda: BTC not in {each.id for each in rig.engine.watched()}, "the shown one to go")
        reviews = rig.engine.listing.reviews
        await until(lambda: rig.engine.listing.reviews > reviews + 1, "more reviews")
        assert {each.symbol for each in rig.engine.watched()} == {"ETHUSDT"}, "what is left out is not replaced at once"
        assert told(rig) == []  # nobody left trade


async def test_a_kind_that_is_not_wanted_any_more_goes_without_a_word(tmp_path: Path) -> None:
    adapter = FakeAdapter(ManualClock(NOW_MS))
    spot = msgspec.structs.replace(
        adapter.listed[0], id=InstrumentId(Venue.BYBIT, MarketKind.SPOT, "BTCUSDT"), contract_type=""
    )
    adapter.listed.append(spot)
    async with reviewing(tmp_path, adapter) as rig:
        included = {"min_24h_volume": 0.0}
        rig.engine.take_settings(wishes(rig, kinds=(MarketKind.SPOT, MarketKind.LINEAR), **included))
        await until(lambda: spot.id in {each.id for each in rig.engine.watched()}, "the spot instrument")
        rig.engine.take_settings(wishes(rig, kinds=(MarketKind.SPOT,), **included))
        await until(lambda: [each.id for each in rig.engine.watched()] == [spot.id], "spot alone")
        assert told(rig) == []


async def test_wishes_that_the_venue_cannot_fulfil_are_refused(tmp_path: Path) -> None:
    async with reviewing(tmp_path, FakeAdapter(ManualClock(NOW_MS))) as rig:
        with pytest.raises(ChangeRefused, match="Bybit does not list NOSUCHUSDT"):
            rig.engine.take_settings(wishes(rig, include_symbols=("BTCUSDT", "NOSUCHUSDT")))
        with pytest.raises(ChangeRefused, match="binance is not connected"):
            rig.engine.take_settings(wishes(rig, venues=(Venue.BYBIT, Venue.BINANCE)))
        assert len(rig.engine.watched()) == 2
