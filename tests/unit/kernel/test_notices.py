"""What a person was told."""

from __future__ import annotations

from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.notices import MOST_KEPT, Notice, NoticeBoard, Severity


def test_notices_are_kept_with_their_time_and_told() -> None:
    clock = ManualClock(1000)
    board = NoticeBoard(clock)
    told: list[Notice] = []
    board.posted.connect(told.append)
    board.post(Severity.WARNING, "settings", "Line 3 is wrong.")
    clock.advance_ms(5)
    board.post(Severity.ERROR, "bybit.rest", "No answer.")
    assert board.all == tuple(told)
    assert [notice.at_ms for notice in board.all] == [1000, 1005]
    assert board.errors == (Notice(1005, Severity.ERROR, "bybit.rest", "No answer."),)


def test_the_newest_are_kept() -> None:
    board = NoticeBoard(ManualClock())
    for number in range(MOST_KEPT + 10):
        board.post(Severity.INFO, "x", str(number))
    assert len(board.all) == MOST_KEPT
    assert board.all[0].user_text == "10"


def test_the_same_sentence_is_not_repeated_within_a_minute() -> None:
    clock = ManualClock()
    board = NoticeBoard(clock)
    for wait_ms in (0, 59_999, 1):
        clock.advance_ms(wait_ms)
        board.post(Severity.ERROR, "bybit.rest", "No answer.")
    board.post(Severity.ERROR, "bybit.stream", "No answer.")
    assert len(board.all) == 3
