"""What a component compares, and the prints that speak for it."""

from __future__ import annotations

import pytest

from tests.unit.engine.test_beside import HOUR, MINUTE, T0, Desk, measures
from virtuoso_desktop.analysis.book_measures import BookWall
from virtuoso_desktop.analysis.streams import window_s
from virtuoso_desktop.engine.component_evidence import book_evidence, evidence_of, window_of
from virtuoso_desktop.engine.minute_flow import MinuteFlow
from virtuoso_desktop.model.market import FundingRate, PositionSide
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe


@pytest.mark.parametrize("timeframe", list(Timeframe)[:7])
def test_flow_compares_its_window_before_the_close(timeframe: Timeframe) -> None:
    state = Desk().state
    for component in ("buy_sell_pressure", "order_imbalance", "large_trades", "liquidations"):
        window, words = window_of(state, timeframe, component, T0)
        assert window == (T0 - 1_000 * window_s(timeframe), T0)
        assert words.startswith(f"{window_s(timeframe)} s")


def test_open_interest_compares_an_hour_at_least() -> None:
    state = Desk().state
    assert window_of(state, Timeframe.M5, "open_interest_change", T0)[0] == (T0 - HOUR, T0)
    assert window_of(state, Timeframe.H4, "open_interest_change", T0)[0] == (T0 - 4 * HOUR, T0)


def test_ratio_and_skew_compare_a_month_and_a_day() -> None:
    state = Desk().state
    assert window_of(state, Timeframe.M5, "long_short_ratio", T0)[0] == (T0 - 30 * DAY_MS, T0)
    assert window_of(state, Timeframe.M5, "liquidation_skew", T0)[0] == (T0 - DAY_MS, T0)


def test_funding_compares_the_newest_ninety_settlements() -> None:
    desk = Desk()
    assert window_of(desk.state, Timeframe.M5, "funding_rate", T0) == (None, "")
    rates = [FundingRate(desk.instrument.id, 0.0001, T0 - 8 * HOUR * number) for number in range(-1, 120)]
    desk.state.derivatives.funding.merge(rates)
    window, words = window_of(desk.state, Timeframe.M5, "funding_rate", T0)
    assert window == (T0 - 8 * HOUR * 89, T0)
    assert words == "compared with 90 settlements"


def test_liquidations_are_shown_where_they_happened() -> None:
    desk = Desk()
    desk.liquidation(T0, 2.0, PositionSide.LONG, 101.0)
    desk.liquidation(T0 + 1, 3.0, PositionSide.SHORT, 99.0)
    prints = evidence_of(desk.state, Timeframe.M5, "liquidations", T0, None).prints
    tick = float(desk.instrument.tick_size)
    assert [(each.price, each.usd, each.is_buy) for each in prints] == [
        (101.0 / tick, 202.0, False), (99.0 / tick, 297.0, True),
    ]  # fmt: skip


def test_large_trades_are_the_net_of_their_minutes() -> None:
    desk = Desk()
    minutes = MinuteFlow()
    lot = float(desk.instrument.lot_step)
    for number, (lots, price) in enumerate(((400.0, 100.0), (0.0, 100.0), (-50.0, 102.0), (9.0, float("nan")))):
        minutes.append(T0 + number * MINUTE, 0.0, lots, price)
    prints = evidence_of(desk.state, Timeframe.M5, "large_trades", T0, minutes).prints
    assert [(each.time_ms, each.is_buy) for each in prints] == [(T0, True), (T0 + 2 * MINUTE, False)]
    assert [each.usd for each in prints] == pytest.approx([400 * lot * 100, 50 * lot * 102])


def test_depth_is_shown_as_bands_about_the_middle() -> None:
    desk = Desk()
    tick = float(desk.instrument.tick_size)
    bands = book_evidence(desk.state, "bid_ask_depth", measures()).bands
    assert [(band.distance_bps, band.imbalance) for band in bands] == [(5.0, 0.5), (12.5, 0.4), (25.0, -0.3)]
    assert bands[2].low == pytest.approx(99.75 / tick)
    assert bands[2].high == pytest.approx(100.25 / tick)


def test_walls_are_shown_with_size_and_what_is_known_of_them() -> None:
    desk = Desk()
    tick = float(desk.instrument.tick_size)
    wall = BookWall(True, 98.0, 97.9, 98.1, 50.0, 20.0, T0, True, True, (0.9, 0.8))
    found = book_evidence(desk.state, "liquidity_zones", measures(walls=(wall,)))
    (shown,) = found.walls
    assert (shown.low, shown.high) == pytest.approx((97.9 / tick, 98.1 / tick))
    assert (shown.size, shown.usd, shown.is_confirmed, shown.is_suspected, shown.since_ms) == (
        50.0, 4_900.0, True, True, T0,
    )  # fmt: skip
    assert found.at_ms == T0 + 4_900


def test_the_best_prices_are_shown_with_the_microprice() -> None:
    desk = Desk()
    tick = float(desk.instrument.tick_size)
    top = book_evidence(desk.state, "microprice", measures()).top
    assert top is not None
    assert (top.bid, top.microprice, top.ask) == pytest.approx((99 / tick, 100.5 / tick, 101 / tick))


@pytest.mark.parametrize("reason", [Reason.MISSING, Reason.STALE, Reason.DEGENERATE])
def test_a_book_without_a_word_says_why(reason: Reason) -> None:
    desk = Desk()
    none = measures(reason=reason, walls_reason=reason, bands=(), best_bid=None)
    for component in ("bid_ask_depth", "liquidity_zones", "microprice"):
        assert book_evidence(desk.state, component, none).reason
    assert book_evidence(desk.state, "microprice", None).reason == "There is no order book yet."


def test_walls_may_be_unknown_where_the_rest_is_known() -> None:
    desk = Desk()
    short = measures(walls_reason=Reason.REACH)
    assert "5 bps" in (book_evidence(desk.state, "liquidity_zones", short).reason or "")
    assert book_evidence(desk.state, "bid_ask_depth", short).reason is None
