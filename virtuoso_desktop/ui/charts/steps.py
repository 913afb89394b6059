"""Where grid lines and labels stand: round prices on the instrument's grid, round amounts, round times."""

from __future__ import annotations

import calendar
import datetime as dt
import math
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

PRICE_GAP_PX = 44.0
"""Least distance of two price labels, logical pixels."""
TIME_GAP_PX = 92.0
_TENTHS = (10, 20, 25, 50)
"""1, 2, 2.5 and 5, in tenths."""
_POWERS = range(40)
_MOST_MARKS = 200
"""Of one scale: more than any window has room for."""

_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_DAYS = (1, 2, 5, 10)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_MONTH_MS = 30.436875 * _DAY_MS


def price_step_ticks(least_ticks: float, tick_size: Decimal) -> int:
    """Smallest whole number of ticks, not below ``least_ticks``, that makes a price of 1, 2, 2.5 or 5 x 10^n.

    A tick of which no such price is a multiple (0.3) takes 1, 2 or 5 x 10^n ticks instead.
    """
    digits = tick_size.normalize().as_tuple().digits
    mantissa = 10 * int("".join(map(str, digits)))
    fallback = 0
    for power in _POWERS:
        for tenths in _TENTHS:
            value = tenths * 10**power
            if value % mantissa == 0 and value // mantissa >= least_ticks:
                return value // mantissa
            if not fallback and tenths != 25 and value // 10 >= least_ticks:
                fallback = value // 10
        if fallback and power > math.log10(max(fallback, 1)) + len(digits) + 2:
            break
    return fallback


def amount_step(least: float) -> float:
    """Smallest of 1, 2, 2.5, 5 x 10^n that is not below ``least`` (above 0)."""
    power = math.floor(math.log10(least))
    for tenths in (*_TENTHS, 100):
        step = tenths / 10 * 10.0**power
        if step >= least * (1 - 1e-9):
            return step
    return 10.0 ** (power + 1)


def log_marks(low: float, high: float, gap: float, step_of: Callable[[float], float], zero: float = 0.0) -> list[float]:
    """Round values of a logarithmic scale, from below: every one at least ``gap`` above the one before.

    Parameters
    ----------
    low, high : float
        Ends of the scale, above 0.
    gap : float
        Least distance in decimal logarithms.
    step_of : callable
        The smallest round step that is not below a number.
    zero : float
        Where counting in steps begins: 100 for per cent, whose round values are told from there.
    """
    found: list[float] = []
    factor = 10.0**gap
    at = low
    while len(found) < _MOST_MARKS:
        least = at * (factor - 1)
        step = step_of(least)
        at = math.ceil((at - zero + (least if found else 0)) / step - 1e-9) * step + zero
        if at > high:
            break
        found.append(at)
    return found


class TimeMark(NamedTuple):
    """One labelled time. ``rank`` tells what begins there."""

    time_ms: int
    rank: int


TIME, DAY, MONTH, YEAR = range(4)


class TimeStep(NamedTuple):
    """Distance of labels: ``count`` times ``unit`` (minutes, days, months)."""

    unit: str
    count: int


def time_step(least_ms: float) -> TimeStep:
    """Smallest round distance that is not below ``least_ms``."""
    for count in _MINUTES:
        if count * _MINUTE_MS >= least_ms:
            return TimeStep("minutes", count)
    for count in _DAYS:
        if count * _DAY_MS >= least_ms:
            return TimeStep("days", count)
    for count in _MONTHS:
        if count * _MONTH_MS >= least_ms:
            return TimeStep("months", count)
    return TimeStep("months", 12 * math.ceil(least_ms / _MONTH_MS / 12))


def time_marks(from_ms: float, to_ms: float, step: TimeStep, zone: dt.tzinfo | None) -> list[TimeMark]:
    """Round times of a zone in [from_ms, to_ms], oldest first.

    Parameters
    ----------
    zone : tzinfo or None
        None is the computer's own zone. Marks stand on its wall clock, through changes of summer time.
    """
    first, last = _wall(from_ms, zone), _wall(to_ms, zone)
    marks: list[TimeMark] = []
    if step.unit == "minutes":
        day = first.date()
        while day <= last.date():
            marks += _marks_of_day(day, step.count, zone)
            day += dt.timedelta(days=1)
    else:
        months = step.count if step.unit == "months" else 1
        month = (first.year * 12 + first.month - 1) // months * months
        while month <= last.year * 12 + last.month - 1:
            days = 31 if step.unit == "months" else step.count
            marks += _marks_of_month(month // 12, month % 12 + 1, days, zone)
            month += months
    return [mark for mark in marks if from_ms <= mark.time_ms <= to_ms]


@lru_cache(maxsize=512)
def _marks_of_day(day: dt.date, minutes: int, zone: dt.tzinfo | None) -> list[TimeMark]:
    """Every ``minutes`` from midnight; an hour that summer time leaves out is none, one it repeats is one."""
    marks: dict[int, TimeMark] = {}
    for minute in range(0, 24 * 60, minutes):
        moment = dt.datetime.combine(day, dt.time(minute // 60, minute % 60))
        time_ms = _utc_ms(moment, zone)
        marks.setdefault(time_ms, TimeMark(time_ms, _rank(moment)))
    return sorted(marks.values())


@lru_cache(maxsize=512)
def _marks_of_month(year: int, month: int, days: int, zone: dt.tzinfo | None) -> list[TimeMark]:
    """The month's first and every ``days`` after it, none too near to the next month's first."""
    length = calendar.monthrange(year, month)[1]
    moments = [
        dt.datetime.combine(dt.date(year, month, day), dt.time())
        for day in range(1, length + 1, days)
        if day == 1 or length + 1 - day >= days
    ]
    return [TimeMark(_utc_ms(moment, zone), _rank(moment)) for moment in moments]


def _rank(moment: dt.datetime) -> int:
    if moment.hour or moment.minute:
        return TIME
    if moment.day != 1:
        return DAY
    return MONTH if moment.month != 1 else YEAR


def _wall(time_ms: float, zone: dt.tzinfo | None) -> dt.datetime:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).astimezone(zone).replace(tzinfo=None)


def _utc_ms(wall: dt.datetime, zone: dt.tzinfo | None) -> int:
    """UTC of a wall clock's time; without a zone ``timestamp`` takes it as the computer's own."""
    return int(wall.replace(tzinfo=zone).timestamp()) * 1000
