"""Which topics an instrument is streamed by."""

from __future__ import annotations

from collections.abc import Iterable

from virtuoso_desktop.exchanges.base import Subscription, TopicKind
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.schema import ChannelsSettings

SHOWN_DEPTH = 50
"""The shown instrument's second book: shallow, but pushed every 20 ms."""


def subscriptions_of(
    instrument: Instrument, channels: ChannelsSettings, timeframes: Iterable[Timeframe], *, is_shown: bool
) -> list[Subscription]:
    """Everything that one instrument is streamed by."""
    instrument_id = instrument.id
    found: list[Subscription] = []
    if channels.ticker:
        found.append(Subscription(instrument_id, TopicKind.TICKER))
    if channels.orderbook:
        found.append(Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=ANALYSED_DEPTH))
        if is_shown:
            found.append(shown_book(instrument_id))
    if channels.trade:
        found.append(Subscription(instrument_id, TopicKind.TRADES))
    if channels.liquidation and instrument_id.market_kind is not MarketKind.SPOT:
        found.append(Subscription(instrument_id, TopicKind.LIQUIDATIONS))
    if channels.kline:
        found.extend(Subscription(instrument_id, TopicKind.CANDLES, timeframe=timeframe) for timeframe in timeframes)
    return found


def shown_book(instrument_id: InstrumentId) -> Subscription:
    """The topic that only the shown instrument has."""
    return Subscription(instrument_id, TopicKind.ORDER_BOOK, depth=SHOWN_DEPTH)
