"""The order book's dimension: what has to hold for every book, and for books that cannot be judged."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from virtuoso_desktop.analysis.book_kernels import WallRules, walk_book
from virtuoso_desktop.analysis.book_measures import ImbalanceHistory
from virtuoso_desktop.analysis.layout import (
    AGE_MS,
    CELLS,
    DEGENERATE,
    FRESH,
    GAP,
    MISSING,
    NONE,
    REACH,
    REASON,
    STALE,
    VALUE,
    WARMUP,
    C,
)
from virtuoso_desktop.analysis.orderbook import OrderBookDimension
from virtuoso_desktop.analysis.streams import Floats, StreamDimension
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState, MarketStore
from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.market import Aggressor, BookDelta, BookSnapshot, Candle, Trade
from virtuoso_desktop.model.result import Reason
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe

Side = dict[int, int]
NOW_MS = 1_700_000_000_000
RULES = WallRules(least_samples=5, warm_up_ms=5_000)
ATR_TICKS = 40.0
TURNOVER = 10_000.0
CHECKED = st.integers(0, 2**32 - 1)
MID = 100_000
"""Ticks: a bucket of 2 bps has twenty prices."""


class Scene:
    """A store with one instrument whose book is told in ticks and lots, and its dimension."""

    def __init__(
        self,
        tick: str = "0.1",
        lot: str = "0.001",
        *,
        kind: str = "linear",
        turnover: float = TURNOVER,
        rules: WallRules = RULES,
        atr_ticks: float = ATR_TICKS,
        is_alive: Callable[[int], bool] = lambda _: True,
    ) -> None:
        symbol = "BTCUSD" if kind == "inverse" else "BTCUSDT"
        identity = InstrumentId.parse(f"bybit:{kind}:{symbol}")
        grids = Decimal(tick), Decimal(lot)
        self.instrument = Instrument(identity, "BTC", "USDT", "USDT", "Trading", "", *grids)
        self.store = MarketStore((ANALYSED_DEPTH,), (Timeframe.M1,))
        self.state: InstrumentState = self.store.add(self.instrument)
        self.now_ms = NOW_MS
        self._update = 100
        begin_ms = NOW_MS - NOW_MS % MINUTE_MS - 20 * MINUTE_MS
        for number in range(20):
            open_ms = begin_ms + number * MINUTE_MS
            candle = Candle(
                self.instrument.id, Timeframe.M1, open_ms, 10.0, 10.0, 10.0, 10.0, turnover, turnover, True, open_ms, 1
            )
            self.store.apply(candle)
        self.dimension = OrderBookDimension(self.state, is_alive, lambda _: atr_ticks, rules)
        self._trades = 0

    def show(self, bids: Side, asks: Side) -> None:
        """A snapshot."""
        self._update += 1
        tick, lot = float(self.instrument.tick_size), float(self.instrument.lot_step)
        sides = [[(ticks * tick, lots * lot) for ticks, lots in side.items()] for side in (bids, asks)]
        moment = self._update, self._update, self.now_ms, self.now_ms, 0
        self.store.apply(BookSnapshot(self.instrument.id, ANALYSED_DEPTH, sides[0], sides[1], *moment))

    def second(self, bids: Side, asks: Side) -> None:
        """The book of the next second, and its sample."""
        self.show(bids, asks)
        self.now_ms += 1_000
        self.dimension.sample(self.now_ms)

    def trade(self, ticks: int, lots: int, side: Aggressor, *, is_block: bool = False, is_rpi: bool = False) -> None:
        self._trades += 1
        identity, price, size = self.instrument.id, self.instrument.to_price(ticks), self.instrument.to_size(lots)
        trade_id, at_ms = f"t{self._trades}", self.now_ms
        self.store.apply(Trade(identity, trade_id, price, size, side, at_ms, None, is_block, at_ms, 0, is_rpi))

    def cells(self) -> Floats:
        out = np.empty((3, CELLS))
        assert self.dimension.cells(Timeframe.M5, self.now_ms, out) == 1.0
        return out


def book_of(seed: int, levels: int = 400, gap: int = 4, mid: int = MID) -> tuple[Side, Side]:
    """A book with levels at random distances, whose sizes spread by a factor of a few."""
    rng = np.random.default_rng(seed)

    def side(sign: int) -> Side:
        away = np.cumsum(rng.integers(1, gap + 1, levels))
        lots = np.exp(rng.normal(8.0, 0.5, levels)).astype(int) + 1
        return {int(mid + sign * step): int(size) for step, size in zip(away, lots, strict=True)}

    return side(-1), side(1)


def mirrored(bids: Side, asks: Side) -> tuple[Side, Side]:
    """Reflected about the mid price, sides swapped."""
    total = max(bids) + min(asks)
    return {total - ticks: lots for ticks, lots in asks.items()}, {total - t: lots for t, lots in bids.items()}


def with_walls(seed: int, second: int) -> tuple[Side, Side]:
    """Books of one market whose sizes move a little, with a wall from the tenth second on, and another one later."""
    rng = np.random.default_rng([seed, second])
    bids, asks = book_of(seed)
    bids = {t: max(1, int(n * rng.uniform(0.95, 1.05))) for t, n in bids.items()}
    asks = {t: max(1, int(n * rng.uniform(0.95, 1.05))) for t, n in asks.items()}
    if second >= 10:
        bids[MID - 90] = 2_000_000
    if second >= 14:
        asks[MID + 130] = 1_500_000
    return bids, asks


def same(ours: Floats, theirs: Floats, tolerance: float) -> bool:
    return np.allclose(ours, theirs, rtol=0.0, atol=tolerance, equal_nan=True)


# --- what holds for every book ----------------------------------------------------------------------------------------


def test_the_class_keeps_the_contract() -> None:
    dimension: StreamDimension = Scene().dimension
    assert dimension.warm_at_ms(Timeframe.M1) is None


@given(CHECKED)
def test_the_mirror_image_has_the_opposite_measures(seed: int) -> None:
    book = book_of(seed)
    scene, image = Scene(), Scene()
    scene.second(*book)
    image.second(*mirrored(*book))
    ours, theirs = scene.cells(), image.cells()
    assert np.array_equal(ours[[0, 2], C], -theirs[[0, 2], C])
    told, other = scene.dimension.measures(scene.now_ms), image.dimension.measures(image.now_ms)
    assert [band.imbalance for band in told.bands] == [-(band.imbalance or 0.0) for band in other.bands]
    assert told.level_imbalances == tuple(-(value or 0.0) for value in other.level_imbalances)
    assert (told.bid_reach_bps, told.ask_reach_bps) == (other.ask_reach_bps, other.bid_reach_bps)


@pytest.mark.parametrize("seed", range(6))
def test_walls_and_zones_of_the_mirror_image_are_opposite(seed: int) -> None:
    scene, image = Scene(), Scene()
    zones: list[float] = []
    for second in range(50):
        book = with_walls(seed, second)
        scene.second(*book)
        image.second(*mirrored(*book))
        ours, theirs = scene.cells(), image.cells()
        assert same(ours[:, C], -theirs[:, C], 1e-9)
        assert np.array_equal(ours[:, REASON], theirs[:, REASON])
        zones.append(float(ours[1, C]))
    assert zones[-1] != 0.0
    assert any(value > 0.0 for value in zones), "the first wall to be confirmed is a support"
    told, other = scene.dimension.measures(scene.now_ms), image.dimension.measures(image.now_ms)
    assert sum(wall.is_confirmed for wall in told.walls) >= 2
    assert [wall.size for wall in told.walls] == [wall.size for wall in reversed(other.walls)]


@settings(max_examples=20)
@given(CHECKED, st.sampled_from(["0.5", "0.00001", "10"]))
def test_another_tick_size_gives_the_same_bits(seed: int, tick: str) -> None:
    scene, other = Scene("0.1"), Scene(tick, turnover=TURNOVER * float(tick) / 0.1)
    for second in range(8):
        book = book_of(seed + second)
        scene.second(*book)
        other.second(*book)
    assert scene.cells().tobytes() == other.cells().tobytes()


@pytest.mark.parametrize("factor", [3, 1_000])
def test_larger_sizes_all_over_give_the_same_components(factor: int) -> None:
    scene, other = Scene(), Scene(turnover=TURNOVER * factor)
    for second in range(45):
        bids, asks = with_walls(1, second)
        scene.second(bids, asks)
        other.second({t: n * factor for t, n in bids.items()}, {t: n * factor for t, n in asks.items()})
    assert scene.cells()[1, C] != 0.0
    assert same(scene.cells(), other.cells(), 1e-9)


@given(CHECKED, st.integers(0, 399), st.integers(1, 10**9))
def test_more_bids_at_a_level_never_lower_an_imbalance(seed: int, level: int, more: int) -> None:
    bids, asks = book_of(seed)
    scene, other = Scene(), Scene()
    scene.second(bids, asks)
    price = sorted(bids, reverse=True)[level]
    other.second(bids | {price: bids[price] + more}, asks)
    ours, theirs = scene.dimension.measures(scene.now_ms), other.dimension.measures(other.now_ms)
    assert (theirs.weighted_imbalance or 0.0) >= (ours.weighted_imbalance or 0.0)
    assert all((b.imbalance or 0.0) >= (a.imbalance or 0.0) for a, b in zip(ours.bands, theirs.bands, strict=True))
    pairs = zip(ours.level_imbalances, theirs.level_imbalances, strict=True)
    assert all((b or 0.0) >= (a or 0.0) for a, b in pairs)
    assert other.cells()[0, C] >= scene.cells()[0, C]


@given(CHECKED, st.lists(st.floats(1.0, 1e9), min_size=2, max_size=30), st.booleans())
def test_a_larger_order_never_slips_less(seed: int, notionals: list[float], is_inverse: bool) -> None:
    bids, asks = book_of(seed, 50)
    wanted = np.array(sorted(notionals))
    mid = (max(bids) + min(asks)) / 2
    for side, reverse in ((asks, False), (bids, True)):
        ticks = np.array(sorted(side, reverse=reverse), dtype=np.int64)
        lots = np.array([side[int(t)] for t in ticks], dtype=np.int64)
        out = np.empty((wanted.size, 2))
        walk_book(ticks, lots, -0.001 if is_inverse else 0.001 * 0.1, mid, wanted, out)
        assert (np.diff(out[:, 0]) >= 0.0).all()
        assert (np.diff(out[:, 1]) <= 0.0).all()
        assert ((out[:, 1] > 0.0) & (out[:, 1] <= 1.0)).all()


@settings(max_examples=40)
@given(CHECKED, st.integers(1, 60), st.integers(1, 300))
def test_components_stay_within_their_bounds(seed: int, levels: int, gap: int) -> None:
    scene = Scene()
    for second in range(8):
        scene.second(*book_of(seed + second, levels, gap))
    cells = scene.cells()
    known = cells[~np.isnan(cells[:, C])]
    assert (np.abs(known[:, C]) <= 1.0).all()
    assert ((cells[:, FRESH] >= 0.0) & (cells[:, FRESH] <= 1.0)).all()
    assert (cells[np.isnan(cells[:, C]), REASON] != NONE).all()


# --- figures by hand --------------------------------------------------------------------------------------------------


def test_a_small_book_by_hand() -> None:
    """Mid 1000.5 ticks. Reach: bids 10.5, asks 7.5 ticks, about 75 bps: the widest band is 50 bps, 5.0025 ticks."""
    scene = Scene()
    scene.second({1000: 3_000, 996: 1_000, 990: 9_000}, {1001: 1_000, 1005: 2_000, 1008: 5_000})
    told = scene.dimension.measures(scene.now_ms)
    assert (told.best_bid, told.best_ask, told.spread_ticks) == (100.0, 100.1, 1)
    assert told.spread_bps == pytest.approx(1e4 / 1000.5)
    assert told.microprice == pytest.approx(100.075)
    assert told.bid_reach_bps == pytest.approx(1e4 * 10.5 / 1000.5)
    assert told.ask_reach_bps == pytest.approx(1e4 * 7.5 / 1000.5)
    assert [band.width_bps for band in told.bands] == pytest.approx([5.0, 12.5, 25.0, 50.0])
    # 5 bps are 0.50025 ticks: the best prices, half a tick away, are inside.
    assert [band.imbalance for band in told.bands] == pytest.approx([0.5, 0.5, 0.5, 1_000 / 7_000])
    fade = 0.50025
    bid = 3_000 * math.exp(-0.5 / fade) + 1_000 * math.exp(-4.5 / fade)
    ask = 1_000 * math.exp(-0.5 / fade) + 2_000 * math.exp(-4.5 / fade)
    assert told.weighted_imbalance == pytest.approx((bid - ask) / (bid + ask))
    assert told.level_imbalances == (0.5, None, None)
    cells = scene.cells()
    assert cells[0, C] == pytest.approx(0.6 * (bid - ask) / (bid + ask) + 0.4 * 0.5)
    assert (cells[0, VALUE], cells[2, C]) == (0.5, 0.5)


def test_both_sides_are_cut_at_the_shorter_reach() -> None:
    scene = Scene()
    bids = {MID - step: 1_000 for step in range(1, 400)}
    asks = {MID + step: 1_000 for step in range(1, 101)}
    scene.second(bids, asks)
    told = scene.dimension.measures(scene.now_ms)
    assert told.bands[-1].width_bps == pytest.approx(told.ask_reach_bps)
    assert [band.imbalance for band in told.bands] == [0.0] * 4
    assert told.weighted_imbalance == 0.0


@pytest.mark.parametrize("kind", ["linear", "inverse"])
def test_slippage_by_hand(kind: str) -> None:
    scene = Scene("0.5", "1", kind=kind)
    # 100.0 / 101.0: mid 100.5; each level holds 600 lots: 60,000 or more in quote coin, 600 dollars inverse.
    scene.second({200: 600, 190: 600}, {202: 600, 210: 600})
    rows = {(row.side, row.notional): row for row in scene.dimension.measures(scene.now_ms).slippage}
    assert len(rows) == 8
    small = rows[Aggressor.BUY, 1_000.0]
    if kind == "linear":
        assert (small.bps, small.is_lower_bound) == (pytest.approx(1e4 * (101.0 / 100.5 - 1)), False)
        large = rows[Aggressor.BUY, 100_000.0]
        average = 100_000 / (600 + (100_000 - 60_600) / 105.0)
        assert large.bps == pytest.approx(1e4 * (average / 100.5 - 1))
        whole = rows[Aggressor.BUY, 1_000_000.0]
        assert whole.is_lower_bound
        assert whole.filled_ratio == pytest.approx((60_600 + 63_000) / 1e6)
    else:
        average = 1_000 / (600 / 101.0 + 400 / 105.0)
        assert small.bps == pytest.approx(1e4 * (average / 100.5 - 1))
        assert rows[Aggressor.BUY, 10_000.0].filled_ratio == pytest.approx(0.12)
    sell = rows[Aggressor.SELL, 1_000.0]
    average = 100.0 if kind == "linear" else 1_000 / (600 / 100.0 + 400 / 95.0)
    assert sell.bps == pytest.approx(1e4 * (1 - average / 100.5))


# --- walls and pulled liquidity ---------------------------------------------------------------------------------------


def scene_with_wall(*, is_near: bool = True, **terms: float) -> tuple[Scene, Side, Side]:
    """A scene with a wall of 2,000 coins on the bids, found a second ago."""
    scene = Scene(**terms)  # type: ignore[arg-type]
    bids, asks = book_of(3)
    for _ in range(8):
        scene.second(bids, asks)
    bids = bids | {MID - (95 if is_near else 250): 2_000_000}
    scene.second(bids, asks)
    return scene, bids, asks


def test_a_wall_is_confirmed_when_it_stayed_24_of_30_seconds() -> None:
    scene, bids, asks = scene_with_wall()
    for second in range(2, 26):
        (wall,) = scene.dimension.measures(scene.now_ms).walls
        assert (wall.is_bid, wall.price) == (True, pytest.approx((MID - 95) * 0.1))
        assert wall.is_confirmed is (second > 24)
        scene.second(bids, asks)
    cells = scene.cells()
    assert (cells[1, C], cells[1, VALUE], cells[1, REASON]) == (0.5, 1.0, NONE)


def test_a_wall_that_flickers_is_not_confirmed() -> None:
    scene, bids, asks = scene_with_wall()
    gone = {ticks: lots for ticks, lots in bids.items() if ticks != MID - 95}
    for second in range(60):
        scene.second(bids if second % 3 else gone, asks)
        assert not any(wall.is_confirmed for wall in scene.dimension.measures(scene.now_ms).walls)
    assert (scene.cells()[1, C], scene.cells()[1, REASON]) == (0.0, DEGENERATE)


def test_a_wall_needs_the_worth_of_half_a_minute() -> None:
    assert scene_with_wall(turnover=1.0e9)[0].dimension.measures(NOW_MS + 9_000).walls == ()


def approach(scene: Scene, bids: Side, asks: Side, *, taken: int = 0, **kind: bool) -> None:
    """The best price comes within 10 bps of the wall at 25 bps below, the wall goes, and the price leaves again."""
    wall = MID - 250
    nearer = {t - 180: n for t, n in bids.items() if t != wall} | {wall: 2_000_000}
    lower_asks = {t - 180: n for t, n in asks.items()}
    scene.second(nearer, lower_asks)
    if taken:
        scene.trade(wall, taken, Aggressor.SELL, **kind)
    without = {t: n for t, n in nearer.items() if t != wall}
    for _ in range(3):
        scene.second(without, lower_asks)
    for _ in range(3):
        scene.second(bids, asks)


def test_what_goes_untraded_when_the_price_comes_near_was_pulled() -> None:
    scene, bids, asks = scene_with_wall(is_near=False)
    for _ in range(40):
        scene.second(bids, asks)
    (wall,) = scene.dimension.measures(scene.now_ms).walls
    assert wall.is_confirmed
    for passed, is_suspected in ((1, False), (2, True), (3, True)):
        approach(scene, bids, asks)
        (wall,) = scene.dimension.measures(scene.now_ms).walls
        assert wall.pull_ratios == (1.0,) * passed
        assert wall.is_suspected_pull is is_suspected


@pytest.mark.parametrize("kind", [{}, {"is_block": True}, {"is_rpi": True}], ids=str)
def test_only_trades_against_the_book_explain_what_is_gone(kind: dict[str, bool]) -> None:
    scene, bids, asks = scene_with_wall(is_near=False)
    for _ in range(3):
        approach(scene, bids, asks, taken=1_900_000, **kind)
    (wall,) = scene.dimension.measures(scene.now_ms).walls
    assert wall.is_suspected_pull is bool(kind)
    assert all(ratio == (1.0 if kind else pytest.approx(0.05, abs=0.02)) for ratio in wall.pull_ratios)


def test_a_suspected_wall_weighs_a_fifth() -> None:
    scene, bids, asks = scene_with_wall(is_near=False)
    for _ in range(2):
        approach(scene, bids, asks)
    asks = asks | {MID + 250: 2_000_000}
    bids = {t: n for t, n in bids.items() if t != MID - 250} | {MID - 250: 2_000_000}
    total = max(bids) + min(asks)
    for _ in range(40):
        scene.second(bids, asks)
    walls = {wall.is_bid: wall for wall in scene.dimension.measures(scene.now_ms).walls}
    assert walls[True].is_suspected_pull
    assert not walls[False].is_suspected_pull
    fade = [math.exp(-abs(price - total / 2) / (0.5 * ATR_TICKS)) for price in (MID - 250, MID + 250)]
    below = 0.2 * scene.instrument.to_lots(walls[True].size) * fade[0]
    above = scene.instrument.to_lots(walls[False].size) * fade[1]
    assert scene.cells()[1, C] == pytest.approx((below - above) / (below + above))


# --- books that cannot be judged --------------------------------------------------------------------------------------


def all_absent(scene: Scene, reason: int) -> bool:
    cells = scene.cells()
    return bool(np.isnan(cells[:, C]).all() and (cells[:, REASON] == reason).all())


def test_no_snapshot_yet() -> None:
    scene = Scene()
    scene.dimension.sample(scene.now_ms)
    assert all_absent(scene, MISSING)
    told = scene.dimension.measures(scene.now_ms)
    assert (told.reason, told.book_ms, told.slippage) == (Reason.MISSING, None, ())
    assert list(scene.dimension.slippage()) == []


@pytest.mark.parametrize(("bids", "asks"), [({}, {}), ({100: 5}, {}), ({}, {101: 5})], ids=["empty", "bids", "asks"])
def test_a_book_with_an_empty_side(bids: Side, asks: Side) -> None:
    scene = Scene()
    scene.second(bids, asks)
    assert all_absent(scene, DEGENERATE)
    assert scene.dimension.history.version == 0


@pytest.mark.parametrize("ticks", [1_000, 900_000])
def test_a_size_that_no_market_has(ticks: int) -> None:
    scene = Scene()
    bids = {1_000: 30, 999: 5} if ticks > 1_002 else {1_000: 10**21, 999: 5}
    asks = {1_002: 10} | ({ticks: 10**21} if ticks > 1_002 else {})
    scene.second(bids, asks)
    assert all_absent(scene, DEGENERATE)
    scene.second({1_000: 30}, {1_002: 10})
    assert scene.cells()[2, C] == 0.5


def test_a_crossed_book() -> None:
    scene = Scene()
    scene.second(*book_of(1))
    scene.second({102: 5}, {101: 5})
    assert all_absent(scene, GAP)
    scene.second(*book_of(1))
    assert not np.isnan(scene.cells()[0, C])


def test_a_book_with_a_gap() -> None:
    scene = Scene()
    scene.second(*book_of(1))
    delta = BookDelta(scene.instrument.id, ANALYSED_DEPTH, [], [], 900, 901, 901, scene.now_ms, None, 0)
    with pytest.raises(BookGap):
        scene.store.apply(delta)
    scene.dimension.sample(scene.now_ms + 1_000)
    assert all_absent(scene, GAP)
    assert scene.dimension.measures(scene.now_ms).reason is Reason.GAP


def test_one_level_a_side() -> None:
    scene = Scene()
    scene.second({1_000: 30}, {1_002: 10})
    cells = scene.cells()
    assert cells[2, C] == 0.5
    # The band ends at the best prices: half of it holds nothing.
    assert np.isnan(cells[0, C])
    assert cells[0, REASON] == DEGENERATE
    assert scene.dimension.measures(scene.now_ms).level_imbalances == (0.5, None, None)


def test_a_reach_of_two_bps() -> None:
    scene = Scene()
    bids, asks = ({MID - step: 100 for step in range(1, 21)}, {MID + step: 50 for step in range(1, 200)})
    for _ in range(20):
        scene.second(bids, asks)
    cells = scene.cells()
    assert cells[0, C] == pytest.approx(1 / 3)
    assert cells[2, C] == pytest.approx(1 / 3)
    assert np.isnan(cells[1, C])
    assert cells[1, REASON] == REACH
    told = scene.dimension.measures(scene.now_ms)
    assert (told.walls_reason, told.bid_reach_bps) == (Reason.REACH, pytest.approx(2.0))


def test_a_silent_link_ages_the_book_and_a_heartbeat_keeps_it() -> None:
    for is_alive in (False, True):
        scene = Scene(is_alive=lambda _, is_alive=is_alive: is_alive)
        scene.show(*book_of(1))
        begin_ms = scene.now_ms
        fresh: list[float] = []
        for age_ms in (1_000, 2_500, 3_750, 5_000):
            scene.now_ms = begin_ms + age_ms
            fresh.append(float(scene.cells()[0, FRESH]))
            assert scene.cells()[0, AGE_MS] == age_ms
        assert fresh == ([1.0] * 4 if is_alive else [1.0, 1.0, 0.5, 0.0])
        scene.now_ms = begin_ms + 5_001
        assert all_absent(scene, STALE) is not is_alive


def test_a_snapshot_between_two_samples_is_what_the_cells_tell() -> None:
    scene = Scene()
    scene.second(*book_of(1))
    before = scene.cells()[2, C]
    scene.show({900: 1}, {902: 3})
    assert scene.cells()[2, C] == -0.5 != before
    scene.dimension.sample(scene.now_ms + 1_000)
    assert scene.cells()[2, C] == -0.5


@pytest.mark.parametrize(("atr", "reason"), [(math.nan, WARMUP), (0.0, DEGENERATE)])
def test_zones_need_an_atr(atr: float, reason: int) -> None:
    scene, _, _ = scene_with_wall(atr_ticks=atr)
    cells = scene.cells()
    assert np.isnan(cells[1, C])
    assert cells[1, REASON] == reason


# --- warming up, keeping, remembering ---------------------------------------------------------------------------------


def test_walls_need_ten_minutes_and_say_how_long_it_takes() -> None:
    scene = Scene(rules=WallRules())
    book = book_of(2)
    scene.second(*book)
    first_ms = scene.now_ms
    assert scene.dimension.warm_at_ms(Timeframe.H1) == first_ms + 600_000
    assert scene.cells()[1, REASON] == WARMUP
    assert scene.dimension.keep() == b""
    for _ in range(600):
        scene.second(*book)
    assert scene.dimension.warm_at_ms(Timeframe.H1) is None
    assert (scene.cells()[1, C], scene.cells()[1, REASON]) == (0.0, DEGENERATE)


def test_what_was_kept_is_taken_up_for_a_day() -> None:
    scene, bids, asks = scene_with_wall()
    kept = scene.dimension.keep()
    again = Scene(rules=WallRules())
    assert again.dimension.recall(kept, DAY_MS - 1)
    plain = {ticks: lots for ticks, lots in bids.items() if ticks != MID - 95}
    again.second(plain, asks)
    assert again.cells()[1, REASON] == DEGENERATE, "warm, and no wall"
    assert again.dimension.warm_at_ms(Timeframe.M1) is None
    assert again.dimension.keep() != b""


def test_what_was_kept_for_too_long_or_of_another_grid_is_not() -> None:
    kept = scene_with_wall()[0].dimension.keep()
    fresh = Scene(rules=WallRules())
    assert not fresh.dimension.recall(kept, DAY_MS)
    assert not fresh.dimension.recall(kept, -1)
    assert not Scene("0.5").dimension.recall(kept, 0)
    assert not Scene("0.1", "0.01").dimension.recall(kept, 0)


@given(st.binary(max_size=40))
@example(b"\xdd\x00\x00\x00\x05\x00\xa1\x80")
def test_what_cannot_be_read_is_not_taken_up(kept: bytes) -> None:
    scene = Scene(rules=WallRules())
    assert not scene.dimension.recall(kept, 0)


def test_the_imbalance_of_an_hour_by_second_and_of_a_day_by_minute() -> None:
    history = ImbalanceHistory()
    assert history.seconds().at_ms.size == history.minutes().at_ms.size == 0
    begin_ms = NOW_MS - NOW_MS % MINUTE_MS
    for second in range(4_000):
        if second != 3_990:
            history.add(begin_ms + second * 1_000, (second % 60) / 100, -0.5)
    seconds, minutes = history.seconds(), history.minutes()
    assert seconds.at_ms.size == 3_599
    assert (np.diff(seconds.at_ms) > 0).all()
    assert (int(seconds.at_ms[0]), int(seconds.at_ms[-1])) == (begin_ms + 400_000, begin_ms + 3_999_000)
    assert minutes.at_ms.size == 67
    assert minutes.depth[0] == pytest.approx(0.295)
    assert (minutes.microprice == -0.5).all()
    for minute in range(3_000):
        history.add(begin_ms + 10_000_000 + minute * MINUTE_MS, 0.0, 0.0)
    assert history.minutes().at_ms.size == 1_440
