"""The type scale: Inter with tabular figures, JetBrains Mono for codes, the system's fonts where they are missing."""

from __future__ import annotations

import os
from enum import Enum
from importlib.util import find_spec

from PySide6.QtGui import QFont, QFontDatabase

SANS = "Inter"
FIXED = "JetBrains Mono"
_FILES = {
    SANS: ("fontpkg_inter", "files/Inter[opsz,wght].ttf"),
    FIXED: ("fontpkg_jetbrains_mono", "files/JetBrainsMono[wght].ttf"),
}
_WEIGHT_AXIS = QFont.Tag("wght")
_TABULAR = QFont.Tag("tnum")
_families: dict[str, str] = {}
_fonts: dict[Type, QFont] = {}


class Type(Enum):
    """A role of text: (pixels, weight, family, tabular figures). Nothing under 10 px.

    Prose has no tabular figures: with them Inter sets a hyphen as wide as a figure.
    """

    GAUGE = (32, 600, SANS, True)
    HEADLINE = (18, 600, SANS, False)
    PRICE = (15, 600, SANS, True)
    TITLE = (13, 600, SANS, False)
    BODY = (12, 400, SANS, False)
    STRONG = (12, 600, SANS, False)
    FIGURE = (12, 400, SANS, True)
    NUMBER = (12, 500, SANS, True)
    KEY = (12, 600, SANS, True)
    CAPTION = (11, 400, SANS, True)
    CAPTION_NUMBER = (11, 500, SANS, True)
    CAPTION_KEY = (11, 600, SANS, True)
    BADGE = (10, 600, SANS, True)
    CODE = (12, 400, FIXED, False)


INK_TYPES = {
    (12, 400): Type.FIGURE,
    (12, 500): Type.NUMBER,
    (12, 600): Type.KEY,
    (11, 400): Type.CAPTION,
    (11, 500): Type.CAPTION_NUMBER,
    (11, 600): Type.CAPTION_KEY,
    (10, 600): Type.BADGE,
}
"""The table fonts by size and weight."""


def font(role: Type) -> QFont:
    """The font of a role. Shared: copy before changing."""
    found = _fonts.get(role)
    if found is None:
        pixels, weight, family, is_tabular = role.value
        found = _fonts[role] = make_font(pixels, weight, family, is_tabular=is_tabular)
    return found


def make_font(pixels: int, weight: int = 400, family: str = SANS, *, is_tabular: bool = True) -> QFont:
    """A font outside the scale: ``pixels`` high (logical), variable weight."""
    result = QFont(_family(family))
    result.setPixelSize(pixels)
    if is_tabular:
        result.setFeature(_TABULAR, 1)
    result.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    if result.family() == family:
        result.setVariableAxis(_WEIGHT_AXIS, float(weight))
    else:
        result.setWeight(QFont.Weight(weight))
    return result


def _family(name: str) -> str:
    """Load the bundled family on first use; the system's own font when its file cannot be read."""
    if name not in _families:
        path = package_file(*_FILES[name])
        loaded = QFontDatabase.addApplicationFont(path) if path is not None else -1
        fallback = QFontDatabase.SystemFont.FixedFont if name == FIXED else QFontDatabase.SystemFont.GeneralFont
        _families[name] = name if loaded >= 0 else QFontDatabase.systemFont(fallback).family()
    return _families[name]


def package_file(package: str, relative: str) -> str | None:
    """Path of a data file of an installed package, found without importing the package; None when absent."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = os.path.join(folder, relative)  # noqa: PTH118 (pathlib costs before the first paint)
        if os.path.exists(path):  # noqa: PTH110
            return path
    return None
