"""The panels of book, tape and run: each is made when it is first seen; fed and remembered as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from virtuoso_desktop.ui.amount import MOST
from virtuoso_desktop.ui.memory import DeskMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.frame import FrameClock
    from virtuoso_desktop.ui.panels.desk_parts import DeskPanel
    from virtuoso_desktop.ui.panels.liquidations import LiquidationsPanel
    from virtuoso_desktop.ui.panels.log import LogPanel
    from virtuoso_desktop.ui.panels.order_book import OrderBookPanel
    from virtuoso_desktop.ui.panels.system import SystemPanel
    from virtuoso_desktop.ui.panels.trades import TradesPanel
    from virtuoso_desktop.ui.theme import Theme

    P = TypeVar("P", bound=DeskPanel)

MOST_GROUP_TICKS = 1_000_000
DESK_PANELS = ("order_book", "trades", "liquidations", "system", "log")


class DeskPanels:
    """All of them. A panel that nobody has looked at is not even loaded.

    Parameters
    ----------
    theme : Theme
        Colours.
    clock : FrameClock
        Gives the panels their turns.
    choose : callable
        Shows an instrument that was clicked in one of them.
    """

    def __init__(self, theme: Theme, clock: FrameClock, choose: Callable[[InstrumentId], object]) -> None:
        self._theme = theme
        self._clock = clock
        self._choose = choose
        self._engine: EngineView | None = None
        self._instrument: InstrumentId | None = None
        self._memory = DeskMemory()
        self._made: dict[str, DeskPanel] = {}

    # --- parts --------------------------------------------------------------------------------------------------

    @property
    def order_book(self) -> OrderBookPanel:
        return self._panel("order_book", self._make_order_book)

    @property
    def trades(self) -> TradesPanel:
        return self._panel("trades", self._make_trades)

    @property
    def liquidations(self) -> LiquidationsPanel:
        return self._panel("liquidations", self._make_liquidations)

    @property
    def system(self) -> SystemPanel:
        return self._panel("system", self._make_system)

    @property
    def log(self) -> LogPanel:
        return self._panel("log", self._make_log)

    def _panel(self, name: str, make: Callable[[], P]) -> P:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make()
            found.show_instrument(self._instrument)
            if self._engine is not None:
                found.attach(self._engine)
            self._clock.add(found, found.take_painted_ns)
        return cast("P", found)

    def _make_order_book(self) -> OrderBookPanel:
        from virtuoso_desktop.ui.panels.order_book import OrderBookPanel

        panel, memory = OrderBookPanel(self._theme), self._memory
        panel.groups = {name: ticks for name, ticks in memory.book_groups.items() if 1 < ticks <= MOST_GROUP_TICKS}
        if 0 < memory.slippage_amount <= MOST:
            panel.facts.amount.set_amount(memory.slippage_amount)
        return panel

    def _make_trades(self) -> TradesPanel:
        from virtuoso_desktop.ui.panels.trades import TradesPanel

        panel, least = TradesPanel(self._theme), _amount(self._memory.least_trade)
        panel.least.set_amount(least)
        panel.choose_least(least)
        panel.sound_button.setChecked(self._memory.trade_sound)
        return panel

    def _make_liquidations(self) -> LiquidationsPanel:
        from virtuoso_desktop.ui.panels.liquidations import LiquidationsPanel

        panel, least = LiquidationsPanel(self._theme), _amount(self._memory.least_liquidation)
        panel.least.set_amount(least)
        panel.choose_least(least)
        panel.choose_all(self._memory.liquidations_of_all)
        panel.instrument_chosen.connect(self._choose)
        return panel

    def _make_system(self) -> SystemPanel:
        from virtuoso_desktop.ui.panels.system import SystemPanel

        return SystemPanel(self._theme)

    def _make_log(self) -> LogPanel:
        from virtuoso_desktop.ui.panels.log import LogPanel

        panel = LogPanel(self._theme)
        panel.choose_level(self._memory.log_level)
        return panel

    def named(self, name: str) -> DeskPanel:
        """One of `DESK_PANELS`; made when first asked for."""
        panel: DeskPanel = getattr(self, name)
        return panel

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        for panel in self._made.values():
            panel.attach(engine)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None
        for panel in self._made.values():
            panel.detach()

    def show_instrument(self, instrument: InstrumentId | None) -> None:
        """The chart's instrument."""
        self._instrument = instrument
        for panel in self._made.values():
            panel.show_instrument(instrument)

    # --- memory -------------------------------------------------------------------------------------------------

    def recall(self, memory: DeskMemory) -> None:
        """The choices of the previous run, for panels made from now on; what makes no sense is left out."""
        self._memory = memory

    def remember(self) -> DeskMemory:
        """The choices, for the next run; those of panels that were never made stay as they were."""
        made = self._made
        known: dict[str, object] = {}
        if "order_book" in made:
            book = self.order_book
            known["book_groups"] = dict(book.groups)
            known["slippage_amount"] = book.facts.amount.amount or DeskMemory().slippage_amount
        if "trades" in made:
            known["least_trade"] = self.trades.least.amount
            known["trade_sound"] = self.trades.sound_button.isChecked()
        if "liquidations" in made:
            known["least_liquidation"] = self.liquidations.least.amount
            known["liquidations_of_all"] = self.liquidations.is_of_all
        if "log" in made:
            known["log_level"] = self.log.rows.level
        return msgspec.structs.replace(self._memory, **known)


def _amount(remembered: float | None) -> float | None:
    return remembered if remembered is not None and 0 < remembered <= MOST else None
