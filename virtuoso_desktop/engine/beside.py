"""What an instrument has beside its candles, as series for the chart: open interest, funding, ratios, liquidations.

A series is made when the chart asks for it and made anew when its values changed; between, a call costs a comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from virtuoso_desktop.engine.beside_views import BesideSeries, BesideView, Fold
from virtuoso_desktop.exchanges.base import TopicKind
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.model.study import BESIDE, Study, StudyKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.book_measures import BookMeasures, ImbalanceHistory
    from virtuoso_desktop.engine.minute_flow import MinuteFlow
    from virtuoso_desktop.market.store import InstrumentState
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.market import Liquidation

    Floats = NDArray[np.float64]
    Spans = tuple[tuple[int, int], ...]
    Heard = Callable[[InstrumentState, TopicKind], Spans]
    Key = tuple[object, ...]

HOUR_MS = 60 * MINUTE_MS
HOURLY_HOLD_MS = 2 * HOUR_MS + HOUR_MS // 2
"""The venue publishes an hour's value some minutes after the hour; what is older is a hole."""
FUNDING_HOLD_MS = 12 * HOUR_MS
"""The longest usual period is 8 hours."""
MOST_HELD = 64
"""Series of instruments that were shown: beyond this they are made anew."""
SCORED_BAND = 2
"""Which of the bands the score uses: half of the widest."""
_SPOT = "Spot has none: it exists for contracts only."


class BookReads(NamedTuple):
    """What order books say; None where one is not measured."""

    measures: Callable[[InstrumentId], BookMeasures | None]
    """As of now."""
    history: Callable[[InstrumentId], ImbalanceHistory | None]


class Beside:
    """The series that the shown charts ask for.

    Parameters
    ----------
    heard : callable
        Spans of venue time in which a topic of an instrument was heard, oldest first.
    minutes : callable
        Order flow of an instrument by the minute; None before the first ended.
    book : BookReads
        What its order book says.
    """

    def __init__(
        self,
        heard: Heard,
        minutes: Callable[[InstrumentState], MinuteFlow | None],
        book: BookReads,
    ) -> None:
        self._heard = heard
        self._minutes = minutes
        self._book = book
        self._book_now: dict[InstrumentId, tuple[int, dict[str, float]]] = {}
        self._chosen: dict[int, tuple[StudyKind, ...]] = {}
        """By the place of the chart that asks."""
        self._held: dict[tuple[StudyKind, InstrumentId], tuple[Key, BesideSeries]] = {}
        self._version = 0

    def choose(self, studies: Iterable[Study], place: int = 0) -> None:
        """Make these for the chart of a place from its next view on, and no others."""
        self._chosen[place] = tuple(study.kind for study in studies if study.kind in BESIDE and study.is_shown)
        wanted = {kind for kinds in self._chosen.values() for kind in kinds}
        self._held = {key: held for key, held in self._held.items() if key[0] in wanted}
        self._version += 1

    def view(self, state: InstrumentState, now_ms: int, place: int = 0) -> BesideView:
        """The series of an instrument as they are now."""
        if len(self._held) > MOST_HELD:
            self._held.clear()
        found = {kind: self._series(kind, state, now_ms) for kind in self._chosen.get(place, ()) if kind in _MADE}
        return BesideView(found, self._version, now_ms)

    def _series(self, kind: StudyKind, state: InstrumentState, now_ms: int) -> BesideSeries:
        topic = _TOPICS.get(kind)
        heard = () if topic is None else self._heard(state, topic)
        version = now_ms // MINUTE_MS if kind is StudyKind.BOOK else _version_of(kind, state, self._minutes(state))
        key = (state.instrument.id, version, heard)
        name = (kind, state.instrument.id)
        held = self._held.get(name)
        if held is None or held[0] != key:
            self._held[name] = held = (key, self._made(kind, state, heard))
            self._version += 1
        series = held[1]
        if series.reason is not None:
            return series
        if kind is StudyKind.BOOK:
            return msgspec.structs.replace(series, running=self._running_book(state, now_ms))
        return _with_running(series, kind, state, now_ms)

    def _running_book(self, state: InstrumentState, now_ms: int) -> dict[str, float]:
        """What the book says now, looked at once a second."""
        name, second = state.instrument.id, now_ms // 1_000
        held = self._book_now.get(name)
        if held is None or held[0] != second:
            measures = self._book.measures(name)
            self._book_now = {other: kept for other, kept in self._book_now.items() if second - kept[0] <= 1}
            held = self._book_now[name] = (second, {} if measures is None else _book_values(measures))
        return held[1]

    def _made(self, kind: StudyKind, state: InstrumentState, heard: Spans) -> BesideSeries:
        if kind not in _TOPICS:
            return _of_points(kind, state)
        is_spot = state.instrument.id.market_kind is MarketKind.SPOT
        if not heard or (kind is StudyKind.LIQUIDATIONS and is_spot):
            return _nothing(kind, _SPOT if kind is StudyKind.LIQUIDATIONS and is_spot else _MADE[kind].why_empty)
        if kind is StudyKind.LIQUIDATIONS:
            return _liquidations(state, heard)
        if kind is StudyKind.BOOK:
            history = self._book.history(state.instrument.id)
            return _nothing(kind, _MADE[kind].why_empty) if history is None else _book(history, heard)
        made = _trade_cvd(state, heard) if kind is StudyKind.TRADE_CVD else _flow(self._minutes(state), state, heard)
        if state.instrument.id.market_kind is MarketKind.INVERSE:
            made = msgspec.structs.replace(made, remark=made.remark.replace("base coin", "USD"))
        return made


def _version_of(kind: StudyKind, state: InstrumentState, minutes: MinuteFlow | None) -> int:
    """Grows with every change of what a series is made of."""
    held = state.derivatives
    versions = {
        StudyKind.OPEN_INTEREST: held.open_interest.version,
        StudyKind.FUNDING: held.funding.version,
        StudyKind.LONG_SHORT: held.long_short.version,
        StudyKind.LIQUIDATIONS: held.liquidations.version,
        StudyKind.TRADE_CVD: state.tape.deltas.version,
        StudyKind.FLOW: 0 if minutes is None else minutes.version,
    }
    return versions[kind]


def _with_running(series: BesideSeries, kind: StudyKind, state: InstrumentState, now_ms: int) -> BesideSeries:
    """The series with what belongs to this moment; its columns are shared."""
    field = _TICKER_FIELDS.get(kind)
    value: float | None = None
    if field is not None:
        value = state.ticker.fields.get(field)
        value = 100.0 * value if value is not None and kind is StudyKind.FUNDING else value
    elif kind is StudyKind.TRADE_CVD:
        value = _running_cvd(series, state, now_ms)
    elif kind is StudyKind.FLOW and state.flow is not None:
        begin_s = int(series.time_ms[-1]) // 1_000 + 60 if len(series.time_ms) else now_ms // 60_000 * 60
        value = state.flow.quotes.imbalance(begin_s, now_ms // 1_000 + 1) * float(state.instrument.lot_step)
    return series if value is None else msgspec.structs.replace(series, running={kind.value: value})


# --- by the hour and by the settlement -----------------------------------------------------------------------------


class _Words(NamedTuple):
    """What is said of a series of points: where it comes from, and why there is nothing yet."""

    remark: str
    why_empty: str
    hold_ms: int = HOURLY_HOLD_MS


_MADE = {
    StudyKind.OPEN_INTEREST: _Words("by the hour, newest live", "Open interest has not come from the exchange yet."),
    StudyKind.FUNDING: _Words(
        "settled, newest running", "Settled rates have not come from the exchange yet.", FUNDING_HOLD_MS
    ),
    StudyKind.LONG_SHORT: _Words("accounts, by the hour", "The ratio has not come from the exchange yet."),
    StudyKind.LIQUIDATIONS: _Words("USD", "Liquidations have not been heard, and the exchange keeps none."),
    StudyKind.TRADE_CVD: _Words("base coin, from midnight UTC", "No trade has been heard yet."),
    StudyKind.FLOW: _Words("base coin", "The order book has not been heard yet."),
    StudyKind.BOOK: _Words("mean of the candle, newest is now", "The order book is not measured yet."),
}
_TOPICS = {
    StudyKind.LIQUIDATIONS: TopicKind.LIQUIDATIONS,
    StudyKind.TRADE_CVD: TopicKind.TRADES,
    StudyKind.FLOW: TopicKind.ORDER_BOOK,
    StudyKind.BOOK: TopicKind.ORDER_BOOK,
}
"""What has to be heard: nobody repeats it, or not for long."""
_TICKER_FIELDS = {StudyKind.OPEN_INTEREST: "open_interest", StudyKind.FUNDING: "funding_rate"}


def _of_points(kind: StudyKind, state: InstrumentState) -> BesideSeries:
    """Hourly values and settlements; for spot and before anything came, the reason."""
    points = _points(kind, state)
    words = _MADE[kind]
    reason = None
    if state.instrument.id.market_kind is MarketKind.SPOT:
        reason = _SPOT
    elif not points:
        reason = words.why_empty
    columns = np.array(points, dtype=np.float64).reshape(-1, 2).T
    return BesideSeries(
        Fold.LAST, columns[0], {kind.value: columns[1]}, words.hold_ms, remark=words.remark, reason=reason
    )


def _points(kind: StudyKind, state: InstrumentState) -> list[tuple[int, float]]:
    held = state.derivatives
    if kind is StudyKind.OPEN_INTEREST:
        return [(point.time_ms, point.open_interest) for point in held.open_interest.points]
    if kind is StudyKind.FUNDING:
        return [(point.time_ms, 100.0 * point.rate) for point in held.funding.points]
    if kind is StudyKind.LONG_SHORT:
        ratios = (point for point in held.long_short.points if point.short_ratio > 0)
        return [(point.time_ms, point.long_ratio / point.short_ratio) for point in ratios]
    return []


# --- what was heard ------------------------------------------------------------------------------------------------


def _nothing(kind: StudyKind, reason: str) -> BesideSeries:
    return BesideSeries(Fold.SUM, np.empty(0), {kind.value: np.empty(0)}, covered=(), reason=reason)


def _liquidations(state: InstrumentState, heard: Spans) -> BesideSeries:
    events = state.derivatives.liquidations.events
    is_inverse = state.instrument.id.market_kind is MarketKind.INVERSE
    usd = np.array([liquidation_usd(event, is_inverse=is_inverse) for event in events], dtype=np.float64)
    is_long = np.array([event.side is PositionSide.LONG for event in events], dtype=np.bool_)
    name = StudyKind.LIQUIDATIONS.value
    return BesideSeries(
        Fold.SUM,
        np.array([event.time_ms for event in events], dtype=np.float64),
        {f"{name}.shorts": np.where(is_long, 0.0, usd), f"{name}.longs": np.where(is_long, -usd, 0.0)},
        covered=heard,
        remark=_MADE[StudyKind.LIQUIDATIONS].remark,
    )


def liquidation_usd(event: Liquidation, *, is_inverse: bool) -> float:
    """Value of the position; the contracts of inverse instruments are dollars."""
    return event.size if is_inverse else event.size * event.price


def _trade_cvd(state: InstrumentState, heard: Spans) -> BesideSeries:
    """By ended minutes since the first that was heard, beginning anew with every UTC day."""
    deltas = state.tape.deltas
    first = heard[0][0] // MINUTE_MS
    ended = [(minute, delta) for minute, delta in deltas.minutes() if first <= minute < deltas.newest]
    columns = np.array(ended, dtype=np.float64).reshape(-1, 2).T
    times, running = columns[0] * MINUTE_MS, np.cumsum(columns[1])
    days, begins = np.unique(times // DAY_MS, return_index=True)
    before = np.concatenate(([0.0], running))[begins]
    name = StudyKind.TRADE_CVD
    values = running - before[np.searchsorted(days, times // DAY_MS)] if len(times) else running
    return BesideSeries(Fold.LAST, times, {name.value: values}, DAY_MS, covered=heard, remark=_MADE[name].remark)


def _running_cvd(series: BesideSeries, state: InstrumentState, now_ms: int) -> float | None:
    """With the minute that has not ended; None before the first trade of the day."""
    deltas = state.tape.deltas
    newest_ms = deltas.newest * MINUTE_MS
    if newest_ms // DAY_MS != now_ms // DAY_MS:
        return None
    is_same_day = len(series.time_ms) > 0 and series.time_ms[-1] // DAY_MS == newest_ms // DAY_MS
    base = float(series.values[StudyKind.TRADE_CVD.value][-1]) if is_same_day else 0.0
    return base + deltas.between(newest_ms, newest_ms + MINUTE_MS).delta


def _flow(minutes: MinuteFlow | None, state: InstrumentState, heard: Spans) -> BesideSeries:
    """Flow at the best quotes by ended minutes."""
    lot = float(state.instrument.lot_step)
    times = np.array([] if minutes is None else minutes.minute_ms, dtype=np.float64)
    values = lot * np.array([] if minutes is None else minutes.imbalance, dtype=np.float64)
    name = StudyKind.FLOW
    return BesideSeries(Fold.SUM, times, {name.value: values}, covered=heard, remark=_MADE[name].remark)


# --- the order book ------------------------------------------------------------------------------------------------


def _book(history: ImbalanceHistory, heard: Spans) -> BesideSeries:
    """Imbalance by ended minutes; the one that has not ended comes with the next."""
    columns = history.minutes()
    ended = slice(0, max(0, len(columns.at_ms) - 1))
    name = StudyKind.BOOK
    return BesideSeries(
        Fold.MEAN,
        columns.at_ms[ended].astype(np.float64),
        {
            f"{name.value}.depth": columns.depth[ended].astype(np.float64),
            f"{name.value}.top": columns.microprice[ended].astype(np.float64),
        },
        covered=heard,
        remark=_MADE[name].remark,
    )


def _book_values(measures: BookMeasures) -> dict[str, float]:
    """The two lines as of now; what is not known is left out."""
    band = measures.bands[SCORED_BAND].imbalance if len(measures.bands) > SCORED_BAND else None
    top = measures.level_imbalances[0] if measures.level_imbalances else None
    name = StudyKind.BOOK.value
    return {key: value for key, value in ((f"{name}.depth", band), (f"{name}.top", top)) if value is not None}
