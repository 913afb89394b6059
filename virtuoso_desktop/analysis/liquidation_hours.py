"""Liquidations of a contract by the hour with the time that was watched, and what their balance says (analysis B.4 N4).

No venue tells of past liquidations, so the program's own coverage is all there is: it is kept over restarts, and a time
without a living stream is not coverage.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import DEGENERATE, GAP, MISSING, NONE, STALE, WARMUP
from virtuoso_desktop.analysis.positioning import HOUR_MS, Reading, absent
from virtuoso_desktop.market.derivatives import KEPT_LIQUIDATION_HOURS, LiquidationTape
from virtuoso_desktop.model.instrument import InstrumentId

Floats = NDArray[np.float64]

DAY_HOURS = 24
LEAST_COVERAGE_MS = 7 * DAY_HOURS * HOUR_MS
"""Own coverage, with or without holes, before a day can be called unusual."""
LEAST_DAY_RATIO = 0.75
"""Of the last 24 hours, and of a day that others are held against."""
UNUSUAL_RATIO = 3.0
"""A day with this many times the usual sum is one of exhaustion."""
KEPT_VERSION = 1


class _Kept(msgspec.Struct):
    """What is kept over a restart: rows of hour, covered ms, longs, shorts."""

    version: int
    instrument: str
    hours: list[tuple[int, int, float, float]]


class LiquidationHours:
    """Coverage and sums of the newest 14 days.

    Parameters
    ----------
    instrument_id : InstrumentId
        The contract whose liquidations these are.
    tape : LiquidationTape
        What came in this run.
    """

    def __init__(self, instrument_id: InstrumentId, tape: LiquidationTape) -> None:
        self._instrument_id = instrument_id
        self._tape = tape
        self._covered_ms: dict[int, int] = {}
        self._before: dict[int, tuple[float, float]] = {}
        """Sums of earlier runs."""
        self._seen_ms: int | None = None
        self._alive_since_ms: int | None = None
        self._was_alive = False
        self._key: tuple[int, int, int] | None = None
        self._usual = math.nan
        self._day = (0.0, 0.0, 0.0)
        self._covered_total_ms = 0

    # --- taking notice -----------------------------------------------------------------------------------------------

    def sample(self, now_ms: int, alive_since_ms: int | None) -> None:
        """Note that the stream lives since ``alive_since_ms`` without a break; None: it does not live now."""
        seen_ms, self._seen_ms, self._alive_since_ms = self._seen_ms, now_ms, alive_since_ms
        if alive_since_ms is None:
            return
        self._was_alive = True
        begin_ms = max(alive_since_ms, now_ms - DAY_HOURS * HOUR_MS if seen_ms is None else seen_ms)
        while begin_ms < now_ms:
            hour_ms = begin_ms - begin_ms % HOUR_MS
            end_ms = min(now_ms, hour_ms + HOUR_MS)
            self._covered_ms[hour_ms] = min(HOUR_MS, self._covered_ms.get(hour_ms, 0) + end_ms - begin_ms)
            begin_ms = end_ms
        oldest_ms = self._oldest_ms(now_ms)
        while self._covered_ms and (first := next(iter(self._covered_ms))) < oldest_ms:
            del self._covered_ms[first]
            self._before.pop(first, None)

    @staticmethod
    def _oldest_ms(now_ms: int) -> int:
        return now_ms - now_ms % HOUR_MS - (KEPT_LIQUIDATION_HOURS - 1) * HOUR_MS

    def _rows(self) -> list[tuple[int, int, float, float]]:
        """Hours with coverage, oldest first: hour, covered ms, longs, shorts."""
        rows: list[tuple[int, int, float, float]] = []
        for hour_ms, covered_ms in sorted(self._covered_ms.items()):
            before, now = self._before.get(hour_ms, (0.0, 0.0)), self._tape.hours.get(hour_ms, (0.0, 0.0))
            rows.append((hour_ms, covered_ms, before[0] + now[0], before[1] + now[1]))
        return rows

    @property
    def covered_ms(self) -> int:
        """Time of the newest 14 days that was watched."""
        return sum(self._covered_ms.values())

    def warm_at_ms(self) -> int | None:
        """When there is enough coverage if the stream goes on; None when there is, or nothing was watched yet."""
        left_ms = LEAST_COVERAGE_MS - self.covered_ms
        return None if left_ms <= 0 or self._seen_ms is None else self._seen_ms + left_ms

    # --- what it says ------------------------------------------------------------------------------------------------

    def reading(self, now_ms: int) -> Reading:
        """Balance of the last 24 hours; c only when the day is one of exhaustion, 0 when it was measured not to be."""
        if self._alive_since_ms is None:
            return absent(STALE if self._was_alive else MISSING)
        self._measure(now_ms)
        covered_ratio, longs, shorts = self._day
        total = longs + shorts
        skew = (shorts - longs) / total if total > 0.0 else 0.0
        if self._covered_total_ms < LEAST_COVERAGE_MS:
            return Reading(math.nan, skew if covered_ratio >= LEAST_DAY_RATIO else math.nan, 1.0, 0.0, WARMUP)
        if covered_ratio < LEAST_DAY_RATIO:
            return Reading(math.nan, math.nan, 1.0, 0.0, GAP)
        if not self._usual > 0.0:
            return Reading(0.0, skew, 1.0, 0.0, DEGENERATE)
        is_unusual = total / covered_ratio >= UNUSUAL_RATIO * self._usual
        return Reading(-skew if is_unusual else 0.0, skew, 1.0, 0.0, NONE)

    def _measure(self, now_ms: int) -> None:
        """Sums of 24 hours as they end with each hour, scaled to a whole day; once a minute or change."""
        key = (now_ms // 60_000, self._tape.version, len(self._covered_ms))
        if key == self._key:
            return
        self._key = key
        first_ms = self._oldest_ms(now_ms)
        table = np.zeros((3, KEPT_LIQUIDATION_HOURS))
        for hour_ms, covered_ms, longs, shorts in self._rows():
            place = (hour_ms - first_ms) // HOUR_MS
            if 0 <= place < KEPT_LIQUIDATION_HOURS:
                table[:, place] = covered_ms / HOUR_MS, longs, shorts
        self._covered_total_ms = self.covered_ms
        so_far = np.concatenate((np.zeros((3, 1)), np.cumsum(table, axis=1)), axis=1)
        days = so_far[:, DAY_HOURS:] - so_far[:, :-DAY_HOURS]
        # The hour that runs is never whole: the day is of the time that its hours can have had.
        could_hours = DAY_HOURS - 1 + (now_ms % HOUR_MS) / HOUR_MS
        last = table[:, -DAY_HOURS:].sum(axis=1)
        self._day = (min(1.0, float(last[0]) / could_hours), float(last[1]), float(last[2]))
        whole = days[0, :-1] >= LEAST_DAY_RATIO * DAY_HOURS
        scaled = days[1:, :-1].sum(axis=0)[whole] * DAY_HOURS / days[0, :-1][whole]
        self._usual = float(np.median(scaled)) if scaled.size else math.nan

    # --- over restarts -----------------------------------------------------------------------------------------------

    def keep(self) -> bytes:
        """Hours and coverage, for the profile."""
        return msgspec.msgpack.encode(_Kept(KEPT_VERSION, str(self._instrument_id), self._rows()))

    def recall(self, kept: bytes) -> bool:
        """Add what an earlier run watched, however old: what is older than 14 days falls out by itself."""
        try:
            found = msgspec.msgpack.decode(kept, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        if (found.version, found.instrument) != (KEPT_VERSION, str(self._instrument_id)):
            return False
        if not all(_is_sound(row) for row in found.hours):
            return False
        for hour_ms, covered_ms, longs, shorts in found.hours:
            self._covered_ms[hour_ms] = min(HOUR_MS, self._covered_ms.get(hour_ms, 0) + covered_ms)
            before = self._before.get(hour_ms, (0.0, 0.0))
            self._before[hour_ms] = (before[0] + longs, before[1] + shorts)
        self._covered_ms = dict(sorted(self._covered_ms.items()))
        self._key = None
        return True


def _is_sound(row: tuple[int, int, float, float]) -> bool:
    hour_ms, covered_ms, *sums = row
    return hour_ms % HOUR_MS == 0 and 0 <= covered_ms <= HOUR_MS and all(0.0 <= each < math.inf for each in sums)
