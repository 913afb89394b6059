"""The lists of Markets at work: which one is shown, what goes in and out, what can be taken back, where it is kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.ui.panels.markets_rows import OWN_ORDER, WATCHED, Scope
from virtuoso_desktop.ui.watchlists import FAVOURITES, SCANNER, ListRefused, Watchlist, WatchlistFile, Watchlists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtuoso_desktop.model.instrument import Instrument, InstrumentId
    from virtuoso_desktop.storage.user_files import UserFile

WHERE = "watchlists"
_SYMBOLS = re.compile(r"[\w:.-]+")


class Host(Protocol):
    """The window, as far as lists speak to a person."""

    def post_notice(self, notice: Notice) -> None: ...

    def offer_undo(self, notice: Notice, undo: Callable[[], object]) -> None: ...


class MarketLists(QObject):
    """All lists of one panel.

    Parameters
    ----------
    now_ms : callable
        Stamps what a person is told.
    parent : QObject
        The panel.
    """

    scope_changed = Signal()
    """Other rows, or other members, have to be shown."""
    stars_changed = Signal()

    def __init__(self, now_ms: Callable[[], int], parent: QObject) -> None:
        super().__init__(parent)
        self._now_ms = now_ms
        self._host: Host | None = None
        self._file: UserFile[WatchlistFile] | None = None
        self.all = Watchlists()
        self.choose_watched: Callable[[InstrumentId, bool, Callable[[], object]], object] | None = None
        """Watches an instrument from now on, or no longer, and calls back when it is so; None while nobody can."""

    def begin(self, file: UserFile[WatchlistFile], host: Host) -> None:
        """Bring back what was kept, and keep every change from now on."""
        self._host, self._file = host, file
        read = file.read()
        if read.problem is not None:
            self.tell(Severity.WARNING, read.problem)
        if read.value is not None:
            self.all = Watchlists(read.value)
            self.scope_changed.emit()

    def tell(self, severity: Severity, words: str) -> None:
        """Say something to the person at the window."""
        if self._host is not None:
            self._host.post_notice(Notice(self._now_ms(), severity, WHERE, words))

    # --- what is shown ------------------------------------------------------------------------------------------

    @property
    def scope(self) -> Scope:
        """What the table lists now."""
        if self.all.shown == SCANNER:
            return Scope(SCANNER, has_scanned=True)
        current = self.all.current
        return WATCHED if current is None else Scope(current.name, current.instruments())

    @property
    def current(self) -> Watchlist | None:
        """The user's list that is shown; None for all watched and the scanner."""
        return self.all.current

    def show(self, name: str) -> None:
        """Show a list by name."""
        self.all.show(name)
        self._changed()

    def sort(self, column: str, *, down: bool) -> None:
        """Keep how the shown list is sorted."""
        if self.current is not None:
            self.all.sort(self.current.name, column, down=down)
            self._save()

    # --- lists --------------------------------------------------------------------------------------------------

    def create(self, name: str = "", members: Iterable[InstrumentId] = ()) -> str | None:
        """Make a list and show it; returns why not, in words."""
        try:
            made = self.all.create(name, members)
        except ListRefused as refusal:
            return refusal.user_text
        self.show(made.name)
        return None

    def rename(self, name: str, new: str) -> str | None:
        """Give a list another name; returns why not, in words."""
        try:
            self.all.rename(name, new)
        except ListRefused as refusal:
            return refusal.user_text
        self._changed()
        return None

    def delete(self, name: str) -> None:
        """Take a list away, with an undo."""
        was_shown = self.all.shown == name
        place, gone = self.all.delete(name)
        self._changed()

        def undo() -> None:
            self.all.restore(place, gone)
            if was_shown:
                self.all.show(gone.name)
            self._changed()

        count = len(gone.members)
        held = "It was empty." if not count else f"Its {count} instruments stay as they are, watched or not."
        self._offer_undo(f"The list {name} was deleted. {held}", undo)

    # --- members ------------------------------------------------------------------------------------------------

    def add(self, name: str, instruments: Iterable[InstrumentId], before: InstrumentId | None = None) -> None:
        """Put instruments into a list."""
        try:
            self.all.add(name, instruments, before)
        except ListRefused as refusal:
            self.tell(Severity.WARNING, refusal.user_text)
            return
        self._changed()

    def remove(self, instrument: InstrumentId) -> None:
        """Take an instrument out of the shown list, with an undo; whether it is watched is another matter."""
        before = self.current
        if before is None or not before.holds(instrument):
            return
        self.all.remove(before.name, instrument)
        self._changed()

        def undo() -> None:
            self.all.restore(0, before)
            self._changed()

        said = f"{instrument.symbol} was taken out of {before.name}. Whether it is watched has not changed."
        self._offer_undo(said, undo)

    def move(self, instrument: InstrumentId, before: InstrumentId | None) -> None:
        """Put a member of the shown list before another one, or last."""
        if self.current is not None:
            self.all.move(self.current.name, instrument, before)
            self._changed()

    def star(self, instrument: InstrumentId) -> None:
        """Into the favourites or out of them."""
        before = self.all.find(FAVOURITES)
        try:
            is_starred = self.all.star(instrument)
        except ListRefused as refusal:
            self.tell(Severity.WARNING, refusal.user_text)
            return
        self._changed()
        if not is_starred and before is not None and self.all.shown == FAVOURITES:
            self._offer_undo(
                f"{instrument.symbol} was taken out of {FAVOURITES}.",
                lambda: (self.all.restore(0, before), self._changed()),
            )

    def take_text(self, words: str, listed: Iterable[Instrument], before: InstrumentId | None) -> None:
        """Add the instruments that a dropped text names to the shown list."""
        current = self.current
        if current is None:
            self.tell(Severity.INFO, "Text can be dropped into a list of yours. Choose one, or make a new one.")
            return
        known = {name: each.id for each in listed for name in (str(each.id), each.symbol)}
        named = dict.fromkeys(_SYMBOLS.findall(words[:10_000]))
        found = [known[word] for word in named if word in known]
        if not found:
            self.tell(Severity.WARNING, "The text names no instrument of the exchange. Nothing was added.")
            return
        self.add(current.name, found, before)

    # --- watched or not -----------------------------------------------------------------------------------------

    def watch(self, instrument: InstrumentId) -> None:
        """Watch it from now on."""
        if self.choose_watched is not None:
            said = f"{instrument.symbol} is watched from now on. It is one of universe.include_symbols in the settings."
            self.choose_watched(instrument, True, lambda: self.tell(Severity.INFO, said))

    def unwatch(self, instrument: InstrumentId) -> None:
        """Watch it no longer, with an undo."""
        choose = self.choose_watched
        if choose is None:
            return
        said = f"{instrument.symbol} is no longer watched. It stays in your lists, and its history on the disk."

        def done() -> None:
            self._offer_undo(said, lambda: choose(instrument, True, _nothing))

        choose(instrument, False, done)

    def _offer_undo(self, words: str, undo: Callable[[], object]) -> None:
        if self._host is not None:
            self._host.offer_undo(Notice(self._now_ms(), Severity.INFO, WHERE, words), undo)

    def _changed(self) -> None:
        self._save()
        self.scope_changed.emit()
        self.stars_changed.emit()

    def _save(self) -> None:
        if self._file is not None:
            self._file.save(self.all.to_file())


def sort_of(current: Watchlist | None, plain: tuple[str, bool], columns: Iterable[str]) -> tuple[str, bool]:
    """Column and direction that a list is sorted by; ``plain`` where it is none of the user's."""
    if current is None:
        return plain
    column = current.sort_column if current.sort_column in set(columns) else OWN_ORDER
    return column, current.sorts_down


def _nothing() -> None:
    """Nobody waits for it."""
