"""Recent trades of one instrument, and its running cumulative volume delta."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from virtuoso_desktop.market.deltas import MinuteDeltas
from virtuoso_desktop.market.flow import TradeFlow
from virtuoso_desktop.model.market import Aggressor, Trade

KEPT_TRADES = 1_000
RECENT_MS = 5_000
"""Trades of so long ago are kept however many they are: what a wall lost is explained up to two seconds later."""
MOST_KEPT_RATIO = 32
"""But never more than so many times the usual number."""
_BUY = Aggressor.BUY


def _order(trade: Trade) -> tuple[int, int]:
    return trade.time_ms, trade.sequence or 0


def _time_ms(trade: Trade) -> int:
    return trade.time_ms


def _signed(trade: Trade) -> float:
    return trade.size if trade.aggressor is _BUY else -trade.size


class TradeTape:
    """The newest trades in the order of venue time, duplicates removed by trade id.

    Parameters
    ----------
    kept : int
        Trades kept at least; up to a quarter more are held between trims, and all of the last `RECENT_MS` of a burst.
    flow : TradeFlow, optional
        Is given every trade that is new here.
    """

    __slots__ = (
        "_first_ms",
        "_flow",
        "_kept",
        "_most",
        "_newest_ids",
        "_newest_ms",
        "cvd",
        "deltas",
        "duplicates",
        "out_of_order",
        "trades",
        "version",
    )

    def __init__(self, kept: int = KEPT_TRADES, flow: TradeFlow | None = None) -> None:
        self._kept = kept
        self._flow = flow
        self._most = kept + kept // 4
        self._newest_ms = 0
        self._first_ms: int | None = None
        self._newest_ids: set[str] = set()
        """Ids of the trades of the newest time."""
        self.trades: list[Trade] = []
        """Oldest first."""
        self.cvd = 0.0
        """Buy minus sell size (base coin) of all trades since the run began."""
        self.deltas = MinuteDeltas()
        self.duplicates = 0
        self.out_of_order = 0
        self.version = 0

    def apply(self, trade: Trade) -> bool:
        """Add a trade; returns False for one that is already here or older than all that is kept."""
        time_ms = trade.time_ms
        if time_ms > self._newest_ms:
            self._newest_ms = time_ms
            self._newest_ids = {trade.trade_id}
            self.trades.append(trade)
        elif time_ms == self._newest_ms:
            if trade.trade_id in self._newest_ids:
                self.duplicates += 1
                return False
            self._newest_ids.add(trade.trade_id)
            self.trades.append(trade)
        elif not self._insert(trade):
            return False
        signed = trade.size if trade.aggressor is _BUY else -trade.size
        self.cvd += signed
        self.deltas.add(time_ms, signed, is_block=trade.is_block)
        if self._flow is not None:
            self._flow.add(trade)
        if self._first_ms is None:
            self._first_ms = time_ms
        if len(self.trades) > self._most:
            self._trim()
        self.version += 1
        return True

    def _trim(self) -> None:
        trades = self.trades
        surplus = len(trades) - self._kept
        if len(trades) <= MOST_KEPT_RATIO * self._kept:
            surplus = min(surplus, bisect_left(trades, self._newest_ms - RECENT_MS, key=_time_ms))
        if surplus >= self._kept // 4:
            del trades[:surplus]

    def _insert(self, trade: Trade) -> bool:
        """Put a trade that came late in its place."""
        trades = self.trades
        if self._holds(trade):
            self.duplicates += 1
            return False
        self.out_of_order += 1
        if len(trades) >= self._kept and trade.time_ms < trades[0].time_ms:
            return False
        insort(trades, trade, key=_order)
        return True

    def _holds(self, trade: Trade) -> bool:
        """Whether the tape has this trade: one of the same time with its id."""
        trades = self.trades
        for index in range(bisect_left(trades, trade.time_ms, key=_time_ms), len(trades)):
            held = trades[index]
            if held.time_ms != trade.time_ms:
                return False
            if held.trade_id == trade.trade_id:
                return True
        return False

    def merge(self, trades: Iterable[Trade]) -> int:
        """Add trades that REST knows; returns how many were new. They do not count as out of order.

        Only those newer than the run's first streamed trade move ``cvd``: it is the run's own sum.
        """
        held = {trade.trade_id: trade for trade in self.trades}
        new = [trade for trade in trades if trade.trade_id not in held]
        if not new:
            return 0
        new.sort(key=_order)
        for trade in new:
            self.deltas.add(trade.time_ms, _signed(trade), is_block=trade.is_block)
        if self._flow is not None:
            self._flow.recover(new)
        if self._first_ms is not None:
            self.cvd += sum(_signed(trade) for trade in new if trade.time_ms >= self._first_ms)
        self.trades = sorted([*self.trades, *new], key=_order)[-max(self._most, len(self.trades)) :]
        self._newest_ms = self.trades[-1].time_ms
        self._newest_ids = {trade.trade_id for trade in self.trades if trade.time_ms == self._newest_ms}
        self.version += 1
        return len(new)

    @property
    def newest(self) -> Trade | None:
        return self.trades[-1] if self.trades else None
