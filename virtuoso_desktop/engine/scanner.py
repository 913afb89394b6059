"""The scan over all instruments of the exchange: their tickers, by one calm request for each kind.

It asks only while a face reads. What is watched has its own stream and is left out; everything else has no candles
and no score.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from virtuoso_desktop.engine.scan_views import ScanView
from virtuoso_desktop.engine.universe import is_traded
from virtuoso_desktop.engine.views import MarketRow, RowState
from virtuoso_desktop.exchanges.base import Adapter, RequestPriority
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind

if TYPE_CHECKING:
    from virtuoso_desktop.kernel.clock import Clock
    from virtuoso_desktop.model.market import Ticker

PERIOD_S = 10.0
"""Between two requests of one kind."""
LISTING_WAIT_S = 0.5
STALE_AFTER_PERIODS = 3
MOST_AT_ONCE = 150
"""Rows that one reading takes: the reader's turn stays short when all are new."""


class Listing(Protocol):
    """What the scan needs of the keeper of the list."""

    @property
    def listed(self) -> Mapping[InstrumentId, Instrument]: ...


class Scanner:
    """Implements `scan_views.Scan`.

    Parameters
    ----------
    adapter : Adapter
        The venue.
    listing : Listing
        What the venue has.
    is_watched : callable
        Whether an instrument has a stream of its own.
    now_ms : callable
        Venue time.
    clock : Clock
        Its rate turns venue time into real time.
    """

    def __init__(
        self,
        adapter: Adapter,
        listing: Listing,
        is_watched: Callable[[InstrumentId], bool],
        now_ms: Callable[[], int],
        clock: Clock,
    ) -> None:
        self._adapter = adapter
        self._listing = listing
        self.is_watched = is_watched
        self._now_ms = now_ms
        self._clock = clock
        self._wake = asyncio.Event()
        self._is_asked = False
        self._view = ScanView()
        self.rows: dict[InstrumentId, MarketRow] = {}
        self.version = 0
        self._is_stale = False

    async def run(self) -> None:
        """Ask while faces read; until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._is_asked:
                self._is_asked = False
                if not self._listing.listed:
                    await asyncio.sleep(LISTING_WAIT_S)
                    continue
                await self._scan()
                await asyncio.sleep(PERIOD_S)

    def cursor(self) -> ScanCursor:
        return ScanCursor(self)

    def view(self) -> ScanView:
        return self._view

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(each for each in self._listing.listed.values() if is_traded(each))

    def ask(self) -> None:
        """A face reads: go on, and say which rows have become too old."""
        self._is_asked = True
        self._wake.set()
        as_of_ms = self._view.as_of_ms
        limit_ms = STALE_AFTER_PERIODS * PERIOD_S * 1_000 * self._clock.rate
        if as_of_ms is not None and not self._is_stale and self._now_ms() - as_of_ms > limit_ms:
            self._is_stale = True
            self._take(
                {key: msgspec.structs.replace(row, state=RowState.STALE) for key, row in self.rows.items()}, as_of_ms
            )

    async def _scan(self) -> None:
        listed = self._listing.listed
        kinds = [kind for kind in MarketKind if any(key.market_kind is kind for key in listed)]
        try:
            pages = [await self._adapter.tickers(kind, priority=RequestPriority.REPAIR) for kind in kinds]
        except VirtuosoError as error:
            self._view = msgspec.structs.replace(self._view, problem=error.user_text)
            return
        tickers = [ticker for page in pages for ticker in page]
        rows = await asyncio.to_thread(scanned_rows, tickers, dict(listed))
        as_of_ms = max((row.updated_ms for row in rows.values() if row.updated_ms is not None), default=self._now_ms())
        self._is_stale = False
        self._view = ScanView(as_of_ms)
        self._take(rows, as_of_ms)

    def _take(self, rows: dict[InstrumentId, MarketRow], as_of_ms: int) -> None:
        self.rows = rows
        self._view = msgspec.structs.replace(self._view, as_of_ms=as_of_ms)
        self.version += 1


class ScanCursor:
    """One reader: `MOST_AT_ONCE` rows a time, until all that changed are read."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._seen = 0
        self._waiting: list[MarketRow] = []

    def take(self) -> list[MarketRow]:
        scanner = self._scanner
        scanner.ask()
        if self._seen != scanner.version:
            self._seen = scanner.version
            self._waiting = list(scanner.rows.values())
        taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        return [row for row in taken if not scanner.is_watched(row.instrument_id)]


def scanned_rows(tickers: Iterable[Ticker], listed: Mapping[InstrumentId, Instrument]) -> dict[InstrumentId, MarketRow]:
    """Rows of tickers that came over REST, of what is in trade; for a worker."""
    rows: dict[InstrumentId, MarketRow] = {}
    for ticker in tickers:
        instrument = listed.get(ticker.instrument_id)
        if instrument is not None and is_traded(instrument):
            rows[instrument.id] = scanned_row(ticker, instrument)
    return rows


def scanned_row(ticker: Ticker, instrument: Instrument) -> MarketRow:
    """One row: what a ticker alone can tell."""
    get = ticker.fields.get
    mark, index, ratio = get("mark_price"), get("index_price"), get("change_24h_ratio")
    bid, ask, next_funding_ms = get("bid_price"), get("ask_price"), get("next_funding_ms")
    volume, turnover = get("volume_24h"), get("turnover_24h")
    if instrument.id.market_kind is MarketKind.INVERSE:  # the venue counts the volume in contracts of one USD
        volume, turnover = turnover, volume
    return MarketRow(
        instrument_id=instrument.id,
        base_coin=instrument.base_coin,
        quote_coin=instrument.quote_coin,
        price_decimals=instrument.price_decimals,
        state=RowState.LIVE,
        last_price=get("last_price"),
        change_24h_pct=None if ratio is None else ratio * 100.0,
        high_24h=get("high_24h"),
        low_24h=get("low_24h"),
        spread_bps=(ask - bid) / (ask + bid) * 20_000 if bid and ask else None,
        volume_24h=volume,
        turnover_24h=turnover,
        mark_price=mark,
        basis_bps=(mark - index) / index * 10_000.0 if mark is not None and index else None,
        funding_rate=get("funding_rate"),
        next_funding_ms=int(next_funding_ms) if next_funding_ms else None,
        updated_ms=ticker.event_ms,
        open_interest_quote=get("open_interest_value"),
        is_scanned=True,
    )
