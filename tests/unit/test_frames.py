"""The data frame: columns, dtypes and time zone of the specification, and arguments that are refused in words."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.history_rows import BTC, T0_MS, at, batch, candles
from virtuoso_desktop import frames
from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_file import HistoryFile


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    file = HistoryFile(tmp_path / "live" / "history.duckdb")
    file.store([batch(0, 100), batch(150, 200)])
    file.close()
    return tmp_path


def test_columns_and_dtypes_are_those_of_the_specification(profile: Path) -> None:
    frame = frames.candles("bybit:linear:BTCUSDT", "1m", profile=profile)
    assert list(frame.columns) == ["timestamp", "open", "high", "low", "close", "volume", "turnover"]
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "timestamp": "datetime64[ns, UTC]",
        **dict.fromkeys(("open", "high", "low", "close", "volume", "turnover"), "float64"),
    }
    rows = np.concatenate((candles(0, 100), candles(150, 200)), axis=1)
    assert np.array_equal(frame[list(frame.columns[1:])].to_numpy().T, rows[1:])
    assert frame["timestamp"].iloc[0] == pd.Timestamp(T0_MS, unit="ms", tz="UTC")
    assert (frame["timestamp"].astype("int64") // 1_000_000).tolist() == rows[0].tolist()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2020-09-13T12:37:00", "2020-09-13T12:39:00+00:00"),
        ("2020-09-13T14:37+02:00", dt.datetime(2020, 9, 13, 12, 39, tzinfo=dt.UTC)),
    ],
)
def test_the_start_is_in_and_the_end_is_out(profile: Path, start: str, end: frames.Moment) -> None:
    frame = frames.candles(BTC, Timeframe.M1, start, end, profile=profile)
    assert frame["timestamp"].tolist() == [pd.Timestamp(at(n), unit="ms", tz="UTC") for n in (10, 11)]


def test_time_that_is_not_held_has_no_rows(profile: Path) -> None:
    frame = frames.candles(BTC, "1m", "2030-01-01", profile=profile)
    assert frame.empty
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"
    assert frames.candles("bybit:spot:BTCUSDT", "1m", profile=profile).empty


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("BTCUSDT", "1m"), "no instrument"),
        (("bybit:linear:BTCUSDT", "7m"), "no timeframe"),
        (("bybit:linear:BTCUSDT", "1m", "yesterday"), "no time"),
        (("bybit:linear:BTCUSDT", "1m", dt.datetime(2020, 1, 1)), "no time zone"),  # noqa: DTZ001
    ],
)
def test_wrong_arguments_are_refused_in_words(profile: Path, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        frames.candles(*arguments, profile=profile)


def test_no_history_names_the_sources_that_have_one(profile: Path) -> None:
    with pytest.raises(StorageError, match="Sources with a history here: live"):
        frames.candles(BTC, "1m", profile=profile, source="demo")


@pytest.mark.own_process
def test_pandas_is_imported_by_the_first_call_only() -> None:
    code = "import sys, virtuoso_desktop.frames; sys.exit('pandas' in sys.modules or 'duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
