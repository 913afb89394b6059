"""``analyze FILE``: its answers, its series, and every file that is not what it should be."""

from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from tests.scored_series import START_MS, walk
from virtuoso_desktop.analysis.result_json import iso
from virtuoso_desktop.app.analyze_command import run_analyze
from virtuoso_desktop.app.analyze_series import SERIES_COLUMNS
from virtuoso_desktop.app.main import run_command
from virtuoso_desktop.model.result import LevelKind

Row = list[Any]
HEAD = ["timestamp", "open", "high", "low", "close", "volume"]
STEP_MS = 300_000


def rows_of(count: int, seed: int = 4) -> list[Row]:
    """A market of five-minute candles with prices of one decimal."""
    candles = walk(seed, count)
    return [
        [iso(START_MS + index * STEP_MS), *(round(price / 10, 1) for price in candles[1:5, index]), candles[5, index]]
        for index in range(count)
    ]


def write(path: Path, rows: list[Row], head: list[str] = HEAD) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
    return path


class Ran:
    """One run of the command: exit code and what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: object) -> None:
        series = tmp_path / "series.csv"
        series.unlink(missing_ok=True)
        given = [str(each) for each in arguments]
        self.code = run_analyze([*given, "--profile", str(tmp_path / "profile")])
        self.out, self.err = capsys.readouterr()
        self.series = read_series(series) if series.exists() else []

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


def read_series(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def analyze(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    def run(path: Path, *more: object, timeframe: str = "5m") -> Ran:
        return Ran(capsys, tmp_path, path, "--timeframe", timeframe, *more)

    return run


@pytest.fixture
def series_of(analyze, tmp_path: Path):
    """The series of some rows."""

    def run(rows: list[Row], **more: Any) -> Ran:
        path = write(tmp_path / "market.csv", rows, more.pop("head", HEAD))
        return analyze(path, "--json", "--series", tmp_path / "series.csv", *more.pop("options", ()), **more)

    return run


# --- the answer ------------------------------------------------------------------------------------------------------


def test_the_json_is_the_last_closed_candle(analyze, tmp_path: Path) -> None:
    ran = analyze(write(tmp_path / "BTCUSDT.csv", rows_of(400)), "--json")
    assert ran.code == 0
    told = ran.json
    assert (told["symbol"], told["timeframe"], told["profile"], told["source"]) == (
        "BTCUSDT",
        "5m",
        "candles_only",
        "file",
    )
    assert told["instrument"] is None
    last = START_MS + 399 * STEP_MS
    assert told["metadata"]["last_candle_open"] == iso(last)
    assert told["metadata"]["last_candle_time"] == told["timestamp"] == iso(last + STEP_MS)
    assert told["metadata"]["data_points"] == 400
    assert told["confidence"] <= 0.5
    weighted = sum(each["weighted_score"] for each in told["dimensions"].values())
    assert weighted == pytest.approx(told["confluence_score"], abs=1e-9)
    points = [each["points"] for dim in told["dimensions"].values() for each in dim["components"].values()]
    assert sum(points) == pytest.approx(told["confluence_score"] - 50, abs=1e-9)
    levels = told["dimensions"]["price_structure"]["components"]["support_resistance"]
    assert (levels["level"] in {kind.value for kind in LevelKind}) == (levels["value"] is not None)
    assert told["dimensions"]["orderbook"]["status"] == "NOT_APPLICABLE"


def test_the_same_file_gives_the_same_answer_but_for_the_time_it_took(analyze, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", rows_of(300))
    one, other = analyze(path, "--json").json, analyze(path, "--json").json
    assert one["metadata"].pop("processing_time_ms") >= 0
    other["metadata"].pop("processing_time_ms")
    assert one == other


def test_the_words_tell_score_parts_and_what_would_change_it(analyze, tmp_path: Path) -> None:
    ran = analyze(write(tmp_path / "BTCUSDT.csv", rows_of(400)))
    assert ran.code == 0
    for words in ("BTCUSDT", "candles only", "Technical", "RSI 14", "Price structure", "Not advice"):
        assert words.lower() in ran.out.lower(), words
    assert "from 70 on" in ran.out or "below 65" in ran.out or "above 35" in ran.out
    assert "400 of 400 rows used, tick size 0.1." in ran.out
    assert all(len(line) <= 110 for line in ran.out.splitlines())


def test_the_program_knows_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "m.csv", rows_of(60))
    assert run_command(["analyze", str(path), "--timeframe", "5m", "--json", "--profile", str(tmp_path / "p")]) == 0
    assert json.loads(capsys.readouterr().out)["symbol"] == "m"


def test_weights_of_the_settings_count(analyze, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", rows_of(400))
    plain = analyze(path, "--json").json
    options = ("--set", "analysis.weights.technical=0.45", "--set", "analysis.weights.volume=0.0")
    other = analyze(path, "--json", *options).json
    assert other["dimensions"]["volume"]["weight"] == 0
    assert other["metadata"]["config_hash"] != plain["metadata"]["config_hash"]
    refused = analyze(path, "--set", "analysis.weights.technical=0.9")
    assert refused.code == 2
    assert "must add up to 1" in refused.err
    refused = analyze(path, "--set", "analysis.thresholds.buy=40")
    assert refused.code == 2
    assert "above buy_exit" in refused.err


# --- the series ------------------------------------------------------------------------------------------------------


def test_the_series_has_a_row_for_each_row_and_its_columns_in_order(series_of, tmp_path: Path) -> None:
    ran = series_of(rows_of(300))
    head = (tmp_path / "series.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == (
        "timestamp,rsi_14,macd,macd_signal,macd_histogram,ema_12,ema_26,bb_upper,bb_middle,bb_lower,obv,vwap,volume_sma,"
        "atr_14,adx_14,plus_di_14,minus_di_14,rvol_20,supertrend,technical_score,volume_score,price_structure_score,"
        "confluence_score,confidence,signal,reason"
    )
    assert len(ran.series) == 300
    assert [row["timestamp"] for row in ran.series] == [iso(START_MS + i * STEP_MS) for i in range(300)]
    first = {name: next(i for i, row in enumerate(ran.series) if row[name] != "") for name in SERIES_COLUMNS[1:-3]}
    expected = {"rsi_14": 14, "macd": 33, "macd_signal": 33, "macd_histogram": 33, "ema_12": 11, "ema_26": 25,
                "bb_upper": 19, "obv": 0, "atr_14": 14, "adx_14": 27, "plus_di_14": 14, "supertrend": 10}  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    last = ran.series[-1]
    assert float(last["confluence_score"]) == ran.json["confluence_score"], "17 digits: the very same float"
    assert float(last["technical_score"]) == ran.json["dimensions"]["technical"]["score"]
    assert last["signal"] == ran.json["signal"]
    assert repr(float(last["rsi_14"])) == last["rsi_14"]
    assert ran.series[0]["reason"] == "WARMUP"


def test_parquet_holds_the_same(analyze, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", rows_of(200))
    text, packed = tmp_path / "series.csv", tmp_path / "series.parquet"
    rows = analyze(path, "--json", "--series", text).series
    assert analyze(path, "--json", "--series", packed).code == 0
    table = parquet.ParquetFile(packed).read()
    assert tuple(table.column_names) == SERIES_COLUMNS
    for name in SERIES_COLUMNS[1:-2]:
        expected = [None if row[name] == "" else float(row[name]) for row in rows]
        assert table.column(name).to_pylist() == expected, name
    assert table.column("timestamp").to_pylist() == [row["timestamp"] for row in rows]


def test_prices_are_put_on_the_grid_that_is_given(series_of) -> None:
    rows = rows_of(100)
    fine, coarse = series_of(rows), series_of(rows, options=("--tick-size", "50"))
    assert coarse.series[-1]["bb_middle"] != fine.series[-1]["bb_middle"]
    closes = [np.rint(row[4] / 50) * 50 for row in rows[-20:]]
    assert float(coarse.series[-1]["bb_middle"]) == pytest.approx(np.mean(closes), rel=1e-12)


def test_truncating_the_file_changes_no_row_before(series_of) -> None:
    rows = rows_of(300)
    whole = series_of(rows).series
    assert series_of(rows[:250]).series == whole[:250]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet", ".feather"])
@pytest.mark.parametrize("unit", ["iso", "s", "ms", "us", "ns"])
def test_every_kind_of_file_and_of_time_reads_the_same(analyze, tmp_path: Path, ending: str, unit: str) -> None:
    rows = rows_of(120)
    per_ms = {"s": 1e-3, "ms": 1, "us": 1e3, "ns": 1e6}
    expected = analyze(write(tmp_path / "iso.csv", rows), "--json").json["confluence_score"]
    if unit != "iso":
        for index, row in enumerate(rows):
            row[0] = int((START_MS + index * STEP_MS) * per_ms[unit])
    path = tmp_path / f"m{ending}"
    if "csv" in ending:
        write(path, rows)
    else:
        table = pa.table({name: list(column) for name, column in zip(HEAD, zip(*rows, strict=True), strict=True)})
        if ending == ".parquet":
            parquet.write_table(table, path)
        else:
            feather.write_feather(table, path)
    assert analyze(path, "--json").json["confluence_score"] == expected


# --- files that are not what they should be --------------------------------------------------------------------------


def check_rejected(ran: Ran, index: int, reason: str) -> None:
    row = ran.series[index]
    assert row["reason"] == reason
    assert all(row[name] == "" for name in SERIES_COLUMNS[1:-1])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (4, "nan", "NOT_FINITE"), (4, "", "NOT_FINITE"), (2, "inf", "NOT_FINITE"), (5, "", "NOT_FINITE"),
        (3, 0, "NO_PRICE"), (1, -5, "NO_PRICE"), (2, 1, "BAD_RANGE"), (3, 1e8, "BAD_RANGE"), (5, -1, "BAD_SIZE"),
        (2, 1e300, "TOO_LARGE"), (5, 1e300, "TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_bad_row_stays_empty_and_is_counted(series_of, column: int, value: object, reason: str) -> None:
    rows = rows_of(300)
    rows[250][column] = value
    ran = series_of(rows)
    assert ran.code == 0
    assert len(ran.series) == 300
    check_rejected(ran, 250, reason)
    assert ran.json["metadata"]["rejected"] == 1
    assert ran.series[249]["confluence_score"] != ""
    assert ran.series[251]["confluence_score"] != "", "one missing candle is filled"


def test_a_row_that_is_there_twice_counts_once(series_of) -> None:
    rows = rows_of(300)
    plain = series_of(rows).series
    ran = series_of([*rows[:200], rows[199], *rows[200:]])
    check_rejected(ran, 200, "DUPLICATE")
    assert [*ran.series[:200], *ran.series[201:]] == plain


def test_a_row_out_of_order_is_left_out(series_of) -> None:
    rows = rows_of(300)
    ran = series_of([*rows[:200], rows[20], *rows[200:]])
    check_rejected(ran, 200, "OUT_OF_ORDER")


def test_newest_first_is_read_from_the_oldest_on(series_of, analyze, tmp_path: Path) -> None:
    rows = rows_of(300)
    upright = series_of(rows)
    turned = series_of(rows[::-1])
    assert turned.series == upright.series[::-1]
    assert turned.json["confluence_score"] == upright.json["confluence_score"]
    assert "newest first" in analyze(tmp_path / "market.csv").out


def test_shuffled_rows_are_not_put_in_order(series_of) -> None:
    rows = rows_of(40)
    ran = series_of([rows[index] for index in (5, 3, 9, 1, *range(10, 40))])
    assert [row["reason"] for row in ran.series[:4]] == ["WARMUP", "OUT_OF_ORDER", "WARMUP", "OUT_OF_ORDER"]


@pytest.mark.parametrize("missing", [1, 3, 4, 100])
def test_gaps_are_filled_up_to_three_candles(series_of, missing: int) -> None:
    rows = rows_of(500)
    ran = series_of([*rows[:300], *rows[300 + missing :]])
    after = ran.series[300]
    if missing <= 3:
        assert after["confluence_score"] != ""
        assert ran.json["metadata"]["gap"] is False
    else:
        check_rejected(ran, 300, "GAP")
        assert ran.series[301]["reason"] == "WARMUP"
        assert ran.json["metadata"]["gap"] is True
        assert ran.json["metadata"]["data_points"] == 500 - 300 - missing


def test_one_candle_has_no_score(series_of, analyze, tmp_path: Path) -> None:
    ran = series_of(rows_of(1))
    assert ran.code == 0
    assert ran.json["confluence_score"] is None
    assert (ran.json["signal"], ran.json["confidence"], ran.json["reason"]) == ("NEUTRAL", 0.0, "WARMUP")
    row = ran.series[0]
    assert [name for name in SERIES_COLUMNS[1:20] if row[name]] == ["obv", "vwap"]
    assert "No score" in analyze(tmp_path / "market.csv").out


def test_flat_prices_score_fifty(series_of) -> None:
    rows = [[row[0], 100.0, 100.0, 100.0, 100.0, 5.0] for row in rows_of(400)]
    ran = series_of(rows)
    assert ran.json["confluence_score"] == 50.0
    assert ran.json["signal"] == "NEUTRAL"
    assert ran.json["dimensions"]["technical"]["components"]["rsi"]["reason"] == "DEGENERATE"
    assert ran.series[-1]["rsi_14"] == "50.0"


def test_without_any_volume_there_is_no_volume_score(series_of) -> None:
    ran = series_of([[*row[:5], 0.0] for row in rows_of(400)])
    assert ran.json["dimensions"]["volume"]["score"] is None
    assert ran.json["dimensions"]["volume"]["components"]["obv"]["reason"] == "DEGENERATE"
    assert (ran.series[-1]["vwap"], ran.series[-1]["rvol_20"], ran.series[-1]["volume_score"]) == ("", "", "")
    assert ran.series[-1]["obv"] == "0.0"


def test_a_file_without_a_volume_column_has_nothing_made_up(series_of, analyze, tmp_path: Path) -> None:
    ran = series_of([row[:5] for row in rows_of(400)], head=HEAD[:5])
    assert ran.json["dimensions"]["volume"]["status"] == "MISSING"
    assert ran.json["metadata"]["delta_source"] is None
    assert all(row[name] == "" for row in ran.series for name in ("obv", "vwap", "volume_sma", "rvol_20"))
    assert "no volume" in analyze(tmp_path / "market.csv").out


def test_a_candle_that_closes_in_the_future_is_not_used(series_of) -> None:
    rows = rows_of(60)
    far = 4_000_000_000_000 - 4_000_000_000_000 % STEP_MS
    ran = series_of([*rows, [iso(far), 100.0, 101.0, 99.0, 100.0, 1.0]])
    check_rejected(ran, 60, "NOT_CLOSED")
    assert ran.json["metadata"]["last_candle_open"] == rows[-1][0]
    assert ran.json["metadata"]["rejected"] == 0


@pytest.mark.parametrize("timeframe", ["1m", "15m", "1h", "1d", "1M"])
def test_a_timeframe_that_is_not_the_files_is_refused(analyze, tmp_path: Path, timeframe: str) -> None:
    ran = analyze(write(tmp_path / "m.csv", rows_of(60)), timeframe=timeframe)
    assert ran.code == 2
    assert "(5m)" in ran.err
    assert "Use --timeframe 5m" in ran.err


def test_odd_spacing_is_no_timeframe(analyze, tmp_path: Path) -> None:
    rows = [[iso(START_MS + index * 7000), *row[1:]] for index, row in enumerate(rows_of(60))]
    ran = analyze(write(tmp_path / "m.csv", rows))
    assert ran.code == 2
    assert "7 s apart, which is no timeframe" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.csv", "", "has no column"),
        ("m.csv", "timestamp,open,high,low,close\n", "no rows"),
        ("m.csv", "timestamp,open,high,low\n1,2,3,4\n", "no column named close"),
        ("m.csv", "timestamp,open,high,low,close\nyesterday,1,1,1,1\n", "'yesterday' is not one"),
        ("m.csv", "timestamp,open,high,low,close\n2024-01-01,1,one,1,1\n", "'one' is not a number"),
        ("m.parquet", "not parquet", "cannot be read"),
        ("m.csv.gz", "not packed", "cannot be read"),
        ("m.txt", "timestamp,open,high,low,close\n", "not a file of candles"),
        ("m.csv", "timestamp,open,high,low,close\n2024-01-01,nan,1,1,1\n2024-01-01T00:05,0,0,0,0\n",
         "1 with a number that is missing or not finite (the first is row 1), 1 with a price that is not above zero"),
    ],
)  # fmt: skip
def test_a_file_without_candles_is_refused_in_words(
    analyze, tmp_path: Path, name: str, content: str, words: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    ran = analyze(path, "--series", tmp_path / "series.csv")
    assert ran.code == 1
    assert words in ran.err
    assert ran.out == ""
    assert not ran.series
    assert "Traceback" not in ran.err


def test_a_file_that_is_not_there(analyze, tmp_path: Path) -> None:
    ran = analyze(tmp_path / "none.csv")
    assert ran.code == 1
    assert "cannot be read: No such file" in ran.err


@pytest.mark.parametrize("out", ["series.txt", "nowhere/series.csv", "m.csv"])
def test_a_series_that_cannot_be_written_is_refused_before_anything(analyze, tmp_path: Path, out: str) -> None:
    path = write(tmp_path / "m.csv", rows_of(60))
    before = path.read_bytes()
    ran = analyze(path, "--series", tmp_path / out)
    assert ran.code == 2
    assert ran.out == ""
    assert path.read_bytes() == before


@pytest.mark.parametrize("tick", ["0", "-1", "nan", "inf", "small"])
def test_a_tick_size_that_is_none_is_refused(analyze, tmp_path: Path, tick: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        analyze(write(tmp_path / "m.csv", rows_of(60)), f"--tick-size={tick}")


def test_an_unknown_timeframe_is_refused(analyze, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        analyze(write(tmp_path / "m.csv", rows_of(60)), timeframe="7m")


def test_a_tick_beyond_all_prices_leaves_no_candle(analyze, tmp_path: Path) -> None:
    ran = analyze(write(tmp_path / "m.csv", rows_of(60)), "--tick-size", "1e9")
    assert ran.code == 1
    assert "60 with a price that is not above zero" in ran.err


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "timeframe"),
    [
        ("d_ohlcv_bybit_linear/BTCUSDT_240m.csv", "4h"),
        ("d_ohlcv_binance_spot_daily/XRPUSDT_1d.csv.gz", "1d"),
        ("d_ohlcv_binance_usdm/ENAUSDT_1h.csv.gz", "1h"),
        ("d_ohlcv_other/UNITTEST_BTC-1m.feather", "1m"),
        ("d_ohlcv_other/BTCUSDT_1h_jan_feb_2024.csv.gz", "1h"),
        ("d_ohlcv_other/EURUSD.csv.gz", "1h"),
    ],
)
def test_real_files_are_analysed_row_by_row(
    analyze, tmp_path: Path, real_data: Path, name: str, timeframe: str
) -> None:
    ran = analyze(real_data / name, "--json", "--series", tmp_path / "series.csv", timeframe=timeframe)
    assert ran.code == 0
    scores = [float(row["confluence_score"]) for row in ran.series if row["confluence_score"]]
    assert scores
    assert all(0 <= score <= 100 and math.isfinite(score) for score in scores)
    assert all(row["reason"] or row["confluence_score"] for row in ran.series)
    assert {row["signal"] for row in ran.series} <= {"BUY", "SELL", "NEUTRAL", ""}


GOLDEN = {
    "rsi_14": (60.5101058021, 70.2804554647, 76.2622764851, 55.4851299355),
    "macd": (-3.83933624421, 85.6971992279, 215.980309088, 10.1651167991),
    "macd_signal": (-8.64983315408, 52.7976587539, 142.261396335, 2.57831994341),
    "atr_14": (77.6180958192, 81.6239586154, 126.558712043, 39.4929581478),
    "adx_14": (15.6689505544, 20.6645205939, 43.2747367691, 16.483897711),
    "plus_di_14": (32.7053641719, 41.7966615389, 54.1740604096, 27.8168358601),
    "bb_upper": (92967.2839696, 93092.5537707, 94903.5314234, 77181.9886511),
    "supertrend": (92661.4577462, 92874.9034931, 94394.0741995, 77168.1846716),
    "obv": (4817675.7196, 27093165.0512, 87197520.3593, -734767564.144),
}
"""TA-Lib 0.8.1 over the file's prices on a grid of 0.5, in ticks (analysis E.3)."""
NOT_PRICES = {"rsi_14", "adx_14", "plus_di_14", "obv"}


def test_the_golden_values_of_a_real_file(analyze, tmp_path: Path, real_data: Path) -> None:
    path = real_data / "d_ohlcv_other" / "btc-perp-20211231-20220201_1m.csv.gz"
    ran = analyze(path, "--json", "--tick-size", "0.5", "--series", tmp_path / "series.csv", timeframe="1m")
    assert len(ran.series) == 45_031
    for name, values in GOLDEN.items():
        scale = 1.0 if name in NOT_PRICES else 0.5
        found = [float(ran.series[row][name]) for row in (33, 99, 999, 44_999)]
        assert found == pytest.approx([value * scale for value in values], rel=1e-11), name
