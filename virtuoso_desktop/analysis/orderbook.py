"""The order book's dimension: depth imbalance, liquidity zones, microprice (analysis B.2, C.2).

Every whole second the analysed book is copied and measured; walls are followed and their expectation learns. A book
that is not valid, crossed, one-sided or older than five seconds on a silent link gives nothing, with a reason. Where
the shorter side reaches less than 5 bps there are no walls, no pulled liquidity and no zones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from virtuoso_desktop.analysis.book_kernels import (
    ASK_REACH_BPS,
    BAND_BPS,
    BAND_RATIOS,
    BID_REACH_BPS,
    BUCKETS,
    DI_HALF,
    DI_LEVEL_1,
    DI_TENTH,
    DI_WEIGHTED,
    LEVEL_COUNTS,
    MEASURES,
    MICROPRICE_TICKS,
    SPREAD_BPS,
    SPREAD_TICKS,
    TOTAL,
    WallRules,
    measure_book,
    walk_book,
)
from virtuoso_desktop.analysis.book_levels import BookLevels, book_fault, read_levels
from virtuoso_desktop.analysis.book_measures import (
    NOTIONALS,
    Band,
    BookMeasures,
    BookWall,
    ImbalanceHistory,
    Slippage,
)
from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    BID_ASK_DEPTH,
    CELLS,
    DEGENERATE,
    FRESH,
    LIQUIDITY_ZONES,
    MICROPRICE,
    MISSING,
    NONE,
    QUALITY,
    REACH,
    REASON,
    REASONS,
    STALE,
    VALUE,
    WARMUP,
    C,
)
from virtuoso_desktop.analysis.streams import SAMPLE_MS, Floats
from virtuoso_desktop.analysis.wall_expectation import DEFAULT_RULES, WallExpectation
from virtuoso_desktop.analysis.walls import TRADE_LAG_MS, Taken, Wall, WallBook
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.candles import OPEN_MS, TURNOVER, VOLUME
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import Aggressor
from virtuoso_desktop.model.timeframe import Timeframe

LIMIT_MS = 5_000
"""A book without a message or heartbeat for this long is not believed (analysis C.3)."""
LEAST_REACH_BPS = 5.0
WEIGHTED_SHARE, BAND_SHARE = 0.6, 0.4
"""Shares in `bid_ask_depth` of the distance-weighted imbalance, and of that within half of the widest band: DI_25 where
the book reaches 50 bps."""
FULL_ZONES = 2
"""Confirmed walls from which on the zones count in full."""
TURNOVER_MINUTES = 60
LEAST_MINUTES = 10


class OrderBookDimension:
    """Order book of one instrument; a `StreamDimension`.

    Parameters
    ----------
    state : InstrumentState
        Its analysed book, its tape and its candles of one minute are read.
    is_alive : callable
        Whether the link that carries the book was heard within 5 s of a venue time in ms, heartbeats included.
    atr_ticks : callable
        ATR of a timeframe in ticks as of its last closed candle; NaN while there is none.
    rules : WallRules
        Numbers of the wall search.
    """

    def __init__(
        self,
        state: InstrumentState,
        is_alive: Callable[[int], bool],
        atr_ticks: Callable[[Timeframe], float],
        rules: WallRules = DEFAULT_RULES,
    ) -> None:
        instrument = state.instrument
        self._state = state
        self._is_alive = is_alive
        self._atr_ticks = atr_ticks
        self._turnover_ratio = rules.turnover_ratio
        self._tick_size, self._lot_step = float(instrument.tick_size), float(instrument.lot_step)
        self._is_inverse = instrument.id.market_kind is MarketKind.INVERSE
        self.history = ImbalanceHistory()
        self.walls = WallBook()
        self._row = np.full(MEASURES, math.nan)
        self._levels: BookLevels | None = None
        self._fault = MISSING
        self._measured: tuple[int, int] = (0, -1)
        """The book (its identity) and its version that ``_row`` belongs to."""
        self._expectation = WallExpectation(instrument, rules)
        self._written = np.empty((3, CELLS))
        """Cells as of ``_written_at``."""
        self._written_at: tuple[int, int, int, int] | None = None
        self._sampled_ms: int | None = None
        self._turnover = math.nan
        self._turnover_version = -1

    # --- the contract -----------------------------------------------------------------------------------------------

    def sample(self, now_ms: int) -> None:
        """Measure the book, follow the walls and learn, at a whole second."""
        before_ms = now_ms - SAMPLE_MS if self._sampled_ms is None else self._sampled_ms
        self._sampled_ms = now_ms
        passed_s = max(1, (now_ms - before_ms) // SAMPLE_MS)
        fault, levels = self._refresh(now_ms), self._levels
        if fault != NONE or levels is None:
            self.walls.lose(now_ms, passed_s)
            return
        depth, microprice = float(self._row[DI_HALF]), float(self._row[DI_LEVEL_1])
        if not math.isnan(depth):
            self.history.add(now_ms, depth, microprice)
        if self._is_short:
            self.walls.lose(now_ms, passed_s)
            return
        trades = self._taken(before_ms - TRADE_LAG_MS, now_ms - TRADE_LAG_MS) if self.walls.needs_trades else ()
        self.walls.advance(levels, now_ms, passed_s, trades)
        self._learn(levels, now_ms, passed_s)

    def cells(self, timeframe: Timeframe, now_ms: int, out: Floats) -> float:
        """Write bid_ask_depth, liquidity_zones and microprice as they are now; see `StreamDimension`."""
        fault = self._refresh(now_ms)
        moment = *self._measured, now_ms, fault
        if moment != self._written_at:
            self._written_at = moment
            self._write(fault, now_ms, self._written)
        out[:] = self._written
        if fault == NONE:
            self._write_zones(timeframe, now_ms, out[LIQUIDITY_ZONES - BID_ASK_DEPTH])
        return 1.0

    def _write(self, fault: int, now_ms: int, out: Floats) -> None:
        """The components but for the zones, which differ by timeframe."""
        out[:, C] = out[:, VALUE] = out[:, AGE_MS] = math.nan
        out[:, QUALITY] = out[:, FRESH] = 1.0
        out[:, REASON] = fault
        if fault != NONE:
            return
        out[:, FRESH], out[:, AGE_MS] = self._freshness(now_ms)
        depth, row = out[0], self._row
        if math.isnan(row[DI_HALF]):
            depth[REASON] = REACH if self._is_short else DEGENERATE
        else:
            depth[C] = WEIGHTED_SHARE * row[DI_WEIGHTED] + BAND_SHARE * row[DI_HALF]
            depth[VALUE] = row[DI_HALF]
        microprice = out[MICROPRICE - BID_ASK_DEPTH]
        microprice[C] = microprice[VALUE] = row[DI_LEVEL_1]

    def warm_at_ms(self, timeframe: Timeframe) -> int | None:
        """When walls can be told if the stream goes on; the same on every timeframe."""
        del timeframe
        return self._expectation.warm_at_ms()

    def keep(self) -> bytes:
        """What is expected of every bucket of the wall search; empty before it is known."""
        return self._expectation.keep()

    def recall(self, kept: bytes, age_ms: int) -> bool:
        """Go on with the expectations of an earlier run, of the same grids and younger than a day."""
        return self._expectation.recall(kept, age_ms)

    # --- for those who show it --------------------------------------------------------------------------------------

    def measures(self, now_ms: int) -> BookMeasures:
        """Everything that the book says now; walls as of the last sample."""
        fault = self._refresh(now_ms)
        book, levels, row = self._state.book, self._levels, self._row
        book_ms = book.event_ms if book is not None and book.event_ms else None
        if fault != NONE or levels is None:
            return BookMeasures(now_ms, book_ms, REASONS[fault], REASONS[fault])
        instrument = self._state.instrument
        walls_fault = self._walls_fault(now_ms)
        return BookMeasures(
            now_ms,
            book_ms,
            None,
            REASONS[walls_fault],
            instrument.to_price(int(levels.bid_ticks[0])),
            instrument.to_price(int(levels.ask_ticks[0])),
            int(row[SPREAD_TICKS]),
            float(row[SPREAD_BPS]),
            float(row[MICROPRICE_TICKS]) * self._tick_size,
            float(row[BID_REACH_BPS]),
            float(row[ASK_REACH_BPS]),
            tuple(
                Band(ratio * float(row[BAND_BPS]), _known(row[DI_TENTH + index]))
                for index, ratio in enumerate(BAND_RATIOS)
            ),
            _known(row[DI_WEIGHTED]),
            tuple(_known(row[DI_LEVEL_1 + index]) for index in range(len(LEVEL_COUNTS))),
            tuple(self._shown_walls()) if walls_fault == NONE else (),
            tuple(self.slippage(levels)),
        )

    def slippage(self, levels: BookLevels | None = None) -> Iterator[Slippage]:
        """What market orders of `NOTIONALS` would pay, buys then sells; nothing without a valid book (K7)."""
        levels = self._levels if levels is None else levels
        if levels is None:
            return
        mid_ticks = float(levels.bid_ticks[0] + levels.ask_ticks[0]) / 2.0
        lot_value = -self._lot_step if self._is_inverse else self._lot_step * self._tick_size
        notionals = np.array(NOTIONALS)
        for side, (ticks, lots) in ((Aggressor.BUY, levels[2:]), (Aggressor.SELL, levels[:2])):
            out = np.empty((len(NOTIONALS), 2))
            walk_book(ticks, lots, lot_value, mid_ticks, notionals, out)
            for notional, (bps, filled_ratio) in zip(NOTIONALS, out.tolist(), strict=True):
                yield Slippage(side, notional, bps, filled_ratio, filled_ratio < 1.0)

    # --- the book ---------------------------------------------------------------------------------------------------

    @property
    def _is_short(self) -> bool:
        """The shorter side reaches less than walls need."""
        return bool(min(self._row[BID_REACH_BPS], self._row[ASK_REACH_BPS]) < LEAST_REACH_BPS)

    def _refresh(self, now_ms: int) -> int:
        """Measure the book unless that was done in its state; returns why it cannot be judged, NONE when it can."""
        book = self._state.book
        if book is None:
            self._levels, self._fault = None, MISSING
            return MISSING
        identity = (id(book), book.version)
        if identity != self._measured:
            self._measured = identity
            self._fault = book_fault(book)
            self._levels = None
            if self._fault == NONE:
                self._measure(book)
        if self._fault == NONE and self._age_ms(book, now_ms) > LIMIT_MS and not self._is_alive(now_ms):
            return STALE
        return self._fault

    def _measure(self, book: OrderBook) -> None:
        try:
            self._levels = levels = read_levels(book)
        except OverflowError:
            self._fault = DEGENERATE
            return
        measure_book(*levels, self._row)

    def _age_ms(self, book: OrderBook, now_ms: int) -> int:
        return max(0, now_ms - book.event_ms)

    def _freshness(self, now_ms: int) -> tuple[float, float]:
        """Freshness f and age in ms of a book that is judged."""
        book = self._state.book
        age_ms = 0 if book is None else self._age_ms(book, now_ms)
        if 2 * age_ms <= LIMIT_MS or self._is_alive(now_ms):
            return 1.0, float(age_ms)
        return max(0.0, 2.0 - 2.0 * age_ms / LIMIT_MS), float(age_ms)

    # --- walls ------------------------------------------------------------------------------------------------------

    def _walls_fault(self, now_ms: int) -> int:
        """Why walls of a valid book cannot be told."""
        if self._is_short:
            return REACH
        return NONE if self._expectation.is_warm(now_ms) and not math.isnan(self._minute_turnover()) else WARMUP

    def _learn(self, levels: BookLevels, now_ms: int, passed_s: int) -> None:
        """Let the expectations see the book; what stands out of them is followed from now on."""
        middle = self._tick_size * float(self._row[TOTAL]) / 2.0
        turnover = self._minute_turnover()
        lot_value = self._lot_step * (1.0 if self._is_inverse else middle)
        least_lots = math.inf if math.isnan(turnover) else self._turnover_ratio * turnover / lot_value
        moment = now_ms, passed_s
        for found in self._expectation.learn(levels, int(self._row[BUCKETS]), least_lots, moment):
            self.walls.take(found, now_ms)

    def _minute_turnover(self) -> float:
        """Median turnover of the last hour's closed minutes, quote coin (inverse: dollars); NaN below ten of them."""
        series = self._state.candles.get(Timeframe.M1)
        if series is None:
            return math.nan
        if series.base_version != self._turnover_version:
            self._turnover_version = series.base_version
            rows = series.columns[:, -TURNOVER_MINUTES - 1 :]
            closed = [index for index, ms in enumerate(rows[OPEN_MS]) if int(ms) not in series.uncommitted]
            column = rows[VOLUME if self._is_inverse else TURNOVER, closed[-TURNOVER_MINUTES:]]
            self._turnover = float(np.median(column)) if column.size >= LEAST_MINUTES else math.nan
        return self._turnover

    def _taken(self, after_ms: int, until_ms: int) -> Iterator[Taken]:
        """Trades of (after_ms, until_ms] against the book; block and RPI trades are not (analysis D12)."""
        for trade in reversed(self._state.tape.trades):
            if trade.time_ms <= after_ms:
                return
            if trade.time_ms <= until_ms and not (trade.is_block or trade.is_rpi):
                is_sell = trade.aggressor is Aggressor.SELL
                yield Taken(round(trade.price / self._tick_size), trade.size / self._lot_step, is_sell)

    def _write_zones(self, timeframe: Timeframe, now_ms: int, cell: Floats) -> None:
        fault = self._walls_fault(now_ms)
        atr_ticks = self._atr_ticks(timeframe)
        if fault == NONE and math.isnan(atr_ticks):
            fault = WARMUP
        elif fault == NONE and atr_ticks <= 0.0:
            fault = DEGENERATE
        if fault != NONE:
            cell[REASON] = fault
            return
        zones, count = self.walls.zones(int(self._row[TOTAL]), atr_ticks)
        if count == 0:
            # Nothing stands out: neutral, and said to be without ground.
            cell[C], cell[REASON] = 0.0, DEGENERATE
            return
        cell[C], cell[VALUE] = zones * min(1.0, count / FULL_ZONES), zones

    def _shown_walls(self) -> Iterator[BookWall]:
        instrument, total = self._state.instrument, float(self._row[TOTAL])
        for wall in sorted(self.walls.in_sight, key=_by_falling_price):
            yield BookWall(
                wall.is_bid,
                instrument.to_price(wall.price_ticks),
                instrument.to_price(wall.low_ticks),
                instrument.to_price(wall.high_ticks),
                instrument.to_size(wall.lots or 0),
                1e4 * abs(2 * wall.price_ticks - total) / total,
                wall.since_ms,
                wall.is_confirmed,
                wall.is_suspected_pull,
                tuple(wall.pull_ratios),
            )


def _by_falling_price(wall: Wall) -> int:
    return -wall.price_ticks


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
