"""Times as the chart writes them: axis labels, crosshair tag, zone, countdown of a candle."""

from __future__ import annotations

import datetime as dt

from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.ui.charts.steps import DAY, MONTH, TIME
from virtuoso_desktop.ui.format import MINUS

# Not strftime: it imports a module at every call, which PySide's import hook makes slow.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def axis_label(time_ms: float, rank: int, zone: dt.tzinfo | None) -> str:
    """``08:30``, ``25 Apr``, ``May``, ``2026``: what begins at a mark of the time axis."""
    moment = _moment(time_ms, zone)
    if rank == TIME:
        return f"{moment.hour:02d}:{moment.minute:02d}"
    if rank == DAY:
        return f"{moment.day} {_MONTHS[moment.month - 1]}"
    return _MONTHS[moment.month - 1] if rank == MONTH else str(moment.year)


def bar_moment(time_ms: float, duration_ms: int, zone: dt.tzinfo | None) -> str:
    """``Fri 25 Apr · 08:30`` for a candle within a day, ``Fri 25 Apr 2025`` for a longer one."""
    moment = _moment(time_ms, zone)
    day = f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"
    if duration_ms < DAY_MS:
        return f"{day} \u00b7 {moment.hour:02d}:{moment.minute:02d}"
    return f"{day} {moment.year}"


def clock_time(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``11:20:56``."""
    moment = _moment(time_ms, zone)
    return f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"


def zone_name(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``UTC``, or the computer's zone as its distance: ``UTC+2``, ``UTC+5:30``."""
    offset = _moment(time_ms, zone).utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else MINUS}{hours}" + (f":{rest:02d}" if rest else "")


def countdown(left_ms: float) -> str:
    """``03:12``, ``1:03:12``, ``2d 03h`` until a candle closes; ``00:00`` once it should have."""
    seconds = max(0, int(left_ms // 1000))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}h"
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute:02d}:{second:02d}"


def span(duration_ms: float) -> str:
    """``12 min``, ``3 h``, ``2 d``: a stretch of missing candles."""
    minutes = round(duration_ms / 60_000)
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} d"


def _moment(time_ms: float, zone: dt.tzinfo | None) -> dt.datetime:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).astimezone(zone)
