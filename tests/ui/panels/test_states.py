"""Every panel in every state: what it says of itself, and the way out that it names. One table, read as heard."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from tests.analysis_results import CLOSED_MS, confluence, view
from tests.desk import BTC, DeskRig, ladder_levels
from tests.market_rows import ALL_CHANNELS, COINS, NOW_MS, FakeMarket, identity, row
from virtuoso_desktop.engine.analysis_views import AnalysisState
from virtuoso_desktop.engine.subscriptions import subscriptions_of
from virtuoso_desktop.engine.views import LinkPhase as ShownPhase
from virtuoso_desktop.engine.views import LinkView, MarketsSnapshot, PartView, RowState, StaleTopic
from virtuoso_desktop.exchanges.base import LinkPhase, TopicRejected
from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.panels.confluence import ConfluencePanel
from virtuoso_desktop.ui.panels.liquidations import LiquidationsPanel
from virtuoso_desktop.ui.panels.log import LogPanel
from virtuoso_desktop.ui.panels.markets import MarketsPanel
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.panels.order_book import OrderBookPanel
from virtuoso_desktop.ui.panels.overview import OverviewPanel
from virtuoso_desktop.ui.panels.signals import SignalsPanel
from virtuoso_desktop.ui.panels.system import SystemPanel
from virtuoso_desktop.ui.panels.trades import TradesPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.theme import Theme

LATE_NS = 10_000_000_000
MOST_CELLS = 400
Panel = Any


def heard(panel: QWidget) -> str:
    """Every name, description and cell of what can be seen of a panel."""
    said: list[str] = []
    controls: tuple[QWidget, ...] = getattr(panel, "controls", ())
    for widget in (panel, *panel.findChildren(QWidget), *controls):
        if not widget.isVisibleTo(panel) and widget not in controls:
            continue
        said += [widget.accessibleName(), widget.accessibleDescription()]
        if isinstance(widget, QAbstractItemView):
            model = widget.model()
            cells = [(r, c) for r in range(model.rowCount()) for c in range(model.columnCount())][:MOST_CELLS]
            said += [str(model.index(r, c).data()) for r, c in cells]
    return "\n".join(words for words in said if words)


# --- how each state comes about ------------------------------------------------------------------------------------


def starting(_panel: Panel) -> None:
    """There is no engine yet."""


def market_of(*states: RowState) -> FakeMarket:
    return FakeMarket(
        row(coin, 100.0, state=states[place % len(states)], updated_ms=NOW_MS - 42_000)
        for place, coin in enumerate(COINS)
    )


def attach_market(panel: Panel, market: FakeMarket) -> FakeMarket:
    panel.attach(market)
    panel.refresh(LATE_NS)
    return market


def markets_stale(panel: Panel) -> None:
    attach_market(panel, market_of(RowState.STALE))


def markets_searched(panel: Panel) -> None:
    attach_market(panel, market_of(RowState.LIVE))
    panel.search.setText("nothing is called so")


def markets_last_seen(panel: Panel) -> None:
    seen = [row(coin, 90.0, state=RowState.LAST_SEEN) for coin in COINS]
    panel.rows.show_last_seen(MarketsSnapshot(1, NOW_MS - 240_000, seen))
    panel.refresh(LATE_NS)


def desk(panel: Panel, phase: LinkPhase = LinkPhase.LIVE, rig: DeskRig | None = None) -> DeskRig:
    """The panel on BTC, whose data are there."""
    rig = rig or DeskRig()
    rig.link(phase)
    panel.show_instrument(BTC)
    panel.attach(rig)
    panel.refresh(LATE_NS)
    return rig


def with_data(panel: Panel) -> DeskRig:
    rig = desk(panel)
    rig.book(ladder_levels(99.9, 60, step=-0.1), ladder_levels(100.0, 60, step=0.1))
    rig.trade(100.0, 1.0)
    rig.liquidation(100.0, 1.0)
    panel.refresh(2 * LATE_NS)
    return rig


def desk_loading(panel: Panel) -> None:
    desk(panel, LinkPhase.CONNECTING)


def desk_empty(panel: Panel) -> None:
    desk(panel)


def desk_lost(panel: Panel) -> None:
    rig = with_data(panel)
    for book in rig.state().books.values():
        book.invalidate("connection reset")
    rig.link(LinkPhase.BACKOFF, "connection reset", rig.clock.now_ms() + 4_000)
    panel.refresh(3 * LATE_NS)


def desk_stale(panel: Panel) -> None:
    rig = with_data(panel)
    rig.clock.advance_ms(12_000)
    panel.refresh(3 * LATE_NS)


def desk_refused(panel: Panel) -> None:
    rig = desk(panel)
    for asked in subscriptions_of(rig.state().instrument, ALL_CHANNELS, (), is_shown=True):
        rig.feeds.refuse(TopicRejected("bybit.linear.1", "a topic", asked, "Bybit knows no such topic."))
    panel.refresh(2 * LATE_NS)


def desk_off(panel: Panel) -> None:
    off = {"orderbook": False, "trade": False, "liquidation": False}
    desk(panel, rig=DeskRig(ALL_CHANNELS.model_copy(update=off)))


def desk_paused(panel: Panel) -> None:
    rig = desk(panel)
    for number in range(60):
        rig.clock.advance_ms(1)
        rig.trade(100.0, 1.0 + number)
        rig.liquidation(100.0, 1.0 + number)
    panel.refresh(2 * LATE_NS)
    QApplication.processEvents()
    panel.view.verticalScrollBar().setValue(100)
    rig.clock.advance_ms(1)
    rig.trade(101.0, 900.0)
    rig.liquidation(101.0, 900.0)
    panel.refresh(3 * LATE_NS)


def score_loading(panel: Panel) -> None:
    panel.attach(FakeMarket([row("ETH", 1.0)]))
    panel.show_series(identity("ETH"), Timeframe.M5)


def score_warming(panel: Panel) -> None:
    market = FakeMarket([row("BTC", 1.0)])
    market.board.publish(
        msgspec.structs.replace(view(), state=AnalysisState.WARM_UP, candles=21, result=None, explanation=None)
    )
    panel.attach(market)
    panel.show_series(identity("BTC"), Timeframe.M5)
    panel.refresh(0)


def score_stale(panel: Panel) -> None:
    market = FakeMarket([row("BTC", 1.0)])
    market.board.publish(view(confluence({"macd": 20.0})))
    panel.attach(market)
    panel.show_series(identity("BTC"), Timeframe.M5)
    market.clock.advance_ms(CLOSED_MS + 16 * 60_000 - NOW_MS)
    panel.refresh(0)


def run_lost(panel: Panel) -> None:
    rig = DeskRig()
    part = PartView("linear 1", ShownPhase.BACKOFF, NOW_MS - 8_000, "connection reset", NOW_MS + 5_000)
    silent = StaleTopic("tickers.BTCUSDT", BTC, NOW_MS - 42_000)
    rig.link_views = (
        LinkView("bybit", ShownPhase.BACKOFF, None, NOW_MS - 8_000, stale_topics=(silent,), parts=(part,)),
    )
    rig.notices.post(Severity.ERROR, "bybit.rest", "Bybit cannot be reached.")
    panel.attach(rig)
    panel.refresh(0)


def run_empty(panel: Panel) -> None:
    panel.attach(DeskRig())
    panel.refresh(0)


def log_filtered(panel: Panel) -> None:
    rig = DeskRig()
    record = logging.LogRecord("virtuoso_desktop.engine", logging.INFO, __file__, 1, "a line", (), None)
    rig.run_desk.log_lines.handle(record)
    panel.attach(rig)
    panel.refresh(0)
    panel.search.setText("no such words")


MAKERS: dict[str, Callable[[Theme], QWidget]] = {
    "Markets": lambda theme: MarketsPanel(theme, MarketsRows(), lambda: NOW_MS),
    "Confluence": lambda theme: ConfluencePanel(theme, Timeframe.M5),
    "Order book": OrderBookPanel,
    "Trades": TradesPanel,
    "Liquidations": LiquidationsPanel,
    "Signals": SignalsPanel,
    "Overview": OverviewPanel,
    "System": SystemPanel,
    "Log": LogPanel,
}

TABLE: tuple[tuple[str, str, Callable[[Panel], None], str], ...] = (
    ("Markets", "loading", starting, r"Loading the instruments"),
    ("Markets", "last seen", markets_last_seen, r"last seen .*\(4 min ago\)"),
    ("Markets", "stale", markets_stale, r"42 s"),
    ("Markets", "empty", markets_searched, r"No market matches .*nothing is called so.* Esc clears the search"),
    ("Confluence", "no instrument", starting, r"No instrument.*Choose one in Markets"),
    ("Confluence", "loading", score_loading, r"Preparing.*first score comes when"),
    ("Confluence", "warming up", score_warming, r"21 of 34 candles"),
    ("Confluence", "stale", score_stale, r"16 min old"),
    ("Order book", "starting", starting, r"The engine is being started\. This panel fills by itself"),
    ("Order book", "loading", desk_loading, r"The order book of BTCUSDT is on its way"),
    ("Order book", "stale", desk_stale, r"is stale, 12 s old.*kept, in grey[\s\S]*Retry now"),
    ("Order book", "lost", desk_lost, r"was lost .* ago: connection reset\. Next try in 4s.*kept[\s\S]*Retry now"),
    ("Order book", "error", desk_refused, r"is refused: Bybit knows no such topic.*Retry"),
    ("Order book", "switched off", desk_off, r"is not there\. .*in the settings"),
    ("Trades", "starting", starting, r"The engine is being started\. This panel fills by itself"),
    ("Trades", "loading", desk_loading, r"The tape of BTCUSDT is on its way"),
    ("Trades", "empty", desk_empty, r"No trade yet\. They appear"),
    ("Trades", "lost", desk_lost, r"was lost .* ago: connection reset\. Next try in 4s.*kept[\s\S]*Retry now"),
    ("Trades", "error", desk_refused, r"is refused: Bybit knows no such topic.*Retry"),
    ("Trades", "paused", desk_paused, r"Paused while scrolled: 1 newer\. Go on"),
    ("Trades", "switched off", desk_off, r"is not there\. .*in the settings"),
    ("Liquidations", "starting", starting, r"The engine is being started\. This panel fills by itself"),
    ("Liquidations", "loading", desk_loading, r"The liquidation stream is on its way"),
    ("Liquidations", "empty", desk_empty, r"No liquidation yet.*The exchange has no history of them"),
    ("Liquidations", "lost", desk_lost, r"was lost .* ago: connection reset\. Next try in 4s.*kept[\s\S]*Retry now"),
    ("Liquidations", "error", desk_refused, r"is refused: Bybit knows no such topic.*Retry"),
    ("Liquidations", "paused", desk_paused, r"Paused while scrolled: 1 newer\. Go on"),
    ("Liquidations", "switched off", desk_off, r"is not there\. .*websocket\.channels\.liquidation in the settings"),
    ("Signals", "starting", starting, r"Signals come with the engine\. It is being started"),
    ("Signals", "empty", run_empty, r"No signals yet\. A signal needs two closed candles"),
    ("Overview", "starting", starting, r"The overview comes with the engine.*It is being started"),
    ("Overview", "empty", run_empty, r"No instruments yet.*They come with the exchange's list"),
    ("System", "starting", starting, r"The engine is being started\. This panel fills by itself"),
    ("System", "empty", run_empty, r"No message came yet\. Streams are listed as soon as"),
    ("System", "lost", run_lost, r"backoff[\s\S]*next try in 5s: connection reset[\s\S]*silent for 42 s"),
    ("System", "error", run_lost, r"Bybit cannot be reached\."),
    ("Log", "starting", starting, r"The engine is being started\. This panel fills by itself"),
    ("Log", "empty", run_empty, r"Nothing was logged yet\. Lines appear as things happen"),
    ("Log", "filtered", log_filtered, r"No line matches the filters\. 1 are there; change level or text"),
)


@pytest.mark.parametrize(("name", "state", "come_about", "words"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_each_panel_says_its_state_and_the_way_out(
    name: str, state: str, come_about: Callable[[Panel], None], words: str, qtbot: QtBot, theme: Theme
) -> None:
    panel = MAKERS[name](theme)
    for control in getattr(panel, "controls", ()):
        qtbot.addWidget(control)
    qtbot.addWidget(panel)
    panel.resize(1_126, 260)
    panel.show()
    come_about(panel)
    if state == "loading":
        qtbot.wait(200)
    QApplication.processEvents()
    said = heard(panel)
    assert re.search(words, said), said[:2_000]
    panel.grab()


def test_the_table_leaves_no_panel_out() -> None:
    assert {row[0] for row in TABLE} == set(MAKERS)
    for name in MAKERS:
        assert len({row[1] for row in TABLE if row[0] == name}) >= 2, name
