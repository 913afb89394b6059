"""Arithmetic of covered time: sorted, disjoint, non-touching half-open ranges ``(start_ms, end_ms)``, UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Range = tuple[int, int]


def joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The union of any ranges; empty ones are left out."""
    merged: list[Range] = []
    for start_ms, end_ms in sorted(each for each in ranges if each[0] < each[1]):
        if merged and start_ms <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_ms))
        else:
            merged.append((start_ms, end_ms))
    return tuple(merged)


def gaps(ranges: Sequence[Range], start_ms: int, end_ms: int) -> list[Range]:
    """What of [start_ms, end_ms) the ranges leave open, oldest first."""
    found: list[Range] = []
    at_ms = start_ms
    for begin_ms, stop_ms in ranges:
        if stop_ms <= at_ms:
            continue
        if begin_ms >= end_ms:
            break
        if begin_ms > at_ms:
            found.append((at_ms, begin_ms))
        at_ms = stop_ms
    if at_ms < end_ms:
        found.append((at_ms, end_ms))
    return found


def clipped(ranges: Sequence[Range], start_ms: int, end_ms: int) -> tuple[Range, ...]:
    """The parts that lie in [start_ms, end_ms)."""
    cut = ((max(begin_ms, start_ms), min(stop_ms, end_ms)) for begin_ms, stop_ms in ranges)
    return tuple(each for each in cut if each[0] < each[1])


def holding(ranges: Sequence[Range], at_ms: int) -> Range | None:
    """The range that ``at_ms`` lies in."""
    return next((each for each in ranges if each[0] <= at_ms < each[1]), None)


def length_ms(ranges: Iterable[Range]) -> int:
    """Covered time in all."""
    return sum(end_ms - start_ms for start_ms, end_ms in ranges)
