"""Small recorded sessions for tests, and a slow order book that reads any recording by the plainest rules."""

from __future__ import annotations

import copy
import gzip
import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEGIN_MS = 1_723_161_255_000
Book = tuple[list[tuple[float, float]], list[tuple[float, float]]]


def depth(first: int, last: int, at_ms: int, bids: dict[str, str], asks: dict[str, str], pu: int | None = None) -> Any:
    """A frame of changes; with ``pu`` it is a contract's."""
    data: dict[str, Any] = {"e": "depthUpdate", "E": BEGIN_MS + at_ms, "s": "BTCUSDT", "U": first, "u": last}
    data |= {"b": list(bids.items()), "a": list(asks.items())}
    if pu is not None:
        data |= {"T": BEGIN_MS + at_ms, "pu": pu}
    return {"stream": "btcusdt@depth@100ms", "data": data}


def trade(number: int, at_ms: int, price: str, size: str, is_sell: bool = False) -> Any:
    data = {"e": "trade", "E": BEGIN_MS + at_ms, "s": "BTCUSDT", "t": number, "p": price, "q": size}
    return {"stream": "btcusdt@trade", "data": data | {"T": BEGIN_MS + at_ms, "m": is_sell, "M": True}}


def snapshot(last_id: int) -> Any:
    return {
        "lastUpdateId": last_id,
        "bids": [["100.00000000", "1.50000000"], ["99.90000000", "2.00000000"]],
        "asks": [["100.10000000", "0.50000000"], ["100.20000000", "3.00000000"]],
    }


SPOT = [
    depth(1, 4, 0, {"99.00000000": "9.00000000"}, {}),
    depth(5, 8, 100, {"100.00000000": "1.25000000"}, {}),
    trade(70, 150, "100.10000000", "0.25000000"),
    snapshot(6),
    {"stream": "btcusdt@bookTicker", "data": {"u": 8, "s": "BTCUSDT", "b": "1", "B": "1", "a": "2", "A": "1"}},
    depth(9, 9, 200, {}, {"100.10000000": "0.00000000", "100.15000000": "0.75000000"}),
    trade(71, 61_000, "100.15000000", "0.50000000", is_sell=True),
    depth(10, 12, 125_000, {"100.05000000": "4.00000000"}, {"77.00000000": "0.00000000"}),
]
"""The snapshot stands between the second change and the third; ends after two minutes."""


def written(file: Path, frames: list[Any]) -> Path:
    """The frames as a file, a local stamp before each."""
    lines = [f"{(BEGIN_MS - 1_250 + number) * 1_000_000} {json.dumps(frame)}\n" for number, frame in enumerate(frames)]
    content = "".join(lines).encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


def frames_of(*files: Path) -> Iterator[Any]:
    for file in files:
        with gzip.open(file, "rb") as lines:
            for line in lines:
                yield json.loads(line.partition(b" ")[2])


class SlowBook:
    """All changes of a recording in order; `move` goes on to a time, `sides` tells the whole book."""

    def __init__(self, *files: Path) -> None:
        frames = list(frames_of(*files))
        (start,) = (frame for frame in frames if "stream" not in frame)
        known = start["lastUpdateId"]
        changes = [frame["data"] for frame in frames if "@depth" in frame.get("stream", "")]
        self._coming = [
            change for change in changes if change["u"] > known or ("pu" in change and change["u"] == known)
        ]
        self.times = [change.get("T", change["E"]) for change in self._coming]
        self._sides = [{float(p): float(q) for p, q in start[name]} for name in ("bids", "asks")]
        self._next = 0

    def move(self, time_ms: int) -> None:
        while self._next < len(self.times) and (self._next == 0 or self.times[self._next] <= time_ms):
            change = self._coming[self._next]
            for side, name in zip(self._sides, ("b", "a"), strict=True):
                for price, size in change[name]:
                    side[float(price)] = float(size)
                    if not float(size):
                        del side[float(price)]
            self._next += 1

    def twin(self) -> SlowBook:
        """The same recording, at the same place, to be moved on apart."""
        other = copy.copy(self)
        other._sides = [dict(side) for side in self._sides]
        return other

    def top(self, depth: int) -> Book:
        """The best levels."""
        bids, asks = self._sides
        return heapq.nlargest(depth, bids.items()), heapq.nsmallest(depth, asks.items())

    def sides(self) -> Book:
        return sorted(self._sides[0].items(), reverse=True), sorted(self._sides[1].items())
