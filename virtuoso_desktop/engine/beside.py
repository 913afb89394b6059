"""What an instrument has beside its candles, as series for the chart: open interest, funding, ratios, liquidations.

A series is made when the chart asks for it and made anew when its values changed; between, a call costs a comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from virtuoso_desktop.engine.beside_views import BesideSeries, BesideView, Fold
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.model.study import BESIDE, Study, StudyKind
from virtuoso_desktop.model.timeframe import MINUTE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from virtuoso_desktop.market.store import InstrumentState
    from virtuoso_desktop.model.market import Liquidation

    Floats = NDArray[np.float64]
    Covered = Callable[[InstrumentState], tuple[tuple[int, int], ...]]
    Key = tuple[object, ...]

HOUR_MS = 60 * MINUTE_MS
HOURLY_HOLD_MS = 2 * HOUR_MS + HOUR_MS // 2
"""The venue publishes an hour's value some minutes after the hour; what is older is a hole."""
FUNDING_HOLD_MS = 12 * HOUR_MS
"""The longest usual period is 8 hours."""
_SPOT = "Spot has none: it exists for contracts only."


class Beside:
    """The series that the shown chart asks for.

    Parameters
    ----------
    liquidations_heard : callable
        Spans of venue time in which the liquidations of an instrument were heard, oldest first.
    """

    def __init__(self, liquidations_heard: Covered) -> None:
        self._liquidations_heard = liquidations_heard
        self._chosen: tuple[StudyKind, ...] = ()
        self._held: dict[StudyKind, tuple[Key, BesideSeries]] = {}
        self._version = 0

    def choose(self, studies: Iterable[Study]) -> None:
        """Make these from the next view on, and no others."""
        self._chosen = tuple(study.kind for study in studies if study.kind in BESIDE and study.is_shown)
        self._held = {kind: held for kind, held in self._held.items() if kind in self._chosen}
        self._version += 1

    def view(self, state: InstrumentState, now_ms: int) -> BesideView:
        """The series of an instrument as they are now."""
        found = {kind: self._series(kind, state) for kind in self._chosen if kind in _MADE}
        return BesideView(found, self._version, now_ms)

    def _series(self, kind: StudyKind, state: InstrumentState) -> BesideSeries:
        heard = self._liquidations_heard(state) if kind is StudyKind.LIQUIDATIONS else ()
        key = (state.instrument.id, _version_of(kind, state), heard)
        held = self._held.get(kind)
        if held is None or held[0] != key:
            self._held[kind] = held = (key, _liquidations(state, heard) if heard else _of_points(kind, state))
            self._version += 1
        series = held[1]
        return series if series.reason is not None else _with_running(series, kind, state)


def _version_of(kind: StudyKind, state: InstrumentState) -> int:
    """Grows with every change of what a series is made of."""
    held = state.derivatives
    if kind is StudyKind.OPEN_INTEREST:
        return held.open_interest.version
    if kind is StudyKind.FUNDING:
        return held.funding.version
    return held.long_short.version if kind is StudyKind.LONG_SHORT else held.liquidations.version


def _with_running(series: BesideSeries, kind: StudyKind, state: InstrumentState) -> BesideSeries:
    """The series with the ticker's value of this moment; its columns are shared."""
    field = _TICKER_FIELDS.get(kind)
    value = None if field is None else state.ticker.fields.get(field)
    if value is None:
        return series
    running = {kind.value: 100.0 * value if kind is StudyKind.FUNDING else value}
    return msgspec.structs.replace(series, running=running)


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
    StudyKind.LIQUIDATIONS: _Words("USD", "Liquidations are not heard now, and the exchange keeps none."),
}
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


# --- liquidations --------------------------------------------------------------------------------------------------


def _liquidations(state: InstrumentState, heard: tuple[tuple[int, int], ...]) -> BesideSeries:
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
