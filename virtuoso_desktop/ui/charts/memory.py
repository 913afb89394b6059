"""What the charts remember between runs: the arrangement, and of each chart what it shows and how."""

from __future__ import annotations

from typing import Any

import msgspec

from virtuoso_desktop.ui.charts.choice import StudyMemory

GRID_MEMORY_VERSION = 1
LAYOUTS = (1, 2, 4)
"""How many charts can stand side by side."""
MOST_CHARTS = LAYOUTS[-1]
LAST = "last"


class ChartMemory(msgspec.Struct, frozen=True):
    """One chart: its series as ``venue:kind:SYMBOL`` and timeframe, its looks, its studies."""

    instrument: str | None = None
    timeframe: str | None = None
    candle_type: str = "candle"
    is_log: bool = False
    price_lines: tuple[str, ...] = (LAST,)
    is_utc: bool = False
    compared: tuple[str, ...] = ()
    """Identities of the instruments it is compared with."""
    studies: StudyMemory = StudyMemory()


class GridMemory(msgspec.Struct, frozen=True):
    """All charts of a window; those that the layout hides are kept too."""

    version: int = GRID_MEMORY_VERSION
    count: int = 1
    """Charts in view: one of `LAYOUTS`."""
    active: int = 0
    links_instrument: bool = False
    links_timeframe: bool = False
    charts: tuple[ChartMemory, ...] = (ChartMemory(),)

    def to_dict(self) -> dict[str, Any]:
        """For a workspace."""
        return msgspec.to_builtins(self)

    @classmethod
    def from_dict(cls, stored: object) -> GridMemory | None:
        """What `to_dict` gave; None for damage or another version."""
        try:
            memory = msgspec.convert(stored, type=cls)
        except msgspec.ValidationError:
            return None
        return memory._in_bounds() if memory.version == GRID_MEMORY_VERSION else None

    def _in_bounds(self) -> GridMemory:
        """Only what can be shown: a layout that there is, an active chart that it shows."""
        count = self.count if self.count in LAYOUTS else LAYOUTS[0]
        return msgspec.structs.replace(
            self,
            count=count,
            active=self.active if 0 <= self.active < count else 0,
            charts=self.charts[:MOST_CHARTS] or (ChartMemory(),),
        )
