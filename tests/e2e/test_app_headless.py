"""The program without a window, as a person starts it: the demo, the table, the end, and every refusal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.e2e.app_program import ORDERED_STOP_S, is_alive, log_of, read_report, run, running
from virtuoso_desktop.app import warm_start
from virtuoso_desktop.engine.views import MarketsSnapshot
from virtuoso_desktop.storage.cache import DiskCache

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dead_endpoints() -> list[str]:
    port = free_port()
    return [
        "--set", f"exchanges.bybit.rest_endpoint=http://127.0.0.1:{port}",
        "--set", f"exchanges.bybit.ws_endpoint=ws://127.0.0.1:{port}",
    ]  # fmt: skip


def test_the_demo_is_live_on_35_instruments_and_leaves_what_the_next_start_shows(tmp_path: Path) -> None:
    report_file = tmp_path / "r.json"
    profile = tmp_path / "profile"
    arguments = ["--headless", "--demo", "--duration", "12", "--profile", str(profile), "--report", str(report_file)]
    with running(*arguments) as app:
        app.until(lambda: "35/35 live" in app.out, "35 live instruments")
        loaded = Path(f"/proc/{app.process.pid}/maps").read_text()
        ended = app.ended()
    assert ended.code == 0, ended.err
    assert "libQt6" not in loaded
    assert ended.err == ""
    report = read_report(report_file)
    assert (report["version"], report["source"], report["errors"]) == (1, "demo", [])
    venue = report["venues"]["bybit"]
    assert (venue["state"], venue["connects"], venue["reconnects"], venue["gaps"]) == ("live", 1, 0, 0)
    steady = {kind: count for kind, count in venue["messages"].items() if kind != "allLiquidation"}
    assert steady.pop("orderbook.50") == 0, "nobody looks at a chart"
    assert all(count > 30 for count in steady.values())
    instruments = report["instruments"]
    assert len(instruments) == 35
    assert all(each["book"]["valid"] and each["book"]["bid"] < each["book"]["ask"] for each in instruments.values())
    assert all(each["last_price"] > 0 for each in instruments.values())
    assert max(each["ages_ms"]["ticker"] for each in instruments.values()) < 5_000
    assert sum(each["candles"]["1m"] >= 900 for each in instruments.values()) == 35
    blocks = [line for line in ended.out.splitlines() if line.startswith(" DEMO ")]
    assert len(blocks) == 2
    assert "35/35 live" in blocks[-1]
    assert "\x1b" not in ended.out
    assert max(map(len, ended.out.splitlines())) <= 140
    assert "simulator: " in log_of(profile)
    assert (profile / "demo").stat().st_mode & 0o777 == 0o700
    cache = DiskCache(profile / "demo" / "cache")
    kept = cache.read(warm_start.MARKETS_KEY, MarketsSnapshot)
    assert kept is not None
    assert len(kept.rows) == 35
    cache.close()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "No window here: neither DISPLAY nor WAYLAND_DISPLAY is set. The market is shown as a table instead."),
        ({"DISPLAY": ":7654"}, "DISPLAY=:7654 "),
    ],
    ids=["no display", "dead display"],
)
def test_without_a_display_one_sentence_says_why(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    ended = run(*dead_endpoints(), "--duration", "0.5", "--profile", str(tmp_path), environment=environment)
    assert ended.code == 0, ended.err
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_on_a_terminal_the_table_is_live_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "virtuoso_desktop", "--headless", "--demo", "--profile", str(tmp_path)],
            {**os.environ, "TERM": "xterm-256color"},
        )
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    shown = ""
    ends_s = time.monotonic() + 20
    while "Ctrl+C ends" not in shown.partition("35/35 live")[2]:
        assert time.monotonic() < ends_s, shown
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65_536).decode(errors="replace")
    os.write(terminal, b"\x03")
    asked_s = time.monotonic()
    try:
        while os.read(terminal, 65_536):
            pass
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert time.monotonic() - asked_s < ORDERED_STOP_S + 0.5
    text = ANSI.sub("", shown)
    assert "Ctrl+C ends" in text
    assert "more instruments need a higher terminal" in text
    assert "Traceback" not in text


def test_a_reader_that_goes_away_ends_the_run(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    arguments = ["--headless", *dead_endpoints(), "--profile", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "virtuoso_desktop", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(reading)
        os.close(writing)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "universe.sise=3"], "did you mean universe.size"),
        (["--set", "universe.size=many"], "universe.size"),
        (["--config", "no-such-file.yaml"], "does not exist"),
        (["--speed", "2"], "--speed needs --demo"),
    ],
)
def test_bad_usage_is_two(tmp_path: Path, arguments: list[str], said: str) -> None:
    ended = run("--headless", "--profile", str(tmp_path), *arguments)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_wrong_config_file_is_two_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "own.yaml"
    config.write_text("universe:\n  size: 35\n  kind: [linear]\n")
    ended = run("--headless", "--profile", str(tmp_path / "profile"), "--config", str(config))
    assert ended.code == 2
    assert f"{config}, line 3" in ended.err
    assert "universe.kinds" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_garbage_in_the_user_s_own_file_starts_and_says_the_line(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("universe:\n\tsize: 3\n")
    report_file = tmp_path / "r.json"
    ended = run("--headless", "--demo", "--duration", "1", "--profile", str(tmp_path), "--report", str(report_file))
    assert ended.code == 1, ended.err
    assert "line 2" in ended.err
    errors = read_report(report_file)["errors"]
    assert [error["where"] for error in errors] == ["settings"]
    assert "line 2" in errors[0]["user_text"]


def test_a_profile_that_cannot_be_written_runs_without_storing_and_says_so(tmp_path: Path) -> None:
    report_file = tmp_path / "r.json"
    ended = run("--headless", "--demo", "--duration", "1", "--profile", "/proc/virtuoso", "--report", str(report_file))
    assert ended.code == 0, ended.err
    assert "Nothing is stored in this run: /proc/virtuoso/demo cannot be written" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert read_report(report_file)["source"] == "demo"


def test_without_a_network_it_waits_and_says_so_and_a_second_one_is_refused(tmp_path: Path) -> None:
    report_file = tmp_path / "r.json"
    arguments = ["--headless", *dead_endpoints(), "--profile", str(tmp_path), "--report", str(report_file)]
    with running(*arguments) as app:
        app.until(lambda: list(tmp_path.glob("demo-*/log")), "its folder")
        second = run(*arguments)
        app.until(lambda: "connection refused" in app.out, "the reason")
        ended, took_s = app.stop()
    assert second.code == 3
    (folder,) = tmp_path.glob("demo-*")
    held = f"{folder} is in use by another running Virtuoso Desktop (process {app.process.pid})"
    assert held in second.err
    assert len(second.err.splitlines()) == 1
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S
    report = read_report(report_file)
    assert report["venues"]["bybit"]["state"] == "backoff"
    assert (report["instruments"], report["errors"]) == ({}, [])


def test_a_killed_simulator_is_started_again_on_its_port(tmp_path: Path) -> None:
    report_file = tmp_path / "r.json"
    with running("--headless", "--demo", "--profile", str(tmp_path), "--report", str(report_file)) as app:
        app.until(lambda: "35/35 live" in app.out, "35 live instruments")
        (first,) = app.children()
        os.kill(first, signal.SIGKILL)
        app.until(lambda: "runs again" in app.out, "the simulator again", 20)
        (second,) = app.children()
        assert second != first
        app.until(lambda: app.out.count("35/35 live") > 1 and "35/35" in app.out.rsplit("DEMO", 1)[1], "live again", 20)
        ended, took_s = app.stop()
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S
    assert not is_alive(second)
    assert "The simulated market stopped with exit code -9" in ended.out
    venue = read_report(report_file)["venues"]["bybit"]
    assert venue["reconnects"] >= 1
    assert venue["state"] == "live"


def test_a_killed_program_takes_its_simulator_along(tmp_path: Path) -> None:
    with running("--headless", "--demo", "--profile", str(tmp_path)) as app:
        app.until((tmp_path / "demo" / "log").is_dir, "the engine")
        (child,) = app.children()
        app.process.kill()
        app.ended()
        ends_s = time.monotonic() + 5
        while is_alive(child):
            assert time.monotonic() < ends_s, "the simulator outlived its parent"
            time.sleep(0.05)


@pytest.mark.parametrize("delay_s", [0.0, 0.4, 1.2])
def test_sigterm_in_any_phase_of_the_start_is_an_ordered_stop(tmp_path: Path, delay_s: float) -> None:
    report_file = tmp_path / "r.json"
    with running("--headless", "--demo", "--profile", str(tmp_path), "--report", str(report_file)) as app:
        app.until_signals_are_taken()
        time.sleep(delay_s)
        children = app.children()
        ended, took_s = app.stop()
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S
    assert ended.err == ""
    assert not [child for child in children if is_alive(child)]
    assert read_report(report_file)["errors"] == []


def test_an_empty_demo_fast_folder_and_a_fast_clock(tmp_path: Path) -> None:
    report_file = tmp_path / "r.json"
    left = tmp_path / "demo-fast" / "left.txt"
    left.parent.mkdir(mode=0o700)
    left.write_text("from the last run")
    ended = run(
        "--headless", "--demo", "--speed", "60", "--duration", "8", "--profile", str(tmp_path),
        "--report", str(report_file),
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert not left.exists()
    report = read_report(report_file)
    assert report["venues"]["bybit"]["state"] == "live"
    assert max(each["ages_ms"]["ticker"] for each in report["instruments"].values()) < 60_000
    assert "offset" not in ended.out
