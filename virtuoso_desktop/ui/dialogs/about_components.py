"""Whose work the program carries: every package it needs to run, with version and licence. Reads files; no Qt."""

from __future__ import annotations

import platform
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PROGRAM = "virtuoso-desktop"
UNKNOWN = "not stated by the package"
LONGEST_LICENCE = 80
"""Some packages put the whole text where its name belongs."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LICENCE_CLASS = "License :: "
_FIRST = ("pyside6-essentials", "shiboken6", "numpy")


class Component(NamedTuple):
    """One of them."""

    name: str
    version: str
    licence: str


def bundled(qt_version: str) -> list[Component]:
    """What is carried without being a package of its own."""
    return [
        Component("Python", platform.python_version(), "PSF-2.0"),
        Component("Qt", qt_version, "LGPL-3.0-only"),
        Component("Inter (font)", "", "SIL Open Font License 1.1"),
        Component("JetBrains Mono (font)", "", "SIL Open Font License 1.1"),
        Component("Phosphor (icons)", "", "MIT"),
    ]


def packages(find: Callable[[str], Distribution] = distribution) -> list[Component]:
    """All packages that the installed program needs, and what they need; Qt's and numpy first, then by name.

    Parameters
    ----------
    find : callable
        Finds an installed package; raises PackageNotFoundError.
    """
    found: dict[str, Component] = {}
    waiting = [PROGRAM]
    seen: set[str] = set()
    while waiting:
        name = _normal(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            package = find(name)
        except PackageNotFoundError:
            continue  # needed on other systems only
        waiting.extend(_needs(package.requires or ()))
        if name != PROGRAM:
            found[name] = Component(_field(package, "Name") or name, package.version, licence_of(package))
    return sorted(found.values(), key=_order)


def _order(component: Component) -> tuple[int, str]:
    name = _normal(component.name)
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST)), name


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _needs(requirements: Iterable[str]) -> list[str]:
    """Names of required packages, without those of extras: nobody asked for them."""
    needed: list[str] = []
    for requirement in requirements:
        wanted, _, marker = requirement.partition(";")
        name = _NAME.match(wanted.strip())
        if name is not None and "extra" not in marker:
            needed.append(name.group())
    return needed


def licence_of(package: Distribution) -> str:
    """Its licence by name: the expression, else the classifiers, else the free text if it is short."""
    expression = _field(package, "License-Expression")
    if expression:
        return expression
    classes = [each for each in package.metadata.get_all("Classifier") or () if each.startswith(_LICENCE_CLASS)]
    if classes:
        return ", ".join(each.rpartition(" :: ")[2] for each in classes)
    first = _field(package, "License").partition("\n")[0].strip()
    return first if 0 < len(first) <= LONGEST_LICENCE else UNKNOWN


def _field(package: Distribution, name: str) -> str:
    return next(iter(package.metadata.get_all(name) or ()), "").strip()


def as_text(components: Sequence[Component]) -> str:
    """All of it, to be pasted."""
    lines = [f"Virtuoso Desktop {__version__}", f"{platform.system()} {platform.release()} {platform.machine()}", ""]
    lines += [" ".join(part for part in (each.name, each.version) if part) + f": {each.licence}" for each in components]
    return "\n".join(lines) + "\n"
