"""Which inputs an instrument has, since when, how old and how complete: read from the store when somebody looks.

Limits of age are those of the score (analysis C.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.beside import FUNDING_HOLD_MS, HOURLY_HOLD_MS
from virtuoso_desktop.engine.coverage import FOR_NOW
from virtuoso_desktop.engine.derivatives import Topic, topics_of
from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.exchanges.base import TopicKind
from virtuoso_desktop.market.candles import VOLUME
from virtuoso_desktop.market.derivatives import KEPT_HOURS
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtuoso_desktop.engine.coverage import Span
    from virtuoso_desktop.market.candles import CandleSeries
    from virtuoso_desktop.market.store import InstrumentState

    Heard = Callable[[InstrumentState, TopicKind], Sequence[Span]]

WANTED_CANDLES = 1_000
"""Of each timeframe; after so many the start of the series has no influence."""
WANTED_SETTLEMENTS = 90
WEEK_MS = 7 * DAY_MS
BOOK_LIMIT_MS = 5_000
TICKER_LIMIT_MS = 30_000
SHORT_LIMIT_MS = 30_000
CHECKED_MINUTES = 60
"""Closed minutes whose volume the trades are held against."""
_OFF = "Switched off in the settings, or refused by the exchange."
_LOST = "The connection is lost; it is being made again."
READERS: dict[InputKind, tuple[DimensionName, ...]] = {
    InputKind.CANDLES: (DimensionName.TECHNICAL, DimensionName.VOLUME, DimensionName.PRICE_STRUCTURE),
    InputKind.TICKER: (DimensionName.SENTIMENT,),
    InputKind.TRADES: (DimensionName.VOLUME, DimensionName.ORDERFLOW),
    InputKind.ORDER_BOOK: (DimensionName.ORDERFLOW, DimensionName.ORDERBOOK),
    InputKind.LIQUIDATIONS: (DimensionName.ORDERFLOW, DimensionName.SENTIMENT),
    InputKind.FUNDING: (DimensionName.SENTIMENT,),
    InputKind.OPEN_INTEREST: (DimensionName.SENTIMENT,),
    InputKind.LONG_SHORT: (DimensionName.SENTIMENT,),
}
"""The dimensions that read an input."""


def inputs_of(state: InstrumentState, heard: Heard, now_ms: int) -> InputsView:
    """Every input of an instrument as it is now.

    Parameters
    ----------
    heard : callable
        Spans of venue time in which a topic of an instrument was heard, oldest first; empty for one not asked for.
    """
    found = [_candles(series, now_ms) for series in state.candles.values()]
    found += [
        _ticker(state, now_ms),
        _trades(state, heard(state, TopicKind.TRADES), now_ms),
        _book(state, heard(state, TopicKind.ORDER_BOOK), now_ms),
        _liquidations(state, heard(state, TopicKind.LIQUIDATIONS), now_ms),
    ]
    offered = topics_of(state.instrument)
    held = state.derivatives
    for kind, topic, points, wanted, limit_ms in (
        (InputKind.FUNDING, Topic.FUNDING, held.funding, WANTED_SETTLEMENTS, FUNDING_HOLD_MS),
        (InputKind.OPEN_INTEREST, Topic.OPEN_INTEREST, held.open_interest, KEPT_HOURS, HOURLY_HOLD_MS),
        (InputKind.LONG_SHORT, Topic.LONG_SHORT, held.long_short, KEPT_HOURS, HOURLY_HOLD_MS),
    ):
        times = [point.time_ms for point in points.points]
        found.append(_points(kind, times, wanted, limit_ms, now_ms) if topic in offered else _absent(kind, state))
    return InputsView(state.instrument.id, now_ms, tuple(found))


def _absent(kind: InputKind, state: InstrumentState) -> InputView:
    is_spot = state.instrument.id.market_kind is MarketKind.SPOT
    words = "Spot has none." if is_spot else "This kind of contract has none."
    return InputView(kind, InputState.NOT_APPLICABLE, READERS[kind], words=words)


# --- candles and ticker --------------------------------------------------------------------------------------------


def _candles(series: CandleSeries, now_ms: int) -> InputView:
    """The newest thousand, and how many of them are missing between the first and the last."""
    kind, timeframe = InputKind.CANDLES, series.timeframe
    first_ms, last_ms = series.first_open_ms, series.last_open_ms
    if first_ms is None or last_ms is None or not series.is_joined:
        words = "Being loaded." if first_ms is None else "Older candles are being loaded."
        return InputView(kind, InputState.LOADING, READERS[kind], timeframe, newest_ms=last_ms, words=words)
    opens = series.columns[0, -WANTED_CANDLES:]
    due = round((float(opens[-1]) - float(opens[0])) / timeframe.duration_ms) + 1
    missing = max(0, due - len(opens))
    limit_ms = SHORT_LIMIT_MS if timeframe.duration_ms <= Timeframe.M5.duration_ms else timeframe.duration_ms // 2
    is_old = now_ms > timeframe.close_ms(last_ms) + limit_ms
    words = "The newest candle is late." if is_old else None
    if missing and not is_old:
        words = f"{missing:,} candles are missing between the first and the last."
    return InputView(
        kind,
        InputState.STALE if is_old else InputState.LIVE,
        READERS[kind],
        timeframe,
        since_ms=first_ms,
        newest_ms=last_ms if series.last_is_forming else timeframe.close_ms(last_ms),
        limit_ms=timeframe.duration_ms + limit_ms,
        count=len(series),
        complete_ratio=len(opens) / max(WANTED_CANDLES, due),
        words=words,
    )


def _ticker(state: InstrumentState, now_ms: int) -> InputView:
    newest_ms = state.ticker.event_ms
    is_live = newest_ms is not None and now_ms - newest_ms <= TICKER_LIMIT_MS
    status = InputState.LIVE if is_live else InputState.MISSING if newest_ms is None else InputState.STALE
    words = None if is_live else "Nothing has come yet." if newest_ms is None else "Nothing new has come."
    kind = InputKind.TICKER
    return InputView(kind, status, READERS[kind], newest_ms=newest_ms, limit_ms=TICKER_LIMIT_MS, words=words)


# --- streams -------------------------------------------------------------------------------------------------------


def _heard_state(spans: Sequence[Span]) -> tuple[InputState, str | None]:
    """Whether a topic is heard now; a quiet one is."""
    if not spans:
        return InputState.MISSING, _OFF
    return (InputState.LIVE, None) if spans[-1].to_ms == FOR_NOW else (InputState.STALE, _LOST)


def _share_heard(spans: Sequence[Span], from_ms: int, now_ms: int) -> float:
    """Share of [from_ms, now_ms) in which a topic was heard."""
    heard_ms = sum(max(0, min(span.to_ms, now_ms) - max(span.from_ms, from_ms)) for span in spans)
    return heard_ms / max(1, now_ms - from_ms)


def _trades(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    """Held against the volume of closed minutes."""
    status, words = _heard_state(spans)
    newest = state.tape.newest
    agreeing, checked = _agreeing_minutes(state, spans, now_ms)
    if status is InputState.LIVE:
        if newest is None:
            status, words = InputState.QUIET, "Nobody has traded since it is watched."
        elif now_ms - newest.time_ms > MINUTE_MS:
            status, words = InputState.QUIET, "The stream lives, and nobody trades."
        elif not checked:
            words = "Held against the volume of candles from the first whole minute on."
    kind = InputKind.TRADES
    return InputView(
        kind,
        status,
        READERS[kind],
        since_ms=spans[-1].from_ms if spans else None,
        newest_ms=None if newest is None else newest.time_ms,
        count=len(state.tape.trades),
        complete_ratio=agreeing / checked if checked else None,
        words=words,
    )


def _agreeing_minutes(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> tuple[int, int]:
    """(minutes whose trades add up to the candle's volume, minutes looked at), of the last hour that was heard."""
    series = state.candles.get(Timeframe.M1)
    if series is None or not spans:
        return 0, 0
    from_ms = max(now_ms // MINUTE_MS - CHECKED_MINUTES, spans[-1].from_ms // MINUTE_MS + 1) * MINUTE_MS
    rows = series.columns[:, -CHECKED_MINUTES - 1 :]
    is_checked = (rows[0] >= from_ms) & (rows[0] + MINUTE_MS <= now_ms - BOOK_LIMIT_MS)
    agreeing = 0
    for open_ms, volume in zip(rows[0, is_checked].tolist(), rows[VOLUME, is_checked].tolist(), strict=True):
        agreeing += state.tape.deltas.between(int(open_ms), int(open_ms) + MINUTE_MS).covers(volume)
    return agreeing, int(is_checked.sum())


def _book(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    kind = InputKind.ORDER_BOOK
    status, words = _heard_state(spans)
    book = state.book
    if book is None or not spans:
        return InputView(kind, InputState.MISSING, READERS[kind], words=_OFF)
    if status is InputState.LIVE and not book.is_valid:
        status = InputState.STALE if book.event_ms else InputState.LOADING
        reason = book.invalid_reason or "not valid"
        words = f"{reason[:1].upper()}{reason[1:]}."
    elif status is InputState.LIVE and book.is_crossed:
        status, words = InputState.STALE, "Bids and asks cross."
    return InputView(
        kind,
        status,
        READERS[kind],
        since_ms=spans[-1].from_ms,
        newest_ms=book.event_ms or None,
        limit_ms=BOOK_LIMIT_MS,
        complete_ratio=_share_heard(spans, now_ms - CHECKED_MINUTES * MINUTE_MS, now_ms),
        words=words,
    )


def _liquidations(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    kind = InputKind.LIQUIDATIONS
    if state.instrument.id.market_kind is MarketKind.SPOT:
        return _absent(kind, state)
    status, words = _heard_state(spans)
    newest = state.derivatives.liquidations.newest
    if status is InputState.LIVE and newest is None:
        status, words = InputState.QUIET, "The stream lives, and nobody has been liquidated."
    return InputView(
        kind,
        status,
        READERS[kind],
        since_ms=spans[-1].from_ms if spans else None,
        newest_ms=None if newest is None else newest.time_ms,
        count=len(state.derivatives.liquidations.events),
        complete_ratio=_share_heard(spans, now_ms - WEEK_MS, now_ms) if spans else None,
        words=words,
    )


# --- by the hour ---------------------------------------------------------------------------------------------------


def _points(kind: InputKind, times: list[int], wanted: int, limit_ms: int, now_ms: int) -> InputView:
    if not times:
        return InputView(kind, InputState.LOADING, READERS[kind], words="Being asked for.")
    is_old = now_ms - times[-1] > limit_ms
    return InputView(
        kind,
        InputState.STALE if is_old else InputState.LIVE,
        READERS[kind],
        since_ms=times[0],
        newest_ms=times[-1],
        limit_ms=limit_ms,
        count=len(times),
        complete_ratio=min(len(times), wanted) / wanted,
        words="The exchange has published nothing newer." if is_old else None,
    )
