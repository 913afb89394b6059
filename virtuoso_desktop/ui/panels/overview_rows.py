"""The overview as rows of painted tables: the market's figures, its movers, every instrument beside BTC. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.overview import RegimeLabel
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.analysis_words import REASONS_IN_FULL
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import (
    DOWN,
    KEY,
    LABEL,
    MUTED,
    MUTED_NUMBER,
    NUMBER,
    UP,
    WARNING,
    Cell,
    Column,
    Part,
    Plate,
    cell,
    no_value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.overview import MarketOverview, Overview, OverviewRow, Regime
    from virtuoso_desktop.model.result import Reason
    from virtuoso_desktop.ui.cell import Ink

FRESH_MS = 30_000
TINT_STEPS = 32
FULL_Z, FULL_CHANGE_PCT = 4.0, 5.0
"""Funding and change of open interest that have the whole tint."""
NOT_ADVICE = "Enter or a click shows it on the chart."
LABELS: dict[RegimeLabel, tuple[str, Ink]] = {
    RegimeLabel.TRENDING_BULLISH: ("\u25b2 trending up", UP),
    RegimeLabel.TRENDING_BEARISH: ("\u25bc trending down", DOWN),
    RegimeLabel.VOLATILE: ("volatile", WARNING),
    RegimeLabel.RANGING: ("ranging", LABEL),
    RegimeLabel.MIXED: ("mixed", LABEL),
}
Bar = tuple[tuple[str, float], ...]
"""Colour token and share of each part, from the left."""


class Figure(NamedTuple):
    """One figure of the market."""

    name: str
    value: Cell
    about: str
    bar: Bar = ()


FIGURE_COLUMNS: tuple[Column, ...] = (
    Column("name", "Market", "Figure", "Figures of all watched instruments of the exchange", 128, 0, is_right=False),
    Column("bar", "", "Bar", "", 64, 1, is_right=False),
    Column("value", "", "Value", "Missing figures say why in their tooltip", 112, 0),
)
BAR = 1


def regime_cell(label: RegimeLabel, why: str, *, is_old: bool = False) -> Cell:
    """The label in words, an arrow for a direction."""
    known = LABELS.get(label)
    if known is None:
        return no_value(why)
    return cell(known[0], MUTED if is_old else known[1], spoken=known[0].lstrip("\u25b2\u25bc "))


class FigureRows(CalmRows):
    """The figures of the market from top to bottom."""

    def __init__(self) -> None:
        self.figures: tuple[Figure, ...] = ()
        self._cells: tuple[tuple[Cell, ...], ...] = ()

    def show(self, market: MarketOverview) -> None:
        """Take the newest record."""
        self.figures = figures_of(market)
        made = tuple((cell(each.name, MUTED), Cell(()), each.value) for each in self.figures)
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
            _number(strength, lambda value: f"{value:.2f}", regime_why),
            "0 no trend, 1 straight trend: ADX and efficiency of 20 hours, median by turnover",
            () if strength is None else (("accent", strength),),
        ),
        Figure(
            "Volatility a day",
            _number(now, lambda value: text.percent(100 * value, 1).lstrip("+"), regime_why),
            "Realised over 24 hours from returns of 5 minutes, median by turnover",
        ),
        Figure(
            "against its average",
            _number(
                now / usual if now is not None and usual else None, lambda value: f"{value:.2f}\u2009\u00d7", days_why
            ),
            "Volatility now over the median of the 30 days before"
            + ("" if usual is None else f", {text.percent(100 * usual, 1).lstrip('+')} a day"),
            () if now is None or not usual else (("info", min(1.0, now / usual / 2.0)),),
        ),
        _breadth(market),
        Figure(
            "BTC share of turnover",
            _number(
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
    parts = (
        Part(f"{breadth.up}\u2191", UP),
        Part(f" {breadth.flat}\u2192 " if breadth.flat else " ", MUTED),
        Part(f"{breadth.down}\u2193", DOWN),
        Part(f"  {breadth.breadth_percentage:.1f}{text.THIN}%", KEY),
    )
    spoken = f"{breadth.up} up, {breadth.flat} flat, {breadth.down} down, {breadth.breadth_percentage:.1f} per cent up"
    bar = (("up", breadth.up / total), ("muted", breadth.flat / total), ("down", breadth.down / total))
    return Figure("Breadth", Cell(parts, spoken=spoken), about, bar)


def _volume(name: str, value: float | None, why: str, about: str, market: MarketOverview) -> Figure:
    if value is None and market.metadata.reason is None:
        why = "none is watched"
    return Figure(
        name, _number(value, lambda known: f"${text.compact(known)}", why), f"{about}, traded in 24 hours, USD"
    )


def _number(value: float | None, words: Callable[[float], str], why: str, ink: Ink = KEY) -> Cell:
    return no_value(why) if value is None else cell(words(value), ink)


# --- movers ----------------------------------------------------------------------------------------------------------


def mover_columns(title: str, spoken: str) -> tuple[Column, ...]:
    """Instrument and change."""
    return (
        Column("instrument", title, spoken, NOT_ADVICE, 84, 0, is_right=False),
        Column("change", "24h %", "Change 24 hours, per cent", "Change of the last price over 24 hours", 62, 0),
    )


class MoverRows(CalmRows):
    """The instruments that moved most one way."""

    def __init__(self) -> None:
        self.order: tuple[OverviewRow, ...] = ()
        self._cells: tuple[tuple[Cell, ...], ...] = ()

    def show(self, names: Sequence[InstrumentId], rows: dict[InstrumentId, OverviewRow]) -> None:
        """Take the list, the largest move first."""
        self.order = tuple(rows[name] for name in names)
        self._cells = tuple((_name_cell(row), _change_cell(row)) for row in self.order)

    def row_count(self) -> int:
        return len(self.order)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self._cells[index]

    def tooltip(self, index: int, column: int) -> str:
        del column
        row = self.order[index]
        return f"{row.instrument_id}\nlast {text.price(row.last_price, row.price_decimals)}\n{NOT_ADVICE}"


# --- every instrument ------------------------------------------------------------------------------------------------

INSTRUMENT_COLUMNS: tuple[Column, ...] = (
    Column("instrument", "Instrument", "Instrument", NOT_ADVICE, 98, 0, is_right=False, sorts_down_first=False),
    Column("correlation", "Corr", "Correlation with BTC", "Correlation with BTC: hours of 7 days", 48, 0),
    Column("beta", "Beta", "Beta to BTC", "Move for a move of BTC by 1 %: hours of 7 days", 48, 0),
    Column("funding", "Funding %", "Funding rate, per cent", "Rate of the running period; tint by how unusual", 72, 0),
    Column("annual", "a year", "Funding a year, per cent", "Funding a year, simple, per cent", 60, 2),
    Column("interest", "OI $", "Open interest, US dollars", "Open interest of one side at the mark price", 58, 0),
    Column("interest_1h", "OI 1h %", "Change of open interest 1 hour, per cent", "In coins, not in dollars", 58, 0),
    Column("interest_24h", "OI 24h %", "Change of open interest 24 hours, per cent", "In coins, not dollars", 62, 1),
    Column("regime", "Regime", "Regime", "On closed candles of an hour", 104, 3, is_right=False),
    Column("volatility", "Vol a day", "Volatility a day, per cent", "Realised over 24 hours, per cent a day", 60, 4),
    Column("age", "Age", "Age", "Time since the newest ticker", 46, 5),
)
NAMES = tuple(column.name for column in INSTRUMENT_COLUMNS)
_KEYS: dict[str, Callable[[OverviewRow], float | str | None]] = {
    "instrument": lambda row: row.instrument_id.symbol,
    "correlation": lambda row: row.correlation,
    "beta": lambda row: row.beta,
    "funding": lambda row: row.funding_rate,
    "annual": lambda row: row.funding_annual,
    "interest": lambda row: row.open_interest_usd,
    "interest_1h": lambda row: row.interest_1h_pct,
    "interest_24h": lambda row: row.interest_24h_pct,
    "regime": lambda row: None if row.regime.label is RegimeLabel.UNKNOWN else row.regime.label.value,
    "volatility": lambda row: row.regime.current_volatility,
    "age": lambda row: row.age_ms,
    "turnover": lambda row: row.turnover_usd,
}


def columns_for(width: int) -> dict[int, int]:
    """Columns that a width has room for, with their widths; the name takes what is left."""
    rank = max(column.rank for column in INSTRUMENT_COLUMNS)
    while rank and sum(column.width for column in INSTRUMENT_COLUMNS if column.rank <= rank) > width:
        rank -= 1
    shown = {place: column.width for place, column in enumerate(INSTRUMENT_COLUMNS) if column.rank <= rank}
    shown[0] = max(INSTRUMENT_COLUMNS[0].width, shown[0] + width - sum(shown.values()))
    return shown


class InstrumentRows(CalmRows):
    """Every instrument; sorted by turnover until a column is chosen, what has no value last."""

    def __init__(self) -> None:
        self.order: list[OverviewRow] = []
        self.sort_column = "turnover"
        self.sorts_down = True
        self.shown: InstrumentId | None = None
        self._cells: dict[InstrumentId, tuple[Cell, ...]] = {}

    def show(self, overview: Overview) -> None:
        """Take the newest rows; cells that say the same stay the same."""
        made: dict[InstrumentId, tuple[Cell, ...]] = {}
        for row in overview.rows:
            cells = instrument_cells(row)
            before = self._cells.get(row.instrument_id, cells)
            made[row.instrument_id] = before if before == cells else cells
        self._cells = made
        self.order = list(overview.rows)
        self.sort()

    def sort(self) -> None:
        """Bring the rows into the chosen order."""
        key = _KEYS[self.sort_column]
        self.order.sort(key=lambda row: str(row.instrument_id))
        known = [row for row in self.order if key(row) is not None]
        known.sort(key=key, reverse=self.sorts_down)  # pyright: ignore[reportArgumentType]
        self.order = known + [row for row in self.order if key(row) is None]

    def row_count(self) -> int:
        return len(self.order)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self._cells[self.order[index].instrument_id]

    def is_marked(self, index: int) -> bool:
        """The instrument of the chart."""
        return self.order[index].instrument_id == self.shown

    def tooltip(self, index: int, column: int) -> str:
        row = self.order[index]
        said = [str(row.instrument_id), _about(row, NAMES[column])]
        if is_old(row):
            said.append(f"its ticker is {text.age(row.age_ms)} old")
        return "\n".join(line for line in (*said, NOT_ADVICE) if line)


def is_old(row: OverviewRow) -> bool:
    """Whether its ticker is too old to count."""
    return row.age_ms is None or row.age_ms > FRESH_MS


def instrument_cells(row: OverviewRow) -> tuple[Cell, ...]:
    """One instrument's cells in the order of `INSTRUMENT_COLUMNS`; all muted while its ticker is old."""
    old = is_old(row)
    ink = MUTED_NUMBER if old else NUMBER
    relation, funding, interest = (
        _why(reason) for reason in (row.relation_reason, row.funding_reason, row.interest_reason)
    )
    z = row.funding_z
    regime = row.regime
    return (
        _name_cell(row),
        _number(row.correlation, text.signed, relation, ink),
        _number(row.beta, text.signed, relation, ink),
        _tinted(row.funding_rate, text.funding, funding, None if z is None or old else z / FULL_Z, ink),
        _number(row.funding_annual, lambda value: text.signed(100 * value, 1), funding, ink),
        _number(row.open_interest_usd, text.compact, interest or REASONS_IN_FULL["MISSING"], ink),
        _tinted(row.interest_1h_pct, text.signed, interest, _share(row.interest_1h_pct, old), ink),
        _tinted(row.interest_24h_pct, text.signed, interest or REASONS_IN_FULL["WARMUP"],
                _share(row.interest_24h_pct, old), ink),
        regime_cell(regime.label, _regime_why(regime), is_old=old),
        _number(regime.current_volatility, lambda value: f"{100 * value:.1f}", _regime_why(regime), ink),
        cell(text.age(row.age_ms), WARNING if old else MUTED),
    )  # fmt: skip


def _why(reason: Reason | None) -> str:
    return "" if reason is None else REASONS_IN_FULL.get(reason.value, reason.value)


def _regime_why(regime: Regime) -> str:
    return "its candles are being looked at" if regime.closed_ms is None else f"{regime.bars} of 250 hours are there"


def _share(change_pct: float | None, old: bool) -> float | None:
    return None if change_pct is None or old else change_pct / FULL_CHANGE_PCT


def _tinted(value: float | None, words: Callable[[float], str], why: str, share: float | None, ink: Ink) -> Cell:
    """A number on a tint: how far it is out of the usual, up or down."""
    if value is None:
        return no_value(why)
    strength = 0.0 if share is None else round(min(1.0, abs(share)) * TINT_STEPS) / TINT_STEPS
    plates = (Plate("cell", "up" if (share or 0.0) > 0 else "down", strength),) if strength else ()
    return Cell((Part(words(value), ink),), plates=plates)


def _name_cell(row: OverviewRow) -> Cell:
    identity = row.instrument_id
    return cell(identity.symbol + kind_badge(identity.market_kind), MUTED if is_old(row) else KEY)


def _change_cell(row: OverviewRow) -> Cell:
    change = row.change_24h_pct
    return _number(change, text.signed, "not told by the exchange", UP if (change or 0.0) > 0 else DOWN)


def _about(row: OverviewRow, column: str) -> str:
    """What stands behind one cell, or why there is nothing."""
    if column in ("correlation", "beta"):
        why = _why(row.relation_reason)
        return f"No value: {why}; {row.returns} hours of both" if why else f"over {row.returns} hours of both"
    if column in ("funding", "annual"):
        why = _why(row.funding_reason)
        if row.funding_rate is None:
            return f"No value: {why}"
        said = f"every {row.funding_interval_h:g} hours" if row.funding_interval_h else ""
        return why or f"{said}; {text.signed(row.funding_z, 1)} usual distances from 0.01 % per 8 hours"
    if column.startswith("interest"):
        why = _why(row.interest_reason)
        return f"No change: {why}" if why else "one side, in coins; the hour before against now"
    if column in ("regime", "volatility"):
        regime = row.regime
        known = text.signed(regime.trend_strength).lstrip("+") if regime.trend_strength is not None else text.DASH
        ratio = "" if regime.vol_ratio is None else f"; volatility {regime.vol_ratio:.2f} times its average"
        return f"trend strength {known}{ratio}" if regime.closed_ms is not None else f"No value: {_regime_why(regime)}"
    return ""
