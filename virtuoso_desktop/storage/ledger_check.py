"""Is the ledger what was written? Names the first row that is not, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from virtuoso_desktop.storage.journal_faults import JournalFault
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import Head, StoredRow
from virtuoso_desktop.storage.ledger_rows import GENESIS, digest

_HEAD_LINE = re.compile(r"ledger ([0-9a-f]{16}): row (\d+), head ([0-9a-f]{64})\s*$")
Heads = Mapping[int, str]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What `check` found."""

    rows: int
    """Rows from the first on that are whole and follow each other."""
    head: str
    """Hash of the last of them."""
    lost: int
    """Rows that never could be written, as the whole rows tell."""
    known_heads: int
    """Heads noted elsewhere that were found at their place."""
    bad_row: int | None = None
    fault: str | None = None
    """None: all is as it was written."""


class _Link(msgspec.Struct, frozen=True):
    """What of a row holds the chain together."""

    number: int
    previous: str
    lost_before: int
    instrument: str
    timeframe: str
    kind: str
    close_ms: int

    @property
    def found_by(self) -> tuple[object, ...]:
        return self.instrument, self.timeframe, self.kind, self.close_ms


def heads_in_log(lines: Iterable[str]) -> dict[str, dict[int, str]]:
    """Hash by row that a log names, by ledger (`LedgerTable.short_id`)."""
    found: dict[str, dict[int, str]] = {}
    for line in lines:
        match = _HEAD_LINE.search(line)
        if match is not None:
            found.setdefault(match[1], {})[int(match[2])] = match[3]
    return found


def check(file: JournalFile, known: Mapping[str, Heads] | None = None, head: str | None = None) -> Verdict:
    """Go over the whole ledger as it is at this moment.

    Parameters
    ----------
    known : mapping
        Heads from the log, as `heads_in_log` finds them.
    head : str or None
        A hash that someone noted: it must be that of some row.
    """
    checker = _Checker()
    try:
        with file.snapshot():
            checker.go(file, {} if known is None else known, head)
            damage = file.integrity()
    except JournalFault as fault:
        return checker.verdict(f"cannot be read: {fault.reason}")
    if checker.fault is None and damage is not None:
        return checker.verdict(f"all rows are whole, but the file is damaged elsewhere: {damage}", names_row=False)
    return checker.verdict()


class _Checker:
    def __init__(self) -> None:
        self.fault: str | None = None
        self._bad_row: int | None = None
        self._head = Head(0, GENESIS)
        self._lost = 0
        self._found = 0

    def verdict(self, fault: str | None = None, *, names_row: bool = True) -> Verdict:
        if self.fault is None and fault is not None:
            self.fault = fault
            self._bad_row = self._head.number + 1 if names_row else None
        return Verdict(
            rows=self._head.number,
            head=self._head.hash,
            lost=self._lost,
            known_heads=self._found,
            bad_row=self._bad_row,
            fault=self.fault,
        )

    def go(self, file: JournalFile, known: Mapping[str, Heads], noted: str | None) -> None:
        heads = dict(known.get(file.ledger.short_id(), {}))
        is_noted_found = noted in (None, GENESIS)
        for stored in file.ledger.all_rows():
            self._row(stored)
            if self.fault is not None:
                return
            is_noted_found = is_noted_found or stored.hash == noted
            logged = heads.pop(stored.number, None)
            if logged is not None and logged != stored.hash:
                self._bad(stored.number, "its hash is not the one that the log names: it was written anew")
                return
            self._found += logged is not None
        self._end(file.ledger.noted_head(), max(heads, default=0))
        if self.fault is None and not is_noted_found:
            self.fault = f"no row has the hash {noted}: rows were cut off, or this is another ledger"

    def _row(self, stored: StoredRow) -> None:
        number = self._head.number + 1
        if stored.number != number:
            self._bad(number, f"missing: {_rows(number, stored.number - 1)} cut out")
        elif stored.body is None or stored.hash != digest(stored.body):
            self._bad(number, "edited: its content and its hash do not belong together")
        else:
            self._link(number, stored)

    def _link(self, number: int, stored: StoredRow) -> None:
        assert stored.body is not None
        assert stored.hash is not None
        try:
            link = msgspec.json.decode(stored.body, type=_Link)
        except (UnicodeDecodeError, msgspec.MsgspecError):
            self._bad(number, "replaced: its content is no row of a ledger")
            return
        if link.number != number:
            self._bad(number, f"reordered: here stands what was written as row {link.number}")
        elif link.previous != self._head.hash:
            self._bad(number, f"does not follow row {number - 1}: one of the two was replaced")
        elif link.found_by != stored.found_by:
            self._bad(number, "edited: the columns to search by say something else than its content")
        else:
            self._head = Head(number, stored.hash)
            self._lost += link.lost_before

    def _end(self, noted: Head, logged: int) -> None:
        last = max(noted.number, logged)
        if last > self._head.number:
            self._bad(self._head.number + 1, f"missing: {_rows(self._head.number + 1, last)} cut off at the end")
        elif noted != self._head:
            self._bad(
                self._head.number, "the journal notes another row as its head: this one was added by another hand"
            )

    def _bad(self, number: int, fault: str) -> None:
        self._bad_row, self.fault = number, fault


def _rows(first: int, last: int) -> str:
    return f"row {first} was" if first >= last else f"rows {first} to {last} were"
