"""How often a topic is pushed: in venue time, slower for small markets, capped at high speed."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.simulator.market import MarketSource

VENUE_BOOK_MS = {1: 10, 50: 20, 200: 100, 1000: 200}
"""The venue's own shortest distance of two pushes by depth."""
LEVEL_1_REPEAT_MS = 3_000
"""A level-1 snapshot whose content did not change is pushed again after this time."""
KLINE_REPEAT_MS = 60_000
LIQUIDATION_MS = 500
_LARGE_SHARE = 0.1
_MIDDLE_SHARE = 0.5


class Pace(NamedTuple):
    """Distances of two pushes of one instrument, in venue ms."""

    book_ms: int
    ticker_ms: int
    trade_ms: int
    kline_ms: int


LARGE = Pace(book_ms=50, ticker_ms=200, trade_ms=20, kline_ms=1_000)
MIDDLE = Pace(book_ms=150, ticker_ms=400, trade_ms=50, kline_ms=1_500)
SMALL = Pace(book_ms=400, ticker_ms=800, trade_ms=100, kline_ms=2_000)


FAST_SHARE = 0.6
"""Under a fast clock pushes come at most that much closer in real time than at speed 1."""
FAST_TRADE_MS = 100
"""Real ms between two messages of trades under a fast clock, where every message has some."""


def venue_ms(pace_ms: int, rate: float, fast_ms: float | None = None) -> int:
    """Distance of two pushes in venue ms: ``pace_ms``, under a fast clock at least ``fast_ms`` real ms."""
    if rate <= 1:
        return pace_ms
    return max(pace_ms, round((FAST_SHARE * pace_ms if fast_ms is None else fast_ms) * rate))


def paces(market: MarketSource, now_ms: int) -> dict[InstrumentId, Pace]:
    """Each instrument's pace by its rank in 24 h turnover within its kind of market."""
    kinds: dict[str, list[tuple[float, Instrument]]] = {}
    for instrument in market.instruments:
        turnover = float(market.day(instrument.id, now_ms).turnover_24h)
        kinds.setdefault(instrument.id.market_kind.value, []).append((turnover, instrument))
    result: dict[InstrumentId, Pace] = {}
    for members in kinds.values():
        members.sort(key=lambda member: -member[0])
        for rank, (_, instrument) in enumerate(members):
            share = rank / len(members)
            result[instrument.id] = LARGE if share < _LARGE_SHARE else MIDDLE if share < _MIDDLE_SHARE else SMALL
    return result
