from __future__ import annotations

import datetime as dt
import gzip
import importlib.abc
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from virtuoso_desktop.files.ohlcv import OhlcvTable, decimals_of, read_ohlcv, read_rows
from virtuoso_desktop.model.errors import ParseError

HEAD = "timestamp,open,high,low,close,volume"
ROW_1 = "2025-06-01 00:00:00,100.5,101,100,100.7,12.25"
ROW_2 = "2025-06-01 00:01:00,100.7,100.7,99.9,100,3"
FIRST_MS = 1_748_736_000_000


def write(folder: Path, *lines: str, name: str = "BTCUSDT_1m.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refusal(path: Path) -> ParseError:
    with pytest.raises(ParseError) as caught:
        read_ohlcv(path)
    assert path.name in caught.value.user_text
    return caught.value


def assert_two_rows(table: OhlcvTable) -> None:
    assert table.open_ms.tolist() == [FIRST_MS, FIRST_MS + 60_000]
    assert table.open.tolist() == [100.5, 100.7]
    assert table.high.tolist() == [101.0, 100.7]
    assert table.low.tolist() == [100.0, 99.9]
    assert table.close.tolist() == [100.7, 100.0]
    assert table.volume is not None
    assert table.volume.tolist() == [12.25, 3.0]
    assert table.price_decimals == 1


def test_a_plain_csv(tmp_path: Path) -> None:
    table = read_ohlcv(write(tmp_path, HEAD, ROW_1, ROW_2))
    assert_two_rows(table)
    assert table.turnover is None


def test_a_gzip_csv_with_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeff{HEAD}\r\n{ROW_1}\r\n\r\n{ROW_2}\r\n\r\n".encode()))
    assert_two_rows(read_ohlcv(path))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    lines = [line.replace(",", delimiter) for line in (HEAD, ROW_1, ROW_2)]
    assert_two_rows(read_ohlcv(write(tmp_path, *lines)))


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "close_time,Volume,CLOSE,Low,High,Open,Date,trades,Quote_Asset_Volume",
        "1,12.25,100.7,100,101,100.5,2025-06-01T00:00:00Z,7,1231.5",
        "2,3,100,99.9,100.7,100.7,2025-06-01T01:01:00+01:00,8,300.25",
    )
    table = read_ohlcv(path)
    assert_two_rows(table)
    assert table.turnover is not None
    assert table.turnover.tolist() == [1231.5, 300.25]


def test_a_file_without_volume_is_read_but_says_so(tmp_path: Path) -> None:
    assert read_ohlcv(write(tmp_path, "time,open,high,low,close", "1705104000,1,2,1,2")).volume is None


@pytest.mark.parametrize("name", ["timestamp", "time", "open_time", "date"])
def test_every_time_name(tmp_path: Path, name: str) -> None:
    assert_two_rows(read_ohlcv(write(tmp_path, HEAD.replace("timestamp", name), ROW_1, ROW_2)))


@pytest.mark.parametrize("factor", [1 / 1000, 1, 1000, 1_000_000], ids=["s", "ms", "us", "ns"])
def test_the_unit_of_numbers_is_found(tmp_path: Path, factor: float) -> None:
    rows = [
        ROW_1.replace("2025-06-01 00:00:00", str(int(FIRST_MS * factor))),
        ROW_2.replace("2025-06-01 00:01:00", str(int((FIRST_MS + 60_000) * factor))),
    ]
    assert_two_rows(read_ohlcv(write(tmp_path, HEAD, *rows)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-01", FIRST_MS),
        ("20250601", FIRST_MS),
        ("2025-06-01 00:00", FIRST_MS),
        ("2025-06-01T00:00:00.000000", FIRST_MS),
        ("2025-06-01 02:00:00+02:00", FIRST_MS),
        (f"{FIRST_MS // 1000}.0", FIRST_MS),
    ],
)
def test_texts_of_a_time(tmp_path: Path, text: str, expected: int) -> None:
    assert read_ohlcv(write(tmp_path, HEAD, f"{text},1,1,1,1,1")).open_ms.tolist() == [expected]


def arrow_columns() -> dict[str, object]:
    return {
        "Open": [100.5, 100.7],
        "high": [101.0, 100.7],
        "low": [100.0, 99.9],
        "close": [100.7, 100.0],
        "volume": [12.25, 3.0],
    }


@pytest.mark.parametrize(
    "times",
    [
        pa.array([FIRST_MS * 10**6, (FIRST_MS + 60_000) * 10**6], pa.timestamp("ns", "UTC")),
        pa.array([FIRST_MS, FIRST_MS + 60_000], pa.timestamp("ms")),
        pa.array([FIRST_MS // 1000, FIRST_MS // 1000 + 60]),
        pa.array([FIRST_MS / 1000, FIRST_MS / 1000 + 60]),
        pa.array(["2025-06-01 00:00:00", "2025-06-01T00:01:00Z"]),
    ],
    ids=["ns", "ms", "int", "float", "text"],
)
@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_arrow_files(tmp_path: Path, ending: str, times: object) -> None:
    table = pa.table({"date": times} | arrow_columns())
    path = tmp_path / f"x.{ending}"
    (parquet.write_table if ending == "parquet" else feather.write_feather)(table, str(path))
    assert_two_rows(read_ohlcv(path))


def test_single_precision_means_its_shortest_decimal(tmp_path: Path) -> None:
    single = pa.array(np.array([0.19712], dtype=np.float32))
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), single) | {"time": pa.array([FIRST_MS])}
    parquet.write_table(pa.table(columns), str(tmp_path / "x.parquet"))
    table = read_ohlcv(tmp_path / "x.parquet")
    assert table.open.tolist() == [0.19712]
    assert table.price_decimals == 5


class _PandasImports(importlib.abc.MetaPathFinder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> None:
        if fullname.partition(".")[0] == "pandas":
            self.seen.append(fullname)


def test_arrow_files_are_read_without_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"time": pa.array([FIRST_MS, FIRST_MS + 60_000], pa.timestamp("ms", "UTC"))} | arrow_columns()
    parquet.write_table(pa.table(columns), str(tmp_path / "x.parquet"))
    imports = _PandasImports()
    monkeypatch.setattr(sys, "meta_path", [imports, *sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "pandas"]:
        monkeypatch.delitem(sys.modules, name)
    assert_two_rows(read_ohlcv(tmp_path / "x.parquet"))
    assert imports.seen == []


@pytest.mark.parametrize(
    ("row", "row_number", "words"),
    [
        ("2025-06-01 00:02:00,nan,2,1,1,1", 3, "the open nan is no price"),
        ("2025-06-01 00:02:00,1,inf,1,1,1", 3, "the high inf is no price"),
        ("2025-06-01 00:02:00,1,2,0,1,1", 3, "the low 0 is no price"),
        ("2025-06-01 00:02:00,1,2,-1,1,1", 3, "the low -1 is no price"),
        ("2025-06-01 00:02:00,1,1,2,1,1", 3, "the high 1.0 is below the low 2.0"),
        ("2025-06-01 00:02:00,3,2,1,1,1", 3, "the high 2.0 is below the open or the close"),
        ("2025-06-01 00:02:00,1,2,1.5,2,1", 3, "the low 1.5 is above the open or the close"),
        ("2025-06-01 00:02:00,1,2,1,1,-1", 3, "the volume -1 is not a size"),
        ("2025-06-01 00:02:00,1,2,1,1,", 3, "the volume '' is not a number"),
        ("2025-06-01 00:02:00,1,two,1,1,1", 3, "the high 'two' is not a number"),
        ("2025-06-01 00:02:00,1,2,1,1", 3, "it has only 5 fields"),
        ("2025-06-01 00:01:00,1,2,1,1,1", 3, "the time 2025-06-01 00:01+00:00 is there twice"),
        ("2025-05-31 00:01:00,1,2,1,1,1", 3, "is before the row above it"),
        ("yesterday,1,2,1,1,1", 3, "the time 'yesterday' is not one"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, row_number: int, words: str) -> None:
    error = refusal(write(tmp_path, HEAD, ROW_1, ROW_2, row))
    assert error.kind == "bad_value"
    assert f"row {row_number}:" in error.user_text
    assert words in error.user_text


def test_the_first_of_several_bad_rows_is_named(tmp_path: Path) -> None:
    rows = ["2025-06-01 00:02:00,1,1,2,1,1", "2025-06-01 00:03:00,nan,1,1,1,1"]
    assert "row 3:" in refusal(write(tmp_path, HEAD, ROW_1, ROW_2, *rows)).user_text


def test_a_change_of_unit_is_refused(tmp_path: Path) -> None:
    rows = [f"{FIRST_MS},1,1,1,1,1", f"{FIRST_MS // 1000 + 60},1,1,1,1,1"]
    assert "row 2: the time 1748736060 is in another unit" in refusal(write(tmp_path, HEAD, *rows)).user_text


@pytest.mark.parametrize("value", ["0", "-1748736000000"])
def test_a_number_that_is_no_time_is_refused(tmp_path: Path, value: str) -> None:
    rows = [f"{FIRST_MS},1,1,1,1,1", f"{value},1,1,1,1,1"]
    assert "row 2: the time" in refusal(write(tmp_path, HEAD, *rows)).user_text


@pytest.mark.parametrize("name", ["close", "date"])
def test_a_missing_arrow_value_is_named(tmp_path: Path, name: str) -> None:
    columns = {"date": [FIRST_MS, FIRST_MS + 60_000]} | arrow_columns()
    columns[name] = [columns[name][0], None]  # type: ignore[index]
    parquet.write_table(pa.table(columns), str(tmp_path / "x.parquet"))
    error = refusal(tmp_path / "x.parquet")
    assert error.kind == "bad_value"
    assert "row 2: the" in error.user_text
    assert "is missing" in error.user_text


def test_a_file_of_a_venue_without_names_is_read_in_its_order(tmp_path: Path) -> None:
    kline = "1735689600000000,1.5,2.5,1.0,2.0,10.5,1735689659999999,21.5,100,5.5,11.0,0"
    table = read_ohlcv(write(tmp_path, kline, kline.replace("1735689600", "1735689660")))
    assert table.rows == 2
    assert table.open_ms[0] == 1_735_689_600_000
    assert [column[0] for column in table[2:]] == [1.5, 2.5, 1.0, 2.0, 10.5, 21.5]
    short = read_ohlcv(write(tmp_path, "1735689600,1.5,2.5,1.0,2.0,10.5"))
    assert (short.rows, short.turnover) == (1, None)


def test_names_may_have_blanks(tmp_path: Path) -> None:
    head = "Open time,Open,High,Low,Close,Volume,Quote asset volume"
    table = read_ohlcv(write(tmp_path, head, "1735689600000,1.5,2.5,1.0,2.0,10.5,21.5"))
    assert table.turnover is not None
    assert table.turnover[0] == 21.5


def test_rows_are_read_as_they_stand_when_another_judges_them(tmp_path: Path) -> None:
    rows = ("2025-06-01 00:02:00,1,2,,1,1", "2025-06-01 00:01:00,nan,2,1,1,null", "2025-06-01 00:01:00,0,-2,1,1,1")
    table = read_rows(write(tmp_path, "timestamp,open,high,low,close,volume", *rows))
    assert table.volume is not None
    assert np.isnan([table.low[0], table.open[1], table.volume[1]]).all()
    assert table.high.tolist() == [2, 2, -2]
    assert (np.diff(table.open_ms) <= 0).all()


@pytest.mark.parametrize("kind", [pa.float64(), pa.float32(), pa.string(), pa.int64()])
def test_missing_arrow_values_are_nan_when_another_judges_them(tmp_path: Path, kind: pa.DataType) -> None:
    prices = pa.array([1, None, 3], pa.int64()).cast(kind)
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    parquet.write_table(pa.table({"time": [1735689600, 1735689660, 1735689720], **columns}), tmp_path / "m.parquet")
    table = read_rows(tmp_path / "m.parquet")
    np.testing.assert_array_equal(table.close, [1.0, np.nan, 3.0])


def test_missing_columns_are_named_with_those_that_are_there(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "when,open,high,close", "1,2,3,4"))
    assert error.kind == "malformed"
    assert "no column named time (timestamp, time, open_time, date, datetime) and low; it has 'when'" in error.user_text


@pytest.mark.parametrize("text", ["", HEAD, HEAD + "\n\n\n"])
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(write(tmp_path, text)).kind in {"empty", "malformed"}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.csv.gz", b"not gzip", "malformed"),
        ("x.csv.gz", gzip.compress(f"{HEAD}\n{ROW_1}".encode(), mtime=0)[:-12], "malformed"),
        ("x.csv", b"\xff\xfe\x00garbage\x00", "malformed"),
        ("x.parquet", b"PAR1 and nothing", "malformed"),
        ("x.feather", b"", "malformed"),
        ("x.xlsx", b"", "unsupported_kind"),
        ("x.sqlite.gz", b"", "unsupported_kind"),
    ],
)
def test_broken_and_foreign_files_are_refused(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).kind == kind


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "gone.csv").user_text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 20.0], 0),
        ([0.1, 0.25], 2),
        ([93_988.4], 1),
        ([5.3e-05, 5.268e-05], 8),
        ([0.07730000000000001], 4),
        ([431_401.97869504], 8),
        ([218_102.59507500002], 6),
        ([1 / 3], 12),
    ],
)
def test_decimals_ignore_binary_noise(values: list[float], expected: int) -> None:
    assert decimals_of(np.array(values)) == expected


def test_rows_beyond_one_chunk(tmp_path: Path) -> None:
    moments = (dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + minute * dt.timedelta(minutes=1) for minute in range(70_000))
    lines = [f"{moment:%Y-%m-%d %H:%M:%S},1,2,1,2,{row}" for row, moment in enumerate(moments)]
    table = read_ohlcv(write(tmp_path, HEAD, *lines))
    assert table.rows == 70_000
    assert table.volume is not None
    assert table.volume[[0, 65_535, 65_536, 69_999]].tolist() == [0, 65_535, 65_536, 69_999]
    lines[66_000] = lines[66_000].replace(",1,2", ",9,2", 1)
    assert "row 66001:" in refusal(write(tmp_path, HEAD, *lines)).user_text


REFUSED = {
    "ExchangeHistoryDataCollector_1587769859.9278197.data.sqlite.gz": "not a file of candles",
    "ExchangeHistoryDataCollector_1711122002.311132.data.sqlite.gz": "not a file of candles",
}
ROWS = {
    "BTCUSDT_1m.csv.gz": 43_200,
    "BTCUSDT_240m.csv": 180,
    "ADAUSDT_1d.csv.gz": 2_818,
    "ENAUSDT_4h.csv.gz": 4_299,
    "UNITTEST_BTC-1m.feather": 13_681,
    "btc-perp-20211231-20220201_1m.csv.gz": 45_031,
    "BTCUSDT_1h_jan_feb_2024.csv.gz": 1_033,
    "BTCUSD.csv": 156,
    "EURUSD.csv.gz": 5_000,
}


def test_every_real_file_is_read_or_refused_in_words(real_data: Path) -> None:
    paths = sorted(real_data.glob("d_ohlcv_*/*"))
    assert len(paths) > 80
    for path in paths:
        if path.name in REFUSED:
            assert REFUSED[path.name] in refusal(path).user_text
        else:
            table = read_ohlcv(path)
            assert table.rows == ROWS.get(path.name, table.rows) > 100
