"""35 order books of 1000 levels at 5 Hz: what parsing, applying and measuring them takes of a processor.

The frames are the simulated venue's own ``orderbook.1000`` of its most traded contracts, as its topics make them.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sortedcontainers import SortedDict

from tests.benchmarks.load_frames import largest
from tests.benchmarks.measure import Child, Local, PeerUnavailable, alternate
from tests.benchmarks.outcome import Line, Outcome
from virtuoso_desktop.analysis.book_kernels import MEASURES, WallRules, compile_book_kernels, measure_book
from virtuoso_desktop.analysis.book_levels import read_levels
from virtuoso_desktop.analysis.layout import CELLS
from virtuoso_desktop.analysis.orderbook import OrderBookDimension
from virtuoso_desktop.exchanges.bybit.parse import BybitParser
from virtuoso_desktop.market.book import OrderBook
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.market import BookSnapshot, Candle
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator import pace
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.synthetic import SyntheticMarket
from virtuoso_desktop.simulator.topics import Subject, make_topic

BOOKS = 35
DEPTH = 1000
PUSHES_A_S = 5
SECONDS = 8
ROUNDS, PEER_ROUNDS = 7, 3
BEGIN_MS = 1_780_000_020_000
MOST_SHARE_PCT = 5.0
MOST_MEASURES_US = 100.0
"""Depth metrics of 200 levels a side, the copy included (analysis E.4)."""
MOST_SAMPLES_PCT = 1.0
SAMPLES, QUICK_SAMPLES = 30, 5
"""Seconds that the dimensions are sampled in one round."""


@dataclass(frozen=True)
class Frames:
    """Snapshots, then deltas in the order of time."""

    instruments: list[Instrument]
    opening: list[bytes]
    deltas: list[bytes]
    seconds: float

    @property
    def levels(self) -> float:
        """Changed levels of a delta, on average."""
        told = [json.loads(frame)["data"] for frame in self.deltas]
        return sum(len(data["b"]) + len(data["a"]) for data in told) / len(told)


def take_frames(books: int, seconds: int) -> Frames:
    """What a venue pushes for so many instruments in so many seconds."""
    market = SyntheticMarket(1)
    instruments = largest(market, books, BEGIN_MS)
    topics = []
    for instrument in instruments:
        topic = make_topic(f"orderbook.{DEPTH}", Subject(market, instrument, Texts(instrument), None, pace.LARGE, 1.0))
        topic.prime(BEGIN_MS)
        topics.append(topic)
    opening = [topic.snapshot(BEGIN_MS) or b"" for topic in topics]
    moments = [BEGIN_MS + push * 1000 // PUSHES_A_S for push in range(1, seconds * PUSHES_A_S + 1)]
    deltas = [frame for at_ms in moments for topic in topics for frame in topic.advance(at_ms)]
    return Frames(instruments, opening, deltas, float(seconds))


class Ours:
    """Parser and store as a link joins them."""

    def __init__(self, frames: Frames) -> None:
        self.store = MarketStore((DEPTH,))
        self._parser = BybitParser(MarketKind.LINEAR)
        for instrument in frames.instruments:
            self.store.add(instrument)
            self._parser.know(instrument.id)
        self.read(frames.opening)

    def read(self, frames: list[bytes]) -> None:
        parse, apply = self._parser.parse, self.store.apply
        for frame in frames:
            for event in parse(frame, 1):
                apply(event)  # type: ignore[arg-type]

    def books(self) -> dict[str, tuple[dict[float, float], dict[float, float]]]:
        """All levels by symbol, as decimals."""
        found = {}
        for state in self.store.states:
            book, instrument = state.books[DEPTH], state.instrument
            assert book.is_valid, f"{instrument.symbol}: {book.invalid_reason}"
            found[instrument.symbol] = tuple(
                {instrument.to_price(ticks): instrument.to_size(lots) for ticks, lots in side}
                for side in book.top(DEPTH)
            )
        return found

    def touch(self) -> dict[str, list[float]]:
        return {symbol: [next(iter(bids)), next(iter(asks))] for symbol, (bids, asks) in self.books().items()}


class Plain:
    """The usual Python book: ``json`` and a dict a side; ``kind`` is ``dict`` or ``SortedDict``."""

    def __init__(self, frames: Frames, kind: type[dict[float, float]]) -> None:
        self._sides = {each.symbol: (kind(), kind()) for each in frames.instruments}
        self.read(frames.opening)

    def read(self, frames: list[bytes]) -> None:
        for frame in frames:
            data = json.loads(frame)["data"]
            for side, levels in zip(self._sides[data["s"]], (data["b"], data["a"]), strict=True):
                for price, size in levels:
                    if size == "0":
                        side.pop(float(price), None)
                    else:
                        side[float(price)] = float(size)

    def books(self) -> dict[str, tuple[dict[float, float], dict[float, float]]]:
        return {symbol: (dict(bids), dict(asks)) for symbol, (bids, asks) in self._sides.items()}


def run(quick: bool) -> Outcome:
    frames = take_frames(5 if quick else BOOKS, 2 if quick else SECONDS)
    ours, plain = Ours(frames), Plain(frames, SortedDict)
    for reader in (ours, plain):
        reader.read(frames.deltas)
    assert ours.books() == plain.books(), "the books differ"
    contenders = [
        Local("virtuoso", lambda reader: reader.read(frames.deltas), lambda: Ours(frames)),
        Local("dict", lambda reader: reader.read(frames.deltas), lambda: Plain(frames, dict)),
        Local("SortedDict", lambda reader: reader.read(frames.deltas), lambda: Plain(frames, SortedDict)),
    ]
    rounds = alternate(contenders, 3 if quick else ROUNDS)
    share = 100 / frames.seconds
    facts = {"frames": len(frames.deltas), "levels_a_frame": frames.levels, "pct_of_a_core": rounds.facts(share)}
    outcome = Outcome("books", facts=facts)
    count = len(frames.instruments)
    outcome.lines = [
        Line(f"{count} books of {DEPTH} at {PUSHES_A_S} Hz", rounds.best("virtuoso") * share, "%", MOST_SHARE_PCT),
        Line("the same, median of rounds", rounds.median("virtuoso") * share, "%"),
        Line("parse and apply / json and dict", rounds.ratio("virtuoso", "dict"), "x", 1.0),
        Line("parse and apply / json and SortedDict", rounds.ratio("virtuoso", "SortedDict"), "x", 1.0),
        _cryptofeed(frames, ours, 1 if quick else PEER_ROUNDS, facts),
        *_dimension(ours, 3 if quick else ROUNDS, QUICK_SAMPLES if quick else SAMPLES),
    ]
    return outcome


def _dimension(ours: Ours, rounds: int, samples: int) -> list[Line]:
    """The measures of one copied book, and the order book dimensions of all once a second.

    The books stand still, so the search finds no wall: what following one costs is not in these figures.
    """
    states = ours.store.states
    book = states[0].books[DEPTH]
    shallow = OrderBook(states[0].instrument, 200)
    sides = [[(states[0].instrument.to_price(t), states[0].instrument.to_size(n)) for t, n in s] for s in book.top(200)]
    moment = book.update_id, book.sequence, book.event_ms, book.match_ms, 0
    shallow.load(BookSnapshot(states[0].instrument.id, 200, sides[0], sides[1], *moment))
    compile_book_kernels()
    row = np.empty(MEASURES)

    def measure(book: OrderBook) -> None:
        for _ in range(samples):
            measure_book(*read_levels(book), row)

    dimensions = [
        OrderBookDimension(state, lambda _: True, lambda _: 50.0, WallRules(least_samples=1, warm_up_ms=0))
        for state in states
    ]
    for dimension, state in zip(dimensions, states, strict=True):
        for number in range(20):
            open_ms = BEGIN_MS - (20 - number) * MINUTE_MS
            figures = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, True, open_ms + MINUTE_MS, 1)
            ours.store.apply(Candle(state.instrument.id, Timeframe.M1, open_ms, *figures))
        dimension.sample(BEGIN_MS)
    moments = [BEGIN_MS]

    def sample(dimensions: list[OrderBookDimension]) -> None:
        cells = np.empty((3, CELLS))
        for _ in range(samples):
            moments[0] += 1_000
            for dimension, state in zip(dimensions, states, strict=True):
                # A new version: the book is copied and measured anew, as after a push.
                state.books[DEPTH].version += 1
                dimension.sample(moments[0])
                for timeframe in ANALYSED_TIMEFRAMES:
                    dimension.cells(timeframe, moments[0], cells)

    contenders = [
        Local("200", measure, lambda: shallow),
        Local("1000", measure, lambda: book),
        Local("samples", sample, lambda: dimensions),
    ]
    found = alternate(contenders, rounds)
    share = 100.0 / samples
    a_call = 1e6 / samples
    return [
        Line("depth metrics of 200 levels a side, with the copy", found.best("200") * a_call, "us", MOST_MEASURES_US),
        Line(f"the same of {DEPTH} levels a side", found.best("1000") * a_call, "us"),
        Line(
            "one sample of a book: measures, wall search, cells of seven timeframes",
            found.best("samples") * a_call / len(states),
            "us",
        ),
        Line(f"samples of {len(states)} books at 1 Hz", found.best("samples") * share, "%", MOST_SAMPLES_PCT),
    ]


def _cryptofeed(frames: Frames, ours: Ours, rounds: int, facts: dict[str, Any]) -> Line:
    label = "parse and apply / cryptofeed"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.txt"
        path.write_bytes(f"{len(frames.opening)}\n".encode() + b"\n".join([*frames.opening, *frames.deltas]))
        bases = ",".join(each.base_coin for each in frames.instruments)
        try:
            peer = Child("cryptofeed", "cryptofeed_frames", [str(path), bases])
        except PeerUnavailable as error:
            return Line(label, None, at_most=1.0, note=str(error))
        try:
            local = Local("virtuoso", lambda reader: reader.read(frames.deltas), lambda: Ours(frames))
            found = alternate([peer, local], rounds)
        finally:
            peer.close()
    assert peer.figures["counts"]["l2_book"] == len(frames.deltas), f"cryptofeed read {peer.figures['counts']}"
    assert peer.figures["touch"] == ours.touch(), "cryptofeed's books differ"
    facts["cryptofeed"] = {**peer.about, **found.facts()}
    return Line(label, found.ratio("virtuoso", "cryptofeed"), "x", 1.0)
