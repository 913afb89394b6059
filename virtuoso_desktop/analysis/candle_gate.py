"""What stands in front of the table of a series: which candle may enter, gaps, revisions (analysis 0.7, 0.8).

A candle that cannot be one is rejected and counted, and leaves no trace. Up to `MOST_FILLED` missing candles are
filled with flat ones that are marked; after more the state begins anew, marked too. A closed candle that changes
is put in its place and the state computed again from a copy made before it; where that copy is too young, the owner
of the history is told to feed it anew.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.candle_rows import synthetic_candle
from virtuoso_desktop.analysis.candle_table import AFTER_GAP, CANDLE_TABLE
from virtuoso_desktop.analysis.kernels import (
    CLOSE,
    DELTA,
    HIGH,
    LOW,
    OPEN,
    OPEN_MS,
    SYNTHETIC,
    TURNOVER,
    VOLUME,
    Floats,
)
from virtuoso_desktop.model.timeframe import Timeframe

MOST_FILLED = 3
CHECKPOINT_EVERY = 64
"""Candles between two copies of a state; the last two copies are kept."""


class Verdict(StrEnum):
    """What became of a closed candle."""

    ACCEPTED = "accepted"
    REVISED = "revised"
    SAME = "same"
    """It was known, with these values."""
    TOO_OLD = "too_old"
    """A revision of a candle before the oldest copy: nothing was changed, feed the history anew."""
    REJECTED = "rejected"


class Reject(StrEnum):
    """Why a candle may not enter."""

    NOT_FINITE = "not_finite"
    NO_PRICE = "no_price"
    RANGE = "range"
    """Its high is not the highest, or its low not the lowest."""
    NO_SIZE = "no_size"
    """A negative volume or turnover."""
    MISALIGNED = "misaligned"
    OUT_OF_ORDER = "out_of_order"


_ORDER = tuple(Reject)


class Fed(NamedTuple):
    """What one closed candle did."""

    verdict: Verdict
    reject: Reject | None
    outputs: Floats | None
    """Columns of the newest candle after it, shape (columns,); None where the state did not change."""
    filled: int = 0
    """Synthetic candles that were put before it."""
    was_reset: bool = False


class History(NamedTuple):
    """What became of every row of a series: columns (NaN where rejected), and the reasons."""

    outputs: Floats
    rejects: list[Reject | None]
    filled: int
    resets: int


def reject_codes(candles: Floats, timeframe: Timeframe) -> NDArray[np.int64]:
    """For every column of (9, n): 0, or 1 + the place in `Reject` of why it cannot be a candle by itself."""
    o, h, low, c = candles[OPEN], candles[HIGH], candles[LOW], candles[CLOSE]
    values = candles[: TURNOVER + 1]
    opens = candles[OPEN_MS]
    codes = np.zeros(candles.shape[1], dtype=np.int64)
    with np.errstate(invalid="ignore"):
        checks = (
            (Reject.MISALIGNED, ~_aligned(opens, timeframe)),
            (Reject.NO_SIZE, (candles[VOLUME] < 0) | (candles[TURNOVER] < 0)),
            (Reject.RANGE, (h < np.maximum(o, c)) | (low > np.minimum(o, c)) | (h < low)),
            (Reject.NO_PRICE, values[OPEN : CLOSE + 1].min(axis=0) <= 0),
            (Reject.NOT_FINITE, ~np.isfinite(values).all(axis=0) | np.isinf(candles[DELTA])),
        )
    for reason, bad in checks:
        codes[bad] = 1 + _ORDER.index(reason)
    return codes


def _aligned(opens: Floats, timeframe: Timeframe) -> NDArray[np.bool_]:
    finite = np.isfinite(opens) & (np.abs(opens) < 2.0**52)
    return np.array(
        [ok and timeframe.open_ms(int(open_ms)) == open_ms for ok, open_ms in zip(finite, opens, strict=True)],
        dtype=np.bool_,
    )


class CandleFeed:
    """The table of one series behind its gate; one per (instrument, timeframe).

    Parameters
    ----------
    timeframe : Timeframe
        Length of a candle.
    params : ndarray
        From `candle_table.table_params`.
    state : ndarray, optional
        The row of a table of states to work on, zeros for a fresh one.
    """

    def __init__(self, timeframe: Timeframe, params: Floats, state: Floats | None = None) -> None:
        self.timeframe = timeframe
        self.params = params
        self.state = CANDLE_TABLE.new_state() if state is None else state
        self.outputs = np.full(len(CANDLE_TABLE.outputs), np.nan)
        """Columns of the newest closed candle."""
        self.rejected: Counter[Reject] = Counter()
        self._copies: list[tuple[int, Floats]] = [(0, self.state.copy())]
        self._log: list[Floats] = []
        """Candles since the older copy, synthetic ones too; a copy is (candles of the log before it, state)."""

    @property
    def last_open_ms(self) -> int | None:
        """Open time of the newest candle in the state."""
        return int(self._log[-1][OPEN_MS]) if self._log else None

    def close(self, candle: Floats) -> Fed:
        """Take a closed candle, shape (9,), prices in ticks."""
        candle = np.ascontiguousarray(candle)  # a kernel would be compiled anew for a strided one
        code = int(reject_codes(candle[:, None], self.timeframe)[0])
        if code:
            return self._reject(_ORDER[code - 1])
        last = self.last_open_ms
        if last is not None and candle[OPEN_MS] <= last:
            return self._revise(candle)
        missing = self._missing_before(candle)
        if missing > MOST_FILLED:
            self._restart()
        else:
            self._fill(missing)
        self._step(candle)
        return Fed(Verdict.ACCEPTED, None, self.outputs, 0 if missing > MOST_FILLED else missing, missing > MOST_FILLED)

    def history(self, candles: Floats) -> History:
        """Take many closed candles, shape (9, n); the same as `close` one by one."""
        codes = reject_codes(candles, self.timeframe)
        count = candles.shape[1]
        outputs = np.full((count, len(self.outputs)), np.nan)
        rejects: list[Reject | None] = [None] * count
        filled = resets = first = 0
        while first < count:
            end = self._end_of_run(candles, codes, first)
            if end > first:
                outputs[first:end] = self._run(candles[:, first:end])
            else:
                fed = self.close(candles[:, first].copy())
                end = first + 1
                rejects[first] = fed.reject or (Reject.OUT_OF_ORDER if fed.verdict is not Verdict.ACCEPTED else None)
                if fed.verdict is Verdict.ACCEPTED:
                    outputs[first] = self.outputs
                filled += fed.filled
                resets += fed.was_reset
            first = end
        return History(outputs, rejects, filled, resets)

    def peek(self, candle: Floats, out: Floats) -> bool:
        """Columns of the forming candle as a preview; False when it is not the next candle, or cannot be one."""
        if reject_codes(candle[:, None], self.timeframe)[0]:
            return False
        last = self.last_open_ms
        if last is not None and self.timeframe.close_ms(last) != candle[OPEN_MS]:
            return False
        CANDLE_TABLE.peek(self.state, np.ascontiguousarray(candle), self.params, out)
        return True

    def _reject(self, reason: Reject) -> Fed:
        self.rejected[reason] += 1
        return Fed(Verdict.REJECTED, reason, None)

    def _missing_before(self, candle: Floats) -> int:
        """Missing candles between the newest one and this, counted up to one more than can be filled."""
        if self.last_open_ms is None:
            return 0
        expected, missing = self.timeframe.close_ms(self.last_open_ms), 0
        while expected < candle[OPEN_MS] and missing <= MOST_FILLED:
            expected, missing = self.timeframe.close_ms(expected), missing + 1
        return missing

    def _restart(self) -> None:
        self.state[:] = 0.0
        self.state[AFTER_GAP] = 1.0
        self._copies = [(0, self.state.copy())]
        self._log.clear()

    def _fill(self, missing: int) -> None:
        for _ in range(missing):
            before = self._log[-1]
            self._step(synthetic_candle(self.timeframe.close_ms(int(before[OPEN_MS])), before[CLOSE]))

    def _step(self, candle: Floats) -> None:
        CANDLE_TABLE.step(self.state, candle, self.params, self.outputs)
        self._log.append(candle.copy())
        self._keep_copies()

    def _keep_copies(self) -> None:
        before, _ = self._copies[-1]
        if len(self._log) - before < CHECKPOINT_EVERY:
            return
        self._copies.append((len(self._log), self.state.copy()))
        if len(self._copies) > 2:
            dropped = self._copies[1][0]
            del self._copies[0], self._log[:dropped]
            self._copies = [(length - dropped, state) for length, state in self._copies]

    def _end_of_run(self, candles: Floats, codes: NDArray[np.int64], first: int) -> int:
        """End of the rows from ``first`` on that each follow the one before without a gap and are good."""
        last = self.last_open_ms
        opens = candles[OPEN_MS, first:]
        if codes[first] or (last is not None and self.timeframe.close_ms(last) != opens[0]):
            return first
        if self.timeframe is Timeframe.MO1:
            follows = [self.timeframe.close_ms(int(one)) == other for one, other in pairwise(opens)]
            is_next = np.array([True, *follows])
        else:
            is_next = np.diff(opens, prepend=opens[0] - self.timeframe.duration_ms) == self.timeframe.duration_ms
        bad = np.flatnonzero(~is_next | (codes[first:] != 0))
        return first + (int(bad[0]) if bad.size else len(opens))

    def _run(self, candles: Floats) -> Floats:
        """Rows without gaps, in pieces that end where a copy is due; only copies that can be kept are made."""
        parts: list[Floats] = []
        first, count = 0, candles.shape[1]
        while first < count:
            due = CHECKPOINT_EVERY - (len(self._log) - self._copies[-1][0])
            end = min(count, first + due)
            part = np.ascontiguousarray(candles[:, first:end])
            parts.append(CANDLE_TABLE.batch(part, self.params, self.state))
            self._log.extend(part.T.copy())
            self._keep_copies()
            first = end
        outputs = np.concatenate(parts)
        self.outputs[:] = outputs[-1]
        return outputs

    def _revise(self, candle: Floats) -> Fed:
        """Put a changed candle in the place of the closed one and compute again what followed."""
        opens = [row[OPEN_MS] for row in self._log]
        if candle[OPEN_MS] < opens[0]:
            return Fed(Verdict.TOO_OLD, None, None)
        if candle[OPEN_MS] not in opens:
            return self._reject(Reject.OUT_OF_ORDER)
        index = opens.index(float(candle[OPEN_MS]))
        if candle.tobytes() == self._log[index].tobytes():
            return Fed(Verdict.SAME, None, None)
        self._log[index] = candle.copy()
        for place in range(index + 1, len(self._log)):
            if not self._log[place][SYNTHETIC]:
                break
            self._log[place] = synthetic_candle(int(self._log[place][OPEN_MS]), candle[CLOSE])
        while self._copies[-1][0] > index:
            self._copies.pop()
        length, copy = self._copies[-1]
        self.state[:] = copy
        rows, self._log = self._log[length:], self._log[:length]
        self._run(np.array(rows).T)
        return Fed(Verdict.REVISED, None, self.outputs)
