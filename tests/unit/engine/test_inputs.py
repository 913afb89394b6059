"""What the page of an instrument's data says: which inputs, since when, how old, how complete."""

from __future__ import annotations

import msgspec
import pytest

from tests.flow_market import BEGIN_MS, instrument
from tests.scored_series import default_analysis
from tests.whole_market import HISTORY, Run, whole_market, without
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.engine.inputs import inputs_of
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Source
from virtuoso_desktop.model.market import MarketEvent
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe

SUBJECT = msgspec.structs.replace(instrument(lot="0.001"), contract_type="LinearPerpetual")
MINUTES = 4
END_MS = BEGIN_MS + MINUTES * MINUTE_MS + 500


class Life:
    """What the connections say, by feed; without a word everything lives since the begin."""

    def __init__(self, **dead: bool) -> None:
        self.dead = dead

    def trades_alive(self, now_ms: int) -> bool:
        return "trades" not in self.dead

    def book_alive(self, now_ms: int) -> bool:
        return "book" not in self.dead

    def liquidations_alive(self, now_ms: int) -> bool:
        return "liquidations" not in self.dead

    def trades_since_ms(self) -> int | None:
        return None if "trades" in self.dead else BEGIN_MS

    def book_since_ms(self) -> int | None:
        return None if "book" in self.dead else BEGIN_MS

    def liquidations_since_ms(self) -> int | None:
        return None if "liquidations" in self.dead else BEGIN_MS


@pytest.fixture(scope="module")
def events() -> list[MarketEvent]:
    return whole_market(SUBJECT, 3, MINUTES)


def shown(events: list[MarketEvent], life: Life, now_ms: int = END_MS) -> InputsView:
    run = Run(AnalysisCore(default_analysis(), Source.DEMO), [SUBJECT])
    run.take(events)
    state = run.store.get(SUBJECT.id)
    assert state is not None
    return inputs_of(state, life, run.streams.of(SUBJECT.id), now_ms)


def of(view: InputsView, kind: InputKind, timeframe: Timeframe | None = None) -> InputView:
    (found,) = [each for each in view.inputs if (each.kind, each.timeframe) == (kind, timeframe)]
    return found


def test_everything_is_there(events: list[MarketEvent]) -> None:
    view = shown(events, Life())
    candles = of(view, InputKind.CANDLES, Timeframe.M1)
    assert candles.state is InputState.LIVE
    assert candles.count == HISTORY + MINUTES
    assert candles.complete_ratio == pytest.approx((HISTORY + MINUTES) / 1_000)
    assert candles.newest_ms == BEGIN_MS + MINUTES * MINUTE_MS
    assert candles.since_ms == BEGIN_MS - HISTORY * MINUTE_MS
    assert candles.limit_ms == 90_000
    trades = of(view, InputKind.TRADES)
    assert (trades.state, trades.since_ms) == (InputState.LIVE, BEGIN_MS)
    assert trades.complete_ratio == pytest.approx(1.0)
    assert of(view, InputKind.TICKER).state is InputState.LIVE
    assert of(view, InputKind.FUNDING).complete_ratio == 1.0
    assert of(view, InputKind.OPEN_INTEREST).count == 700
    coverage = of(view, InputKind.LIQUIDATIONS).complete_ratio
    assert coverage is not None
    assert coverage < 0.01
    assert view.source_symbol is None
    assert set(view.warm_at_ms[Timeframe.M1]) >= {DimensionName.ORDERFLOW, DimensionName.ORDERBOOK}


def test_a_lost_stream_is_stale_and_one_that_never_came_is_missing(events: list[MarketEvent]) -> None:
    lost = of(shown(events, Life(trades=True)), InputKind.TRADES)
    never = of(shown(without(events, "trades"), Life(trades=True)), InputKind.TRADES)
    assert (lost.state, lost.since_ms) == (InputState.STALE, None)
    assert lost.newest_ms is not None
    assert (never.state, never.newest_ms) == (InputState.MISSING, None)
    assert lost.words
    assert never.words


def test_no_trade_for_an_hour_is_quiet_not_dead(events: list[MarketEvent]) -> None:
    trades = of(shown(events, Life(), END_MS + 60 * MINUTE_MS), InputKind.TRADES)
    assert trades.state is InputState.QUIET
    assert trades.words == "The stream lives; nothing traded for 60 min."


def test_old_candles_say_so(events: list[MarketEvent]) -> None:
    candles = of(shown(events, Life(), BEGIN_MS + MINUTES * MINUTE_MS + 90_001), InputKind.CANDLES, Timeframe.M1)
    assert candles.state is InputState.STALE


def test_spot_has_no_contract_of_its_own() -> None:
    spot = msgspec.structs.replace(SUBJECT, id=InstrumentId(SUBJECT.id.venue, MarketKind.SPOT, SUBJECT.symbol))
    state = MarketStore().add(spot)
    view = inputs_of(state, Life(), None, END_MS)
    for kind in (InputKind.LIQUIDATIONS, InputKind.FUNDING, InputKind.OPEN_INTEREST, InputKind.LONG_SHORT):
        assert of(view, kind).state is InputState.NOT_APPLICABLE
    assert of(view, InputKind.ORDER_BOOK).state is InputState.MISSING
    assert of(view, InputKind.CANDLES, Timeframe.M1).state is InputState.LOADING
