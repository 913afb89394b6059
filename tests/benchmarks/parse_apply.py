"""Parse and apply the Bybit mix, against msgspec's bare decode into floats, cryptofeed and ccxt.pro."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.bybit_mix import BASES, BOOK, KLINE, TICKER, TRADE, Mix, bybit_mix
from tests.benchmarks.measure import Child, Local, PeerUnavailable, Rounds, alternate
from tests.benchmarks.outcome import Line, Outcome
from virtuoso_desktop.exchanges.bybit.parse import BybitParser
from virtuoso_desktop.market.store import DirtyCursor, Facet, MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue

FRAMES = 30_000
ROUNDS = 21
PEER_ROUNDS = 3
DEPTH = 50
WITH_FLOW = "virtuoso, with order flow"
PEERS = (("cryptofeed", "cryptofeed_frames", 3.0), ("ccxt.pro", "ccxt_pro_frames", 8.0))
"""Name, program, and how many times our time theirs must be at least."""


# --- msgspec's decode into floats, the yardstick -----------------------------------------------------------------

Level = tuple[float, float]


class BookData(msgspec.Struct):
    s: str
    b: list[Level]
    a: list[Level]
    u: int
    seq: int


class BookFrame(msgspec.Struct):
    topic: str
    type: str
    ts: int
    data: BookData
    cts: int


TICKER_KEYS = (
    "lastPrice", "markPrice", "indexPrice", "bid1Price", "bid1Size", "ask1Price", "ask1Size", "price24hPcnt",
    "openInterest", "openInterestValue", "volume24h", "turnover24h",
)  # fmt: skip
MaybeFloat = float | msgspec.UnsetType
TickerData = msgspec.defstruct(
    "TickerData", [("symbol", str), *((key, MaybeFloat, msgspec.UNSET) for key in TICKER_KEYS)]
)


class TickerFrame(msgspec.Struct):
    topic: str
    type: str
    ts: int
    data: TickerData  # type: ignore[valid-type]


class TradeData(msgspec.Struct):
    T: int
    s: str
    S: str
    v: float
    p: float
    L: str
    i: str
    BT: bool
    RPI: bool
    seq: int


class TradeFrame(msgspec.Struct):
    topic: str
    type: str
    ts: int
    data: list[TradeData]


class KlineData(msgspec.Struct):
    start: int
    end: int
    interval: str
    open: float
    close: float
    high: float
    low: float
    volume: float
    turnover: float
    confirm: bool
    timestamp: int


class KlineFrame(msgspec.Struct):
    topic: str
    type: str
    ts: int
    data: list[KlineData]


SHAPES = {BOOK: BookFrame, TICKER: TickerFrame, TRADE: TradeFrame, KLINE: KlineFrame}


class Yardstick:
    """Decodes each frame with the decoder of its kind, which is known beforehand, and drops what comes out."""

    def __init__(self, mix: Mix) -> None:
        decoders = {kind: msgspec.json.Decoder(shape, strict=False).decode for kind, shape in SHAPES.items()}
        self._work = [(decoders[kind], frame) for kind, frame in mix.frames]

    def contender(self) -> Local:
        return Local("msgspec", lambda _: self.read())

    def read(self) -> None:
        for decode, frame in self._work:
            decode(frame)


# --- ours --------------------------------------------------------------------------------------------------------


def instruments(mix: Mix) -> list[Instrument]:
    return [
        Instrument(
            InstrumentId(Venue.BYBIT, MarketKind.LINEAR, symbol.name),
            symbol.name.removesuffix("USDT"), "USDT", "USDT", "Trading", "LinearPerpetual",
            Decimal(symbol.tick_size), Decimal(symbol.lot_step),
        )
        for symbol in mix.symbols
    ]  # fmt: skip


class Reader:
    """Parser and store as a link joins them, with a reader of every facet.

    Order flow, which no peer has, is left out of what is compared with them, and measured by itself.
    """

    def __init__(self, mix: Mix, *, has_flow: bool = False) -> None:
        self.store = MarketStore((DEPTH,), has_flow=has_flow)
        self.parser = BybitParser(MarketKind.LINEAR)
        for instrument in instruments(mix):
            self.store.add(instrument)
            self.parser.know(instrument.id)
        self.cursor: DirtyCursor = self.store.cursor(Facet.TICKER | Facet.BOOK | Facet.TRADES | Facet.CANDLES)
        self.read([frame for _, frame in mix.opening])
        self.cursor.take()

    def read(self, frames: list[bytes]) -> None:
        parse = self.parser.parse
        apply = self.store.apply
        for frame in frames:
            for event in parse(frame, 1):
                apply(event)

    def touch(self) -> dict[str, list[float]]:
        """Best bid and ask of every book, once all of the mix was read."""
        touch: dict[str, list[float]] = {}
        for state in self.store.states:
            book, instrument = state.books[DEPTH], state.instrument
            assert book.is_valid, f"{instrument.symbol}: {book.invalid_reason}"
            touch[instrument.symbol] = [instrument.to_price(book.best_bid), instrument.to_price(book.best_ask)]
        return touch

    def counts(self) -> dict[str, int]:
        """Book updates and trades stored."""
        assert len(self.cursor.take()) == len(self.store.states), "the reader misses dirty marks"
        return {
            "l2_book": sum(state.books[DEPTH].version - 1 for state in self.store.states),
            "trades": sum(len(state.tape.trades) for state in self.store.states),
        }


class Ours:
    """A fresh `Reader` every round; the newest stays to be looked at."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        self._frames = [frame for _, frame in mix.frames]
        self.reader = Reader(mix)

    def contender(self) -> Local:
        return Local("virtuoso", lambda reader: reader.read(self._frames), self._fresh)

    def flow_contender(self) -> Local:
        """The same with order flow: what it takes longer is the cost of its bookkeeping."""
        return Local(WITH_FLOW, lambda reader: reader.read(self._frames), lambda: Reader(self._mix, has_flow=True))

    def parser_contender(self) -> Local:
        return Local("virtuoso, parse only", lambda reader: self._parse(reader.parser), self._fresh)

    def _fresh(self) -> Reader:
        self.reader = Reader(self._mix)
        return self.reader

    def _parse(self, parser: BybitParser) -> None:
        parse = parser.parse
        for frame in self._frames:
            parse(frame, 1)


# --- the benchmark -----------------------------------------------------------------------------------------------


def run(quick: bool) -> Outcome:
    mix = bybit_mix(FRAMES // 10 if quick else FRAMES)
    ours = Ours(mix)
    contenders = [Yardstick(mix).contender(), ours.contender(), ours.flow_contender(), ours.parser_contender()]
    rounds = alternate(contenders, 5 if quick else ROUNDS)
    count = len(mix.frames)
    outcome = Outcome("parse_apply", facts={"frames": mix.counts(), "us_per_frame": rounds.facts(1e6 / count)})
    outcome.lines = [
        Line("parse and apply / msgspec decode", rounds.ratio("virtuoso", "msgspec"), "x", 3.5, 2.6),
        Line("the same, median of rounds", rounds.median_ratio("virtuoso", "msgspec")),
        Line("parse and apply, a frame", rounds.best("virtuoso") / count * 1e6, "us"),
        Line("flow and book bookkeeping, a message", flow_us(rounds, count), "us", 4.0),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = write_frames(mix, Path(folder))
        for name, module, times in PEERS:
            outcome.lines.append(_against(name, module, times, (mix, path, 1 if quick else PEER_ROUNDS), outcome.facts))
    return outcome


def flow_us(rounds: Rounds, count: int) -> float:
    """What order flow adds to a message: the difference of the best rounds with it and without."""
    return (rounds.best(WITH_FLOW) - rounds.best("virtuoso")) / count * 1e6


def write_frames(mix: Mix, folder: Path) -> Path:
    """The mix as a file that the peers read."""
    path = folder / "frames.txt"
    frames = b"\n".join(frame for _, frame in mix.all_frames)
    path.write_bytes(f"{len(mix.opening)}\n".encode() + frames)
    return path


def _against(name: str, module: str, times: float, what: tuple[Mix, Path, int], facts: dict[str, Any]) -> Line:
    mix, path, count = what
    label = f"parse and apply / {name}"
    try:
        peer = Child(name, module, [str(path), ",".join(base for base, *_ in BASES)])
    except PeerUnavailable as error:
        return Line(label, None, at_most=1 / times, note=str(error))
    try:
        ours = Ours(mix)
        rounds: Rounds = alternate([peer, ours.contender()], count)
    finally:
        peer.close()
    ours_did, peer_did = ours.reader.counts(), peer.figures["counts"]
    assert all(peer_did[what] == count for what, count in ours_did.items()), f"{name} read {peer_did}, we {ours_did}"
    differing = [symbol for symbol, touch in ours.reader.touch().items() if peer.figures["touch"][symbol] != touch]
    assert not differing, f"{name}'s books differ in {differing}"
    facts[name] = {**peer.about, **rounds.facts(1e6 / len(mix.frames)), "counts": peer_did}
    return Line(
        label, rounds.ratio("virtuoso", name), "x", 1 / times, note=f"{1 / rounds.ratio('virtuoso', name):.0f} times"
    )
