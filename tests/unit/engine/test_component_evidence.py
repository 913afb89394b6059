"""What a component compares, and the prints that speak for it."""

from __future__ import annotations

import pytest

from tests.unit.engine.test_beside import HOUR, MINUTE, T0, Desk
from virtuoso_desktop.analysis.streams import window_s
from virtuoso_desktop.engine.component_evidence import evidence_of, window_of
from virtuoso_desktop.engine.minute_flow import MinuteFlow
from virtuoso_desktop.model.market import FundingRate, PositionSide
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
