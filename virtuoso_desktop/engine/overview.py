"""The market as a whole, kept for faces that look at it: nothing is computed while nobody asks.

What changes with every ticker is put together at most once a second. What comes from candles is worked out one
instrument at a time, when its candles have changed; older days of volatility come from the history on disk.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import msgspec
import numpy as np

from virtuoso_desktop.analysis.layout import REASONS
from virtuoso_desktop.analysis.open_interest import (
    InterestHistory,
    InterestReading,
    RangeHistory,
    interest_change,
    one_sided_interest,
)
from virtuoso_desktop.analysis.overview import (
    hour_returns,
    market_overview,
    movers,
    reference_of,
    relation,
    turnover_usd,
)
from virtuoso_desktop.analysis.positioning import (
    FundingHistory,
    funding_now,
)
from virtuoso_desktop.analysis.regime import (
    AVERAGE_DAYS,
    DAY_RETURNS,
    NO_HOURS,
    Floats,
    HourVariances,
    TrendColumns,
    hour_variances,
    joined_hours,
    regime_of,
)
from virtuoso_desktop.engine.archive import Archive
from virtuoso_desktop.market.candles import CLOSE, OPEN_MS, CandleSeries
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.overview import Overview, OverviewRow, Regime
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

STEP_MS = 1_000
TREND_ROWS = 500
DAYS_ROWS = (AVERAGE_DAYS + 2) * DAY_RETURNS
BETWEEN_S = 0.02
"""Between two instruments: each takes a few ms."""
PAUSE_S = 1.0
"""Between two looks whether candles have changed."""
LOOK_AGAIN_MS = 10 * 60_000
"""Between two looks whether the disk holds more days, while they are too few."""

TrendReader = Callable[[Floats, Instrument, Timeframe, int], tuple[Floats, TrendColumns]]


class _Held:
    """What is worked out of one instrument."""

    def __init__(self, state: InstrumentState) -> None:
        self.state = state
        self.funding = FundingHistory()
        self.interest = InterestHistory()
        self.ranges = RangeHistory()
        self.regime = Regime()
        self.returns: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self.seen: tuple[int, int] | None = None
        self.older: HourVariances = NO_HOURS
        self.loaded_ms: int | None = None
        self._trend_version = -1
        self._trend: tuple[Floats, TrendColumns] | None = None

    def key(self) -> tuple[int, int]:
        """Changes with every closed candle that counts."""
        minutes, hours = self.state.candles.get(Timeframe.M5), self.state.candles.get(Timeframe.H1)
        return (-1 if minutes is None else minutes.base_version, -1 if hours is None else hours.base_version)

    def work_out(self, read_trend: TrendReader, now_ms: int) -> None:
        """Regime and returns from the candles as they are."""
        self.seen = self.key()
        minutes, hours = _closed(self.state.candles.get(Timeframe.M5)), self.state.candles.get(Timeframe.H1)
        rows = np.empty((7, 0)) if hours is None else hours.committed(TREND_ROWS)
        self.returns = hour_returns(rows[OPEN_MS], rows[CLOSE])
        if self._trend is None or self._trend_version != self.seen[1]:
            self._trend = read_trend(rows, self.state.instrument, Timeframe.H1, now_ms)
            self._trend_version = self.seen[1]
        variances = joined_hours(self.older, hour_variances(minutes[0], minutes[1]))
        self.regime = regime_of(*self._trend, minutes, variances)


class MarketWatch:
    """The overview of all watched instruments.

    Parameters
    ----------
    store : MarketStore
        Whose states are read.
    archive : Archive
        Older candles.
    venue_now_ms : callable
        Venue time.
    is_prepared : callable
        Whether the kernels are compiled; before it no regime is known.
    read_trend : TrendReader, optional
        Columns of the candle table; `analysis.regime_table.trend_columns`.
    """

    def __init__(
        self,
        store: MarketStore,
        archive: Archive,
        venue_now_ms: Callable[[], int],
        is_prepared: Callable[[], bool],
        read_trend: TrendReader | None = None,
    ) -> None:
        self._store = store
        self._archive = archive
        self._venue_now_ms = venue_now_ms
        self._is_prepared = is_prepared
        self._read_trend = read_trend
        self._held: dict[InstrumentId, _Held] = {}
        self._view: Overview | None = None
        self._is_asked = False
        self._wake = asyncio.Event()
        self.made = 0
        """Overviews that were put together."""

    @property
    def known(self) -> int:
        """Instruments whose candles have been looked at."""
        return sum(1 for each in self._held.values() if each.regime.closed_ms is not None)

    def view(self) -> Overview:
        """The overview, at most a second old; asking for it keeps it up to date."""
        self._is_asked = True
        self._wake.set()
        now_ms = self._venue_now_ms()
        if self._view is None or not 0 <= now_ms - self._view.as_of_ms < STEP_MS:
            self._view = self._make(now_ms)
        return self._view

    def final_view(self) -> Overview:
        """The overview with everything worked out at once, for a report: it may take a moment."""
        now_ms = self._venue_now_ms()
        for held in self._all():
            self._work_out(held, now_ms)
        return self._make(now_ms)

    async def run(self) -> None:
        """Work out what faces ask for, one instrument at a time; until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._is_asked:
                self._is_asked = False
                for held in self._all():
                    if await self._bring_up(held):
                        await asyncio.sleep(BETWEEN_S)
                await asyncio.sleep(PAUSE_S)

    async def _bring_up(self, held: _Held) -> bool:
        """Bring one instrument up to date; False when there was nothing to do."""
        if not self._is_prepared():
            return False
        now_ms = self._venue_now_ms()
        is_due = held.loaded_ms is None or now_ms - held.loaded_ms > (
            DAY_MS if held.regime.avg_volatility is not None else LOOK_AGAIN_MS
        )
        if is_due and held.regime.closed_ms is not None:
            held.loaded_ms = now_ms
            await self._load_older(held)
        elif held.seen == held.key():
            return False
        self._work_out(held, now_ms)
        return True

    async def _load_older(self, held: _Held) -> None:
        series = held.state.candles.get(Timeframe.M5)
        before_ms = None if series is None else series.first_open_ms
        if before_ms is None:
            return
        await self._archive.opened()
        identity = held.state.instrument.id
        rows = await self._archive.newest(identity, Timeframe.M5, before_ms, DAYS_ROWS)
        # Prices as they are: only their ratios count.
        held.older = hour_variances(rows[OPEN_MS], rows[CLOSE])

    def _work_out(self, held: _Held, now_ms: int) -> None:
        if not self._is_prepared():
            return
        if self._read_trend is None:
            from virtuoso_desktop.analysis.regime_table import trend_columns

            self._read_trend = trend_columns
        held.work_out(self._read_trend, now_ms)

    def _all(self) -> list[_Held]:
        """Everything watched, in the order of the universe; an instrument that began anew begins anew here."""
        before, self._held = self._held, {}
        for state in self._store.states:
            known = before.get(state.instrument.id)
            self._held[state.instrument.id] = known if known is not None and known.state is state else _Held(state)
        return list(self._held.values())

    # --- putting together --------------------------------------------------------------------------------------------

    def _make(self, now_ms: int) -> Overview:
        self.made += 1
        held = self._all()
        plain = [_plain_row(each, now_ms) for each in held]
        reference = reference_of(plain)
        theirs = None if reference is None else self._held[reference.instrument_id].returns
        rows = tuple(_with_relation(row, each, theirs) for row, each in zip(plain, held, strict=True))
        risers, fallers = movers(rows)
        return Overview(
            as_of_ms=now_ms,
            market=market_overview(rows, now_ms),
            rows=rows,
            risers=risers,
            fallers=fallers,
            regimes_known=self.known,
        )


def _closed(series: CandleSeries | None) -> tuple[Floats, Floats]:
    """open_ms and close of the closed candles that are in memory, of 32 days at most."""
    if series is None:
        return np.empty(0), np.empty(0)
    rows = series.committed(DAYS_ROWS)
    return rows[OPEN_MS], rows[CLOSE]


def _plain_row(held: _Held, now_ms: int) -> OverviewRow:
    state = held.state
    instrument, ticker = state.instrument, state.ticker
    change = ticker.value("change_24h_ratio")
    funding = funding_now(state, held.funding, now_ms)
    hour, day = (interest_change(state, held.interest, held.ranges, each, now_ms) for each in _WINDOWS)
    return OverviewRow(
        instrument_id=instrument.id,
        base_coin=instrument.base_coin,
        price_decimals=instrument.price_decimals,
        age_ms=None if ticker.event_ms is None else max(0, now_ms - ticker.event_ms),
        last_price=ticker.value("last_price"),
        change_24h_pct=None if change is None else 100.0 * change,
        turnover_usd=turnover_usd(state),
        regime=held.regime,
        funding_rate=_known(funding.rate),
        funding_interval_h=_known(funding.interval_h),
        funding_annual=_known(funding.annual),
        funding_z=_known(funding.z),
        funding_reason=REASONS[funding.reading.reason],
        open_interest_usd=_interest_usd(state),
        interest_1h_pct=_known(hour.change_pct),
        interest_24h_pct=_known(day.change_pct),
        interest_reason=_why_no_interest(hour),
    )


_WINDOWS = (Timeframe.H1, Timeframe.D1)


def _why_no_interest(reading: InterestReading) -> Reason | None:
    """Why there is no change; a change that cannot be judged yet is one."""
    return REASONS[reading.reading.reason] if math.isnan(reading.change_pct) else None


def _interest_usd(state: InstrumentState) -> float | None:
    """One side in USD, at the mark price."""
    interest = one_sided_interest(state)
    if state.instrument.id.market_kind is MarketKind.INVERSE or interest is None:
        return interest
    price = state.ticker.value("mark_price") or state.ticker.value("last_price")
    return None if price is None else interest * price


def _with_relation(row: OverviewRow, held: _Held, theirs: tuple[Floats, Floats] | None) -> OverviewRow:
    found = relation(held.returns, theirs)
    return msgspec.structs.replace(
        row,
        correlation=found.correlation,
        beta=found.beta,
        returns=found.returns,
        relation_reason=found.reason,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
