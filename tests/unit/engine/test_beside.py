"""Series beside the candles: from the store's own state, with what was heard and what was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from tests.fake_adapter import FakeAdapter
from virtuoso_desktop.analysis.book_measures import Band, BookMeasures, ImbalanceHistory
from virtuoso_desktop.engine.beside import Beside, BookReads
from virtuoso_desktop.engine.beside_views import Fold
from virtuoso_desktop.engine.minute_flow import KEPT_MINUTES, MinuteFlows
from virtuoso_desktop.exchanges.base import TopicKind
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import (
    Aggressor,
    BookDelta,
    BookSnapshot,
    FundingRate,
    Liquidation,
    LongShortRatio,
    OpenInterest,
    PositionSide,
    Ticker,
    Trade,
)
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.study import StudyKind, study_of

if TYPE_CHECKING:
    from virtuoso_desktop.engine.beside_views import BesideSeries
    from virtuoso_desktop.market.store import InstrumentState

T0 = 1_700_006_400_000 // 86_400_000 * 86_400_000  # midnight UTC
MINUTE = 60_000
HOUR = 60 * MINUTE


class Desk:
    """One instrument, what was heard of it, and a chart that asks for everything."""

    def __init__(self, instrument: Instrument | None = None) -> None:
        self.clock = ManualClock(T0)
        self.instrument = instrument or FakeAdapter(self.clock, ["BTCUSDT"]).listed[0]
        self.store = MarketStore()
        self.state: InstrumentState = self.store.add(self.instrument)
        self.minutes = MinuteFlows(self.store, self.clock.now_ms)
        self.heard: dict[TopicKind, tuple[tuple[int, int], ...]] = {}
        self.book: BookByHand | None = None
        reads = BookReads(
            lambda _: None if self.book is None else self.book.measures(),
            lambda _: None if self.book is None else self.book.history,
        )
        self.beside = Beside(lambda _, topic: self.heard.get(topic, ()), self.minutes.of, reads)

    def series(self, kind: StudyKind) -> BesideSeries:
        self.beside.choose((study_of(kind),))
        return self.beside.view(self.state, self.clock.now_ms()).series[kind]

    def trade(self, time_ms: int, size: float, side: Aggressor = Aggressor.BUY) -> None:
        identity = self.instrument.id
        self.store.apply(Trade(identity, f"t{time_ms}{size}", 100.0, size, side, time_ms, None, False, time_ms, 0))

    def liquidation(self, time_ms: int, size: float, side: PositionSide, price: float = 100.0) -> None:
        self.store.apply(Liquidation(self.instrument.id, side, price, size, time_ms, time_ms, 0))


def of_kind(kind: MarketKind) -> Instrument:
    (linear,) = FakeAdapter(ManualClock(), ["BTCUSDT"]).listed
    return msgspec.structs.replace(linear, id=InstrumentId(Venue.BYBIT, kind, linear.symbol))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_open_interest_is_by_the_hour_and_runs_with_the_ticker(desk: Desk) -> None:
    identity = desk.instrument.id
    desk.state.derivatives.open_interest.merge(
        [OpenInterest(identity, 10.0 + hour, T0 + hour * HOUR) for hour in range(3)]
    )
    desk.store.apply(Ticker(identity, True, {"open_interest": 14.5}, T0 + 3 * HOUR, 0))
    found = desk.series(StudyKind.OPEN_INTEREST)
    assert found.fold is Fold.LAST
    assert found.time_ms.tolist() == [T0, T0 + HOUR, T0 + 2 * HOUR]
    assert found.values["open_interest"].tolist() == [10.0, 11.0, 12.0]
    assert found.running == {"open_interest": 14.5}


def test_funding_is_in_per_cent_and_a_missing_running_rate_is_none(desk: Desk) -> None:
    desk.state.derivatives.funding.merge([FundingRate(desk.instrument.id, 0.0001, T0)])
    desk.store.apply(Ticker(desk.instrument.id, True, {"funding_rate": None}, T0, 0))
    found = desk.series(StudyKind.FUNDING)
    assert found.values["funding"].tolist() == [0.01]
    assert found.running == {}


def test_a_ratio_without_shorts_is_no_value(desk: Desk) -> None:
    ratios = [LongShortRatio(desk.instrument.id, 0.6, 0.4, T0), LongShortRatio(desk.instrument.id, 1.0, 0.0, T0 + HOUR)]
    desk.state.derivatives.long_short.merge(ratios)
    assert np.allclose(desk.series(StudyKind.LONG_SHORT).values["long_short"], [1.5])


def test_every_chart_has_its_own_studies_and_none_unmakes_anothers(desk: Desk) -> None:
    other = desk.store.add(
        msgspec.structs.replace(desk.instrument, id=InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "B"))
    )
    for state, first in ((desk.state, 1.0), (other, 5.0)):
        points = [OpenInterest(state.instrument.id, first + hour, T0 + hour * HOUR) for hour in range(3)]
        state.derivatives.open_interest.merge(points)
    desk.beside.choose((study_of(StudyKind.OPEN_INTEREST),), 0)
    desk.beside.choose((study_of(StudyKind.OPEN_INTEREST), study_of(StudyKind.FUNDING)), 3)
    now_ms = desk.clock.now_ms()
    first = desk.beside.view(desk.state, now_ms, 0)
    third = desk.beside.view(other, now_ms, 3)
    assert set(first.series) == {StudyKind.OPEN_INTEREST}
    assert set(third.series) == {StudyKind.OPEN_INTEREST, StudyKind.FUNDING}
    assert third.series[StudyKind.OPEN_INTEREST].values["open_interest"].tolist() == [5.0, 6.0, 7.0]
    again = desk.beside.view(desk.state, now_ms, 0)
    assert again.series[StudyKind.OPEN_INTEREST] is first.series[StudyKind.OPEN_INTEREST], "nothing was made anew"
    assert again.version == desk.beside.view(other, now_ms, 3).version
    desk.beside.choose((), 3)
    assert desk.beside.view(other, now_ms, 3).series == {}
    assert desk.beside.view(desk.state, now_ms, 0).series


OF_CONTRACTS = (StudyKind.OPEN_INTEREST, StudyKind.FUNDING, StudyKind.LONG_SHORT)


@pytest.mark.parametrize("kind", [*OF_CONTRACTS, StudyKind.LIQUIDATIONS])
def test_spot_says_that_it_has_none(kind: StudyKind) -> None:
    desk = Desk(of_kind(MarketKind.SPOT))
    desk.heard[TopicKind.LIQUIDATIONS] = ((T0, 1 << 62),)
    assert "Spot" in (desk.series(kind).reason or "")


@pytest.mark.parametrize("kind", OF_CONTRACTS)
def test_before_anything_came_the_reason_is_another(desk: Desk, kind: StudyKind) -> None:
    assert "yet" in (desk.series(kind).reason or "")


def test_liquidations_are_dollars_with_longs_below(desk: Desk) -> None:
    desk.heard[TopicKind.LIQUIDATIONS] = ((T0 - HOUR, 1 << 62),)
    desk.liquidation(T0, 2.0, PositionSide.LONG)
    desk.liquidation(T0 + 1, 3.0, PositionSide.SHORT)
    found = desk.series(StudyKind.LIQUIDATIONS)
    assert found.values["liquidations.longs"].tolist() == [-200.0, 0.0]
    assert found.values["liquidations.shorts"].tolist() == [0.0, 300.0]
    assert found.since_ms == T0 - HOUR
    inverse = Desk(of_kind(MarketKind.INVERSE))
    inverse.heard[TopicKind.LIQUIDATIONS] = ((T0, 1 << 62),)
    inverse.liquidation(T0, 5_000.0, PositionSide.SHORT)
    assert inverse.series(StudyKind.LIQUIDATIONS).values["liquidations.shorts"].tolist() == [5_000.0]


def test_liquidations_that_were_never_heard_say_so(desk: Desk) -> None:
    desk.liquidation(T0, 2.0, PositionSide.LONG)
    assert "not been heard" in (desk.series(StudyKind.LIQUIDATIONS).reason or "")


def test_the_version_grows_with_what_changed_and_only_then(desk: Desk) -> None:
    desk.heard[TopicKind.LIQUIDATIONS] = ((T0, 1 << 62),)
    desk.beside.choose((study_of(StudyKind.LIQUIDATIONS),))
    first = desk.beside.view(desk.state, T0).version
    assert desk.beside.view(desk.state, T0 + 5).version == first
    desk.liquidation(T0 + 10, 1.0, PositionSide.LONG)
    assert desk.beside.view(desk.state, T0 + 20).version > first


def test_what_is_not_chosen_is_not_made(desk: Desk) -> None:
    desk.beside.choose((study_of(StudyKind.RSI),))
    assert desk.beside.view(desk.state, T0).series == {}


# --- by trade and by quote -----------------------------------------------------------------------------------------


def test_cvd_begins_at_midnight_and_where_trades_were_first_heard(desk: Desk) -> None:
    desk.heard[TopicKind.TRADES] = ((T0 - 2 * MINUTE, 1 << 62),)
    for time_ms, size, side in (
        (T0 - 10 * MINUTE, 50.0, Aggressor.BUY),  # known from a request, before the stream
        (T0 - 2 * MINUTE, 4.0, Aggressor.BUY),
        (T0 - MINUTE, 1.0, Aggressor.SELL),
        (T0, 2.0, Aggressor.BUY),
        (T0 + MINUTE, 3.0, Aggressor.SELL),
        (T0 + 2 * MINUTE, 7.0, Aggressor.BUY),
    ):
        desk.trade(time_ms, size, side)
    desk.clock.set_ms(T0 + 2 * MINUTE + 5)
    found = desk.series(StudyKind.TRADE_CVD)
    assert found.time_ms.tolist() == [T0 - 2 * MINUTE, T0 - MINUTE, T0, T0 + MINUTE]
    assert found.values["trade_cvd"].tolist() == [4.0, 3.0, 2.0, -1.0]
    assert found.running == {"trade_cvd": 6.0}


def test_a_late_trade_counts_in_its_own_minute(desk: Desk) -> None:
    desk.heard[TopicKind.TRADES] = ((T0, 1 << 62),)
    desk.trade(T0, 1.0)
    desk.trade(T0 + MINUTE, 1.0)
    before = desk.series(StudyKind.TRADE_CVD)
    desk.trade(T0 + 30_000, 5.0)
    after = desk.beside.view(desk.state, desk.clock.now_ms()).series[StudyKind.TRADE_CVD]
    assert before.values["trade_cvd"].tolist() == [1.0]
    assert after.values["trade_cvd"].tolist() == [6.0]


def test_the_new_day_has_no_cvd_before_its_first_trade(desk: Desk) -> None:
    desk.heard[TopicKind.TRADES] = ((T0 - HOUR, 1 << 62),)
    desk.trade(T0 - MINUTE, 1.0)
    desk.clock.set_ms(T0 + 10)
    assert desk.series(StudyKind.TRADE_CVD).running == {}


def book(desk: Desk, time_ms: int, bid: float, update: int) -> None:
    identity = desk.instrument.id
    if update == 1:
        desk.store.apply(BookSnapshot(identity, 1_000, [(99.0, bid)], [(101.0, 5.0)], 1, 1, time_ms, time_ms, 0))
    else:
        desk.store.apply(BookDelta(identity, 1_000, [(99.0, bid)], [], update - 1, update, update, time_ms, time_ms, 0))


def test_flow_by_the_minute_is_what_came_and_left_at_the_best_prices(desk: Desk) -> None:
    desk.heard[TopicKind.ORDER_BOOK] = ((T0, 1 << 62),)
    book(desk, T0 + 1_000, 5.0, 1)
    book(desk, T0 + 2_000, 8.0, 2)
    book(desk, T0 + MINUTE, 6.0, 3)
    book(desk, T0 + 2 * MINUTE, 7.5, 4)
    desk.clock.set_ms(T0 + 2 * MINUTE + 4_000)
    desk.minutes.step()
    found = desk.series(StudyKind.FLOW)
    assert found.time_ms.tolist() == [T0, T0 + MINUTE]
    assert np.allclose(found.values["flow"], [3.0, -2.0])
    assert np.isclose(found.running["flow"], 1.5)


def test_minutes_outlast_the_hour_of_seconds(desk: Desk) -> None:
    desk.heard[TopicKind.ORDER_BOOK] = ((T0, 1 << 62),)
    book(desk, T0, 1.0, 1)
    for minute in range(1, 150):
        book(desk, T0 + minute * MINUTE, float(minute + 1), minute + 1)
        desk.clock.set_ms(T0 + minute * MINUTE + 5_000)
        desk.minutes.step()
        desk.minutes.step()
    found = desk.series(StudyKind.FLOW)
    assert len(found.time_ms) == 149
    assert (np.diff(found.time_ms) == MINUTE).all()
    assert np.allclose(found.values["flow"][1:], 1.0)
    assert KEPT_MINUTES > 149


def test_minutes_of_an_instrument_that_began_anew_begin_anew(desk: Desk) -> None:
    book(desk, T0, 1.0, 1)
    desk.clock.set_ms(T0 + 2 * MINUTE)
    desk.minutes.step()
    assert desk.minutes.of(desk.state) is not None
    desk.store.remove(desk.instrument.id)
    desk.minutes.step()
    again = desk.store.add(desk.instrument)
    assert desk.minutes.of(again) is None


# --- the order book ------------------------------------------------------------------------------------------------


class BookByHand:
    """An order book that was measured elsewhere."""

    def __init__(self, measures: BookMeasures) -> None:
        self.history = ImbalanceHistory()
        self.now = measures
        self.asked = 0

    def measures(self) -> BookMeasures:
        self.asked += 1
        return self.now


def measures(**more: Any) -> BookMeasures:
    bands = tuple(Band(width, value) for width, value in ((5.0, 0.5), (12.5, 0.4), (25.0, -0.3), (50.0, None)))
    known = {
        "best_bid": 99.0,
        "best_ask": 101.0,
        "microprice": 100.5,
        "bands": bands,
        "level_imbalances": (0.25, 0.1, None),
    }
    return BookMeasures(T0 + 5_000, T0 + 4_900, **({"reason": None, "walls_reason": None} | known | more))


def test_book_imbalance_is_the_mean_of_ended_minutes_and_now(desk: Desk) -> None:
    desk.heard[TopicKind.ORDER_BOOK] = ((T0, 1 << 62),)
    desk.book = source = BookByHand(measures())
    for second in range(0, 121, 30):
        source.history.add(T0 + second * 1_000, second / 1_000, -second / 1_000)
    desk.clock.set_ms(T0 + 2 * MINUTE + 5_000)
    found = desk.series(StudyKind.BOOK)
    assert found.fold is Fold.MEAN
    assert found.time_ms.tolist() == [T0, T0 + MINUTE]
    assert np.allclose(found.values["book.depth"], [0.015, 0.075])
    assert np.allclose(found.values["book.top"], [-0.015, -0.075])
    assert found.running == {"book.depth": -0.3, "book.top": 0.25}


def test_the_book_is_looked_at_once_a_second(desk: Desk) -> None:
    desk.heard[TopicKind.ORDER_BOOK] = ((T0, 1 << 62),)
    desk.book = source = BookByHand(measures())
    desk.beside.choose((study_of(StudyKind.BOOK),))
    for now_ms in (T0, T0 + 30, T0 + 999, T0 + 1_000):
        desk.beside.view(desk.state, now_ms)
    assert source.asked == 2


def test_a_book_that_nobody_measures_says_so(desk: Desk) -> None:
    desk.heard[TopicKind.ORDER_BOOK] = ((T0, 1 << 62),)
    assert "not measured" in (desk.series(StudyKind.BOOK).reason or "")
    desk.book = BookByHand(measures(reason=Reason.STALE, bands=(), level_imbalances=()))
    desk.clock.set_ms(T0 + MINUTE)
    assert desk.series(StudyKind.BOOK).running == {}
