"""The panels under the chart in the real window: which one reads, what comes back after a restart."""

from __future__ import annotations

from collections import Counter
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QPoint, QSize
from PySide6.QtWidgets import QApplication

from tests.desk import BTC, DeskRig, ladder_levels
from tests.market_rows import COINS, NOW_MS, row
from virtuoso_desktop.exchanges.base import LinkPhase
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.memory import DeskMemory, WindowMemory
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.ui.workspace import Workspace

UNDER = ["order_book", "overview", "system", "log"]
TAPE = ["trades", "liquidations", "signals"]
FRAME_NS = 33_000_000


class Counting:
    """Counts the calls of what it stands before."""

    def __init__(self, inner: object, calls: Counter[str]) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        self._calls[name] += 1
        return getattr(self._inner, name)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme()
    made.apply()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def rig() -> DeskRig:
    made = DeskRig()
    for place, coin in enumerate(COINS):
        made.rows[row(coin).instrument_id] = row(coin, 100.0 + place)
    made.link(LinkPhase.LIVE)
    made.book(ladder_levels(99.9, 60, step=-0.1), ladder_levels(100.0, 60, step=0.1))
    made.trade(100.0, 1.0)
    return made


@pytest.fixture
def make(qtbot: QtBot, theme: Theme) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def build(memory: WindowMemory | None = None, size: QSize = QSize(1600, 1000)) -> MainWindow:  # noqa: B008
        window = MainWindow(theme, Source.LIVE, now_ms=lambda: NOW_MS, memory=memory)
        window.resize(size)
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield build
    for window in windows:
        window.detach()


def choose(work: Workspace, name: str) -> None:
    group = work.group_of(name)
    assert group is not None
    group.choose(name)


def look_at_all(work: Workspace) -> None:
    """Choose each tab once: its panel is made then."""
    for name in (*UNDER, *TAPE):
        choose(work, name)


def test_a_panel_is_made_when_its_tab_is_first_chosen(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make(WindowMemory(desk=DeskMemory(least_trade=7_000.0)))
    choose(window.interior.workspace, "liquidations")  # before any panel is made
    window.attach(rig)
    work = window.interior.workspace
    desk = work.make().desk
    assert sorted(desk._made) == ["liquidations", "order_book"]
    assert window.remember().desk.least_trade == 7_000.0, "the choice of a panel that was never made stays"
    window.interior.show_instrument(BTC)
    choose(work, "trades")
    assert (desk.trades.isVisible(), desk.trades.instrument, desk.trades.least.amount) == (True, BTC, 7_000.0)
    assert desk.trades.least.isVisible()
    assert not desk.liquidations.isVisible()


def test_words_of_the_row_have_their_room(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make()
    window.attach(rig)
    window.interior.show_instrument(BTC)
    desk = window.interior.workspace.make().desk
    desk.order_book.refresh(10**12)
    QApplication.processEvents()
    assert desk.order_book.unit.isVisible()
    assert desk.order_book.unit.width() == desk.order_book.unit.sizeHint().width() > 20


def test_the_tabs_stand_in_the_order_of_the_design(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make()
    window.attach(rig)
    work = window.interior.workspace
    groups = [group for group in work.main.groups if group.has_tabs]
    assert [list(group.tabs) for group in groups] == [UNDER, TAPE]
    assert [group.chosen for group in groups] == ["order_book", "trades"], "book and tape are both visible"
    assert all(work.panels.widget(name).isVisible() for name in ("order_book", "trades"))


def test_only_the_panel_that_is_seen_reads(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    calls: Counter[str] = Counter()
    rig.desk, rig.run_desk = Counting(rig.desk, calls), Counting(rig.run_desk, calls)  # type: ignore[assignment]
    window = make()
    window.attach(rig)
    window.interior.show_instrument(BTC)
    interior, work = window.interior, window.interior.workspace
    QApplication.processEvents()
    interior.frame.stop()
    reads: dict[str, set[str]] = {
        "order_book": {"ladder", "ladder_version", "depth"},
        "liquidations": {"liquidations", "liquidations_version"},
        "signals": set(),
        "overview": set(),
        "system": {"system"},
        "log": {"log", "log_version"},
        "trades": set(),
    }
    now_ns = perf_counter_ns() + 10**10
    for name in TAPE:  # all in one group: one is in front
        work.move_panel(name, work.main, work.group_of("order_book").group)  # type: ignore[union-attr]
    for name, allowed in reads.items():
        choose(work, name)
        QApplication.processEvents()
        calls.clear()
        for _ in range(40):
            now_ns += FRAME_NS
            interior.frame.tick(now_ns)
        assert set(calls) <= allowed, name
        assert bool(calls) == bool(allowed), name
    work.toggle_dock()
    calls.clear()
    for _ in range(40):
        now_ns += FRAME_NS
        interior.frame.tick(now_ns)
    assert not calls, "a collapsed dock reads nothing"


def test_choices_come_back_after_a_restart(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make()
    window.attach(rig)
    window.interior.show_instrument(BTC)
    work = window.interior.workspace
    desk = work.make().desk
    look_at_all(work)
    desk.order_book.choose_group(10)
    desk.order_book.facts.amount.set_amount(25_000.0)
    desk.trades.least.set_amount(5_000.0)
    desk.trades.choose_least(5_000.0)
    desk.trades.sound_button.setChecked(True)
    desk.liquidations.choose_all(False)
    desk.log.choose_level(40)
    memory = WindowMemory.from_bytes(window.remember().to_bytes())
    assert memory.desk == DeskMemory(
        book_groups={"bybit:linear:BTCUSDT": 10},
        slippage_amount=25_000.0,
        least_trade=5_000.0,
        trade_sound=True,
        least_liquidation=None,
        liquidations_of_all=False,
        log_level=40,
    )
    again = make(memory)
    again.attach(rig)
    look_at_all(again.interior.workspace)
    assert again.interior.workspace.make().desk.remember() == memory.desk


def test_a_memory_of_garbage_is_not_taken(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    nonsense = DeskMemory(
        book_groups={"x": -5, "bybit:linear:BTCUSDT": 10**12},
        slippage_amount=-1.0,
        least_trade=0.0,
        least_liquidation=1e30,
        log_level=-7,
    )
    window = make(WindowMemory(desk=nonsense))
    window.attach(rig)
    look_at_all(window.interior.workspace)
    assert window.remember().desk == DeskMemory()


def test_a_liquidation_leads_to_its_instrument(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    rig.liquidation(100.0, 5.0)
    window = make()
    window.attach(rig)
    window.interior.show_instrument(rig.watched()[3].id)
    look_at_all(window.interior.workspace)
    panel = window.interior.workspace.make().desk.liquidations
    panel.refresh(10**12)
    panel.view.opened.emit(0)
    assert window.instrument == BTC


def test_no_panel_keeps_the_window_from_being_made_smaller(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make()
    window.attach(rig)
    work = window.interior.workspace
    for name in (*UNDER, *TAPE):
        choose(work, name)
        window.resize(1600, 1000)
        QApplication.processEvents()
        window.resize(1280, 720)
        QApplication.processEvents()
        assert (window.width(), window.height()) == (1280, 720), name
        assert work.mapTo(window, QPoint(work.width(), 0)).x() <= 1280, name
        assert window.interior.markets.width() >= 350, name


def test_a_small_window_shows_every_tab(make: Callable[..., MainWindow], rig: DeskRig) -> None:
    window = make(size=QSize(1280, 720))
    window.attach(rig)
    QApplication.processEvents()
    work = window.interior.workspace
    for group in (each for each in work.main.groups if each.has_tabs):
        right = 0
        for tab in group.tabs.values():
            assert tab.isVisible()
            assert tab.x() >= right
            right = tab.x() + tab.width()
        assert right < group.menu_button.x()
