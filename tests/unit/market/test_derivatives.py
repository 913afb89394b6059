"""What contracts have beside their market: bounded, ordered, without doubles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.market.derivatives import LiquidationTape, PointSeries, PriceSeries
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import FundingRate, Liquidation, PositionSide

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
T0 = 1_700_000_000_000


def liquidation(time_ms: int, *, size: float = 1.0, frame: int = 1) -> Liquidation:
    return Liquidation(BTC, PositionSide.LONG, 100.0, size, time_ms, T0 + frame, frame)


@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=10), max_size=6))
def test_points_are_the_newest_of_a_plain_dict(pages: list[list[tuple[int, int]]]) -> None:
    series: PointSeries[FundingRate] = PointSeries(8)
    model: dict[int, float] = {}
    for page in pages:
        before = dict(model)
        version = series.version
        changed = series.merge(FundingRate(BTC, float(rate), time_ms) for time_ms, rate in page)
        model |= {time_ms: float(rate) for time_ms, rate in page}
        model = dict(sorted(model.items())[-8:])
        assert {point.time_ms: point.rate for point in series.points} == model
        assert [point.time_ms for point in series.points] == sorted(model)
        assert series.newest_ms == max(model, default=None)
        assert (series.version != version) == (changed > 0)
        if model != before:
            assert changed > 0


def test_price_rows_are_replaced_by_time_and_bounded() -> None:
    series = PriceSeries(3)
    series.merge(np.array([[1.0, 2.0], [5, 5], [5, 5], [5, 5], [5, 5]]))
    series.merge(np.array([[2.0, 3.0, 4.0], [6, 6, 6], [6, 6, 6], [6, 6, 6], [6, 6, 6]]))
    assert series.columns[0].tolist() == [2.0, 3.0, 4.0]
    assert series.columns[4].tolist() == [6.0, 6.0, 6.0]
    assert len(series) == 3


def test_equal_liquidations_of_one_frame_are_two_and_a_frame_sent_again_is_none() -> None:
    tape = LiquidationTape()
    assert tape.apply(liquidation(T0))
    assert tape.apply(liquidation(T0))
    assert not tape.apply(liquidation(T0, frame=2))
    assert tape.apply(liquidation(T0, size=2.0, frame=2))
    assert (len(tape.events), tape.duplicates, tape.version) == (3, 1, 3)


def test_liquidations_lie_in_the_order_of_their_time_and_are_bounded() -> None:
    tape = LiquidationTape(kept=100)
    for number in range(1_000):
        tape.apply(liquidation(T0 + number * 10 - (number % 3) * 15, size=float(number), frame=number))
    times = [event.time_ms for event in tape.events]
    assert times == sorted(times)
    assert 100 <= len(times) <= 200
    assert tape.newest is not None
    assert tape.newest.time_ms == max(times)
