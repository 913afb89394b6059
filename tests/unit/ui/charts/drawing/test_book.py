"""Changes of one instrument's drawings, taken back and done again; what is in view."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.ui.charts.drawing.book import MOST_DRAWINGS, MOST_UNDOS, DrawingBook
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Kind, Look, Point
from virtuoso_desktop.ui.charts.drawing.reach import Window

HOUR_MS = 3_600_000


def line(name: str, begin: int = 0, end: int = 10, low: float = 100.0, high: float = 110.0, **more: object) -> Drawing:
    """A trend line; times in hours."""
    points = (Point(begin * HOUR_MS, low), Point(end * HOUR_MS, high))
    return msgspec.structs.replace(Drawing(name, Kind.TREND, points), **more)


def names(book: DrawingBook) -> str:
    return "".join(each.id for each in book.drawings)


def test_every_change_is_kept_undone_and_redone() -> None:
    kept: list[int] = []
    book = DrawingBook((), lambda drawings: kept.append(len(drawings)))
    book.add(line("a"))
    book.add(line("b"))
    book.bring_to_front("a")
    removed = book.remove(["b"])
    assert (names(book), kept) == ("a", [1, 2, 2, 1])
    states = ["a", "ba", "ab", "a", ""]
    for before in states[1:]:
        assert book.undo()
        assert names(book) == before
    assert not book.undo()
    for after in reversed(states[:-1]):
        assert book.redo()
        assert names(book) == after
    assert not book.redo()
    assert removed == [(0, line("b"))]
    assert kept[-1] == 1


def test_a_change_after_an_undo_forgets_what_was_undone() -> None:
    book = DrawingBook()
    book.add(line("a"))
    book.undo()
    book.add(line("b"))
    assert not book.can_redo
    assert names(book) == "b"


def test_nudges_in_a_row_are_one_step() -> None:
    book = DrawingBook([line("a"), line("b")])
    for end in (11, 12, 13):
        book.replace(line("a", end=end), is_nudge=True)
    book.replace(line("b", end=20), is_nudge=True)
    book.replace(line("a", end=14), is_nudge=True)
    book.undo()
    assert book.find("a") == line("a", end=13)
    book.undo()
    book.undo()
    assert book.drawings == (line("a"), line("b"))
    assert not book.can_undo


def test_what_was_removed_comes_back_whatever_was_drawn_since() -> None:
    book = DrawingBook([line("a"), line("b"), line("c")])
    removed = book.remove(["a", "c"])
    book.add(line("d"))
    book.put_back(removed)
    assert names(book) == "abcd"
    book.put_back(removed)
    assert names(book) == "abcd"


def test_a_draft_stands_for_its_original_and_is_not_kept() -> None:
    kept: list[object] = []
    book = DrawingBook([line("a"), line("b")], kept.append)
    book.select("a")
    book.show_draft(line("a", end=30))
    everything = Window(0, 1e15, 0, 1e9, 1, 1)
    assert [each.id for each in book.in_view(everything, "5m")] == ["b"]
    assert book.chosen == line("a", end=30)
    assert not kept
    book.undo()
    book.show_draft(None)
    assert book.chosen == line("a")


def test_selection_walks_in_the_order_of_time_and_ends_with_the_drawing() -> None:
    book = DrawingBook([line("late", 50, 60), line("early", 1, 2), line("other", 5, 6, timeframe="1h")])
    assert book.select_next(1, "5m") == line("early", 1, 2)
    assert book.select_next(1, "5m") == line("late", 50, 60)
    assert book.select_next(1, "5m") == line("early", 1, 2)
    assert book.select_next(-1, "5m") == line("late", 50, 60)
    book.next_corner(2)
    assert book.corner == 0
    book.next_corner(2)
    book.next_corner(2)
    assert book.corner is None
    book.remove(["late"])
    assert (book.selected, book.chosen) == ("", None)
    assert DrawingBook().select_next(1, "5m") is None


def test_there_is_an_end_to_drawings_and_to_undoing() -> None:
    book = DrawingBook([line(str(number)) for number in range(MOST_DRAWINGS)])
    assert not book.add(line("one more"))
    small = DrawingBook()
    for number in range(MOST_UNDOS + 5):
        small.add(line(str(number)))
    while small.undo():
        pass
    assert len(small.drawings) == 5


@pytest.mark.parametrize(
    ("drawing", "is_seen"),
    [
        (line("inside", 101, 105, 1000, 1010), True),
        (line("across", 0, 500, 100, 2000), True),
        (line("left", 10, 90, 1000, 1010), False),
        (line("above", 101, 105, 2000, 2010), False),
        (Drawing("level", Kind.LEVEL, (Point(0, 1005.0),)), True),
        (Drawing("level below", Kind.LEVEL, (Point(0, 905.0),)), False),
        (Drawing("ray", Kind.RAY, (Point(0, 1000.0), Point(HOUR_MS, 1000.0))), True),
        (Drawing("ray away", Kind.RAY, (Point(HOUR_MS, 1000.0), Point(0, 1000.0))), False),
        (Drawing("ray up", Kind.RAY, (Point(0, 900.0), Point(HOUR_MS, 900.5))), True),
        (Drawing("ray down", Kind.RAY, (Point(0, 900.0), Point(HOUR_MS, 899.5))), False),
        (Drawing("text", Kind.TEXT, (Point(99 * HOUR_MS, 1005.0),), text="reaches into the view from its left"), True),
        (line("other timeframe", 101, 105, 1000, 1010, timeframe="1h"), False),
    ],
    ids=lambda value: value.id if isinstance(value, Drawing) else str(value),
)
def test_only_what_reaches_into_the_view_is_asked_for(drawing: Drawing, is_seen: bool) -> None:
    book = DrawingBook([drawing])
    window = Window(100 * HOUR_MS, 200 * HOUR_MS, 950.0, 1050.0, HOUR_MS / 50, 0.5)
    assert bool(book.in_view(window, "5m")) is is_seen


PLACE = st.tuples(st.integers(0, 100), st.floats(1, 100))


@given(st.lists(st.tuples(st.sampled_from(list(Kind)), PLACE, PLACE), max_size=30), PLACE, PLACE)
def test_nothing_in_view_is_left_out(
    figures: list[tuple[Kind, tuple[int, float], tuple[int, float]]], one: tuple[int, float], other: tuple[int, float]
) -> None:
    """A drawing with a point inside the window is always found, and the order from below to the top stays."""
    drawings = []
    for number, (kind, first, last) in enumerate(figures):
        count = 1 if kind in (Kind.LEVEL, Kind.TEXT) else 2
        points = tuple(Point(hours * HOUR_MS, price) for hours, price in (first, last)[:count])
        drawings.append(Drawing(str(number), kind, points, Look(), text="words"))
    left, right = sorted((one[0], other[0]))
    low, high = sorted((one[1], other[1]))
    window = Window(left * HOUR_MS, right * HOUR_MS, low, high, 1.0, 0.01)
    found = [int(each.id) for each in DrawingBook(drawings).in_view(window, "5m")]
    inside = [
        int(each.id)
        for each in drawings
        if any(
            left * HOUR_MS <= point.time_ms <= right * HOUR_MS and low <= point.price <= high for point in each.points
        )
    ]
    assert set(inside) <= set(found)
    assert np.all(np.diff(found) > 0)
