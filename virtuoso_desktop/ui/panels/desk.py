"""The panels under the chart beside Signals: made together, placed as tabs, fed and remembered as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.amount import MOST
from virtuoso_desktop.ui.memory import DeskMemory
from virtuoso_desktop.ui.panels.liquidations import LiquidationsPanel
from virtuoso_desktop.ui.panels.log import LogPanel
from virtuoso_desktop.ui.panels.order_book import OrderBookPanel
from virtuoso_desktop.ui.panels.system import SystemPanel
from virtuoso_desktop.ui.panels.trades import TradesPanel

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.dock import Dock
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.panels.desk_parts import DeskPanel
    from virtuoso_desktop.ui.theme import Theme

MOST_GROUP_TICKS = 1_000_000


class DeskPanels:
    """All of them.

    Parameters
    ----------
    theme : Theme
        Colours.
    clock : FrameClock
        Gives the panels their turns.
    """

    def __init__(self, theme: Theme, clock: FrameClock) -> None:
        self.order_book = OrderBookPanel(theme)
        self.trades = TradesPanel(theme)
        self.liquidations = LiquidationsPanel(theme)
        self.system = SystemPanel(theme)
        self.log = LogPanel(theme)
        self._all: tuple[DeskPanel, ...] = (self.order_book, self.trades, self.liquidations, self.system, self.log)
        for panel in self._all:
            clock.add(panel, panel.take_painted_ns)

    def place_market(self, dock: Dock) -> None:
        """Add the tabs of the shown market."""
        book = self.order_book
        dock.add_panel(book, "Order book", "Ladder, depth and slippage of the shown instrument", book.controls)
        trades = self.trades
        dock.add_panel(trades, "Trades", "Every aggressive order of the shown instrument", trades.controls)
        forced = self.liquidations
        dock.add_panel(forced, "Liquidations", "Positions that were closed by force", forced.controls)

    def place_run(self, dock: Dock) -> None:
        """Add the tabs of the run itself, which stand last."""
        system, log = self.system, self.log
        dock.add_panel(system, "System", "How connections, streams and the program itself fare", system.controls)
        dock.add_panel(log, "Log", "The newest lines of the log", log.controls)

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        for panel in self._all:
            panel.attach(engine)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        for panel in self._all:
            panel.detach()

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The chart's instrument."""
        for panel in self._all:
            panel.show_instrument(instrument)

    def recall(self, memory: DeskMemory) -> None:
        """Take the choices of the previous run, as far as they make sense."""
        groups = {name: ticks for name, ticks in memory.book_groups.items() if 1 < ticks <= MOST_GROUP_TICKS}
        self.order_book.groups = groups
        if 0 < memory.slippage_amount <= MOST:
            self.order_book.facts.amount.set_amount(memory.slippage_amount)
        least = memory.least_trade
        if least is not None and 0 < least <= MOST:
            self.trades.least.set_amount(least)
            self.trades.choose_least(least)
        self.trades.sound_button.setChecked(memory.trade_sound)
        least = memory.least_liquidation
        if least is not None and 0 < least <= MOST:
            self.liquidations.least.set_amount(least)
            self.liquidations.choose_least(least)
        self.liquidations.choose_all(memory.liquidations_of_all)
        self.log.choose_level(memory.log_level)

    def remember(self, tab: str) -> DeskMemory:
        """The choices, for the next run."""
        facts = self.order_book.facts
        return DeskMemory(
            tab=tab,
            book_groups=dict(self.order_book.groups),
            slippage_amount=facts.amount.amount or DeskMemory().slippage_amount,
            least_trade=self.trades.least.amount,
            trade_sound=self.trades.sound_button.isChecked(),
            least_liquidation=self.liquidations.least.amount,
            liquidations_of_all=self.liquidations.is_of_all,
            log_level=self.log.rows.level,
        )
