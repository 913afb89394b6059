from __future__ import annotations

import msgspec

from tests.analysis_results import CLOSED_MS, score_row, signal, view
from tests.market_rows import identity
from virtuoso_desktop.engine.analysis_board import MOST_SIGNALS, UNKNOWN, AnalysisBoard
from virtuoso_desktop.model.timeframe import Timeframe

EVEN = (60.0,) * 6
BTC = identity("BTC")


def test_a_view_has_a_version_that_changes_with_it() -> None:
    board = AnalysisBoard()
    assert board.view(BTC, Timeframe.M5) is None
    assert board.version(BTC, Timeframe.M5) == UNKNOWN
    board.publish(view())
    first = board.version(BTC, Timeframe.M5)
    board.publish(view())
    assert board.version(BTC, Timeframe.M5) > first
    shown = board.view(BTC, Timeframe.M5)
    assert shown is not None
    assert shown.version == board.version(BTC, Timeframe.M5)
    assert board.version(BTC, Timeframe.M15) == UNKNOWN


def test_a_cursor_tells_each_change_once_and_only_of_its_timeframe() -> None:
    board = AnalysisBoard()
    board.publish_scores([score_row("BTC", EVEN), score_row("ETH", EVEN)])
    cursor = board.score_cursor(Timeframe.M5)
    assert {row.instrument_id for row in cursor.take()} == {BTC, identity("ETH")}
    assert cursor.take() == []
    board.publish_scores([score_row("BTC", EVEN), score_row("BTC", (90.0,) * 6, Timeframe.H1)])
    assert cursor.take() == [], "the same scores are no news, and 1h is another reader's"
    board.publish_scores([score_row("BTC", (70.0,) * 6)])
    assert [row.score for row in cursor.take()] == [70.0]
    assert len(board.score_cursor(Timeframe.H1).take()) == 1


def test_a_cursor_that_began_before_the_scores_sees_them() -> None:
    board = AnalysisBoard()
    cursor = board.score_cursor(Timeframe.M5)
    assert cursor.take() == []
    board.publish_scores([score_row("BTC", EVEN)])
    assert len(cursor.take()) == 1


def test_signals_are_newest_first_and_a_new_state_replaces_the_old() -> None:
    board = AnalysisBoard()
    board.put_signal(signal(1))
    board.put_signal(signal(2, "ETH"))
    before = board.signals_version
    board.put_signal(msgspec.structs.replace(signal(1), ended_ms=CLOSED_MS, end_reason="score"))
    assert board.signals_version > before
    assert [(each.number, each.ended_ms) for each in board.signals()] == [(2, None), (1, CLOSED_MS)]


def test_old_signals_leave_the_board() -> None:
    board = AnalysisBoard()
    for number in range(MOST_SIGNALS + 5):
        board.put_signal(signal(number))
    numbers = [each.number for each in board.signals()]
    assert (len(numbers), numbers[-1]) == (MOST_SIGNALS, 5)


def test_what_is_no_longer_watched_has_no_scores_but_its_signals() -> None:
    board = AnalysisBoard()
    board.publish(view())
    board.publish_scores([score_row("BTC", EVEN)])
    board.put_signal(signal(1))
    board.forget(BTC)
    assert board.view(BTC, Timeframe.M5) is None
    assert board.score_cursor(Timeframe.M5).take() == []
    assert len(board.signals()) == 1
