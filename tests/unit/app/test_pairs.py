"""Which builds of PySide6 are refused."""

from __future__ import annotations

import pytest

from virtuoso_desktop.app.pairs import installed_versions, pair_problem


@pytest.mark.parametrize(
    ("pyside", "shiboken", "python", "said"),
    [
        ("6.11.3", "6.11.3", (3, 11), None),
        ("6.12.0", "6.12.0", (3, 12), None),
        ("6.12.0", "6.12.0", (3, 13), None),
        ("6.12.0", "6.12.0", (3, 11), "ends the process while painting on Python 3.11"),
        ("6.13.1", "6.13.1", (3, 11), "ends the process"),
        ("7.0.0", "7.0.0", (3, 11), "ends the process"),
        ("6.11.3", "6.11.2", (3, 12), "not of the same release"),
        (None, "6.11.3", (3, 11), "PySide6-Essentials is not installed"),
        ("6.11.3", None, (3, 11), "shiboken6 is not installed"),
    ],
)
def test_pair(pyside: str | None, shiboken: str | None, python: tuple[int, int], said: str | None) -> None:
    problem = pair_problem(pyside, shiboken, python)
    assert problem is None if said is None else problem is not None and said in problem


def test_what_is_installed_here_may_run() -> None:
    versions = installed_versions()
    assert pair_problem(versions["PySide6-Essentials"], versions["shiboken6"]) is None
