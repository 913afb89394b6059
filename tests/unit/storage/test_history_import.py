"""A user's file: gaps, doubles, order, columns, time zones and NaN, each told in words with its row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.history_rows import BTC, BTC_1M, at, batch, candles
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_import import FileRows, rows_of_file
from virtuoso_desktop.storage.history_rows import Batch, SeriesKey

LATER_MS = at(10_000)
HEAD = "timestamp,open,high,low,close,volume,turnover"


def lines(*minutes: int) -> list[str]:
    return [
        f"{dt.datetime.fromtimestamp(row[0] / 1000, dt.UTC).isoformat()},{','.join(map(repr, row[1:]))}"
        for minute in minutes
        for row in [candles(minute, minute + 1)[:, 0].tolist()]
    ]


def written(tmp_path: Path, rows: list[str], head: str = HEAD) -> Path:
    path = tmp_path / "candles.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def read(path: Path, now_ms: int = LATER_MS) -> FileRows:
    return rows_of_file(path, BTC_1M, Timeframe.M1, now_ms)


def test_a_good_file_is_taken_whole(tmp_path: Path) -> None:
    found = read(written(tmp_path, lines(*range(50))))
    assert np.array_equal(found.batch.rows, candles(0, 50))
    assert found.batch.covered == ((at(0), at(50)),)
    assert found.remarks == ()


def test_gaps_are_told_and_stay_known_as_missing(tmp_path: Path) -> None:
    found = read(written(tmp_path, lines(0, 1, 5, 6, 7, 20)))
    assert found.batch.covered == ((at(0), at(2)), (at(5), at(8)), (at(20), at(21)))
    (remark,) = found.remarks
    assert "15 candles are missing in 2 places, the first after row 2 (2020-09-13 12:28:00)" in remark


def test_other_time_zones_are_the_same_moments(tmp_path: Path) -> None:
    rows = [row.replace("12:", "17:").replace("+00:00", "+05:00") for row in lines(0, 1, 2)]
    assert np.array_equal(read(written(tmp_path, rows)).batch.rows, candles(0, 3))


def test_what_a_file_lacks_is_not_made_up(tmp_path: Path) -> None:
    rows = [row.rpartition(",")[0] for row in lines(0, 1, 2)]
    found = read(written(tmp_path, rows, HEAD.removesuffix(",turnover")))
    assert np.isnan(found.batch.rows[6]).all()
    assert np.array_equal(found.batch.rows[:6], candles(0, 3)[:6])
    assert "has no turnover" in found.remarks[0]
    history = HistoryFile(tmp_path / "history.duckdb")
    history.store([found.batch])
    assert np.array_equal(history.read(BTC_1M, 0, 2**60), found.batch.rows, equal_nan=True)
    assert history.store([found.batch._replace(yields=False)]) == (0, 0), "unknown again is no revision"
    assert history.store([batch(0, 3)]) == (0, 3), "the venue knows"
    history.close()


def test_a_last_candle_that_is_not_closed_is_left_out_and_said(tmp_path: Path) -> None:
    found = read(written(tmp_path, lines(0, 1, 2)), now_ms=at(2) + 30_000)
    assert found.batch.row_count == 2
    assert "the last row (2020-09-13 12:29:00) is not closed yet" in found.remarks[0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (lines(0, 1, 1, 2), "row 3: the time .* is there twice"),
        (lines(0, 2, 1), "row 3: .* before the row above it"),
        ([*lines(0), lines(1)[0].replace("6", "nan", 1).replace("2020", "2020")], "row 2"),
        ([*lines(0), lines(1)[0].rsplit(",", 1)[0] + ",nan"], "row 2: the turnover nan is not a size"),
        ([*lines(0), lines(1)[0].rsplit(",", 1)[0]], "row 2: it has only 6 fields"),
        ([*lines(0), lines(1)[0].replace(":28:00", ":28:30")], "row 2: .* is not the open of a 1m candle"),
        ([*lines(0), lines(1)[0].replace("2020-", "20x0-")], "row 2: the time .* is not one"),
        (lines(0, 1, 20_000, 20_001), "row 3: .* lies in the future"),
        (lines(20_000), "no closed candle"),
        ([], "no rows"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_taken(tmp_path: Path, rows: list[str], words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(written(tmp_path, rows))


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="no column named open and high"):
        read(written(tmp_path, lines(0), "timestamp,o,h,low,close,volume,turnover"))


def test_weeks_and_months_are_judged_by_the_calendar(tmp_path: Path) -> None:
    opens = [dt.datetime(2023, month, 1, tzinfo=dt.UTC).isoformat() for month in (1, 2, 4)]
    path = written(tmp_path, [f"{each},1,2,1,2,5,7" for each in opens])
    found = rows_of_file(path, SeriesKey.candles(BTC, Timeframe.MO1), Timeframe.MO1, 2**42)
    assert len(found.batch.covered) == 2
    assert "about 1 candles are missing in 1 places" in found.remarks[0]
    with pytest.raises(ParseError, match=r"row 1: .* is not the open of a 1w candle"):
        rows_of_file(path, SeriesKey.candles(BTC, Timeframe.W1), Timeframe.W1, 2**42)


def test_a_file_never_overwrites_what_is_held(tmp_path: Path) -> None:
    history = HistoryFile(tmp_path / "history.duckdb")
    history.store([Batch(BTC_1M, candles(1, 2, shift=0.5), ((at(1), at(2)),))])
    stored = history.store([read(written(tmp_path, lines(0, 1, 2))).batch])
    assert stored == (2, 0)
    assert np.array_equal(history.read(BTC_1M, at(1), at(2)), candles(1, 2, shift=0.5))
    history.close()


def test_real_files_come_in_whole(real_data: Path) -> None:
    names = {"60m": "1h", "240m": "4h"}
    for path in sorted((real_data / "d_ohlcv_bybit_linear").iterdir())[:6]:
        word = path.name.split("_")[1].split(".")[0]
        timeframe = Timeframe(names.get(word, word))
        found = rows_of_file(path, SeriesKey.candles(BTC, timeframe), timeframe, 2**42)
        assert found.batch.row_count > 100
        assert np.isfinite(found.batch.rows[:6]).all()
