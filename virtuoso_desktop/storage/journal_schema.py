"""The tables of the journal as numbered migrations: a step, once released, is never changed.

``ledger`` is append-only and hash-chained (``docs/ledger.md``). Its columns besides the body and its hash repeat
what the body says, to be searched; the check compares them. ``chain`` names the head of each chain, written in the
transaction of its row. ``evaluations`` are the newest records of each series, ``machine_states`` what a signal machine
goes on from after a restart.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x56_4A_52_4E
"""``VJRN`` in the file's header: a journal of this program."""


MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE ledger (number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL,
        instrument TEXT NOT NULL, timeframe TEXT NOT NULL, kind TEXT NOT NULL, close_ms INT NOT NULL)""",
        "CREATE INDEX ledger_by_series ON ledger (instrument, timeframe, number, close_ms)",
        "CREATE INDEX ledger_by_close ON ledger (close_ms)",
        """CREATE TRIGGER ledger_is_never_edited BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE(ABORT, 'a row of the ledger is never edited'); END""",
        """CREATE TRIGGER ledger_is_never_cut BEFORE DELETE ON ledger
        BEGIN SELECT RAISE(ABORT, 'a row of the ledger is never deleted'); END""",
        "CREATE TABLE chain (name TEXT PRIMARY KEY, number INT NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE series (id INTEGER PRIMARY KEY, instrument TEXT NOT NULL, timeframe TEXT NOT NULL,
        UNIQUE (instrument, timeframe))""",
        """CREATE TABLE evaluations (series INT NOT NULL, close_ms INT NOT NULL, cells BLOB NOT NULL, reason TEXT,
        PRIMARY KEY (series, close_ms)) WITHOUT ROWID""",
        """CREATE TABLE machine_states (series INTEGER PRIMARY KEY, as_of_ms INT NOT NULL,
        engine_version TEXT NOT NULL, config_hash TEXT NOT NULL, state BLOB NOT NULL)""",
    ),
)
