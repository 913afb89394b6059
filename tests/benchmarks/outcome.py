"""What a benchmark found: figures against their targets, as a table and as JSON."""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """One figure.

    Parameters
    ----------
    what : str
        What was measured, in words.
    value : float or None
        The figure; None when it could not be measured (`note` says why).
    unit : str
        ``x`` for a ratio, else ``ms``, ``us``, ``MB`` ...
    at_most : float, optional
        The target; without one the line only informs.
    stretch : float, optional
        What would be better still.
    """

    what: str
    value: float | None
    unit: str = "x"
    at_most: float | None = None
    stretch: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.stretch is not None and self.value <= self.stretch:
            return "stretch"
        if self.at_most is None:
            return ""
        return "met" if self.value <= self.at_most else "MISSED"


@dataclass
class Outcome:
    """All figures of one benchmark; ``facts`` holds what they were computed from."""

    name: str
    lines: list[Line] = field(default_factory=list[Line])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def table(self) -> str:
        rows = [
            (
                line.what,
                "-" if line.value is None else _number(line.value) + " " + line.unit,
                "" if line.at_most is None else f"<= {line.at_most:g}",
                "" if line.stretch is None else f"({line.stretch:g})",
                line.verdict,
                line.note,
            )
            for line in self.lines
        ]
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
        text = [self.name]
        for row in rows:
            cells = [row[0].ljust(widths[0]), *(row[column].rjust(widths[column]) for column in range(1, 4))]
            text.append("  " + "  ".join([*cells, row[4].ljust(widths[4]), row[5]]).rstrip())
        return "\n".join(text)

    def write(self, folder: Path = RESULTS) -> Path:
        """Write ``<name>.json`` beside the benchmarks; returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        lines = [{**asdict(line), "verdict": line.verdict} for line in self.lines]
        body = {"name": self.name, "machine": machine(), "lines": lines, "facts": self.facts}
        path.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        return path


def machine() -> dict[str, Any]:
    """Where and when: a figure without them cannot be compared."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    load = Path("/proc/loadavg")
    return {
        "at_ms": time.time_ns() // 1_000_000,
        "python": sys.version,
        "python_is_optimised": "--enable-optimizations" in flags,
        "platform": f"{sys.platform} {platform.release()} {platform.machine()}",
        "load_average": load.read_text(encoding="ascii").strip() if load.exists() else None,
    }


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"
