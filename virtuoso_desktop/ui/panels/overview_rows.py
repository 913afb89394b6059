"""What moved most, and every instrument beside BTC, as rows of painted tables. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.overview import RegimeLabel
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.analysis_words import REASONS_IN_FULL
from virtuoso_desktop.ui.calm_rows import CalmRows
from virtuoso_desktop.ui.cell import (
    DOWN,
    KEY,
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
from virtuoso_desktop.ui.panels.overview_figures import number_cell, regime_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.overview import Overview, OverviewRow, Regime
    from virtuoso_desktop.model.result import Reason
    from virtuoso_desktop.ui.cell import Ink

FRESH_MS = 30_000
TINT_STEPS = 32
FULL_Z, FULL_CHANGE_PCT = 4.0, 5.0
"""Funding and change of open interest that have the whole tint."""
NOT_ADVICE = "Enter or a click shows it on the chart."
# --- movers ----------------------------------------------------------------------------------------------------------


def mover_columns(title: str, spoken: str) -> tuple[Column, ...]:
    """Instrument and change."""
    return (
        Column("instrument", title, spoken, "Base coin; " + NOT_ADVICE, 62, 0, is_right=False),
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
        self._cells = tuple((_coin_cell(row), _change_cell(row)) for row in self.order)

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
    Column("instrument", "Instrument", "Instrument", NOT_ADVICE, 92, 0, is_right=False, sorts_down_first=False),
    Column("correlation", "Corr", "Correlation with BTC", "Correlation with BTC: hours of 7 days", 46, 0),
    Column("beta", "Beta", "Beta to BTC", "Move for a move of BTC by 1 %: hours of 7 days", 44, 0),
    Column("funding", "Funding %", "Funding rate, per cent", "Rate of the running period; tint by how unusual", 68, 0),
    Column("annual", "a year", "Funding a year, per cent", "Funding a year, simple, per cent", 54, 2),
    Column("interest", "OI $", "Open interest, US dollars", "Open interest of one side at the mark price", 56, 0),
    Column("interest_1h", "OI 1h %", "Change of open interest 1 hour, per cent", "In coins, not in dollars", 54, 0),
    Column("interest_24h", "OI 24h %", "Change of open interest 24 hours, per cent", "In coins, not dollars", 60, 1),
    Column("regime", "Regime", "Regime", "On closed candles of an hour", 76, 3, is_right=False),
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
        number_cell(row.correlation, text.signed, relation, ink),
        number_cell(row.beta, text.signed, relation, ink),
        _tinted(row.funding_rate, text.funding, funding, None if z is None or old else z / FULL_Z, ink),
        number_cell(row.funding_annual, lambda value: text.signed(100 * value, 1), funding, ink),
        number_cell(row.open_interest_usd, text.compact, interest or REASONS_IN_FULL["MISSING"], ink),
        _tinted(row.interest_1h_pct, text.signed, interest, _share(row.interest_1h_pct, old), ink),
        _tinted(row.interest_24h_pct, text.signed, interest or REASONS_IN_FULL["WARMUP"],
                _share(row.interest_24h_pct, old), ink),
        regime_cell(regime.label, _regime_why(regime), is_old=old, is_short=True),
        number_cell(regime.current_volatility, lambda value: f"{100 * value:.1f}", _regime_why(regime), ink),
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


def _coin_cell(row: OverviewRow) -> Cell:
    badge = kind_badge(row.instrument_id.market_kind)
    return Cell((Part(row.base_coin, KEY), Part(badge, MUTED)), spoken=row.instrument_id.symbol)


def _change_cell(row: OverviewRow) -> Cell:
    change = row.change_24h_pct
    return number_cell(change, text.signed, "not told by the exchange", UP if (change or 0.0) > 0 else DOWN)


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
        if column == "interest":
            return f"No value: {why}" if row.open_interest_usd is None and why else "one side, at the mark price"
        return f"No change: {why}" if why else "counted in coins, contracts of an inverse market; tint from 5 % is full"
    if column in ("regime", "volatility"):
        regime = row.regime
        known = text.signed(regime.trend_strength).lstrip("+") if regime.trend_strength is not None else text.DASH
        ratio = "" if regime.vol_ratio is None else f"; volatility {regime.vol_ratio:.2f} times its average"
        return f"trend strength {known}{ratio}" if regime.closed_ms is not None else f"No value: {_regime_why(regime)}"
    return ""
