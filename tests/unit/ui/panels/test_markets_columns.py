from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.ui.panels.markets_columns import COLUMNS, NAMES, SPARKLINE, fit

NARROW = {"symbol", "last", "change_24h"}


def names(width: int, chosen: dict[str, bool] | None = None, widths: dict[str, int] | None = None) -> list[str]:
    return [NAMES[index] for index in fit(width, chosen or {}, widths or {})]


def test_the_default_panel_of_1600_px_shows_seven_columns() -> None:
    assert names(470) == ["symbol", "last", "change_24h", "change_utc_day", "spread", "turnover", "sparkline"]
    assert names(462) == names(470), "a scroll bar of 8 px takes no column away"


def test_the_default_panel_of_1280_px_gives_way_from_the_sparkline_on() -> None:
    assert names(349) == ["symbol", "last", "change_24h", "change_utc_day", "turnover"]


def test_every_column_appears_when_the_panel_is_dragged_wide() -> None:
    assert names(1_100) == list(NAMES)


def test_columns_never_leave_the_panel_narrower_than_they_need() -> None:
    assert set(names(100)) == NARROW


def test_a_wider_panel_never_loses_a_column() -> None:
    shown: set[str] = set()
    for width in range(200, 1_200, 5):
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
    least = sum(widths.get(NAMES[index], COLUMNS[index].width) for index in shown)
    assert list(shown) == sorted(shown)
    assert all(shown[index] >= widths.get(NAMES[index], COLUMNS[index].width) for index in shown)
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
