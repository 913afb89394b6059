"""Markets rows and an engine by hand, for the tests of the window and its rows."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tests.fake_adapter import FakeAdapter
from virtuoso_desktop.analysis.overview import market_overview
from virtuoso_desktop.engine.analysis_board import AnalysisBoard
from virtuoso_desktop.engine.archive import Archive
from virtuoso_desktop.engine.budget import LoopMonitor
from virtuoso_desktop.engine.desk import MarketDesk
from virtuoso_desktop.engine.feeds import Feeds
from virtuoso_desktop.engine.input_views import InputsView
from virtuoso_desktop.engine.run_desk import RunParts, RunReader
from virtuoso_desktop.engine.scan_views import ScanView
from virtuoso_desktop.engine.views import LinkPhase, LinkView, MarketRow, RowState, StatusView
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, Source
from virtuoso_desktop.model.overview import Overview
from virtuoso_desktop.settings.schema import ChannelsSettings
from virtuoso_desktop.storage.history import HistoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtuoso_desktop.model.timeframe import Timeframe

NOW_MS = 1_700_000_000_000
ALL_CHANNELS = ChannelsSettings(ticker=True, kline=True, orderbook=True, trade=True, liquidation=True)
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "SUI", "ADA", "LINK", "AVAX", "DOT", "ICP", "1000PEPE")


def identity(coin: str, kind: str = "linear") -> InstrumentId:
    return InstrumentId.parse(f"bybit:{kind}:{coin}USDT")


def row(coin: str, last: float | None = 100.0, *, kind: str = "linear", **fields: Any) -> MarketRow:
    """A live row; ``turnover_24h`` falls with the place in `COINS`."""
    place = COINS.index(coin) if coin in COINS else len(COINS)
    known: dict[str, Any] = {
        "change_24h_pct": 1.5,
        "change_utc_day_pct": -0.25,
        "high_24h": 110.0,
        "low_24h": 95.0,
        "spread_bps": 0.5,
        "volume_24h": 1_000.0 * (place + 1),
        "turnover_24h": 1e9 / (place + 1),
        "mark_price": 99.9,
        "basis_bps": -2.5,
        "funding_rate": 0.0001,
        "next_funding_ms": NOW_MS + 3_600_000,
        "sparkline": tuple(100.0 + step for step in range(49)),
        "updated_ms": NOW_MS,
        "last_change_ms": NOW_MS,
        "last_move": 1,
    }
    fields.setdefault("state", RowState.LIVE)
    return MarketRow(identity(coin, kind), coin, "USDT", 2, last_price=last, **(known | fields))


def waiting(coin: str) -> MarketRow:
    """A watched instrument of which nothing came yet."""
    return MarketRow(identity(coin), coin, "USDT", 2, RowState.WAITING)


def instrument(coin: str) -> Instrument:
    return Instrument(
        identity(coin), coin, "USDT", "USDT", "Trading", "LinearPerpetual", Decimal("0.01"), Decimal("0.001")
    )


class Cursor:
    """One reader of a `FakeMarket`."""

    def __init__(self, rows: Iterable[MarketRow]) -> None:
        self.pending = {row.instrument_id: row for row in rows}

    def take(self) -> list[MarketRow]:
        taken, self.pending = list(self.pending.values()), {}
        return taken


class _CountedCursor(Cursor):
    def __init__(self, scan: FakeScan, rows: Iterable[MarketRow]) -> None:
        super().__init__(rows)
        self._scan = scan

    def take(self) -> list[MarketRow]:
        self._scan.taken += 1
        return super().take()


class FakeScan:
    """A scan by hand."""

    def __init__(self, market: FakeMarket) -> None:
        self._market = market
        self.rows: dict[InstrumentId, MarketRow] = {}
        self.cursors: list[Cursor] = []
        self.told = ScanView()
        self.taken = 0

    def cursor(self) -> Cursor:
        self.cursors.append(_CountedCursor(self, self.rows.values()))
        return self.cursors[-1]

    def find(self, *rows: MarketRow) -> None:
        """Newer scanned rows."""
        self.told = ScanView(self._market.clock.now_ms())
        for newer in rows:
            self.rows[newer.instrument_id] = newer
            for cursor in self.cursors:
                cursor.pending[newer.instrument_id] = newer

    def view(self) -> ScanView:
        return self.told

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(instrument(row.base_coin) for row in (*self._market.rows.values(), *self.rows.values()))


class FakeMarket:
    """An engine for the window: rows, links and figures are set by hand, calls are noted."""

    def __init__(self, rows: Iterable[MarketRow] = (), source: Source = Source.LIVE) -> None:
        self.source = source
        self.clock = ManualClock(NOW_MS)
        self.notices = NoticeBoard(self.clock)
        self.watched_changed: Signal[tuple[InstrumentId, ...]] = Signal("watched changed")
        self.rows = {row.instrument_id: row for row in rows}
        self.cursors: list[Cursor] = []
        self.scan = FakeScan(self)
        self.guest: InstrumentId | None = None
        self.link_views: tuple[LinkView, ...] = (LinkView("bybit", LinkPhase.LIVE, 12.0, NOW_MS - 60_000),)
        self.figures = StatusView(12, 12, 1240.0, 3.0, 212, 245, 0, 0, 4.0, 312.0, 0)
        self.calls: list[tuple[Any, ...]] = []
        self.overviews_asked = 0
        self.market_overview = Overview(NOW_MS, market_overview((), NOW_MS), ())
        self.inputs_view: InputsView | None = None
        self.board = AnalysisBoard()
        self.analysis = self.board.view
        self.analysis_version = self.board.version
        self.score_cursor = self.board.score_cursor
        self.signals = self.board.signals
        self.store = MarketStore()
        self.feeds = Feeds(FakeAdapter(self.clock), ALL_CHANNELS, self.clock.now_ms)
        self.desk = MarketDesk(self.store, self.feeds, self.clock.now_ms)
        self.metrics, self.tasks, self.loop_monitor = LinkMetrics(), Supervisor(), LoopMonitor()
        self.archive = Archive(HistoryStore(None), is_real=True)
        self.run_desk = RunReader(
            RunParts(
                source.value,
                self.metrics,
                self.store,
                self.archive,
                self.loop_monitor,
                self.tasks,
                self.notices,
                10.0,
                lambda: 0,
            ),
            self.clock.now_ms,
            self.links,
            self.status,
        )

    def signals_version(self) -> int:
        return self.board.signals_version

    def inputs(self, instrument_id: InstrumentId) -> InputsView | None:
        return self.inputs_view

    def overview(self) -> Overview:
        self.overviews_asked += 1
        return self.market_overview

    def tick(self, *rows: MarketRow) -> None:
        """Newer rows: every cursor sees them at its next take."""
        for newer in rows:
            self.rows[newer.instrument_id] = newer
            for cursor in self.cursors:
                cursor.pending[newer.instrument_id] = newer

    def change(self, coin: str, **fields: Any) -> None:
        """Change fields of one row."""
        self.tick(msgspec.structs.replace(self.rows[identity(coin)], **fields))

    def watched(self) -> tuple[Instrument, ...]:
        return tuple(instrument(row.base_coin) for row in self.rows.values())

    def markets_cursor(self) -> Cursor:
        self.cursors.append(Cursor(self.rows.values()))
        return self.cursors[-1]

    def chart(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        return None

    def chart_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[int, int]:
        return -1, -1

    def links(self) -> tuple[LinkView, ...]:
        return self.link_views

    def status(self) -> StatusView:
        return self.figures

    def venue_now_ms(self, instrument_id: InstrumentId | None = None) -> int:
        return self.clock.now_ms()

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(("show", instrument_id, timeframe))

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(("load_older", instrument_id, timeframe))

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(("cancel_older", instrument_id, timeframe))

    def retry_now(self, venue: str) -> None:
        self.calls.append(("retry_now", venue))

    def count_skipped_refresh(self, panel: str) -> None:
        self.loop_monitor.skips[panel] += 1
