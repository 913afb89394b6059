"""Walls of an order book, followed at their prices, and liquidity pulled from them (analysis B.2, K4 to K6).

A bucket that holds far more than is expected at its distance is a wall. From then on it is the price range of that
bucket: its lots are followed there while the mid price moves. A bucket that overlaps the range of a wall in sight is
that wall. A wall that was not present for 30 s is out of sight; its range and what came of its approaches are
remembered for ten minutes, so that one that comes and goes is known again.

While the best price is within 10 bps, a wall is approached. Of what it lost until its lowest, trades that took from
it explain a part (filled); the rest was pulled. Trades count a second later than the book, since they may arrive
later. A wall that lost less than the third of itself held: nothing was pulled. An order book without order ids cannot
tell who took an order away, and this module does not guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from virtuoso_desktop.analysis.book_kernels import BUCKET_PARTS, lots_between
from virtuoso_desktop.analysis.book_levels import BookLevels, Rows

WINDOW_S = 30
CONFIRMED_S = 24
"""Seconds of the window in which a confirmed wall is present: 80 %."""
PRESENT_RATIO = 0.7
NEAR_PARTS = 1_000
"""The best price is near within a thousandth of the mid price: 10 bps."""
SEARCH_PARTS = 100
"""Walls are searched within a hundredth of the mid price: 100 bps."""
REMEMBERED_MS = 600_000
MOST_REMEMBERED = 64
HELD_RATIO = 0.3
PULLED_RATIO = 0.7
APPROACHES = 3
SUSPECT_APPROACHES = 2
SUSPECTED_WEIGHT = 0.2
TRADE_LAG_MS = 1_000
_WINDOW = (1 << WINDOW_S) - 1


class Taken(NamedTuple):
    """Lots that takers took at one price."""

    ticks: int
    lots: float
    is_sell: bool


class FoundWall(NamedTuple):
    """A bucket that stands out: its price range, and its largest level."""

    is_bid: bool
    low_ticks: int
    high_ticks: int
    price_ticks: int
    lots: int


@dataclass(slots=True)
class Approach:
    """What happened to a wall since the best price came near."""

    first_lots: int
    least_lots: int
    taken_lots: float = 0.0
    is_closing: bool = False

    def pull_ratio(self) -> float:
        """Share of what the wall lost that no trade explains; 0 when it held."""
        lost = self.first_lots - self.least_lots
        if lost < HELD_RATIO * self.first_lots:
            return 0.0
        return max(lost - self.taken_lots, 0.0) / lost


@dataclass(slots=True)
class Wall:
    """One wall in sight or remembered."""

    is_bid: bool
    low_ticks: int
    high_ticks: int
    price_ticks: int
    first_lots: int
    since_ms: int
    lots: int | None
    """None while its range lies beyond what the book reaches."""
    seen_ms: int
    seconds: int = 1
    """A bit for each of the last 30 seconds, the newest lowest; 1 when the wall was present."""
    is_armed: bool = True
    """The next time that the best price is near begins an approach."""
    approach: Approach | None = None
    pull_ratios: list[float] = field(default_factory=list[float])
    """Of the newest three approaches, oldest first."""

    @property
    def is_in_sight(self) -> bool:
        return self.seconds != 0

    @property
    def is_confirmed(self) -> bool:
        """Present in 80 % of the last 30 s, and within reach now."""
        return self.lots is not None and self.seconds.bit_count() >= CONFIRMED_S

    @property
    def is_suspected_pull(self) -> bool:
        return sum(ratio >= PULLED_RATIO for ratio in self.pull_ratios) >= SUSPECT_APPROACHES

    def overlaps(self, found: FoundWall) -> bool:
        return (
            self.is_bid == found.is_bid
            and self.low_ticks <= found.high_ticks
            and found.low_ticks <= self.high_ticks
        )  # fmt: skip

    def take_place(self, found: FoundWall, now_ms: int) -> None:
        """Come into sight again, where the wall is found now."""
        self.low_ticks, self.high_ticks, self.price_ticks = found.low_ticks, found.high_ticks, found.price_ticks
        self.first_lots = self.lots = found.lots
        self.since_ms = self.seen_ms = now_ms
        self.seconds = 1
        self.is_armed = True
        self.approach = None

    def follow_approach(self, is_near: bool, lots: int, taken_lots: float) -> None:
        """One more second of the story of the best price and this wall."""
        approach = self.approach
        if approach is None:
            if is_near and self.is_armed and lots:
                self.approach = Approach(lots, lots)
            self.is_armed = not is_near
            return
        approach.taken_lots += taken_lots
        if approach.is_closing:
            self.pull_ratios = [*self.pull_ratios, approach.pull_ratio()][-APPROACHES:]
            self.approach = None
            self.is_armed = not is_near
            return
        approach.least_lots = min(approach.least_lots, lots)
        approach.is_closing = not is_near or not lots


def bucket_range(is_bid: bool, bucket: int, total: int) -> tuple[int, int]:
    """Lowest and highest price in ticks of a bucket of the wall search; ``total`` = best bid + best ask."""
    twice = 2 * BUCKET_PARTS
    if is_bid:
        return total * (BUCKET_PARTS - bucket - 1) // twice + 1, total * (BUCKET_PARTS - bucket) // twice
    return -(-total * (BUCKET_PARTS + bucket) // twice), -(-total * (BUCKET_PARTS + bucket + 1) // twice) - 1


def found_wall(row: Iterable[int], total: int) -> FoundWall:
    """A row of `find_walls`."""
    side, bucket, price, lots = row
    return FoundWall(side == 0, *bucket_range(side == 0, bucket, total), price, lots)


class WallBook:
    """All walls of one instrument; advanced once a second."""

    def __init__(self) -> None:
        self.walls: list[Wall] = []
        """In sight and remembered, in the order in which they came."""

    @property
    def in_sight(self) -> list[Wall]:
        """Walls of the last 30 s whose range the book reaches."""
        return [wall for wall in self.walls if wall.is_in_sight and wall.lots is not None]

    @property
    def needs_trades(self) -> bool:
        """Whether any wall is approached, so that trades tell."""
        return any(wall.approach is not None for wall in self.walls)

    def advance(self, levels: BookLevels, now_ms: int, passed_s: int, taken: Iterable[Taken]) -> None:
        """Follow the known walls over ``passed_s`` seconds; ``taken`` is what was traded a second earlier."""
        trades = tuple(taken)
        bid, ask = int(levels.bid_ticks[0]), int(levels.ask_ticks[0])
        total = bid + ask
        reach = min(total - 2 * int(levels.bid_ticks[-1]), 2 * int(levels.ask_ticks[-1]) - total)
        for wall in self.walls:
            outer = total - 2 * wall.low_ticks if wall.is_bid else 2 * wall.high_ticks - total
            if outer > reach or SEARCH_PARTS * outer > total:
                _lose(wall, passed_s)
                continue
            ticks, sizes = levels[:2] if wall.is_bid else levels[2:]
            self._follow(wall, (ticks, sizes), (now_ms, passed_s, total), trades)
        self._forget(now_ms)

    def lose(self, now_ms: int, passed_s: int) -> None:
        """Nothing is known of any wall: the book is not valid, or reaches too little."""
        for wall in self.walls:
            _lose(wall, passed_s)
        self._forget(now_ms)

    def take(self, found: FoundWall, now_ms: int) -> None:
        """Follow a bucket that stands out, unless it is a wall in sight."""
        known = [wall for wall in self.walls if wall.overlaps(found)]
        if any(wall.is_in_sight for wall in known):
            return
        if known:
            max(known, key=lambda wall: wall.seen_ms).take_place(found, now_ms)
            return
        _, low, high, price, lots = found
        self.walls.append(Wall(found.is_bid, low, high, price, lots, now_ms, lots, now_ms))

    def zones(self, total: int, atr_ticks: float) -> tuple[float, int]:
        """LZ, support below minus resistance above over both, and the number of confirmed walls (K6).

        NaN for LZ without a confirmed wall. Weights fade over half an ATR; that of a suspected wall is a fifth.
        """
        confirmed = [wall for wall in self.walls if wall.is_confirmed]
        away = [abs(2 * wall.price_ticks - total) / atr_ticks for wall in confirmed]
        nearest = min(away, default=0.0)
        below = above = 0.0
        for wall, distance in zip(confirmed, away, strict=True):
            # Half ticks over the ATR are distances over half of it. Only their differences tell in the quotient.
            weight = (wall.lots or 0) * math.exp(nearest - distance)
            if wall.is_suspected_pull:
                weight *= SUSPECTED_WEIGHT
            if wall.is_bid:
                below += weight
            else:
                above += weight
        both = below + above
        return ((below - above) / both if both > 0.0 else math.nan), len(confirmed)

    def _follow(
        self, wall: Wall, side: tuple[Rows, Rows], moment: tuple[int, int, int], taken: tuple[Taken, ...]
    ) -> None:
        now_ms, passed_s, total = moment
        ticks, sizes = side
        lots: int = lots_between(ticks, sizes, wall.low_ticks, wall.high_ticks)
        wall.lots = lots
        is_present = lots >= PRESENT_RATIO * wall.first_lots
        _count(wall, passed_s, is_present=is_present)
        if is_present:
            wall.seen_ms = now_ms
        best = int(ticks[0])
        distance = best - wall.price_ticks if wall.is_bid else wall.price_ticks - best
        hits = 0.0
        if wall.approach is not None:
            hits = sum(
                trade.lots
                for trade in taken
                if trade.is_sell == wall.is_bid and wall.low_ticks <= trade.ticks <= wall.high_ticks
            )
        wall.follow_approach(2 * NEAR_PARTS * distance <= total, lots, hits)

    def _forget(self, now_ms: int) -> None:
        self.walls = [wall for wall in self.walls if wall.is_in_sight or now_ms - wall.seen_ms <= REMEMBERED_MS]
        if len(self.walls) > MOST_REMEMBERED:
            by_age = sorted(self.walls, key=lambda wall: (wall.is_in_sight, wall.seen_ms))
            dropped = {id(wall) for wall in by_age[: len(self.walls) - MOST_REMEMBERED]}
            self.walls = [wall for wall in self.walls if id(wall) not in dropped]


def _count(wall: Wall, passed_s: int, *, is_present: bool) -> None:
    shift = min(passed_s, WINDOW_S)
    wall.seconds = (wall.seconds << shift | ((1 << shift) - 1 if is_present else 0)) & _WINDOW


def _lose(wall: Wall, passed_s: int) -> None:
    wall.lots = None
    wall.approach = None
    _count(wall, passed_s, is_present=False)
