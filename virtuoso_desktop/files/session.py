"""Reads recorded Binance sessions: order book changes and trades as they came, one local stamp and frame a line.

A line is ``<local ns or us> <json>``; the JSON is a combined-stream frame or, once, the REST answer that the order
book starts from (no ``stream``). Changes that came before that line are kept and applied after it as far as they are
newer, as the venue prescribes. Spot changes chain by ``U``, contracts' by ``pu``; a break refuses the file. All times
are the exchange's own: the local clock may be a second off. Several files continue one another.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import MarketKind

UNIT_DIGITS = 8
"""Prices and sizes are whole numbers of 10^-8."""
_UNIT = 10**UNIT_DIGITS
_GZIP = b"\x1f\x8b"

Levels = list[tuple[int, int]]
"""(price, size) in units; size 0 takes the level away."""


class BookChange(NamedTuple):
    """New sizes of some levels as of ``time_ms`` (exchange time)."""

    time_ms: int
    bids: Levels
    asks: Levels


class RecordedTrade(NamedTuple):
    """One trade; ``number`` is the exchange's id, ``is_buy`` the taker's side."""

    time_ms: int
    price: int
    size: int
    is_buy: bool
    number: int


class Session(NamedTuple):
    """One instrument's recording. Contract sizes of COIN-margined files are numbers of contracts.

    The book as of ``changes[0].time_ms`` is ``bids`` and ``asks`` with that change applied.
    """

    symbol: str
    kind: MarketKind
    bids: Levels
    asks: Levels
    changes: list[BookChange]
    trades: list[RecordedTrade]

    @property
    def begin_ms(self) -> int:
        """When the order book is first known."""
        return self.changes[0].time_ms

    @property
    def end_ms(self) -> int:
        return max(self.changes[-1].time_ms, self.trades[-1].time_ms if self.trades else 0)


class _Line(msgspec.Struct):
    stream: str | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Snapshot(msgspec.Struct, rename="camel"):
    last_update_id: int
    bids: list[tuple[float, float]]
    asks: list[tuple[float, float]]


class _Depth(msgspec.Struct):
    s: str
    E: int
    U: int
    u: int
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]
    T: int | None = None
    pu: int | None = None
    ps: str | None = None


class _Trade(msgspec.Struct):
    s: str
    T: int
    t: int
    p: float
    q: float
    m: bool


_line = msgspec.json.Decoder(_Line)
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False)
_depth = msgspec.json.Decoder(_Depth, strict=False)
_trade = msgspec.json.Decoder(_Trade, strict=False)


def read_session(paths: Sequence[Path]) -> Session:
    """The recording in ``paths``, each continuing the one before.

    Raises
    ------
    ParseError
        A file is unreadable or broken, its changes do not chain, or no order book snapshot begins them; in words,
        with file and line.
    """
    builder = _Builder()
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            builder.where = f"{path.name}, line {number}"
            try:
                builder.take(line)
            except (msgspec.DecodeError, UnicodeDecodeError, OverflowError) as error:
                raise builder.broken(f"is no frame of a Binance recording ({error})") from error
    return builder.finished(paths)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(2) == _GZIP
        with gzip.open(path, "rb") if is_packed else path.open("rb") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise ParseError(f"{path.name}: cannot be read ({error}).", kind="malformed") from error


class _Builder:
    """Takes lines in order; ``where`` names the current one."""

    def __init__(self) -> None:
        self.where = ""
        self._symbol = ""
        self._kind: MarketKind | None = None
        self._snapshot: _Snapshot | None = None
        self._early: list[tuple[str, _Depth]] = []
        self._last_id = 0
        self._changes: list[BookChange] = []
        self._trades: list[RecordedTrade] = []

    def broken(self, problem: str) -> ParseError:
        return ParseError(f"{self.where}: {problem}. The recording was not opened.", kind="malformed")

    def take(self, line: bytes) -> None:
        stamp, _, text = line.partition(b" ")
        if not stamp.isdigit():
            raise self.broken("does not begin with a local time and a space")
        frame = _line.decode(text)
        if frame.stream is None:
            self._begin(_snapshot.decode(text))
        elif "@depth" in frame.stream:
            self._take_change(_depth.decode(frame.data))
        elif frame.stream.endswith("@trade"):
            self._take_trade(_trade.decode(frame.data))

    def finished(self, paths: Sequence[Path]) -> Session:
        names = " + ".join(path.name for path in paths)
        if self._kind is None:
            raise ParseError(f"{names}: there is no order book change in it.", kind="empty")
        snapshot = self._snapshot
        if snapshot is None:
            raise ParseError(
                f"{names} has no order book snapshot, so its changes have nothing to change: it continues another "
                "recording. Name that one first, as in session:FIRST+THIS.",
                kind="bad_value",
            )
        if not self._changes:
            raise ParseError(f"{names}: no order book change follows the snapshot.", kind="empty")
        return Session(
            self._symbol, self._kind, _units(snapshot.bids), _units(snapshot.asks), self._changes, self._trades
        )

    def _begin(self, snapshot: _Snapshot) -> None:
        """Start from the first snapshot; what came before it and is newer follows at once."""
        if self._snapshot is not None:
            return
        self._snapshot = snapshot
        early, self._early = self._early, []
        here = self.where
        for where, change in early:
            self.where = where
            self._apply(snapshot, change)
        self.where = here

    def _take_change(self, change: _Depth) -> None:
        self._name(change.s)
        self._kind = MarketKind.INVERSE if change.ps else MarketKind.SPOT if change.pu is None else MarketKind.LINEAR
        if self._snapshot is None:
            self._early.append((self.where, change))
        else:
            self._apply(self._snapshot, change)

    def _apply(self, snapshot: _Snapshot, change: _Depth) -> None:
        known = snapshot.last_update_id
        if not self._changes:
            if change.u < known or (change.pu is None and change.u == known):
                return
            if known + 1 < change.U:
                raise self.broken("the order book snapshot is older than the first change, those between are missing")
        elif (self._last_id + 1 != change.U) if change.pu is None else (change.pu != self._last_id):
            raise self.broken("an order book change is missing before this one")
        time_ms = change.E if change.T is None else change.T
        if self._changes and time_ms < self._changes[-1].time_ms:
            raise self.broken("its time is before that of the change before it")
        self._last_id = change.u
        self._changes.append(BookChange(time_ms, _units(change.b), _units(change.a)))

    def _take_trade(self, trade: _Trade) -> None:
        self._name(trade.s)
        if trade.p <= 0 or trade.q <= 0:
            return
        if self._trades and self._trades[-1].time_ms > trade.T:
            raise self.broken("its time is before that of the trade before it")
        price, size = round(trade.p * _UNIT), round(trade.q * _UNIT)
        self._trades.append(RecordedTrade(trade.T, price, size, not trade.m, trade.t))

    def _name(self, symbol: str) -> None:
        if self._symbol and symbol != self._symbol:
            raise self.broken(f"is of {symbol}, the lines before are of {self._symbol}; a session is one instrument")
        self._symbol = symbol


def _units(levels: list[tuple[float, float]]) -> Levels:
    return [(round(price * _UNIT), round(size * _UNIT)) for price, size in levels]
