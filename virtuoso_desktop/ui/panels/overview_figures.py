"""The figures of the market as rows of a painted table, each with its meaning and why it is missing. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.model.overview import RegimeLabel
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import (
    DOWN,
    KEY,
    LABEL,
    MUTED,
    NUMBER,
    UP,
    WARNING,
    Cell,
    Column,
    Part,
    cell,
    no_value,
)

if TYPE_CHECKING:
    from virtuoso_desktop.model.overview import MarketOverview
    from virtuoso_desktop.ui.cell import Ink

LABELS: dict[RegimeLabel, tuple[str, Ink]] = {
    RegimeLabel.TRENDING_BULLISH: ("\u25b2 trending up", UP),
    RegimeLabel.TRENDING_BEARISH: ("\u25bc trending down", DOWN),
    RegimeLabel.VOLATILE: ("volatile", WARNING),
    RegimeLabel.RANGING: ("ranging", LABEL),
    RegimeLabel.MIXED: ("mixed", LABEL),
}
SHORT_LABELS = {RegimeLabel.TRENDING_BULLISH: "\u25b2 trend", RegimeLabel.TRENDING_BEARISH: "\u25bc trend"}
Bar = tuple[tuple[str, float], ...]
"""Colour token and share of each part, from the left."""


class Figure(NamedTuple):
    """One figure of the market."""

    name: str
    value: Cell
    about: str
    bar: Bar = ()
    detail: tuple[Part, ...] = ()
    """Behind the name."""


FIGURE_COLUMNS: tuple[Column, ...] = (
    Column("name", "Market", "Figure", "Figures of all watched instruments of the exchange", 152, 0, is_right=False),
    Column("bar", "", "Bar", "", 40, 1, is_right=False),
    Column("value", "", "Value", "Missing figures say why in their tooltip", 92, 0),
)
BAR = 1


def regime_cell(label: RegimeLabel, why: str, *, is_old: bool = False, is_short: bool = False) -> Cell:
    """The label in words, an arrow for a direction."""
    known = LABELS.get(label)
    if known is None:
        return no_value(why)
    said = SHORT_LABELS.get(label, known[0]) if is_short else known[0]
    return cell(said, MUTED if is_old else known[1], spoken=known[0].lstrip("\u25b2\u25bc "))


class FigureRows(CalmRows):
    """The figures of the market from top to bottom."""

    def __init__(self) -> None:
        self.figures: tuple[Figure, ...] = ()
        self._cells: tuple[tuple[Cell, ...], ...] = ()

    def show(self, market: MarketOverview) -> None:
        """Take the newest record."""
        self.figures = figures_of(market)
        made = tuple((Cell((Part(each.name, MUTED), *each.detail)), Cell(()), each.value) for each in self.figures)
        before = self._cells
        self._cells = tuple(
            before[place] if place < len(before) and before[place] == cells else cells
            for place, cells in enumerate(made)
        )

    def row_count(self) -> int:
        return len(self.figures)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self._cells[index]

    def tooltip(self, index: int, column: int) -> str:
        del column
        figure = self.figures[index]
        why = figure.value.spoken.removeprefix("no value, ")
        return f"{figure.about}\nNo value: {why}" if figure.value.spoken.startswith("no value") else figure.about


def figures_of(market: MarketOverview) -> tuple[Figure, ...]:
    """Every figure with its bar, its meaning, and why it is missing."""
    why = market.metadata.reason or "not told by the exchange"
    regime_why = market.metadata.regime_reason or why
    strength, now, usual = market.trend_strength, market.current_volatility, market.avg_volatility
    breadth = market.market_breadth
    days_why = regime_why if now is None else "fewer than 7 whole days of 5 minute candles are on disk yet"
    return (
        Figure(
            "Regime",
            regime_cell(market.market_regime, regime_why),
            "How most of the turnover moves, on closed candles of an hour; a change needs two in a row",
        ),
        Figure(
            "Trend strength",
            number_cell(strength, lambda value: f"{value:.2f}", regime_why),
            "0 no trend, 1 straight trend: ADX and efficiency of 20 hours, median by turnover",
            () if strength is None else (("accent", strength),),
        ),
        Figure(
            "Volatility a day",
            number_cell(now, lambda value: text.percent(100 * value, 1).lstrip("+"), regime_why),
            "Realised over 24 hours from returns of 5 minutes, median by turnover",
        ),
        Figure(
            "against its average",
            number_cell(
                now / usual if now is not None and usual else None, lambda value: f"{value:.2f}\u2009\u00d7", days_why
            ),
            "Volatility now over the median of the 30 days before"
            + ("" if usual is None else f", {text.percent(100 * usual, 1).lstrip('+')} a day"),
            () if now is None or not usual else (("info", min(1.0, now / usual / 2.0)),),
        ),
        _breadth(market),
        Figure(
            "BTC share of turnover",
            number_cell(
                market.btc_dominance,
                lambda value: text.percent(100 * value, 1).lstrip("+"),
                market.metadata.reason or "BTC is not watched",
            ),
            "Turnover of BTC over that of all watched instruments, 24 hours, USD; not a share of market capitalisation",
            () if market.btc_dominance is None else (("accent", market.btc_dominance),),
        ),
        _volume("Turnover linear", market.linear_volume_24h, why, "Linear contracts", market),
        _volume("Turnover spot", market.spot_volume_24h, why, "Spot markets", market),
        _volume("Turnover inverse", market.inverse_volume_24h, why, "Inverse contracts; not part of the total", market),
        _volume("Turnover total", market.total_volume_24h, why, "Spot and linear together", market),
        Figure(
            "Instruments",
            cell(
                f"{market.active_symbols} of {market.metadata.universe_size} fresh",
                NUMBER if breadth.up is not None else WARNING,
            ),
            "With a ticker younger than 30 s" + (f"; {market.metadata.reason}" if market.metadata.reason else ""),
        ),
    )


def _breadth(market: MarketOverview) -> Figure:
    breadth = market.market_breadth
    about = "Rose and fell over 24 hours; less than 0.1 % either way is flat"
    if breadth.up is None or breadth.down is None or breadth.flat is None or breadth.breadth_percentage is None:
        return Figure("Breadth", no_value(market.metadata.reason or "no instrument tells a change"), about)
    total = breadth.up + breadth.down + breadth.flat
    counts = (
        Part(f"  {breadth.up}\u2191", UP),
        Part(f" {breadth.flat}\u2192 " if breadth.flat else " ", MUTED),
        Part(f"{breadth.down}\u2193", DOWN),
    )
    shown = f"{breadth.breadth_percentage:.1f}{text.THIN}%"
    spoken = f"{breadth.up} up, {breadth.flat} flat, {breadth.down} down, {breadth.breadth_percentage:.1f} per cent up"
    bar = (("up", breadth.up / total), ("muted", breadth.flat / total), ("down", breadth.down / total))
    return Figure("Breadth", cell(shown, KEY, spoken=spoken), about, bar, counts)


def _volume(name: str, value: float | None, why: str, about: str, market: MarketOverview) -> Figure:
    if value is None and market.metadata.reason is None:
        why = "none is watched"
    return Figure(
        name, number_cell(value, lambda known: f"${text.compact(known)}", why), f"{about}, traded in 24 hours, USD"
    )


def number_cell(value: float | None, words: Callable[[float], str], why: str, ink: Ink = KEY) -> Cell:
    """A number in words, or an em dash that says why."""
    return no_value(why) if value is None else cell(words(value), ink)
