"""The columns of Markets: what they are called, how wide they are, and which of them fit.

No Qt: the choice of columns for a width is a pure function.
"""

from __future__ import annotations

from virtuoso_desktop.ui.cell import Column

SYMBOL, LAST, CHANGE_24H, CHANGE_UTC_DAY, HIGH, LOW, SPREAD = range(7)
VOLUME, TURNOVER, MARK, BASIS, FUNDING, SPARKLINE, AGE = range(7, 14)

COLUMNS: tuple[Column, ...] = (
    Column("symbol", "Symbol", "Symbol", "Base coin; the tooltip of a row names the instrument", 80, 0, False, False),
    Column("last", "Last", "Last price", "Last traded price, quote coin", 80, 0),
    Column("change_24h", "24h %", "Change 24 hours, per cent", "Change of the last price over 24 hours", 58, 0),
    Column("change_utc_day", "UTC %", "Change since 00:00 UTC, per cent", "Change since 00:00 UTC", 58, 2),
    Column("high", "High", "High 24 hours", "Highest price of the last 24 hours", 82, 9),
    Column("low", "Low", "Low 24 hours", "Lowest price of the last 24 hours", 82, 10),
    Column("spread", "Spr bps", "Spread, basis points", "Best ask minus best bid, in hundredths of a per cent", 56, 3),
    Column("volume", "Volume", "Volume 24 hours", "Traded in 24 hours, base coin", 66, 11),
    Column("turnover", "Turnover", "Turnover 24 hours", "Traded in 24 hours, quote coin", 72, 1),
    Column("mark", "Mark", "Mark price", "The venue's mark price", 82, 8),
    Column("basis", "Basis", "Basis, basis points", "Mark against index price, in hundredths of a per cent", 56, 7),
    Column(
        "funding", "Funding %", "Funding rate, per cent", "Funding per period, and the time until it is paid", 118, 6
    ),
    Column("sparkline", "24 h", "Course of 24 hours", "Closes of the last 24 hours", 56, 4),
    Column("age", "Age", "Age", "Time since the newest ticker", 56, 5),
)
NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
WIDEST_SPARKLINE = 140


def fit(width: int, chosen: dict[str, bool], widths: dict[str, int]) -> dict[int, int]:
    """Columns to show in ``width`` px, with the width of each.

    Columns appear in the order of their rank while they fit. What the user chose to show or to hide
    is kept to, and so are the widths that the user dragged; what is left over widens the others.

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
    room = width - sum(_width(index, widths) for index in wanted)
    for index in sorted(range(len(COLUMNS)), key=lambda index: COLUMNS[index].rank):
        if index in wanted or COLUMNS[index].name in chosen:
            continue
        if _width(index, widths) > room:
            break
        wanted.append(index)
        room -= _width(index, widths)
    result = {index: _width(index, widths) for index in sorted(wanted)}
    _share(result, room, [index for index in result if COLUMNS[index].name not in widths])
    return result


def _width(index: int, widths: dict[str, int]) -> int:
    column = COLUMNS[index]
    return widths.get(column.name, column.width)


def _share(result: dict[int, int], room: int, growing: list[int]) -> None:
    """Widen ``growing`` evenly by ``room`` px, the sparkline up to its most."""
    if room <= 0 or not growing:
        return
    if SPARKLINE in growing and len(growing) > 1:
        more = min(WIDEST_SPARKLINE - result[SPARKLINE], room // 3)
        result[SPARKLINE] += max(0, more)
        room -= max(0, more)
        growing = [index for index in growing if index != SPARKLINE]
    each, left = divmod(room, len(growing))
    for place, index in enumerate(growing):
        result[index] += each + (1 if place < left else 0)
