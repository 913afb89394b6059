"""The ledger: every transition of a signal as one appended row, each naming the hash of the row before it.

Rows are numbered and hashed here, in the order in which they were put, so that the batches in which they arrive leave
no trace. Used in the journal's thread; `docs/ledger.md` says how anyone can verify the chain.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.ledger_rows import GENESIS, LedgerKind, LedgerRow, Transition, canonical, digest

CHAIN = "ledger"
SHORT_ID = 16
"""Digits of the first row's hash that name a ledger in the log."""
Series = tuple[InstrumentId, Timeframe]
_SELECT = "SELECT number, CAST(body AS BLOB), CAST(hash AS BLOB), instrument, timeframe, kind, close_ms FROM ledger"
_ROW = msgspec.json.Decoder(LedgerRow)
log = logging.getLogger(__name__)


class Head(NamedTuple):
    """The newest row of a chain."""

    number: int
    hash: str


class StoredRow(NamedTuple):
    """A row as it is on disk: its bytes and the hash that stands beside them."""

    number: int
    body: bytes | None
    hash: str | None
    found_by: tuple[object, ...]
    """Instrument, timeframe, kind and close as the columns beside the body repeat them."""


class LedgerTable:
    """The ledger of an open journal.

    Attributes
    ----------
    head : Head
        Number 0 and `GENESIS` of an empty one.
    remark : str or None
        What is wrong with the end of the chain, in words; found by `load`.
    repeated : int
        Transitions that were not appended, since the ledger held them already (a restart goes over them again).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last: dict[tuple[str, str], LedgerRow] = {}
        self._lost = 0
        self.head = Head(0, GENESIS)
        self.remark: str | None = None
        self.repeated = 0

    def load(self) -> None:
        """Find the head and the last row of each series. Raises sqlite3.Error."""
        noted = self.noted_head()
        newest = self._newest_head()
        self.head = max(noted, newest)
        if noted != newest:
            self.remark = _remark(noted, newest)
        self._last = dict(self._find_last())

    def append(self, transitions: Sequence[Transition], lost_before: int = 0) -> int:
        """Add rows at the end, within a transaction; returns how many were new. Raises sqlite3.Error."""
        added = 0
        self._lost += lost_before
        for transition in transitions:
            row = transition.row(self.head.number + 1, self.head.hash, self._lost)
            key = (row.instrument, row.timeframe.value)
            if _is_told(self._last.get(key), row):
                self.repeated += 1
                continue
            body = canonical(row)
            self.head = Head(row.number, digest(body))
            self._connection.execute(
                "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.number, body.decode(), self.head.hash, *key, row.kind.value, row.close_ms),
            )
            if row.kind is not LedgerKind.REVISED:
                self._last[key] = row
            self._lost = 0
            added += 1
        if added:
            self._connection.execute("INSERT OR REPLACE INTO chain VALUES (?, ?, ?)", (CHAIN, *self.head))
        return added

    def last_rows(self) -> dict[Series, LedgerRow]:
        """The row of each series that says what holds: its newest that is not `REVISED`."""
        return {
            (InstrumentId.parse(instrument), Timeframe(timeframe)): row
            for (instrument, timeframe), row in self._last.items()
        }

    def rows(
        self,
        *,
        instrument: str | None = None,
        timeframe: str | None = None,
        since_ms: int | None = None,
        limit: int | None = None,
    ) -> list[StoredRow]:
        """The newest rows that fit, oldest first; ``since_ms`` is the earliest close. Raises sqlite3.Error."""
        given = {"instrument = ?": instrument, "timeframe = ?": timeframe, "close_ms >= ?": since_ms}
        tests = [test for test, value in given.items() if value is not None] or ["TRUE"]
        values = [value for value in given.values() if value is not None]
        # The numbers first, from an index alone: bodies are read of the rows that are wanted, not of all that fit.
        fits = f"SELECT number FROM ledger WHERE {' AND '.join(tests)} ORDER BY number DESC LIMIT ?"  # noqa: S608
        found = self._connection.execute(
            f"{_SELECT} WHERE number IN ({fits}) ORDER BY number", (*values, -1 if limit is None else limit)
        )
        return [_stored(*row) for row in found]

    def all_rows(self) -> Iterator[StoredRow]:
        """Every row in the order of the chain, as it is. Raises sqlite3.Error on the way."""
        for row in self._connection.execute(f"{_SELECT} ORDER BY number"):
            yield _stored(*row)

    def noted_head(self) -> Head:
        """What the table of heads says of this chain. Raises sqlite3.Error."""
        found = self._connection.execute("SELECT number, hash FROM chain WHERE name = ?", (CHAIN,)).fetchone()
        return Head(0, GENESIS) if found is None else Head(int(found[0]), str(found[1]))

    def short_id(self) -> str:
        """Which ledger this is: the first digits of its first row's hash. Raises sqlite3.Error."""
        found = self._connection.execute("SELECT hash FROM ledger ORDER BY number LIMIT 1").fetchone()
        return "" if found is None else str(found[0])[:SHORT_ID]

    def _newest_head(self) -> Head:
        found = self._connection.execute("SELECT number, hash FROM ledger ORDER BY number DESC LIMIT 1").fetchone()
        return Head(0, GENESIS) if found is None else Head(int(found[0]), str(found[1]))

    def _find_last(self) -> Iterator[tuple[tuple[str, str], LedgerRow]]:
        instrument, timeframe = "", ""
        while True:
            # One step to the next series and one to its newest row: two looks into the index, however long it is.
            series = self._connection.execute(
                "SELECT instrument, timeframe FROM ledger WHERE (instrument, timeframe) > (?, ?) "
                "ORDER BY instrument, timeframe LIMIT 1",
                (instrument, timeframe),
            ).fetchone()
            if series is None:
                return
            instrument, timeframe = series
            newest = self._connection.execute(
                "SELECT CAST(body AS BLOB) FROM ledger WHERE instrument = ? AND timeframe = ? AND kind <> ? "
                "ORDER BY number DESC LIMIT 1",
                (instrument, timeframe, LedgerKind.REVISED.value),
            ).fetchone()
            row = None if newest is None else read_row(newest[0])
            if row is not None:
                yield (instrument, timeframe), row
            elif newest is not None:
                self.remark = f"The newest row of {instrument} {timeframe} in the ledger cannot be read."


def read_row(body: bytes | None) -> LedgerRow | None:
    """The row behind its bytes; None when they are not what this program writes."""
    try:
        return _ROW.decode(body or b"")
    except (UnicodeDecodeError, msgspec.MsgspecError):
        return None


def _is_told(last: LedgerRow | None, row: LedgerRow) -> bool:
    """The ledger has this already: a machine that begins again with older candles goes over it a second time."""
    if last is None or row.kind is LedgerKind.REVISED:
        return False
    if row.close_ms == last.close_ms:
        return row.kind is last.kind and row.standing == last.standing
    return row.close_ms < last.close_ms


def _stored(number: int, body: bytes | None, hash_: bytes | None, *found_by: object) -> StoredRow:
    return StoredRow(number, body, None if hash_ is None else hash_.decode("ascii", "replace"), found_by)


def _remark(noted: Head, newest: Head) -> str:
    if noted.number > newest.number:
        what = f"its rows {newest.number + 1} to {noted.number} are missing"
    else:
        what = f"its head does not belong to row {newest.number}"
    return (
        f"The ledger was changed by something else than this program: {what}. New rows are appended behind; "
        "`virtuoso-desktop ledger verify` names the first bad row."
    )
