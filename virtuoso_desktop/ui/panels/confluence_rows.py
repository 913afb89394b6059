"""The two tables of the Confluence panel: dimensions with their sum, and components. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.model.result import COMPONENTS, DimensionName, SignalKind
from virtuoso_desktop.ui import analysis_words as words
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import (
    EMPTY,
    KEY,
    LABEL,
    MISSING,
    MUTED,
    MUTED_NUMBER,
    NUMBER,
    SMALL_MUTED,
    Cell,
    Column,
    Ink,
    Part,
    Plate,
    cell,
    no_value,
)
from virtuoso_desktop.ui.plates import DIMENSION_BAR_PX
from virtuoso_desktop.ui.score_ink import bar_length, bar_token, plates, score_cell

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysis_views import AnalysisView
    from virtuoso_desktop.model.result import Component, Confluence, Dimension

LETTER_INK, FAINT_LETTER = Ink(600, "text", 11), Ink(600, "muted", 10)
UP_POINTS, DOWN_POINTS = Ink(500, "up_text"), Ink(500, "down_text")
CANDLE_DIMENSIONS = frozenset({DimensionName.TECHNICAL, DimensionName.VOLUME, DimensionName.PRICE_STRUCTURE})
"""Their inputs are as old as the close of the candle."""
LEAST_POINTS = 0.05
_RULE = (Plate("rule", "hair"),)
"""Over the sum."""

DIMENSION_COLUMNS: tuple[Column, ...] = (
    Column("letter", "", "Letter", "The dimension's letter in Markets", 40, 0, is_centred=True),
    Column("name", "", "Dimension", "What is looked at", 72, 0, is_right=False, pad=0),
    Column("bar", "", "Bar", "From the middle, 50: right is up, left is down", 62, 0, pad=0),
    Column("score", "Score", "Score", "0 to 100, 50 is neutral", 44, 0, pad=4),
    Column("weight", "Wt", "Weight", "Share of the score; shares of missing dimensions go to the others", 40, 0, pad=6),
    Column(
        "points", "Points", "Points", "Weight times score: the points add up to the confluence score", 58, 0, pad=12
    ),
)
COMPONENT_COLUMNS: tuple[Column, ...] = (
    Column("letter", "", "Dimension", "Letter of the dimension", 24, 0, is_right=False, pad=12),
    Column("name", "Component", "Component", "A click shows it on the chart", 88, 0, is_right=False, pad=0),
    Column("value", "Value", "Value", "In the component's own unit", 62, 0, pad=4),
    Column("score", "Score", "Score", "0 to 100, 50 is neutral", 28, 0, is_centred=True, is_rigid=True),
    Column("weight", "Wt", "Weight", "Share of the dimension", 30, 0, pad=3),
    Column(
        "points",
        "Pts",
        "Points",
        "Share of the score's distance from 50; what speaks for its side most comes first",
        36,
        0,
        pad=3,
    ),
    Column("age", "Age", "Age", "Of the newest input when the candle was evaluated", 40, 0, pad=8),
)
_NAMES = tuple(column.name for column in COMPONENT_COLUMNS)


class Filter(StrEnum):
    """Which components are shown."""

    ALL = "All"
    FOR = "For"
    AGAINST = "Against"
    MISSING = "Missing"


class ShownResult(msgspec.Struct, frozen=True):
    """What the tables show: a result, and how far it can be trusted."""

    view: AnalysisView
    result: Confluence
    is_stale: bool = False
    now_ms: int = 0
    """Venue time."""

    @property
    def is_provisional(self) -> bool:
        return self.result.forming

    def is_analysed(self, name: DimensionName) -> bool:
        return name not in self.view.not_analysed

    def wait(self, name: DimensionName) -> words.Wait:
        """Until when a missing dimension warms up, or since when it is missing."""
        view = self.view
        return words.Wait(view.warm_at_ms.get(name), view.missing_since_ms.get(name), self.now_ms)

    def why(self, name: DimensionName, reason: str) -> str:
        """Why a dimension or a component of it has no value, in full; empty for no reason."""
        return words.reason_words(reason, is_analysed=self.is_analysed(name), wait=self.wait(name))

    def short_why(self, name: DimensionName, reason: str) -> str:
        """The same, short enough for a cell."""
        return words.waiting_words(reason, self.wait(name)) if self.is_analysed(name) else words.NOT_ANALYSED


class DimensionRows(CalmRows):
    """Six dimensions and their sum."""

    def __init__(self) -> None:
        self._shown: ShownResult | None = None
        self._cells: list[tuple[Cell, ...]] = [_empty_dimension(name) for name in DimensionName]
        self._cells.append(_sum(None))

    def show(self, shown: ShownResult | None) -> None:
        """Format another result; None where there is none yet."""
        self._shown = shown
        if shown is None:
            self._cells = [*(_empty_dimension(name) for name in DimensionName), _sum(None)]
            return
        dimensions = shown.result.dimensions
        self._cells = [
            _dimension(name, dimensions[name], shown) if name in dimensions else _empty_dimension(name)
            for name in DimensionName
        ]
        self._cells.append(_sum(shown))

    def row_count(self) -> int:
        return len(self._cells)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self._cells[index]

    def tooltip(self, index: int, column: int) -> str:
        del column
        if index >= len(DimensionName):
            return "The points of the dimensions add up to the confluence score."
        name = tuple(DimensionName)[index]
        said = f"{words.DIMENSIONS[name]}: {words.ABOUT[name]}"
        dimension = None if self._shown is None else self._shown.result.dimensions.get(name)
        if self._shown is None or dimension is None:
            return said
        if dimension.score is None:
            why = self._shown.why(name, dimension.status)
            return f"{said}\nNo score: {why}. Its weight of {dimension.nominal_weight:.2f} goes to the others."
        return (
            f"{said}\n{dimension.score:.1f} x {dimension.weight:.3f} = {dimension.weighted_score:.2f} points"
            f"\nNominal weight {dimension.nominal_weight:.2f}, {dimension.completeness:.0%} of its inputs there"
        )


class ComponentRows(CalmRows):
    """The components, filtered and sorted; the largest points first unless the user asks otherwise."""

    def __init__(self) -> None:
        self.sort_column = "points"
        self.sorts_down = True
        self.filter = Filter.ALL
        self.order: list[str] = []
        self.counts: dict[Filter, int] = dict.fromkeys(Filter, 0)
        self._shown: ShownResult | None = None
        self._parts: dict[str, Component] = {}
        self._cells: dict[str, tuple[Cell, ...]] = {}

    def show(self, shown: ShownResult | None) -> list[str]:
        """Format another result; returns the order before."""
        self._shown = shown
        dimensions = {} if shown is None else shown.result.dimensions
        self._parts = {
            part: component for dimension in dimensions.values() for part, component in dimension.components.items()
        }
        self._cells = {}
        if shown is not None:
            self._cells = {part: _component(part, component, shown) for part, component in self._parts.items()}
        self.counts = {each: sum(1 for part in self._parts if self._belongs(part, each)) for each in Filter}
        return self.rearrange()

    def rearrange(self) -> list[str]:
        """Filter and sort anew; returns the order before. Missing values come last either way."""
        before = self.order
        found = [part for parts in COMPONENTS.values() for part in parts if part in self._parts]
        found = [part for part in found if self._belongs(part, self.filter)]
        value = self._points if self.sort_column == "points" else _SORTS[self.sort_column]
        keyed = [(value(part, self._parts[part]), part) for part in found]
        with_value = [(key, part) for key, part in keyed if key is not None]
        with_value.sort(key=lambda pair: pair[0], reverse=self.sorts_down)  # pyright: ignore[reportArgumentType]
        self.order = [part for _, part in with_value] + [part for key, part in keyed if key is None]
        return before

    def _points(self, _part: str, component: Component) -> float | None:
        """Points for the side that the score is on: what speaks for it most comes first."""
        if component.points is None:
            return None
        return -component.points if self._lean() is SignalKind.SELL else component.points

    def _belongs(self, part: str, to: Filter) -> bool:
        if to is Filter.ALL:
            return True
        component = self._parts[part]
        if to is Filter.MISSING:
            return not component.available
        if not component.available or component.signal is SignalKind.NEUTRAL or self._shown is None:
            return False
        return (component.signal is self._lean()) == (to is Filter.FOR)

    def _lean(self) -> SignalKind:
        """The side that the score is on, whether or not it is a signal."""
        score = None if self._shown is None else self._shown.result.confluence_score
        return SignalKind.SELL if score is not None and score < 50 else SignalKind.BUY

    def row_count(self) -> int:
        return len(self.order)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self._cells[self.order[index]]

    def tooltip(self, index: int, column: int) -> str:
        del column
        part = self.order[index]
        component = self._parts[part]
        name = words.DIMENSION_OF[part]
        said = f"{words.NAMES[part]} ({words.DIMENSIONS[name].lower()})\n{words.COMPONENT_ABOUT[part]}."
        if not component.available or component.score is None:
            return f"{said}\nNo value: {self._why(part, component)}."
        said += (
            f"\nScore {component.score:.1f}, {component.signal.value}; weight {component.weight:.2f} of its dimension"
        )
        if component.reason is not None:
            said += f"\n{words.REASONS_IN_FULL[component.reason.value].capitalize()}."
        return f"{said}\nEnter or a click shows it on the chart."

    def _why(self, part: str, component: Component) -> str:
        reason = component.reason.value if component.reason is not None else ""
        said = "" if self._shown is None else self._shown.why(words.DIMENSION_OF[part], reason)
        return said or "no reason given"


_SORTS: dict[str, Callable[[str, Component], float | str | None]] = {
    "letter": lambda part, _: -float(tuple(DimensionName).index(words.DIMENSION_OF[part])),
    "name": lambda part, _: words.NAMES[part].casefold(),
    "value": lambda _, component: component.score if component.available else None,
    "score": lambda _, component: component.score if component.available else None,
    "weight": lambda _, component: component.weight,
    "age": lambda _, component: component.age_ms if component.available else None,
}


def _empty_dimension(name: DimensionName) -> tuple[Cell, ...]:
    return (cell(words.LETTERS[name], FAINT_LETTER), cell(words.DIMENSIONS[name], MUTED), EMPTY, *(MISSING,) * 3)


def _dimension(name: DimensionName, dimension: Dimension, shown: ShownResult) -> tuple[Cell, ...]:
    letter, title, score = words.LETTERS[name], words.DIMENSIONS[name], dimension.score
    if score is None:
        why = shown.why(name, dimension.status)
        short = shown.short_why(name, dimension.status)
        said = cell(f"known {short}" if short.startswith("in ") else short, SMALL_MUTED, spoken=why)
        return (cell(letter, FAINT_LETTER), cell(title, MUTED), EMPTY, said, EMPTY, no_value(why))
    figures = (f"{score:.1f}", f"{dimension.weight:.2f}", f"{dimension.weighted_score:.2f}")
    if shown.is_stale:
        inks = (MUTED_NUMBER, MUTED, MUTED_NUMBER)
        return (cell(letter, FAINT_LETTER), cell(title, MUTED), EMPTY, *map(cell, figures, inks))
    bar = Plate("wide_bar", bar_token(score), 1.0, bar_length(score, DIMENSION_BAR_PX / 2))
    tint = plates(score, shape="letter")
    return (
        Cell((Part(letter, LETTER_INK),), plates=tint),
        cell(title, LABEL),
        Cell((), spoken="", plates=(bar,)),
        *map(cell, figures, (NUMBER, MUTED, KEY)),
    )


def _sum(shown: ShownResult | None) -> tuple[Cell, ...]:
    weight, points = MISSING, MISSING
    if shown is not None and shown.result.confluence_score is not None:
        dimensions = shown.result.dimensions.values()
        weight = cell(f"{sum(each.weight for each in dimensions):.2f}", MUTED)
        total = f"{sum(each.weighted_score for each in dimensions):.2f}"
        points = cell(total, MUTED_NUMBER if shown.is_stale else KEY)
    ruled = (EMPTY, cell("Sum", MUTED), EMPTY, EMPTY, weight, points)
    return tuple(msgspec.structs.replace(each, plates=_RULE) for each in ruled)


def _component(part: str, component: Component, shown: ShownResult) -> tuple[Cell, ...]:
    name = words.DIMENSION_OF[part]
    letter = cell(words.LETTERS[name], FAINT_LETTER, spoken=words.DIMENSIONS[name])
    weight = cell(f"{component.weight:.2f}", SMALL_MUTED)
    if not component.available or component.score is None:
        reason = component.reason.value if component.reason is not None else ""
        short = shown.short_why(name, reason) or "no value"
        why = shown.why(name, reason) or short
        said, title = cell(short, SMALL_MUTED, spoken=why), cell(words.NAMES[part], MUTED)
        if component.points is not None and abs(component.points) >= LEAST_POINTS:
            # What dropped out still counts in the smoothed score; the points have to add up.
            return (letter, title, said, MISSING, weight, cell(text.signed(component.points, 1), MUTED), MISSING)
        return (letter, title, no_value(why), no_value(why), weight, EMPTY, said)
    is_grey = shown.is_stale
    points = component.points
    ink = MUTED if is_grey or points is None or abs(points) < LEAST_POINTS else UP_POINTS if points > 0 else DOWN_POINTS
    return (
        letter,
        cell(words.NAMES[part], MUTED if is_grey else LABEL),
        cell(words.value_words(part, component.value, shown.view.price_decimals), MUTED_NUMBER if is_grey else NUMBER),
        score_cell(component.score, is_stale=is_grey, forming=shown.is_provisional),
        weight,
        MISSING if points is None else cell(text.signed(points, 1), ink),
        _age(name, component),
    )


def _age(name: DimensionName, component: Component) -> Cell:
    if name in CANDLE_DIMENSIONS:
        return cell("close", SMALL_MUTED, spoken="as of the close of the candle")
    if component.age_ms is None:
        return MISSING
    said = f"{component.age_ms / 1000:.1f} s" if component.age_ms < 10_000 else text.age(component.age_ms)
    return cell(said.replace(" min", "m"), SMALL_MUTED, spoken=said)
