"""The market of candle files ``ohlcv:FILE``: the rows drive trades and book, and come out as they went in.

Of several files of one symbol the finest drives. A coarser one must agree wherever finer rows cover one of its rows
completely, and gives the history before the finest file's first row. What is missing in the files stays missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.files.ohlcv import OhlcvTable, decimals_of, read_ohlcv
from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.bars import EMPTY_BARS, LARGEST_SUM, Bars, Grid, bucket_ends, bucket_opens, concatenate
from virtuoso_desktop.simulator.by_instrument import MarketByInstrument
from virtuoso_desktop.simulator.instrument_market import USUAL_SPAN, InstrumentMarket, Style
from virtuoso_desktop.simulator.noise import Floats, Ints, derive_key
from virtuoso_desktop.simulator.ohlcv_source_minutes import FileFeed, FileRows

_QUOTE_COINS = ("USDT", "USDC", "USD", "EUR", "DAI", "BTC", "ETH", "BNB", "TRY")
_EVENTS = 90
_REFRESH_MS = 50
_MOST_TICKS = 9e15
_LEAST_MOVE_RATIO = 1e-5
_MONTHS_ROOM = 2
"""A moved month reaches into at most two of the file's."""
_VOLUME_TOLERANCE = 1e-9


class OhlcvFile(NamedTuple):
    """A file of candles and what they are of."""

    path: Path
    symbol: str
    timeframe: Timeframe
    kind: MarketKind


class _Loaded(NamedTuple):
    file: OhlcvFile
    table: OhlcvTable
    end_ms: Ints


class LoadedSymbol(NamedTuple):
    """The joined rows of one symbol's files, in file time. ``driven_ms`` is the finest file's first open."""

    instrument: Instrument
    grid: Grid
    rows: FileRows
    driven_ms: int


def load_symbols(files: Sequence[OhlcvFile]) -> list[LoadedSymbol]:
    """Read, check and join the files of each symbol and kind.

    Raises
    ------
    ParseError
        A file is unreadable, its rows do not fit its timeframe, or files of one symbol disagree; file and row named.
    ConfigError
        Two files of the same symbol and timeframe.
    """
    groups: dict[tuple[MarketKind, str], list[OhlcvFile]] = {}
    for file in files:
        groups.setdefault((file.kind, file.symbol), []).append(file)
    return [_load_symbol(group) for group in groups.values()]


def _load_symbol(files: list[OhlcvFile]) -> LoadedSymbol:
    files = sorted(files, key=lambda file: file.timeframe.duration_ms)
    for one, other in itertools.pairwise(files):
        if one.timeframe is other.timeframe:
            raise ConfigError(
                f"{one.path.name} and {other.path.name} are both {one.symbol} {one.timeframe}: name only one of them."
            )
    loaded = [_load(file) for file in files]
    grid = _grid(loaded)
    rows = _rows(loaded[0], grid)
    driven_ms = int(rows.bars.open_ms[0])
    for coarser in loaded[1:]:
        more = _rows(coarser, grid)
        _check_agreement(coarser, more, rows, _rounding(coarser, grid))
        rows = _with_history(more, rows)
    return LoadedSymbol(_instrument(files[0], grid, rows), grid, rows, driven_ms)


def _load(file: OhlcvFile) -> _Loaded:
    table = read_ohlcv(file.path)
    if table.volume is None:
        raise ParseError(
            f"{file.path.name} has no column named volume, of which the simulator makes trades.", kind="malformed"
        )
    off = np.flatnonzero(bucket_opens(file.timeframe, table.open_ms) != table.open_ms)
    if off.size:
        raise _bad_row(file, int(off[0]), f"its time is not the open of a {file.timeframe} candle")
    steps = np.diff(table.open_ms)
    if steps.size and int(steps.min()) >= 2 * file.timeframe.duration_ms:
        minutes = int(steps.min()) // 60_000
        raise ParseError(
            f"{file.path.name} is named {file.timeframe}, but its rows are at least {minutes} minutes apart: "
            "name its timeframe, e.g. ,timeframe=5m after the file.",
            kind="bad_value",
        )
    return _Loaded(file, table, bucket_ends(file.timeframe, table.open_ms))


def _bad_row(file: OhlcvFile, index: int, problem: str) -> ParseError:
    return ParseError(f"{file.path.name}, row {index + 1}: {problem}. The market was not started.", kind="bad_value")


# --- integers ---


def _grid(loaded: list[_Loaded]) -> Grid:
    """Ticks and lots of the decimals in the files; digits that no sum of a month could hold are given up."""
    price_digits = max(item.table.price_decimals for item in loaded)
    highest = max(float(item.table.high.max()) for item in loaded)
    while price_digits and highest * 10.0**price_digits > _MOST_TICKS:
        price_digits -= 1
    volumes = [(item, _volume(item)) for item in loaded]
    size_digits = max(decimals_of(volume) for _, volume in volumes)
    size_digits = min(size_digits, *(_most_digits(item, volume) for item, volume in volumes))
    given = [_digits(item.table.turnover) for item in loaded if item.table.turnover is not None]
    turnover_digits = max(given, default=price_digits + size_digits)
    return Grid.of_digits(price_digits, size_digits, turnover_digits)


def _digits(values: Floats) -> int:
    """Digits after the point of the shortest decimals of ``values``, at most 12."""
    exponents = (Decimal(repr(value)).as_tuple().exponent for value in values.tolist())
    return min(12, max(-exponent for exponent in exponents if isinstance(exponent, int)))


def _volume(item: _Loaded) -> Floats:
    volume = item.table.volume
    return np.zeros_like(item.table.open) if volume is None else volume


def _most_digits(item: _Loaded, values: Floats) -> int:
    """Digits after the point with which the sum of any month still fits."""
    digits = 12
    while digits and _largest_month(item.table.open_ms, values) * 10.0**digits > LARGEST_SUM:
        digits -= 1
    return digits


def _largest_month(open_ms: Ints, values: Floats) -> float:
    """No month, wherever the rows are moved to, sums up to more."""
    months = bucket_opens(Timeframe.MO1, open_ms)
    starts = np.flatnonzero(np.diff(months, prepend=months[0] - 1))
    return max(1.0, float(np.add.reduceat(values, starts).max()) * _MONTHS_ROOM)


def _rows(item: _Loaded, grid: Grid) -> FileRows:
    table = item.table
    prices = table.open, table.high, table.low, table.close
    o, high, low, close = (_whole_numbers(column, grid.price_digits) for column in prices)
    volume = _whole_numbers(_volume(item), grid.size_digits)
    bars = Bars(table.open_ms, o, high, low, close, volume, EMPTY_BARS.turnover)
    if table.turnover is not None:
        turnovers = _whole_numbers(table.turnover, grid.turnover_digits).tolist()
    else:
        typical = zip(volume.tolist(), (high + low + close).tolist(), strict=True)
        turnovers = [grid.turnover_of_trades(lots, lots * three) // 3 for lots, three in typical]
    return FileRows(bars._replace(turnover=_column(table.open_ms, turnovers)), item.end_ms)


def _whole_numbers(values: Floats, digits: int) -> Ints:
    """``values`` x 10^``digits`` as whole numbers, exact as far as the values' shortest decimals are."""
    if float(values.max()) * 10.0**digits < _MOST_TICKS:
        return np.rint(values * 10.0**digits).astype(np.int64)
    exact = [int(Decimal(repr(value)).scaleb(digits).to_integral_value()) for value in values.tolist()]
    return np.array(exact)


def _column(open_ms: Ints, numbers: list[int]) -> Ints:
    """A column of ``numbers``: Python's own integers where the sum of a month exceeds int64."""
    fits = _largest_month(open_ms, np.array(numbers, dtype=np.float64)) < LARGEST_SUM
    return np.array(numbers, dtype=np.int64 if fits else object)


# --- several files of one symbol ---


def _check_agreement(item: _Loaded, coarse: FileRows, fine: FileRows, tolerance_lots: float) -> None:
    """Raise unless every coarse row that fine rows cover without a gap is their sum."""
    first, end, covered = _coverage(coarse, fine)
    rows = np.flatnonzero(covered)
    if rows.size == 0:
        return
    bounds = np.stack((first[rows], end[rows]), axis=1).reshape(-1)
    padded = [np.append(column, 0) for column in fine.bars]
    _, opens, highs, lows, closes, volumes, _ = padded
    sums = np.add.reduceat(volumes, bounds)[::2]
    wanted = coarse.bars.volume[rows]
    differences = (
        ("open", opens[first[rows]] != coarse.bars.open[rows]),
        ("high", np.maximum.reduceat(highs, bounds)[::2] != coarse.bars.high[rows]),
        ("low", np.minimum.reduceat(lows, bounds)[::2] != coarse.bars.low[rows]),
        ("close", closes[end[rows] - 1] != coarse.bars.close[rows]),
        ("volume", np.abs(sums - wanted) > np.maximum(wanted * _VOLUME_TOLERANCE, tolerance_lots)),
    )
    found = [(int(rows[np.flatnonzero(bad)[0]]), name) for name, bad in differences if bad.any()]
    if found:
        row, name = min(found)
        raise _bad_row(
            item.file,
            row,
            f"its {name} is not that of the finer file's rows (the last row of a file is often unfinished)",
        )


def _rounding(item: _Loaded, grid: Grid) -> float:
    """Half of the last digit that the file's volumes have, in lots."""
    return 0.5 * 10.0 ** max(0, grid.size_digits - decimals_of(_volume(item)))


def _coverage(coarse: FileRows, fine: FileRows) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """(first fine row, end of fine rows, whether these tile the coarse row) for every coarse row."""
    opens, ends = fine.bars.open_ms, fine.end_ms
    first = np.searchsorted(opens, coarse.bars.open_ms)
    end = np.searchsorted(opens, coarse.end_ms)
    lasting = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(ends - opens)))
    inside = (end > first) & (ends[np.maximum(end - 1, 0)] <= coarse.end_ms)
    return first, end, inside & (lasting[end] - lasting[first] == coarse.end_ms - coarse.bars.open_ms)


def _with_history(coarse: FileRows, fine: FileRows) -> FileRows:
    """The fine rows after the coarse rows that end before them, and what a row on the border has left."""
    begin_ms = int(fine.bars.open_ms[0])
    count = int(np.searchsorted(coarse.end_ms, begin_ms, side="right"))
    parts = [coarse.bars.rows(0, count)]
    ends = [coarse.end_ms[:count]]
    rest = _border(coarse, count, fine)
    if rest is not None:
        parts.append(rest)
        ends.append(np.array([begin_ms]))
    return FileRows(concatenate([*parts, fine.bars]), np.concatenate([*ends, fine.end_ms]))


def _border(coarse: FileRows, row: int, fine: FileRows) -> Bars | None:
    """The part of coarse row ``row`` before the fine rows that cover its rest, None if they do not fit."""
    begin_ms = int(fine.bars.open_ms[0])
    if row >= coarse.bars.size or int(coarse.bars.open_ms[row]) >= begin_ms:
        return None
    end = int(np.searchsorted(fine.bars.open_ms, int(coarse.end_ms[row])))
    covered = fine.bars.rows(0, end)
    lasting = int(np.sum(fine.end_ms[:end] - covered.open_ms))
    open_ms, o, high, low, close, volume, turnover = (int(column[row]) for column in coarse.bars)
    left = volume - int(covered.volume.sum()), turnover - int(covered.turnover.sum())
    fits = lasting == int(coarse.end_ms[row]) - begin_ms and int(covered.close[-1]) == close and min(left) >= 0
    if not fits or int(covered.high.max()) > high or int(covered.low.min()) < low:
        return None
    last = int(covered.open[0])
    high = high if int(covered.high.max()) < high else max(o, last)
    low = low if int(covered.low.min()) > low else min(o, last)
    columns = [np.array([value]) for value in (open_ms, o, high, low, last, *left)]
    return Bars(*columns)


# --- the market ---


def _instrument(file: OhlcvFile, grid: Grid, rows: FileRows) -> Instrument:
    quote = next((coin for coin in _QUOTE_COINS if file.symbol.endswith(coin) and file.symbol != coin), "")
    is_linear = file.kind is MarketKind.LINEAR
    return Instrument(
        id=InstrumentId(Venue.BYBIT, file.kind, file.symbol),
        base_coin=file.symbol.removesuffix(quote),
        quote_coin=quote,
        settle_coin=quote if is_linear else "",
        status="Trading",
        contract_type="LinearPerpetual" if is_linear else "",
        tick_size=Decimal(1).scaleb(-grid.price_digits),
        lot_step=Decimal(1).scaleb(-grid.size_digits),
        funding_interval_min=480 if is_linear else None,
        launch_ms=int(rows.bars.open_ms[0]),
    )


class OhlcvMarket(MarketByInstrument):
    """`MarketSource` of loaded files, all moved by ``shift_ms`` (whole days)."""

    def __init__(self, symbols: Sequence[LoadedSymbol], shift_ms: int = 0) -> None:
        super().__init__(_market(symbol, shift_ms) for symbol in symbols)


def _market(symbol: LoadedSymbol, shift_ms: int) -> InstrumentMarket:
    bars, end_ms = symbol.rows
    key = derive_key("ohlcv", str(symbol.instrument.id))
    minutes = np.maximum((end_ms - bars.open_ms) // 60_000, 1)
    usual_lots = max(1.0, float(np.median(bars.volume / minutes)))
    feed = FileFeed(symbol.rows, symbol.grid, key, shift_ms)
    moved = msgspec.structs.replace(symbol.instrument, launch_ms=feed.first_ms)
    spans = (bars.high - bars.low) / np.maximum(bars.close, 1) / np.sqrt(minutes)
    move_ratio = max(float(np.median(spans)) / USUAL_SPAN, _LEAST_MOVE_RATIO)
    style = Style(key, usual_lots, float(bars.close[-1]), _EVENTS, _REFRESH_MS, move_ratio)
    return InstrumentMarket(moved, symbol.grid, feed, style)
