from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.market_rows import COINS, NOW_MS, FakeMarket, identity, row, waiting
from virtuoso_desktop.engine.views import LinkPhase, LinkView, MarketsSnapshot, RowState, StaleTopic, StatusView
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.banner import Ribbon
from virtuoso_desktop.ui.dialogs.frame import PlainDialog
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.interval_box import IntervalBox, parse_interval
from virtuoso_desktop.ui.memory import ColumnMemory, WindowMemory
from virtuoso_desktop.ui.menu import main_menu
from virtuoso_desktop.ui.shortcuts import SHORTCUTS
from virtuoso_desktop.ui.symbol_popup import SymbolPopup, matching
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

Make = "Callable[..., MainWindow]"


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    before = qapp.font()
    made = Theme()
    made.apply()
    qapp.setFont(font(Type.BODY))
    yield made
    qapp.setStyleSheet("")
    qapp.setFont(before)


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))


@pytest.fixture
def make(qtbot: QtBot, theme: Theme) -> Iterator[Callable[..., MainWindow]]:
    windows: list[MainWindow] = []

    def build(source: Source = Source.LIVE, **hints: object) -> MainWindow:
        window = MainWindow(theme, source, now_ms=lambda: NOW_MS, **hints)  # type: ignore[arg-type]
        window.resize(1600, 960)
        windows.append(window)
        qtbot.addWidget(window)
        return window

    yield build
    for window in windows:
        window.detach()


@pytest.fixture
def window(make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot) -> MainWindow:
    made = make()
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.attach(market)
    return made


def tell(window: MainWindow) -> None:
    window.interior.refresh_status()


def snapshot() -> MarketsSnapshot:
    return MarketsSnapshot(1, NOW_MS - 240_000, [row(coin, 90.0, state=RowState.LAST_SEEN) for coin in COINS])


# --- the first frame -------------------------------------------------------------------------------------------


def test_the_first_frame_needs_no_heavy_package_and_no_widget() -> None:
    program = (
        "import sys; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "from virtuoso_desktop.ui.theme import Theme; from virtuoso_desktop.ui.window import MainWindow;"
        "from virtuoso_desktop.model.instrument import Source;"
        "theme = Theme(); theme.apply(); window = MainWindow(theme, Source.DEMO, now_ms=lambda: 0);"
        "window._after_first_paint = lambda: None; window.grab();"
        "heavy = {'numpy', 'pyqtgraph', 'pydantic', 'asyncio', 'websockets', 'ccxt', 'pandas', 'numba', 'qasync',"
        "'qtawesome', 'PySide6.QtSvg', 'PySide6.QtDBus', 'virtuoso_desktop.ui.interior', 'virtuoso_desktop.ui.table',"
        "'virtuoso_desktop.ui.workspace', 'virtuoso_desktop.ui.panels.markets_scores',"
        "'virtuoso_desktop.ui.panels.confluence',"
        "'virtuoso_desktop.engine.analysis_views'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_first_frame_shows_what_the_widgets_show(make: Callable[..., MainWindow], qtbot: QtBot) -> None:
    window = make(Source.DEMO, snapshot=snapshot())
    window._after_first_paint = lambda: None  # type: ignore[method-assign]
    first = window.grab().toImage()
    assert window._interior is None
    window.interior.show()
    window.show()
    qtbot.waitExposed(window)
    QApplication.processEvents()
    second = window.grab().toImage()
    table = (0, 100, 400, 200)  # the symbol, price and change of the first rows
    assert share_of_equal(first, second, table) > 0.995
    assert share_of_equal(first, second, (0, 0, window.width(), window.height())) > 0.98


def share_of_equal(one: QImage, other: QImage, box: tuple[int, int, int, int]) -> float:
    left, top, width, height = box
    points = [(x, y) for x in range(left, left + width, 2) for y in range(top, top + height, 2)]
    near = 0
    for x, y in points:
        a, b = one.pixelColor(x, y), other.pixelColor(x, y)
        near += abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue()) < 120
    return near / len(points)


def test_the_widgets_follow_the_first_paint_by_themselves(make: Callable[..., MainWindow], qtbot: QtBot) -> None:
    window = make(snapshot=snapshot())
    window.show()
    qtbot.waitUntil(lambda: window._interior is not None)
    assert window.interior.isVisible()
    assert window.interior.size() == window.size()
    assert window.interior.frame.is_running


def test_whatever_is_asked_early_makes_the_widgets(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    window = make()
    window.attach(market)
    assert window.instrument == identity("BTC")
    assert market.calls == [("show", identity("BTC"), Timeframe.M5)]


def test_a_window_that_was_furnished_early_gets_its_icon_too(
    make: Callable[..., MainWindow], market: FakeMarket, qtbot: QtBot
) -> None:
    window = make()
    window.attach(market)
    assert window.windowIcon().isNull()
    window.show()
    qtbot.waitUntil(lambda: not window.windowIcon().isNull())


# --- what is shown ---------------------------------------------------------------------------------------------


def test_the_shown_instrument_is_the_same_everywhere(window: MainWindow, market: FakeMarket, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.shown_changed) as shown:
        window.show_instrument(identity("SOL"), Timeframe.H1)
    assert shown.args == [identity("SOL"), Timeframe.H1]
    assert market.calls[-1] == ("show", identity("SOL"), Timeframe.H1)
    interior = window.interior
    assert interior.top_bar.instrument.accessibleName() == "Instrument: SOLUSDT.P Bybit"
    assert interior.markets.rows.shown == identity("SOL")
    assert "102.00" in interior.strip._price.accessibleName()
    assert window.windowTitle().startswith("SOLUSDT.P 102.00 +1.50")


def test_the_same_instrument_again_is_no_change(window: MainWindow, market: FakeMarket) -> None:
    calls = len(market.calls)
    assert window.instrument is not None
    window.show_instrument(window.instrument)
    assert len(market.calls) == calls


def test_an_engine_that_learns_its_universe_later(make: Callable[..., MainWindow]) -> None:
    window, market = make(), FakeMarket()
    window.attach(market)
    assert window.instrument is None
    market.tick(waiting("ETH"), waiting("BTC"))
    market.watched_changed.emit((identity("ETH"), identity("BTC")))
    assert window.instrument == identity("ETH")


def test_a_remembered_instrument_that_is_no_longer_watched_gives_way(
    make: Callable[..., MainWindow], market: FakeMarket
) -> None:
    window = make(memory=WindowMemory(instrument="bybit:linear:GONEUSDT", timeframe="4h"))
    assert (window.instrument, window.timeframe) == (identity("GONE"), Timeframe.H4)
    window.attach(market)
    assert (window.instrument, window.timeframe) == (identity("BTC"), Timeframe.H4)


def test_the_strip_tells_figures_and_greys_what_is_old(window: MainWindow, market: FakeMarket) -> None:
    strip = window.interior.strip
    said = {words.accessibleName() for words in (strip._mark, strip._range, strip._turnover, strip._funding)}
    assert said == {"Mark 99.90", "24 h 95.00 \u2013 110.00", "Turnover 1.00B", "Funding +0.0100\u2009% in 1h 00m"}
    market.change("BTC", state=RowState.STALE, updated_ms=NOW_MS - 42_000)
    strip.refresh(0)
    assert strip._age.accessibleName() == "Age 42 s old"
    assert {word.colour for word in strip._price._words} == {"muted"}
    market.tick(row("BTC", None, change_24h_pct=None, mark_price=None))
    strip.refresh(0)
    assert "\u2014" in strip._price.accessibleName()
    assert strip._mark.accessibleName() == "Mark \u2014"


def test_the_strip_gives_way_from_the_right(window: MainWindow) -> None:
    strip = window.interior.strip
    strip.resize(400, 32)
    shown = [words.isHidden() for words in (strip._price, strip._change, strip._mark, strip._turnover, strip._funding)]
    assert shown == [False, False, False, True, True]


def test_the_chart_takes_its_place_and_its_turns(window: MainWindow, qtbot: QtBot) -> None:
    class Chart(QWidget):
        rate_hz = 30.0
        urgency = 0

        def __init__(self) -> None:
            super().__init__()
            self.turns = 0

        def refresh(self, now_ns: int) -> None:
            self.turns += 1

    chart = Chart()
    window.set_chart(chart, chart, lambda: 0)
    qtbot.waitUntil(lambda: chart.turns > 2)
    assert chart.isVisible()
    assert chart.width() > 780
    second = Chart()
    window.set_chart(second, second)
    qtbot.waitUntil(lambda: second.turns > 2)
    turns = chart.turns
    qtbot.wait(100)
    assert chart.turns == turns


# --- keys ------------------------------------------------------------------------------------------------------


def popup(window: MainWindow, kind: type[QWidget]) -> QWidget:
    found = [child for child in window.findChildren(kind) if child.isVisible()]
    assert len(found) == 1
    return found[0]


def test_letters_open_the_list_of_instruments(window: MainWindow, market: FakeMarket, qtbot: QtBot) -> None:
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_D)
    opened = popup(window, SymbolPopup)
    assert isinstance(opened, SymbolPopup)
    qtbot.keyClicks(opened.search, "o")
    assert [shown.base_coin for shown in opened._model.rows] == ["DOGE", "DOT"]
    qtbot.keyClick(opened.search, Qt.Key.Key_Down)
    qtbot.keyClick(opened.search, Qt.Key.Key_Return)
    assert window.instrument == identity("DOT")
    assert not opened.isVisible()


def test_the_list_closes_by_escape_and_by_a_click_elsewhere(window: MainWindow, qtbot: QtBot) -> None:
    window.interior.markets.view.setFocus()
    window.choose_instrument()
    qtbot.keyClick(popup(window, SymbolPopup), Qt.Key.Key_Escape)
    assert not [child for child in window.findChildren(SymbolPopup) if child.isVisible()]
    assert window.interior.markets.view.hasFocus(), "the focus is back where it was"
    window.choose_instrument()
    qtbot.mouseClick(window.interior.strip, Qt.MouseButton.LeftButton, pos=QPoint(600, 10))
    assert not [child for child in window.findChildren(SymbolPopup) if child.isVisible()]


def test_the_list_says_when_nothing_matches(window: MainWindow) -> None:
    window.choose_instrument("qqq")
    opened = popup(window, SymbolPopup)
    assert isinstance(opened, SymbolPopup)
    assert opened._model.rows == []
    assert opened.list.isHidden()
    opened.finish()


def test_what_begins_with_the_typed_letters_comes_first() -> None:
    rows = [row("ADOGE", turnover_24h=9e12), row("DOGE", turnover_24h=1.0)]
    assert [found.base_coin for found in matching(rows, "dog")] == ["DOGE", "ADOGE"]
    assert [found.base_coin for found in matching(rows, "")] == ["ADOGE", "DOGE"]


@pytest.mark.parametrize(
    ("typed", "timeframe"),
    [
        ("5", Timeframe.M5), ("5m", Timeframe.M5), ("60", Timeframe.H1), ("1h", Timeframe.H1), ("240", Timeframe.H4),
        ("4H", Timeframe.H4), ("d", Timeframe.D1), ("1d", Timeframe.D1), (" 15 min ", Timeframe.M15), ("7", None),
        ("2h", None), ("", None), ("h1", None), ("1hm", None), ("x", None), ("1440", Timeframe.D1), ("0", None),
    ],
)  # fmt: skip
def test_intervals_are_read_as_they_are_typed(typed: str, timeframe: Timeframe | None) -> None:
    assert parse_interval(typed.replace(" min", "min")) is timeframe


def test_a_digit_opens_the_interval_box(window: MainWindow, market: FakeMarket, qtbot: QtBot) -> None:
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_1)
    box = popup(window, IntervalBox)
    assert isinstance(box, IntervalBox)
    qtbot.keyClicks(box.field, "h")
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert window.timeframe is Timeframe.H1
    assert market.calls[-1] == ("show", identity("BTC"), Timeframe.H1)


def test_the_interval_box_refuses_what_there_is_not_and_stays(window: MainWindow, qtbot: QtBot) -> None:
    window.choose_interval("7")
    box = popup(window, IntervalBox)
    assert isinstance(box, IntervalBox)
    assert box._hint().colour == "warning"
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert box.isVisible()
    box.finish()


def test_timeframes_by_alt_and_digit_and_by_button(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_6, Qt.KeyboardModifier.AltModifier)
    assert window.timeframe is Timeframe.H4
    button = window.interior.top_bar._timeframes[Timeframe.D1]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.timeframe is Timeframe.D1
    assert button.isChecked()
    assert button.accessibleName() == "Timeframe 1d"
    assert "Alt+7" in button.toolTip()


def test_ctrl_tab_goes_through_the_instruments(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert window.instrument == identity("ETH")
    backwards = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Backtab, backwards)
    qtbot.keyClick(window, Qt.Key.Key_Backtab, backwards)
    assert window.instrument == identity(COINS[-1])


@pytest.mark.parametrize("key", ["slash", "control"])
def test_the_search_by_key(window: MainWindow, qtbot: QtBot, key: str) -> None:
    window.setFocus()
    if key == "slash":
        qtbot.keyClick(window, Qt.Key.Key_Slash)
    else:
        qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.interior.markets.search.hasFocus()


def test_the_question_mark_lists_every_shortcut(window: MainWindow, qtbot: QtBot) -> None:
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Question)
    dialog = popup(window, PlainDialog)
    assert not dialog.isModal()
    dialog.close()


def test_the_tab_order_follows_the_eye(window: MainWindow) -> None:
    tell(window)
    bar, markets = window.interior.top_bar, window.interior.markets
    wanted = [
        bar.instrument, *bar._timeframes.values(), bar.indicators, bar._chips["bybit"], bar.theme_button,
        bar.menu_button, markets.search, markets.view,
    ]  # fmt: skip
    order, widget = [], bar.instrument
    for _ in range(200):
        if widget in wanted and widget not in order:
            order.append(widget)
        widget = widget.nextInFocusChain()
    assert order == wanted


def test_every_control_has_a_name_and_a_tooltip(window: MainWindow) -> None:
    tell(window)
    from PySide6.QtWidgets import QLineEdit

    controls = [*window.findChildren(QAbstractButton), *window.findChildren(QLineEdit)]
    assert len(controls) > 12
    for control in controls:
        if type(control).__module__.startswith("virtuoso"):
            assert control.accessibleName(), control
            assert control.toolTip(), control.accessibleName()


# --- states ----------------------------------------------------------------------------------------------------


def test_a_lost_feed_shows_the_banner_and_retry_asks_the_engine(
    window: MainWindow, market: FakeMarket, qtbot: QtBot
) -> None:
    tell(window)
    assert window.interior.banner.message is None
    market.link_views = (
        LinkView("bybit", LinkPhase.BACKOFF, None, NOW_MS - 9_000, "connection reset by peer", NOW_MS + 8_000),
    )
    tell(window)
    banner = window.interior.banner
    assert banner.isVisible()
    assert banner.accessibleName() == "Bybit feed lost 9 s ago: connection reset by peer"
    assert banner.height() == 48
    qtbot.mouseClick(banner._retry, Qt.MouseButton.LeftButton)
    assert market.calls[-1] == ("retry_now", "bybit")
    chip = window.interior.top_bar._chips["bybit"]
    assert chip.accessibleName() == "Bybit backoff, retry in 8s"
    market.link_views = (LinkView("bybit", LinkPhase.LIVE, 12.0, NOW_MS),)
    tell(window)
    assert not banner.isVisible()
    assert chip.accessibleName() == "Bybit live, 12 ms"


def test_a_silent_topic_is_named_and_can_be_hidden_until_another_falls_silent(
    window: MainWindow, market: FakeMarket, qtbot: QtBot
) -> None:
    live = market.link_views[0]
    one = (StaleTopic("tickers.ICPUSDT", identity("ICP"), NOW_MS - 42_000),)
    market.link_views = (msgspec.structs.replace(live, stale_topics=one),)
    tell(window)
    banner = window.interior.banner
    assert banner.message is not None
    assert banner.message.title == "tickers ICPUSDT silent for 42 s"
    assert banner._retry.isHidden()
    assert "1 stale: tickers ICPUSDT, 42 s" in window.interior.status_bar.warning.accessibleName()
    qtbot.mouseClick(banner._hide, Qt.MouseButton.LeftButton)
    tell(window)
    assert not banner.isVisible()
    two = (*one, StaleTopic("kline.1.DOTUSDT", identity("DOT"), NOW_MS - 11_000))
    market.link_views = (msgspec.structs.replace(live, stale_topics=two),)
    tell(window)
    assert banner.isVisible()


def test_the_status_bar_tells_the_figures(window: MainWindow, market: FakeMarket) -> None:
    tell(window)
    bar = window.interior.status_bar
    names = [words.accessibleName() for words in (bar._instruments, bar._rate, bar._lag, bar._candles, bar._memory)]
    assert names == ["instruments 12", "1,240 msg/s", "lag 3 ms", "candles 212 of 245  series", "312 MB"]
    market.figures = msgspec.structs.replace(market.figures, instruments_live=10, lag_ms=None)
    tell(window)
    assert bar._instruments.accessibleName() == "instruments 10 of 12"
    assert bar._lag.accessibleName() == "lag \u2014"


@pytest.mark.parametrize(
    ("phase", "live", "rate", "badge"),
    [
        (LinkPhase.LIVE, 12, 900.0, "LIVE"),
        (LinkPhase.LIVE, 0, 900.0, "NO DATA"),
        (LinkPhase.LIVE, 12, 0.0, "NO DATA"),
        (LinkPhase.CONNECTING, 0, 0.0, "CONNECTING"),
        (LinkPhase.BACKOFF, 0, 0.0, "NO DATA"),
        (LinkPhase.STALE, 0, 0.0, "NO DATA"),
    ],
)
def test_live_is_said_only_of_data_that_arrive(
    window: MainWindow, market: FakeMarket, phase: LinkPhase, live: int, rate: float, badge: str
) -> None:
    market.link_views = (LinkView("bybit", phase, None, NOW_MS),)
    market.figures = StatusView(live, 12, rate, None, 0, 0, 0, 0, 0.0, 1.0, 0)
    tell(window)
    assert window.interior.status_bar.badge.text == badge


def test_the_status_bar_tells_of_the_background_and_of_a_history_that_is_not_kept(
    window: MainWindow, market: FakeMarket
) -> None:
    bar = window.interior.status_bar
    tell(window)
    assert bar._history.isHidden()
    market.figures = msgspec.structs.replace(market.figures, history_ratio=0.379)
    tell(window)
    assert bar._history.accessibleName() == "history 37 %"
    assert not bar._history.isHidden()
    market.figures = msgspec.structs.replace(market.figures, history_ratio=None, history_problem="The disk is full.")
    tell(window)
    assert bar._history.accessibleName() == "not stored"
    assert bar._history.toolTip() == "The disk is full."


@pytest.mark.parametrize("source", [Source.DEMO, Source.TESTNET, Source.REPLAY, Source.FILE])
def test_what_is_not_the_live_market_is_marked(
    make: Callable[..., MainWindow], market: FakeMarket, source: Source
) -> None:
    window = make(source)
    window.attach(market)
    assert window.windowTitle().startswith(f"{source.value.upper()} \u00b7 ")
    assert window.interior.status_bar.badge.text == source.value.upper()
    assert len(window.findChildren(Ribbon)) == 1


def test_the_live_market_has_no_ribbon(window: MainWindow) -> None:
    assert window.findChildren(Ribbon) == []


def test_the_demo_ribbon_says_that_no_exchange_is_connected(make: Callable[..., MainWindow]) -> None:
    window = make(Source.DEMO)
    (ribbon,) = window.interior.findChildren(Ribbon)
    assert ribbon.accessibleName() == "DEMO DATA: generated prices, no exchange is connected"


def test_the_status_bar_gives_way_when_narrow(window: MainWindow) -> None:
    tell(window)
    bar = window.interior.status_bar
    bar.resize(300, 24)
    assert not bar.badge.isHidden()
    assert bar._memory.isHidden()
    assert not bar._lag.isHidden()


def test_errors_stay_others_go(window: MainWindow, market: FakeMarket, qtbot: QtBot) -> None:
    market.notices.post(Severity.ERROR, "bybit.rest", "Bybit refused. What was there is kept.")
    market.notices.post(Severity.INFO, "bybit", "Bybit is connected again.")
    stack = window.interior._toasts
    assert stack is not None
    assert [toast.notice.severity for toast in stack.toasts] == [Severity.ERROR, Severity.INFO]
    error, info = stack.toasts
    assert (error._title, error._body) == ("Bybit refused", "What was there is kept.")
    assert error._goes is None
    assert info._goes is not None
    assert info._goes.interval() == 8_000
    assert info.y() > error.y()
    assert info.geometry().bottom() < window.interior.status_bar.y()
    info._goes.timeout.emit()
    assert stack.toasts == [error]
    qtbot.mouseClick(error._close, Qt.MouseButton.LeftButton)
    assert stack.toasts == []


def test_errors_from_before_the_window_are_shown_too(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    market.notices.post(Severity.ERROR, "settings", "Line 3 is wrong. The last good settings are in force.")
    window = make()
    window.attach(market)
    assert window.interior._toasts is not None
    assert len(window.interior._toasts.toasts) == 1


def test_a_removal_is_offered_to_be_taken_back_once(window: MainWindow, qtbot: QtBot) -> None:
    taken_back: list[str] = []
    for name in ("RSI 14", "MACD"):
        notice = Notice(NOW_MS, Severity.INFO, "chart", f"{name} was removed. Its numbers are kept until this goes.")
        window.interior.offer_undo(notice, lambda name=name: taken_back.append(name))
    stack = window.interior._toasts
    assert stack is not None
    assert [toast.notice.user_text.split(" was")[0] for toast in stack.toasts] == ["MACD"]
    undo = next(button for button in stack.toasts[0].findChildren(QAbstractButton) if button.text().startswith("Undo"))
    assert undo.text() == "Undo (8 s)"
    qtbot.waitUntil(lambda: undo.text() == "Undo (7 s)", timeout=3000)
    assert stack.toasts[0].rect().contains(undo.geometry())
    undo.click()
    assert taken_back == ["MACD"]
    assert stack.toasts == []


def test_the_indicators_are_asked_for_by_button_and_key(window: MainWindow, qtbot: QtBot) -> None:
    asked: list[int] = []
    window.interior.indicators_asked.connect(lambda: asked.append(1))
    button = window.interior.top_bar.indicators
    assert button.text() == "Indicators"
    button.click()
    qtbot.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert len(asked) == 2
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: button.text() == "")
    assert button.isVisible()


def test_the_same_sentence_is_one_toast(window: MainWindow) -> None:
    for minute in range(3):
        window.post_notice(Notice(NOW_MS + minute * 60_000, Severity.ERROR, "profile", "The disk is full."))
    assert window.interior._toasts is not None
    assert len(window.interior._toasts.toasts) == 1


def test_details_tell_every_connection(window: MainWindow, market: FakeMarket) -> None:
    market.link_views = (
        LinkView(
            "bybit", LinkPhase.BACKOFF, None, NOW_MS - 9_000, "refused", NOW_MS + 8_000,
            (StaleTopic("tickers.ICPUSDT", identity("ICP"), NOW_MS - 42_000),), 2_500, offset_is_suspicious=True,
        ),
    )  # fmt: skip
    window.interior.show_details()
    dialog = popup(window, PlainDialog)
    said = dialog._words.text()  # type: ignore[attr-defined]
    for words in ("Bybit: backoff", "Reason: refused", "in 8s", "tickers ICPUSDT: silent for 42 s", "2.5 s ahead of"):
        assert words in said
    dialog.close()


# --- theme, memory, end ----------------------------------------------------------------------------------------


def test_the_theme_changes_at_run_time_by_key_and_menu(window: MainWindow, theme: Theme, qtbot: QtBot) -> None:
    dark = window.grab().toImage().pixelColor(800, 500)
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert theme.choice is ThemeChoice.LIGHT
    assert window.interior.top_bar.theme_button.accessibleName() == "Theme: light"
    light = window.grab().toImage().pixelColor(800, 500)
    assert light.lightness() > dark.lightness() + 150
    menu = main_menu(window.interior)
    submenu = next(action.menu() for action in menu.actions() if action.text() == "Theme")
    actions = {action.text(): action for action in submenu.actions()}
    assert actions["Light"].isChecked()
    actions["Dark"].trigger()
    assert theme.choice is ThemeChoice.DARK
    assert window.interior.top_bar.theme_button.accessibleName() == "Theme: dark"
    actions["Colours for colour-blind eyes"].trigger()
    assert theme.palette.up == "#5AA2FF"
    actions["Reduce motion"].trigger()
    assert theme.reduced_motion
    menu.deleteLater()


def test_the_menu_holds_only_what_exists(window: MainWindow) -> None:
    menu = main_menu(window.interior)
    words = [action.text().partition("\t")[0] for action in menu.actions() if action.text()]
    own = ["Panels", "Workspaces", "Theme", "Full screen", "Command palette", "Data of the instrument"]
    assert words == [*own, "Shortcuts", "About Virtuoso", "Quit"]
    assert all(action.isEnabled() for action in menu.actions())
    menu.deleteLater()


def test_place_and_choices_come_back(make: Callable[..., MainWindow], market: FakeMarket) -> None:
    memory = WindowMemory(
        geometry=(20, 30, 1100, 700), columns=ColumnMemory({"mark": True}, {}, "symbol", False),
        instrument="bybit:linear:SOLUSDT", timeframe="15m",
    )  # fmt: skip
    window = MainWindow(make().theme, Source.LIVE, memory=memory, now_ms=lambda: NOW_MS)
    try:
        assert window.remember() == memory, "before the widgets exist nothing is lost"
        window.show()
        window.attach(market)
        QApplication.processEvents()
        remembered = window.remember()
        assert remembered.columns == memory.columns
        assert (remembered.instrument, remembered.timeframe) == (memory.instrument, memory.timeframe)
        # The offscreen screen is 800 x 800: a window larger than it keeps its size all the same.
        assert remembered.geometry is not None
        assert remembered.geometry[2:] == (1100, 700)
    finally:
        window.detach()
        window.close()
        window.deleteLater()


def test_a_place_of_another_size_of_everything_is_not_taken(make: Callable[..., MainWindow]) -> None:
    geometry = (0, 0, 700, 620)
    assert make(memory=WindowMemory(geometry=geometry, pixel_ratio=1.0)).remember().geometry == geometry
    other = WindowMemory(geometry=(0, 0, 3000, 2000), pixel_ratio=2.0)
    window = MainWindow(make().theme, Source.LIVE, memory=other, now_ms=lambda: NOW_MS)
    assert window.width() <= 1600
    assert window.remember().geometry == (0, 0, 3000, 2000), "until there is something else to remember"
    window.interior  # noqa: B018 (made)
    assert window.remember().pixel_ratio == 1.0
    window.deleteLater()


def test_a_place_on_a_screen_that_is_gone_is_given_up(make: Callable[..., MainWindow]) -> None:
    window = make(memory=WindowMemory(geometry=(90_000, 90_000, 1200, 800)))
    assert QGuiApplication.primaryScreen().geometry().intersects(window.geometry())


def test_closing_is_told_and_hides_at_once(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.closing):
        window.close()
    assert not window.isVisible()


def test_after_detach_the_rows_stay_and_nothing_is_read(window: MainWindow, market: FakeMarket) -> None:
    window.detach()
    market.change("BTC", last_price=1.0)
    assert not window.interior.frame.is_running
    window.interior.markets.refresh(10**15)
    window.interior.strip.refresh(10**15)
    assert window.interior.markets.rows.row(0).last_price == 100.0
    assert "100.00" in window.interior.strip._price.accessibleName()
    market.notices.post(Severity.ERROR, "x", "Nobody listens.")
    assert window.interior._toasts is None


def test_rows_for_the_next_run_leave_out_what_never_came(window: MainWindow, market: FakeMarket) -> None:
    market.tick(waiting("NEW"))
    window.interior.markets.refresh(10**15)
    assert len(window.last_shown_rows()) == len(COINS)


def test_skipped_refreshes_reach_the_engine(window: MainWindow, market: FakeMarket) -> None:
    window.interior.frame.count_skipped("Markets")
    assert market.loop_monitor.skips == {"Markets": 1}


def test_every_listed_action_can_be_started_in_the_window(window: MainWindow) -> None:
    listed = [shortcut.action for shortcut in SHORTCUTS if shortcut.action]
    assert [action.listed.action for action in window.interior.commands.all()] == listed
