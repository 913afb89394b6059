from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from virtuoso_desktop.kernel.log_lines import LogLines


def record(text: str, *arguments: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("virtuoso_desktop.engine.desk", level, __file__, 1, text, arguments, None)


def test_the_newest_lines_are_kept() -> None:
    lines = LogLines(most=3)
    for number in range(5):
        lines.handle(record("line %d", number))
    assert [line.text for line in lines.lines] == ["line 2", "line 3", "line 4"]
    assert (lines.version, lines.lines[-1].number, lines.lines[0].source) == (5, 5, "engine.desk")


def test_a_wrong_call_is_kept_and_ends_nothing() -> None:
    lines = LogLines()
    lines.handle(record("%d lines of %d", "two"))
    assert "%d lines of %d" in lines.lines[0].text


def test_debug_lines_are_left_out() -> None:
    lines = LogLines()
    logger = logging.getLogger("tests.apart")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(lines)
    try:
        logger.debug("no")
        logger.info("yes")
    finally:
        logger.removeHandler(lines)
    assert [line.text for line in lines.lines] == ["yes"]


def test_threads_lose_no_line() -> None:
    lines = LogLines(most=10_000)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: lines.handle(record("line %d", number)), range(2_000)))
    assert sorted(line.number for line in lines.lines) == list(range(1, 2_001))
