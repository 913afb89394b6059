"""The user's lists of instruments: made, named, filled, arranged. No Qt; the window keeps a `WatchlistFile`.

Members are kept as text, ``venue:kind:SYMBOL``: what this program cannot read, of a newer one, stays in its list.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import InstrumentId

ALL_WATCHED = ""
SCANNER = "Scanner"
FAVOURITES = "Favourites"
"""The list that the star stands for; made by the first star."""
MOST_LISTS = 50
MOST_MEMBERS = 1_000
LONGEST_NAME = 40
_RESERVED = ("all watched", "scanner")


class ListRefused(VirtuosoError):
    """A list cannot be changed so; everything is as it was."""


class Watchlist(msgspec.Struct, frozen=True):
    """One list."""

    name: str = ""
    members: tuple[str, ...] = ()
    """In the user's own order."""
    sort_column: str = ""
    """Empty for the own order."""
    sorts_down: bool = True

    def instruments(self) -> tuple[InstrumentId, ...]:
        """Its members that this program knows how to read, each once."""
        found: dict[InstrumentId, None] = {}
        for text in self.members:
            instrument = _parsed(text)
            if instrument is not None:
                found[instrument] = None
        return tuple(found)

    def holds(self, instrument: InstrumentId) -> bool:
        return str(instrument) in self.members


class WatchlistFile(msgspec.Struct, frozen=True):
    """What is kept of all lists."""

    version: int = 1
    lists: tuple[Watchlist, ...] = ()
    shown: str = ALL_WATCHED
    """Name of the list that Markets shows; `ALL_WATCHED`, `SCANNER`, or the user's."""


class Watchlists:
    """All lists of one window, in the order in which they were made."""

    def __init__(self, kept: WatchlistFile | None = None) -> None:
        self.lists: list[Watchlist] = []
        self.shown = ALL_WATCHED
        if kept is not None:
            self._recall(kept)

    def _recall(self, kept: WatchlistFile) -> None:
        """Names that cannot be, of a file that somebody edited, are made to fit; nothing in a list is lost."""
        for each in kept.lists[:MOST_LISTS]:
            name = " ".join(each.name.split())[:LONGEST_NAME] or "List"
            self.lists.append(msgspec.structs.replace(each, name=self._free_name(name)))
        if kept.shown == SCANNER or self.find(kept.shown) is not None:
            self.shown = kept.shown

    def to_file(self) -> WatchlistFile:
        """For `storage.user_files`."""
        return WatchlistFile(lists=tuple(self.lists), shown=self.shown)

    def find(self, name: str) -> Watchlist | None:
        return next((each for each in self.lists if each.name == name), None)

    @property
    def current(self) -> Watchlist | None:
        """The user's list that is shown; None for all watched and the scanner."""
        return self.find(self.shown)

    def show(self, name: str) -> None:
        """Show a list, or what is built in; an unknown name shows all that are watched."""
        self.shown = name if name == SCANNER or self.find(name) is not None else ALL_WATCHED

    def create(self, name: str = "", members: Iterable[InstrumentId] = ()) -> Watchlist:
        """Make a list; without a name it gets one. Raises ListRefused."""
        if len(self.lists) >= MOST_LISTS:
            raise ListRefused(f"There are {MOST_LISTS} lists already; delete one first.")
        name = self._checked(name) if name else self._free_name("List")
        made = Watchlist(name, tuple(dict.fromkeys(str(member) for member in members)))
        self.lists.append(made)
        return made

    def rename(self, name: str, new: str) -> Watchlist:
        """Give a list another name. Raises ListRefused."""
        if name == FAVOURITES:
            raise ListRefused(f"The star stands for {FAVOURITES}: it keeps its name.")
        checked = self._checked(new, instead_of=name)
        renamed = self._change(name, name=checked)
        if self.shown == name:
            self.shown = checked
        return renamed

    def delete(self, name: str) -> tuple[int, Watchlist]:
        """Take a list away; returns what `restore` needs."""
        place = next(index for index, each in enumerate(self.lists) if each.name == name)
        gone = self.lists.pop(place)
        if self.shown == name:
            self.shown = ALL_WATCHED
        return place, gone

    def restore(self, place: int, gone: Watchlist) -> None:
        """Take a deletion, or any change of a list, back."""
        if self.find(gone.name) is None:
            self.lists.insert(place, gone)
        else:
            self._put(gone)

    def add(self, name: str, instruments: Iterable[InstrumentId], before: InstrumentId | None = None) -> int:
        """Add instruments at the end, or before a member; returns how many are new. Raises ListRefused."""
        held = self._named(name)
        new = [text for text in dict.fromkeys(str(each) for each in instruments) if text not in held.members]
        if len(held.members) + len(new) > MOST_MEMBERS:
            raise ListRefused(f"A list holds {MOST_MEMBERS} instruments at most; nothing was added to {name}.")
        members = list(held.members)
        place = members.index(str(before)) if before is not None and str(before) in members else len(members)
        self._change(name, members=(*members[:place], *new, *members[place:]))
        return len(new)

    def remove(self, name: str, instrument: InstrumentId) -> None:
        """Take an instrument out of a list; it stays watched."""
        held = self._named(name)
        self._change(name, members=tuple(each for each in held.members if each != str(instrument)))

    def move(self, name: str, instrument: InstrumentId, before: InstrumentId | None) -> None:
        """Put a member before another one, or last."""
        held = self._named(name)
        text = str(instrument)
        if text not in held.members or before == instrument:
            return
        members = [each for each in held.members if each != text]
        place = members.index(str(before)) if before is not None and str(before) in members else len(members)
        members.insert(place, text)
        self._change(name, members=tuple(members))

    def sort(self, name: str, column: str, *, down: bool) -> None:
        """Remember how a list is sorted; an empty column is its own order."""
        if self.find(name) is not None:
            self._change(name, sort_column=column, sorts_down=down)

    def is_starred(self, instrument: InstrumentId) -> bool:
        starred = self.find(FAVOURITES)
        return starred is not None and starred.holds(instrument)

    def star(self, instrument: InstrumentId) -> bool:
        """Into the favourites, or out of them; returns whether it is one now. Raises ListRefused."""
        if self.is_starred(instrument):
            self.remove(FAVOURITES, instrument)
            return False
        if self.find(FAVOURITES) is None:
            self.create(FAVOURITES)
        self.add(FAVOURITES, [instrument])
        return True

    def _named(self, name: str) -> Watchlist:
        found = self.find(name)
        if found is None:
            raise ListRefused(f"There is no list {name}.")
        return found

    def _change(self, name: str, /, **fields: object) -> Watchlist:
        place = next(index for index, each in enumerate(self.lists) if each.name == name)
        self.lists[place] = msgspec.structs.replace(self.lists[place], **fields)
        return self.lists[place]

    def _put(self, changed: Watchlist) -> None:
        self.lists = [changed if each.name == changed.name else each for each in self.lists]

    def _checked(self, name: str, instead_of: str = "") -> str:
        """The name as it will be. Raises ListRefused."""
        name = " ".join(name.split())
        if not name:
            raise ListRefused("A list needs a name.")
        if len(name) > LONGEST_NAME:
            raise ListRefused(f"A name has {LONGEST_NAME} characters at most.")
        if name.casefold() in _RESERVED or any(
            each.name.casefold() == name.casefold() for each in self.lists if each.name != instead_of
        ):
            raise ListRefused(f"There is a list {name} already.")
        return name

    def _free_name(self, wanted: str) -> str:
        taken = {each.name.casefold() for each in self.lists} | set(_RESERVED)
        number, name = 1, wanted
        while name.casefold() in taken:
            number += 1
            name = f"{wanted[: LONGEST_NAME - 4]} {number}"
        return name


def _parsed(text: str) -> InstrumentId | None:
    try:
        return InstrumentId.parse(text)
    except ValueError:
        return None
