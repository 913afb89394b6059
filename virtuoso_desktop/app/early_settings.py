"""The few settings of the window that are needed before the settings are read: its size and its colours.

Imports nothing: the first painted window waits for it. They are looked up in the text of the file; what is wrong with
a value is left to the settings to judge.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtuoso_desktop.app.arguments import Options

QT_VARIABLE = "QT_SCALE_FACTOR"
LEAST_PCT, MOST_PCT = 100, 200


class EarlySettings:
    """What command line, environment and settings file say of the section ``ui``.

    Parameters
    ----------
    options : Options
        The command line.
    file : Path
        The settings file of the run.
    """

    def __init__(self, options: Options, file: Path) -> None:
        self._overrides = options.overrides
        try:
            self._text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            self._text = ""

    def named(self, name: str) -> str | None:
        """The value of ``--set`` or the environment; these go before everything that is remembered."""
        found = os.environ.get(f"VIRTUOSO_UI__{name.upper()}")
        for text in self._overrides:
            key, _, value = text.partition("=")
            if key.strip() == f"ui.{name}":
                found = value
        return found if found is None else found.strip()

    def value(self, name: str) -> str | None:
        """The value as text, wherever it stands; None where it is left at its default."""
        found = self.named(name)
        if found is None and name in self._text:
            match = re.search(rf"^[^#\n]*\b{name}\s*:\s*([\w]+)", self._text, re.MULTILINE)
            found = None if match is None else match[1]
        return found

    @property
    def scale_pct(self) -> int:
        """The size of everything; 100 for a value that cannot be."""
        named = self.value("scale_pct") or ""
        pct = int(named) if named.isdecimal() else LEAST_PCT
        return pct if LEAST_PCT <= pct <= MOST_PCT else LEAST_PCT


class QtScale:
    """Tells Qt the size while it begins, and nobody else: a child or a next start looks it up for itself.

    A factor that the person set in the environment stands.
    """

    def __init__(self, pct: int) -> None:
        self._is_ours = pct != LEAST_PCT and QT_VARIABLE not in os.environ
        self._pct = pct

    def __enter__(self) -> None:
        if self._is_ours:
            os.environ[QT_VARIABLE] = f"{self._pct / 100:g}"

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            del os.environ[QT_VARIABLE]
