"""How much an order book usually holds at each distance from its mid price, and what stands out of it (B.2 K4)."""

from __future__ import annotations

import msgspec
import numpy as np

from virtuoso_desktop.analysis.book_kernels import BUCKET_COUNT, WallRules, find_walls
from virtuoso_desktop.analysis.book_levels import BookLevels
from virtuoso_desktop.analysis.streams import SAMPLE_MS
from virtuoso_desktop.analysis.walls import FoundWall, found_wall
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS

MOST_PASSED_S = 60
"""A gap teaches an expectation no more than this."""
KEPT_VERSION = 1
DEFAULT_RULES = WallRules()


class _Kept(msgspec.Struct, array_like=True):
    version: int
    tick_size: str
    lot_step: str
    expected: bytes
    samples: bytes


class WallExpectation:
    """Expected logarithm of the lots of each bucket and side: a mean that fades over ten minutes.

    Parameters
    ----------
    instrument : Instrument
        Its grids belong to what is kept.
    rules : WallRules
        Numbers of the search.
    """

    def __init__(self, instrument: Instrument, rules: WallRules = DEFAULT_RULES) -> None:
        self._grids = (str(instrument.tick_size), str(instrument.lot_step))
        self._rules = rules
        self._expected = np.zeros((2, BUCKET_COUNT))
        self._samples = np.zeros((2, BUCKET_COUNT))
        self._found = np.empty((2 * BUCKET_COUNT, 4), dtype=np.int64)
        self._first_ms: int | None = None
        self._newest_ms = 0
        self._taught = 0
        self._is_recalled = False

    def is_warm(self, now_ms: int) -> bool:
        """Whether it is known well enough that walls can be told."""
        if self._is_recalled:
            return True
        rules = self._rules
        return (
            self._first_ms is not None
            and now_ms - self._first_ms >= rules.warm_up_ms
            and self._taught >= rules.least_samples
        )

    def warm_at_ms(self) -> int | None:
        """When it will be if samples go on every second; None when it is, or when there was no sample yet."""
        if self._first_ms is None or self.is_warm(self._newest_ms):
            return None
        missing_ms = max(0, self._rules.least_samples - self._taught) * SAMPLE_MS
        return max(self._first_ms + self._rules.warm_up_ms, self._newest_ms + missing_ms)

    def learn(self, levels: BookLevels, buckets: int, least_lots: float, moment: tuple[int, int]) -> list[FoundWall]:
        """Judge a book by what was expected so far, then learn from it.

        Parameters
        ----------
        levels : BookLevels
            The book.
        buckets : int
            How many buckets both sides reach.
        least_lots : float
            A wall holds so many at least.
        moment : tuple of int
            Venue time in ms, and seconds since the sample before.

        Returns
        -------
        list of FoundWall
            Buckets that stand out; none before it is warm.
        """
        now_ms, passed_s = moment
        rules = self._rules
        if self._first_ms is None:
            self._first_ms = now_ms
        self._newest_ms = now_ms
        kept = 2.0 ** (-min(passed_s, MOST_PASSED_S) / rules.half_life_s)
        terms = (float(rules.least_samples), rules.outlier, rules.least_mad, least_lots, kept)
        count: int = find_walls(tuple(levels), terms, buckets, self._expected, self._samples, self._found)
        self._taught += 1
        if not count or not self.is_warm(now_ms):
            return []
        total = int(levels.bid_ticks[0] + levels.ask_ticks[0])
        return [found_wall(row, total) for row in self._found[:count].tolist()]

    def keep(self) -> bytes:
        """What is expected of every bucket; empty before it is warm."""
        if not self.is_warm(self._newest_ms):
            return b""
        tables = (self._expected.astype("<f8").tobytes(), self._samples.astype("<f8").tobytes())
        return msgspec.msgpack.encode(_Kept(KEPT_VERSION, *self._grids, *tables))

    def recall(self, kept: bytes, age_ms: int) -> bool:
        """Go on with what an earlier run kept, of the same grids and younger than a day."""
        if not kept or not 0 <= age_ms < DAY_MS:
            return False
        try:
            told = msgspec.msgpack.decode(kept, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        whole = self._expected.nbytes
        if (told.version, told.tick_size, told.lot_step) != (KEPT_VERSION, *self._grids):
            return False
        if (len(told.expected), len(told.samples)) != (whole, whole):
            return False
        expected = np.frombuffer(told.expected, "<f8").reshape(2, BUCKET_COUNT).astype(np.float64)
        samples = np.frombuffer(told.samples, "<f8").reshape(2, BUCKET_COUNT).astype(np.float64)
        if not (np.isfinite(expected).all() and np.isfinite(samples).all() and (samples >= 0.0).all()):
            return False
        self._expected, self._samples = expected, samples
        self._is_recalled = True
        return True
