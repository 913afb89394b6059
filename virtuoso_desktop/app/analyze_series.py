"""The series of ``analyze``: one row for each row of the file, in its order, as CSV or Parquet."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.analysis.layout import (
    CONFIDENCE,
    D_SCORE,
    DIMENSION_CELLS,
    ENDED,
    ENDINGS,
    NO_SCORE,
    PRICE_STRUCTURE,
    REASONS,
    SCORE,
    SIGNAL,
    SIGNALS,
    TABLE_COLUMNS,
    TECHNICAL,
    VOLUME,
)
from virtuoso_desktop.analysis.series import Stretch
from virtuoso_desktop.analysis.series_gate import Verdict
from virtuoso_desktop.app.analyze_file import FileRows
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.model.result import Reason

Floats = NDArray[np.float64]

_INDICATORS: tuple[tuple[str, str, bool], ...] = (
    ("rsi_14", "rsi", False),
    ("macd", "macd", True),
    ("macd_signal", "macd_signal", True),
    ("macd_histogram", "macd_hist", True),
    ("ema_12", "ema_12", True),
    ("ema_26", "ema_26", True),
    ("bb_upper", "bb_upper", True),
    ("bb_middle", "bb_middle", True),
    ("bb_lower", "bb_lower", True),
    ("obv", "obv", False),
    ("vwap", "vwap", True),
    ("volume_sma", "volume_sma", False),
    ("atr_14", "atr", True),
    ("adx_14", "adx", False),
    ("plus_di_14", "plus_di", False),
    ("minus_di_14", "minus_di", False),
    ("rvol_20", "rvol", False),
    ("supertrend", "supertrend", True),
)
"""Column of the series, column of the candle table, whether it is a price."""
_OF_VOLUME = frozenset({"obv", "vwap", "volume_sma", "rvol_20"})
_SCORES = (
    ("technical_score", D_SCORE + TECHNICAL * DIMENSION_CELLS),
    ("volume_score", D_SCORE + VOLUME * DIMENSION_CELLS),
    ("price_structure_score", D_SCORE + PRICE_STRUCTURE * DIMENSION_CELLS),
    ("confluence_score", SCORE),
    ("confidence", CONFIDENCE),
)
_NUMBERS = (*(name for name, _, _ in _INDICATORS), *(name for name, _ in _SCORES))
SERIES_COLUMNS = ("timestamp", *_NUMBERS, "signal", "reason")
_REASON_WORDS = tuple("" if reason is None else reason.value for reason in REASONS)
_SIGNAL_WORDS = np.array([SIGNALS[number].value for number in (0, 1, -1)])
_CHUNK_ROWS = 65_536
ENDINGS_OF_FILES = (".csv", ".parquet")


class SeriesFile:
    """Collects the stretches of an evaluation and writes them."""

    def __init__(self, rows: FileRows) -> None:
        count = rows.table.rows
        self._rows = rows
        self._numbers = np.full((len(_NUMBERS), count), np.nan)
        self._signals = np.full(count, "", dtype="U7")
        self._reasons = np.array([verdict.name for verdict in Verdict], dtype="U16")[rows.series.verdicts]
        self._reasons[rows.series.verdicts == Verdict.TAKEN.value] = ""

    def take(self, stretch: Stretch) -> None:
        """Keep what the columns need of some candles."""
        series = self._rows.series
        part = slice(stretch.first, stretch.first + len(stretch.table))
        gaps = series.row[part][series.is_reset[part]]
        self._reasons[gaps] = Reason.GAP.value
        places = np.flatnonzero((series.row[part] >= 0) & ~series.is_reset[part])
        row = series.row[part][places]
        for index, (name, column, is_price) in enumerate(_INDICATORS):
            if name in _OF_VOLUME and self._rows.table.volume is None:
                continue
            values = stretch.table[places, TABLE_COLUMNS.index(column)]
            self._numbers[index, row] = values * self._rows.tick_size if is_price else values
        for index, (_, cell) in enumerate(_SCORES, len(_INDICATORS)):
            self._numbers[index, row] = stretch.outcome[places, cell]
        self._signals[row] = _SIGNAL_WORDS[stretch.outcome[places, SIGNAL].astype(int)]
        why = np.array(_REASON_WORDS)[stretch.outcome[places, NO_SCORE].astype(int)]
        endings = np.array([ending or "" for ending in ENDINGS])[stretch.outcome[places, ENDED].astype(int)]
        self._reasons[row] = np.where(why == "", endings, why)

    def write(self, out: Path) -> None:
        """Write the whole file or none of it; its ending says which kind."""
        if self._rows.is_newest_first:
            self._numbers, self._signals = self._numbers[:, ::-1], self._signals[::-1]
            self._reasons = self._reasons[::-1]
        moments = np.datetime_as_string(self._rows.table.open_ms.astype("datetime64[ms]"), unit=self._unit())
        beside = out.with_name(f".{out.name}.part")
        try:
            if out.suffix.lower() == ".parquet":
                self._write_parquet(beside, moments)
            else:
                self._write_csv(beside, moments)
            beside.replace(out)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise StorageError(f"{out} cannot be written ({error.strerror or error}); nothing was written.") from error

    def _unit(self) -> Any:
        return "ms" if (self._rows.table.open_ms % 1000).any() else "s"

    def _write_csv(self, out: Path, moments: NDArray[np.str_]) -> None:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(SERIES_COLUMNS)
            for begin in range(0, len(moments), _CHUNK_ROWS):
                writer.writerows(self._lines(slice(begin, begin + _CHUNK_ROWS), moments))

    def _lines(self, part: slice, moments: NDArray[np.str_]) -> Iterator[Sequence[object]]:
        """Rows of text and floats; the writer writes a float by `repr` and None as an empty cell."""
        columns: list[list[Any]] = [[f"{moment}Z" for moment in moments[part].tolist()]]
        for numbers in self._numbers[:, part]:
            cells = numbers.astype(object)
            cells[np.isnan(numbers)] = None
            columns.append(cells.tolist())
        columns += [self._signals[part].tolist(), self._reasons[part].tolist()]
        return itertools.zip_longest(*columns)

    def _write_parquet(self, out: Path, moments: NDArray[np.str_]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        columns: dict[str, Any] = {"timestamp": pa.array([f"{moment}Z" for moment in moments.tolist()])}
        for name, numbers in zip(_NUMBERS, self._numbers, strict=True):
            columns[name] = pa.array(numbers, mask=np.isnan(numbers))
        for name, words in (("signal", self._signals), ("reason", self._reasons)):
            columns[name] = pa.array([word or None for word in words.tolist()])
        parquet.write_table(pa.table(columns), str(out))
