"""A new user's first evening, by mouse and keyboard: from nothing to a workspace of their own, and the next day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui.charts.grid import ChartGrid
from virtuoso_desktop.ui.dialogs.indicators import IndicatorsDialog
from virtuoso_desktop.ui.first_run import FirstRunPage
from virtuoso_desktop.ui.symbol_popup import SymbolPopup

if TYPE_CHECKING:
    from tests.hands.driven import Driven

ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier,
)  # fmt: skip
FILTER = "volume24h > 1e7 and change24h > -50"
NAME = "Evening"


async def first_start(driven: Driven) -> dict[str, Any]:
    """Nothing is there: the welcome asks; ten majors and the demo are chosen."""
    window, hands = driven.window, driven.hands
    await driven.until(lambda: window.findChild(FirstRunPage) is not None, "the welcome")
    page = window.findChild(FirstRunPage)
    await driven.until(lambda: page.isVisible() and page.demo.isEnabled(), "its buttons")
    hands.click(page.sets["10 majors"])
    words = hands.words
    driven.leave = lambda: hands.click(page.demo)
    return {"says_what_it_is": "Generated prices; needs no network." in words, "clicks": 2}


async def evening(driven: Driven) -> dict[str, Any]:
    """Search ETH, add an RSI, draw, split, float, filter, switch the theme, save the workspace, quit."""
    window, hands = driven.window, driven.hands
    interior = window.interior
    await driven.until_live()
    await driven.until(lambda: window.findChild(ChartGrid) is not None, "the chart")
    await _search_eth(driven)
    await _add_rsi(driven)
    await _draw_a_trend_line(driven)
    hands.press(Qt.Key.Key_2, CTRL | ALT)
    await driven.until(lambda: len(_grid(driven).shown) == 2, "two charts")
    interior.commands.run("show_order_book")
    await driven.settle()
    hands.press(Qt.Key.Key_F, CTRL | SHIFT)
    await driven.until(lambda: len(interior.workspace.windows.all) == 1, "the order book in a window of its own")
    await _filter_the_scanner(driven)
    window.activateWindow()
    await _light_theme(driven)
    await _save_workspace(driven)
    result = seen(driven)
    driven.leave = lambda: hands.press(Qt.Key.Key_Q, CTRL)
    return result


async def next_day(driven: Driven) -> dict[str, Any]:
    """Only look."""
    await driven.until_live()
    await driven.until(lambda: driven.window.findChild(ChartGrid) is not None, "the chart")
    await driven.until(lambda: bool(_drawn(driven)), "the drawing")
    await driven.until(lambda: "scan" in seen(driven)["markets"].lower(), "the scanner")
    driven.leave = lambda: driven.hands.press(Qt.Key.Key_Q, CTRL)
    return seen(driven)


def seen(driven: Driven) -> dict[str, Any]:
    """What a person sees of the arrangement, the same before and after a restart."""
    interior, grid = driven.window.interior, _grid(driven)
    windows = interior.workspace.windows.all
    return {
        "instrument": str(driven.window.instrument),
        "charts": len(grid.shown),
        "studies": [study.name for study in grid.active.remember().studies],
        "drawings": _drawn(driven),
        "floating": [[group.group.panels for group in each.area.groups] for each in windows],
        "markets": str(interior.markets.lists.scope),
        "filter": interior.markets.search.text(),
        "theme": interior.theme.choice.value,
        "workspace": interior.panel_actions.keeper.current,
    }


def _grid(driven: Driven) -> ChartGrid:
    grid = driven.window.findChild(ChartGrid)
    assert isinstance(grid, ChartGrid)
    return grid


def _drawn(driven: Driven) -> list[list[float]]:
    book = driven.window.interior.drawing.desk().books.of(ETH)
    return [[value for point in each.points for value in (point.time_ms, point.price)] for each in book.drawings]


async def _search_eth(driven: Driven) -> None:
    hands, window = driven.hands, driven.window
    hands.press(Qt.Key.Key_L, CTRL)
    await driven.until(lambda: window.findChild(SymbolPopup) is not None, "the list of instruments")
    hands.type("eth")
    await driven.settle()
    hands.press(Qt.Key.Key_Return)
    await driven.until(lambda: window.instrument == ETH, "ETHUSDT on the chart")


async def _add_rsi(driven: Driven) -> None:
    hands, window = driven.hands, driven.window
    before = {study.name for study in _grid(driven).active.remember().studies}
    hands.press(Qt.Key.Key_I, CTRL)
    await driven.until(lambda: window.findChild(IndicatorsDialog) is not None, "the indicators")
    dialog = window.findChild(IndicatorsDialog)
    assert isinstance(dialog, IndicatorsDialog)
    dialog.search.setFocus()
    hands.type("rsi")
    await driven.settle()
    rows = [dialog.list.item(row) for row in range(dialog.list.count())]
    row = next(each for each in rows if each.checkState() is Qt.CheckState.Unchecked)
    wanted = row.text()
    dialog.list.setFocus()
    dialog.list.setCurrentItem(row)
    hands.press(Qt.Key.Key_Space)
    await driven.until(
        lambda: {study.name for study in _grid(driven).active.remember().studies} - before, f"one more: {wanted}"
    )
    hands.click(dialog.close_button)


async def _draw_a_trend_line(driven: Driven) -> None:
    hands, canvas = driven.hands, _grid(driven).active.canvas
    driven.window.activateWindow()
    await driven.settle()
    canvas.setFocus()
    await driven.until(lambda: driven.window.interior.drawing.desk().books.of(ETH).is_open, "the drawings of ETH")
    hands.press(Qt.Key.Key_T, ALT)
    ground = canvas.viewport()
    for at in (QPoint(120, 150), QPoint(320, 190)):
        await driven.settle()
        hands.click(ground, at)
    await driven.until(lambda: bool(_drawn(driven)), "a trend line")


async def _filter_the_scanner(driven: Driven) -> None:
    hands, window = driven.hands, driven.window
    window.activateWindow()
    window.interior.commands.run("show_scanner")
    search = window.interior.markets.search
    search.setFocus()
    hands.type(FILTER)

    await driven.until(lambda: window.interior.markets.rows.row_count() > 0, "rows that pass the filter")


async def _light_theme(driven: Driven) -> None:
    theme = driven.window.theme
    for _ in range(3):
        if theme.choice.value == "light":
            break
        driven.hands.press(Qt.Key.Key_T, CTRL | SHIFT)
        await driven.settle(0.3)
    assert theme.choice.value == "light"


async def _save_workspace(driven: Driven) -> None:
    hands = driven.hands
    driven.window.setFocus()
    hands.press(Qt.Key.Key_S, CTRL | SHIFT)
    await driven.until(lambda: isinstance(QApplication.focusWidget(), QLineEdit), "the box for a name")
    hands.focus.selectAll()  # type: ignore[attr-defined]
    hands.type(NAME)
    hands.press(Qt.Key.Key_Return)
    await driven.until(lambda: driven.window.interior.panel_actions.keeper.current == NAME, "the workspace's name")
