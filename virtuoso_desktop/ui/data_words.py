"""The inputs of an instrument in words: since when, how old, how complete, and what is wrong. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.inputs_views import InputState, InputView, InstrumentInputs
from virtuoso_desktop.ui import format as text

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER = "Nothing is known of it yet"
ALL_FRESH = "Everything that the exchange offers is there and fresh."
_DAY_MS = 86_400_000
_YEAR_MS = 365 * _DAY_MS
_STATES = {
    InputState.FRESH: "fresh",
    InputState.WAITING: "waiting",
    InputState.OLD: "too old",
    InputState.ABSENT: "not offered",
}


class DataRow(NamedTuple):
    """One input as the page shows it."""

    name: str
    state: InputState
    since: str
    since_utc: str
    age: str
    ratio: float | None
    share: str
    said: str
    """What the share is of, or what is wrong."""

    @property
    def spoken(self) -> str:
        """All of it, for a screen reader."""
        parts = [self.name, _STATES[self.state]]
        parts += [f"since {self.since}"] if self.since != text.DASH else []
        parts += [f"newest {self.age} ago"] if self.age != text.DASH else []
        parts += [f"{self.share} complete"] if self.ratio is not None else []
        return ", ".join((*parts, self.said) if self.said else parts)


def rows_of(view: InstrumentInputs) -> tuple[DataRow, ...]:
    """Every input, in the order of the view."""
    return tuple(_row(each, view.now_ms) for each in view.inputs)


def headline(view: InstrumentInputs | None) -> tuple[str, str]:
    """How many inputs can be used, and the first thing that is wrong."""
    if view is None:
        return NEVER, "It is shown as soon as the instrument is watched."
    offered = [each for each in view.inputs if each.state is not InputState.ABSENT]
    fresh = [each for each in offered if each.state is InputState.FRESH]
    words = f"{len(fresh)} of {len(offered)} inputs are fresh"
    if len(fresh) == len(offered):
        return words, ALL_FRESH
    return words, _wrong(each for each in offered if each.state is not InputState.FRESH)


def _wrong(inputs: Iterable[InputView]) -> str:
    said = [f"{_titled(each.name)}: {each.reason}" if each.reason else f"{_titled(each.name)}." for each in inputs]
    rest = f" {len(said) - 1} more below." if len(said) > 1 else ""
    return f"{said[0]}{rest}"


def _row(each: InputView, now_ms: int) -> DataRow:
    age_ms = None if each.newest_ms is None else max(0, now_ms - each.newest_ms)
    return DataRow(
        _titled(each.name),
        each.state,
        text.DASH if each.since_ms is None else _moment(each.since_ms, now_ms),
        "" if each.since_ms is None else text.utc_moment(each.since_ms),
        text.age(age_ms),
        each.complete_ratio,
        text.DASH if each.complete_ratio is None else f"{_whole_percent(each.complete_ratio)}{text.THIN}%",
        each.reason or each.detail,
    )


def _whole_percent(ratio: float) -> str:
    """What is not whole never reads as 100."""
    return f"{min(99.0, ratio * 100):.0f}" if ratio < 1.0 else "100"


def _titled(name: str) -> str:
    return name[:1].upper() + name[1:]


def _moment(time_ms: int, now_ms: int) -> str:
    """``12:03`` within a day, ``20 Nov 12:03`` within a year, else with the year."""
    if now_ms - time_ms < _DAY_MS:
        return text.clock(time_ms, None)
    if now_ms - time_ms < _YEAR_MS:
        return f"{text.day(time_ms, None)} {text.clock(time_ms, None)}"
    return f"{text.day(time_ms, None)} {text.year(time_ms, None)}"
