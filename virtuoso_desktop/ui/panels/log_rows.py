"""The log's rows: newest first, filtered by level and text. No Qt."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import CODE, MUTED_CODE, Cell, Column, Ink, cell

if TYPE_CHECKING:
    from virtuoso_desktop.engine.run_views import LogView
    from virtuoso_desktop.kernel.log_lines import LogLine

COLUMNS: tuple[Column, ...] = (
    Column("time", "Time", "Time", "This computer's clock", 112, 0, is_right=False),
    Column("level", "Level", "Level", "How bad it is", 76, 0, is_right=False),
    Column("source", "Part", "Part", "Part of the program", 250, 1, is_right=False),
    Column("text", "Message", "Message", "What happened; the tooltip has all of it", 320, 0, is_right=False),
)
LEVELS = ((0, "All levels"), (logging.WARNING, "Warnings and errors"), (logging.ERROR, "Errors"))
_WARNING, _DOWN = Ink(400, "warning", is_fixed=True), Ink(400, "down_text", is_fixed=True)
_INKS = {logging.WARNING: _WARNING, logging.ERROR: _DOWN, logging.CRITICAL: _DOWN}


class LogRows(CalmRows):
    """Lines of at least a level that hold a text."""

    def __init__(self) -> None:
        self.level = 0
        self.wanted = ""
        self.lines: list[LogLine] = []
        self._view: LogView | None = None
        self._cells: dict[int, tuple[Cell, ...]] = {}

    def show(self, view: LogView | None) -> None:
        """Take newer lines."""
        self._view = view
        self.filter()

    def filter(self) -> None:
        """Apply level and text."""
        lines = () if self._view is None else self._view.lines
        self.lines = [line for line in reversed(lines) if self._belongs(line)]
        if len(self._cells) > 2 * len(lines):
            self._cells.clear()

    def _belongs(self, line: LogLine) -> bool:
        if line.level < self.level:
            return False
        wanted = self.wanted.casefold()
        return not wanted or wanted in line.text.casefold() or wanted in line.source.casefold()

    def __len__(self) -> int:
        """Lines before the filters."""
        return 0 if self._view is None else len(self._view.lines)

    def row_count(self) -> int:
        return len(self.lines)

    def cells(self, index: int) -> tuple[Cell, ...]:
        line = self.lines[index]
        found = self._cells.get(line.number)
        if found is None:
            found = self._cells[line.number] = _format(line)
        return found

    def tooltip(self, index: int, column: int) -> str:
        del column
        return whole(self.lines[index])


def whole(line: LogLine) -> str:
    """All of a line, with its traceback."""
    said = f"{text.utc_moment(line.at_ms)} {logging.getLevelName(line.level)} {line.source}\n{line.text}"
    return f"{said}\n{line.detail}".rstrip()


def _format(line: LogLine) -> tuple[Cell, ...]:
    ink: Ink = _INKS.get(line.level, MUTED_CODE)
    first = line.text.partition("\n")[0]
    if line.detail:
        first = f"{first}: {line.detail.strip().splitlines()[-1]}"
    return (
        cell(text.clock_seconds(line.at_ms, None) + text.milliseconds_of(line.at_ms), MUTED_CODE),
        cell(logging.getLevelName(line.level).lower(), ink),
        cell(line.source, MUTED_CODE),
        cell(first, CODE),
    )
