"""Which inputs an instrument has: from an empty store to a full one, and what is wrong with each."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.test_beside import HOUR, MINUTE, T0, Desk, book, of_kind
from virtuoso_desktop.engine.coverage import FOR_NOW, Span
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputView
from virtuoso_desktop.engine.inputs import READERS, inputs_of
from virtuoso_desktop.exchanges.base import TopicKind
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import Aggressor, FundingRate, OpenInterest, PositionSide
from virtuoso_desktop.model.result import COMPONENTS
from virtuoso_desktop.model.timeframe import Timeframe


class Heard:
    """Topics that were heard for an hour."""

    def __init__(self, **spans: tuple[Span, ...]) -> None:
        usual = (Span(T0 - HOUR, FOR_NOW),)
        self.spans = dict.fromkeys((kind.value for kind in TopicKind), usual) | spans

    def __call__(self, _: object, topic: TopicKind) -> tuple[Span, ...]:
        return self.spans[topic.value]


def found(desk: Desk, heard: Heard | None = None, now_ms: int = T0) -> dict[str, InputView]:
    view = inputs_of(desk.state, heard or Heard(), now_ms)
    assert (view.instrument_id, view.at_ms) == (desk.instrument.id, now_ms)
    return {each.kind.value + (f" {each.timeframe.value}" if each.timeframe else ""): each for each in view.inputs}


def candles(desk: Desk, timeframe: Timeframe, count: int, until_ms: int, *, without: slice = slice(0)) -> None:
    """Closed candles that end at ``until_ms``, some of them left out."""
    opens = until_ms - np.arange(count, 0, -1) * float(timeframe.duration_ms)
    columns = np.vstack((opens, *(np.full(count, 100.0) for _ in range(4)), np.full(count, 5.0), np.full(count, 500.0)))
    columns = np.delete(columns, without, axis=1)
    series = desk.state.candles[timeframe]
    series.merge(columns, until_ms)
    series.is_joined = True


def test_an_instrument_that_was_just_added_waits_for_everything() -> None:
    desk = Desk()
    inputs = found(desk, Heard())
    assert {each.state for name, each in inputs.items() if name.startswith("candles")} == {InputState.LOADING}
    assert inputs["ticker"].state is InputState.MISSING
    assert inputs["trades"].state is InputState.QUIET
    assert inputs["order_book"].state is InputState.LOADING
    assert inputs["order_book"].words == "Waiting for the first snapshot."
    assert inputs["liquidations"].state is InputState.QUIET
    assert {inputs[name].state for name in ("funding", "open_interest", "long_short")} == {InputState.LOADING}
    assert len(inputs) == len(desk.state.candles) + 7


def test_every_input_names_the_dimensions_that_read_it() -> None:
    assert set(READERS) == set(InputKind)
    assert {name for names in READERS.values() for name in names} == set(COMPONENTS)


def test_candles_tell_how_many_are_there_and_how_many_are_missing_between() -> None:
    desk = Desk()
    candles(desk, Timeframe.M5, 1_200, T0, without=slice(900, 910))
    each = found(desk)["candles 5m"]
    assert each.state is InputState.LIVE
    assert each.since_ms == T0 - 1_200 * 300_000
    assert each.newest_ms == T0
    assert each.count == 1_190
    assert each.complete_ratio == pytest.approx(1_000 / 1_010)
    assert each.words == "10 candles are missing between the first and the last."


def test_few_candles_are_a_part_of_what_is_wanted() -> None:
    desk = Desk()
    candles(desk, Timeframe.H1, 250, T0)
    assert found(desk)["candles 1h"].complete_ratio == 0.25


def test_a_candle_that_does_not_come_makes_the_series_old() -> None:
    desk = Desk()
    candles(desk, Timeframe.M5, 10, T0)
    assert found(desk, now_ms=T0 + 29_000)["candles 5m"].state is InputState.LIVE
    late = found(desk, now_ms=T0 + 31_000)["candles 5m"]
    assert (late.state, late.words) == (InputState.STALE, "The newest candle is late.")


def test_trades_are_held_against_the_volume_of_closed_minutes() -> None:
    desk = Desk()
    candles(desk, Timeframe.M1, 4, T0)
    for minute, size in ((-4, 5.0), (-3, 5.0), (-2, 4.0), (-1, 5.0)):
        desk.trade(T0 + minute * MINUTE, size)
    each = found(desk, now_ms=T0 + 6_000)["trades"]
    assert each.complete_ratio == 0.75
    assert each.state is InputState.QUIET or each.newest_ms == T0 - MINUTE
    assert each.since_ms == T0 - HOUR


def test_a_market_in_which_nobody_trades_is_quiet_and_not_dead() -> None:
    desk = Desk()
    desk.trade(T0 - HOUR, 1.0, Aggressor.SELL)
    each = found(desk)["trades"]
    assert (each.state, each.words) == (InputState.QUIET, "The stream lives, and nobody trades.")


def test_a_lost_connection_is_told_of_each_of_its_topics() -> None:
    desk = Desk()
    lost = (Span(T0 - HOUR, T0 - MINUTE),)
    inputs = found(desk, Heard(trades=lost, order_book=lost, liquidations=lost))
    for name in ("trades", "order_book", "liquidations"):
        assert inputs[name].state is InputState.STALE
        assert "connection is lost" in (inputs[name].words or "")


def test_a_topic_that_is_not_asked_for_is_missing() -> None:
    inputs = found(Desk(), Heard(liquidations=(), order_book=()))
    for name in ("order_book", "liquidations"):
        assert inputs[name].state is InputState.MISSING
        assert "Switched off" in (inputs[name].words or "")


def test_the_book_tells_what_part_of_the_hour_was_heard() -> None:
    desk = Desk()
    book(desk, T0 - 100, 5.0, 1)
    spans = (Span(T0 - HOUR, T0 - HOUR // 2), Span(T0 - HOUR // 4, FOR_NOW))
    each = found(desk, Heard(order_book=spans))["order_book"]
    assert each.state is InputState.LIVE
    assert each.complete_ratio == pytest.approx(0.75)
    assert (each.since_ms, each.newest_ms) == (T0 - HOUR // 4, T0 - 100)


def test_a_book_that_waits_for_a_snapshot_again_is_old() -> None:
    desk = Desk()
    book(desk, T0 - 100, 5.0, 1)
    desk.state.books[1_000].invalidate("sequence gap")
    each = found(desk)["order_book"]
    assert (each.state, each.words) == (InputState.STALE, "Sequence gap.")


def test_liquidations_count_their_own_week() -> None:
    desk = Desk()
    desk.liquidation(T0 - 1_000, 1.0, PositionSide.LONG)
    each = found(desk)["liquidations"]
    assert each.state is InputState.LIVE
    assert each.complete_ratio == pytest.approx(1 / 168)


def test_points_are_old_when_the_venue_publishes_nothing_newer() -> None:
    desk = Desk()
    rates = [FundingRate(desk.instrument.id, 0.0001, T0 - 8 * HOUR * number) for number in range(45)]
    desk.state.derivatives.funding.merge(rates)
    desk.state.derivatives.open_interest.merge([OpenInterest(desk.instrument.id, 1.0, T0 - 3 * HOUR)])
    inputs = found(desk)
    assert (inputs["funding"].state, inputs["funding"].complete_ratio) == (InputState.LIVE, 0.5)
    assert inputs["open_interest"].state is InputState.STALE


def test_spot_has_no_contracts_data() -> None:
    inputs = found(Desk(of_kind(MarketKind.SPOT)))
    for name in ("liquidations", "funding", "open_interest", "long_short"):
        assert (inputs[name].state, inputs[name].words) == (InputState.NOT_APPLICABLE, "Spot has none.")
