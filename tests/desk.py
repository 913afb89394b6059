"""A desk over a real store, and links by hand, for the tests of the panels under the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.fake_adapter import LINK, FakeAdapter, instrument
from tests.market_rows import ALL_CHANNELS, FakeMarket
from virtuoso_desktop.engine.desk import MarketDesk
from virtuoso_desktop.engine.feeds import Feeds
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH, subscriptions_of
from virtuoso_desktop.exchanges.base import LinkPhase, LinkState
from virtuoso_desktop.market.store import ANALYSED_DEPTH, InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.market import Aggressor, BookSnapshot, Liquidation, PositionSide, Trade
from virtuoso_desktop.settings.schema import ChannelsSettings

if TYPE_CHECKING:
    from virtuoso_desktop.model.market import Level

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")


class Wall(NamedTuple):
    """What the analysis may know of a wall."""

    is_bid: bool
    price: float
    is_confirmed: bool = True
    is_suspected_pull: bool = False


class DeskRig(FakeMarket):
    """An engine whose desk reads a real store; books, trades and link states are put in by hand."""

    def __init__(self, channels: ChannelsSettings = ALL_CHANNELS) -> None:
        super().__init__()
        self.adapter = FakeAdapter(self.clock)
        self.feeds = Feeds(self.adapter, channels, self.clock.now_ms)
        self.walls: list[Wall] = []
        self.desk = MarketDesk(self.store, self.feeds, self.clock.now_ms, lambda _: self.walls)
        self._update_id = 1
        for symbol in ("BTCUSDT", "ETHUSDT"):
            held = self.store.add(instrument(symbol))
            held.hold_book(SHOWN_DEPTH)
            self.adapter.subscribe(subscriptions_of(held.instrument, channels, (), is_shown=True))

    def state(self, instrument_id: InstrumentId = BTC) -> InstrumentState:
        held = self.store.get(instrument_id)
        assert held is not None
        return held

    def link(
        self, phase: LinkPhase, reason: str | None = None, next_retry_ms: int | None = None, since_ms: int | None = None
    ) -> None:
        """The one link has this state now."""
        since = self.clock.now_ms() if since_ms is None else since_ms
        self.feeds.note(LinkState(LINK, MarketKind.LINEAR, phase, since, reason, next_retry_ms))

    def book(
        self, bids: list[Level], asks: list[Level], depths: tuple[int, ...] = (SHOWN_DEPTH, ANALYSED_DEPTH)
    ) -> None:
        """A whole book of BTC; the touch is at 100.0 where the lists say so."""
        self._update_id += 1
        for depth in depths:
            self.store.apply(BookSnapshot(BTC, depth, bids, asks, self._update_id, 1, self.clock.now_ms(), None, 0))

    def trade(
        self,
        price: float,
        size: float,
        side: Aggressor = Aggressor.BUY,
        *,
        sequence: int | None = None,
        is_block: bool = False,
        instrument_id: InstrumentId = BTC,
    ) -> None:
        """A trade now."""
        self._update_id += 1
        now_ms = self.clock.now_ms()
        self.store.apply(
            Trade(instrument_id, str(self._update_id), price, size, side, now_ms, sequence, is_block, now_ms, 0)
        )

    def liquidation(
        self, price: float, size: float, side: PositionSide = PositionSide.LONG, instrument_id: InstrumentId = BTC
    ) -> None:
        """A liquidation now."""
        self._update_id += 1
        now_ms = self.clock.now_ms()
        self.store.apply(Liquidation(instrument_id, side, price, size, now_ms, now_ms, self._update_id))


def ladder_levels(best: float, count: int, *, step: float, size: float = 1.0) -> list[Level]:
    """``count`` levels of one size from ``best`` on; a negative ``step`` makes bids."""
    return [(round(best + place * step, 1), size) for place in range(count)]
