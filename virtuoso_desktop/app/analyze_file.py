"""A file of candles through the analysis: read, judged, put on its grid of ticks and evaluated candle by candle."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.candle_table import SETTLED
from virtuoso_desktop.analysis.layout import TABLE_COLUMNS
from virtuoso_desktop.analysis.results import Facts, Subject, confluence_of
from virtuoso_desktop.analysis.scoring import config_hash, scoring_params
from virtuoso_desktop.analysis.series import Stretch, score_series
from virtuoso_desktop.analysis.series_gate import (
    MOST_TICKS,
    GatedSeries,
    SeriesColumns,
    Verdict,
    gate_series,
    spacing_of,
)
from virtuoso_desktop.files.ohlcv import OhlcvTable, decimals_of, read_rows
from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Source, Venue
from virtuoso_desktop.model.result import Confluence, Profile
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe
from virtuoso_desktop.settings.schema import AnalysisSettings

Floats = NDArray[np.float64]

TICK_ROWS = 200
"""Rows whose decimals tell the tick size."""
HEADROOM = 8
"""A tick that was guessed leaves room for prices that many times as high."""
_ENDINGS = (".gz", ".csv", ".parquet", ".feather")
_MONTH_MS = (28 * DAY_MS, 31 * DAY_MS)
_INVENTED = (Venue.BYBIT, MarketKind.SPOT)
"""A file names no venue. Its results carry this one, which no JSON and no text shows; turnover counts as quote coin."""


class FileRows(NamedTuple):
    """A file as the analysis sees it."""

    table: OhlcvTable
    """As in the file."""
    is_newest_first: bool
    columns: SeriesColumns
    """Oldest first."""
    series: GatedSeries
    tick_size: float
    timeframe: Timeframe

    @property
    def symbol(self) -> str:
        """The file's name without its endings."""
        name = self.table.path.name
        while name.lower().endswith(_ENDINGS):
            name = name[: name.rindex(".")]
        return name

    def count(self, verdict: Verdict) -> int:
        """Rows with that verdict."""
        return int(np.count_nonzero(self.series.verdicts == verdict.value))

    def row_number(self, verdict: Verdict) -> int:
        """Number in the file, from 1, of the first row with that verdict."""
        index = int(np.flatnonzero(self.series.verdicts == verdict.value)[0])
        return len(self.series.verdicts) - index if self.is_newest_first else index + 1


class FileAnalysis(NamedTuple):
    """What came out at the last closed candle, and at the one before it."""

    result: Confluence
    before: Confluence | None


def read_file(path: Path, timeframe: Timeframe, tick_size: float | None, now_ms: int) -> FileRows:
    """Read and judge a file.

    Raises
    ------
    ConfigError
        When the rows are not ``timeframe`` apart.
    ParseError
        When the file cannot be read, or none of its rows is a closed candle.
    """
    table = read_rows(path)
    _check_spacing(table, timeframe)
    is_newest_first = table.rows > 1 and bool((np.diff(table.open_ms) < 0).all())
    step = -1 if is_newest_first else 1
    columns = SeriesColumns(
        table.open_ms[::step],
        *(column[::step] for column in (table.open, table.high, table.low, table.close)),
        volume=None if table.volume is None else table.volume[::step],
        turnover=None if table.turnover is None else table.turnover[::step],
    )
    tick = tick_size or guessed_tick(table)
    series = gate_series(columns, timeframe, tick, now_ms)
    rows = FileRows(table, is_newest_first, columns, series, tick, timeframe)
    if not series.row.size:
        raise ParseError(f"{path.name} has no closed candle that can be used: {objections(rows)}.", kind="empty")
    return rows


def _check_spacing(table: OhlcvTable, timeframe: Timeframe) -> None:
    spacing_ms = spacing_of(table.open_ms)
    if spacing_ms is None or spacing_ms == timeframe.duration_ms:
        return
    if timeframe is Timeframe.MO1 and _MONTH_MS[0] <= spacing_ms <= _MONTH_MS[1]:
        return
    named = next((each.value for each in Timeframe if each.duration_ms == spacing_ms), None)
    found = f"most rows are {spacing_ms / 1000:,.10g} s apart"
    found += f" ({named})" if named else ", which is no timeframe of this program"
    hint = f" Use --timeframe {named}." if named else ""
    raise ConfigError(
        f"{table.path.name} is no file of {timeframe.value} candles: {found}.{hint} Nothing was analysed."
    )


def guessed_tick(table: OhlcvTable) -> float:
    """The smallest decimal place that the prices of the first `TICK_ROWS` rows use."""
    prices = np.vstack([column[:TICK_ROWS] for column in (table.open, table.high, table.low, table.close)])
    sound = prices[:, (np.isfinite(prices) & (prices > 0)).all(axis=0)]
    if not sound.size:
        return 1.0
    digits = decimals_of(sound)
    while digits > 0 and float(sound.max()) * 10.0**digits > MOST_TICKS / HEADROOM:
        digits -= 1
    return float(f"1e-{digits}")


def objections(rows: FileRows) -> str:
    """Which rows were left out, in words; empty when none was."""
    said = [
        f"{rows.count(verdict):,} {_WORDS[verdict]} (the first is row {rows.row_number(verdict):,})"
        for verdict in _WORDS
        if rows.count(verdict)
    ]
    return ", ".join(said)


_WORDS = {
    Verdict.NOT_FINITE: "with a number that is missing or not finite",
    Verdict.NO_PRICE: "with a price that is not above zero",
    Verdict.BAD_RANGE: "whose high or low does not span open and close",
    Verdict.BAD_SIZE: "with a negative volume or turnover",
    Verdict.TOO_LARGE: "with a number too large to count with",
    Verdict.OFF_GRID: "that open at no time of the timeframe",
    Verdict.DUPLICATE: "with a time that is there already",
    Verdict.OUT_OF_ORDER: "earlier than a row before",
    Verdict.NOT_CLOSED: "not closed yet",
}


def analyse(rows: FileRows, analysis: AnalysisSettings, take: Callable[[Stretch], None] | None = None) -> FileAnalysis:
    """Evaluate every candle of the file and build the result of the last closed one.

    Parameters
    ----------
    take : callable, optional
        Gets every stretch of rows on the way, oldest first.
    """
    begin = time.perf_counter()
    params = scoring_params(analysis, Profile.CANDLES_ONLY)
    newest: list[tuple[Floats, Floats, Floats]] = []
    table = np.array([rows.tick_size, 0.0, float(DAY_MS), float(rows.timeframe.duration_ms)])
    for stretch in score_series(rows.series, table, params, has_volume=rows.table.volume is not None):
        real = np.flatnonzero(rows.series.row[stretch.first : stretch.first + len(stretch.table)] >= 0)
        newest += [(stretch.table[at], stretch.inputs[at], stretch.outcome[at]) for at in real[-2:]]
        newest = newest[-2:]
        if take is not None:
            take(stretch)
    spent_ms = (time.perf_counter() - begin) * 1000
    subject = _subject(rows, analysis)
    results = [
        confluence_of(subject, _facts(rows, cells, back, spent_ms), inputs, outcome)
        for back, (cells, inputs, outcome) in zip(range(len(newest), 0, -1), newest, strict=True)
    ]
    return FileAnalysis(results[-1], results[0] if len(results) > 1 else None)


def _subject(rows: FileRows, analysis: AnalysisSettings) -> Subject:
    venue, kind = _INVENTED
    weights = analysis.weights
    return Subject(
        instrument_id=InstrumentId(venue, kind, rows.symbol),
        timeframe=rows.timeframe,
        source=Source.FILE,
        profile=Profile.CANDLES_ONLY,
        tick_size=rows.tick_size,
        weights=(
            weights.technical,
            weights.volume,
            weights.orderflow,
            weights.orderbook,
            weights.price_structure,
            weights.sentiment,
        ),
        config_hash=config_hash(analysis),
    )


_BARS = TABLE_COLUMNS.index("bars")


def _facts(rows: FileRows, cells: Floats, back: int, spent_ms: float) -> Facts:
    open_ms = int(rows.columns.open_ms[rows.series.row[rows.series.row >= 0][-back]])
    return Facts(
        open_ms=open_ms,
        analysis_ms=rows.timeframe.close_ms(open_ms),
        data_points=int(cells[_BARS]),
        delta_source=None if rows.table.volume is None else "bvc",
        gap=bool(rows.series.is_reset.any() and cells[_BARS] < SETTLED),
        rejected=rows.series.rejected,
        processing_time_ms=spent_ms,
    )
