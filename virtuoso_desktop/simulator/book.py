"""The order book around given best prices, as a function of time.

Every price level has its own size, renewed from a hash each time its own period ends (0.26 s to 33 s, most
slow), so that two books in a row differ in few levels. Whether a level is there at all is decided the same way:
fine ticks leave holes as real books do. Sizes grow away from the inside and some levels are walls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from virtuoso_desktop.simulator.market import SimBook
from virtuoso_desktop.simulator.noise import QUANTILE_MASK, Floats, Ints, Words, derive_key, log_normal

_SIZE_SPREAD = 0.9
_WALL_TIMES = 9.0
_WALL_BITS = 8
_PERIOD_SHIFTS = np.array([8, 9, 9, 11, 12, 12, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15], dtype=np.int64)
"""log2 of the periods of levels in ms, equally likely."""
_PHASE_MASK = np.int64(0x7FFF)
_NEAR_LEVELS = 6
_NEAR_TIMES = 1.9
_GROWTH_AT_SHARE = ((0.0, 1.0), (0.12, 1.5), (0.5, 2.2), (2.0, 3.2), (8.0, 4.5))
"""Mean size in near sizes from that many times `_REACH_LEVELS` on."""
_REACH_LEVELS = 50
_FULL_DENSITY_BPS = 0.35
_LEAST_DENSITY = 0.36
_FINEST_STEP_BPS = 0.002
_ROOM = 1.25
_EXTRA_TICKS = 40

_c1, _c2, _c3, _c4 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0xD6E8FEB86659FD93),
    np.uint64(0xFF51AFD7ED558CCD),
)
_s12, _s20, _s29, _s32, _s33, _s52, _s60 = (np.uint64(n) for n in (12, 20, 29, 32, 33, 52, 60))
_wall_mask = np.uint64((1 << _WALL_BITS) - 1)
_present_mask = np.uint64(0xFFFF)


class Quote(NamedTuple):
    """The inside at one moment: best prices, number of trades so far, and the order that comes next.

    ``wave_lots`` is the size of the next order, 0 if none is known; it takes the ask if ``wave_is_buy``.
    """

    bid: int
    ask: int
    trades: int
    wave_lots: int
    wave_is_buy: bool


class Shape(NamedTuple):
    """What an instrument's books look like: usual lots of a near level, price of the instrument in ticks."""

    key: int
    level_lots: float
    price_ticks: float
    refresh_ms: int
    """Sizes move on at multiples of this time, and whenever the inside moves."""


class _Plan(NamedTuple):
    """Arrays for a number of ticks on both sides: asks first, then bids."""

    ticks: int
    keys: Words
    presence: Words
    growth: Floats
    offsets: Ints


class BookMaker:
    """Makes the books of one instrument."""

    def __init__(self, shape: Shape) -> None:
        tick_bps = 1e4 / shape.price_ticks
        step = 1
        while tick_bps * step < _FINEST_STEP_BPS:
            step *= 10
        self._shape = shape
        self._step = step
        share = min(1.0, tick_bps * step / _FULL_DENSITY_BPS)
        self._density = _LEAST_DENSITY + (0.97 - _LEAST_DENSITY) * share
        self._side_keys = derive_key(shape.key, "ask"), derive_key(shape.key, "bid")
        self._sizes = log_normal(_SIZE_SPREAD) * shape.level_lots
        self._plans: dict[int, _Plan] = {}
        self._last: tuple[Quote, int, int, SimBook] | None = None

    def book(self, quote: Quote, depth: int, now_ms: int) -> SimBook:
        """At most ``depth`` levels a side, best first. The same for every depth as far as it reaches."""
        time_ms = now_ms - now_ms % self._shape.refresh_ms
        last = self._last
        if last is not None and last[0] == quote and last[1] == time_ms and last[2] >= depth:
            return last[3] if last[2] == depth else SimBook(last[3].bids[:depth], last[3].asks[:depth])
        book = self._make(quote, depth, time_ms)
        self._last = (quote, time_ms, depth, book)
        return book

    def _make(self, quote: Quote, depth: int, time_ms: int) -> SimBook:
        ticks_a_side = int(depth / self._density * _ROOM) + _EXTRA_TICKS
        while True:
            plan = self._plan(ticks_a_side)
            prices = plan.offsets.copy()
            prices[:ticks_a_side] += (quote.ask // self._step + 1) * self._step
            prices[ticks_a_side:] += (quote.bid - 1) // self._step * self._step
            prices[0], prices[ticks_a_side] = quote.ask, quote.bid
            lots, present = self._levels(plan, prices, quote, time_ms)
            asks = np.flatnonzero(present[:ticks_a_side])[:depth]
            bids = np.flatnonzero(present[ticks_a_side:])[:depth] + ticks_a_side
            if asks.size == depth and (bids.size == depth or int(prices[-1]) <= 0):
                break
            ticks_a_side *= 2
        self._serve(lots, quote, ticks_a_side)
        return SimBook(_pairs(prices, lots, bids), _pairs(prices, lots, asks))

    def _levels(
        self, plan: _Plan, prices: Ints, quote: Quote, time_ms: int
    ) -> tuple[Ints, np.typing.NDArray[np.bool_]]:
        """(lots, whether the level is there) of every price of the plan."""
        own = prices.view(np.uint64) * _c1
        own += plan.keys
        own ^= own >> _s29
        own *= _c2
        own ^= own >> _s32
        epoch = (own >> _s20).view(np.int64) & _PHASE_MASK
        epoch += time_ms
        epoch >>= _PERIOD_SHIFTS[(own >> _s60).view(np.int64)]
        epoch[0] += quote.trades
        epoch[plan.ticks] += quote.trades
        fresh = epoch.view(np.uint64) * _c3
        fresh ^= own
        fresh *= _c4
        fresh ^= fresh >> _s33
        fresh *= _c1
        fresh ^= fresh >> _s29
        sizes = self._sizes[((fresh >> _s52) & QUANTILE_MASK).view(np.int64)]
        sizes *= plan.growth
        sizes[(own & _wall_mask) == 0] *= _WALL_TIMES
        present = (fresh & _present_mask) < plan.presence
        if prices[-1] <= 0:
            present &= prices > 0
        present[0] = True
        present[plan.ticks] = quote.bid > 0
        return sizes.astype(np.int64) + 1, present

    def _serve(self, lots: Ints, quote: Quote, ticks_a_side: int) -> None:
        """Let the best level hold what the next order takes."""
        best = 0 if quote.wave_is_buy else ticks_a_side
        if lots[best] < quote.wave_lots:
            lots[best] += quote.wave_lots

    def _plan(self, ticks: int) -> _Plan:
        plan = self._plans.get(ticks)
        if plan is None:
            plan = self._plans[ticks] = self._make_plan(ticks)
        return plan

    def _make_plan(self, ticks: int) -> _Plan:
        ask_key, bid_key = self._side_keys
        presence = np.full(ticks, int(self._density * 65_536), dtype=np.uint64)
        presence[:_NEAR_LEVELS] = min(65_536, int(self._density * _NEAR_TIMES * 65_536))
        growth = np.ones(ticks)
        for share, times in _GROWTH_AT_SHARE:
            growth[int(share * _REACH_LEVELS / self._density) :] = times
        side = np.arange(-1, ticks - 1) * self._step
        return _Plan(
            ticks,
            np.repeat(np.array((ask_key, bid_key), dtype=np.uint64), ticks),
            np.tile(presence, 2),
            np.tile(growth, 2),
            np.concatenate((side, -side)),
        )


def _pairs(prices: Ints, lots: Ints, chosen: Ints) -> list[tuple[int, int]]:
    return list(zip(prices[chosen].tolist(), lots[chosen].tolist(), strict=True))
