"""The analysis' side of the journal: results of closed candles go in, what held before a restart comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.evaluations import KEPT_PER_SERIES, History, MachineState, evaluation
from virtuoso_desktop.storage.journal import Journal
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger import Series, read_row
from virtuoso_desktop.storage.ledger_rows import LedgerRow, Transition


class Restored(NamedTuple):
    """What the journal knows of the time before this start.

    A machine goes on from its state and the candles after ``as_of_ms``. Without a state, or with one of another engine
    or other settings, it begins with the candles: rows up to the last one's candle are then not taken a second time,
    and where it ends in another standing than the last row's, ``changes(last.standing, result, "restart")`` says so.
    """

    last_rows: dict[Series, LedgerRow]
    states: dict[Series, MachineState]


class AnalysisJournal:
    """Stores evaluations and reads them back; used on the loop's thread.

    Attributes
    ----------
    lost_rows : int
        Transitions that could not be stored since the start, since the journal refused for too long.
    """

    def __init__(self, journal: Journal) -> None:
        self.lost_rows = 0
        self._journal = journal
        self._untold = 0

    def put(self, result: Confluence, transitions: Sequence[Transition] = (), state: bytes | None = None) -> None:
        """Store the result of a closed candle, its transitions and its machine's state, in one piece. Never waits.

        Raises
        ------
        ValueError
            The result is provisional.
        """
        lost = self._untold if transitions else 0
        if self._journal.put(evaluation(result, transitions, state, lost_before=lost)):
            self._untold -= lost
        else:
            self._untold += len(transitions)
            self.lost_rows += len(transitions)

    async def restore(self) -> Restored:
        """What held at the end of the last run. Raises StorageError when the journal cannot be read."""
        return await self._journal.ask(lambda file: Restored(file.ledger.last_rows(), file.evaluations.states()))

    async def last_rows(self) -> dict[Series, LedgerRow]:
        """The row of each series that says what holds. Raises StorageError."""
        return await self._journal.ask(lambda file: file.ledger.last_rows())

    async def newest_rows(
        self, limit: int, *, instrument_id: InstrumentId | None = None, timeframe: Timeframe | None = None
    ) -> list[LedgerRow]:
        """The newest rows of the ledger, oldest first. Raises StorageError."""

        def read(file: JournalFile) -> list[LedgerRow]:
            found = file.ledger.rows(
                instrument=None if instrument_id is None else str(instrument_id),
                timeframe=None if timeframe is None else timeframe.value,
                limit=limit,
            )
            return [row for each in found if (row := read_row(each.body)) is not None]

        return await self._journal.ask(read)

    async def history(self, instrument_id: InstrumentId, timeframe: Timeframe, count: int = KEPT_PER_SERIES) -> History:
        """The newest records of a series as columns. Raises StorageError."""
        return await self._journal.ask(lambda file: file.evaluations.history(instrument_id, timeframe, count))
