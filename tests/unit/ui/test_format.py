from __future__ import annotations

import datetime as dt

import pytest

from virtuoso_desktop.ui import format as text

NOON_MS = int(dt.datetime(2026, 11, 22, 12, 3, 11, tzinfo=dt.UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [(93988.4, 1, "93,988.4"), (0.0089321, 7, "0.0089321"), (1783.8, 2, "1,783.80"), (-3.0, 0, "\u22123")],
)
def test_price_has_the_instruments_decimals_and_thousands_separators(value: float, decimals: int, said: str) -> None:
    assert text.price(value, decimals) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.874, "+1.87"), (-2.859, "\u22122.86"), (0.0, "0.00"), (-0.004, "0.00"), (1234.5, "+1,234.50")],
)
def test_a_change_carries_its_sign_and_zero_none(value: float, said: str) -> None:
    assert text.signed(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (6.9e9, "6.90B"), (48_300.0, "48.3K"), (452_000.0, "452K"), (1_020_000.0, "1.02M"), (999_600.0, "1.00M"),
        (999_400.0, "999K"), (9.996, "10.0"), (12.34, "12.3"), (0.0, "0.00"), (2.5e12, "2.50T"),
        (-1500.0, "\u22121.50K"),
    ],
)  # fmt: skip
def test_compact_keeps_three_digits_and_never_four(value: float, said: str) -> None:
    assert text.compact(value) == said


@pytest.mark.parametrize(
    ("left_ms", "said"),
    [
        (16_700_000, "4h 38m"), (2_292_000, "38m 12s"), (12_900, "12s"), (999, "now"), (-5, "now"),
        (90_000_000, "1d 01h"), (60_000, "1m 00s"), (3_600_000, "1h 00m"),
    ],
)  # fmt: skip
def test_countdown(left_ms: int, said: str) -> None:
    assert text.countdown(left_ms) == said


@pytest.mark.parametrize(
    ("age_ms", "said"),
    [(0, "0 s"), (-400, "0 s"), (42_900, "42 s"), (240_000, "4 min"), (7_200_000, "2 h"), (260_000_000, "3 d")],
)
def test_age_is_whole_units_rounded_down(age_ms: int, said: str) -> None:
    assert text.age(age_ms) == said


@pytest.mark.parametrize(("value", "said"), [(0.0106, "0.01"), (9.996, "10.0"), (12.34, "12.3"), (456.7, "457")])
def test_a_wide_spread_needs_fewer_decimals(value: float, said: str) -> None:
    assert text.bps(value) == said


def test_funding_is_told_in_per_cent_with_four_decimals() -> None:
    assert text.funding(0.000042) == "+0.0042"
    assert text.funding(-0.0001) == "\u22120.0100"


def test_a_missing_value_is_an_em_dash_everywhere() -> None:
    said = {
        text.price(None, 2), text.signed(None), text.percent(None), text.compact(None), text.bps(None),
        text.signed_bps(None), text.funding(None), text.countdown(None), text.age(None), text.milliseconds(None),
    }  # fmt: skip
    assert said == {"\u2014"}


def test_the_per_cent_sign_stands_off_by_a_thin_gap() -> None:
    assert text.percent(1.874) == "+1.87\u2009%"


def test_delays_turn_to_seconds_when_long() -> None:
    assert (text.milliseconds(12.4), text.milliseconds(1440.0)) == ("12 ms", "1.4 s")


def test_local_moment_names_the_day_unless_it_is_today() -> None:
    yesterday_ms = NOON_MS - 86_400_000
    today = text.local_moment(NOON_MS, NOON_MS + 1000)
    assert today == dt.datetime.fromtimestamp(NOON_MS / 1000).astimezone().strftime("%H:%M:%S")
    assert text.local_moment(yesterday_ms, NOON_MS).startswith(("Sat 21 Nov", "Sun 22 Nov", "Fri 20 Nov"))


def test_utc_moment_says_that_it_is_utc() -> None:
    assert text.utc_moment(NOON_MS) == "2026-11-22 12:03:11 UTC"
    assert text.utc_time(NOON_MS) == "12:03:11"
