"""Fetches 30 days of 5m candles of every watched instrument onto the disk, when nobody else asks the venue.

What is there already is known from the covered time, so that a new run goes on where the last one ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from virtuoso_desktop.engine.archive import SETTLED_AFTER_MS, Archive, share_of
from virtuoso_desktop.exchanges.base import Adapter, CandleQuery, RequestPriority
from virtuoso_desktop.model.errors import VenueRejected, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.storage.ranges import Range, gaps

TIMEFRAME = Timeframe.M5
SPAN_MS = 30 * DAY_MS
PAGE_ROWS = 1_000
PAGES = 9
"""Requests that the whole span takes."""
IDLE_S = 0.5
"""Between two looks whether the first pages are done."""
LOOK_AGAIN_S = 60.0
"""Between two looks for new gaps when all is there."""
RETRY_S = 5.0
log = logging.getLogger(__name__)


class Progress(NamedTuple):
    """How far something is, in requests."""

    done: float
    whole: float


class BackFill:
    """The background's requests of one venue.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    archive : Archive
        Where the candles go and which tells what is missing.
    watched : callable
        Instruments, the most important first.
    venue_now_ms : callable
        Venue time.
    may_ask : callable
        Whether the first pages are done.

    Attributes
    ----------
    progress : Progress
        How much of the 30 days is there, over all instruments.
    """

    def __init__(
        self,
        adapter: Adapter,
        archive: Archive,
        watched: Callable[[], Sequence[Instrument]],
        venue_now_ms: Callable[[], int],
        may_ask: Callable[[], bool],
    ) -> None:
        self._adapter = adapter
        self._archive = archive
        self._watched = watched
        self._venue_now_ms = venue_now_ms
        self._may_ask = may_ask
        self._refused: set[InstrumentId] = set()
        self.progress = Progress(0, 0)

    async def run(self) -> None:
        """Fetch until all is there, then look again now and then; until cancelled."""
        while True:
            pause_s = await self._step()
            await asyncio.sleep(pause_s)

    async def _step(self) -> float:
        """Fetch one page at most; returns the seconds until the next."""
        if not self._watched() or not self._archive.history.is_kept:
            return IDLE_S
        await self._archive.opened()
        await self._archive.history.room()
        found = self._next()
        if not self._may_ask():
            return IDLE_S
        if found is None:
            return LOOK_AGAIN_S
        instrument_id, (start_ms, end_ms) = found
        query = CandleQuery(instrument_id, TIMEFRAME, start_ms=start_ms, end_ms=end_ms - 1, limit=PAGE_ROWS)
        try:
            page = await self._adapter.candles(query, priority=RequestPriority.BACKGROUND)
        except VenueRejected as error:
            log.info("older candles of %s are not to be had: %s", instrument_id, error.user_text)
            self._refused.add(instrument_id)
        except VirtuosoError as error:
            log.info("older candles of %s failed: %s", instrument_id, error.user_text)
            return RETRY_S
        else:
            self._archive.keep_page(query, page)
            if page.refused or not (page.open_ms or self._is_covered(instrument_id, start_ms)):
                self._refused.add(instrument_id)
        return 0.0

    def _next(self) -> tuple[InstrumentId, Range] | None:
        """The newest gap of the first instrument that has one; takes the progress on the way."""
        end_ms = TIMEFRAME.open_ms(self._venue_now_ms() - SETTLED_AFTER_MS)
        start_ms = end_ms - SPAN_MS
        found: tuple[InstrumentId, Range] | None = None
        shares: list[float] = []
        for instrument in self._watched():
            if instrument.id in self._refused:
                continue
            covered = self._archive.covered(instrument.id, TIMEFRAME)
            missing = gaps(covered, start_ms, end_ms)
            shares.append(share_of(covered, start_ms, end_ms))
            if missing and found is None:
                found = instrument.id, missing[-1]
        self.progress = Progress(PAGES * sum(shares), PAGES * len(shares))
        return found

    def _is_covered(self, instrument_id: InstrumentId, at_ms: int) -> bool:
        return any(start <= at_ms < end for start, end in self._archive.covered(instrument_id, TIMEFRAME))
