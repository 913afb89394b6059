"""Evidence of a component as shapes in bars and ticks: prints by bar, price zones, lines with their words. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.slots import slot_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.engine.evidence_views import ComponentEvidence, PrintView, WallView
    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.timeframe import Timeframe

LABEL_USD = 1e6
"""A bubble tells its amount from here on."""
BUBBLES = frozenset({"liquidations", "liquidation_skew"})
"""Their prints are bubbles; others are triangles."""


class BarPrint(NamedTuple):
    """All prints of one side in one bar."""

    slot: int
    is_buy: bool
    usd: float


class ZoneMark(NamedTuple):
    """A price zone with its words at the axis; from a time, or from the newest candle."""

    low: float
    high: float
    token: str
    words: str
    detail: str
    is_strong: bool
    since_ms: int | None = None


class LineMark(NamedTuple):
    """A level line with words at the axis."""

    price: float
    token: str
    words: str
    is_dashed: bool = False
    has_price: bool = False
    """The price stands behind the words."""


def prints_by_bar(prints: Iterable[PrintView], timeframe: Timeframe, per_column: int) -> list[BarPrint]:
    """Prints of one side that fall into the same bar, as one; oldest first."""
    sums: dict[tuple[int, bool], float] = {}
    for each in prints:
        key = (slot_at(each.time_ms, timeframe) // per_column * per_column, each.is_buy)
        sums[key] = sums.get(key, 0.0) + each.usd
    return sorted(BarPrint(slot, is_buy, usd) for (slot, is_buy), usd in sums.items())


def zones_of(evidence: ComponentEvidence, instrument: Instrument) -> list[ZoneMark]:
    """Walls as price zones, in words: how much, and how sure."""
    return [_wall(wall, instrument) for wall in evidence.walls]


def _wall(wall: WallView, instrument: Instrument) -> ZoneMark:
    unit = "USD" if instrument.id.market_kind is MarketKind.INVERSE else instrument.base_coin
    detail = "pulled before" if wall.is_suspected else "confirmed" if wall.is_confirmed else "new"
    words = f"{'Bid' if wall.is_bid else 'Ask'} wall {text.compact(wall.size)} {unit}"
    token = "up" if wall.is_bid else "down"
    is_strong = wall.is_confirmed and not wall.is_suspected
    return ZoneMark(wall.low, wall.high, token, words, detail, is_strong, wall.since_ms)


def band_lines(evidence: ComponentEvidence) -> list[LineMark]:
    """Edges of the depth bands; the words stand at the upper one."""
    lines: list[LineMark] = []
    for band in evidence.bands:
        words = f"{band.distance_bps:.3g} bps {text.signed(band.imbalance)}"
        token = "up" if band.imbalance > 0 else "down" if band.imbalance < 0 else "muted"
        lines += [LineMark(band.high, token, words, True), LineMark(band.low, token, "", True)]
    return lines


def top_lines(evidence: ComponentEvidence) -> list[LineMark]:
    """Ask, microprice and bid, from above."""
    top = evidence.top
    if top is None:
        return []
    return [
        LineMark(top.ask, "down", "ask", has_price=True),
        LineMark(top.microprice, "text", "microprice", True, has_price=True),
        LineMark(top.bid, "up", "bid", has_price=True),
    ]


def words_of(evidence: ComponentEvidence, now_ms: int) -> str:
    """What the chip says of it beside its name."""
    if evidence.reason is not None:
        return evidence.reason
    parts = [evidence.window_words] if evidence.window_words else []
    if evidence.component in BUBBLES or evidence.component == "large_trades":
        count = len(evidence.prints)
        parts.append(f"{count} on the chart" if count else "none so far")
    if evidence.walls or evidence.component == "liquidity_zones":
        parts.append(f"{len(evidence.walls)} walls within reach" if evidence.walls else "no wall within reach")
    if evidence.at_ms is not None and now_ms - evidence.at_ms >= _OLD_MS:
        parts.append(f"{text.age(now_ms - evidence.at_ms)} old")
    return ", ".join(parts)


_OLD_MS = 5_000
