"""The size of everything, ``ui.scale_pct``: known before Qt begins, so it is looked up without reading the settings.

Imports nothing: the first painted window waits for it. A value out of bounds is left to the settings to judge.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from virtuoso_desktop.app.arguments import Options

SETTING = "ui.scale_pct"
VARIABLE = "VIRTUOSO_UI__SCALE_PCT"
QT_VARIABLE = "QT_SCALE_FACTOR"
LEAST_PCT, MOST_PCT = 100, 200
_IN_FILE = re.compile(r"^[^#\n]*\bscale_pct\s*:\s*(\d+)", re.MULTILINE)


def wanted_scale_pct(options: Options, settings_file: Path) -> int:
    """The size that command line, environment or file ask for; 100 without any."""
    named = os.environ.get(VARIABLE)
    for text in options.overrides:
        name, _, value = text.partition("=")
        if name.strip() == SETTING:
            named = value
    if named is None:
        found = _IN_FILE.search(_text_of(settings_file))
        named = found[1] if found is not None else ""
    pct = int(named) if named.strip().isdecimal() else LEAST_PCT
    return pct if LEAST_PCT <= pct <= MOST_PCT else LEAST_PCT


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


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
