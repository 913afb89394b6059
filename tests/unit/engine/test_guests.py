"""What is looked at without being watched is watched while it is shown; and single instruments come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_adapter import FakeAdapter, instrument
from tests.unit.engine.test_engine import BTC, ETH, NOW_MS, Rig, loaded, running, until
from tests.unit.engine.test_listing import wishes
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.listing import ListingTimes
from virtuoso_desktop.engine.live_settings import SettingsChange
from virtuoso_desktop.engine.universe import RememberedUniverse
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from pathlib import Path

SOL = InstrumentId.parse("bybit:linear:SOLUSDT")
XRP = InstrumentId.parse("bybit:linear:XRPUSDT")
TWO = ["universe.size=2"]


def market() -> FakeAdapter:
    return FakeAdapter(ManualClock(NOW_MS), ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"))


def watched(engine: Engine) -> set[InstrumentId]:
    return {each.id for each in engine.watched()}


async def test_a_guest_is_watched_while_it_is_shown(tmp_path: Path) -> None:
    async with running(tmp_path, market(), overrides=TWO) as rig:
        await loaded(rig)
        engine = rig.engine
        engine.show(SOL, Timeframe.M5)
        assert (watched(engine), engine.guest) == ({BTC, ETH, SOL}, SOL)
        assert {each.depth for each in rig.adapter.topics if each.instrument_id == SOL} >= {50, 1000}
        await loaded(rig)
        assert engine.chart(SOL, Timeframe.M5) is not None
        engine.show(XRP, Timeframe.M5)
        assert (watched(engine), engine.guest) == ({BTC, ETH, XRP}, XRP)
        engine.show(XRP, Timeframe.H1)
        assert engine.guest == XRP
        engine.show(BTC, Timeframe.M5)
        assert (watched(engine), engine.guest) == ({BTC, ETH}, None)
        assert {each.instrument_id for each in rig.adapter.topics} == {BTC, ETH}
        engine.show(ETH, Timeframe.M5)
        assert watched(engine) == {BTC, ETH}, "what is chosen stays"


async def test_reviews_neither_drop_a_guest_nor_make_it_a_part_of_the_universe(tmp_path: Path) -> None:
    async with running(tmp_path, market(), overrides=TWO, times=ListingTimes(0.1, 0.05)) as rig:
        await loaded(rig)
        rig.engine.show(SOL, Timeframe.M5)
        reviews = rig.engine.listing.reviews
        await until(lambda: rig.engine.listing.reviews > reviews + 2, "reviews")
        assert watched(rig.engine) == {BTC, ETH, SOL}
        universe = rig.engine.universe
        assert universe is not None
        assert [each.id for each in universe.instruments] == [BTC, ETH]
        rig.adapter.listed = [each for each in rig.adapter.listed if each.id != SOL]
        await until(lambda: watched(rig.engine) == {BTC, ETH}, "a guest that left trade to leave")
        assert rig.engine.guest is None


async def test_a_guest_of_the_last_run_comes_back_with_the_list(tmp_path: Path) -> None:
    remembered = RememberedUniverse(NOW_MS, (instrument("BTCUSDT"), instrument("ETHUSDT")))
    async with running(tmp_path, market(), remembered, overrides=TWO) as rig:
        rig.engine.show(SOL, Timeframe.M5)
        assert (rig.engine.guest, watched(rig.engine)) == (SOL, {BTC, ETH})
        await until(lambda: SOL in watched(rig.engine), "the guest")
        assert rig.engine.guest == SOL


async def test_a_guest_that_the_exchange_does_not_list_is_given_up_aloud(tmp_path: Path) -> None:
    remembered = RememberedUniverse(NOW_MS, (instrument("BTCUSDT"), instrument("ETHUSDT")))
    async with running(tmp_path, market(), remembered, overrides=TWO) as rig:
        told: list[tuple[InstrumentId, ...]] = []
        rig.engine.watched_changed.connect(told.append)
        rig.engine.show(InstrumentId.parse("bybit:linear:GONEUSDT"), Timeframe.M5)
        await until(lambda: rig.engine.guest is None, "the list")
        assert told == [(BTC, ETH)]


def named(rig: Rig, before: SettingsChange | None = None, **fields: object) -> SettingsChange:
    change = wishes(rig, **fields)
    return change if before is None else SettingsChange(before.after, change.after, change.names)


async def test_a_named_instrument_comes_and_goes_without_a_request_and_alone(tmp_path: Path) -> None:
    async with running(tmp_path, market(), overrides=TWO) as rig:
        await loaded(rig)
        engine = rig.engine
        asked = len(rig.adapter.tickers_asked)
        engine.show(XRP, Timeframe.M5)
        change = named(rig, include_symbols=(str(XRP),))
        engine.take_settings(change)
        assert (watched(engine), engine.guest) == ({BTC, ETH, XRP}, None), "no guest any more, and the others stay"
        engine.show(BTC, Timeframe.M5)
        assert XRP in watched(engine)
        engine.take_settings(change.reverse)
        assert watched(engine) == {BTC, ETH}
        change = named(rig, exclude_symbols=("ETHUSDT",))
        engine.take_settings(change)
        assert watched(engine) == {BTC}, "nothing takes its place"
        engine.take_settings(change.reverse)
        assert watched(engine) == {BTC, ETH}, "taken back"
        assert len(rig.adapter.tickers_asked) == asked
