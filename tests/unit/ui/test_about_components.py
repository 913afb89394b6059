from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest

from virtuoso_desktop.ui.dialogs.about_components import (
    PROGRAM,
    UNKNOWN,
    Component,
    as_text,
    bundled,
    licence_of,
    packages,
)


class Package(Distribution):
    """An installed package by its metadata."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(path)


def package(name: str, *lines: str) -> Package:
    return Package("\n".join((f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0", *lines)) + "\n")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("License-Expression: MIT", "License: Old words"), "MIT"),
        (("Classifier: License :: OSI Approved :: BSD License", "License: long words"), "BSD License"),
        (("License: LGPL-3.0-only",), "LGPL-3.0-only"),
        (("License: " + "Permission is granted " * 20,), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_a_licence_is_told_by_its_name_or_not_at_all(lines: tuple[str, ...], said: str) -> None:
    assert licence_of(package("a", *lines)) == said


def test_what_packages_need_is_found_once_without_extras_and_other_systems() -> None:
    there = {
        PROGRAM: package(PROGRAM, "Requires-Dist: Ab_c>=1", "Requires-Dist: numpy", "Requires-Dist: t; extra == 'dev'"),
        "ab-c": package("Ab_c", "Requires-Dist: numpy", "Requires-Dist: only-windows; sys_platform == 'win32'"),
        "numpy": package("numpy", "Requires-Dist: AB.C[extra]>=2; python_version > '3'"),
        "t": package("t"),
    }

    def find(name: str) -> Distribution:
        if name not in there:
            raise PackageNotFoundError(name)
        return there[name]

    assert [each.name for each in packages(find)] == ["numpy", "Ab_c"]


def test_every_package_that_the_program_names_is_listed_with_a_licence() -> None:
    found = {re.sub("[-_.]+", "-", each.name).lower(): each for each in packages()}
    needed = [re.split("[^A-Za-z0-9._-]", each)[0] for each in requires(PROGRAM) or () if "extra" not in each]
    assert len(needed) > 15
    assert [name for name in needed if found[name].licence == UNKNOWN] == []
    assert "LGPL" in found["pyside6-essentials"].licence
    assert found["fontpkg-inter"].licence == "OFL-1.1"


def test_the_text_to_paste_has_a_line_for_each() -> None:
    said = as_text([*bundled("6.11.3"), Component("numpy", "2.4", "BSD")])
    assert "Qt 6.11.3: LGPL-3.0-only\n" in said
    assert "Inter (font): SIL Open Font License 1.1\n" in said
    assert said.endswith("numpy 2.4: BSD\n")
