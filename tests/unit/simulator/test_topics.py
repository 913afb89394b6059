from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.fake_market import BTC, SPOT_BTC, T0_MS, FakeMarket
from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS
from virtuoso_desktop.simulator import pace
from virtuoso_desktop.simulator.encode import INTERVALS, Texts
from virtuoso_desktop.simulator.topics import MOST_TRADES_PER_MESSAGE, Subject, Topic, make_topic, tick_direction

NOW_MS = T0_MS + DAY_MS + 7_777


def subject(instrument: Instrument = BTC, rate: float = 1.0) -> Subject:
    twin = BTC if instrument is SPOT_BTC else None
    return Subject(FakeMarket(), instrument, Texts(instrument), twin, pace.LARGE, rate)


def primed(kind: str, instrument: Instrument = BTC, now_ms: int = NOW_MS) -> Topic:
    topic = make_topic(kind, subject(instrument))
    topic.prime(now_ms)
    return topic


def decoded(frames: list[bytes]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(frame) for frame in frames]


def run(topic: Topic, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
    """All frames between two times, pushed when due."""
    frames: list[bytes] = []
    now_ms = start_ms
    while now_ms <= end_ms:
        frames += topic.advance(now_ms)
        due_ms = topic.due_ms(now_ms)
        assert due_ms > now_ms
        now_ms = due_ms
    return decoded(frames)


@pytest.mark.parametrize("depth", [50, 200, 1000])
def test_deltas_on_the_snapshot_rebuild_the_markets_book(depth: int) -> None:
    topic = primed(f"orderbook.{depth}")
    snapshot = msgspec.json.decode(topic.snapshot(NOW_MS) or b"")
    sides = {side: dict(snapshot["data"][side]) for side in ("b", "a")}
    assert len(sides["b"]) == len(sides["a"]) == depth
    update_id, sequence = snapshot["data"]["u"], snapshot["data"]["seq"]
    frames = run(topic, NOW_MS + 1, NOW_MS + 20_000)
    assert len(frames) > 50
    for frame in frames:
        assert frame["type"] == "delta"
        data = frame["data"]
        assert data["u"] == update_id + 1
        assert data["seq"] > sequence
        update_id, sequence = data["u"], data["seq"]
        assert data["b"] or data["a"]
        for side in ("b", "a"):
            for price, size in data[side]:
                assert sides[side].get(price) != size
                if size == "0":
                    del sides[side][price]
                else:
                    sides[side][price] = size
    book, texts = FakeMarket().book(BTC.id, depth, frames[-1]["cts"]), Texts(BTC)
    assert sides["b"] == dict(texts.levels(book.bids))
    assert sides["a"] == dict(texts.levels(book.asks))


def test_level_1_sends_snapshots_and_repeats_the_same_update_after_3_s() -> None:
    class Still(FakeMarket):
        def book(self, *arguments: Any) -> Any:
            return FakeMarket.book(self, arguments[0], arguments[1], NOW_MS)

    topic = make_topic("orderbook.1", subject()._replace(market=Still()))
    topic.prime(NOW_MS)
    first = msgspec.json.decode(topic.snapshot(NOW_MS) or b"")
    frames = run(topic, NOW_MS + 1, NOW_MS + 10_000)
    assert [frame["type"] for frame in frames] == ["snapshot"] * 3
    assert {frame["data"]["u"] for frame in frames} == {first["data"]["u"]}
    assert all(later["ts"] - sooner["ts"] >= 3_000 for sooner, later in pairwise(frames))
    moving = run(primed("orderbook.1"), NOW_MS + 1, NOW_MS + 2_000)
    assert {frame["type"] for frame in moving} == {"snapshot"}
    updates = [frame["data"]["u"] for frame in moving]
    assert updates == list(range(updates[0], updates[0] + len(updates)))


def test_update_ids_of_a_later_run_are_above_all_earlier_ones() -> None:
    for kind in ("orderbook.1", "orderbook.50", "orderbook.1000"):
        last = run(primed(kind), NOW_MS + 1, NOW_MS + 5_000)[-1]["data"]["u"]
        again = primed(kind, now_ms=NOW_MS + 5_200)
        assert msgspec.json.decode(again.snapshot(NOW_MS + 5_200) or b"")["data"]["u"] > last


@pytest.mark.parametrize("instrument", [BTC, SPOT_BTC])
def test_every_trade_is_sent_once_at_its_time(instrument: Instrument) -> None:
    frames = run(primed("publicTrade", instrument), NOW_MS + 1, NOW_MS + 30_000)
    sent = [item for frame in frames for item in frame["data"]]
    real = FakeMarket().trades(instrument.id, NOW_MS, NOW_MS + 30_000)
    assert [item["T"] for item in sent] == [trade.time_ms for trade in real]
    assert len({item["i"] for item in sent}) == len(real)
    assert all(0 <= frame["ts"] - item["T"] <= 40 for frame in frames for item in frame["data"])


def test_a_burst_of_trades_is_cut_into_messages_of_1024() -> None:
    topic = primed("publicTrade")
    frames = decoded(topic.advance(NOW_MS + 2_500_000))
    assert [len(frame["data"]) for frame in frames] == [MOST_TRADES_PER_MESSAGE, MOST_TRADES_PER_MESSAGE, 452]


def test_tick_directions() -> None:
    words: list[str] = []
    word, last = "ZeroPlusTick", None
    for ticks in (5, 6, 6, 5, 5, 4, 7):
        word = tick_direction(word, last, ticks)
        words.append(word)
        last = ticks
    zero, plus, minus = "ZeroPlusTick", "PlusTick", "MinusTick"
    assert words == [zero, plus, zero, minus, "ZeroMinusTick", minus, plus]


def test_ticker_deltas_carry_only_what_changed_and_add_up() -> None:
    topic = primed("tickers")
    merged = msgspec.json.decode(topic.snapshot(NOW_MS) or b"")["data"]
    frames = run(topic, NOW_MS + 1, NOW_MS + 10_000)
    for frame in frames:
        assert frame["type"] == "delta"
        changed = {key: value for key, value in frame["data"].items() if key != "symbol"}
        assert changed
        assert all(merged[key] != value for key, value in changed.items())
        merged |= changed
    full = msgspec.json.decode(topic.snapshot(NOW_MS + 10_000) or b"")["data"]
    assert merged == full
    assert all(isinstance(value, str) for value in full.values())
    assert Decimal(full["singleOpenInterest"]) * 2 == Decimal(full["openInterest"])


def test_spot_tickers_are_snapshots_without_bid_and_ask() -> None:
    frames = run(primed("tickers", SPOT_BTC), NOW_MS + 1, NOW_MS + 5_000)
    assert {frame["type"] for frame in frames} == {"snapshot"}
    keys = "symbol lastPrice highPrice24h lowPrice24h prevPrice24h volume24h turnover24h price24hPcnt usdIndexPrice"
    assert set(frames[0]["data"]) == set(keys.split())
    assert frames[0]["data"]["usdIndexPrice"].startswith("650")


def test_a_candle_closes_once_within_a_second_and_the_next_follows() -> None:
    start_ms = T0_MS + DAY_MS + 30_000
    frames = run(primed("kline.1", now_ms=start_ms), start_ms, start_ms + 3 * MINUTE_MS)
    rows = [frame["data"][0] for frame in frames]
    closed = [row for row in rows if row["confirm"]]
    assert [row["start"] for row in closed] == [T0_MS + DAY_MS + at * MINUTE_MS for at in range(3)]
    assert all(0 <= row["timestamp"] - row["end"] - 1 < 1_000 for row in closed)
    starts = [row["start"] for row in rows]
    assert starts == sorted(starts)
    for row in closed:
        candle = FakeMarket().candles(BTC.id, INTERVALS["1"], row["start"], row["start"], NOW_MS + DAY_MS)[0]
        assert (row["volume"], row["turnover"]) == (candle.volume, candle.turnover)
    gaps = [later["timestamp"] - sooner["timestamp"] for sooner, later in pairwise(rows)]
    assert max(gaps) <= 2_000


def test_a_late_kline_topic_confirms_every_candle_in_between() -> None:
    start_ms = T0_MS + DAY_MS
    topic = primed("kline.1", now_ms=start_ms + 500)
    rows = [frame["data"][0] for frame in decoded(topic.advance(start_ms + 5 * MINUTE_MS + 1_000))]
    assert [(row["start"], row["confirm"]) for row in rows] == [(start_ms + at * MINUTE_MS, at < 5) for at in range(6)]


@pytest.mark.parametrize("interval", list(INTERVALS))
def test_every_interval_has_integer_times_and_its_own_end(interval: str) -> None:
    row = decoded(primed(f"kline.{interval}").advance(NOW_MS))[0]["data"][0]
    assert row["interval"] == interval
    assert row["start"] <= NOW_MS <= row["end"]
    assert row["end"] + 1 == INTERVALS[interval].close_ms(row["start"])


def test_a_fast_clock_does_not_push_more_often() -> None:
    slow, fast = subject(), subject(rate=60.0)
    for kind in ("orderbook.50", "orderbook.1000", "tickers", "publicTrade", "kline.5"):
        assert make_topic(kind, fast).period_ms / 60 >= make_topic(kind, slow).period_ms * 0.6
    assert make_topic("orderbook.50", fast).period_ms == 60 * 30
    assert make_topic("publicTrade", fast).period_ms == 60 * 100
    assert make_topic("orderbook.50", subject(rate=0.5)).period_ms == 50


def test_paces_rank_by_turnover_within_a_kind() -> None:
    paces = pace.paces(FakeMarket(), NOW_MS)
    assert set(paces) == {instrument.id for instrument in FakeMarket().instruments}
    assert paces[SPOT_BTC.id] == pace.LARGE


def test_liquidations_come_once_in_batches_of_half_a_second() -> None:
    topic = primed("allLiquidation")
    assert topic.snapshot(NOW_MS) is None
    assert topic.advance(NOW_MS) == []
    assert 0 < topic.due_ms(NOW_MS) - NOW_MS <= 500
    frames = run(topic, NOW_MS, NOW_MS + 60_000)
    items = [item for frame in frames for item in frame["data"]]
    expected = FakeMarket().liquidations(BTC.id, NOW_MS, frames[-1]["ts"])
    assert [item["T"] for item in items] == [one.time_ms for one in expected]
    assert len(items) >= 19
    assert {item["S"] for item in items} == {"Buy"}
    assert items[0] | {"T": 0} == {"T": 0, "s": "BTCUSDT", "S": "Buy", "v": "0.002", "p": items[0]["p"]}
    assert all(0 <= frame["ts"] - item["T"] <= 500 for frame in frames for item in frame["data"])
    assert len({frame["ts"] % 500 for frame in frames}) == 1
