"""Candles as CSV: exact, told in UTC, readable by the program itself, whole or not at all."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ui.charts.fake_engine import BTC, FIRST_MS, instrument, walk
from virtuoso_desktop.files import candles_csv
from virtuoso_desktop.files.candles_csv import HEADER, CandleRows, moment, plain_number, write_candles
from virtuoso_desktop.files.ohlcv import read_ohlcv
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from pathlib import Path

    from virtuoso_desktop.model.instrument import Instrument


def rows_of(count: int = 7, of: Instrument = BTC, *, forming: bool = True) -> CandleRows:
    return CandleRows(of, Timeframe.M5, Source.DEMO, walk(count), forming)


def test_every_row_says_when_what_and_from_where(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    rows = rows_of()
    assert write_candles(path, rows) == 7
    with path.open(newline="") as file:
        told = list(csv.DictReader(file))
    assert list(told[0]) == HEADER.split(",")
    assert (told[1]["time"], told[1]["open_ms"]) == ("2025-04-05T00:05:00.000Z", str(FIRST_MS + 300_000))
    assert [row["closed"] for row in told] == ["1"] * 6 + ["0"], "the newest one still forms"
    assert {(row["instrument"], row["timeframe"], row["source"]) for row in told} == {(str(BTC.id), "5m", "demo")}
    for place, name in enumerate(("open", "high", "low", "close"), 1):
        assert [Decimal(row[name]) for row in told] == [
            Decimal(int(ticks)) * BTC.tick_size for ticks in rows.columns[place]
        ]
    assert [float(row["volume"]) for row in told] == rows.columns[5].tolist()


def test_the_program_reads_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    rows = rows_of(500)
    write_candles(path, rows)
    table = read_ohlcv(path)
    assert table.open_ms.tolist() == rows.columns[0].tolist()
    assert np.rint(table.close * 10).tolist() == rows.columns[4].tolist()


@pytest.mark.parametrize(
    ("tick", "ticks", "told"),
    [
        ("0.1", 931_991, "93199.1"),
        ("0.00000001", 1, "0.00000001"),
        ("0.25", 7, "1.75"),
        ("5", 3, "15"),
        ("1E+2", 12, "1200"),
        ("0.0005", 4567, "2.2835"),
    ],
)
def test_prices_are_the_exact_decimals_of_the_grid(tmp_path: Path, tick: str, ticks: int, told: str) -> None:
    rows = rows_of(1, instrument(tick=tick))
    rows.columns[1:5] = ticks
    write_candles(tmp_path / "one.csv", rows)
    assert (tmp_path / "one.csv").read_text().splitlines()[1].split(",")[2:6] == [told] * 4


def test_amounts_have_no_exponent_and_no_needless_digit() -> None:
    assert [plain_number(value) for value in (58.6, 120.0, 0.00001, 1e22, 0.0)] == [
        "58.6", "120", "0.00001", "10000000000000000000000", "0",
    ]  # fmt: skip
    assert moment(FIRST_MS + 1) == "2025-04-05T00:00:00.001Z"


def test_a_series_longer_than_a_chunk_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candles_csv, "CHUNK_ROWS", 10)
    write_candles(tmp_path / "many.csv", rows_of(25))
    lines = (tmp_path / "many.csv").read_text().splitlines()
    assert len(lines) == 26
    assert [line.split(",")[8] for line in lines[1:]] == ["1"] * 24 + ["0"]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.mkdir()
    with pytest.raises(OSError, match="candles"):
        write_candles(path, rows_of())
    assert [each.name for each in tmp_path.iterdir()] == ["candles.csv"]
    with pytest.raises(FileNotFoundError):
        write_candles(tmp_path / "no" / "such.csv", rows_of())
