"""What every evaluation of a closed candle found: the newest records of each instrument and timeframe.

From these stored records come the confluence history, what changed since the last candle, and why a signal was
withheld. The same transaction takes an evaluation's record, its ledger rows and the state its signal machine goes on
from: killed at any moment, the three never tell different things.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import (
    COMPONENTS,
    Confluence,
    Reason,
    SignalKind,
    SignalStrength,
    Withheld,
)
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.ledger_rows import Transition

if TYPE_CHECKING:
    from virtuoso_desktop.storage.journal_file import JournalFile

KEPT_PER_SERIES = 1_000
"""Newest records of each instrument and timeframe; a few more until the next cut."""
CUT_EVERY = 50
MOST_SERIES = 500
"""With records, about 170 MB; beyond it those that were not written for longest lose theirs, at a start."""

# The place of a word in these tuples is its code on disk: words are added at the end, never in between.
SIGNALS: Final = (SignalKind.NEUTRAL, SignalKind.BUY, SignalKind.SELL)
STRENGTHS: Final = (
    SignalStrength.NONE, SignalStrength.LEAN, SignalStrength.MODERATE, SignalStrength.STRONG,
    SignalStrength.VERY_STRONG,
)  # fmt: skip
REASONS: Final = (
    None, Reason.WARMUP, Reason.MISSING, Reason.STALE, Reason.DEGENERATE, Reason.NOT_APPLICABLE, Reason.GAP,
    Reason.REACH,
)  # fmt: skip
RULES: Final = (
    Withheld.THRESHOLD, Withheld.CONFIRMATION, Withheld.COOL_DOWN, Withheld.COVERAGE, Withheld.CONFIDENCE,
    Withheld.DIMENSIONS_CHANGED,
)  # fmt: skip
DIMENSIONS: Final = tuple(COMPONENTS)
COMPONENT_NAMES: Final = tuple((dimension, name) for dimension, names in COMPONENTS.items() for name in names)
UNKNOWN_STATUS: Final = 255
OK: Final = "OK"
_NAN: Final = float("nan")
_MISSING: Final = REASONS.index(Reason.MISSING)

_D, _C = len(DIMENSIONS), len(COMPONENT_NAMES)
CELLS: Final = np.dtype(
    [
        ("decision_ms", "<i8"),
        ("score", "<f8"),
        ("confidence", "<f8"),
        ("confidence_raw", "<f8"),
        ("signal", "u1"),
        ("strength", "u1"),
        ("withheld", "<u2"),
        ("dimension_score", "<f4", (_D,)),
        ("dimension_weight", "<f4", (_D,)),
        ("dimension_status", "u1", (_D,)),
        ("component_score", "<f4", (_C,)),
        ("component_points", "<f4", (_C,)),
        ("component_reason", "u1", (_C,)),
    ]
)
"""One record. Scores are 0 to 100, NaN where there is none; codes as in the tuples above; ``withheld`` a bit a rule."""
_PACKER: Final = struct.Struct(f"<qdddBBH{_D}f{_D}f{_D}B{_C}f{_C}f{_C}B")


# A machine that goes over older candles again does not push out the state it had reached, unless it is another machine.
_KEEP_STATE: Final = """
INSERT INTO machine_states VALUES (?, ?, ?, ?, ?) ON CONFLICT (series) DO UPDATE SET as_of_ms = excluded.as_of_ms,
engine_version = excluded.engine_version, config_hash = excluded.config_hash, state = excluded.state
WHERE excluded.as_of_ms >= as_of_ms OR excluded.engine_version <> engine_version OR excluded.config_hash <> config_hash
"""


class History(NamedTuple):
    """Records of one instrument and timeframe as columns, oldest first.

    ``close_ms`` is int64 (n,); ``cells`` is (n,) of `CELLS`: ``cells["score"]`` is a float64 column,
    ``cells["component_points"]`` float32 (n, 20) in the order of `COMPONENT_NAMES`; ``reasons`` says in words why
    there is no score or why a signal ended.
    """

    close_ms: npt.NDArray[np.int64]
    cells: npt.NDArray[np.void]
    reasons: tuple[str | None, ...]


class MachineState(NamedTuple):
    """What a signal machine goes on from: the bytes of its state after the candle that closed at ``as_of_ms``.

    Bytes of another engine or other settings are not to be used: the caller compares.
    """

    as_of_ms: int
    engine_version: str
    config_hash: str
    state: bytes


class Record(NamedTuple):
    """An evaluation as it is stored."""

    instrument: str
    timeframe: str
    close_ms: int
    cells: bytes
    reason: str | None


class Evaluation(NamedTuple):
    """All that is stored of one evaluation, in one piece. Made by `evaluation`.

    Attributes
    ----------
    lost_before : int
        Ledger rows that could not be stored before this.
    """

    record: Record
    transitions: tuple[Transition, ...]
    state: MachineState | None
    lost_before: int

    @property
    def is_urgent(self) -> bool:
        """A transition is written at once, the rest may wait for more."""
        return bool(self.transitions)

    def write(self, file: JournalFile) -> None:
        file.ledger.append(self.transitions, self.lost_before)
        file.evaluations.put(self.record, self.state)


def evaluation(
    result: Confluence,
    transitions: Sequence[Transition] = (),
    state: bytes | None = None,
    *,
    lost_before: int = 0,
) -> Evaluation:
    """What is to be stored of a closed candle's result. Raises ValueError for a provisional one."""
    if result.forming:
        raise ValueError("a provisional result is never stored")
    meta = result.metadata
    close_ms = meta.last_candle_ms
    return Evaluation(
        Record(str(result.instrument_id), result.timeframe.value, close_ms, cells_of(result), result.reason),
        tuple(transitions),
        None if state is None else MachineState(close_ms, meta.engine_version, meta.config_hash, state),
        lost_before,
    )


def rules_of(bits: int) -> tuple[Withheld, ...]:
    """The rules behind ``cells["withheld"]``."""
    return tuple(rule for place, rule in enumerate(RULES) if bits >> place & 1)


def cells_of(result: Confluence) -> bytes:
    """A result as one record of `CELLS`."""
    dimensions = [result.dimensions.get(name) for name in DIMENSIONS]
    components = [
        None if (dimension := result.dimensions.get(name)) is None else dimension.components.get(key)
        for name, key in COMPONENT_NAMES
    ]
    return _PACKER.pack(
        result.metadata.analysis_ms,
        _or_nan(result.confluence_score),
        result.confidence,
        result.confidence_raw,
        SIGNALS.index(result.signal),
        STRENGTHS.index(result.signal_strength),
        sum(1 << RULES.index(rule) for rule in set(result.withheld)),
        *(_NAN if each is None else _or_nan(each.score) for each in dimensions),
        *(0.0 if each is None else each.weight for each in dimensions),
        *(_MISSING if each is None else _status(each.status) for each in dimensions),
        *(_NAN if each is None else _or_nan(each.score) for each in components),
        *(_NAN if each is None else _or_nan(each.points) for each in components),
        *(_MISSING if each is None else REASONS.index(each.reason) for each in components),
    )


class EvaluationTable:
    """Records and machine states in an open journal."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[tuple[str, str], int] = {}
        self._since_cut: dict[int, int] = {}

    def put(self, record: Record, state: MachineState | None) -> None:
        """Keep a record, and the state after it, within a transaction; a revised candle's takes the old one's place."""
        series = self._series(record.instrument, record.timeframe)
        self._connection.execute(
            "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)",
            (series, record.close_ms, record.cells, record.reason),
        )
        if state is not None:
            self._connection.execute(_KEEP_STATE, (series, *state))
        count = self._since_cut.get(series, 0) + 1
        if count >= CUT_EVERY:
            self._cut(series)
            count = 0
        self._since_cut[series] = count

    def history(self, instrument_id: InstrumentId, timeframe: Timeframe, count: int = KEPT_PER_SERIES) -> History:
        """The newest records of a series. Raises sqlite3.Error."""
        found = self._connection.execute(
            "SELECT close_ms, cells, reason FROM evaluations WHERE series = "
            "(SELECT id FROM series WHERE instrument = ? AND timeframe = ?) AND length(cells) = ? "
            "ORDER BY close_ms DESC LIMIT ?",
            (str(instrument_id), timeframe.value, CELLS.itemsize, count),
        ).fetchall()[::-1]
        return History(
            np.array([row[0] for row in found], np.int64),
            np.frombuffer(b"".join(row[1] for row in found), CELLS),
            tuple(row[2] for row in found),
        )

    def states(self) -> dict[tuple[InstrumentId, Timeframe], MachineState]:
        """The state of every machine. Raises sqlite3.Error."""
        found = self._connection.execute(
            "SELECT instrument, timeframe, as_of_ms, engine_version, config_hash, state "
            "FROM machine_states JOIN series ON series.id = machine_states.series"
        )
        return {(InstrumentId.parse(row[0]), Timeframe(row[1])): MachineState(*row[2:]) for row in found}

    def tidy(self) -> None:
        """Delete the records of the series that were not written for longest. Raises sqlite3.Error."""
        # One look into the index for each series; counting all records would read the whole file at each start.
        left_behind = self._connection.execute(
            "SELECT id FROM (SELECT id, (SELECT max(close_ms) FROM evaluations WHERE series = id) AS newest "
            "FROM series) WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT -1 OFFSET ?",
            (MOST_SERIES,),
        ).fetchall()
        self._connection.executemany("DELETE FROM evaluations WHERE series = ?", left_behind)

    def _cut(self, series: int) -> None:
        self._connection.execute(
            "DELETE FROM evaluations WHERE series = ?1 AND close_ms < (SELECT close_ms FROM evaluations "
            "WHERE series = ?1 ORDER BY close_ms DESC LIMIT 1 OFFSET ?2)",
            (series, KEPT_PER_SERIES - 1),
        )

    def _series(self, instrument: str, timeframe: str) -> int:
        key = (instrument, timeframe)
        if key not in self._ids:
            self._connection.execute("INSERT OR IGNORE INTO series (instrument, timeframe) VALUES (?, ?)", key)
            found = self._connection.execute("SELECT id FROM series WHERE instrument = ? AND timeframe = ?", key)
            self._ids[key] = int(found.fetchone()[0])
        return self._ids[key]


def _or_nan(value: float | None) -> float:
    return _NAN if value is None else value


def _status(status: str) -> int:
    if status == OK:
        return 0
    return next((code for code, reason in enumerate(REASONS) if reason == status), UNKNOWN_STATUS)
