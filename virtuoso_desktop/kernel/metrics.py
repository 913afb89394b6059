"""Counters and figures of the running program, cheap enough to touch on every message."""

from __future__ import annotations

import math
from collections import Counter

BUCKETS_PER_OCTAVE = 8
SMALLEST_MS = 1e-3
_BUCKETS = 30 * BUCKETS_PER_OCTAVE
_SCALE = BUCKETS_PER_OCTAVE / math.log(2)
_OFFSET = math.log(SMALLEST_MS) * _SCALE


class Distribution:
    """A histogram of durations in ms: log-spaced buckets of 9 % width from 1 us to 18 min.

    Negative values (clocks disagree) count in the lowest bucket.
    """

    __slots__ = ("_buckets", "count", "newest_ms")

    def __init__(self) -> None:
        self._buckets = [0] * _BUCKETS
        self.count = 0
        self.newest_ms: float | None = None

    def add(self, value_ms: float) -> None:
        index = int(math.log(value_ms) * _SCALE - _OFFSET) if value_ms > SMALLEST_MS else 0
        self._buckets[index if index < _BUCKETS else _BUCKETS - 1] += 1
        self.count += 1
        self.newest_ms = value_ms

    def mark(self) -> tuple[int, ...]:
        """What is counted now, for a quantile of what comes after."""
        return tuple(self._buckets)

    def quantile_ms(self, q: float, since: tuple[int, ...] | None = None) -> float | None:
        """Upper edge of the bucket that holds the quantile ``q`` in [0, 1]; None without data.

        With ``since`` (a `mark`) only what came after it counts.
        """
        buckets = (
            self._buckets if since is None else [now - before for now, before in zip(self._buckets, since, strict=True)]
        )
        count = sum(buckets)
        if not count:
            return None
        wanted = max(1, math.ceil(q * count))
        seen = 0
        for index, in_bucket in enumerate(buckets):
            seen += in_bucket
            if seen >= wanted:
                return math.exp((index + 1 + _OFFSET) / _SCALE)
        return None


class LinkMetrics:
    """Figures of one venue's links together, since the start of the run."""

    def __init__(self) -> None:
        self.connects = 0
        self.reconnects = 0
        self.gaps = 0
        self.messages: Counter[str] = Counter()
        """Frames by kind: ``orderbook.50``, ``publicTrade``, ``tickers``, ``kline``."""
        self.refused: Counter[str] = Counter()
        """Frames refused, by `ParseError.kind`."""
        self.huge_frames = 0
        """Frames above 1 MiB."""
        self.read_pauses = 0
        """Turns of the loop in which a link's read budget was spent and the rest had to wait."""
        self.lag_ms = Distribution()
        """Receive time minus the frame's own time, in venue time."""
        self.apply_ms = Distribution()
        """Socket read to stored, per frame."""
        self.requests = 0
        self.requests_failed = 0
