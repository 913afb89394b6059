"""Two starts with one profile: the second shows the window of the first, or takes over, or refuses in words."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.app_program import OFFSCREEN, ORDERED_STOP_S, App, log_of, run, running
from virtuoso_desktop.app.second_start import LONGEST_ADDRESS, SOCKET_FILE, address_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at sockets as files")

HIDDEN_BY_SIGNAL = """
import signal
from virtuoso_desktop.app.main import main

def windows():
    from PySide6.QtWidgets import QApplication
    from virtuoso_desktop.ui.window import MainWindow
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]

def hide(*_):
    for window in windows():
        window.hide()
    print("hidden", flush=True)

def tell(*_):
    print("visible" if any(window.isVisible() for window in windows()) else "not visible", flush=True)

signal.signal(signal.SIGUSR1, hide)
signal.signal(signal.SIGUSR2, tell)
main()
"""


def listens(profile: Path) -> bool:
    return (profile / "demo" / SOCKET_FILE).exists()


def test_the_second_start_shows_the_hidden_window_of_the_first_and_ends_well(tmp_path: Path) -> None:
    first = App(("-c", HIDDEN_BY_SIGNAL, "--demo", "--profile", str(tmp_path)), OFFSCREEN, module=False)
    try:
        first.until(lambda: listens(tmp_path), "its door")
        first.process.send_signal(signal.SIGUSR1)
        first.until(lambda: "hidden" in first.out, "a hidden window")
        second = run("--demo", "--profile", str(tmp_path), environment=OFFSCREEN)
        assert second.code == 0, second.err
        assert "its window is in front now" in second.err
        assert len(second.err.splitlines()) == 1
        assert second.took_s < 3
        first.process.send_signal(signal.SIGUSR2)
        first.until(lambda: "visible" in first.out, "the state of the window")
        assert "not visible" not in first.out
        assert "shown by a second start" in log_of(tmp_path)
        wishes = run("--demo", "--set", "ui.theme=light", "--profile", str(tmp_path), environment=OFFSCREEN)
        assert wishes.code == 0
        assert "does not count there" in wishes.err
    finally:
        ended, took_s = first.stop()
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S
    assert not listens(tmp_path)


def test_a_start_without_a_person_refuses_in_words(tmp_path: Path) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as first:
        first.until(lambda: listens(tmp_path), "its door")
        for wish in (["--headless"], ["--screenshot", str(tmp_path / "a.png")], ["--duration", "1"]):
            second = run("--demo", *wish, "--profile", str(tmp_path), environment=OFFSCREEN)
            assert second.code == 3, wish
            assert "is in use by another running Virtuoso Desktop" in second.err
        assert "shown by a second start" not in log_of(tmp_path)


def test_a_start_while_the_first_one_quits_takes_its_place(tmp_path: Path) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as first:
        first.until(lambda: "chart shown" in log_of(tmp_path) if listens(tmp_path) else False, "a running window")
        first.process.send_signal(signal.SIGTERM)
        with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as second:
            assert first.ended().code == 0
            second.until(lambda: log_of(tmp_path).count("chart shown") == 2, "its chart")
            ended, _ = second.stop()
    assert ended.code == 0, ended.err


def test_what_a_killed_run_left_does_not_stop_the_next(tmp_path: Path) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as killed:
        killed.until(lambda: listens(tmp_path), "its door")
        killed.process.kill()
        killed.ended()
    assert listens(tmp_path)
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as next_one:
        next_one.until(lambda: "chart shown" in log_of(tmp_path), "its chart")
        second = run("--demo", "--profile", str(tmp_path), environment=OFFSCREEN)
        assert second.code == 0, second.err


def test_garbage_at_the_door_shows_nothing_and_harms_nothing(tmp_path: Path) -> None:
    with running("--demo", "--profile", str(tmp_path), environment=OFFSCREEN) as first:
        first.until(lambda: listens(tmp_path), "its door")
        for sent in (b"", b"\n", b"\x00\xff" * 4_000, b"show" + b"x" * 5_000, b"hide me\n"):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.settimeout(5)
                stranger.connect(str(tmp_path / "demo" / SOCKET_FILE))
                stranger.sendall(sent)
                stranger.shutdown(socket.SHUT_WR)
                said = b""
                with contextlib.suppress(ConnectionResetError):
                    said = stranger.recv(100)
            assert said == b""
        time.sleep(0.1)
        assert "shown by a second start" not in log_of(tmp_path)
        assert run("--demo", "--profile", str(tmp_path), environment=OFFSCREEN).code == 0
        ended, took_s = first.stop()
    assert ended.code == 0, ended.err
    assert took_s < ORDERED_STOP_S


def test_a_deep_profile_has_a_short_address(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120) / "demo"
    assert len(address_of(deep)) <= LONGEST_ADDRESS
    assert address_of(deep) != address_of(deep.parent / "live")
    with running("--demo", "--profile", str(deep.parent), environment=OFFSCREEN) as first:
        first.until(lambda: Path(address_of(deep)).exists(), "its door")
        assert run("--demo", "--profile", str(deep.parent), environment=OFFSCREEN).code == 0
        first.stop()
    assert not Path(address_of(deep)).exists()
