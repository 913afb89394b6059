"""What the analysis of one instrument is made of, for the page of its data: which inputs, since when, how old."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.analysis.staleness import stale_at_ms
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtuoso_desktop.engine.liveness import TopicLife
    from virtuoso_desktop.engine.streams import InstrumentStreams
    from virtuoso_desktop.market.candles import CandleSeries
    from virtuoso_desktop.market.derivatives import P, PointSeries
    from virtuoso_desktop.market.store import InstrumentState

CANDLES_WANTED = 1_000
TICKER_LIMIT_MS = 60_000
BOOK_LIMIT_MS = 5_000
QUIET_MS = MINUTE_MS
"""A stream that lives and brings nothing for longer is called quiet."""
HOUR_MS = 60 * MINUTE_MS
HOURLY_LIMIT_MS = 3 * HOUR_MS
HOURS_WANTED = 30 * 24
SETTLEMENTS_WANTED = 90
USUAL_FUNDING_MIN = 480
COVERAGE_WANTED_MS = 7 * DAY_MS
_CANDLE_READERS = (DimensionName.TECHNICAL, DimensionName.VOLUME, DimensionName.PRICE_STRUCTURE)
_NO_CONTRACT = "Spot has none, and its linear twin is not watched."


class _Points(NamedTuple):
    """How points of one kind are judged."""

    kind: InputKind
    wanted: int
    limit_ms: int


def inputs_of(state: InstrumentState, life: TopicLife, streams: InstrumentStreams | None, now_ms: int) -> InputsView:
    """All inputs of an instrument as they are at a venue time."""
    found = [_candles(series, now_ms) for series in state.candles.values()]
    found += [_ticker(state, now_ms), _trades(state, life, now_ms), _book(state, life, now_ms)]
    found.append(_liquidations(state, life, streams, now_ms))
    found += _points(state, streams, now_ms)
    timeframes = () if streams is None else tuple(state.candles)
    warm = {each: streams.warm_at_ms(each) for each in timeframes} if streams is not None else {}
    return InputsView(
        state.instrument.id,
        now_ms,
        tuple(found),
        source_symbol=None if streams is None else streams.sentiment.source_symbol,
        warm_at_ms={each: told for each, told in warm.items() if told},
        scales_since_ms=None if streams is None else streams.scales_since_ms,
    )


def _candles(series: CandleSeries, now_ms: int) -> InputView:
    timeframe = series.timeframe
    closed = series.committed(2)
    close_ms = timeframe.close_ms(int(closed[0, -1])) if closed.shape[1] else None
    state, words = InputState.LIVE, None
    if not series.is_joined:
        state, words = InputState.LOADING, "History is being loaded."
    elif close_ms is None:
        state, words = InputState.MISSING, "No candle has closed yet."
    elif now_ms > stale_at_ms(timeframe, close_ms):
        state, words = InputState.STALE, "The next candle should have closed by now."
    if words is None and series.rejected:
        words = f"{series.rejected} refused as impossible."
    return InputView(
        InputKind.CANDLES,
        state,
        _CANDLE_READERS,
        timeframe=timeframe,
        since_ms=series.first_open_ms,
        newest_ms=close_ms,
        limit_ms=stale_at_ms(timeframe, 0),
        count=len(series),
        complete_ratio=min(1.0, len(series) / CANDLES_WANTED),
        words=words,
    )


def _ticker(state: InstrumentState, now_ms: int) -> InputView:
    newest_ms = state.ticker.event_ms
    told, words = InputState.LIVE, None
    if newest_ms is None:
        told, words = InputState.MISSING, "The exchange has not sent one."
    elif not state.ticker.has_snapshot or now_ms - newest_ms > TICKER_LIMIT_MS:
        told, words = InputState.STALE, "The connection is lost, or brings nothing."
    return InputView(
        InputKind.TICKER, told, (DimensionName.SENTIMENT,), newest_ms=newest_ms, limit_ms=TICKER_LIMIT_MS, words=words
    )


def _trades(state: InstrumentState, life: TopicLife, now_ms: int) -> InputView:
    newest = state.tape.newest
    newest_ms = None if newest is None else newest.time_ms
    told, words = _streamed(life.trades_alive(now_ms), newest_ms, now_ms, "traded")
    return InputView(
        InputKind.TRADES,
        told,
        (DimensionName.ORDERFLOW, DimensionName.VOLUME),
        since_ms=life.trades_since_ms(),
        newest_ms=newest_ms,
        count=len(state.tape.trades),
        complete_ratio=_trade_coverage(state),
        words=words,
    )


def _trade_coverage(state: InstrumentState) -> float | None:
    """Share of the newest closed minute's volume that its trades add up to; None without any volume."""
    series = state.candles.get(Timeframe.M1)
    closed = None if series is None else series.committed(2)
    if closed is None or not closed.shape[1] or not closed[5, -1]:
        return None
    open_ms = int(closed[0, -1])
    return min(1.0, state.tape.deltas.between(open_ms, open_ms + MINUTE_MS).volume / float(closed[5, -1]))


def _book(state: InstrumentState, life: TopicLife, now_ms: int) -> InputView:
    book = state.books.get(ANALYSED_DEPTH)
    newest_ms = None if book is None or not book.event_ms else book.event_ms
    told, words = InputState.LIVE, None
    if book is None or newest_ms is None:
        told, words = InputState.MISSING, "The exchange has not sent one."
    elif not book.is_valid:
        told, words = InputState.STALE, f"The book waits: {book.invalid_reason}."
    elif book.is_crossed:
        told, words = InputState.STALE, "The book is crossed and is not believed."
    elif now_ms - newest_ms > BOOK_LIMIT_MS and not life.book_alive(now_ms):
        told, words = InputState.STALE, "The connection is lost, or brings nothing."
    return InputView(
        InputKind.ORDER_BOOK,
        told,
        (DimensionName.ORDERBOOK, DimensionName.ORDERFLOW),
        since_ms=life.book_since_ms(),
        newest_ms=newest_ms,
        limit_ms=BOOK_LIMIT_MS,
        words=words,
    )


def _liquidations(state: InstrumentState, life: TopicLife, streams: InstrumentStreams | None, now_ms: int) -> InputView:
    readers = (DimensionName.ORDERFLOW, DimensionName.SENTIMENT)
    if state.instrument.id.market_kind is MarketKind.SPOT:
        return InputView(
            InputKind.LIQUIDATIONS, InputState.NOT_APPLICABLE, readers, words="Only contracts are liquidated."
        )
    newest = state.derivatives.liquidations.newest
    newest_ms = None if newest is None else newest.time_ms
    told, words = _streamed(life.liquidations_alive(now_ms), newest_ms, now_ms, "was liquidated")
    return InputView(
        InputKind.LIQUIDATIONS,
        told,
        readers,
        since_ms=life.liquidations_since_ms(),
        newest_ms=newest_ms,
        count=len(state.derivatives.liquidations.events),
        complete_ratio=None if streams is None else min(1.0, streams.sentiment.coverage_ms / COVERAGE_WANTED_MS),
        words=words,
    )


def _streamed(is_alive: bool, newest_ms: int | None, now_ms: int, verb: str) -> tuple[InputState, str | None]:
    """State of something that comes when it happens."""
    if not is_alive:
        if newest_ms is None:
            return InputState.MISSING, "Its stream is not subscribed, or not connected."
        return InputState.STALE, "The connection is lost, or brings nothing."
    if newest_ms is None:
        return InputState.QUIET, f"The stream lives; nothing {verb} since it began."
    minutes = (now_ms - newest_ms) // MINUTE_MS
    if minutes:
        return InputState.QUIET, f"The stream lives; nothing {verb} for {minutes} min."
    return InputState.LIVE, None


def _points(state: InstrumentState, streams: InstrumentStreams | None, now_ms: int) -> Iterator[InputView]:
    source = state
    if state.instrument.id.market_kind is MarketKind.SPOT:
        twin = None if streams is None else streams.twin
        if twin is None:
            for kind in (InputKind.FUNDING, InputKind.OPEN_INTEREST, InputKind.LONG_SHORT):
                yield InputView(kind, InputState.NOT_APPLICABLE, (DimensionName.SENTIMENT,), words=_NO_CONTRACT)
            return
        source = twin
    held = source.derivatives
    period_ms = (source.instrument.funding_interval_min or USUAL_FUNDING_MIN) * MINUTE_MS
    yield _of(held.funding, _Points(InputKind.FUNDING, SETTLEMENTS_WANTED, 2 * period_ms), now_ms)
    yield _of(held.open_interest, _Points(InputKind.OPEN_INTEREST, HOURS_WANTED, HOURLY_LIMIT_MS), now_ms)
    yield _of(held.long_short, _Points(InputKind.LONG_SHORT, HOURS_WANTED, HOURLY_LIMIT_MS), now_ms)


def _of(points: PointSeries[P], how: _Points, now_ms: int) -> InputView:
    newest_ms = points.newest_ms
    told, words = InputState.LIVE, None
    if newest_ms is None:
        told, words = InputState.MISSING, "The exchange has not answered yet, or has none."
    elif now_ms - newest_ms > how.limit_ms:
        told, words = InputState.STALE, "The exchange has published none since."
    return InputView(
        how.kind,
        told,
        (DimensionName.SENTIMENT,),
        since_ms=points.points[0].time_ms if points.points else None,
        newest_ms=newest_ms,
        limit_ms=how.limit_ms,
        count=len(points),
        complete_ratio=min(1.0, len(points) / how.wanted),
        words=words,
    )
