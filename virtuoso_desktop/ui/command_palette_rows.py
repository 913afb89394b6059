"""What the command palette finds: actions and instruments, ranked by how well they match and by recent use. No Qt.

The matching is our own: the letters that matched have to be shown, which fast libraries do not tell, and some hundred
short titles take a millisecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.views import MarketRow, kind_badge
from virtuoso_desktop.ui.feed_state import venue_name
from virtuoso_desktop.ui.panels.markets_rows import KIND_WORDS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from virtuoso_desktop.model.instrument import Instrument, InstrumentId
    from virtuoso_desktop.ui.actions import Action

MOST_KEPT = 12
"""Recently used entries that are remembered."""
MOST_RECENT_SHOWN = 5
MOST_BESIDE = 6
"""Instruments while actions match too: both stay in sight."""
MOST_INSTRUMENTS = 60
NOT_WATCHED = ", not watched"
RECENT, INSTRUMENTS, ACTIONS = "Recent", "Instruments", "Actions"
_AT_START, _AT_WORD, _INSIDE, _SCATTERED, _BESIDE = 100.0, 80.0, 50.0, 30.0, 12.0
_RECENT_BONUS = 24.0
_GAP_COST = 4.0


class Entry(NamedTuple):
    """Something that can be chosen."""

    key: str
    """``action:NAME`` or ``instrument:venue:kind:SYMBOL``."""
    title: str
    beside: str
    """Group of an action, venue and kind of an instrument; searched too, for less."""
    also: str = ""
    """Searched as well, not shown."""
    keys: tuple[str, ...] = ()
    why_not: str | None = None
    """Why it cannot be done now."""
    weight: float = 0.0
    """Of two that match as well, the heavier is first."""
    market: MarketRow | None = None
    """Prices of an instrument, where they are known."""

    @property
    def is_action(self) -> bool:
        return self.key.startswith("action:")

    @property
    def spoken(self) -> str:
        """How a screen reader says it."""
        said = ", ".join([f"{self.title}, {self.beside}", *self.keys[:1]])
        return said if self.why_not is None else f"{said}. Not now: {self.why_not}"


class Found(NamedTuple):
    """An entry that matches, and which of its title's letters did."""

    entry: Entry
    rank: float = 0.0
    marked: frozenset[int] = frozenset()


class Group(NamedTuple):
    """Entries under one heading."""

    name: str
    found: tuple[Found, ...]


def action_entries(actions: Iterable[Action]) -> list[Entry]:
    """The window's actions in the order of their list."""
    return [
        Entry(
            f"action:{action.listed.action}",
            action.listed.does,
            action.listed.group,
            keys=action.listed.keys,
            why_not=action.why_not(),
            weight=-float(place),
        )
        for place, action in enumerate(actions)
    ]


def instrument_entries(rows: Iterable[MarketRow]) -> list[Entry]:
    """Instruments, the largest turnover heaviest."""
    return [_instrument_entry(row.instrument_id, NOT_WATCHED if row.is_scanned else "", row) for row in rows]


def listed_entries(instruments: Iterable[Instrument], known: Container[InstrumentId]) -> list[Entry]:
    """What the exchange trades besides: it is watched while it is shown, so its price is not known yet."""
    return [_instrument_entry(each.id, NOT_WATCHED, None) for each in instruments if each.id not in known]


def _instrument_entry(identity: InstrumentId, state: str, row: MarketRow | None) -> Entry:
    where = f"{venue_name(identity.venue.value)} {KIND_WORDS[identity.market_kind]}{state}"
    key, turnover = str(identity), 0.0 if row is None else row.turnover_24h or 0.0
    title = identity.symbol + kind_badge(identity.market_kind)
    return Entry(f"instrument:{key}", title, where, key, weight=turnover, market=row)


def search(entries: Sequence[Entry], typed: str, recent: Sequence[str]) -> list[Group]:
    """What matches, best first, under headings; the heading of the best match first.

    Parameters
    ----------
    entries : sequence of Entry
        All there is.
    typed : str
        Words that all have to match; none shows what was used last, then every action and instrument.
    recent : sequence of str
        Keys of entries used before, newest first.
    """
    words = tuple(typed.casefold().split())
    if not words:
        return _unasked(entries, recent)
    places = {key: place for place, key in enumerate(recent)}
    actions: list[Found] = []
    instruments: list[Found] = []
    for entry in entries:
        rank = rank_of(entry, words)
        if rank is not None:
            place = places.get(entry.key)
            bonus = 0.0 if place is None else _RECENT_BONUS - place
            (actions if entry.is_action else instruments).append(Found(entry, rank + bonus))
    most = MOST_BESIDE if actions else MOST_INSTRUMENTS
    groups = (
        _group(ACTIONS, words, sorted(actions, key=_order)),
        _group(INSTRUMENTS, words, sorted(instruments, key=_order)[:most]),
    )
    return sorted((group for group in groups if group.found), key=lambda group: -group.found[0].rank)


def _group(name: str, words: Sequence[str], found: Iterable[Found]) -> Group:
    """The letters are looked for in what is shown only."""
    return Group(name, tuple(each._replace(marked=marks_of(each.entry, words)) for each in found))


def _unasked(entries: Sequence[Entry], recent: Sequence[str]) -> list[Group]:
    by_key = {entry.key: entry for entry in entries}
    used = [by_key[key] for key in recent if key in by_key][:MOST_RECENT_SHOWN]
    others = [Found(entry) for entry in entries if entry not in used]
    instruments = sorted((each for each in others if not _is_action(each)), key=_order)[:MOST_INSTRUMENTS]
    groups = (
        Group(RECENT, tuple(map(Found, used))),
        Group(ACTIONS, tuple(each for each in others if _is_action(each))),
        Group(INSTRUMENTS, tuple(instruments)),
    )
    return [group for group in groups if group.found]


def _is_action(found: Found) -> bool:
    return found.entry.is_action


def _order(found: Found) -> tuple[float, float, str]:
    return -found.rank, -found.entry.weight, found.entry.title


def rank_of(entry: Entry, words: Sequence[str]) -> float | None:
    """How well an entry holds every word; None when one is missing."""
    title, rank = entry.title.casefold(), 0.0
    for word in words:
        part = _word_in(title, word)
        if part is not None:
            rank += part[0]
        elif word in entry.beside.casefold() or word in entry.also.casefold():
            rank += _BESIDE
        else:
            return None
    return rank / len(words) - 0.2 * len(title)


def marks_of(entry: Entry, words: Sequence[str]) -> frozenset[int]:
    """Which letters of its title the words stand for."""
    title = entry.title.casefold()
    if len(title) != len(entry.title):
        return frozenset()  # a letter that folds into two has no place of its own
    parts = (_word_in(title, word) for word in words)
    return frozenset(place for part in parts if part is not None for place in part[1])


def _word_in(title: str, word: str) -> tuple[float, range | list[int]] | None:
    """Rank and place of a word in a title: whole, at best where a word begins, or scattered in its order."""
    at = title.find(word)
    if at < 0:
        return _scattered(title, word)
    while at >= 0 and not _begins_word(title, at):
        at = title.find(word, at + 1)
    if at < 0:
        at = title.find(word)
        return _INSIDE, range(at, at + len(word))
    return (_AT_START if at == 0 else _AT_WORD), range(at, at + len(word))


def _begins_word(title: str, at: int) -> bool:
    return at == 0 or not title[at - 1].isalnum()


def _scattered(title: str, word: str) -> tuple[float, list[int]] | None:
    """Letters in order, the first at the beginning of a word; the others begin words too or follow each other."""
    places: list[int] = []
    gaps, at = 0, -1
    for letter in word:
        follows = 0 <= at < len(title) - 1 and title[at + 1] == letter
        nearest = title.find(letter, at + 1)
        if nearest < 0:
            return None
        if not follows:
            begins = _next_beginning(title, letter, nearest)
            if begins is None and not places:
                return None
            gaps += begins is None
            nearest = nearest if begins is None else begins
        at = nearest
        places.append(at)
    return (_SCATTERED - _GAP_COST * gaps, places) if gaps <= len(word) // 3 else None


def _next_beginning(title: str, letter: str, at: int) -> int | None:
    while at >= 0:
        if _begins_word(title, at):
            return at
        at = title.find(letter, at + 1)
    return None


def used_now(recent: Sequence[str], key: str) -> tuple[str, ...]:
    """The recently used keys after one more use, newest first."""
    return (key, *(each for each in recent if each != key))[:MOST_KEPT]
