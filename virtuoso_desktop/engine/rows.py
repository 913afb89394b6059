"""Markets rows: one instrument's live state as the table shows it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from operator import attrgetter

from virtuoso_desktop.engine.views import MarketRow, QuotesView, RowState
from virtuoso_desktop.market.candles import CLOSE, OPEN, OPEN_MS
from virtuoso_desktop.market.derivatives import HOUR_MS
from virtuoso_desktop.market.store import Facet, InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.market import TickerField
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

TICKER_LIMIT_MS = 10_000
"""A ticker older than this (venue time) is stale."""
BOOK_LIMIT_MS = 10_000
"""An order book older than this (venue time) is not used."""
SPARKLINE_POINTS = 49
_SPARKLINE_STEPS = ((Timeframe.M30, 1), (Timeframe.M15, 2), (Timeframe.M5, 6))
"""Series that can draw 24 h in half-hour steps, coarsest first."""


def row_state(state: InstrumentState, venue_now_ms: int) -> RowState:
    """How far the instrument's ticker can be trusted now."""
    ticker = state.ticker
    if ticker.event_ms is None:
        return RowState.WAITING
    if not ticker.has_snapshot or venue_now_ms - ticker.event_ms > TICKER_LIMIT_MS:
        return RowState.STALE
    return RowState.LIVE


def has_fresh_book(state: InstrumentState, venue_now_ms: int) -> bool:
    """Whether the order book is valid, not crossed and not silent."""
    book = state.book
    return (
        book is not None
        and book.is_valid
        and not book.is_crossed
        and book.is_two_sided
        and venue_now_ms - book.event_ms <= BOOK_LIMIT_MS
    )


def spread_bps(state: InstrumentState, venue_now_ms: int) -> float | None:
    """Best ask minus best bid in bps of their middle; None while the order book cannot be trusted."""
    book = state.book
    if book is None or not has_fresh_book(state, venue_now_ms):
        return None
    return (book.best_ask - book.best_bid) / (book.best_ask + book.best_bid) * 20_000


def quotes_of(state: InstrumentState, venue_now_ms: int) -> QuotesView:
    """Bid, ask, mark and index of the ticker; nothing of one that cannot be trusted."""
    if row_state(state, venue_now_ms) is not RowState.LIVE:
        return QuotesView()
    tick, ticker = float(state.instrument.tick_size), state.ticker
    fields: tuple[TickerField, ...] = ("bid_price", "ask_price", "mark_price", "index_price")
    prices = (ticker.value(name) for name in fields)
    return QuotesView(*(price / tick if price is not None and price > 0 else None for price in prices))


def last_price_ticks(state: InstrumentState, last_close_ticks: float | None) -> float | None:
    """Newest of the ticker's last price, the newest trade and the last close."""
    trade = state.tape.newest
    price = state.ticker.value("last_price")
    ticker_ms = state.ticker.event_ms
    if trade is not None and (price is None or ticker_ms is None or trade.time_ms > ticker_ms):
        return float(state.instrument.to_ticks(trade.price))
    return float(state.instrument.to_ticks(price)) if price is not None else last_close_ticks


class SparklineCache:
    """Half-hour closes of the last 24 h, rebuilt when the series they come from gets a new candle."""

    def __init__(self) -> None:
        self._held: dict[InstrumentId, tuple[tuple[Timeframe, int], tuple[float, ...]]] = {}

    def closes(self, state: InstrumentState, venue_now_ms: int) -> tuple[float, ...]:
        """At most 48 decimal closes, oldest first; empty until a series covers at least 12 h."""
        for timeframe, step in _SPARKLINE_STEPS:
            series = state.candles.get(timeframe)
            if series is None or not series.is_joined:
                continue
            key = (timeframe, series.base_version)
            held = self._held.get(state.instrument.id)
            if held is None or held[0] != key:
                columns = series.columns
                inside = columns[OPEN_MS] >= venue_now_ms - DAY_MS
                closes = columns[CLOSE][inside][::-1][::step][::-1]
                to_price = state.instrument.to_price
                held = (key, tuple(to_price(ticks) for ticks in closes.tolist()[-(SPARKLINE_POINTS - 1) :]))
                self._held[state.instrument.id] = held
            return held[1]
        return ()


def change_utc_day_pct(state: InstrumentState, last_price: float | None, venue_now_ms: int) -> float | None:
    """Change since 00:00 UTC in per cent, from the open of today's daily candle."""
    series = state.candles.get(Timeframe.D1)
    if last_price is None or series is None or not len(series):
        return None
    columns = series.columns
    if columns[OPEN_MS, -1] != venue_now_ms - venue_now_ms % DAY_MS:
        return None
    day_open = state.instrument.to_price(float(columns[OPEN, -1]))
    return (last_price / day_open - 1.0) * 100.0


def open_interest_change_pct(state: InstrumentState, span_ms: int, venue_now_ms: int) -> float | None:
    """Change of the open contracts over ``span_ms``, per cent.

    Held against the newest hourly value that is as old as that, but not an hour older; None where there is none.
    """
    points = state.derivatives.open_interest.points
    now = state.ticker.value("open_interest")
    then_ms = venue_now_ms - span_ms
    place = bisect_right(points, then_ms, key=attrgetter("time_ms")) - 1
    if now is None or place < 0 or points[place].time_ms <= then_ms - HOUR_MS or not points[place].open_interest:
        return None
    return (now / points[place].open_interest - 1.0) * 100.0


def build_row(state: InstrumentState, venue_now_ms: int, sparklines: SparklineCache) -> MarketRow:
    """The row as of now. Values the venue did not give are None."""
    instrument = state.instrument
    ticker = state.ticker
    last = ticker.value("last_price")
    mark = ticker.value("mark_price")
    index = ticker.value("index_price")
    change_ratio = ticker.value("change_24h_ratio")
    next_funding_ms = ticker.value("next_funding_ms")
    closes = sparklines.closes(state, venue_now_ms)
    volume, turnover = ticker.value("volume_24h"), ticker.value("turnover_24h")
    if instrument.id.market_kind is MarketKind.INVERSE:  # the venue counts the volume in contracts of one USD
        volume, turnover = turnover, volume
    return MarketRow(
        instrument_id=instrument.id,
        base_coin=instrument.base_coin,
        quote_coin=instrument.quote_coin,
        price_decimals=instrument.price_decimals,
        state=row_state(state, venue_now_ms),
        last_price=last,
        last_move=ticker.last_move,
        last_change_ms=ticker.last_change_ms,
        change_24h_pct=change_ratio * 100.0 if change_ratio is not None else None,
        change_utc_day_pct=change_utc_day_pct(state, last, venue_now_ms),
        high_24h=ticker.value("high_24h"),
        low_24h=ticker.value("low_24h"),
        spread_bps=spread_bps(state, venue_now_ms),
        volume_24h=volume,
        turnover_24h=turnover,
        mark_price=mark,
        basis_bps=(mark - index) / index * 10_000.0 if mark is not None and index else None,
        funding_rate=ticker.value("funding_rate"),
        next_funding_ms=int(next_funding_ms) if next_funding_ms else None,
        sparkline=(*closes, last) if closes and last is not None else closes,
        updated_ms=ticker.event_ms,
        open_interest_quote=ticker.value("open_interest_value"),
        oi_change_1h_pct=open_interest_change_pct(state, HOUR_MS, venue_now_ms),
        oi_change_24h_pct=open_interest_change_pct(state, DAY_MS, venue_now_ms),
    )


class RowCursor:
    """One reader of changed rows: a changed ticker or book, or a row or book that has become stale."""

    def __init__(self, store: MarketStore, now_ms: Callable[[InstrumentId], int], sparklines: SparklineCache) -> None:
        self._store = store
        self._now_ms = now_ms
        self._sparklines = sparklines
        self._seen: dict[InstrumentId, tuple[int, RowState, bool]] = {}

    def take(self) -> list[MarketRow]:
        rows: list[MarketRow] = []
        for state in self._store.states:
            instrument_id = state.instrument.id
            now_ms = self._now_ms(instrument_id)
            seen = (state.version(Facet.TICKER | Facet.BOOK), row_state(state, now_ms), has_fresh_book(state, now_ms))
            if self._seen.get(instrument_id) != seen:
                self._seen[instrument_id] = seen
                rows.append(build_row(state, now_ms, self._sparklines))
        return rows
