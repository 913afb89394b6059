"""The benchmarks' own tools at tiny sizes, so that they cannot rot; nothing here is timed."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import load_frames
from tests.benchmarks.__main__ import BENCHMARKS
from tests.benchmarks.bybit_mix import BOOK, KINDS, KLINE, TICKER, TRADE, bybit_mix
from tests.benchmarks.load import Venue
from tests.benchmarks.load_frames import Minute, Stamp, largest, take_minute
from tests.benchmarks.measure import Local, Rounds, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.parse_apply import Ours, Reader, Yardstick
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.market import BookSnapshot
from virtuoso_desktop.simulator.synthetic import SyntheticMarket

BEGIN_MS = 1_780_000_020_000
"""Begin of a minute."""


def changes(frame: bytes) -> tuple[list[list[str]], list[list[str]]]:
    data = json.loads(frame)["data"]
    return data["b"], data["a"]


def payload(frame: bytes | bytearray) -> bytes:
    """What a frame of the load carries."""
    return bytes(frame[4 if frame[1] == 126 else 2 :])


# --- the mix -----------------------------------------------------------------------------------------------------


def test_mix_is_the_same_every_time_and_in_the_named_shares() -> None:
    mix = bybit_mix(2_000)
    assert mix.frames == bybit_mix(2_000).frames
    shares = [count / 2_000 for count in mix.counts().values()]
    assert shares == pytest.approx([0.64, 0.20, 0.12, 0.04], abs=0.03)


def test_mix_holds_as_many_levels_keys_and_trades_as_it_says() -> None:
    mix = bybit_mix(1_000)
    levels, keys, trades = Counter[int](), Counter[int](), Counter[int]()
    for kind, frame in mix.frames:
        data = json.loads(frame)["data"]
        if kind == BOOK:
            levels[len(data["b"]) + len(data["a"])] += 1
        elif kind == TICKER:
            keys[len(data) - 1] += 1
        elif kind == TRADE:
            trades[len(data)] += 1
        else:
            assert kind == KLINE
    assert set(levels) == {8, 9, 10, 11, 12}
    assert set(keys) == {3, 4, 5, 6}
    assert set(trades) == {1, 2, 3, 4}


def test_books_of_the_mix_keep_fifty_levels_a_side_and_lose_their_best_sometimes() -> None:
    books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
    deltas = lost = 0
    for kind, frame in bybit_mix(3_000).all_frames:
        if kind != BOOK:
            continue
        message = json.loads(frame)
        symbol = message["data"]["s"]
        if message["type"] == "snapshot":
            books[symbol] = {}, {}
        before = [max(books[symbol][0], default=0.0), min(books[symbol][1], default=0.0)]
        for held, told in zip(books[symbol], changes(frame), strict=True):
            for price, size in told:
                held[float(price)] = float(size)
                if not float(size):
                    del held[float(price)]
        bids, asks = books[symbol]
        assert len(bids) == len(asks) == 50
        assert max(bids) < min(asks)
        deltas += message["type"] == "delta"
        lost += before[0] > max(bids) or 0 < before[1] < min(asks)
    assert 0.02 < lost / deltas < 0.2


def test_ours_and_the_yardstick_read_the_mix() -> None:
    mix = bybit_mix(500)
    ours = Ours(mix)
    found = alternate([Yardstick(mix).contender(), ours.contender(), ours.parser_contender()], 2)
    assert all(len(seconds) == 2 for seconds in found.seconds.values())
    reader = Reader(mix)
    reader.read([frame for _, frame in mix.frames])
    told = Counter(json.loads(frame)["data"]["s"] for kind, frame in mix.frames if kind == BOOK)
    assert reader.counts()["l2_book"] == told.total() == mix.counts()[BOOK]
    assert all(bid < ask for bid, ask in reader.touch().values())


# --- rounds and their report -------------------------------------------------------------------------------------


def test_who_begins_moves_on_every_round() -> None:
    order: list[str] = []

    def contender(name: str) -> Local:
        return Local(name, lambda _: order.append(name))

    alternate([contender("a"), contender("b"), contender("c")], 3)
    assert "".join(order) == "abcbcacab"


def test_ratios_are_of_the_best_rounds_or_of_the_median_round() -> None:
    found = Rounds({"one": [4.0, 6.0, 9.0], "other": [2.0, 2.0, 1.0]})
    assert found.ratio("one", "other") == 4.0
    assert found.median_ratio("one", "other") == 3.0


def test_a_line_is_judged_by_its_targets(tmp_path: Path) -> None:
    lines = [
        Line("missed", 2.0, at_most=1.0),
        Line("met", 1.0, at_most=1.0, stretch=0.5),
        Line("stretch", 0.5, at_most=1.0, stretch=0.5),
        Line("told", 7.0),
        Line("absent", None, at_most=1.0, note="no peer"),
    ]
    outcome = Outcome("judged", lines, {"rounds": 3})
    assert [line.verdict for line in lines] == ["MISSED", "met", "stretch", "", "not measured"]
    written = json.loads(outcome.write(tmp_path).read_text())
    assert [line["verdict"] for line in written["lines"]] == [line.verdict for line in lines]
    assert written["facts"] == {"rounds": 3}
    assert "python" in written["machine"]
    assert "MISSED" in outcome.table()
    assert "no peer" in outcome.table()


def test_every_benchmark_is_there() -> None:
    assert all(importlib.util.find_spec(module) is not None for module in BENCHMARKS.values())


# --- the load ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def minute() -> Minute:
    """Sixty frames a second of three instruments."""
    market = SyntheticMarket(1)
    return take_minute(market, largest(market, 3, BEGIN_MS), BEGIN_MS, 50)


def test_a_minute_of_load_is_the_exact_mix(minute: Minute) -> None:
    kinds = Counter("kline" if frame is None else frame.kind for frame in minute.slots)
    assert kinds == {
        "orderbook.1000": 1860, "orderbook.50": 60, "tickers": 600, "publicTrade": 360, "kline": 120,
    }  # fmt: skip
    for frame in minute.slots:
        if frame is None:
            continue
        data = json.loads(payload(frame.buffer))["data"]
        if frame.kind in load_frames.DEPTHS:
            assert 8 <= len(data["b"]) + len(data["a"]) <= 12
            assert {stamp for _, stamp in frame.stamps} == {Stamp.SENT_MS, Stamp.UPDATE_ID, Stamp.SEQUENCE}
        elif frame.kind == "tickers":
            assert 3 <= len(data) - 1 <= 6
        else:
            assert 1 <= len(data) <= 4
    assert len(minute.series) == 3 * len(load_frames.ANALYSED_TIMEFRAMES)


class _Client:
    """A connection that keeps what it is sent."""

    def __init__(self) -> None:
        self.outbox: list[bytes] = []


def test_load_loops_without_a_gap_or_a_crossed_book(minute: Minute) -> None:
    client: Any = _Client()
    venue = Venue(minute)
    topics = sorted(venue.topics)
    venue.answer(client, json.dumps({"op": "subscribe", "req_id": "1", "args": topics}).encode())
    for loop in range(2):
        venue.begin_minute(BEGIN_MS / 1000 + 60 * loop)
        for slot, frame in enumerate(minute.slots):
            venue.take(frame, slot, BEGIN_MS / 1000 + 60 * loop + slot / minute.per_second)
    store, snapshots, closed = _stored(client.outbox, minute)
    assert snapshots == dict.fromkeys(minute_books(minute), 2)
    assert closed, "the candles of the first minute were closed in the second"
    for state in store.states:
        assert all(book.is_valid for book in state.books.values())
        assert len(state.candles[load_frames.Timeframe.M1]) == 2
    assert venue.sent.total() == len(client.outbox)


def minute_books(minute: Minute) -> set[str]:
    return {frame.topic for frame in minute.slots if frame is not None and frame.kind in load_frames.DEPTHS}


def _stored(frames: list[bytes], minute: Minute) -> tuple[MarketStore, Counter[str], int]:
    """A store that applied all frames; fails on a gap or a crossed book."""
    from virtuoso_desktop.exchanges.bybit.parse import BybitParser
    from virtuoso_desktop.model.instrument import MarketKind

    store = MarketStore()
    closed: list[Any] = []
    store.candle_closed.connect(closed.append)
    depths = {tuple(topic.split(".")[1:]) for topic in minute_books(minute)}
    for instrument in SyntheticMarket(1).instruments:
        if ("1000", instrument.symbol) in depths and instrument.id.market_kind is MarketKind.LINEAR:
            state = store.add(instrument)
            if ("50", instrument.symbol) in depths:
                state.hold_book(50)
    parser = BybitParser(MarketKind.LINEAR)
    snapshots = Counter[str]()
    for frame in frames:
        for event in parser.parse(payload(frame), 0):
            store.apply(event)  # type: ignore[arg-type]
            if isinstance(event, BookSnapshot):
                snapshots[f"orderbook.{event.depth}.{event.instrument_id.symbol}"] += 1
        assert not any(book.is_crossed for state in store.states for book in state.books.values())
    return store, snapshots, len(closed)


def test_kinds_are_those_of_the_venue() -> None:
    assert KINDS == ("orderbook.50", "tickers", "publicTrade", "kline")
