"""Which inputs an instrument has, since when, how old and how complete: read from the store when somebody looks.

Limits of age are those of the score (analysis C.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.beside import FUNDING_HOLD_MS, HOURLY_HOLD_MS
from virtuoso_desktop.engine.coverage import FOR_NOW
from virtuoso_desktop.engine.derivatives import Topic, topics_of
from virtuoso_desktop.engine.inputs_views import InputState, InputView, InstrumentInputs
from virtuoso_desktop.engine.sealing import LEAST_COVERAGE, MOST_COVERAGE
from virtuoso_desktop.exchanges.base import TopicKind
from virtuoso_desktop.market.candles import VOLUME
from virtuoso_desktop.market.derivatives import KEPT_HOURS
from virtuoso_desktop.model.instrument import MarketKind
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
BOOK_LIMIT_MS = 5_000
SHORT_LIMIT_MS = 30_000
CHECKED_MINUTES = 60
"""Closed minutes whose volume the trades are held against."""
_OFF = "Switched off in the settings, or refused by the exchange."
_LOST = "The connection is lost; it is being made again."


def inputs_of(state: InstrumentState, heard: Heard, now_ms: int) -> InstrumentInputs:
    """Every input of an instrument as it is now.

    Parameters
    ----------
    heard : callable
        Spans of venue time in which a topic of an instrument was heard, oldest first; empty for one not asked for.
    """
    found = [_candles(series, now_ms) for series in state.candles.values()]
    found += [
        _trades(state, heard(state, TopicKind.TRADES), now_ms),
        _book(state, heard(state, TopicKind.ORDER_BOOK), now_ms),
        _liquidations(state, heard(state, TopicKind.LIQUIDATIONS), now_ms),
    ]
    offered = topics_of(state.instrument)
    held = state.derivatives
    for name, topic, points, wanted, limit_ms in (
        ("funding", Topic.FUNDING, held.funding, WANTED_SETTLEMENTS, FUNDING_HOLD_MS),
        ("open interest", Topic.OPEN_INTEREST, held.open_interest, KEPT_HOURS, HOURLY_HOLD_MS),
        ("long/short", Topic.LONG_SHORT, held.long_short, KEPT_HOURS, HOURLY_HOLD_MS),
    ):
        times = [point.time_ms for point in points.points]
        found.append(_points(name, times, wanted, limit_ms, now_ms) if topic in offered else _absent(name, state))
    return InstrumentInputs(state.instrument.id, now_ms, tuple(found))


def _absent(name: str, state: InstrumentState) -> InputView:
    is_spot = state.instrument.id.market_kind is MarketKind.SPOT
    return InputView(name, InputState.ABSENT, reason="Spot has none." if is_spot else "This kind of contract has none.")


# --- candles -------------------------------------------------------------------------------------------------------


def _candles(series: CandleSeries, now_ms: int) -> InputView:
    """The newest thousand, and how many of them are missing between the first and the last."""
    timeframe = series.timeframe
    name = f"candles {timeframe.value}"
    first_ms, last_ms = series.first_open_ms, series.last_open_ms
    if first_ms is None or last_ms is None:
        return InputView(name, InputState.WAITING, reason="Being loaded.")
    opens = series.columns[0, -WANTED_CANDLES:]
    due = round((float(opens[-1]) - float(opens[0])) / timeframe.duration_ms) + 1
    missing = max(0, due - len(opens))
    limit_ms = SHORT_LIMIT_MS if timeframe.duration_ms <= Timeframe.M5.duration_ms else timeframe.duration_ms // 2
    is_old = now_ms > timeframe.close_ms(last_ms) + limit_ms
    detail = f"{len(opens):,} of {WANTED_CANDLES:,}"
    if missing:
        detail += f", {missing:,} missing between"
    return InputView(
        name,
        InputState.OLD if is_old else InputState.FRESH,
        since_ms=first_ms,
        newest_ms=max(series.event_ms, last_ms) if series.event_ms is not None else last_ms,
        complete_ratio=min(1.0, len(opens) / max(WANTED_CANDLES, due)),
        detail=detail,
        reason="The newest candle is late." if is_old else None,
    )


# --- streams -------------------------------------------------------------------------------------------------------


def _heard_state(spans: Sequence[Span]) -> tuple[InputState, str | None]:
    """Whether a topic is heard now; a quiet one is."""
    if not spans:
        return InputState.ABSENT, _OFF
    return (InputState.FRESH, None) if spans[-1].to_ms == FOR_NOW else (InputState.OLD, _LOST)


def _share_heard(spans: Sequence[Span], from_ms: int, now_ms: int) -> float:
    """Share of [from_ms, now_ms) in which a topic was heard."""
    heard_ms = sum(max(0, min(span.to_ms, now_ms) - max(span.from_ms, from_ms)) for span in spans)
    return heard_ms / max(1, now_ms - from_ms)


def _trades(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    """Held against the volume of closed minutes."""
    status, reason = _heard_state(spans)
    newest = state.tape.newest
    agreeing, checked = _agreeing_minutes(state, spans, now_ms)
    if not checked:
        detail = "no closed minute to hold it against yet"
    else:
        detail = f"volume agrees with {agreeing} of {checked} closed minutes"
    if status is InputState.FRESH and newest is None:
        status, reason = InputState.WAITING, "No trade since it is watched."
    return InputView(
        "trades",
        status,
        since_ms=spans[-1].from_ms if spans else None,
        newest_ms=None if newest is None else newest.time_ms,
        complete_ratio=agreeing / checked if checked else None,
        detail=detail,
        reason=reason,
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
        traded = state.tape.deltas.between(int(open_ms), int(open_ms) + MINUTE_MS).volume
        agreeing += LEAST_COVERAGE * volume <= traded <= MOST_COVERAGE * volume
    return agreeing, int(is_checked.sum())


def _book(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    status, reason = _heard_state(spans)
    book = state.book
    if book is None or status is InputState.ABSENT:
        return InputView("order book", InputState.ABSENT, reason=_OFF)
    if status is InputState.FRESH and not book.is_valid:
        waits = not book.event_ms
        status = InputState.WAITING if waits else InputState.OLD
        reason = f"{(book.invalid_reason or 'not valid').capitalize()}."
    elif status is InputState.FRESH and book.is_crossed:
        status, reason = InputState.OLD, "Bids and asks cross."
    detail = "of the last hour heard"
    return InputView(
        "order book",
        status,
        since_ms=spans[-1].from_ms,
        newest_ms=book.event_ms or None,
        complete_ratio=_share_heard(spans, now_ms - CHECKED_MINUTES * MINUTE_MS, now_ms),
        detail=detail,
        reason=reason,
    )


def _liquidations(state: InstrumentState, spans: Sequence[Span], now_ms: int) -> InputView:
    if state.instrument.id.market_kind is MarketKind.SPOT:
        return _absent("liquidations", state)
    status, reason = _heard_state(spans)
    newest = state.derivatives.liquidations.newest
    return InputView(
        "liquidations",
        status,
        since_ms=spans[-1].from_ms if spans else None,
        newest_ms=None if newest is None else newest.time_ms,
        complete_ratio=_share_heard(spans, now_ms - DAY_MS, now_ms) if spans else None,
        detail="of the last day heard; nobody repeats what was missed" if spans else "",
        reason=reason,
    )


# --- by the hour ---------------------------------------------------------------------------------------------------


def _points(name: str, times: list[int], wanted: int, limit_ms: int, now_ms: int) -> InputView:
    if not times:
        return InputView(name, InputState.WAITING, reason="Being asked for.")
    newest_ms = times[-1]
    is_old = now_ms - newest_ms > limit_ms
    count = min(len(times), wanted)
    unit = "settlements" if name == "funding" else "hours"
    return InputView(
        name,
        InputState.OLD if is_old else InputState.FRESH,
        since_ms=times[0],
        newest_ms=newest_ms,
        complete_ratio=count / wanted,
        detail=f"{count:,} of {wanted:,} {unit}",
        reason="The exchange has published nothing newer." if is_old else None,
    )
