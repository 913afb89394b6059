"""The inputs of an instrument in words: since when, how old, how complete, and what is wrong. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.input_views import InputKind, InputState, InputsView, InputView
from virtuoso_desktop.ui import analysis_words
from virtuoso_desktop.ui import format as text

if TYPE_CHECKING:
    from collections.abc import Sequence

NEVER = "Nothing is known of it yet"
ALL_THERE = "Everything that the exchange offers is there and fresh enough."
_DAY_MS = 86_400_000
_YEAR_MS = 365 * _DAY_MS
USABLE = frozenset({InputState.LIVE, InputState.QUIET})
_STATES = {
    InputState.LIVE: "live",
    InputState.QUIET: "quiet",
    InputState.LOADING: "loading",
    InputState.STALE: "too old",
    InputState.MISSING: "missing",
    InputState.NOT_APPLICABLE: "not offered",
}
_NAMES = {
    InputKind.CANDLES: "Candles",
    InputKind.TICKER: "Ticker",
    InputKind.TRADES: "Trades",
    InputKind.ORDER_BOOK: "Order book",
    InputKind.LIQUIDATIONS: "Liquidations",
    InputKind.FUNDING: "Funding",
    InputKind.OPEN_INTEREST: "Open interest",
    InputKind.LONG_SHORT: "Long/short",
}
_OF = {
    InputKind.CANDLES: "{count} candles",
    InputKind.TRADES: "of the newest closed minute's volume",
    InputKind.LIQUIDATIONS: "of a week heard; nobody repeats what was missed",
    InputKind.FUNDING: "{count} settlements",
    InputKind.OPEN_INTEREST: "{count} hours",
    InputKind.LONG_SHORT: "{count} hours",
}
"""What the share is of, and how many there are."""


class DataRow(NamedTuple):
    """One input as the page shows it."""

    name: str
    state: InputState
    letters: str
    """Of the dimensions that read it, as Markets has them."""
    readers: str
    since: str
    since_utc: str
    age: str
    ratio: float | None
    share: str
    said: str
    """What is wrong, or what the share is of."""

    @property
    def spoken(self) -> str:
        """All of it, for a screen reader."""
        parts = [self.name, _STATES[self.state]]
        parts += [f"since {self.since}"] if self.since != text.DASH else []
        parts += [f"newest {self.age} ago"] if self.age != text.DASH else []
        parts += [f"{self.share} complete"] if self.ratio is not None else []
        return ", ".join((*parts, self.said) if self.said else parts)


def rows_of(view: InputsView) -> tuple[DataRow, ...]:
    """Every input, in the order of the view."""
    return tuple(_row(each, view.at_ms) for each in view.inputs)


def headline(view: InputsView | None) -> tuple[str, str]:
    """How many inputs can be used, and the first thing that is wrong."""
    if view is None:
        return NEVER, "It is shown as soon as the instrument is watched."
    offered = [each for each in view.inputs if each.state is not InputState.NOT_APPLICABLE]
    wrong = [each for each in offered if each.state not in USABLE]
    words = f"{len(offered) - len(wrong)} of {len(offered)} inputs can be used"
    return words, _wrong(wrong) if wrong else ALL_THERE


def remarks(view: InputsView | None) -> tuple[str, ...]:
    """What is particular about the whole: whose sentiment it is, what is still warming up, which scales are in use."""
    if view is None:
        return ()
    said: list[str] = []
    if view.source_symbol is not None:
        said.append(f"Funding, open interest, ratio and liquidations are those of {view.source_symbol}.")
    latest: dict[str, int] = {}
    for dimensions in view.warm_at_ms.values():
        for name, at_ms in dimensions.items():
            words = analysis_words.DIMENSIONS[name]
            latest[words] = max(latest.get(words, 0), at_ms)
    if latest:
        waits = (f"{words.lower()} {text.time_left(at_ms - view.at_ms)}" for words, at_ms in latest.items())
        said.append(f"Known in every part and on every timeframe: {', '.join(waits)}.")
    if view.scales_since_ms is not None:
        said.append(f"Scales of an earlier run are in use, kept at {_moment(view.scales_since_ms, view.at_ms)}.")
    return tuple(said)


def _wrong(inputs: Sequence[InputView]) -> str:
    first = inputs[0]
    said = f"{_name(first)}: {_STATES[first.state]}. {first.words or ''}".strip()
    return f"{said} {len(inputs) - 1} more below." if len(inputs) > 1 else said


def _name(each: InputView) -> str:
    name = _NAMES[each.kind]
    return name if each.timeframe is None else f"{name} {each.timeframe.value}"


def _row(each: InputView, now_ms: int) -> DataRow:
    age_ms = None if each.newest_ms is None else max(0, now_ms - each.newest_ms)
    count = "" if each.count is None else f"{each.count:,}"
    said = each.words or ("" if each.complete_ratio is None else _OF.get(each.kind, "").format(count=count))
    return DataRow(
        _name(each),
        each.state,
        " ".join(analysis_words.LETTERS[name] for name in each.dimensions),
        ", ".join(analysis_words.DIMENSIONS[name].lower() for name in each.dimensions),
        text.DASH if each.since_ms is None else _moment(each.since_ms, now_ms),
        "" if each.since_ms is None else text.utc_moment(each.since_ms),
        text.age(age_ms),
        each.complete_ratio,
        text.DASH if each.complete_ratio is None else f"{_whole_percent(each.complete_ratio)}{text.THIN}%",
        said,
    )


def _whole_percent(ratio: float) -> str:
    """What is not whole never reads as 100, and what is there never as 0."""
    if ratio in (0.0, 1.0):
        return f"{ratio * 100:.0f}"
    return f"{min(99.0, max(1.0, ratio * 100)):.0f}"


def _moment(time_ms: int, now_ms: int) -> str:
    """``12:03`` within a day, ``20 Nov 12:03`` within a year, else with the year."""
    if now_ms - time_ms < _DAY_MS:
        return text.clock(time_ms, None)
    if now_ms - time_ms < _YEAR_MS:
        return f"{text.day(time_ms, None)} {text.clock(time_ms, None)}"
    return f"{text.day(time_ms, None)} {text.year(time_ms, None)}"
