"""Recent trades of one instrument, and its running cumulative volume delta."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable

from virtuoso_desktop.model.market import Aggressor, Trade

KEPT_TRADES = 1_000


def _order(trade: Trade) -> tuple[int, int]:
    return trade.time_ms, trade.sequence or 0


def _signed(trade: Trade) -> float:
    return trade.size if trade.aggressor is Aggressor.BUY else -trade.size


class TradeTape:
    """The newest trades in the order of venue time, duplicates removed by trade id.

    Parameters
    ----------
    kept : int
        Trades kept at least; up to twice as many are held between trims.
    """

    __slots__ = ("_first_ms", "_ids", "_kept", "cvd", "duplicates", "out_of_order", "trades", "version")

    def __init__(self, kept: int = KEPT_TRADES) -> None:
        self._kept = kept
        self._first_ms: int | None = None
        self._ids: set[str] = set()
        self.trades: list[Trade] = []
        """Oldest first."""
        self.cvd = 0.0
        """Buy minus sell size (base coin) of all trades since the run began."""
        self.duplicates = 0
        self.out_of_order = 0
        self.version = 0

    def apply(self, trade: Trade) -> bool:
        """Add a trade; returns False for one that is already here or older than all that is kept."""
        ids = self._ids
        if trade.trade_id in ids:
            self.duplicates += 1
            return False
        trades = self.trades
        if trades and trade.time_ms < trades[-1].time_ms:
            self.out_of_order += 1
            if len(trades) >= self._kept and trade.time_ms < trades[0].time_ms:
                return False
            insort(trades, trade, key=_order)
        else:
            trades.append(trade)
        ids.add(trade.trade_id)
        self.cvd += trade.size if trade.aggressor is Aggressor.BUY else -trade.size
        if self._first_ms is None:
            self._first_ms = trade.time_ms
        if len(trades) > 2 * self._kept:
            ids.difference_update([old.trade_id for old in trades[: -self._kept]])
            del trades[: -self._kept]
        self.version += 1
        return True

    def merge(self, trades: Iterable[Trade]) -> int:
        """Add trades that REST knows; returns how many were new. They do not count as out of order.

        Only those newer than the run's first streamed trade move ``cvd``: it is the run's own sum.
        """
        held = {trade.trade_id: trade for trade in self.trades}
        new = [trade for trade in trades if trade.trade_id not in held]
        if not new:
            return 0
        if self._first_ms is not None:
            self.cvd += sum(_signed(trade) for trade in new if trade.time_ms >= self._first_ms)
        self.trades = sorted([*self.trades, *new], key=_order)[-2 * self._kept :]
        self._ids = {trade.trade_id for trade in self.trades}
        self.version += 1
        return len(new)

    @property
    def newest(self) -> Trade | None:
        return self.trades[-1] if self.trades else None
