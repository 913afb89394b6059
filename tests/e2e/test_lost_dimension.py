"""A topic of the venue falls silent: its dimension leaves the score, the screen's views say so, and it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.whole_path import BTC, engine_on, is_live, synthetic
from tests.running import until
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputView
from virtuoso_desktop.kernel.clock import LiveClock, ScaledClock
from virtuoso_desktop.model.result import Confluence, DimensionName, Reason, SignalKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.server import SimulatedExchange

SPEED = 15.0
GONE = DimensionName.ORDERBOOK


def newest(engine: Engine) -> Confluence | None:
    view = engine.analysis(BTC, Timeframe.M1)
    return None if view is None else view.result


def has_book(engine: Engine) -> bool:
    result = newest(engine)
    return result is not None and result.dimensions[GONE].score is not None


def is_without(engine: Engine) -> bool:
    result = newest(engine)
    return result is not None and result.dimensions[GONE].score is None


def book_input(engine: Engine) -> InputView:
    view = engine.inputs(BTC)
    assert view is not None
    return next(each for each in view.inputs if each.kind is InputKind.ORDER_BOOK)


@pytest.mark.deadline_s(240)
@pytest.mark.logs("signals of the last run are not known: The journal is not open")
async def test_a_silent_book_takes_its_dimension_away_and_brings_it_back(tmp_path: Path) -> None:
    clock = ScaledClock(LiveClock().now_ms(), SPEED)
    async with (
        SimulatedExchange(synthetic(clock), clock) as venue,
        engine_on(venue.http_url, venue.ws_url, tmp_path, clock=clock, symbols=("BTCUSDT",)) as engine,
    ):
        await until(lambda: is_live(engine), "everything is live", 40.0)
        await engine.begin_analysis()
        await until(lambda: has_book(engine), "a candle closes with a book", 40.0)
        before = newest(engine)
        assert before is not None
        assert book_input(engine).state is InputState.LIVE
        venue.inject(Fault(0.0, FaultKind.SILENT, "orderbook.1000", for_s=25.0, symbol="BTCUSDT"))
        await until(lambda: is_without(engine), "a candle closes without a book", 40.0)
        result, view = newest(engine), engine.analysis(BTC, Timeframe.M1)
        assert result is not None
        assert view is not None
        lost = result.dimensions[GONE]
        assert (lost.weight, lost.weighted_score, lost.status) == (0.0, 0.0, Reason.STALE.value)
        rest = [each for each in result.dimensions.values() if each.score is not None]
        mean = sum(each.nominal_weight * (each.score or 0.0) for each in rest) / sum(
            each.nominal_weight for each in rest
        )
        assert result.confluence_score == pytest.approx(mean, abs=1e-9)
        assert before.signal is result.signal or result.signal is SignalKind.NEUTRAL, "no signal comes of the loss"
        since_ms = view.missing_since_ms[GONE]
        assert before.metadata.last_candle_ms < since_ms <= result.metadata.last_candle_ms
        told = book_input(engine)
        assert told.state is InputState.STALE
        assert told.words
        venue.heal()
        await until(lambda: has_book(engine), "the book is scored again", 60.0)
        again = engine.analysis(BTC, Timeframe.M1)
        assert again is not None
        assert GONE not in again.missing_since_ms
