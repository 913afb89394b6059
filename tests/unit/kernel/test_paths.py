"""Packaged files and private folders."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from virtuoso_desktop.kernel.paths import APP_NAME, default_profile, make_private, resource


def test_the_default_settings_are_found() -> None:
    assert resource("config/default.yaml").read_text(encoding="utf-8").startswith("# Every setting")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"config/nothing\.yaml"):
        resource("config/nothing.yaml")


def test_the_default_profile_is_this_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    profile = default_profile()
    assert profile.name == APP_NAME
    assert profile.is_relative_to(tmp_path)
    assert not profile.exists()


def test_private_folders_are_for_this_user(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private(folder)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
