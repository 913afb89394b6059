"""Feeds fall silent or fail: what they carry leaves the score, with its reason and in time, the rest goes on.

Three runs of faults on two instruments of one venue. One minute of the market takes four seconds.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.e2e.whole_path import BTC, ETH, engine_on, is_live, synthetic
from tests.running import until
from virtuoso_desktop.analysis.flow_scale import KeptScale
from virtuoso_desktop.analysis.orderflow import LAG_MS, SILENCE_MS, KeptFlow
from virtuoso_desktop.analysis.streams import window_s
from virtuoso_desktop.engine.engine import Engine
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputView
from virtuoso_desktop.engine.kept_scales import VERSION, KeptScales
from virtuoso_desktop.kernel.clock import LiveClock, ScaledClock
from virtuoso_desktop.market.orders import KeptSizes
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.result import Component, Confluence, DimensionName, Reason, SignalKind
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.faults import read_faults
from virtuoso_desktop.simulator.server import SimulatedExchange

SPEED = 15.0
SYMBOLS = ("BTCUSDT", "ETHUSDT")
NAMED_MS = round(8_000 * SPEED)
"""A lively topic that falls silent is named within 8 real seconds (`bybit.topics`)."""
FLOW, BOOK, SENTIMENT = DimensionName.ORDERFLOW, DimensionName.ORDERBOOK, DimensionName.SENTIMENT

LISTS_FAIL = """
- {at_s: 0, for_s: 300, fault: server_error, endpoint: funding/history, symbol: ETHUSDT}
- {at_s: 0, for_s: 300, fault: empty, endpoint: open-interest, symbol: ETHUSDT}
- {at_s: 0, for_s: 300, fault: venue_error, endpoint: account-ratio, symbol: ETHUSDT}
"""
TICKER_SILENT = """
- {at_s: 0, for_s: 300, fault: silent, topic: tickers, symbol: ETHUSDT}
"""
STREAMS_SILENT = """
- {at_s: 0, for_s: 300, fault: silent, topic: orderbook.1000, symbol: BTCUSDT}
- {at_s: 0, for_s: 300, fault: silent, topic: allLiquidation, symbol: BTCUSDT}
- {at_s: 0, for_s: 300, fault: silent, topic: publicTrade, symbol: ETHUSDT}
"""


def inject(venue: SimulatedExchange, folder: Path, text: str) -> None:
    """Faults of a file, as `simulate --faults` reads it."""
    file = folder / "faults.yaml"
    file.write_text(text)
    for fault in read_faults(file, SYMBOLS):
        venue.inject(fault)


def scales_of_before(instruments: list[Instrument], now_ms: int) -> KeptScales:
    """What a run of the day before leaves: flow is judged at once, not after ten minutes."""
    scale = KeptScale(0.04, 3_000.0)
    flows = {
        str(each.id): KeptFlow(
            str(each.lot_step),
            {timeframe.value: scale for timeframe in Timeframe},
            {window_s(timeframe): KeptScale(1e6, 3_000.0) for timeframe in Timeframe},
            KeptSizes({80: 1.0, 90: 0.01}, 10_000),
        )
        for each in instruments
    }
    kept_ms = dict.fromkeys(flows, now_ms - MINUTE_MS)
    return KeptScales(VERSION, kept_ms, {name: {FLOW.value: msgspec.json.encode(flow)} for name, flow in flows.items()})


def newest(engine: Engine, instrument_id: InstrumentId) -> Confluence | None:
    view = engine.analysis(instrument_id, Timeframe.M1)
    return None if view is None else view.result


def component(result: Confluence, dimension: DimensionName, name: str) -> Component:
    return result.dimensions[dimension].components[name]


def scores(engine: Engine, instrument_id: InstrumentId, *names: DimensionName) -> bool:
    result = newest(engine, instrument_id)
    return result is not None and all(result.dimensions[name].score is not None for name in names)


def lacks(engine: Engine, instrument_id: InstrumentId, name: DimensionName) -> bool:
    result = newest(engine, instrument_id)
    return result is not None and result.dimensions[name].score is None


def funding_is(engine: Engine, reason: Reason) -> bool:
    """What the score of ETHUSDT says of its funding."""
    result = newest(engine, ETH)
    return result is not None and component(result, SENTIMENT, "funding_rate").reason is reason


def told_of(engine: Engine, instrument_id: InstrumentId, kind: InputKind) -> InputView:
    view = engine.inputs(instrument_id)
    assert view is not None
    return next(each for each in view.inputs if each.kind is kind)


def assert_the_rest_is_the_score(result: Confluence, lost: DimensionName) -> None:
    """Nothing is put in the place of what is missing, and the score says how much of it there is."""
    gone = result.dimensions[lost]
    assert (gone.score, gone.weight, gone.weighted_score) == (None, 0.0, 0.0)
    rest = {name: each for name, each in result.dimensions.items() if each.score is not None}
    nominal = sum(each.nominal_weight for each in rest.values())
    assert nominal <= 1.0 - gone.nominal_weight + 1e-9
    assert sum(each.weight for each in rest.values()) == pytest.approx(1.0, abs=1e-9)
    mean = sum(each.nominal_weight * (each.score or 0.0) for each in rest.values()) / nominal
    assert result.confluence_score == pytest.approx(mean, abs=1e-9)
    assert result.confidence_raw <= sum(each.nominal_weight * each.completeness for each in rest.values()) + 1e-9


def assert_no_signal_came_of_it(before: Confluence, after: Confluence) -> None:
    assert after.signal in (before.signal, SignalKind.NEUTRAL)


def missing_since(engine: Engine, instrument_id: InstrumentId, lost: DimensionName, before: Confluence) -> int:
    """The screen's views say since when the dimension is missing: not before it was last there. Returns it."""
    view = engine.analysis(instrument_id, Timeframe.M1)
    assert view is not None
    assert view.result is not None
    since_ms = view.missing_since_ms[lost]
    assert before.metadata.last_candle_ms < since_ms <= view.result.metadata.last_candle_ms
    return since_ms


def assert_lists_that_fail_are_missing(engine: Engine, before: Confluence) -> None:
    """ETHUSDT without its lists, first with a ticker, then without one; BTCUSDT has both."""
    live = {name: each.reason for name, each in before.dimensions[SENTIMENT].components.items()}
    assert (live["open_interest_change"], live["long_short_ratio"]) == (Reason.MISSING, Reason.MISSING)
    assert live["funding_rate"] is Reason.WARMUP, "the rate is there, what is usual is not known"
    assert component(before, SENTIMENT, "funding_rate").value is not None
    result = newest(engine, ETH)
    assert result is not None
    funding = component(result, SENTIMENT, "funding_rate")
    assert (funding.value, funding.score, funding.available, funding.reason) == (None, None, False, Reason.STALE)
    assert_the_rest_is_the_score(result, SENTIMENT)
    assert scores(engine, ETH, DimensionName.TECHNICAL, FLOW, BOOK)
    assert scores(engine, BTC, SENTIMENT)
    for kind in (InputKind.FUNDING, InputKind.OPEN_INTEREST, InputKind.LONG_SHORT):
        assert told_of(engine, ETH, kind).state is InputState.MISSING
        assert told_of(engine, BTC, kind).state is InputState.LIVE
    assert told_of(engine, ETH, InputKind.TICKER).state is InputState.STALE


def assert_silent_book(engine: Engine, before: Confluence, silent_ms: int) -> None:
    result = newest(engine, BTC)
    assert result is not None
    assert result.dimensions[BOOK].status == Reason.STALE.value
    assert_the_rest_is_the_score(result, BOOK)
    assert_no_signal_came_of_it(before, result)
    assert missing_since(engine, BTC, BOOK, before) <= silent_ms + NAMED_MS + 2 * MINUTE_MS
    assert component(result, FLOW, "order_imbalance").reason is Reason.STALE
    assert scores(engine, BTC, FLOW, SENTIMENT)
    assert told_of(engine, BTC, InputKind.ORDER_BOOK).state is InputState.STALE
    # No liquidation is nothing unusual: the topic counts as alive with its connection, and 0 was measured.
    liquidations = component(result, FLOW, "liquidations")
    assert (liquidations.available, liquidations.value, liquidations.score) == (True, 0.0, pytest.approx(50.0, abs=5.0))
    assert told_of(engine, BTC, InputKind.LIQUIDATIONS).state is InputState.QUIET


def assert_silent_trades(engine: Engine, before: Confluence, silent_ms: int) -> None:
    result = newest(engine, ETH)
    assert result is not None
    assert result.dimensions[FLOW].status == Reason.STALE.value
    for name in ("buy_sell_pressure", "large_trades", "liquidations"):
        lost = component(result, FLOW, name)
        assert (lost.score, lost.reason) == (None, Reason.STALE), name
    assert_the_rest_is_the_score(result, FLOW)
    assert_no_signal_came_of_it(before, result)
    assert missing_since(engine, ETH, FLOW, before) <= silent_ms + SILENCE_MS + LAG_MS + 2 * MINUTE_MS
    assert result.metadata.delta_source != "trades", "the delta of this candle is an estimate, and says so"
    assert scores(engine, ETH, BOOK)


@pytest.mark.deadline_s(240)
@pytest.mark.logs("signals of the last run are not known: The journal is not open")
async def test_what_a_lost_feed_carries_is_missing_until_it_is_back(tmp_path: Path) -> None:
    clock = ScaledClock(LiveClock().now_ms(), SPEED)
    market = synthetic(clock)
    kept = scales_of_before([each for each in market.instruments if each.symbol in SYMBOLS], clock.now_ms())
    async with (
        SimulatedExchange(market, clock) as venue,
        engine_on(venue.http_url, venue.ws_url, tmp_path, clock=clock, symbols=SYMBOLS) as engine,
    ):
        inject(venue, tmp_path, LISTS_FAIL)
        engine.recall_scales(kept)
        await until(lambda: is_live(engine), "everything is live", 60.0)
        await engine.begin_analysis()

        await until(lambda: funding_is(engine, Reason.WARMUP), "a candle closes with a ticker and without lists", 40.0)
        with_ticker = newest(engine, ETH)
        assert with_ticker is not None
        inject(venue, tmp_path, TICKER_SILENT)
        await until(lambda: funding_is(engine, Reason.STALE), "the rate of a silent ticker is not believed", 20.0)
        await until(lambda: scores(engine, BTC, SENTIMENT, BOOK, FLOW), "all is scored", 40.0)
        await until(lambda: scores(engine, ETH, BOOK, FLOW), "flow and book are scored", 40.0)
        assert_lists_that_fail_are_missing(engine, with_ticker)

        venue.heal()
        before_btc, before_eth = newest(engine, BTC), newest(engine, ETH)
        assert before_btc is not None
        assert before_eth is not None
        inject(venue, tmp_path, STREAMS_SILENT)
        silent_ms = clock.now_ms()
        await until(
            lambda: lacks(engine, BTC, BOOK) and lacks(engine, ETH, FLOW), "candles close without book and flow", 40.0
        )
        assert_silent_book(engine, before_btc, silent_ms)
        assert_silent_trades(engine, before_eth, silent_ms)
        await until(
            lambda: told_of(engine, ETH, InputKind.TRADES).state is InputState.STALE,
            "the page of the data names the silent trades",
            20.0,
        )

        venue.heal()
        await until(lambda: scores(engine, BTC, BOOK, FLOW, SENTIMENT), "the book is scored again", 60.0)
        await until(lambda: scores(engine, ETH, FLOW, SENTIMENT), "flow and sentiment are scored again", 60.0)
        for instrument_id in (BTC, ETH):
            again = engine.analysis(instrument_id, Timeframe.M1)
            assert again is not None
            assert not {FLOW, BOOK, SENTIMENT} & again.missing_since_ms.keys()
