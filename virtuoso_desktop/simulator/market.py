"""What the simulated exchange asks of a market: everything as a function of venue time.

Prices are integer ticks and sizes integer lots, so that trades, candles and tickers add up exactly.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe


class SimTrade(NamedTuple):
    """One trade. ``number`` is unique per instrument and increases with time; equal on every run."""

    time_ms: int
    price_ticks: int
    size_lots: int
    is_buy: bool
    number: int


class SimCandle(NamedTuple):
    """One candle. ``turnover`` is decimal text in quote coin (base coin for inverse)."""

    open_ms: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume: str
    turnover: str


class SimBook(NamedTuple):
    """(price ticks, lots) per side, best first; never crossed, never touching."""

    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class SimDay(NamedTuple):
    """Rolling figures of a ticker, all following from the candles."""

    last_ticks: int
    previous_24h_ticks: int
    previous_1h_ticks: int
    high_24h_ticks: int
    low_24h_ticks: int
    volume_24h: str
    turnover_24h: str


class SimDerivative(NamedTuple):
    """What only a contract has. Prices are decimals on the tick grid, ``funding_rate`` a fraction."""

    mark_price: str
    index_price: str
    open_interest: str
    open_interest_value: str
    funding_rate: str
    next_funding_ms: int


class PriceSeries(StrEnum):
    """A price of a contract that is computed, not traded; ``premium`` is contract over index, less one."""

    MARK = "mark"
    INDEX = "index"
    PREMIUM = "premium"


class SimPriceCandle(NamedTuple):
    """A candle of a `PriceSeries`: decimal text; each opens where the one before closed."""

    open_ms: int
    open: str
    high: str
    low: str
    close: str


class SimFunding(NamedTuple):
    """The rate (fraction, decimal text) that was paid at a moment."""

    time_ms: int
    rate: str


class SimLiquidation(NamedTuple):
    """A position closed by force: its side and size, and its bankruptcy price."""

    time_ms: int
    is_long: bool
    size_lots: int
    price_ticks: int


class MarketSource(Protocol):
    """A market as a pure function of time: the same arguments give the same answer on every machine.

    ``now_ms`` is venue time; nothing after it may be seen in an answer. Every instrument lists its
    launch in ``Instrument.launch_ms``. Two threads may ask at the same time: the loop for what is pushed
    now, a worker for history.
    """

    @property
    def instruments(self) -> tuple[Instrument, ...]: ...

    @property
    def end_ms(self) -> int | None:
        """Venue time at which the data end and the topics go silent; None for endless markets."""
        ...

    def candles(
        self, instrument_id: InstrumentId, timeframe: Timeframe, start_ms: int, end_ms: int, now_ms: int
    ) -> list[SimCandle]:
        """Candles with ``start_ms <= open_ms <= end_ms``, oldest first, the forming one as of ``now_ms`` last."""
        ...

    def trades(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimTrade]:
        """Trades with ``start_ms < time_ms <= end_ms``, oldest first."""
        ...

    def book(self, instrument_id: InstrumentId, depth: int, now_ms: int) -> SimBook:
        """The order book as of ``now_ms``, at most ``depth`` levels a side; smaller depths are its top."""
        ...

    def day(self, instrument_id: InstrumentId, now_ms: int) -> SimDay: ...

    def derivative(self, instrument_id: InstrumentId, now_ms: int) -> SimDerivative | None:
        """None for spot."""
        ...

    def funding(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimFunding]:
        """Payments with ``start_ms <= time_ms <= end_ms``, oldest first; none for spot."""
        ...

    def open_interest(self, instrument_id: InstrumentId, now_ms: int) -> str | None:
        """Open interest of both sides as of ``now_ms``, that of `derivative` without its cost; None for spot."""
        ...

    def buy_ratio(self, instrument_id: InstrumentId, now_ms: int) -> float | None:
        """Share of accounts that are long, with four digits; None for spot."""
        ...

    def price_candles(
        self,
        instrument_id: InstrumentId,
        series: PriceSeries,
        timeframe: Timeframe,
        start_ms: int,
        end_ms: int,
        now_ms: int,
    ) -> list[SimPriceCandle]:
        """As `candles`; none for spot."""
        ...

    def liquidations(self, instrument_id: InstrumentId, start_ms: int, end_ms: int) -> list[SimLiquidation]:
        """Liquidations with ``start_ms < time_ms <= end_ms``, oldest first; none for spot."""
        ...
