"""Trades as aggressive orders: the fills of one order stand in one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.engine.desk_views import OrderView, TapeView, notional_of
from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.model.instrument import Instrument

if TYPE_CHECKING:
    from virtuoso_desktop.engine.feeds import Feeds
    from virtuoso_desktop.market.store import MarketStore
    from virtuoso_desktop.market.tape import TradeTape
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.market import Trade

KEPT_ORDERS = 1_000


class MergingTapeReader:
    """Merges what came since the last read; a late trade or a merged page makes it begin anew.

    Parameters
    ----------
    store : MarketStore
        Holds the tape.
    feeds : Feeds
        Knows how the topic fares.
    instrument_id : InstrumentId
        Whose trades.
    """

    def __init__(self, store: MarketStore, feeds: Feeds, instrument_id: InstrumentId) -> None:
        self._store = store
        self._feeds = feeds
        self._instrument_id = instrument_id
        self._orders: list[OrderView] = []
        """Oldest first."""
        self._total = 0
        self._key: tuple[object, ...] = ()
        self._newest: Trade | None = None
        self._view: TapeView | None = None

    def read(self) -> TapeView | None:
        """The tape now, the same object until it changes; None while the instrument is unknown."""
        state = self._store.get(self._instrument_id)
        if state is None:
            return None
        feed = self._feeds.of(Subscription(self._instrument_id, TopicKind.TRADES))
        before = self._view
        if before is not None and (before.version, before.feed) == (state.tape.version, feed):
            return before
        self._take(state.tape, state.instrument)
        orders = before.orders if before is not None and before.version == state.tape.version else self._newest_first()
        self._view = TapeView(state.instrument, feed, orders, state.tape.version, self._total)
        return self._view

    def _newest_first(self) -> tuple[OrderView, ...]:
        return tuple(reversed(self._orders))

    def _take(self, tape: TradeTape, instrument: Instrument) -> None:
        trades = tape.trades
        key = (id(trades), tape.out_of_order, instrument)
        start = self._place_after_newest(trades) if key == self._key else None
        if start is None:
            self._begin_anew(trades, instrument)
        for trade in trades[start:] if start is not None else ():
            self._add(trade, instrument)
        self._key = key
        self._newest = trades[-1] if trades else None
        del self._orders[:-KEPT_ORDERS]

    def _begin_anew(self, trades: list[Trade], instrument: Instrument) -> None:
        """Merge all trades; only orders newer than those that were read count as new."""
        total = self._total
        newest_ms = self._orders[-1].time_ms if self._orders else 0
        self._orders = []
        for trade in trades:
            self._add(trade, instrument)
        self._total = total + sum(1 for order in self._orders if order.time_ms > newest_ms)

    def _place_after_newest(self, trades: list[Trade]) -> int | None:
        """Where the trades begin that were not read; None when the newest one read is gone."""
        for place in range(len(trades) - 1, -1, -1):
            if trades[place] is self._newest:
                return place + 1
        return None

    def _add(self, trade: Trade, instrument: Instrument) -> None:
        notional = notional_of(instrument, trade.price, trade.size)
        last = self._orders[-1] if self._orders else None
        if last is not None and _is_one_order(last, trade):
            size = last.size + trade.size
            self._orders[-1] = msgspec.structs.replace(
                last,
                price=trade.price,
                average=(last.average * last.size + trade.price * trade.size) / size if size else trade.price,
                size=size,
                notional=last.notional + notional,
                fills=last.fills + 1,
            )
            return
        self._total += 1
        self._orders.append(
            OrderView(
                trade.time_ms, trade.aggressor, trade.price, trade.price, trade.size, notional, 1, trade.is_block,
                trade.sequence,
            )
        )  # fmt: skip


def _is_one_order(order: OrderView, trade: Trade) -> bool:
    """Fills of one order share millisecond, side and, where the venue tells it, the sequence; blocks stand alone."""
    return (
        order.time_ms == trade.time_ms
        and order.aggressor is trade.aggressor
        and order.sequence == trade.sequence
        and not order.is_block
        and not trade.is_block
    )
