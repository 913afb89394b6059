from __future__ import annotations

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.ui.arrangement import (
    BELOW,
    LEFT,
    MOST_DEPTH,
    SIDES,
    Arrangement,
    Group,
    Node,
    Seat,
    Split,
    find,
    groups_of,
    join,
    open_stranded,
    panels_of,
    places,
    put_beside,
    seat_of,
    sound,
    spread,
    take_seat,
    unit_of,
    without,
)
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.shipped import SEATS, SHIPPED, shipped

NAMES = sorted(PANELS)


def default() -> Node:
    root = shipped("Default", 1600, 1000).root
    assert root is not None
    return root


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> Group | Split:
    size = draw(st.integers(-50, 30_000))
    if depth > 2 or draw(st.booleans()):
        names = draw(st.lists(st.sampled_from([*NAMES, "of_the_future"]), max_size=4))
        return Group(names, draw(st.sampled_from(["", *NAMES])), size, draw(st.booleans()))
    parts = draw(st.lists(trees(depth + 1), max_size=4))  # type: ignore[call-arg]
    return Split(draw(st.booleans()), parts, size)


# --- what is shipped -----------------------------------------------------------------------------------------------


def test_the_default_is_the_picture() -> None:
    boxes = {placed.group.shown: placed.box for placed in places(default(), (0, 44, 1600, 932))}
    assert boxes == {
        "markets": (0, 44, 470, 932),
        "chart": (474, 44, 806, 692),
        "confluence": (1284, 44, 316, 692),
        "order_book": (474, 740, 742, 236),
        "trades": (1220, 740, 380, 236),
    }


def test_the_default_of_a_small_window_is_the_small_picture() -> None:
    root = shipped("Default", 1280, 720).root
    boxes = {placed.group.shown: placed.box for placed in places(root, (0, 44, 1280, 652))}
    assert (boxes["markets"][2], boxes["confluence"][2], boxes["order_book"][3], boxes["trades"][2]) == (
        357,
        264,
        128,
        446,
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_sound_and_every_panel_has_a_seat(name: str) -> None:
    root = shipped(name, 1600, 1000).root
    before = msgspec.to_builtins(root)
    assert msgspec.to_builtins(sound(root)) == before
    for panel in NAMES:
        if panel not in panels_of(root):
            root = take_seat(root, panel, SEATS[panel])
    assert sorted(panels_of(root)) == NAMES


# --- reading what a file says --------------------------------------------------------------------------------------


@given(trees())
def test_whatever_a_file_says_the_tree_is_sound(root: Node) -> None:
    made = sound(root)
    names = panels_of(made)
    assert len(names) == len(set(names))
    for group in groups_of(made):
        assert group.known
        assert group.shown in group.known
    placed = places(made, (0, 0, 1600, 900))
    assert len(placed) == len(groups_of(made))
    assert all(width >= 1 and height >= 1 for _, (_, _, width, height) in placed)


@given(trees(), st.integers(300, 4_000))
def test_parts_fill_their_row(root: Node, room: int) -> None:
    made = sound(root)
    if isinstance(made, Split):
        sizes = spread(made, room)
        assert sum(sizes) + 4 * (len(sizes) - 1) >= room
        assert min(sizes) >= 1


def test_panels_of_a_newer_program_stay_in_the_file() -> None:
    root = sound(Split(True, [Group(["chart", "of_the_future"]), Group(["of_the_future_too"])]))
    assert root == Group(["chart", "of_the_future"])
    assert root.known == ["chart"]


def test_doubles_and_lone_parts_go() -> None:
    chart, markets = Group(["chart", "chart"], size_px=-4), Group(["chart", "markets"], size_px=10**9)
    root = sound(Split(True, [Split(False, [chart], 50), Split(True, [markets, Group([])])]))
    assert root == Split(True, [Group(["chart"], size_px=50), Group(["markets"], size_px=0)])


def test_a_tree_deeper_than_anybody_makes_is_refused() -> None:
    node: Node = Group(["chart"])
    for _ in range(MOST_DEPTH + 2):
        node = Split(True, [node, Group(["markets"])])
    with pytest.raises(ValueError, match="deep"):
        sound(node)


@pytest.mark.parametrize(
    "kept",
    [
        {"root": {"kind": "carousel", "panels": []}},
        {"root": {"kind": "tabs", "panels": "chart"}},
        {"root": {"kind": "split", "is_row": True}},
        {"floating": [{"box": [1, 2, 3, 4]}]},
        {"floating": [{"root": {"kind": "tabs", "panels": []}, "box": [1, 2]}]},
        {"seats": {"chart": {"size_px": "wide"}}},
    ],
)
def test_garbage_is_an_error_never_a_guess(kept: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(kept, Arrangement)


# --- moving --------------------------------------------------------------------------------------------------------


@given(trees(), st.data())
def test_a_panel_that_leaves_comes_back_to_its_group_or_side(root: Node, data: st.DataObject) -> None:
    made = sound(root)
    names = panels_of(made)
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    seat = seat_of(made, name)
    mates = [each for each in find(made, name).panels if each != name]  # type: ignore[union-attr]
    left = without(made, name)
    assert name not in panels_of(left)
    back = take_seat(left, name, seat)
    assert sorted(panels_of(back)) == sorted(names)
    again = find(back, name)
    assert again is not None
    assert [each for each in again.panels if each != name] == mates
    assert sound(copy.deepcopy(back)) == back


@pytest.mark.parametrize("name", NAMES)
def test_closing_and_opening_a_panel_of_the_default_is_no_change(name: str) -> None:
    root = default()
    before = places(copy.deepcopy(root), (0, 44, 1600, 932))
    seat = seat_of(root, name)
    back = take_seat(without(root, name), name, seat)
    after = places(back, (0, 44, 1600, 932))
    assert [(placed.group.panels, placed.box) for placed in after] == [(p.group.panels, p.box) for p in before]


@given(trees(), st.data())
def test_a_panel_beside_another_has_a_place_of_its_own(root: Node, data: st.DataObject) -> None:
    made = sound(root)
    names = panels_of(made)
    if len(names) < 2:
        return
    name, side = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(SIDES))
    left = without(made, name)
    assert left is not None
    target = data.draw(st.sampled_from(groups_of(left)))
    put = put_beside(left, target, name, side, 200)
    assert sorted(panels_of(put)) == sorted(names)
    assert find(put, name) == Group([name], name, 200)
    assert sound(copy.deepcopy(put)) == put


def test_a_seat_whose_neighbours_are_gone_is_beside_what_is_left() -> None:
    root = take_seat(Group(["chart"]), "trades", Seat(["liquidations"], 0, ["order_book"], LEFT, 300))
    assert root == Split(True, [Group(["trades"], "trades", 300), Group(["chart"])])
    assert take_seat(None, "log", Seat()) == Group(["log"], "log")
    assert panels_of(take_seat(Group(["chart"]), "log", Seat(side="nowhere"))) == ["chart", "log"]


def test_a_tab_joins_in_front_at_its_index() -> None:
    group = Group(["trades", "signals"], "trades", is_collapsed=True)
    join(group, "log", 1)
    assert (group.panels, group.front, group.is_collapsed) == (["trades", "log", "signals"], "log", False)


# --- collapsing ----------------------------------------------------------------------------------------------------


def test_a_row_of_tabs_collapses_as_one_and_the_chart_never() -> None:
    root = default()
    book, tape, chart = find(root, "order_book"), find(root, "trades"), find(root, "chart")
    assert book is not None
    assert tape is not None
    assert chart is not None
    assert unit_of(root, tape) == [book, tape]
    assert unit_of(root, chart) is None
    join(chart, "log")
    assert unit_of(root, chart) is None, "what takes the room of the others cannot go"
    book.is_collapsed = tape.is_collapsed = True
    boxes = {placed.group.shown: placed.box for placed in places(root, (0, 44, 1600, 932))}
    assert boxes["trades"][3] == 32
    assert boxes["confluence"][3] == 932 - 36


def test_confluence_is_a_rail_at_a_side_only() -> None:
    root = default()
    confluence = find(root, "confluence")
    assert confluence is not None
    confluence.is_collapsed = True
    open_stranded(root)
    assert confluence.is_collapsed
    boxes = {placed.group.shown: placed.box for placed in places(root, (0, 44, 1600, 932))}
    assert boxes["confluence"][2] == 28
    below = put_beside(Group(["chart"]), Group(["chart"]), "confluence", BELOW, 100)
    for group in groups_of(below):
        group.is_collapsed = True
    open_stranded(below)
    assert not any(group.is_collapsed for group in groups_of(below))


def test_collapsed_with_nothing_to_fill_the_room_is_opened() -> None:
    root = Split(False, [Group(["log"], is_collapsed=True), Group(["system"], is_collapsed=True)])
    open_stranded(root)
    assert [group.is_collapsed for group in root.parts if isinstance(group, Group)] == [False, True]


def test_in_a_window_too_small_parts_have_their_least_room() -> None:
    row = Split(True, [Group(["markets"], size_px=900), Group(["chart"]), Group(["confluence"], size_px=500)])
    assert spread(row, 2_000) == [900, 592, 500]
    assert spread(row, 1_100) == [350, 478, 264], "Markets with every column of the first rank"
