"""Ranges of covered time against sets of moments."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.storage.ranges import Range, clipped, gaps, holding, joined, length_ms

MOMENTS = st.integers(0, 40)
RANGES = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8)


def moments(ranges: list[Range] | tuple[Range, ...]) -> set[int]:
    return {each for start_ms, end_ms in ranges for each in range(start_ms, end_ms)}


@given(RANGES)
def test_joined_ranges_are_the_same_moments_sorted_and_apart(ranges: list[Range]) -> None:
    found = joined(ranges)
    assert moments(found) == moments(ranges)
    assert all(a[1] < b[0] for a, b in pairwise(found))
    assert all(start < end for start, end in found)
    assert length_ms(found) == len(moments(ranges))


@given(RANGES, MOMENTS, MOMENTS)
def test_gaps_and_clipped_parts_make_the_whole(ranges: list[Range], start_ms: int, end_ms: int) -> None:
    held = joined(ranges)
    asked = set(range(start_ms, end_ms))
    assert moments(gaps(held, start_ms, end_ms)) == asked - moments(held)
    assert moments(clipped(held, start_ms, end_ms)) == asked & moments(held)


@given(RANGES, MOMENTS)
def test_the_range_that_holds_a_moment(ranges: list[Range], at_ms: int) -> None:
    found = holding(joined(ranges), at_ms)
    assert (found is not None) == (at_ms in moments(ranges))
    assert found is None or found[0] <= at_ms < found[1]
