"""Where grid lines and labels stand: round prices on the instrument's grid, round amounts, round times."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

PRICE_GAP_PX = 44.0
"""Least distance of two price labels, logical pixels."""
TIME_GAP_PX = 92.0
_TENTHS = (10, 20, 25, 50)
"""1, 2, 2.5 and 5, in tenths."""
_POWERS = range(40)

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
    marks = [mark for mark in _candidates(from_ms, to_ms, step, zone) if from_ms <= mark.time_ms <= to_ms]
    return sorted({mark.time_ms: mark for mark in reversed(marks)}.values())


def _candidates(from_ms: float, to_ms: float, step: TimeStep, zone: dt.tzinfo | None) -> Iterator[TimeMark]:
    first = _wall(from_ms, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if step.unit == "months":
        month = (first.year * 12 + first.month - 1) // step.count * step.count
        while True:
            moment = first.replace(year=month // 12, month=month % 12 + 1, day=1)
            if _utc_ms(moment, zone) > to_ms or month // 12 >= dt.MAXYEAR - 10:
                return
            yield TimeMark(_utc_ms(moment, zone), _rank(moment))
            month += step.count
    day = first
    while _utc_ms(day, zone) <= to_ms:
        if step.unit == "minutes":
            for minute in range(0, 24 * 60, step.count):
                moment = day + dt.timedelta(minutes=minute)
                yield TimeMark(_utc_ms(moment, zone), _rank(moment))
        elif _is_round_day(day, step.count):
            yield TimeMark(_utc_ms(day, zone), _rank(day))
        day += dt.timedelta(days=1)


def _is_round_day(day: dt.datetime, count: int) -> bool:
    """Days of a month at a distance of ``count``, none too near to the next month's first."""
    return (day.day - 1) % count == 0 and day.day - 1 <= 30 - count


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
