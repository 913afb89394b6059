"""Order flow as a dimension: invariance, warm-up, and what it says when something is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.flow_market import BEGIN_MS, Fill, Forced, Step, Watched, events_of, instrument, market, mirrored
from virtuoso_desktop.analysis import layout
from virtuoso_desktop.analysis.flow_scale import FlowScale
from virtuoso_desktop.analysis.layout import AGE_MS, CELLS, FRESH, QUALITY, REASON, VALUE, C
from virtuoso_desktop.analysis.orderflow import (
    IMBALANCE,
    LARGE_TRADES,
    LIQUIDATIONS,
    PRESSURE,
    SILENCE_MS,
    OrderFlowDimension,
)
from virtuoso_desktop.analysis.streams import window_s
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.result import COMPONENTS, DimensionName
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe

Cells = NDArray[np.float64]
SECONDS = 700
END_MS = BEGIN_MS + SECONDS * 1_000
STEPS = market(5, SECONDS)


def cells(watched: Watched, timeframe: Timeframe = Timeframe.M5, now_ms: int = END_MS) -> tuple[Cells, float]:
    out = np.empty((4, CELLS))
    sample = watched.dimension.cells(timeframe, now_ms, out)
    return out, sample


def run(steps: list[Step], subject: Instrument, *, skips: bool = False) -> Watched:
    watched = Watched(subject)
    watched.take(events_of(steps, subject), skips=skips)
    watched.reach(END_MS, skips=skips)
    return watched


@pytest.fixture(scope="module")
def usual() -> Watched:
    return run(STEPS, instrument())


def without(steps: list[Step], kind: type) -> list[Step]:
    return [step for step in steps if not isinstance(step, kind)]


def test_the_rows_are_the_components() -> None:
    names = COMPONENTS[DimensionName.ORDERFLOW]
    assert names[PRESSURE] == "buy_sell_pressure"
    assert names[IMBALANCE] == "order_imbalance"
    assert names[LARGE_TRADES] == "large_trades"
    assert names[LIQUIDATIONS] == "liquidations"


# --- what the figures are ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("timeframe", ANALYSED_TIMEFRAMES)
def test_the_figures_by_hand(usual: Watched, timeframe: Timeframe) -> None:
    """Taken anew from the steps themselves; the scales from a plain loop over all seconds."""
    length_s = window_s(timeframe)
    out, sample = cells(usual, timeframe)
    fills = [step for step in STEPS if isinstance(step, Fill)]

    def pressure(second: int) -> float:
        inside = [f for f in fills if second - length_s <= f.time_ms // 1_000 < second]
        bought = sum(f.lots for f in inside if f.is_buy)
        return (2 * bought - sum(f.lots for f in inside)) / sum(f.lots for f in inside)

    end_s = END_MS // 1_000
    known_s = min(BEGIN_MS // 1_000 + 1, fills[0].time_ms // 1_000)
    inside = [f for f in fills if end_s - length_s <= f.time_ms // 1_000 < end_s]
    assert len(inside) >= 5
    assert out[PRESSURE, VALUE] == pressure(end_s)
    assert sample == len(inside) / (len(inside) + 30)
    figures = [
        (second, pressure(second))
        for second in range(known_s + length_s, end_s + 1)
        if _enough(fills, second, length_s)
    ]
    weights = [2 ** ((second - end_s) / 3_600) for second, _ in figures]
    rms = math.sqrt(sum(w * x * x for w, (_, x) in zip(weights, figures, strict=True)) / sum(weights))
    forced = [f for f in STEPS if isinstance(f, Forced) and end_s - length_s <= f.time_ms // 1_000 < end_s]
    lots = sum(-f.lots if f.is_long else f.lots for f in forced)
    assert out[LIQUIDATIONS, VALUE] == lots / sum(f.lots for f in inside)
    assert out[LIQUIDATIONS, C] == pytest.approx(math.tanh(out[LIQUIDATIONS, VALUE] / 0.02))
    assert out[LARGE_TRADES, C] == pytest.approx(math.tanh(out[LARGE_TRADES, VALUE] / 0.1))
    if length_s <= 50:
        assert out[PRESSURE, C] == pytest.approx(math.tanh(out[PRESSURE, VALUE] / (1.5 * rms)), rel=1e-9)
        assert out[:, REASON].tolist() == [0, 0, 0, 0]
        assert np.abs(out[:, C]).max() <= 1.0
    assert out[:, QUALITY].tolist() == [1, 1, 1, 1]
    assert out[PRESSURE, AGE_MS] == END_MS - fills[-1].time_ms


def _enough(fills: list[Fill], second: int, length_s: int) -> bool:
    return sum(1 for f in fills if second - length_s <= f.time_ms // 1_000 < second) >= 5


def test_a_scale_is_the_fading_root_mean_square() -> None:
    scale = FlowScale()
    for second, figure in ((0, 3.0), (1, -4.0), (3_601, 2.0)):
        scale.add(figure, second)
    weights = (2 ** (-3_601 / 3_600), 0.5, 1.0)
    expected = sum(w * x * x for w, x in zip(weights, (3.0, 4.0, 2.0), strict=True)) / sum(weights)
    assert scale.rms == pytest.approx(math.sqrt(expected), rel=1e-12)


# --- invariance --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mirrored_market_has_the_opposite_flow(seed: int) -> None:
    steps, subject = market(seed, SECONDS), instrument()
    one, other = run(steps, subject), run(mirrored(steps), subject)
    for timeframe in ANALYSED_TIMEFRAMES:
        (here, sample), (there, mirror_sample) = cells(one, timeframe), cells(other, timeframe)
        np.testing.assert_array_equal(there[:, C], -here[:, C])
        np.testing.assert_array_equal(there[:, VALUE], -here[:, VALUE])
        np.testing.assert_array_equal(there[:, QUALITY:], here[:, QUALITY:])
        assert sample == mirror_sample
    assert not np.isnan(cells(one, Timeframe.M1)[0][:, C]).any()


@pytest.mark.parametrize("grid", [("0.0001", "0.25"), ("50", "0.25"), ("0.5", "0.001"), ("0.01", "100")])
def test_other_grids_change_no_score(usual: Watched, grid: tuple[str, str]) -> None:
    other = run(STEPS, instrument(*grid))
    for timeframe in ANALYSED_TIMEFRAMES:
        np.testing.assert_array_equal(cells(other, timeframe)[0][:, C], cells(usual, timeframe)[0][:, C])


def test_the_imbalance_is_told_in_coins(usual: Watched) -> None:
    assert usual.state.flow is not None
    end_s = END_MS // 1_000
    lots = usual.state.flow.quotes.imbalance(end_s - 50, end_s)
    assert cells(usual)[0][IMBALANCE, VALUE] == lots * 0.25
    inverse = run(STEPS, instrument("0.5", "1", quote="USD", kind=MarketKind.INVERSE))
    book = inverse.state.books[50]
    middle = (book.best_bid + book.best_ask) / 2 * 0.5
    assert cells(inverse)[0][IMBALANCE, VALUE] == lots / middle


def test_seconds_that_are_sampled_late_change_nothing(usual: Watched) -> None:
    """However the seconds without an event are visited, the same events give the same bytes."""
    skipping = run(STEPS, instrument(), skips=True)
    for timeframe in ANALYSED_TIMEFRAMES:
        assert cells(skipping, timeframe)[0].tobytes() == cells(usual, timeframe)[0].tobytes()
    assert skipping.dimension.keep() == usual.dimension.keep()


def test_reading_changes_nothing(usual: Watched) -> None:
    subject = instrument()
    read = Watched(subject)
    for number, event in enumerate(events_of(STEPS, subject)):
        read.take([event])
        if number % 3 == 0:
            cells(read, Timeframe.M1, read.second * 1_000 + 400)
    read.reach(END_MS)
    assert cells(read)[0].tobytes() == cells(usual)[0].tobytes()


# --- warm-up -----------------------------------------------------------------------------------------------------


def test_scales_are_known_after_ten_minutes_and_the_time_is_told() -> None:
    subject, timeframe = instrument(), Timeframe.M5
    watched = Watched(subject)
    told: list[int] = []
    for event in events_of(market(8, 900), subject):
        watched.take([event])
        warm_ms = watched.dimension.warm_at_ms(timeframe)
        out, _ = cells(watched, timeframe, watched.second * 1_000)
        is_warm = not np.isnan(out[:3, C]).any()
        if is_warm:
            assert warm_ms is None
            break
        if warm_ms is not None:
            told.append(warm_ms)
            warming = out[:3, REASON][np.isnan(out[:3, C])].tolist()
            assert set(warming) == {layout.WARMUP}
    now_ms = watched.second * 1_000
    assert BEGIN_MS + 600_000 <= now_ms <= BEGIN_MS + 660_000
    assert now_ms - 2_000 <= told[-1] <= now_ms + 1_000, "at the end the time that was told is right"
    assert abs(told[200] - told[-1]) < 120_000


def test_kept_scales_are_known_at_once(usual: Watched) -> None:
    kept = usual.dimension.keep()
    steps = market(9, 70)
    fresh, again = (Watched(instrument()) for _ in range(2))
    assert again.dimension.recall(kept, 86_399_000)
    for watched in (fresh, again):
        watched.take(events_of(steps, instrument()))
        watched.reach(BEGIN_MS + 70_000)
    now_ms = BEGIN_MS + 70_000
    cold, warm = (cells(watched, Timeframe.M5, now_ms)[0] for watched in (fresh, again))
    assert cold[:3, REASON].tolist() == [layout.WARMUP] * 3
    assert np.isnan(cold[:3, C]).all()
    assert not np.isnan(warm[:3, C]).any()
    np.testing.assert_array_equal(warm[:2, VALUE], cold[:2, VALUE])
    assert again.dimension.warm_at_ms(Timeframe.M5) is None
    hour = cells(again, Timeframe.H1, now_ms)[0]
    assert hour[PRESSURE, REASON] == layout.WARMUP, "a window of 300 s is not full after 70"


@pytest.mark.parametrize("kept", [b"", b"{}", b"\xff\xfe", b'{"lot_step":1}', b"null"])
def test_what_is_not_readable_is_not_recalled(kept: bytes) -> None:
    assert not Watched(instrument()).dimension.recall(kept, 1_000)


def test_old_scales_and_those_of_another_grid_are_not_recalled(usual: Watched) -> None:
    kept = usual.dimension.keep()
    assert not Watched(instrument()).dimension.recall(kept, 86_400_000)
    assert not Watched(instrument()).dimension.recall(kept, -1)
    assert not Watched(instrument(lot="0.5")).dimension.recall(kept, 1_000)
    assert not Watched(instrument()).dimension.recall(kept.replace(b'"5m":[', b'"5m":[-'), 1_000)
    assert Watched(instrument()).dimension.recall(kept, 1_000)


# --- what is missing ---------------------------------------------------------------------------------------------


def test_what_never_was_there_is_missing_and_what_died_is_stale() -> None:
    watched = Watched(instrument())
    watched.live.trades = watched.live.book = watched.live.liquidations = False
    watched.reach(END_MS)
    out, sample = cells(watched)
    assert out[:, REASON].tolist() == [layout.MISSING] * 4
    assert np.isnan(out[:, [C, VALUE, AGE_MS]]).all()
    assert sample == 0.0
    usual = run(STEPS, instrument())
    usual.live.trades = usual.live.book = usual.live.liquidations = False
    out, _ = cells(usual)
    assert out[:, REASON].tolist() == [layout.STALE] * 4
    assert np.isnan(out[:, C]).all()
    assert not np.isnan(out[:, AGE_MS]).any()


def test_no_liquidation_is_zero_only_while_the_topic_is_alive() -> None:
    steps = without(STEPS, Forced)
    watched = run(steps, instrument())
    assert cells(watched)[0][LIQUIDATIONS, [C, VALUE, REASON]].tolist() == [0.0, 0.0, layout.NONE]
    watched.live.liquidations = False
    watched.reach(END_MS + 1_000)
    assert cells(watched, now_ms=END_MS + 1_000)[0][LIQUIDATIONS, REASON] == layout.MISSING
    watched.live.liquidations = True
    for second in range(2, 70):
        watched.reach(END_MS + second * 1_000)
        reason = cells(watched, now_ms=END_MS + second * 1_000)[0][LIQUIDATIONS, REASON]
        assert reason == (layout.WARMUP if second < 52 else layout.NONE)


def test_spot_has_no_liquidations() -> None:
    out, _ = cells(run(without(STEPS, Forced), instrument(kind=MarketKind.SPOT)))
    assert out[LIQUIDATIONS, REASON] == layout.NOT_APPLICABLE
    assert not np.isnan(out[PRESSURE, C])


def test_an_invalid_or_silent_book_takes_the_imbalance_away_at_once() -> None:
    watched = run(STEPS, instrument())
    watched.state.books[50].invalidate("the link is lost")
    out, _ = cells(watched)
    assert out[IMBALANCE, REASON] == layout.STALE
    assert np.isnan(out[IMBALANCE, [C, VALUE]]).all()
    assert not np.isnan(out[PRESSURE, C])


def candle(at_ms: int, volume: float, subject: Instrument) -> Candle:
    open_ms = at_ms - at_ms % 60_000
    return Candle(subject.id, Timeframe.M1, open_ms, 1.0, 1.0, 1.0, 1.0, volume, 1.0, False, at_ms, 0)


def test_a_quiet_market_is_fresh_and_one_whose_volume_grows_without_trades_is_dead() -> None:
    subject = instrument()
    for grows in (False, True):
        watched = run(STEPS, subject)
        watched.store.apply(candle(END_MS, 5.0, subject))
        found: list[tuple[float, float]] = []
        for second in range(1, 61):
            now_ms = END_MS + second * 1_000
            watched.reach(now_ms)
            volume = 5.0 + second if grows else 5.0 if now_ms // 60_000 == END_MS // 60_000 else 0.0
            watched.store.apply(candle(now_ms, volume, subject))
            out, _ = cells(watched, Timeframe.H1, now_ms)
            found.append((out[PRESSURE, FRESH], out[PRESSURE, REASON]))
        fresh = [each for each, _ in found]
        if grows:
            assert fresh == sorted(fresh, reverse=True)
            assert 0.0 < fresh[30] < 1.0
            assert found[-1] == (0.0, layout.STALE)
        else:
            assert set(fresh) == {1.0}


def test_a_trade_a_minute_still_scores_and_none_for_an_hour_says_so() -> None:
    subject = instrument()
    watched = Watched(subject)
    steps: list[Step] = [STEPS[0]]
    steps += [Fill(BEGIN_MS + minute * 60_000 + 700, 20_000, 4, minute % 3 > 0, minute) for minute in range(150)]
    watched.take(events_of(steps, subject))
    now_ms = BEGIN_MS + 150 * 60_000
    watched.reach(now_ms)
    out, sample = cells(watched, Timeframe.H1, now_ms)
    assert out[PRESSURE, REASON] == layout.NONE
    assert out[PRESSURE, VALUE] == 3 / 5, "the window grew until it held five, of which four bought"
    assert 0 < out[PRESSURE, C] < 1
    assert out[PRESSURE, FRESH] == 1.0
    assert sample == 5 / 35
    short, _ = cells(watched, Timeframe.M1, now_ms)
    assert short[PRESSURE, REASON] == layout.MISSING, "one trade in the whole candle"
    watched.reach(now_ms + 3_600_000)
    out, sample = cells(watched, Timeframe.H4, now_ms + 3_600_000)
    assert (out[PRESSURE, REASON], out[PRESSURE, FRESH], sample) == (layout.MISSING, 1.0, 0.0)
    assert out[PRESSURE, AGE_MS] > 3_600_000 - 1_000 > SILENCE_MS


def test_a_store_without_flow_has_no_dimension() -> None:
    store = MarketStore((50,), (), has_flow=False)
    with pytest.raises(ValueError, match="not kept"):
        OrderFlowDimension(store.add(instrument()), Watched(instrument()).live)
