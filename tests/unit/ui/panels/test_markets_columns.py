from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.model.result import DimensionName
from virtuoso_desktop.ui.panels.markets_columns import (
    BAR_FROM_PX,
    COLUMNS,
    DIMENSIONS,
    NAMES,
    SCORE,
    SIGNAL,
    SPARKLINE,
    WORD_FROM_PX,
    fit,
)

CELLS = [f"{name.value}_score" for name in DimensionName]
NARROW = {"symbol", "last", "change_24h", *CELLS, "score", "signal"}


def names(width: int, chosen: dict[str, bool] | None = None, widths: dict[str, int] | None = None) -> list[str]:
    return [NAMES[index] for index in fit(width, chosen or {}, widths or {})]


def test_the_default_panel_of_1600_px_shows_the_six_cells_score_signal_and_sparkline() -> None:
    assert names(470) == ["symbol", "last", "change_24h", *CELLS, "score", "signal", "sparkline"]
    assert names(462) == names(470), "a scroll bar of 8 px takes no column away"
    widths = fit(470, {}, {})
    assert {widths[index] for index in DIMENSIONS} == {21}
    assert widths[SCORE] >= BAR_FROM_PX
    assert widths[SIGNAL] >= WORD_FROM_PX


def test_the_default_panel_of_1280_px_gives_up_sparkline_bar_and_word_but_no_cell() -> None:
    assert names(349) == ["symbol", "last", "change_24h", *CELLS, "score", "signal"]
    widths = fit(349, {}, {})
    assert {widths[index] for index in DIMENSIONS} == {18}
    assert widths[SCORE] < BAR_FROM_PX
    assert widths[SIGNAL] < WORD_FROM_PX


def test_what_gives_way_first_comes_last() -> None:
    seen: list[str] = []
    for width in range(340, 480):
        widths = fit(width, {}, {})
        there = {
            "cells": widths[DIMENSIONS[0]] == 21,
            "word": widths[SIGNAL] >= WORD_FROM_PX,
            "bar": widths[SCORE] >= BAR_FROM_PX,
            "sparkline": SPARKLINE in widths,
        }
        seen += [name for name, is_there in there.items() if is_there and name not in seen]
    assert seen == ["cells", "word", "bar", "sparkline"]


def test_every_column_appears_when_the_panel_is_dragged_wide() -> None:
    assert names(1_600) == list(NAMES)
    assert len(set(NAMES)) == len(NAMES)


def test_columns_never_leave_the_panel_narrower_than_they_need() -> None:
    assert set(names(100)) == NARROW


def test_a_wider_panel_never_loses_a_column() -> None:
    shown: set[str] = set()
    for width in range(200, 1_600, 5):
        wider = set(names(width))
        assert shown <= wider, f"at {width} px"
        shown = wider


def test_what_the_user_hides_stays_hidden_and_what_he_shows_stays_shown() -> None:
    assert "sparkline" not in names(1_100, {"sparkline": False})
    assert "mark" in names(349, {"mark": True})


def test_a_dragged_width_is_kept_while_the_others_fill_the_room() -> None:
    widths = fit(470, {}, {"last": 120})
    assert widths[NAMES.index("last")] == 120
    assert sum(widths.values()) == 470


@given(
    width=st.integers(1, 2_000),
    chosen=st.dictionaries(st.sampled_from(NAMES[1:]), st.booleans()),
    widths=st.dictionaries(st.sampled_from(NAMES), st.integers(32, 300)),
)
def test_the_room_is_filled_exactly_unless_the_choices_need_more(
    width: int, chosen: dict[str, bool], widths: dict[str, int]
) -> None:
    shown = fit(width, chosen, widths)
    lows = {index: widths.get(NAMES[index], COLUMNS[index].least or COLUMNS[index].width) for index in shown}
    least = sum(lows.values())
    assert list(shown) == sorted(shown)
    assert all(shown[index] >= low for index, low in lows.items())
    if least < width and any(NAMES[index] not in widths for index in shown):
        assert sum(shown.values()) == width
    else:
        assert sum(shown.values()) == least


def test_the_sparkline_takes_its_share_of_much_room() -> None:
    few = {name: False for name in NAMES[1:] if name not in ("last", "sparkline")}
    assert fit(600, few, {})[SPARKLINE] > COLUMNS[SPARKLINE].width


@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_every_column_is_told_in_words(column: object) -> None:
    assert column.spoken  # type: ignore[attr-defined]
    assert column.tooltip  # type: ignore[attr-defined]
