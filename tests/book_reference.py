"""The order book's measures by the plainest means, to hold the program's against (analysis B.2).

Levels are lists of (ticks, lots), best first. Edges of bands and buckets are exact fractions, turned into the prices
between which a level has to lie.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Levels = list[tuple[int, int]]
Bucket = tuple[str, int, int, int, int, int]
"""Side, number, lowest and highest price, price of the largest level, lots."""
SIDES = ("bid", "ask")


def mid_of(bids: Levels, asks: Levels) -> Fraction:
    return Fraction(bids[0][0] + asks[0][0], 2)


def reaches(bids: Levels, asks: Levels) -> tuple[Fraction, Fraction]:
    mid = mid_of(bids, asks)
    return mid - bids[-1][0], asks[-1][0] - mid


def ratio(bid: float, ask: float) -> float | None:
    return (bid - ask) / (bid + ask) if bid + ask else None


def depth(bids: Levels, asks: Levels) -> dict[str, Any]:
    """Spread, reach, imbalances by band, distance-weighted and by levels."""
    mid, spread = mid_of(bids, asks), asks[0][0] - bids[0][0]
    bid_reach, ask_reach = reaches(bids, asks)
    widest = min(mid / 200, bid_reach, ask_reach)
    bands: list[float | None] = []
    for part in (Fraction(1, 10), Fraction(1, 4), Fraction(1, 2), Fraction(1)):
        low, high = math.ceil(mid - widest * part), math.floor(mid + widest * part)
        inside = sum(lots for ticks, lots in bids if ticks >= low), sum(lots for ticks, lots in asks if ticks <= high)
        bands.append(ratio(*inside))
    low, high = math.ceil(mid - widest), math.floor(mid + widest)
    fade, middle = float(widest) / 10, float(mid)
    weighted = (
        math.fsum(lots * math.exp(-(middle - ticks) / fade) for ticks, lots in bids if ticks >= low),
        math.fsum(lots * math.exp(-(ticks - middle) / fade) for ticks, lots in asks if ticks <= high),
    )
    levels = [
        ratio(sum(lots for _, lots in bids[:count]), sum(lots for _, lots in asks[:count]))
        if min(len(bids), len(asks)) >= count
        else None
        for count in (1, 5, 20)
    ]
    (bid, bid_lots), (ask, ask_lots) = bids[0], asks[0]
    return {
        "spread_ticks": spread,
        "spread_bps": float(10_000 * spread / mid),
        "reach_bps": (float(10_000 * bid_reach / mid), float(10_000 * ask_reach / mid)),
        "band_bps": float(10_000 * widest / mid),
        "bands": bands,
        "weighted": ratio(*weighted),
        "levels": levels,
        "microprice": float(Fraction(ask * bid_lots + bid * ask_lots, bid_lots + ask_lots)),
    }


def slippage(
    levels: Levels, mid: Fraction, notional: float, lot: Fraction, tick: Fraction | None
) -> tuple[float, float]:
    """(bps, share filled) of one market order; ``tick`` is None for inverse contracts, whose lots are dollars."""
    left, paid, got = Fraction(notional), Fraction(0), Fraction(0)
    for ticks, lots in levels:
        value = lot * lots * (1 if tick is None else tick * ticks)
        part = min(left, value)
        paid, got, left = paid + part, got + part / ticks, left - part
        if not left:
            break
    return float(10_000 * abs(paid / got / mid - 1)), float(paid / Fraction(notional))


@dataclass
class SlowWall:
    side: str
    low: int
    high: int
    price: int
    first: int
    seen_s: int
    lots: int | None = None
    present: deque[bool] = field(default_factory=lambda: deque([False] * 29 + [True], maxlen=30))
    can_begin: bool = True
    story: dict[str, Any] | None = None
    ratios: list[float] = field(default_factory=list)

    @property
    def is_confirmed(self) -> bool:
        return self.lots is not None and sum(self.present) >= 24

    @property
    def is_suspected(self) -> bool:
        return sum(value >= 0.7 for value in self.ratios[-3:]) >= 2


@dataclass
class SlowWalls:
    """Walls second by second; call `advance` once for each, without leaving one out."""

    least_samples: int
    warm_s: int
    least_lots: Any
    """Least lots of a wall, by the mid price in ticks."""
    expected: dict[tuple[str, int], float] = field(default_factory=dict)
    counts: dict[tuple[str, int], int] = field(default_factory=dict)
    walls: list[SlowWall] = field(default_factory=list)
    first_s: int | None = None
    taught: int = 0

    def advance(self, now_s: int, bids: Levels, asks: Levels, trades: list[tuple[int, float, bool]]) -> None:
        """``trades``: (ticks, lots, whether the taker sold) of the second before the last one."""
        mid = mid_of(bids, asks)
        reach = min(reaches(bids, asks))
        if 10_000 * reach < 5 * mid:
            for wall in self.walls:
                self._lost(wall)
            return
        for wall in self.walls:
            outer = mid - wall.low if wall.side == "bid" else wall.high - mid
            if outer > reach or outer > mid / 100:
                self._lost(wall)
            else:
                self._follow(wall, now_s, mid, bids if wall.side == "bid" else asks, trades)
        self.walls = [wall for wall in self.walls if any(wall.present) or now_s - wall.seen_s <= 600]
        self._search(now_s, mid, reach, {"bid": bids, "ask": asks})

    def zones(self, mid: Fraction, atr_ticks: float) -> tuple[float | None, int]:
        sums = {"bid": 0.0, "ask": 0.0}
        confirmed = [wall for wall in self.walls if wall.is_confirmed]
        for wall in confirmed:
            weight = (wall.lots or 0) * math.exp(-abs(float(mid) - wall.price) / (0.5 * atr_ticks))
            sums[wall.side] += weight * (1 - 0.8 * wall.is_suspected)
        return ratio(sums["bid"], sums["ask"]), len(confirmed)

    def _lost(self, wall: SlowWall) -> None:
        wall.lots, wall.story = None, None
        wall.present.append(False)

    def _follow(self, wall: SlowWall, now_s: int, mid: Fraction, levels: Levels, trades: list[Any]) -> None:
        wall.lots = sum(lots for ticks, lots in levels if wall.low <= ticks <= wall.high)
        is_there = wall.lots >= 0.7 * wall.first
        wall.present.append(is_there)
        if is_there:
            wall.seen_s = now_s
        away = levels[0][0] - wall.price if wall.side == "bid" else wall.price - levels[0][0]
        is_near = away <= mid / 1_000
        if wall.story is None:
            if is_near and wall.can_begin and wall.lots:
                wall.story = {"lots": [wall.lots], "taken": 0.0, "over": False}
            wall.can_begin = not is_near
            return
        story = wall.story
        story["taken"] += sum(
            lots
            for ticks, lots, is_sell in trades
            if wall.low <= ticks <= wall.high and is_sell == (wall.side == "bid")
        )
        if story["over"]:
            begin, least = story["lots"][0], min(story["lots"])
            lost = begin - least
            wall.ratios.append(0.0 if lost < 0.3 * begin else max(0.0, lost - story["taken"]) / lost)
            wall.story, wall.can_begin = None, not is_near
        else:
            story["lots"].append(wall.lots)
            story["over"] = not is_near or wall.lots == 0

    def _search(self, now_s: int, mid: Fraction, reach: Fraction, sides: dict[str, Levels]) -> None:
        self.first_s = now_s if self.first_s is None else self.first_s
        buckets = self._buckets(mid, reach, sides)
        surprise = {
            (side, number): math.log(lots) - self.expected[side, number]
            for side, number, _, _, _, lots in buckets
            if self.counts.get((side, number), 0) >= self.least_samples
        }
        found = self._outliers(mid, buckets, surprise)
        for side, number, _, _, _, lots in buckets:
            key, log = (side, number), math.log(lots)
            before = self.expected.get(key, log)
            self.expected[key] = before + (log - before) * (1 - 0.5 ** (1 / 600))
            self.counts[key] = self.counts.get(key, 0) + 1
        self.taught += 1
        if now_s - self.first_s >= self.warm_s and self.taught >= self.least_samples:
            for side, _, low, high, price, lots in found:
                self._take(SlowWall(side, low, high, price, lots, now_s, lots))

    def _buckets(self, mid: Fraction, reach: Fraction, sides: dict[str, Levels]) -> list[Bucket]:
        width = mid / 5_000
        buckets: list[Bucket] = []
        for side in SIDES:
            for number in range(50):
                if (number + 1) * width > reach:
                    break
                if side == "bid":
                    low, high = math.floor(mid - (number + 1) * width) + 1, math.floor(mid - number * width)
                else:
                    low, high = math.ceil(mid + number * width), math.ceil(mid + (number + 1) * width) - 1
                inside = [(lots, ticks) for ticks, lots in sides[side] if low <= ticks <= high]
                if inside:
                    most = max(lots for lots, _ in inside)
                    price = next(ticks for lots, ticks in inside if lots == most)
                    buckets.append((side, number, low, high, price, sum(lots for lots, _ in inside)))
        return buckets

    def _outliers(self, mid: Fraction, buckets: list[Bucket], surprise: dict[tuple[str, int], float]) -> list[Bucket]:
        if not surprise:
            return []
        middle = statistics.median(surprise.values())
        limit = 3.5 * 1.4826 * max(0.2, statistics.median(abs(value - middle) for value in surprise.values()))
        big = [bucket for bucket in buckets if bucket[-1] >= self.least_lots(mid)]
        return [bucket for bucket in big if surprise.get(bucket[:2], -math.inf) >= limit]

    def _take(self, new: SlowWall) -> None:
        same = [wall for wall in self.walls if wall.side == new.side and wall.low <= new.high and new.low <= wall.high]
        if any(any(wall.present) for wall in same):
            return
        if same:
            old = max(same, key=lambda wall: wall.seen_s)
            new.ratios = old.ratios
            self.walls[self.walls.index(old)] = new
        else:
            self.walls.append(new)
