"""What a Markets row shows of its market, as painted cells: everything but the scores. No Qt."""

from __future__ import annotations

from virtuoso_desktop.engine.views import MarketRow, RowState
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.cell import (
    DOWN,
    KEY,
    MISSING,
    MUTED,
    MUTED_NUMBER,
    NUMBER,
    UP,
    WARNING,
    Cell,
    Ink,
    Part,
    cell,
    no_value,
)

NOT_ANALYSED = "not analysed: it is not watched"
_SCANNED = no_value("only what is watched has it")


def market_cells(row: MarketRow, name: str, now_ms: int, *, shows_age: bool) -> tuple[Cell, ...]:
    """The cells in the order of the columns, those of scores left out.

    Parameters
    ----------
    row : MarketRow
        What is known.
    name : str
        How the instrument is called here.
    now_ms : int
        Venue time that ages and countdowns are told by.
    shows_age : bool
        Whether the age has a column; else a stale row tells it in the 24 h cell.
    """
    is_live = row.state is RowState.LIVE
    ink = NUMBER if is_live else MUTED_NUMBER
    digits = row.price_decimals
    age = _age(row, now_ms)
    change = _change(row.change_24h_pct, is_live)
    if row.state is RowState.STALE and not shows_age:
        change = age
    spoken = "only what is watched has one" if row.is_scanned else "no history yet"
    return (
        cell(name, KEY if is_live else MUTED_NUMBER),
        _number(row.last_price, text.price(row.last_price, digits), ink),
        change,
        Cell((), spoken=change.text if row.sparkline else spoken),
        _number(row.turnover_24h, text.compact(row.turnover_24h), ink),
        _SCANNED if row.is_scanned else _change(row.change_utc_day_pct, is_live),
        _number(row.spread_bps, text.bps(row.spread_bps), ink),
        _funding(row, ink, now_ms),
        _number(row.basis_bps, text.signed_bps(row.basis_bps), ink),
        _number(row.mark_price, text.price(row.mark_price, digits), ink),
        _number(row.high_24h, text.price(row.high_24h, digits), ink),
        _number(row.low_24h, text.price(row.low_24h, digits), ink),
        _number(row.volume_24h, text.compact(row.volume_24h), ink),
        _number(row.open_interest_quote, text.compact(row.open_interest_quote), ink),
        _SCANNED if row.is_scanned else _change(row.oi_change_1h_pct, is_live),
        _SCANNED if row.is_scanned else _change(row.oi_change_24h_pct, is_live),
        age,
    )


def _change(percent: float | None, is_live: bool) -> Cell:
    ink = (UP if percent >= 0.005 else DOWN if percent <= -0.005 else NUMBER) if is_live and percent else None
    return _number(percent, text.signed(percent), ink or (NUMBER if is_live else MUTED_NUMBER))


def _age(row: MarketRow, now_ms: int) -> Cell:
    if row.updated_ms is None:
        return MISSING
    said = text.age(now_ms - row.updated_ms)
    if row.state is RowState.STALE:
        return cell(said, WARNING, "clock", f"stale, {said} old")
    return cell(said, MUTED if row.state is RowState.LIVE else WARNING)


def _funding(row: MarketRow, ink: Ink, now_ms: int) -> Cell:
    if row.funding_rate is None:
        return MISSING
    rate = Part(text.funding(row.funding_rate), ink)
    left_ms = None if row.next_funding_ms is None else row.next_funding_ms - now_ms
    if left_ms is not None and left_ms <= 0 and row.state is not RowState.LIVE:
        left_ms = None
    return Cell((rate, Part(f"  {text.countdown(left_ms)}", MUTED)))


def _number(value: float | None, shown: str, ink: Ink) -> Cell:
    return MISSING if value is None else cell(shown, ink)
