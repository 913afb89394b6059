"""The rows as `docs/reliability.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.benchmarks.outcome import machine

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results" / "rows.json"
DOCUMENT = FOLDER.parents[1] / "docs" / "reliability.md"

HEAD = """# Reliability

Made by `make reliability`; do not edit. Each fault of [faults.md](faults.md) happens once to the whole program: the
simulated exchange in a process of its own, the real adapter, store and engine, and the functions that the window asks
for its words. Seeds are fixed; times are real seconds.

- **Found**: from the fault's begin to the first sign, be it a figure under Details; **told**: to the first words that
  a person must see (a dash: this fault must pass without a word).
- **Well**: from the fault's end (of one that happens once: 2.5 s after it was ordered) until rows, connection, books
  and chart are as before and no banner is left; a dash where nothing was to be seen.
- **Data**: afterwards books level by level at the same update, all trades once and in order, and the closed candles of
  the last half hour are held against the simulated market itself.
"""


class Rows:
    """All rows by name, in the order of the table; kept on disk between runs."""

    def __init__(self, order: list[str]) -> None:
        self._order = order
        self.rows: dict[str, dict[str, Any]] = {}
        self.clean: dict[str, Any] | None = None
        self._read()

    def _read(self) -> None:
        kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        self.rows, self.clean = kept.get("rows", {}), kept.get("clean")

    def put(self, row: dict[str, Any]) -> None:
        """One more row; those of another run at the same time are kept."""
        self._read()
        self.rows[row["name"]] = row
        self._write()

    def put_clean(self, clean: dict[str, Any]) -> None:
        self._read()
        self.clean = clean
        self._write()

    def _write(self) -> None:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"machine": machine(), "rows": self.rows, "clean": self.clean}, indent=1))
        DOCUMENT.write_text(self._text(), encoding="utf-8")

    def _text(self) -> str:
        rows = [self.rows[name] for name in self._order if name in self.rows]
        lines = ["| fault | found s | told s | what a person sees | well s | data |", "|---|---|---|---|---|---|"]
        lines += [_table_line(row) for row in rows]
        notes = [f"- {row['name']}: {row['note']}." for row in rows if row.get("note")]
        parts = [HEAD, *lines, "", *(["## Notes", "", *notes, ""] if notes else []), *self._clean_text()]
        return "\n".join(parts).rstrip() + "\n"

    def _clean_text(self) -> list[str]:
        clean = self.clean
        if clean is None:
            return []
        alarms = "; ".join(clean["alarms"]) or "none"
        return [
            "## Without any fault",
            "",
            f"{clean['minutes']:g} minutes in real time, {len(clean['instruments'])} instruments, half of them the "
            f"least traded ones ({', '.join(clean['instruments'])}); {clean['messages']:,} messages. "
            f"False alarms: {alarms}. Books held against REST and against each other: {clean['books_equal']} equal, "
            f"{clean['books_different']} different, {clean['books_undecided']} undecided. "
            + (
                f"Data at the end: {clean['differs']}."
                if clean["differs"]
                else "All data at the end equal the market's."
            ),
        ]


def _seconds(value: float | None) -> str:
    return "\u2014" if value is None else f"{max(0.0, value):.1f}"


def _table_line(row: dict[str, Any]) -> str:
    words = "; ".join(_short(each) for each in row.get("words", ()))
    if not words:
        figures = ", ".join(row.get("figures", ()))
        words = f"nothing; counted: {figures}" if figures else "nothing"
    data = "; ".join(row["problems"]) or "equal"
    well_s = row.get("well_s") if row.get("words") or row["problems"] else None
    cells = (row["name"], _seconds(row.get("first_s")), _seconds(row.get("seen_s")), words, _seconds(well_s))
    return "| " + " | ".join((*cells, data.replace("|", "\\|"))) + " |"


def _short(words: str) -> str:
    where, _, said = words.partition(": ")
    return f"{where}: \u201c{said}\u201d".replace("|", "\\|")


def line(row: dict[str, Any]) -> str:
    """A row for the terminal."""
    mark = "BAD " if row["problems"] else "good"
    times = "  ".join(f"{name} {_seconds(row.get(name + '_s')):>5}" for name in ("first", "seen", "well"))
    return f"{mark} {row['name']:<42} {times}  {'; '.join(row['problems'])[:200]}"
