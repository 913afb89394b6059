"""The program behind its window: picture, warm start, a closed window, a stop in every phase."""

from __future__ import annotations

import re
import signal
import struct
import sys
import time
import zlib
from pathlib import Path

import pytest

from tests.e2e.app_program import OFFSCREEN, ORDERED_STOP_S, App, is_alive, log_of, read_report, run, running
from virtuoso_desktop.app import warm_start
from virtuoso_desktop.engine.views import RowState
from virtuoso_desktop.model.study import DEFAULT_STUDIES
from virtuoso_desktop.storage.cache import DiskCache
from virtuoso_desktop.ui.charts.choice import StudyMemory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

CLOSED_BY_SIGNAL = """
import signal, sys
from virtuoso_desktop.app.main import main

def close_window(*_):
    from PySide6.QtWidgets import QApplication
    for window in QApplication.topLevelWidgets():
        window.close()

signal.signal(signal.SIGUSR1, close_window)
main()
"""


def png_size(file: Path) -> tuple[int, int]:
    head = file.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def colours_of(file: Path) -> int:
    """How many different pixel rows the picture has: a blank window has one."""
    data, raw, place = file.read_bytes(), b"", 8
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            raw += data[place + 8 : place + 8 + length]
        place += length + 12
    pixels = zlib.decompress(raw)
    stride = len(pixels) // png_size(file)[1]
    return len({pixels[at : at + stride] for at in range(0, len(pixels), stride)})


def start_times(log: str) -> dict[str, int]:
    return {what: int(ms) for what, ms in re.findall(r"start: ([a-z0-9 ]+) after (\d+) ms", log)}


def test_a_screenshot_is_taken_and_ends_the_run(tmp_path: Path) -> None:
    picture, report_file = tmp_path / "window.png", tmp_path / "r.json"
    ended = run(
        "--demo", "--profile", str(tmp_path / "p"), "--screenshot", str(picture), "--after", "5", "--size", "1280x720",
        "--report", str(report_file), environment=OFFSCREEN,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert png_size(picture) == (1280, 720)
    assert colours_of(picture) > 100
    report = read_report(report_file)
    assert report["errors"] == []
    assert len(report["instruments"]) == 35
    reached = start_times(log_of(tmp_path / "p"))
    assert {"window painted", "engine started", "chart shown", "35 instruments live"} <= set(reached)


def test_the_second_start_shows_what_the_first_saw_and_a_closed_window_ends_it(tmp_path: Path) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as app:
        app.until(lambda: live_and_drawn(tmp_path), "live instruments and a chart")
        time.sleep(1)
        first, _ = app.stop()
    assert first.code == 0, first.err
    cache = DiskCache(tmp_path / "demo" / "cache")
    markets, chart = warm_start.read_markets(cache), warm_start.read_chart(cache)
    window, studies = warm_start.read_window(cache), warm_start.read_studies(cache)
    cache.close()
    assert StudyMemory.from_bytes(studies).studies == DEFAULT_STUDIES
    assert studies is not None
    assert markets is not None
    assert len(markets.rows) == 35
    assert {row.state for row in markets.rows} == {RowState.LAST_SEEN}
    assert chart is not None
    assert (str(chart.instrument.id), chart.timeframe.value) == ("bybit:linear:BTCUSDT", "5m")
    assert [len(column) for column in chart.candles] == [1_000] * 7
    assert window is not None
    program = App(("-c", CLOSED_BY_SIGNAL, "--demo", "--profile", str(tmp_path)), OFFSCREEN, module=False)
    program.until(lambda: log_of(tmp_path).count("chart shown") == 2, "its chart")
    ended, took_s = program.stop(signal.SIGUSR1)
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S


def live_and_drawn(profile: Path) -> bool:
    file = profile / "demo" / "log" / "virtuoso.log"
    return file.is_file() and {"35 instruments live", "chart shown"} <= set(start_times(file.read_text()))


@pytest.mark.parametrize("delay_s", [0.0, 0.5, 1.0, 2.5])
def test_a_signal_in_any_phase_of_the_start_is_an_ordered_stop(tmp_path: Path, delay_s: float) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as app:
        app.until_signals_are_taken()
        time.sleep(delay_s)
        children = app.children()
        ended, took_s = app.stop(signal.SIGTERM if delay_s != 1.0 else signal.SIGINT)
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S
    assert ended.err == ""
    assert not [child for child in children if is_alive(child)]


def test_qt_without_its_system_libraries_gives_one_sentence_and_the_table(tmp_path: Path) -> None:
    broken = tmp_path / "PySide6" / "__init__.py"
    broken.parent.mkdir()
    broken.write_text("raise ImportError('libEGL.so.1: cannot open shared object file: No such file or directory')\n")
    ended = run(
        "--demo", "--duration", "1", "--profile", str(tmp_path / "p"),
        environment={**OFFSCREEN, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert "Qt cannot be loaded (libEGL.so.1" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_screenshot_without_a_display_cannot_be(tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    ended = run("--demo", "--screenshot", str(picture), "--profile", str(tmp_path / "p"))
    assert ended.code == 3
    assert "no screenshot" in ended.err
    assert not picture.exists()


@pytest.mark.parametrize("arguments", [["--demo"], []], ids=["demo", "live"])
def test_a_wrong_setting_is_refused_before_a_window_is_shown(tmp_path: Path, arguments: list[str]) -> None:
    ended = run(*arguments, "--set", "universe.sise=3", "--profile", str(tmp_path), environment=OFFSCREEN)
    assert ended.code == 2
    assert ended.err.endswith("did you mean universe.size?\n")
    assert len(ended.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_held_profile_is_refused_before_a_window_is_shown(tmp_path: Path) -> None:
    with running("--headless", "--demo", "--profile", str(tmp_path)) as holder:
        holder.until((tmp_path / "demo" / "log").is_dir, "its folder")
        second = run("--demo", "--profile", str(tmp_path), environment=OFFSCREEN)
    assert second.code == 3
    assert "is in use by another running Virtuoso Desktop" in second.err
    assert len(second.err.splitlines()) == 1
