"""The columns of Markets: what they are called, how wide they are, and which of them fit.

No Qt: the choice of columns for a width is a pure function.
"""

from __future__ import annotations

from msgspec.structs import replace

from virtuoso_desktop.ui.cell import Column
from virtuoso_desktop.ui.dimension_words import DIMENSION_WORDS

SYMBOL, LAST, CHANGE_24H, TECHNICAL, VOLUME_SCORE, ORDERFLOW, ORDERBOOK, STRUCTURE, SENTIMENT = range(9)
SCORE, SIGNAL, SPARKLINE, TURNOVER, CHANGE_UTC_DAY, SPREAD = range(9, 15)
FUNDING, BASIS, MARK, HIGH, LOW, VOLUME, OPEN_INTEREST, OI_1H, OI_24H, AGE = range(15, 25)
DIMENSIONS = range(TECHNICAL, SENTIMENT + 1)
CELL_PX, NARROW_CELL_PX = 21, 18
BAR_FROM_PX, WORD_FROM_PX = 68, 38
"""Widths of the score and the signal column from which there is room for the bar and for the whole word."""
SPARKLINE_PX = 46


def _dimension(name: str, letter: str, spoken: str, about: str) -> Column:
    about = f"{spoken}, 0 to 100: {about}"
    return Column(
        f"{name}_score", letter, spoken, about, CELL_PX, 0, is_centred=True, least=NARROW_CELL_PX, is_rigid=True
    )


_BARE: tuple[Column, ...] = (
    Column(
        "symbol", "Symbol", "Symbol", "Base coin; the tooltip of a row names the instrument", 72, 0, False, False,
        least=67, lead=17,
    ),
    Column("last", "Last", "Last price", "Last traded price, quote coin", 64, 0, pad=4, least=60),
    Column("change_24h", "24h %", "Change 24 hours, per cent", "Change of the last price over 24 hours", 48, 0, pad=4),
    *(_dimension(*words) for words in DIMENSION_WORDS),
    Column(
        "score", "Score", "Confluence score", "All dimensions together, 0 to 100, at the close of the last candle",
        68, 0, pad=4, least=42,
    ),
    Column(
        "signal", "Signal", "Signal", "Opinion of the model, not advice; track record not yet measured",
        38, 0, is_centred=True, least=24, is_rigid=True,
    ),
    Column("sparkline", "24 h", "Course of 24 hours", "Closes of the last 24 hours", SPARKLINE_PX, 1, pad=4),
    Column("turnover", "Turnover", "Turnover 24 hours", "Volume of 24 hours in quote coin", 72, 2),
    Column("change_utc_day", "UTC %", "Change since 00:00 UTC, per cent", "Change since 00:00 UTC", 58, 3),
    Column("spread", "Spr bps", "Spread, basis points", "Best ask minus best bid, in hundredths of a per cent", 56, 4),
    Column(
        "funding", "Funding %", "Funding rate, per cent", "Funding per period, and the time until it is paid", 118, 6
    ),
    Column("basis", "Basis", "Basis, basis points", "Mark against index price, in hundredths of a per cent", 56, 7),
    Column("mark", "Mark", "Mark price", "The venue's mark price", 82, 8),
    Column("high", "High", "High 24 hours", "Highest price of the last 24 hours", 82, 9),
    Column("low", "Low", "Low 24 hours", "Lowest price of the last 24 hours", 82, 10),
    Column("volume", "Volume", "Volume 24 hours", "Volume of 24 hours in base coin", 66, 11),
    Column("open_interest", "OI", "Open interest", "Value of the open contracts, quote coin", 66, 12),
    Column(
        "oi_1h", "OI 1h %", "Open interest, change in 1 hour, per cent", "Change of the open contracts in 1 hour",
        62, 13,
    ),
    Column(
        "oi_24h", "OI 24h %", "Open interest, change in 24 hours, per cent", "Change of the open contracts in 24 hours",
        68, 14,
    ),
    Column("age", "Age", "Age", "Time since the newest ticker", 56, 5),
)  # fmt: skip
FILTER_NAMES: dict[str, str] = {
    "symbol": "symbol", "last": "last", "change_24h": "change24h", "score": "score", "signal": "signal",
    "turnover": "volume24h", "change_utc_day": "change_utc", "spread": "spread", "funding": "funding",
    "basis": "basis", "mark": "mark", "high": "high24h", "low": "low24h", "volume": "volume_base",
    "open_interest": "oi", "oi_1h": "oi1h", "oi_24h": "oi24h", "age": "age", "price_structure_score": "structure",
    **{f"{words[0]}_score": words[0] for words in DIMENSION_WORDS if words[0] != "price_structure"},
}  # fmt: skip
"""What a column is called in a filter, by its name."""


def _with_filter_name(column: Column) -> Column:
    name = FILTER_NAMES.get(column.name)
    return column if name is None else replace(column, tooltip=f"{column.tooltip}\nIn a filter: {name}")


COLUMNS: tuple[Column, ...] = tuple(_with_filter_name(column) for column in _BARE)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
WIDEST_SYMBOL, WIDEST_SPARKLINE = 108, 140


GROWTH: tuple[tuple[int, ...], ...] = (tuple(DIMENSIONS), (SYMBOL,), (LAST,), (SIGNAL,), (SCORE,))
"""What grows from its least width to its own, in this order, before another column joins."""


def fit(width: int, chosen: dict[str, bool], widths: dict[str, int]) -> dict[int, int]:
    """Columns to show in ``width`` px, with the width of each.

    The columns of rank 0 come first, as narrow as they may be; they grow in the order of `GROWTH`, then
    others join in the order of their rank while they fit. What the user chose to show or to hide is kept
    to, and so are the widths that the user dragged; what is left over widens the others.

    Parameters
    ----------
    width : int
        Room in logical pixels.
    chosen : dict of str to bool
        Columns that the user shows (True) or hides (False) whatever the width.
    widths : dict of str to int
        Widths that the user dragged.
    """
    wanted = [index for index, column in enumerate(COLUMNS) if chosen.get(column.name, column.rank == 0)]
    result = {index: widths.get(COLUMNS[index].name, COLUMNS[index].least or COLUMNS[index].width) for index in wanted}
    room = width - sum(result.values())
    room, is_grown = _grow(result, room, widths)
    for index in sorted(range(len(COLUMNS)), key=lambda index: COLUMNS[index].rank):
        if index in result or COLUMNS[index].name in chosen:
            continue
        wide = widths.get(COLUMNS[index].name, COLUMNS[index].width)
        if wide > room or not is_grown:
            break
        result[index] = wide
        room -= wide
    _share(result, room, [index for index in result if COLUMNS[index].name not in widths])
    return dict(sorted(result.items()))


def _grow(result: dict[int, int], room: int, widths: dict[str, int]) -> tuple[int, bool]:
    """Give the columns of rank 0 their own widths, group by group; the room that is left, and whether all fitted."""
    for group in GROWTH:
        growing = [index for index in group if index in result and COLUMNS[index].name not in widths]
        need = sum(COLUMNS[index].width - result[index] for index in growing)
        if need > room:
            return room, False
        for index in growing:
            result[index] = COLUMNS[index].width
        room -= need
    return room, True


def _share(result: dict[int, int], room: int, growing: list[int]) -> None:
    """Widen by ``room`` px: symbol and sparkline up to their most, then all evenly; rigid ones only alone."""
    if room <= 0 or not growing:
        return
    for index, widest in ((SYMBOL, WIDEST_SYMBOL), (SPARKLINE, WIDEST_SPARKLINE)):
        if index in growing and len(growing) > 1:
            more = max(0, min(widest - result[index], room // 3))
            result[index] += more
            room -= more
            growing = [each for each in growing if each != index]
    growing = [index for index in growing if not COLUMNS[index].is_rigid] or growing
    each, left = divmod(room, len(growing))
    for place, index in enumerate(growing):
        result[index] += each + (1 if place < left else 0)
