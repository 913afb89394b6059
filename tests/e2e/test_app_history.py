"""The whole program and its history: asked beside it, killed, started again, and met with every bad file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.e2e.app_program import read_report, running
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history import HISTORY_FILE
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import HistoryKind
from virtuoso_desktop.storage.ranges import holding

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="kills by signal"),
    pytest.mark.timeout(180),
]
SMALL = ("--set", "universe.size=3", "--set", "analysis.timeframes=[1m, 5m]")


def history(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "virtuoso_desktop", "history", *words], capture_output=True, text=True, check=False
    )


def series_of(profile: Path) -> list[dict[str, Any]]:
    found = history("info", "--json", "--profile", str(profile), "--source", "demo")
    return json.loads(found.stdout)["series"] if found.returncode == 0 else []


def hole_free(file: HistoryFile) -> dict[HistoryKind, int]:
    """Rows of each kind; every one where the covered time says, and none missing there."""
    rows: dict[HistoryKind, int] = {}
    for key in file.series:
        held = file.read(key, 0, 2**60)
        rows[key.kind] = rows.get(key.kind, 0) + held.shape[1]
        if key.kind is HistoryKind.FUNDING:
            assert all(holding(file.covered(key), int(time_ms)) for time_ms in held[0]), f"{key}: nobody knows of it"
            continue
        times = [
            np.arange(start_ms, end_ms, Timeframe(key.period).duration_ms) for start_ms, end_ms in file.covered(key)
        ]
        assert np.array_equal(held[0], np.concatenate(times)), f"{key}: a hole that is not known as one"
    return rows


def test_a_killed_program_goes_on_where_it_was(tmp_path: Path) -> None:
    profile, report = tmp_path / "profile", tmp_path / "r.json"
    arguments = ["--headless", "--demo", "--profile", str(profile), *SMALL]
    with running(*arguments) as app:
        app.until(lambda: sum(each["rows"] for each in series_of(profile)) >= 3 * 8_000, "the background's candles", 60)
        app.until(lambda: len({each["kind"] for each in series_of(profile)}) == 7, "every list of the contracts", 30)
        out = tmp_path / "beside.parquet"
        words = ("--instrument", "bybit:linear:BTCUSDT", "--timeframe", "5m", "--out", str(out))
        beside = history("export", *words, "--profile", str(profile), "--source", "demo")
        assert beside.returncode == 0, beside.stderr
        app.process.send_signal(signal.SIGKILL)
        app.process.wait()
    file = HistoryFile(profile / "demo" / HISTORY_FILE)
    before = hole_free(file)
    file.close()
    with running(*arguments, "--duration", "6", "--report", str(report)) as app:
        ended = app.ended()
    assert ended.code == 0, ended.err
    assert read_report(report)["errors"] == []
    file = HistoryFile(profile / "demo" / HISTORY_FILE)
    after = hole_free(file)
    assert all(after[kind] >= count for kind, count in before.items())
    assert before[HistoryKind.OPEN_INTEREST] > 700
    assert sum(each.revised for each in file.info().series) == 0, "the same market says the same"
    file.close()


@pytest.mark.parametrize("name", ["damaged", "newer", "folder"])
def test_a_bad_file_is_said_and_the_market_goes_on(tmp_path: Path, name: str) -> None:
    file = tmp_path / "demo" / HISTORY_FILE
    file.parent.mkdir()
    if name == "folder":
        file.mkdir()
    elif name == "damaged":
        file.write_bytes(b"garbage" * 999)
    else:
        opened = HistoryFile(file)
        opened._connection.execute("UPDATE meta SET format = 99")
        opened.close()
    report = tmp_path / "r.json"
    with running(
        "--headless", "--demo", "--profile", str(tmp_path), *SMALL, "--duration", "6", "--report", str(report)
    ) as app:
        app.until(lambda: "3/3 live" in app.out, "a live market", 30)
        ended = app.ended()
    assert ended.code == 0
    words = {"damaged": "set aside as", "newer": "newer version", "folder": "cannot be used"}[name]
    assert words in " ".join((ended.out + ended.err).split())
    candles = next(iter(read_report(report)["instruments"].values()))["candles"]
    assert candles["1m"] >= 1_000
