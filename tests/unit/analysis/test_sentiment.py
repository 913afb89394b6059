"""Sentiment by hand: funding, open interest and price, accounts, liquidations; bad input and the mirror (E4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.analysis.layout import (
    CELLS,
    DEGENERATE,
    FRESH,
    GAP,
    MISSING,
    NONE,
    NOT_APPLICABLE,
    REASON,
    STALE,
    VALUE,
    WARMUP,
    C,
)
from virtuoso_desktop.analysis.open_interest import (
    one_sided_interest,
    quadrant,
    wilder_atr,
)
from virtuoso_desktop.analysis.positioning import (
    HOUR_MS,
    freshness,
    settled_intervals_h,
)
from virtuoso_desktop.analysis.sentiment import ACCOUNTS, FUNDING, INTEREST, LIQUIDATIONS, Sentiment, linear_twin
from virtuoso_desktop.analysis.streams import StreamDimension
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import (
    FundingRate,
    Liquidation,
    LongShortRatio,
    OpenInterest,
    PositionSide,
    Ticker,
)
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

NOW_MS = 1_699_920_000_000
"""A midnight, UTC."""
HOURS = 30 * 24
FRAMES = (Timeframe.M5, Timeframe.H1, Timeframe.H4)


def make(
    kind: str = "linear", symbol: str = "BTCUSDT", contract: str = "LinearPerpetual", interval_min: int | None = 480
) -> InstrumentState:
    identity = InstrumentId.parse(f"bybit:{kind}:{symbol}")
    instrument = Instrument(
        identity, "BTC", "USDT", "USDT", "Trading", contract, Decimal("0.1"), Decimal("0.001"), interval_min
    )
    return InstrumentState(instrument, (), FRAMES)


def tick(state: InstrumentState, age_ms: int = 1_000, **fields: float | None) -> None:
    state.ticker.apply(Ticker(state.instrument.id, True, dict(fields), NOW_MS - age_ms, 0))


def settle(state: InstrumentState, rates: Iterable[tuple[int, float]]) -> None:
    """(hours ago, rate), any order."""
    state.derivatives.funding.merge(
        FundingRate(state.instrument.id, rate, NOW_MS - hours * HOUR_MS) for hours, rate in rates
    )


def interests(state: InstrumentState, values: Iterable[tuple[int, float]]) -> None:
    state.derivatives.open_interest.merge(
        OpenInterest(state.instrument.id, value, NOW_MS - hours * HOUR_MS) for hours, value in values
    )


def candles(state: InstrumentState, timeframe: Timeframe, close_ticks: Callable[[int], float], count: int) -> None:
    """Closed candles up to now, oldest first: ``close_ticks`` of how many came after; all with a range of 100 ticks."""
    rows = np.empty((7, count))
    step_ms = timeframe.duration_ms
    for place in range(count):
        close = close_ticks(count - 1 - place)
        rows[:, place] = NOW_MS - (count - place) * step_ms, close, close + 50, close - 50, close, 1.0, close
    state.candles[timeframe].merge(rows, NOW_MS)


def read(sentiment: Sentiment, row: int, timeframe: Timeframe = Timeframe.H1, now_ms: int = NOW_MS) -> list[float]:
    out = np.full((4, CELLS), np.inf)
    assert sentiment.cells(timeframe, now_ms, out) == 1.0
    assert np.isfinite(out[:, REASON]).all()
    return out[row].tolist()


def of(state: InstrumentState, twin: InstrumentState | None = None, since_ms: int | None = None) -> Sentiment:
    return Sentiment(state, twin, liquidations_since_ms=lambda: since_ms)


def usual_funding(state: InstrumentState, rate: float = 0.0001, count: int = 100, step_h: int = 8) -> None:
    settle(state, ((step_h * place, rate) for place in range(count)))


# --- funding ---------------------------------------------------------------------------------------------------------


def test_it_is_a_stream_dimension() -> None:
    dimension: StreamDimension = of(make())
    assert dimension.warm_at_ms(Timeframe.M1) is None


def test_funding_by_hand() -> None:
    state = make()
    usual_funding(state)
    tick(state, funding_rate=0.0003, funding_interval_h=8.0)
    found = of(state).funding(NOW_MS)
    # All 90 are the same: the floor of 0.00005 is the spread. z = 0.0002 / 0.00005 = 4, c = -tanh(3 / 2).
    assert (found.rate, found.rate_8h, found.z) == (0.0003, 0.0003, pytest.approx(4.0))
    assert found.annual == pytest.approx(0.3285)
    cells = read(of(state), FUNDING)
    assert cells[C] == pytest.approx(-0.9051482536)
    assert (cells[VALUE], cells[FRESH], cells[REASON]) == (0.0003, 1.0, NONE)


def test_funding_near_the_usual_says_nothing_either_way() -> None:
    state = make()
    usual_funding(state)
    tick(state, funding_rate=0.00014, funding_interval_h=8.0)
    assert read(of(state), FUNDING)[C] == 0.0


def test_the_spread_is_the_median_distance_of_the_last_90() -> None:
    state = make()
    # The newest 90 alternate 0.0000 and 0.0004: median 0.0002, distance 0.0002; ten older ones of 0.01 are not seen.
    settle(state, [(8 * place, 0.0004 * (place % 2)) for place in range(90)])
    settle(state, [(8 * place, 0.01) for place in range(90, 100)])
    tick(state, funding_rate=0.0010, funding_interval_h=8.0)
    assert of(state).funding(NOW_MS).z == pytest.approx(0.0009 / (1.4826 * 0.0002))


def test_a_changed_funding_interval_changes_nothing() -> None:
    """8 h before, 4 h since two days: half of the rate a period is the same rate."""
    steady, changed = make(), make(interval_min=240)
    usual_funding(steady)
    tick(steady, funding_rate=0.0003, funding_interval_h=8.0)
    settle(changed, [(4 * place, 0.00005) for place in range(12)])
    settle(changed, [(48 + 8 * place, 0.0001) for place in range(80)])
    tick(changed, funding_rate=0.00015, funding_interval_h=4.0)
    before, after = of(steady).funding(NOW_MS), of(changed).funding(NOW_MS)
    # The settlement at the change was paid for the 8 hours before it.
    assert (after.rate_8h, after.annual, after.z) == pytest.approx((before.rate_8h, before.annual, before.z))
    assert read(of(changed), FUNDING)[C] == pytest.approx(read(of(steady), FUNDING)[C])


def test_the_interval_comes_from_the_list_when_the_ticker_does_not_tell_it() -> None:
    state = make(interval_min=60)
    usual_funding(state, 0.0000125, step_h=1)
    tick(state, funding_rate=0.0000125)
    assert of(state).funding(NOW_MS).rate_8h == pytest.approx(0.0001)
    unlisted = make(interval_min=None)
    usual_funding(unlisted, 0.00005, step_h=4)
    tick(unlisted, funding_rate=0.00005)
    assert of(unlisted).funding(NOW_MS).interval_h == 4.0


def test_a_missing_settlement_is_no_longer_interval() -> None:
    times = [hours * HOUR_MS for hours in (0, 8, 16, 32, 40, 44, 48, 52)]
    assert settled_intervals_h(times).tolist() == [8.0, 8.0, 8.0, 8.0, 8.0, 4.0, 4.0, 4.0]


def test_funding_ages() -> None:
    state = make()
    usual_funding(state, 0.0004)
    tick(state, age_ms=61_000, funding_rate=0.0001, funding_interval_h=8.0)
    cells = read(of(state), FUNDING)
    assert (cells[VALUE], cells[REASON]) == (0.0004, NONE), "the settled rate stands in for an old ticker"
    later = read(of(state), FUNDING, now_ms=NOW_MS + 12 * HOUR_MS)
    assert later[FRESH] == pytest.approx(0.5)
    gone = read(of(state), FUNDING, now_ms=NOW_MS + 17 * HOUR_MS)
    assert (math.isnan(gone[C]), gone[REASON]) == (True, STALE)


def test_too_few_settlements_are_a_warm_up() -> None:
    state = make()
    usual_funding(state, count=29)
    tick(state, funding_rate=0.0003, funding_interval_h=8.0)
    cells = read(of(state), FUNDING)
    assert (math.isnan(cells[C]), cells[VALUE], cells[REASON]) == (True, 0.0003, WARMUP)
    assert read(of(make()), FUNDING)[REASON] == MISSING


# --- open interest ---------------------------------------------------------------------------------------------------


def moving(change_pct: float, move_ticks: float, sides: float = 1.0) -> InstrumentState:
    """Open interest that went up and down by 1 % every hour of 30 days, then by ``change_pct`` within the last one."""
    state = make()
    interests(state, ((hours, sides * (100.0 if hours % 2 else 101.0)) for hours in range(1, HOURS)))
    base = sides * 100.0
    tick(state, age_ms=0, open_interest=base * (1 + change_pct / 100), last_price=(10_000 + move_ticks) / 10)
    candles(state, Timeframe.M5, lambda _: 10_000.0, 60)
    candles(state, Timeframe.H1, lambda _: 10_000.0, 100)
    return state


@pytest.mark.parametrize(
    ("change_pct", "move_ticks", "c"),
    [
        (3.0, 50.0, 1.0),
        (-3.0, 50.0, 0.3),
        (3.0, -50.0, -1.0),
        (-3.0, -50.0, -0.3),
        (1.0, 50.0, 0.5),
        (0.4, 50.0, 0.0),
        (3.0, 24.0, 0.0),
    ],
)
def test_the_four_quadrants_and_their_thresholds(change_pct: float, move_ticks: float, c: float) -> None:
    """Changes of +1 % and -0.990 % by turns: spread 0.995 %; ATR 100 ticks."""
    state = moving(change_pct, move_ticks)
    found = of(state).interest(Timeframe.M5, NOW_MS)
    assert found.change_pct == pytest.approx(change_pct)
    assert found.z == pytest.approx(change_pct / 0.995, rel=1e-3)
    assert found.move_atr == pytest.approx(move_ticks / 100)
    assert found.reading.c == pytest.approx(c, abs=0.01)


def test_the_window_is_an_hour_at_least_and_the_timeframe_else() -> None:
    state = moving(3.0, 50.0)
    sentiment = of(state)
    assert sentiment.interest(Timeframe.M1, NOW_MS) == sentiment.interest(Timeframe.H1, NOW_MS)
    candles(state, Timeframe.H4, lambda _: 10_000.0, 100)
    longer = sentiment.interest(Timeframe.H4, NOW_MS + 1)
    assert longer.change_pct == pytest.approx(100 * (103 / 101 - 1), rel=1e-4), "four hours ago there were 101"


def test_a_venue_that_counts_both_sides_gives_the_same_and_is_never_mixed() -> None:
    """Twice the figures, and one side beside them: the change is not the difference between the two ways to count."""
    doubled = moving(3.0, 50.0, sides=2.0)
    doubled.ticker.fields["single_open_interest"] = 103.0
    assert of(doubled).interest(Timeframe.H1, NOW_MS) == of(moving(3.0, 50.0)).interest(Timeframe.H1, NOW_MS)
    assert one_sided_interest(doubled) == 103.0
    del doubled.ticker.fields["single_open_interest"]
    assert one_sided_interest(doubled) == pytest.approx(103.0)
    doubled.ticker.fields["open_interest"] = None
    doubled.ticker.fields["single_open_interest"] = 103.0
    from_list = of(doubled).interest(Timeframe.H1, NOW_MS)
    assert from_list.change_pct == pytest.approx(-100 / 101), "the list's own last hour, not one side against two"


def test_open_interest_missing_for_a_day() -> None:
    """A hole is no change; where the window begins in it there is none, and afterwards there is again."""
    state = moving(3.0, 50.0)
    whole = list(state.derivatives.open_interest.points)
    kept = [point for point in whole if not NOW_MS - 30 * HOUR_MS < point.time_ms < NOW_MS - 6 * HOUR_MS]
    state.derivatives.open_interest.clear()
    state.derivatives.open_interest.merge(kept)
    candles(state, Timeframe.H4, lambda _: 10_000.0, 100)
    found = of(state).interest(Timeframe.H1, NOW_MS)
    assert (found.reading.reason, found.reading.c) == (NONE, pytest.approx(1.0))
    assert found.z == pytest.approx(3.0 / 0.995, rel=2e-3), "no change across the hole"
    assert of(state).interest(Timeframe.H4, NOW_MS).change_pct == pytest.approx(100 * (103 / 101 - 1)), "after the hole"
    shorter = [point for point in whole if point.time_ms < NOW_MS - 24 * HOUR_MS]
    state.derivatives.open_interest.clear()
    state.derivatives.open_interest.merge(shorter)
    assert of(state).interest(Timeframe.H1, NOW_MS).reading.reason == STALE
    state.derivatives.open_interest.merge([whole[-1]])
    assert of(state).interest(Timeframe.H4, NOW_MS).reading.reason == GAP


def test_open_interest_ages_without_a_ticker() -> None:
    state = moving(3.0, 50.0)
    state.ticker.fields.pop("open_interest")
    assert of(state).interest(Timeframe.H1, NOW_MS).reading.fresh == 1.0
    assert read(of(state), INTEREST, now_ms=NOW_MS + 100 * 60_000)[FRESH] == pytest.approx(freshness(160, 180))
    gone = read(of(state), INTEREST, now_ms=NOW_MS + 3 * HOUR_MS)
    assert (math.isnan(gone[C]), gone[REASON]) == (True, STALE)


def test_a_flat_price_is_degenerate_and_few_hours_are_a_warm_up() -> None:
    flat = moving(3.0, 0.0)
    rows = flat.candles[Timeframe.H1].columns
    rows[2:4] = rows[4]
    flat.candles[Timeframe.H1].base_version += 1
    cells = read(of(flat), INTEREST)
    assert (cells[C], cells[REASON]) == (0.0, DEGENERATE)
    young = make()
    interests(young, ((hours, 100.0) for hours in range(20)))
    tick(young, open_interest=100.0, last_price=1.0)
    cells = read(of(young), INTEREST)
    assert (math.isnan(cells[C]), cells[VALUE], cells[REASON]) == (True, 0.0, WARMUP)
    assert read(of(make()), INTEREST)[REASON] == MISSING


def test_the_range_is_that_of_wilder() -> None:
    rows = np.zeros((7, 16))
    rows[2], rows[3], rows[4] = 10.0, 0.0, 5.0
    rows[2, 15] = 38.0
    assert wilder_atr(rows[:, :15]) == 10.0
    assert wilder_atr(rows) == pytest.approx((13 * 10 + 38) / 14)
    assert math.isnan(wilder_atr(rows[:, :14]))


@given(z=st.floats(-9, 9), move=st.floats(-9, 9))
def test_the_quadrants_are_odd_in_the_price(z: float, move: float) -> None:
    assert quadrant(z, -move) == -quadrant(z, move)
    assert -1.0 <= quadrant(z, move) <= 1.0


# --- accounts --------------------------------------------------------------------------------------------------------


def ratios(state: InstrumentState, longs: Callable[[int], float], count: int = HOURS) -> None:
    state.derivatives.long_short.merge(
        LongShortRatio(state.instrument.id, longs(hours), 1.0 - longs(hours), NOW_MS - hours * HOUR_MS)
        for hours in range(count)
    )


def test_accounts_by_hand() -> None:
    state = make()
    ratios(state, lambda hours: 0.6 if hours % 2 == 0 else 0.4)
    # ln(1.5) and -ln(1.5) by turns: mean 0, spread ln(1.5), newest z = 1.
    cells = read(of(state), ACCOUNTS)
    assert cells[C] == pytest.approx(-math.tanh(0.5))
    assert cells[VALUE] == pytest.approx(1.5)
    assert (cells[FRESH], cells[REASON]) == (1.0, NONE)
    assert read(of(state), ACCOUNTS, now_ms=NOW_MS + 4 * HOUR_MS)[REASON] == STALE


def test_accounts_that_cannot_be_judged() -> None:
    state = make()
    ratios(state, lambda _: 0.6)
    assert read(of(state), ACCOUNTS)[C] == 0.0
    assert read(of(state), ACCOUNTS)[REASON] == DEGENERATE
    empty, few, one_sided = make(), make(), make()
    ratios(few, lambda _: 0.5, 100)
    ratios(one_sided, lambda _: 1.0)
    assert [read(of(each), ACCOUNTS)[REASON] for each in (empty, few, one_sided)] == [MISSING, WARMUP, MISSING]


# --- the mirror ------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.002, 0.002), min_size=91, max_size=91), st.lists(st.floats(0.1, 0.9), min_size=200))
def test_the_mirror_of_funding_and_accounts(rates: list[float], longs: list[float]) -> None:
    """Funding reflected about its neutral rate, long and short swapped: c turns its sign (E4)."""
    plain, mirror = make(), make()
    settle(plain, ((8 * place, rate) for place, rate in enumerate(rates[1:])))
    settle(mirror, ((8 * place, 0.0002 - rate) for place, rate in enumerate(rates[1:])))
    tick(plain, funding_rate=rates[0], funding_interval_h=8.0)
    tick(mirror, funding_rate=0.0002 - rates[0], funding_interval_h=8.0)
    ratios(plain, lambda hours: longs[hours], len(longs))
    ratios(mirror, lambda hours: 1.0 - longs[hours], len(longs))
    for row in (FUNDING, ACCOUNTS):
        assert read(of(plain), row)[C] == pytest.approx(-read(of(mirror), row)[C], abs=1e-9)


# --- who has what ----------------------------------------------------------------------------------------------------


def test_spot_borrows_its_linear_twin_and_says_so() -> None:
    twin, spot = moving(3.0, 50.0), make("spot", contract="", interval_min=None)
    usual_funding(twin)
    twin.ticker.fields |= {"funding_rate": 0.0003, "funding_interval_h": 8.0}
    borrowed = of(spot, twin)
    assert linear_twin(spot.instrument.id) == twin.instrument.id
    assert borrowed.source_symbol == "BTCUSDT"
    assert borrowed.source_id == twin.instrument.id
    assert of(twin).source_symbol is None
    for row in (FUNDING, INTEREST):
        assert read(borrowed, row) == read(of(twin), row)
    assert [read(of(spot), row)[REASON] for row in range(4)] == [NOT_APPLICABLE] * 4
    assert of(spot).keep() == b""


def test_a_dated_contract_has_all_but_funding() -> None:
    dated = make(symbol="BTCUSDT-26DEC25", contract="LinearFutures", interval_min=None)
    sentiment = of(dated, since_ms=NOW_MS - 1)
    sentiment.sample(NOW_MS)
    reasons = [read(sentiment, row)[REASON] for row in range(4)]
    assert reasons == [NOT_APPLICABLE, MISSING, MISSING, WARMUP]


# --- liquidations ----------------------------------------------------------------------------------------------------


def liquidate(state: InstrumentState, hours_ago: int, side: PositionSide, size: float) -> None:
    time_ms = NOW_MS - hours_ago * HOUR_MS - HOUR_MS // 2
    state.derivatives.liquidations.apply(Liquidation(state.instrument.id, side, 1.0, size, time_ms, time_ms, 0))


def watched(state: InstrumentState, days: float, since_ms: int = 0) -> Sentiment:
    """Sampled every half hour over the days before now, the stream alive all the time."""
    sentiment = of(state, since_ms=since_ms)
    start_ms = NOW_MS - round(days * DAY_MS)
    for at_ms in range(start_ms, NOW_MS + 1, HOUR_MS // 2):
        sentiment.sample(at_ms)
    return sentiment


def test_a_week_of_own_coverage_is_needed() -> None:
    state = make()
    short = Sentiment(state, liquidations_since_ms=lambda: NOW_MS - 6 * DAY_MS)
    for at_ms in range(NOW_MS - 6 * DAY_MS, NOW_MS + 1, HOUR_MS):
        short.sample(at_ms)
    assert read(short, LIQUIDATIONS)[REASON] == WARMUP
    assert short.warm_at_ms(Timeframe.M5) == NOW_MS + DAY_MS
    assert short.coverage_ms == 6 * DAY_MS


def test_a_day_of_exhaustion_by_hand() -> None:
    """One coin an hour on either side by turns for ten days, then 100: over three times the usual, and against it."""
    state = make()
    for hours in range(24, 12 * 24):
        liquidate(state, hours, PositionSide.LONG if hours % 2 else PositionSide.SHORT, 1.0)
    liquidate(state, 3, PositionSide.LONG, 90.0)
    liquidate(state, 2, PositionSide.SHORT, 10.0)
    cells = read(watched(state, 12), LIQUIDATIONS)
    assert cells[VALUE] == pytest.approx((10 - 90) / 100)
    assert cells[C] == pytest.approx(0.8), "longs gave up: the next move is more likely up"
    assert cells[REASON] == NONE


def test_a_usual_day_was_measured_and_says_nothing() -> None:
    state = make()
    for hours in range(12 * 24):
        liquidate(state, hours, PositionSide.LONG, 1.0)
    cells = read(watched(state, 12), LIQUIDATIONS)
    assert (cells[C], cells[VALUE], cells[REASON]) == (0.0, -1.0, NONE)


def test_liquidations_mirror() -> None:
    plain, mirror = make(), make()
    for state, first, second in (
        (plain, PositionSide.LONG, PositionSide.SHORT),
        (mirror, PositionSide.SHORT, PositionSide.LONG),
    ):
        for hours in range(24, 12 * 24):
            liquidate(state, hours, first, 1.0)
        liquidate(state, 3, first, 90.0)
        liquidate(state, 2, second, 30.0)
    assert read(watched(plain, 12), LIQUIDATIONS)[C] == -read(watched(mirror, 12), LIQUIDATIONS)[C] == 0.5


def test_a_silent_topic_is_measured_while_it_lives_and_missing_when_it_does_not() -> None:
    state = make()
    quiet = watched(state, 12)
    cells = read(quiet, LIQUIDATIONS)
    assert (cells[C], cells[VALUE], cells[REASON]) == (0.0, 0.0, DEGENERATE), "nobody was liquidated, and we looked"
    never = of(make())
    never.sample(NOW_MS)
    assert read(never, LIQUIDATIONS)[REASON] == MISSING
    alive: list[int | None] = [NOW_MS - DAY_MS]
    lost = Sentiment(state, liquidations_since_ms=lambda: alive[0])
    lost.sample(NOW_MS - HOUR_MS)
    alive[0] = None
    lost.sample(NOW_MS)
    assert read(lost, LIQUIDATIONS)[REASON] == STALE


def test_a_gap_is_not_coverage() -> None:
    state = make()
    since = [NOW_MS - 10 * DAY_MS]
    sentiment = Sentiment(state, liquidations_since_ms=lambda: since[0])
    for hours in range(10 * 24, 12, -1):
        sentiment.sample(NOW_MS - hours * HOUR_MS)
    before_ms = sentiment.coverage_ms
    since[0] = NOW_MS - HOUR_MS  # the stream came back an hour ago
    sentiment.sample(NOW_MS)
    assert sentiment.coverage_ms == before_ms + HOUR_MS
    assert read(sentiment, LIQUIDATIONS)[REASON] == GAP, "half of the last day is not known"


def test_hours_survive_a_restart_and_the_pause_is_no_coverage() -> None:
    state = make()
    for hours in range(36, 12 * 24):
        liquidate(state, hours, PositionSide.LONG, 1.0)
    first = of(state, since_ms=0)
    for hours in range(12 * 24, 35, -1):
        first.sample(NOW_MS - hours * HOUR_MS)
    kept = first.keep()
    again = make()
    liquidate(again, 3, PositionSide.SHORT, 100.0)
    second = of(again, since_ms=NOW_MS - 24 * HOUR_MS)
    assert second.recall(kept, 40 * DAY_MS), "no age limit"
    for hours in range(24, -1, -1):
        second.sample(NOW_MS - hours * HOUR_MS)
    assert second.coverage_ms == first.coverage_ms + DAY_MS
    cells = read(second, LIQUIDATIONS)
    assert (cells[C], cells[REASON]) == (-1.0, NONE)
    assert of(again, since_ms=0).recall(second.keep(), 0)


@pytest.mark.parametrize("kept", [b"", b"\xc1", b"\x93\x01\xa1x\x90", b"not it"])
def test_what_cannot_be_read_is_refused(kept: bytes) -> None:
    sentiment = of(make())
    assert not sentiment.recall(kept, 0)
    assert sentiment.coverage_ms == 0


def test_hours_of_another_contract_are_refused() -> None:
    other = of(make(symbol="ETHUSDT"), since_ms=0)
    other.sample(NOW_MS)
    assert not of(make()).recall(other.keep(), 0)


def test_old_hours_fall_out() -> None:
    sentiment = of(make(), since_ms=0)
    for hours in range(20 * 24, -1, -1):
        sentiment.sample(NOW_MS - hours * HOUR_MS)
    assert sentiment.coverage_ms == (14 * 24 - 1) * HOUR_MS


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30 * 60), min_size=2, max_size=8).map(sorted))
def test_ageing_never_makes_anything_fresher(minutes: list[int]) -> None:
    """Nothing comes any more: freshness only falls, and a value that is gone does not come back (E8)."""
    state = moving(3.0, 50.0)
    usual_funding(state)
    state.ticker.fields |= {"funding_rate": 0.0003, "funding_interval_h": 8.0}
    ratios(state, lambda hours: 0.6 if hours % 2 == 0 else 0.4)
    sentiment = of(state)
    before = [1.0] * 3
    for minute in minutes:
        out = np.empty((4, CELLS))
        sentiment.cells(Timeframe.H1, NOW_MS + minute * 60_000, out)
        now = [0.0 if math.isnan(out[row, C]) else float(out[row, FRESH]) for row in (FUNDING, INTEREST, ACCOUNTS)]
        assert all(later <= earlier + 1e-12 for later, earlier in zip(now, before, strict=True))
        before = now
