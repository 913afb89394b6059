"""Times as the chart writes them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from virtuoso_desktop.ui import format as text

BERLIN, KOLKATA, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
FRIDAY_MS = dt.datetime(2025, 4, 25, 6, 30, 7, tzinfo=dt.UTC).timestamp() * 1000


def test_a_moment_in_its_zone() -> None:
    assert text.clock(FRIDAY_MS, BERLIN) == "08:30"
    assert text.clock_seconds(FRIDAY_MS, dt.UTC) == "06:30:07"
    assert (text.day(FRIDAY_MS, BERLIN), text.month(FRIDAY_MS, BERLIN), text.year(FRIDAY_MS, BERLIN)) == (
        "25 Apr",
        "Apr",
        "2025",
    )
    assert text.bar_moment(FRIDAY_MS, BERLIN, is_whole_day=False) == "Fri 25 Apr \u00b7 08:30"
    assert text.bar_moment(FRIDAY_MS, dt.UTC, is_whole_day=True) == "Fri 25 Apr 2025"
    assert text.day(FRIDAY_MS - 7 * 3_600_000, NEW_YORK) == "24 Apr"


@pytest.mark.parametrize(
    ("zone", "name"), [(dt.UTC, "UTC"), (BERLIN, "UTC+2"), (KOLKATA, "UTC+5:30"), (NEW_YORK, "UTC\u22124")]
)
def test_zones_are_named_by_their_distance(zone: dt.tzinfo, name: str) -> None:
    assert text.zone_name(FRIDAY_MS, zone) == name


def test_the_zone_follows_summer_time() -> None:
    assert text.zone_name(FRIDAY_MS - 90 * 86_400_000, BERLIN) == "UTC+1"


@pytest.mark.parametrize(
    ("left_s", "words"),
    [(192, "03:12"), (3600, "1:00:00"), (3599.9, "59:59"), (0, "00:00"), (-5, "00:00"), (97 * 3600, "4d 01h")],
)
def test_the_countdown_of_a_candle(left_s: float, words: str) -> None:
    assert text.bar_countdown(left_s * 1000) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 min"), (119, "119 min"), (180, "3 h"), (47 * 60, "47 h"), (3 * 1440, "3 d")]
)
def test_how_much_is_missing(minutes: int, words: str) -> None:
    assert text.stretch(minutes * 60_000) == words
