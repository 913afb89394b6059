"""The window and its settings file: what changed since the last start counts, what was chosen in the window else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.e2e.app_program import OFFSCREEN, run

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="runs whole programs by signal"),
    pytest.mark.timeout(180),
]


def settings(profile: Path, *words: str) -> None:
    command = [sys.executable, "-m", "virtuoso_desktop", "settings", *words, "--profile", str(profile)]
    subprocess.run(command, check=True, capture_output=True)


def is_light(profile: Path, picture: Path, *more: str, **environment: str) -> bool:
    """Whether a start of the window is light."""
    ended = run("--demo", "--profile", str(profile), "--screenshot", str(picture), "--after", "2", *more,
                environment={**OFFSCREEN, **environment})  # fmt: skip
    assert ended.code == 0, ended.err
    return QImage(str(picture)).pixelColor(800, 20).lightness() > 128


def keep(profile: Path, *more: str) -> None:
    """A window that is open for a while; what it shows is kept."""
    ended = run("--demo", "--profile", str(profile), "--duration", "3", *more, environment=OFFSCREEN)
    assert ended.code == 0, ended.err


def test_a_theme_set_between_two_starts_counts(tmp_path: Path) -> None:
    profile, picture = tmp_path / "profile", tmp_path / "p.png"
    keep(profile)
    assert not is_light(profile, picture)
    settings(profile, "set", "ui.theme", "light")
    assert is_light(profile, picture)
    keep(profile)
    assert is_light(profile, picture)
    assert not is_light(profile, picture, VIRTUOSO_UI__THEME="dark")
    settings(profile, "unset", "ui.theme")
    assert not is_light(profile, picture)


def test_an_old_file_is_brought_up_and_told(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "settings.yaml").write_text("# mine\nwebsocket:\n  ping_interval: 30\n")
    ended = run("--demo", "--headless", "--profile", str(profile), "--duration", "2")
    assert ended.code == 0, ended.err
    assert "was brought from version 1 to 2: websocket.ping_interval from 30 to 25." in ended.err
    assert (profile / "settings.yaml").read_text() == "# mine\nversion: 2\nwebsocket:\n  ping_interval: 25\n"
    assert (profile / "settings.version-1.yaml").read_text() == "# mine\nwebsocket:\n  ping_interval: 30\n"
