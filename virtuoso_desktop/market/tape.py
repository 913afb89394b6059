"""Recent trades of one instrument, and its running cumulative volume delta."""

from __future__ import annotations

from bisect import insort

from virtuoso_desktop.model.market import Aggressor, Trade

KEPT_TRADES = 1_000


def _order(trade: Trade) -> tuple[int, int]:
    return trade.time_ms, trade.sequence or 0


class TradeTape:
    """The newest trades in the order of venue time, duplicates removed by trade id.

    Parameters
    ----------
    kept : int
        Trades kept at least; up to twice as many are held between trims.
    """

    __slots__ = ("_ids", "_kept", "cvd", "duplicates", "out_of_order", "trades", "version")

    def __init__(self, kept: int = KEPT_TRADES) -> None:
        self._kept = kept
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
        if len(trades) > 2 * self._kept:
            ids.difference_update([old.trade_id for old in trades[: -self._kept]])
            del trades[: -self._kept]
        self.version += 1
        return True

    @property
    def newest(self) -> Trade | None:
        return self.trades[-1] if self.trades else None
