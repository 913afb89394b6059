"""``history info|export|import`` without a running program: what is printed, written, refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.history_rows import BTC_1M, batch, candles
from tests.unit.storage.test_history_file import files_no_larger_than
from virtuoso_desktop.app.history_command import run_history
from virtuoso_desktop.storage.history import HISTORY_FILE
from virtuoso_desktop.storage.history_file import HistoryFile

SERIES = ("--instrument", "bybit:linear:BTCUSDT", "--timeframe", "1m")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    (tmp_path / "live").mkdir()
    file = HistoryFile(tmp_path / "live" / HISTORY_FILE)
    file.store([batch(0, 100), batch(150, 200)])
    file.close()
    return tmp_path


def run(profile: Path, *argv: str) -> int:
    return run_history([*argv, "--profile", str(profile)])


def held(profile: Path, source: str = "live") -> np.ndarray:
    file = HistoryFile(profile / source / HISTORY_FILE)
    rows = file.read(BTC_1M, 0, 2**60)
    file.close()
    return rows


def test_info_says_what_is_held(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(profile, "info") == 0
    lines = capsys.readouterr().out.splitlines()
    size = (profile / "live" / HISTORY_FILE).stat().st_size
    assert lines[1].split() == [
        "bybit:linear:BTCUSDT", "1m", "150", "2020-09-13", "12:27", "2020-09-13", "15:46", "75.0", "%", "0",
        f"{size / 1e6:.2f}",
    ]  # fmt: skip
    assert "150 rows in" in lines[2]
    assert run(profile, "info", "--json") == 0
    assert json.loads(capsys.readouterr().out)["series"][0]["rows"] == 150


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.csv.gz"])
def test_what_is_exported_comes_back_the_same(profile: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    assert run(profile, "export", *SERIES, "--out", str(out)) == 0
    assert run(profile, "import", *SERIES, str(out), "--source", "testnet") == 0
    assert np.array_equal(held(profile, "testnet"), held(profile))
    assert list(tmp_path.glob(".*")) == []


def test_a_part_is_exported_by_time_and_format(profile: Path, tmp_path: Path) -> None:
    out = tmp_path / "some.dat"
    times = ("--start", "2020-09-13T12:30", "--end", "2020-09-13T12:40Z")
    assert run(profile, "export", *SERIES, *times, "--format", "parquet", "--out", str(out)) == 0
    frame = pd.read_parquet(out)
    assert str(frame["timestamp"].dtype) == "datetime64[ns, UTC]"
    assert np.array_equal(frame["close"].to_numpy(), candles(3, 13)[4])


def test_a_column_that_is_not_known_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(candles(0, 9)[:6].T, columns=["timestamp", "open", "high", "low", "close", "volume"])
    frame.to_csv(tmp_path / "in.csv", index=False)
    assert run(tmp_path, "import", *SERIES, str(tmp_path / "in.csv")) == 0
    assert "has no turnover" in capsys.readouterr().out
    assert run(tmp_path, "export", *SERIES, "--out", str(tmp_path / "out.csv")) == 0
    assert "without turnover, which is not known" in capsys.readouterr().out
    assert list(pd.read_csv(tmp_path / "out.csv").columns) == ["timestamp", "open", "high", "low", "close", "volume"]


def test_of_several_files_all_or_nothing_is_stored(profile: Path, tmp_path: Path) -> None:
    files: list[str] = []
    for first in (300, 400):
        frame = pd.DataFrame(
            candles(first, first + 50).T, columns=["timestamp", "open", "high", "low", "close", "volume", "turnover"]
        )
        files.append(str(tmp_path / f"{first}.csv"))
        if first == 400:
            frame.loc[7, "close"] = np.nan
        frame.to_csv(files[-1], index=False)
    assert run(profile, "import", *SERIES, *files) == 1
    assert held(profile).shape[1] == 150
    assert run(profile, "import", *SERIES, files[0]) == 0
    assert held(profile).shape[1] == 200


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("export", *SERIES, "--out", "/nowhere/x.csv"), 2, "name a file in a folder that exists"),
        (("export", *SERIES, "--out", "/proc/x.csv"), 3, "/proc/x.csv cannot be written"),
        (("export", *SERIES, "--out", "candles"), 2, "neither in .parquet nor in .csv"),
        (("export", *SERIES, "--out", "x.csv", "--start", "soon"), 2, "'soon' is no time"),
        (("export", *SERIES, "--out", "x.csv", "--start", "2030-01-01"), 3, "holds no candles"),
        (("export", *SERIES[:3], "9m", "--out", "x.csv"), 2, "'9m' is no timeframe"),
        (("export", *SERIES[:1], "BTCUSDT", *SERIES[2:], "--out", "x.csv"), 2, "'BTCUSDT' is no instrument"),
        (("import", *SERIES, "nothing.csv"), 1, "nothing.csv cannot be read"),
        (("import", *SERIES, "nothing.xls"), 1, "use .csv, .csv.gz, .parquet, .feather"),
        (("info", "--source", "demo"), 3, "Sources with a history here: live"),
        (("info", "--source", "../live"), 2, "is no source"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    profile: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, words: str
) -> None:
    before = (profile / "live" / HISTORY_FILE).read_bytes()
    assert run(profile, *argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1
    assert (profile / "live" / HISTORY_FILE).read_bytes() == before


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_an_export_onto_a_full_disk_leaves_what_was_there(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    out = tmp_path / name
    out.write_text("an older export")
    with files_no_larger_than(2_000):
        assert run(profile, "export", *SERIES, "--out", str(out)) == 3
    assert f"{name} cannot be written (" in capsys.readouterr().err
    assert out.read_text() == "an older export"
    assert not list(tmp_path.glob(".*"))


def test_an_import_onto_a_full_disk_stores_nothing(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = candles(1_000, 60_000)
    rows[5:] = np.random.default_rng(1).random((2, rows.shape[1]))
    names = ["timestamp", "open", "high", "low", "close", "volume", "turnover"]
    pd.DataFrame(rows.T, columns=names).to_parquet(tmp_path / "in.parquet")
    size = (profile / "live" / HISTORY_FILE).stat().st_size
    with files_no_larger_than(size + 100_000):
        assert run(profile, "import", *SERIES, str(tmp_path / "in.parquet")) == 3
    assert "no room for the history" in capsys.readouterr().err
    assert held(profile).shape[1] == 150
    assert run(profile, "import", *SERIES, str(tmp_path / "in.parquet")) == 0
    assert held(profile).shape[1] == 150 + rows.shape[1]


@pytest.mark.parametrize("command", ["info", "import"])
def test_a_newer_history_is_said_and_left_as_it_is(
    profile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    file = HistoryFile(profile / "live" / HISTORY_FILE)
    file._connection.execute("UPDATE meta SET format = 99")
    file.close()
    before = (profile / "live" / HISTORY_FILE).read_bytes()
    pd.DataFrame(
        candles(300, 350).T, columns=["timestamp", "open", "high", "low", "close", "volume", "turnover"]
    ).to_csv(tmp_path / "in.csv", index=False)
    given = ("info",) if command == "info" else ("import", *SERIES, str(tmp_path / "in.csv"))
    assert run(profile, *given) == 3
    assert "newer version of the program and is left alone" in capsys.readouterr().err
    assert (profile / "live" / HISTORY_FILE).read_bytes() == before


@pytest.mark.own_process
def test_a_history_that_another_program_holds_is_said(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(profile / "live" / HISTORY_FILE)
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; c = duckdb.connect({path!r}); print(1, flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert run(profile, "info") == 3
        assert "is open in another program" in capsys.readouterr().err
    finally:
        holder.kill()
        holder.communicate()
    assert run(profile, "info") == 0


def test_a_damaged_history_is_said_and_left_as_it_is(profile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (profile / "live" / HISTORY_FILE).write_bytes(b"garbage" * 999)
    assert run(profile, "info") == 3
    assert "is damaged" in capsys.readouterr().err
    assert (profile / "live" / HISTORY_FILE).read_bytes() == b"garbage" * 999
