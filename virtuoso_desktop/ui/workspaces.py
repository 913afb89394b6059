"""The named workspaces: which there are, which is open, and the file that keeps them. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from virtuoso_desktop.ui.arrangement import Arrangement, open_stranded, sound
from virtuoso_desktop.ui.shipped import DEFAULT, SHIPPED, shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.storage.user_files import UserFiles

FILE, ABOUT = "workspaces", "workspaces"
VERSION = 1
ROOT = "root"
"""Kept once panels were moved; until then a shipped workspace is made for the size of the window."""
MOST_NAME, MOST_WORKSPACES = 40, 100
LARGEST_EXPORT_BYTES = 1_000_000


class Part(Protocol):
    """A part of the window that keeps something of its own with each workspace."""

    def remember(self) -> dict[str, Any]:
        """What to keep: texts, numbers, lists and dicts only."""
        ...

    def recall(self, kept: dict[str, Any]) -> None:
        """Take what was kept; anything may be missing or senseless. Empty: nothing was kept yet."""
        ...


class WorkspacesFile(msgspec.Struct):
    """The file. A workspace stays as it was read until it is changed: one that cannot be understood is not lost."""

    version: int = VERSION
    current: str = DEFAULT
    workspaces: dict[str, dict[str, Any]] = {}


class Exported(msgspec.Struct):
    """The file of one exported workspace."""

    virtuoso_workspace: int
    """Version."""
    name: str
    workspace: dict[str, Any]


class Opened(NamedTuple):
    """A workspace, and in words what could not be read."""

    arrangement: Arrangement
    problem: str | None = None


class NotPossible(Exception):
    """Why something cannot be done, in words."""


class Workspaces:
    """All of them. Whatever is changed is saved at once.

    Parameters
    ----------
    files : UserFiles
        Keep the file.
    """

    def __init__(self, files: UserFiles) -> None:
        self._file = files.file(FILE, WorkspacesFile, ABOUT)
        read = self._file.read()
        self._kept = read.value or WorkspacesFile()
        self.problem = read.problem
        """What the file's damage was, in words; told once by whoever shows the workspaces."""
        if self._kept.current not in self.names:
            self._kept.current = DEFAULT

    @property
    def names(self) -> list[str]:
        """The shipped ones, then the user's in the order in which they were made."""
        return [*SHIPPED, *(name for name in self._kept.workspaces if name not in SHIPPED)]

    @property
    def current(self) -> str:
        return self._kept.current

    def is_own(self, name: str) -> bool:
        """Whether the user made it."""
        return name not in SHIPPED

    def is_changed(self, name: str) -> bool:
        """Whether its panels stand otherwise than they were shipped."""
        return ROOT in self._kept.workspaces.get(name, {})

    # --- one workspace ------------------------------------------------------------------------------------------

    def read(self, width: int, height: int) -> Opened:
        """The current one, for a window of this size; `DEFAULT` when it cannot be read."""
        name = self.current
        kept = self._kept.workspaces.get(name)
        if not kept:
            return Opened(shipped(name, width, height))
        try:
            arrangement = _understood(kept)
            if not self.is_changed(name):
                arrangement = msgspec.structs.replace(shipped(name, width, height), parts=arrangement.parts)
            return Opened(arrangement)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            self._kept.current = DEFAULT
            outcome = "It is kept in the file; Default is shown."
            if name == DEFAULT:
                aside = self._free_name("Default, unreadable")
                self._kept.workspaces[aside] = self._kept.workspaces.pop(DEFAULT)
                outcome = f"It is kept as \u201c{aside}\u201d and begins anew."
            told = f"The workspace \u201c{name}\u201d cannot be read ({error}). {outcome}"
            return Opened(self.read(width, height).arrangement, told)

    def write_parts(self, parts: dict[str, dict[str, Any]]) -> None:
        """What other parts keep with the current one was changed, and its panels stand where they stood."""
        self._kept.workspaces[self.current] = {**self._kept.workspaces.get(self.current, {}), "parts": parts}
        self._save()

    def write(self, arrangement: Arrangement) -> None:
        """The current one was changed."""
        before = self._kept.workspaces.get(self.current, {})
        self._kept.workspaces[self.current] = {**before, **msgspec.to_builtins(arrangement)}
        self._save()

    # --- the list -----------------------------------------------------------------------------------------------

    def open(self, name: str) -> None:
        """Another one is the current one; `read` gives it."""
        self._kept.current = name
        self._save()

    def save_as(self, name: str, arrangement: Arrangement) -> str:
        """A new one with this arrangement, which is the current one from now on; its name, tidied.

        Raises
        ------
        NotPossible
            The name is empty, too long or taken.
        """
        name = self._new_name(name)
        self._kept.workspaces[name] = msgspec.to_builtins(arrangement)
        self._kept.current = name
        self._save()
        return name

    def rename(self, name: str) -> str:
        """The current one gets another name; raises `NotPossible` like `save_as`, and for a shipped one."""
        if not self.is_own(self.current):
            raise NotPossible(f"{self.current} comes with the program: duplicate it under another name.")
        name = self._new_name(name)
        self._kept.workspaces = {
            name if each == self.current else each: kept for each, kept in self._kept.workspaces.items()
        }
        self._kept.current = name
        self._save()
        return name

    def free_name(self) -> str:
        """For a copy of the current one."""
        return self._free_name(f"{self.current} copy"[:MOST_NAME])

    def delete(self) -> Callable[[], None]:
        """The current one goes, Default is the current one; returns what brings it back. Shipped ones stay."""
        name = self.current
        if not self.is_own(name):
            raise NotPossible(f"{name} comes with the program: it can be reset, not deleted.")
        before = dict(self._kept.workspaces)
        del self._kept.workspaces[name]
        self._kept.current = DEFAULT
        self._save()

        def undo() -> None:
            since = self._kept.workspaces
            kept = {each: since.get(each, was) for each, was in before.items() if each == name or each in since}
            self._kept.workspaces = {**kept, **{each: new for each, new in since.items() if each not in kept}}
            self._kept.current = name
            self._save()

        return undo

    def reset(self) -> Callable[[], None]:
        """The current one as it was shipped, the user's as Default; returns what brings it back."""
        name = self.current
        before = self._kept.workspaces.pop(name, None)
        if self.is_own(name):
            self._kept.workspaces[name] = {}
        self._save()

        def undo() -> None:
            if before is not None:
                self._kept.workspaces[name] = before
            else:
                self._kept.workspaces.pop(name, None)
            self._kept.current = name
            self._save()

        return undo

    # --- files of their own -------------------------------------------------------------------------------------

    def exported(self, arrangement: Arrangement) -> bytes:
        """The current one as a file."""
        before = self._kept.workspaces.get(self.current, {})
        whole = Exported(VERSION, self.current, {**before, **msgspec.to_builtins(arrangement)})
        return msgspec.json.format(msgspec.json.encode(whole), indent=1)

    def take_in(self, content: bytes) -> str:
        """Add an exported one, which is the current one from now on; its name.

        Raises
        ------
        NotPossible
            It is no workspace, or there are too many.
        """
        if len(content) > LARGEST_EXPORT_BYTES:
            raise NotPossible("The file is far too large for a workspace.")
        try:
            taken = msgspec.json.decode(content, type=Exported)
            _understood(taken.workspace)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise NotPossible(f"The file holds no workspace that this program can read ({error}).") from error
        name = " ".join(taken.name.split())[:MOST_NAME] or "Imported"
        name = self._new_name(name if name not in self.names else self._free_name(name))
        self._kept.workspaces[name] = taken.workspace
        self._kept.current = name
        self._save()
        return name

    # --- names --------------------------------------------------------------------------------------------------

    def _new_name(self, name: str) -> str:
        name = " ".join(name.split())
        if not name or not name.isprintable():
            raise NotPossible("A workspace needs a name.")
        if len(name) > MOST_NAME:
            raise NotPossible(f"A name has at most {MOST_NAME} letters.")
        if name.casefold() in (each.casefold() for each in self.names):
            raise NotPossible(f"There is a workspace \u201c{name}\u201d already.")
        if len(self.names) >= MOST_WORKSPACES:
            raise NotPossible(f"There are {MOST_WORKSPACES} workspaces: delete one first.")
        return name

    def _free_name(self, name: str) -> str:
        taken = {each.casefold() for each in self.names}
        if name.casefold() not in taken:
            return name
        stem = name[: MOST_NAME - 4]
        return next(free for place in range(2, 1_000) if (free := f"{stem} {place}").casefold() not in taken)

    def _save(self) -> None:
        self._kept.version = max(VERSION, self._kept.version)
        self._file.save(self._kept)


def _understood(kept: dict[str, Any]) -> Arrangement:
    """What was kept, as far as it makes sense."""
    arrangement = msgspec.convert(kept, Arrangement)
    seen: set[str] = set()
    arrangement.root = sound(arrangement.root, seen)
    open_stranded(arrangement.root)
    floating = arrangement.floating
    arrangement.floating = []
    for place in floating:
        root = sound(place.root, seen)
        if root is not None:
            place.root = root
            arrangement.floating.append(place)
    arrangement.windows = {name: place for name, place in arrangement.windows.items() if name not in seen}
    return arrangement
