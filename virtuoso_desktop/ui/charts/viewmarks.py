"""What is drawn about the candles in view beside lines: levels, volume by price, swings and breaks, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.ui.charts.profile import Profile, Profiles
from virtuoso_desktop.ui.charts.slots import slot_at
from virtuoso_desktop.ui.charts.steps import price_step_ticks
from virtuoso_desktop.ui.charts.structure import Structure, structure_of

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import ChartView, LevelView

PROFILE_ROWS = 100
"""About as many rows the volume by price has over the range in view."""


_OF_ROWS = frozenset({StudyKind.PROFILE, StudyKind.SWINGS})


class ViewMarks(NamedTuple):
    """Of the rows in view."""

    levels: tuple[LevelView, ...] = ()
    profile: Profile | None = None
    structure: Structure = Structure()

    @property
    def poc(self) -> float | None:
        """Price with the largest volume in view, ticks; None without a profile."""
        return None if self.profile is None else self.profile.poc_price


def marks_of(chart: ChartView, studies: tuple[Study, ...], profiles: Profiles, first: int, last: int) -> ViewMarks:
    """Read what the shown ``studies`` need of the rows [first, last]; closed candles only.

    ``profiles`` are those of the series.
    """
    candles, columns = chart.candles, chart.studies.columns
    kinds = {study.kind for study in studies}
    if kinds.isdisjoint(_OF_ROWS):
        return ViewMarks(chart.studies.levels)
    closed = len(candles) - candles.last_is_forming
    part = slice(first, min(last + 1, closed))
    profile, structure = None, Structure()
    if StudyKind.PROFILE in kinds and part.stop > part.start:
        tick_size = chart.instrument.tick_size
        profile = profiles.of(candles, part, lambda span: price_step_ticks(max(span / PROFILE_ROWS, 1.0), tick_size))
    if StudyKind.SWINGS in kinds and "table.bos" in columns:
        structure = structure_of(
            columns, lambda row: slot_at(candles.open_ms[row], chart.timeframe), first, last, closed
        )
    return ViewMarks(chart.studies.levels, profile, structure)
