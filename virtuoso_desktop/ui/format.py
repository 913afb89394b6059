"""Numbers and times as text. The only place where a time becomes a word on the screen.

Every function takes None for "no value" and answers an em dash; none invents a number.
"""

from __future__ import annotations

import datetime as dt

DASH = "\u2014"
MINUS = "\u2212"
THIN = "\u2009"
"""The gap before a per cent sign."""

# Not strftime where a frame waits: it imports a module at every call, which PySide's import hook makes slow.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def price(value: float | None, decimals: int) -> str:
    """``93988.4`` -> ``93,988.4`` with the instrument's own number of decimals."""
    return DASH if value is None else _with_minus(f"{value:,.{decimals}f}")


def signed(value: float | None, decimals: int = 2) -> str:
    """``1.874`` -> ``+1.87``; a value that rounds to zero carries no sign."""
    if value is None:
        return DASH
    text = f"{value:+,.{decimals}f}"
    if not text.strip("+-0.,"):
        return text[1:]
    return _with_minus(text)


def percent(value: float | None, decimals: int = 2) -> str:
    """``1.874`` (per cent) -> ``+1.87 %``."""
    return DASH if value is None else f"{signed(value, decimals)}{THIN}%"


def compact(value: float | None) -> str:
    """Three significant digits with a unit: ``6.9e9`` -> ``6.90B``, ``48300`` -> ``48.3K``."""
    if value is None:
        return DASH
    magnitude = abs(value)
    for unit, letter in _UNITS:
        # 999,500 is 1.00M, not 1000K.
        if magnitude >= unit * 0.9995:
            return _with_minus(_three_digits(value / unit)) + letter
    return _with_minus(_three_digits(value))


def amount(value: float | None, digits: int = 3, *, is_signed: bool = False) -> str:
    """An amount with a unit and so many significant digits: ``52,341``, ``1.2346M``; three are `compact`'s."""
    if value is None:
        return DASH
    sign = "+" if is_signed and value > 0 else ""
    if digits == 3:
        return sign + compact(value)
    unit, letter = next(((unit, letter) for unit, letter in _UNITS if abs(value) >= unit and unit > 1e3), (1.0, ""))
    scaled = value / unit
    whole = len(f"{abs(scaled):.0f}")
    return sign + _with_minus(f"{scaled:,.{max(0, digits - whole)}f}") + letter


def bps(value: float | None) -> str:
    """A spread in bps: two decimals below 10, one below 100, then none."""
    if value is None:
        return DASH
    return _with_minus(f"{value:,.{_decimals_below(value)}f}")


def signed_bps(value: float | None) -> str:
    """A basis in bps with its sign, one decimal."""
    return signed(value, 1)


def funding(rate: float | None) -> str:
    """A funding rate (fraction per period) in per cent, four decimals, without the per cent sign."""
    return DASH if rate is None else signed(rate * 100, 4)


def countdown(left_ms: float | None) -> str:
    """``4h 38m``, ``38m 12s``, ``12s``; ``now`` at and below zero."""
    if left_ms is None:
        return DASH
    seconds = int(left_ms // 1000)
    if seconds <= 0:
        return "now"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}h"
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {seconds:02d}s" if minutes else f"{seconds}s"


def time_left(left_ms: float) -> str:
    """``in 42 s``, ``in 7 min``, ``in 3 h``, ``in 7 d``: rounded up; ``soon`` once the time is over."""
    if left_ms <= 0:
        return "soon"
    if left_ms <= 90_000:
        return f"in {-int(-left_ms // 1_000)} s"
    minutes = -int(-left_ms // 60_000)
    if minutes < 120:
        return f"in {minutes} min"
    hours = -int(-minutes // 60)
    return f"in {hours} h" if hours < 48 else f"in {-int(-hours // 24)} d"


def age(age_ms: float | None) -> str:
    """``0 s``, ``42 s``, ``4 min``, ``2 h``, ``3 d``: whole units, rounded down."""
    if age_ms is None:
        return DASH
    seconds = max(0, int(age_ms // 1000))
    if seconds < 100:
        return f"{seconds} s"
    if seconds < 100 * 60:
        return f"{seconds // 60} min"
    hours = seconds // 3600
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def milliseconds(value: float | None) -> str:
    """A delay: ``12 ms``, ``1.4 s``."""
    if value is None:
        return DASH
    return f"{value:.0f} ms" if abs(value) < 1000 else f"{value / 1000:.1f} s"


def count(value: float) -> str:
    """``1240.4`` -> ``1,240``."""
    return f"{value:,.0f}"


def local_time(time_ms: float) -> str:
    """``12:03:11`` in the computer's zone."""
    return _local(time_ms).strftime("%H:%M:%S")


def local_moment(time_ms: float, now_ms: float) -> str:
    """``12:03:11`` today, ``Fri 20 Nov 12:03`` on another day."""
    moment = _local(time_ms)
    if moment.date() == _local(now_ms).date():
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%a %d %b %H:%M")


def utc_time(time_ms: float) -> str:
    """``11:21:48``, UTC."""
    return _utc(time_ms).strftime("%H:%M:%S")


def utc_moment(time_ms: float) -> str:
    """``2026-11-22 11:21:48 UTC``: what a tooltip says beside a local time."""
    return _utc(time_ms).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``08:30`` in a zone; None is the computer's own, here and below."""
    moment = _in_zone(time_ms, zone)
    return f"{moment.hour:02d}:{moment.minute:02d}"


def clock_seconds(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``08:30:07``."""
    return f"{clock(time_ms, zone)}:{_in_zone(time_ms, zone).second:02d}"


def milliseconds_of(time_ms: float) -> str:
    """``.742``: what stands behind the seconds."""
    return f".{int(time_ms) % 1000:03d}"


def day(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``25 Apr``."""
    moment = _in_zone(time_ms, zone)
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def month(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``Apr``."""
    return _MONTHS[_in_zone(time_ms, zone).month - 1]


def year(time_ms: float, zone: dt.tzinfo | None) -> str:
    """``2025``."""
    return str(_in_zone(time_ms, zone).year)


def bar_moment(time_ms: float, zone: dt.tzinfo | None, *, is_whole_day: bool) -> str:
    """``Fri 25 Apr \u00b7 08:30`` for a candle within a day, ``Fri 25 Apr 2025`` for a longer one."""
    date = f"{_DAYS[_in_zone(time_ms, zone).weekday()]} {day(time_ms, zone)}"
    return f"{date} {year(time_ms, zone)}" if is_whole_day else f"{date} \u00b7 {clock(time_ms, zone)}"


def zone_name(time_ms: float, zone: dt.tzinfo | None) -> str:
    """A zone by its distance at that time: ``UTC``, ``UTC+2``, ``UTC+5:30``."""
    offset = _in_zone(time_ms, zone).utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else MINUS}{hours}" + (f":{rest:02d}" if rest else "")


def bar_countdown(left_ms: float) -> str:
    """``03:12``, ``1:03:12``, ``2d 03h`` until a candle closes; ``00:00`` once it should have."""
    seconds = max(0, int(left_ms // 1000))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}h"
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute:02d}:{second:02d}"


def stretch(duration_ms: float) -> str:
    """``12 min``, ``3 h``, ``2 d``: how much is missing, rounded."""
    minutes = round(duration_ms / 60_000)
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 1440)} d"


def _in_zone(time_ms: float, zone: dt.tzinfo | None) -> dt.datetime:
    return _utc(time_ms).astimezone(zone)


def _utc(time_ms: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)


def _local(time_ms: float) -> dt.datetime:
    return _utc(time_ms).astimezone()


def _with_minus(text: str) -> str:
    return text.replace("-", MINUS)


def _three_digits(value: float) -> str:
    magnitude = abs(value)
    if magnitude < 9.995:
        return f"{value:.2f}"
    return f"{value:.1f}" if magnitude < 99.95 else f"{value:,.0f}"


def _decimals_below(value: float) -> int:
    magnitude = abs(value)
    if magnitude < 9.995:
        return 2
    return 1 if magnitude < 99.95 else 0
