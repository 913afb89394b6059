"""The panels under the chart: one turn of each in which everything changed, read, formatted and painted."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks.measure import Local, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.painted import application, check_paints, steps
from tests.desk import BTC, DeskRig
from virtuoso_desktop.engine.subscriptions import SHOWN_DEPTH
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.market.store import ANALYSED_DEPTH
from virtuoso_desktop.ui.panels.liquidations import LiquidationsPanel
from virtuoso_desktop.ui.panels.order_book import OrderBookPanel
from virtuoso_desktop.ui.panels.system import SystemPanel
from virtuoso_desktop.ui.panels.trades import TradesPanel
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.model.market import Level
    from virtuoso_desktop.ui.panels.desk_parts import DeskPanel

SIZE = (1126, 204)
STEPS = 20
ROUNDS = 9
BOOKS = 8
TRADES, FORCED = 40, 10
"""New trades and liquidations in one turn: 400 and 40 a second."""
MOST_MS = 5.0
"""No call on the window's thread may take longer."""


class Desk:
    """One panel over a store of its own; `turn` changes what it shows and gives it its turn."""

    def __init__(self, panel: DeskPanel, change: Callable[[Desk], None], period_ms: int) -> None:
        self.rig = DeskRig()
        self.rig.link(LinkPhase.LIVE)
        self.rng = random.Random(1)
        self.books = [(self._levels(-1), self._levels(1)) for _ in range(BOOKS)]
        self.panel = panel
        self._change = change
        self._period_ms = period_ms
        self._now_ns = 10**12
        change(self)
        panel.resize(*SIZE)
        panel.show()
        panel.show_instrument(BTC)
        panel.attach(self.rig)
        self.turn(0)

    def turn(self, _: int) -> None:
        self.rig.clock.advance_ms(self._period_ms)
        self._change(self)
        self._now_ns += self._period_ms * 1_000_000
        self.panel.refresh(self._now_ns)

    def _levels(self, sign: int) -> list[Level]:
        first = 1_000.0 if sign > 0 else 999.9
        return [
            (round(first + sign * place * 0.1, 1), round(self.rng.uniform(0.1, 9.0), 3))
            for place in range(ANALYSED_DEPTH)
        ]


def new_books(desk: Desk) -> None:
    """Both books are others."""
    bids, asks = desk.books[desk.rng.randrange(BOOKS)]
    desk.rig.book(bids[:SHOWN_DEPTH], asks[:SHOWN_DEPTH], (SHOWN_DEPTH,))
    desk.rig.book(bids, asks, (ANALYSED_DEPTH,))


def new_trades(desk: Desk) -> None:
    for _ in range(TRADES):
        desk.rig.clock.advance_ms(1)
        desk.rig.trade(1_000.0 + round(desk.rng.uniform(-5, 5), 1), round(desk.rng.uniform(0.01, 400.0), 3))


def new_liquidations(desk: Desk) -> None:
    for _ in range(FORCED):
        desk.rig.liquidation(1_000.0 + round(desk.rng.uniform(-5, 5), 1), round(desk.rng.uniform(0.01, 400.0), 3))


def new_messages(desk: Desk) -> None:
    desk.rig.metrics.messages.update({"orderbook.50": 30, "tickers": 20, "publicTrade": 25})
    desk.rig.metrics.lag_ms.add(desk.rng.uniform(1, 40))


def run(quick: bool) -> Outcome:
    app = application()
    theme = Theme()
    theme.apply()
    desks = {
        "order book": Desk(OrderBookPanel(theme), new_books, 100),
        "trades": Desk(TradesPanel(theme, lambda: None), new_trades, 100),
        "liquidations": Desk(LiquidationsPanel(theme), new_liquidations, 250),
        "system": Desk(SystemPanel(theme, lambda _: None), new_messages, 1_000),
    }
    feeds = {"order book": new_books, "trades": new_trades, "liquidations": new_liquidations, "system": new_messages}
    views = {
        "order book": desks["order book"].panel.view,  # type: ignore[attr-defined]
        "trades": desks["trades"].panel.view,  # type: ignore[attr-defined]
        "liquidations": desks["liquidations"].panel.view,  # type: ignore[attr-defined]
        "system": desks["system"].panel.streams,  # type: ignore[attr-defined]
    }
    for name, desk in desks.items():
        check_paints(app, views[name].canvas, desk.turn)
    contenders = [Local(name, steps(app, desk.turn, STEPS)) for name, desk in desks.items()]
    contenders += [
        Local(f"{name} fed", steps(app, lambda _, fed=desks[name], feed=feed: feed(fed), STEPS))
        for name, feed in feeds.items()
    ]
    found = alternate(contenders, 2 if quick else ROUNDS)
    ms = 1e3 / STEPS
    lines = [
        Line(f"a turn of {name}", (found.best(name) - found.best(f"{name} fed")) * ms, "ms", MOST_MS) for name in desks
    ]
    return Outcome("desk", lines, {"size": SIZE, "ms_per_step": found.facts(ms)})
