"""The log of a run: held until its folder is known, never a fault of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtuoso_desktop.app.logs import LOG_FILE, RunLog, say

log = logging.getLogger("virtuoso_desktop.test")


@pytest.fixture
def run_log() -> Iterator[RunLog]:
    level, raises = logging.getLogger().level, logging.raiseExceptions
    opened = RunLog()
    yield opened
    opened.close()
    logging.getLogger().setLevel(level)
    logging.raiseExceptions = raises


def test_lines_from_before_the_folder_was_known_are_written(run_log: RunLog, tmp_path: Path) -> None:
    log.info("early %s", "line")
    run_log.open(tmp_path)
    log.info("late line")
    log.debug("too quiet")
    run_log.close()
    written = (tmp_path / "log" / LOG_FILE).read_text().splitlines()
    assert [line.partition("test: ")[2] for line in written] == ["early line", "late line"]
    assert " INFO virtuoso_desktop.test: " in written[0]


def test_without_a_folder_nothing_is_written_and_nothing_fails(run_log: RunLog, tmp_path: Path) -> None:
    run_log.open(None)
    log.info("nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_no_fault(run_log: RunLog, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    run_log.open(tmp_path)
    log.info("nowhere")


def test_the_streams_have_a_level_of_their_own(run_log: RunLog, tmp_path: Path) -> None:
    run_log.open(tmp_path)
    run_log.set_stream_level("ERROR")
    logging.getLogger("virtuoso_desktop.exchanges.transport").info("chatter")
    run_log.set_stream_level("NOTSET")
    run_log.close()
    assert (tmp_path / "log" / LOG_FILE).read_text() == ""


def test_a_person_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    say("The market is shown as a table instead.")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "virtuoso-desktop: The market is shown as a table instead.\n")
