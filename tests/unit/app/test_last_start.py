"""What a start may know without its settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtuoso_desktop.app.arguments import Options
from virtuoso_desktop.app.last_start import FILE, SourceFolder, remember_source, remembered_source
from virtuoso_desktop.model.instrument import Source

LIVE = SourceFolder(Source.LIVE, "live")
PLAIN = Options()


def test_nothing_is_known_before_the_first_start(tmp_path: Path) -> None:
    assert remembered_source(PLAIN, tmp_path) is None


def test_the_same_command_is_known(tmp_path: Path) -> None:
    remember_source(PLAIN, tmp_path, LIVE)
    assert remembered_source(PLAIN, tmp_path) == LIVE
    assert remembered_source(Options(duration_s=5.0), tmp_path) == LIVE


def test_another_command_is_not(tmp_path: Path) -> None:
    remember_source(PLAIN, tmp_path, LIVE)
    assert remembered_source(Options(overrides=("exchanges.bybit.testnet=true",)), tmp_path) is None
    assert remembered_source(Options(config=tmp_path / "own.yaml"), tmp_path) is None


def test_a_changed_settings_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("universe: {size: 3}\n")
    remember_source(PLAIN, tmp_path, LIVE)
    assert remembered_source(PLAIN, tmp_path) == LIVE
    os.utime(file, ns=(1, 1))
    assert remembered_source(PLAIN, tmp_path) is None
    file.unlink()
    assert remembered_source(PLAIN, tmp_path) is None


def test_the_plain_demo_needs_no_memory(tmp_path: Path) -> None:
    assert remembered_source(Options(demo=True), tmp_path) == SourceFolder(Source.DEMO, "demo")
    assert remembered_source(Options(demo=True, speed=60.0), tmp_path) == SourceFolder(Source.DEMO, "demo-fast")
    assert remembered_source(Options(demo=True, overrides=("ui.theme=light",)), tmp_path) is None
    remember_source(Options(demo=True), tmp_path, SourceFolder(Source.DEMO, "demo"))
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version":1}', b"\xff\xfe"])
def test_a_damaged_memory_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert remembered_source(PLAIN, tmp_path) is None


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    remember_source(PLAIN, tmp_path / "missing", LIVE)
    assert remembered_source(PLAIN, tmp_path / "missing") is None
