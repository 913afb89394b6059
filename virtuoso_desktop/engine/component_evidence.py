"""Evidence of the stream components: the compared windows (analysis B.1, B.4) and what happened in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.analysis.streams import window_s
from virtuoso_desktop.engine.beside import HOUR_MS, liquidation_usd
from virtuoso_desktop.engine.evidence_views import BandView, ComponentEvidence, PrintView, TopView, WallView
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import PositionSide
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import DAY_MS

if TYPE_CHECKING:
    from virtuoso_desktop.analysis.book_measures import BookMeasures, BookWall
    from virtuoso_desktop.engine.minute_flow import MinuteFlow
    from virtuoso_desktop.market.store import InstrumentState
    from virtuoso_desktop.model.timeframe import Timeframe

COMPARED_SETTLEMENTS = 90
COMPARED_DAYS = 30
MOST_PRINTS = 300
"""The newest ones are drawn."""
BOOK_COMPONENTS = frozenset({"bid_ask_depth", "liquidity_zones", "microprice"})
_FLOW = frozenset({"buy_sell_pressure", "order_imbalance", "large_trades", "liquidations"})


def evidence_of(
    state: InstrumentState, timeframe: Timeframe, component: str, close_ms: int, minutes: MinuteFlow | None
) -> ComponentEvidence:
    """What a component of flow or sentiment of the candle that closed at ``close_ms`` was read from."""
    window, words = window_of(state, timeframe, component, close_ms)
    prints: tuple[PrintView, ...] = ()
    if component in ("liquidations", "liquidation_skew"):
        prints = liquidation_prints(state)
    elif component == "large_trades" and minutes is not None:
        prints = large_prints(state, minutes)
    return ComponentEvidence(component, window, words, prints)


def window_of(
    state: InstrumentState, timeframe: Timeframe, component: str, close_ms: int
) -> tuple[tuple[int, int] | None, str]:
    """The span that a component compares, and in words; None for one of a single moment."""
    if component in _FLOW:
        span_ms = 1_000 * window_s(timeframe)
        return (close_ms - span_ms, close_ms), f"{span_ms // 1_000} s to the close"
    if component == "open_interest_change":
        span_ms = max(timeframe.duration_ms, HOUR_MS)
        return (close_ms - span_ms, close_ms), "change over this window"
    if component == "long_short_ratio":
        return (close_ms - COMPARED_DAYS * DAY_MS, close_ms), f"compared with {COMPARED_DAYS} days"
    if component == "liquidation_skew":
        return (close_ms - DAY_MS, close_ms), "24 hours"
    if component == "funding_rate":
        settled = [point.time_ms for point in state.derivatives.funding.points if point.time_ms <= close_ms]
        settled = settled[-COMPARED_SETTLEMENTS:]
        if settled:
            return (settled[0], close_ms), f"compared with {len(settled)} settlements"
    return None, ""


def liquidation_prints(state: InstrumentState) -> tuple[PrintView, ...]:
    """The newest liquidations, oldest first; a short that was closed by force bought."""
    is_inverse = state.instrument.id.market_kind is MarketKind.INVERSE
    tick = float(state.instrument.tick_size)
    return tuple(
        PrintView(
            event.time_ms,
            event.price / tick,
            liquidation_usd(event, is_inverse=is_inverse),
            event.side is PositionSide.SHORT,
        )
        for event in state.derivatives.liquidations.events[-MOST_PRINTS:]
    )


def large_prints(state: InstrumentState, minutes: MinuteFlow) -> tuple[PrintView, ...]:
    """Minutes in which large orders bought more than they sold, or less, oldest first."""
    lot = float(state.instrument.lot_step)
    is_inverse = state.instrument.id.market_kind is MarketKind.INVERSE
    rows = zip(minutes.minute_ms, minutes.large, minutes.price, strict=True)
    found = [
        PrintView(int(time_ms), None, abs(lots) * lot * (1.0 if is_inverse else price), lots > 0)
        for time_ms, lots, price in rows
        if lots and price == price
    ]
    return tuple(found[-MOST_PRINTS:])


# --- the order book ------------------------------------------------------------------------------------------------


def book_evidence(state: InstrumentState, component: str, measures: BookMeasures | None) -> ComponentEvidence:
    """What the order book says now: bands and their imbalance, walls, or the best prices."""
    if measures is None:
        return ComponentEvidence(component, reason=_NO_BOOK[Reason.MISSING])
    reason = measures.walls_reason if component == "liquidity_zones" else measures.reason
    if reason is not None:
        return ComponentEvidence(
            component, at_ms=measures.book_ms, reason=_NO_BOOK.get(reason, _NO_BOOK[Reason.MISSING])
        )
    tick = float(state.instrument.tick_size)
    found = ComponentEvidence(component, at_ms=measures.book_ms)
    if component == "bid_ask_depth":
        return msgspec.structs.replace(found, bands=_bands(measures, tick))
    if component == "liquidity_zones":
        is_inverse = state.instrument.id.market_kind is MarketKind.INVERSE
        walls = tuple(_wall(wall, tick, is_inverse=is_inverse) for wall in measures.walls)
        return msgspec.structs.replace(found, walls=walls)
    return msgspec.structs.replace(found, top=_top(measures, tick))


_NO_BOOK = {
    Reason.MISSING: "There is no order book yet.",
    Reason.STALE: "The order book is too old to be believed.",
    Reason.DEGENERATE: "The order book is crossed or has one side only.",
    Reason.REACH: "The order book reaches less than 5 bps: walls cannot be told.",
    Reason.WARMUP: "Walls are told once the usual sizes are known.",
}


def _bands(measures: BookMeasures, tick: float) -> tuple[BandView, ...]:
    """Widest last; a band without anything in it is left out."""
    if measures.best_bid is None or measures.best_ask is None:
        return ()
    middle = (measures.best_bid + measures.best_ask) / 2 / tick
    return tuple(
        BandView(
            band.width_bps, middle * (1 - band.width_bps / 1e4), middle * (1 + band.width_bps / 1e4), band.imbalance
        )
        for band in measures.bands
        if band.imbalance is not None
    )


def _wall(wall: BookWall, tick: float, *, is_inverse: bool) -> WallView:
    usd = wall.size if is_inverse else wall.size * wall.price
    return WallView(
        wall.is_bid,
        wall.low / tick,
        wall.high / tick,
        wall.size,
        usd,
        wall.is_confirmed,
        wall.is_suspected_pull,
        wall.since_ms,
    )


def _top(measures: BookMeasures, tick: float) -> TopView | None:
    if measures.best_bid is None or measures.best_ask is None or measures.microprice is None:
        return None
    return TopView(measures.best_bid / tick, measures.best_ask / tick, measures.microprice / tick)
