"""Which builds of PySide6 may run on which Python. No Qt is imported here."""

from __future__ import annotations

import re
import sys

PACKAGES = ("PySide6-Essentials", "shiboken6")
FIRST_BAD = (6, 12)
FIRST_GOOD_PYTHON = (3, 12)


def installed_versions() -> dict[str, str | None]:
    """Version of each of Qt's packages, None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # 25 ms that a window need not wait for

    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def pair_problem(
    pyside: str | None, shiboken: str | None, python: tuple[int, int] = sys.version_info[:2]
) -> str | None:
    """Why these must not run together, None when they may.

    PySide6 6.12 on Python 3.11 loses a reference to None with every drawing call that returns nothing, and
    ends the process while painting (Fatal Python error: none_dealloc); from Python 3.12 on None is immortal.
    """
    if pyside is None or shiboken is None:
        missing = PACKAGES[0] if pyside is None else PACKAGES[1]
        return f"{missing} is not installed, so there can be no window. Run `make setup`."
    if pyside != shiboken:
        return f"PySide6 {pyside} and shiboken6 {shiboken} are not of the same release. Install both as {pyside}."
    if _release(pyside) >= FIRST_BAD and python < FIRST_GOOD_PYTHON:
        return (
            f"PySide6 {pyside} ends the process while painting on Python {python[0]}.{python[1]}. "
            "Install PySide6-Essentials below 6.12, or use Python 3.12 or newer."
        )
    return None


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
