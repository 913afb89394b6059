from __future__ import annotations

import pytest

from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.ui.cell import KEY, SMALL, SMALL_MUTED
from virtuoso_desktop.ui.score_ink import bar_length, bar_token, plates, score_cell, signal_cell, tint, total_cell


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (50.0, ("down", 0.0)),
        (53.0, ("up", 0.0)),
        (47.0, ("down", 0.0)),
        (69.0, ("up", 0.5)),
        (31.0, ("down", 0.5)),
        (85.0, ("up", 1.0)),
        (100.0, ("up", 1.0)),
        (0.0, ("down", 1.0)),
    ],
)
def test_the_tint_grows_over_32_points_from_3_on(score: float, expected: tuple[str, float]) -> None:
    assert tint(score) == expected


def test_the_tint_is_symmetric() -> None:
    for score in range(50, 101):
        assert tint(float(score))[1] == tint(100.0 - score)[1]


def test_a_figure_is_rounded_once() -> None:
    assert [score_cell(score).text for score in (61.46, 61.49, 61.5, 61.54, 62.46)] == ["61", "61", "62", "62", "62"]


def test_a_missing_score_is_an_em_dash_that_says_why() -> None:
    shown = score_cell(None, why="its data are too old to be used")
    assert (shown.text, shown.plates) == ("\u2014", ())
    assert "too old" in shown.spoken


def test_a_stale_score_has_no_tint() -> None:
    shown = score_cell(91.0, is_stale=True)
    assert (shown.text, shown.plates, shown.parts[0].ink) == ("91", (), SMALL_MUTED)
    assert "stale" in shown.spoken


def test_a_provisional_score_is_outlined_and_says_so() -> None:
    closed, forming = score_cell(80.0), score_cell(80.0, forming=True)
    assert [plate.shape for plate in closed.plates] == ["cell"]
    assert [plate.shape for plate in forming.plates] == ["cell", "outline"]
    assert forming.plates[0].strength < closed.plates[0].strength
    assert (closed.parts[0].ink, closed.spoken) == (SMALL, "")
    assert "provisional" in forming.spoken
    assert total_cell(80.0, forming=True).text == "~80.0"


def test_no_tint_near_the_middle_has_no_outline_either() -> None:
    assert plates(51.0, forming=True) == ()


def test_the_bar_is_coloured_where_a_signal_may_hold() -> None:
    assert [bar_token(score) for score in (65.0, 64.99999999, 64.9, 50.0, 35.0, 35.1)] == [
        "up", "up", "muted", "muted", "down", "muted",
    ]  # fmt: skip


def test_the_bar_is_full_36_points_from_the_middle() -> None:
    assert [bar_length(score, 14.0) for score in (50.0, 68.0, 86.0, 99.0, 14.0)] == [0.0, 7.0, 14.0, 14.0, -14.0]


def test_the_total_has_one_decimal_and_its_bar_where_there_is_room() -> None:
    assert total_cell(72.7).text == "72.7"
    assert total_cell(72.7).parts[0].ink == KEY
    assert [plate.shape for plate in total_cell(72.7).plates] == ["bar"]
    assert total_cell(72.7, with_bar=False).plates == ()
    assert total_cell(None).text == "\u2014"


def test_a_signal_is_a_word_and_a_letter_where_it_is_narrow() -> None:
    assert signal_cell(SignalKind.BUY).text == "BUY"
    short = signal_cell(SignalKind.SELL, is_short=True, spoken="sell, strong")
    assert (short.text, short.spoken) == ("S", "sell, strong")
    assert [plate.token for plate in short.plates] == ["down"]
    assert signal_cell(SignalKind.NEUTRAL).text == "\u2014"
