"""The top bar: instrument, timeframes, the state of each link, theme and menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import LinkPhase, LinkView, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Button, GivingRow, Line, paint_focus
from virtuoso_desktop.ui.feed_state import DATA_PHASES, requests_trouble, venue_name
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.logo import Logo
from virtuoso_desktop.ui.measures import INSTRUMENT_LEAST_PX, TOP_PX
from virtuoso_desktop.ui.shortcuts import keys_of, with_keys
from virtuoso_desktop.ui.theme import Theme, ThemeChoice
from virtuoso_desktop.ui.words import Word, paint_words, words_width

WORDS_PX = 1_400
"""A narrower bar shows its tools as icons."""
MOST_LETTERS = 22
"""A longer name of a workspace is cut; the tooltip has all of it."""
_THEME_ICONS = {ThemeChoice.DARK: "moon", ThemeChoice.LIGHT: "sun", ThemeChoice.SYSTEM: "monitor"}


class InstrumentButton(Button):
    """Names the shown instrument and opens the list of instruments."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, is_boxed=True, parent=parent)
        self._said: tuple[Word, ...] = ()
        self.name(None)

    def name(self, instrument: InstrumentId | None) -> None:
        """Show another instrument."""
        if instrument is None:
            title, venue = "Instrument", ""
        else:
            title = instrument.symbol + kind_badge(instrument.market_kind)
            venue = venue_name(instrument.venue.value)
        self._said = (Word(title, Type.TITLE, icon="magnifying-glass"), Word(venue, Type.BODY, "muted", gap=8))
        self.setAccessibleName(f"Instrument: {title} {venue}".strip())
        self.setToolTip(with_keys("Choose an instrument", "choose_instrument"))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(INSTRUMENT_LEAST_PX, round(words_width(self._said)) + 48), 28)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised" if self.underMouse() or self.isDown() else "background"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        glass, venue = self._said
        lead = Word("", icon=glass.icon, colour="muted")
        paint_words(painter, theme, (lead, Word(glass.text, Type.TITLE, gap=8), venue), self._inner())
        caret = Word("", icon="caret-down", colour="muted")
        paint_words(painter, theme, (caret,), QRectF(self.width() - 24, 0, 20, self.height()))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()))

    def _inner(self) -> QRectF:
        return QRectF(8, 0, self.width() - 34, self.height())


class LinkChip(Button):
    """One venue: a dot, its name, and the lag, or a word while it is not live."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, is_boxed=True, parent=parent)
        self._dot = "muted"
        self._said: tuple[Word, ...] = ()

    def tell(self, link: LinkView, now_ms: int) -> bool:
        """Show the link's newest state; True when the width changed."""
        dot, said = _chip(link, now_ms)
        words = (Word(venue_name(link.venue), Type.NUMBER), Word(said, Type.FIGURE, "muted", gap=6))
        if (dot, words) == (self._dot, self._said):
            return False
        before = self.sizeHint()
        self._dot, self._said = dot, words
        self.setAccessibleName(f"{venue_name(link.venue)} {link.phase.value}, {said}")
        since = (
            f"{link.phase.value} since {text.local_moment(link.since_ms, now_ms)} ({text.utc_moment(link.since_ms)})"
        )
        age = "none yet" if link.age_ms is None else text.milliseconds(link.age_ms)
        figures = f"Arrival delay {text.milliseconds(link.lag_ms)}, data age {age}"
        self.setToolTip(f"{venue_name(link.venue)}: {since}\n{figures}\nClick for details")
        self.update()
        return self.sizeHint() != before

    def sizeHint(self) -> QSize:
        return QSize(round(words_width(self._said)) + 32, 24)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = self._theme
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised" if self.underMouse() else "background"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._dot))
        painter.drawEllipse(QRectF(9, self.height() / 2 - 3, 6, 6))
        paint_words(painter, theme, self._said, QRectF(21, 0, self.width() - 22, self.height()))
        if self.hasFocus() and self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            paint_focus(painter, theme, QRectF(self.rect()))


class TopBar(GivingRow):
    """The bar of 44 px at the upper edge. Its signals ask; the window decides."""

    instrument_asked = Signal()
    timeframe_asked = Signal(object)
    """`Timeframe`."""
    indicators_asked = Signal()
    candles_asked = Signal()
    layout_asked = Signal()
    workspaces_asked = Signal()
    details_asked = Signal()
    theme_asked = Signal()
    menu_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, TOP_PX, pad=12, parent=parent)
        self.setAccessibleName("Top bar")
        self._chips: dict[str, LinkChip] = {}
        self.add(Logo(theme, self))
        self.instrument = InstrumentButton(theme, self)
        self.instrument.clicked.connect(self.instrument_asked)
        self.add(self.instrument, gap=10)
        self.add(Line(theme, self), gap=8)
        self._timeframes = {timeframe: self._timeframe_button(timeframe) for timeframe in ANALYSED_TIMEFRAMES}
        for place, button in enumerate(self._timeframes.values()):
            self.add(button, gap=2 if place else 6)
        self._add_indicators()
        self._add_draw()
        self._add_workspaces()
        self._add_menu()

    def _timeframe_button(self, timeframe: Timeframe) -> Button:
        button = Button(self._theme, timeframe.value, parent=self)
        button.setCheckable(True)
        button.setAutoExclusive(True)
        button.setAccessibleName(f"Timeframe {timeframe.value}")
        button.setToolTip(with_keys(f"Candles of {timeframe.value}", f"timeframe_{timeframe.value}"))
        button.clicked.connect(lambda _checked, chosen=timeframe: self.timeframe_asked.emit(chosen))
        return button

    def _add_indicators(self) -> None:
        """With its word where there is room, else as an icon; how candles are drawn stands before, charts behind."""
        self.add(Line(self._theme, self), gap=8)
        self.candles_button = Button(self._theme, icon_name="chart-bar", parent=self)
        self.candles_button.setAccessibleName("Candles and scale")
        self.candles_button.setToolTip("Candle type, price scale, price lines, time zone")
        self.candles_button.clicked.connect(self.candles_asked)
        self.add(self.candles_button, gap=8)
        self.indicators = Button(self._theme, "", icon_name="chart-line", parent=self)
        self.indicators.quiet_colour = "text"
        self.indicators.setAccessibleName("Indicators")
        self.indicators.setToolTip(with_keys("Indicators", "indicators"))
        self.indicators.clicked.connect(self.indicators_asked)
        self.add(self.indicators, gap=4)
        self.layout_button = Button(self._theme, "", icon_name="squares-four", parent=self)
        self.layout_button.quiet_colour = "text"
        self.layout_button.setAccessibleName("Charts side by side")
        self.layout_button.setToolTip("Charts side by side, and what they share")
        self.layout_button.clicked.connect(self.layout_asked)
        self.add(self.layout_button, gap=4)
        self.setTabOrder(self.candles_button, self.indicators)
        self.setTabOrder(self.indicators, self.layout_button)
        self.setTabOrder(self._timeframes[ANALYSED_TIMEFRAMES[-1]], self.candles_button)

    def _add_draw(self) -> None:
        self.draw = Button(self._theme, "", icon_name="pencil-simple", parent=self)
        self.draw.quiet_colour = "text"
        self.draw.setCheckable(True)
        self.draw.setAccessibleName("Draw")
        self.draw.setToolTip(with_keys("Drawing tools", "draw_strip"))
        self.add(self.draw, gap=8)
        self.setTabOrder(self.layout_button, self.draw)

    def _add_workspaces(self) -> None:
        """With the open workspace's name where there is room, else as an icon; gives way first."""
        self._workspace = ""
        self.workspace_button = Button(self._theme, "", icon_name="layout", parent=self)
        self.workspace_button.quiet_colour = "text"
        self.workspace_button.clicked.connect(self.workspaces_asked)
        self.add(self.workspace_button, rank=1, gap=4)
        self.setTabOrder(self.draw, self.workspace_button)

    def show_workspace(self, name: str) -> None:
        """Name the open workspace."""
        self._workspace = name
        self.workspace_button.setAccessibleName(f"Workspace: {name}")
        self.workspace_button.setToolTip(f"Workspace: {name}. Open another, save, rename, reset")
        self._name_tools()
        self.arrange()

    def _name_tools(self) -> None:
        has_words = self.width() >= WORDS_PX
        self.indicators.setText("Indicators" if has_words else "")
        self.layout_button.setText("Charts" if has_words else "")
        self.draw.setText("Draw" if has_words else "")
        short = (
            self._workspace if len(self._workspace) <= MOST_LETTERS else self._workspace[: MOST_LETTERS - 1] + "\u2026"
        )
        self.workspace_button.setText(short if has_words else "")

    def _add_menu(self) -> None:
        self.menu_button = Button(self._theme, icon_name="list", parent=self)
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setToolTip(with_keys("Menu", "menu"))
        self.menu_button.clicked.connect(self.menu_asked)
        self.add(self.menu_button, gap=2, right=True)
        self.theme_button = Button(self._theme, icon_name="moon", parent=self)
        self.theme_button.clicked.connect(self.theme_asked)
        self.add(self.theme_button, gap=8, right=True)
        self.setTabOrder(self.theme_button, self.menu_button)
        self.add(Line(self._theme, self), gap=10, right=True)
        self.show_theme()

    def show_theme(self) -> None:
        """The theme's choice changed."""
        choice = self._theme.choice
        self.theme_button.icon_name = _THEME_ICONS[choice]
        self.theme_button.setAccessibleName(f"Theme: {choice.value}")
        self.theme_button.setToolTip(f"Theme: {choice.value}. Click for the next ({keys_of('cycle_theme')})")
        self.theme_button.update()

    def show_timeframe(self, timeframe: Timeframe) -> None:
        """Check the button of the shown timeframe."""
        self._timeframes[timeframe].setChecked(True)

    def show_links(self, links: Sequence[LinkView], now_ms: int) -> None:
        """One chip per venue."""
        changed = False
        for link in links:
            chip = self._chips.get(link.venue)
            if chip is None:
                chip = self._chips[link.venue] = LinkChip(self._theme, self)
                chip.clicked.connect(self.details_asked)
                self.add(chip, gap=6, right=True)
                self.setTabOrder(self.workspace_button, chip)
                self.setTabOrder(chip, self.theme_button)
                changed = True
            changed |= chip.tell(link, now_ms)
        if changed:
            self.arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._name_tools()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("gutter"))


_WORDS = (LinkPhase.BANNED, LinkPhase.BLOCKED, LinkPhase.MAINTENANCE)
"""These say more than a countdown, which the banner has."""


def _chip(link: LinkView, now_ms: int) -> tuple[str, str]:
    """Colour of the dot, and what stands beside the name."""
    if link.phase in DATA_PHASES:
        trouble = requests_trouble(link)
        figure = text.milliseconds(link.lag_ms)
        if trouble is not None:
            return "warning", f"{figure}, no requests"
        return ("warning" if link.stale_topics else "up"), figure
    if link.phase in _WORDS:
        return "down", link.phase.value
    if link.phase is LinkPhase.BACKOFF:
        if link.next_retry_ms is not None and link.next_retry_ms > now_ms:
            return "down", f"retry in {text.countdown(link.next_retry_ms - now_ms)}"
        return "down", "lost"
    return "warning", link.phase.value
