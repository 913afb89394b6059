"""All six dimensions together: what streams said when a candle closed is part of its score, and of nothing else."""

from __future__ import annotations

import itertools
import math

import msgspec
import numpy as np
import pytest

from tests.flow_market import BEGIN_MS, events_of, instrument, market, mirrored
from tests.scored_series import default_analysis
from tests.whole_market import Run, whole_market, without
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.streams import half_life_s
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.streams import SLOW_PACE_S, InstrumentStreams
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Source
from virtuoso_desktop.model.market import Candle, MarketEvent, Ticker, Trade
from virtuoso_desktop.model.result import Confluence, DimensionName, Profile, Reason, SignalKind, Withheld
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, MINUTE_MS, Timeframe

MINUTES = 18
WARM_MS = BEGIN_MS + 13 * MINUTE_MS
"""Scales and walls are known by then."""
STREAMS = (DimensionName.ORDERFLOW, DimensionName.ORDERBOOK, DimensionName.SENTIMENT)
FEED_OF = {"trades": DimensionName.ORDERFLOW, "book": DimensionName.ORDERBOOK}


@pytest.fixture(scope="module")
def core() -> AnalysisCore:
    return AnalysisCore(default_analysis(), Source.DEMO)


@pytest.fixture(scope="module")
def subject() -> Instrument:
    return msgspec.structs.replace(instrument(lot="0.001"), contract_type="LinearPerpetual")


@pytest.fixture(scope="module")
def events(subject: Instrument) -> list[MarketEvent]:
    return whole_market(subject, 3, MINUTES)


@pytest.fixture(scope="module")
def whole(core: AnalysisCore, subject: Instrument, events: list[MarketEvent]) -> Run:
    run = Run(core, [subject])
    run.take(events, lambda _: True)
    return run


def last_minutes(run: Run, subject: Instrument) -> list[Confluence]:
    return [each for each in run.journal.results(subject.id) if each.metadata.last_candle_ms > WARM_MS]


def test_all_six_dimensions_are_there(whole: Run, subject: Instrument) -> None:
    newest = last_minutes(whole, subject)[-1]
    scores = {name: dimension.score for name, dimension in newest.dimensions.items()}
    assert all(score is not None for score in scores.values()), scores
    assert newest.profile is Profile.FULL
    assert sum(each.weight for each in newest.dimensions.values()) == pytest.approx(1.0, abs=1e-12)
    weighted = sum(each.weighted_score for each in newest.dimensions.values())
    assert newest.confluence_score == pytest.approx(weighted, abs=1e-9)
    pressure = newest.dimensions[DimensionName.ORDERFLOW].components["buy_sell_pressure"]
    assert pressure.available
    assert pressure.age_ms is not None


def test_any_batching_keeps_the_same_bytes(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    late, once = Run(core, [subject]), Run(core, [subject])
    late.take(events, lambda number: number % 997 == 0)
    once.take(events)
    assert len(whole.journal.results(subject.id)) == MINUTES
    assert whole.journal.ledger() == late.journal.ledger() == once.journal.ledger()


def test_instruments_do_not_touch_each_other(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    other = msgspec.structs.replace(subject, id=InstrumentId.parse("bybit:linear:XYZUSDT"))
    beside = whole_market(other, 4, MINUTES)
    told: list[dict[InstrumentId, bytes]] = []
    for order in ([subject, other], [other, subject]):
        run = Run(core, order)
        both = sorted([*events, *beside], key=lambda event: (event.event_ms, event.instrument_id != order[0].id))
        run.take(both, lambda number: number % 53 == 0)
        told.append({each.id: msgspec.json.encode(run.journal.results(each.id)) for each in order})
    assert told[0] == told[1]
    assert told[0][subject.id] == msgspec.json.encode(whole.journal.results(subject.id))


def test_streams_are_missing_before_they_are_watched_and_warming_up_after(whole: Run, subject: Instrument) -> None:
    first = whole.journal.results(subject.id)[0]
    flow = first.dimensions[DimensionName.ORDERFLOW]
    assert flow.score is None
    assert flow.status == Reason.WARMUP.value
    history = Run(AnalysisCore(default_analysis(), Source.DEMO), [subject]).series(subject).result
    assert history is not None
    assert {history.dimensions[name].status for name in STREAMS} == {Reason.MISSING.value}
    assert history.confluence_score is not None


@pytest.mark.parametrize("feed", FEED_OF)
def test_without_a_feed_the_score_is_the_weighted_mean_of_the_rest(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent], feed: str
) -> None:
    """From the candle on which the feed is lost: score, coverage, confidence, and no signal for it (E8, E9)."""
    lost_ms = WARM_MS + 30_000
    run = Run(core, [subject])
    run.alive.lost_ms[feed] = lost_ms
    run.take(without(events, feed, lost_ms), lambda number: number % 11 == 0)
    before = {each.metadata.last_candle_ms: each for each in last_minutes(whole, subject)}
    withheld = [each for each in last_minutes(run, subject) if each.metadata.last_candle_ms > lost_ms + 6_000]
    assert len(withheld) >= 3
    gone = FEED_OF[feed]
    for result in withheld:
        full = before[result.metadata.last_candle_ms]
        dimension = result.dimensions[gone]
        assert (dimension.score, dimension.weight, dimension.weighted_score) == (None, 0.0, 0.0)
        assert dimension.status == Reason.STALE.value
        rest = [each for name, each in result.dimensions.items() if name is not gone and each.score is not None]
        nominal = sum(each.nominal_weight for each in rest)
        mean = sum(each.nominal_weight * (each.score or 0.0) for each in rest) / nominal
        assert result.confluence_score == pytest.approx(mean, abs=1e-9)
        assert nominal == pytest.approx(covered(full) - dimension.nominal_weight, abs=1e-12)
        assert completeness(result) < completeness(full)
        for name in DimensionName:
            if name is not gone and not (feed == "book" and name is DimensionName.ORDERFLOW):
                unchanged = name is not DimensionName.VOLUME or feed == "book"
                assert not unchanged or result.dimensions[name].score == full.dimensions[name].score
    entries = [
        each for _, changes, _ in run.journal.put_ for each in changes if each.before.signal is SignalKind.NEUTRAL
    ]
    assert not [each for each in entries if each.result.metadata.last_candle_ms > lost_ms]


def covered(result: Confluence) -> float:
    return sum(each.nominal_weight for each in result.dimensions.values() if each.score is not None)


def completeness(result: Confluence) -> float:
    return sum(each.nominal_weight * each.completeness for each in result.dimensions.values() if each.score is not None)


def test_a_silent_liquidation_topic_costs_its_component_only(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    run = Run(core, [subject])
    run.alive.lost_ms["liquidations"] = BEGIN_MS
    run.take(without(events, "liquidations"))
    newest, full = last_minutes(run, subject)[-1], last_minutes(whole, subject)[-1]
    flow, before = newest.dimensions[DimensionName.ORDERFLOW], full.dimensions[DimensionName.ORDERFLOW]
    assert flow.components["liquidations"].reason is Reason.MISSING
    assert before.components["liquidations"].available
    assert flow.completeness == pytest.approx(before.completeness - 0.15)
    for name in ("buy_sell_pressure", "order_imbalance"):
        assert flow.components[name].score == before.components[name].score


def test_a_trade_a_minute_still_scores(core: AnalysisCore, subject: Instrument, events: list[MarketEvent]) -> None:
    """Few trades are said of the shortest timeframe only, and the book goes on."""
    quiet = [event for event in events if not isinstance(event, Trade | Candle)]
    trades = [event for event in events if isinstance(event, Trade)]
    kept = [next(group) for _, group in itertools.groupby(trades, lambda trade: trade.time_ms // MINUTE_MS)]
    candles = [thin(event, kept) for event in events if isinstance(event, Candle)]
    run = Run(core, [subject])
    run.take(sorted([*quiet, *kept, *candles], key=lambda event: event.event_ms), lambda number: number % 50 == 0)
    newest = last_minutes(run, subject)[-1]
    assert newest.confluence_score is not None
    assert newest.dimensions[DimensionName.ORDERBOOK].score is not None
    assert Withheld.COVERAGE not in newest.withheld, "it may signal"
    pressure = newest.dimensions[DimensionName.ORDERFLOW].components["buy_sell_pressure"]
    assert pressure.reason is Reason.MISSING
    longer = run.journal.results(subject.id, Timeframe.M5)[-1].dimensions[DimensionName.ORDERFLOW]
    assert longer.components["buy_sell_pressure"].value is not None


def thin(candle: Candle, trades: list[Trade]) -> Candle:
    """The candle with the volume of the trades that are left."""
    close_ms = candle.timeframe.close_ms(candle.open_ms)
    volume = sum(trade.size for trade in trades if candle.open_ms <= trade.time_ms < close_ms)
    return msgspec.structs.replace(candle, volume=volume, turnover=volume * candle.close)


def test_a_candle_that_came_too_late_says_nothing(
    core: AnalysisCore, subject: Instrument, events: list[MarketEvent]
) -> None:
    """Whole result STALE, and no signal (C.3); the next candle in time is judged as if nothing had been."""
    run = Run(core, [subject])
    late_ms = BEGIN_MS + 15 * MINUTE_MS
    candles = [event for event in events if isinstance(event, Candle) and event.timeframe is Timeframe.M1]
    held = next(event for event in candles if event.open_ms == late_ms)
    told = msgspec.structs.replace(held, event_ms=late_ms + 2 * MINUTE_MS + 30_001)
    others = [event for event in events if event is not held and event.event_ms < told.event_ms - MINUTE_MS]
    run.take([*others, told])
    result = run.journal.results(subject.id)[-1]
    assert result.metadata.last_candle_open_ms == late_ms
    assert (result.confluence_score, result.signal, result.confidence) == (None, SignalKind.NEUTRAL, 0.0)
    assert result.reason == Reason.STALE.value
    assert {each.status for each in result.dimensions.values()} == {Reason.STALE.value}
    assert {each.weight for each in result.dimensions.values()} == {0.0}


def test_a_revision_comes_to_the_same_with_the_streams_of_then(
    core: AnalysisCore, subject: Instrument, events: list[MarketEvent]
) -> None:
    run = Run(core, [subject])
    run.take(events, lambda number: number % 100 == 0)
    series = run.series(subject)
    kept = series.score_state.copy()
    assert series.result is not None
    told = series.result.confluence_score
    candle = next(event for event in events if isinstance(event, Candle) and event.open_ms == BEGIN_MS + 15 * MINUTE_MS)
    for high in (candle.high + 5.0, candle.high):
        run.take([msgspec.structs.replace(candle, high=high)])
    assert series.score_state.tobytes() == kept.tobytes()
    assert series.result.confluence_score == told
    flow = series.result.dimensions[DimensionName.ORDERFLOW]
    assert flow.score is not None


def test_a_restart_tells_the_last_result_again_with_its_streams(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    closed = [event for event in events if isinstance(event, Candle) and event.timeframe is Timeframe.M1]
    again = Run(core, [subject], restored=whole.journal.ending(subject.id), closed=closed)
    told, before = again.series(subject).result, whole.series(subject).result
    assert told is not None
    assert before is not None
    assert told.metadata.last_candle_ms == before.metadata.last_candle_ms
    for name in STREAMS:
        assert before.dimensions[name].score is not None
        assert told.dimensions[name].components == before.dimensions[name].components
    assert again.series(subject).score_state.tobytes() == whole.series(subject).score_state.tobytes()


def test_a_mirrored_market_turns_flow_and_microprice_around(core: AnalysisCore, subject: Instrument) -> None:
    """E4. Depth has its distances in bps of a mid price that the mirror moves a little."""
    steps = market(6, 720)
    rows: list[np.ndarray] = []
    for each in (steps, mirrored(steps)):
        run = Run(core, [subject])
        run.take(events_of(each, subject))
        streams = run.streams.of(subject.id)
        assert streams is not None
        rows.append(streams.row(Timeframe.M1)[: at.STREAM_SHARES].reshape(at.STREAM_COUNT, at.CELLS))
    exact = [0, 1, 2, 3, 6]
    assert not np.isnan(rows[0][exact, at.C]).any()
    np.testing.assert_allclose(rows[1][exact, at.C], -rows[0][exact, at.C], rtol=0, atol=1e-12)
    np.testing.assert_allclose(rows[1][4, at.C], -rows[0][4, at.C], rtol=0, atol=0.02)


def test_scales_of_an_earlier_run_end_the_warm_up(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    kept = whole.streams.keep(BEGIN_MS, is_last=True)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=type(kept)) == kept
    again = Run(core, [subject], kept)
    again.take([event for event in events if event.event_ms < BEGIN_MS + 3 * MINUTE_MS])
    newest = again.journal.results(subject.id)[-1]
    assert newest.dimensions[DimensionName.ORDERFLOW].score is not None
    streams = again.streams.of(subject.id)
    assert streams is not None
    assert streams.scales_since_ms == BEGIN_MS
    assert DimensionName.ORDERFLOW not in streams.warm_at_ms(Timeframe.M1)


def test_warm_up_says_when_it_ends(core: AnalysisCore, subject: Instrument, events: list[MarketEvent]) -> None:
    run = Run(core, [subject])
    run.take([event for event in events if event.event_ms < BEGIN_MS + 5 * MINUTE_MS])
    streams = run.streams.of(subject.id)
    assert streams is not None
    told = streams.warm_at_ms(Timeframe.M1)
    assert BEGIN_MS + 10 * MINUTE_MS <= told[DimensionName.ORDERFLOW] <= BEGIN_MS + 12 * MINUTE_MS
    assert BEGIN_MS + 10 * MINUTE_MS <= told[DimensionName.ORDERBOOK] <= BEGIN_MS + 12 * MINUTE_MS


class Given:
    """A dimension whose first component is given by the second; the others are missing."""

    def __init__(self, values: dict[int, float]) -> None:
        self.values = values

    def sample(self, now_ms: int) -> None:
        pass

    def cells(self, timeframe: Timeframe, now_ms: int, out: np.ndarray) -> float:
        out[:] = math.nan
        out[:, at.QUALITY] = out[:, at.FRESH] = 1.0
        out[:, at.REASON] = at.MISSING
        out[0, at.C] = self.values.get(now_ms // 1_000, math.nan)
        return 0.5

    def warm_at_ms(self, timeframe: Timeframe) -> int | None:
        return None

    def keep(self) -> bytes:
        return b""

    def recall(self, kept: bytes, age_ms: int) -> bool:
        return False


@pytest.mark.parametrize("timeframe", [Timeframe.M1, Timeframe.M5])
def test_a_component_is_smoothed_over_time_and_begins_anew_when_it_was_missing(
    core: AnalysisCore, subject: Instrument, timeframe: Timeframe
) -> None:
    del core  # its kernels are compiled
    run = Run(AnalysisCore(default_analysis(), Source.DEMO), [subject])
    state = run.store.get(subject.id)
    assert state is not None
    streams = InstrumentStreams(state, None, run.alive, run.alive)
    rng = np.random.default_rng(1)
    values = {second: float(rng.uniform(-1, 1)) for second in range(1_000, 1_060) if second not in (1_020, 1_021)}
    streams._dimensions = (Given(values), Given({}), Given({}))
    expected, last = math.nan, 999
    for second in (*range(1_000, 1_030), 1_033, *range(1_040, 1_060)):
        streams.sample(second * 1_000)
        c = values.get(second, math.nan)
        kept = 2.0 ** (-(second - last) / half_life_s(timeframe))
        expected = c if math.isnan(expected) else c + kept * (expected - c)
        last = second
        row = streams.row(timeframe)
        np.testing.assert_allclose(row[0], expected, rtol=1e-12, equal_nan=True)
        assert row[at.STREAM_SHARES] == 0.5


def test_slow_timeframes_are_read_in_the_second_of_their_close() -> None:
    for timeframe in ANALYSED_TIMEFRAMES:
        assert timeframe.duration_ms % (SLOW_PACE_S * 1_000) == 0


def test_spot_borrows_the_sentiment_of_its_linear_twin_and_says_so(core: AnalysisCore, subject: Instrument) -> None:
    spot = msgspec.structs.replace(subject, id=InstrumentId(subject.id.venue, MarketKind.SPOT, subject.symbol))
    run = Run(core, [spot])
    tick = Ticker(spot.id, True, {"last_price": 1.0}, BEGIN_MS, 0)
    run.take([tick])
    alone = run.streams.of(spot.id)
    assert alone is not None
    assert alone.sentiment.source_symbol is None
    assert alone.row(Timeframe.M1)[at.STREAM_COUNT * at.CELLS - 4 * at.CELLS + at.REASON] == at.NOT_APPLICABLE
    run.hold(run.store.add(subject))
    run.take([msgspec.structs.replace(tick, event_ms=BEGIN_MS + 1_900)])  # every phase of the second has passed
    borrowed = run.streams.of(spot.id)
    assert borrowed is not None
    assert borrowed.sentiment.source_symbol == subject.symbol
    assert borrowed.row(Timeframe.M1)[at.STREAM_COUNT * at.CELLS - 4 * at.CELLS + at.REASON] != at.NOT_APPLICABLE


def test_one_event_far_ahead_does_not_move_the_time(
    core: AnalysisCore, subject: Instrument, events: list[MarketEvent]
) -> None:
    run = Run(core, [subject])
    odd = Ticker(subject.id, False, {"last_price": 1.0}, BEGIN_MS + 40 * 24 * 60 * MINUTE_MS, 0)
    run.take(events[:100])
    run.take([odd])
    run.take(events[100:400])
    streams = run.streams.of(subject.id)
    assert streams is not None
    told_ms = events[399].event_ms - streams.state.phase_ms
    assert streams.sampled_ms == told_ms // 1_000 * 1_000


def test_a_snapshot_between_two_candles_makes_no_flow_and_goes_on(
    core: AnalysisCore, whole: Run, subject: Instrument, events: list[MarketEvent]
) -> None:
    """A whole book in the middle of the evaluations, equal to the one that is held."""
    run = Run(core, [subject])
    cut = next(number for number, event in enumerate(events) if event.event_ms > WARM_MS + 90_000)
    run.take(events[:cut], lambda number: number % 100 == 0)
    state = run.store.get(subject.id)
    assert state is not None
    assert state.book is not None
    from virtuoso_desktop.model.market import BookSnapshot

    bids, asks = (
        [(subject.to_price(ticks), subject.to_size(lots)) for ticks, lots in side.items()]
        for side in (state.book.bids, state.book.asks)
    )
    same = BookSnapshot(
        subject.id,
        state.book.depth,
        bids,
        asks,
        state.book.update_id,
        state.book.update_id,
        events[cut].event_ms,
        None,
        0,
    )
    run.take([same, *events[cut:]], lambda number: number % 100 == 0)
    newest, before = last_minutes(run, subject)[-1], last_minutes(whole, subject)[-1]
    assert newest.dimensions[DimensionName.ORDERBOOK].score == before.dimensions[DimensionName.ORDERBOOK].score
