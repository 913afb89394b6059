"""The welcome of a person who starts the program for the first time: market, instruments, theme.

Three clicks at most, one where the defaults are right: the two markets at the foot are the buttons that begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import LinkPhase
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button, paint_focus
from virtuoso_desktop.ui.dialogs.frame import themed_label
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.words import Word, paint_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtuoso_desktop.engine.views import EngineView
    from virtuoso_desktop.ui.theme import Theme

CARD_PX = QSize(600, 428)
CHOICE_PX = 84
SCRIM_RATIO = 0.82
LOOK_MS = 500
MOST_SYMBOLS = 200
MAJORS = tuple(f"{coin}USDT" for coin in ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "LINK", "AVAX", "LTC"))
TOP, LARGE, OWN = "Top 35 by turnover", "10 majors", "My own list"


class FirstChoice(NamedTuple):
    """What was answered. No ``symbols`` means those with the largest turnover."""

    is_demo: bool
    symbols: tuple[str, ...]
    theme: ThemeChoice


class MarketButton(QAbstractButton):
    """A market to begin with: its name, what it is, and at the right how it stands."""

    def __init__(self, theme: Theme, icon: str, name: str, words: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon, self._words = icon, words
        self._side, self._side_colour = "", "muted"
        self.setText(name)
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.setFixedHeight(CHOICE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def say(self, side: str, colour: str) -> None:
        """How it stands."""
        if (side, colour) != (self._side, self._side_colour):
            self._side, self._side_colour = side, colour
            self.setAccessibleDescription(f"{self._words} {side}".strip())
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_hot = self.hasFocus()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("accent" if is_hot else "line"), 1))
        tint = theme.color("accent", theme.palette.accent_tint_ratio)
        painter.setBrush(theme.color("raised" if self.underMouse() and not is_hot else "background"))
        painter.drawRoundedRect(box, 6, 6)
        if is_hot:
            painter.setBrush(tint)
            painter.drawRoundedRect(box, 6, 6)
        icons.paint(painter, self._icon, QRectF(14, 14, 20, 20), theme.color("accent_text" if is_hot else "text"))
        paint_words(painter, theme, (Word(self.text(), Type.STRONG),), QRectF(44, 12, self.width() - 56, 24))
        icons.paint(painter, "caret-right", QRectF(self.width() - 26, 17, 14, 14), theme.color("muted"))
        paint_words(painter, theme, (Word(self._words, Type.BODY, "muted"),), QRectF(14, 38, self.width() - 26, 18))
        side = (Word(self._side, Type.BODY, self._side_colour),)
        paint_words(painter, theme, side, QRectF(14, 58, self.width() - 26, 18))
        if self.hasFocus():
            paint_focus(painter, theme, QRectF(self.rect()), 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class FirstRunPage(QWidget):
    """Lies over the whole window until it is answered; Esc takes the defaults.

    Parameters
    ----------
    theme : Theme
        Colours; the chosen theme is shown at once.
    window : QWidget
        What it lies over.
    """

    chosen = Signal(object)
    """`FirstChoice`."""

    def __init__(self, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._engine: EngineView | None = None
        self.is_open = False
        self.theme_choice = theme.choice
        self.card = _Card(theme, self)
        self.sets = {name: self._segment("Instruments", name) for name in (TOP, LARGE, OWN)}
        self.themes = {choice: self._segment("Theme", choice.value.capitalize()) for choice in ThemeChoice}
        self.own = QLineEdit()
        self.problem = themed_label("", Type.BODY)
        self.live = MarketButton(theme, "broadcast", "Start live", "Public prices of Bybit. No account needed.")
        self.demo = MarketButton(theme, "flask", "Start the demo", "Generated prices; needs no network.")
        self.skip = Button(theme, "Skip", is_boxed=True)
        self._look = QTimer(self)
        self._build()
        self.hide()

    def _segment(self, group: str, words: str) -> Button:
        button = Button(self._theme, words, is_boxed=True)
        button.setCheckable(True)
        button.setAutoExclusive(False)
        button.setAccessibleName(f"{group}: {words}")
        return button

    def _build(self) -> None:
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(24, 20, 24, 14)
        layout.setSpacing(8)
        layout.addWidget(themed_label("Welcome to Virtuoso", Type.HEADLINE))
        about = "It watches and analyses public market data. It never trades."
        layout.addWidget(themed_label(about, Type.BODY, "muted"))
        layout.addSpacing(8)
        layout.addWidget(themed_label("Instruments", Type.STRONG))
        layout.addLayout(_line(list(self.sets.values())))
        self.own.setPlaceholderText("BTCUSDT, ETHUSDT, SOLUSDT")
        self.own.setAccessibleName("Symbols of your own list")
        self.own.setToolTip("Bybit's symbols, apart by commas")
        self.own.setFixedHeight(26)
        layout.addWidget(self.own)
        self.problem.setWordWrap(True)
        layout.addWidget(self.problem)
        layout.addWidget(themed_label("Theme", Type.STRONG))
        layout.addLayout(_line(list(self.themes.values())))
        layout.addStretch(1)
        layout.addWidget(themed_label("Market", Type.STRONG))
        markets = QHBoxLayout()
        markets.setSpacing(10)
        for button in (self.live, self.demo):
            markets.addWidget(button, 1)
        layout.addLayout(markets)
        layout.addSpacing(4)
        foot = QHBoxLayout()
        foot.addWidget(themed_label("All of this can be changed later in Settings (Ctrl+,).", Type.BODY, "muted"), 1)
        self.skip.quiet_colour = "text"
        self.skip.setToolTip("Live, with the usual instruments (Esc)")
        foot.addWidget(self.skip)
        layout.addLayout(foot)
        for name, button in self.sets.items():
            button.clicked.connect(lambda _checked, name=name: self._choose_set(name))
        for choice, button in self.themes.items():
            button.clicked.connect(lambda _checked, choice=choice: self._choose_theme(choice))
        self.own.textEdited.connect(lambda _: self._say(""))
        self.own.returnPressed.connect(self.live.setFocus)
        self.live.clicked.connect(lambda: self._begin(is_demo=False))
        self.demo.clicked.connect(lambda: self._begin(is_demo=True))
        self.skip.clicked.connect(self.take_defaults)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self._tell_link)
        self._choose_set(TOP)
        self._show_theme()

    # --- opening and closing ---------------------------------------------------------------------------------------

    def open(self) -> None:
        """Show it over everything in the window."""
        self.is_open = True
        self._window.installEventFilter(self)
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.live.setFocus(Qt.FocusReason.PopupFocusReason)
        self._look.start()
        self._tell_link()

    def attach(self, engine: EngineView) -> None:
        """The market behind, to tell whether it is reached."""
        self._engine = engine
        self.raise_()
        self._tell_link()

    def refuse(self, words: str) -> None:
        """What was chosen cannot be; the person chooses again."""
        self._set_busy(False)
        self._say(words)

    def finish(self) -> None:
        """Close for good."""
        if not self.is_open:
            return
        self.is_open = False
        self._look.stop()
        self._window.removeEventFilter(self)
        self.hide()
        self._window.setFocus()
        self.deleteLater()

    # --- answers ---------------------------------------------------------------------------------------------------

    def take_defaults(self) -> None:
        """Live, with the usual instruments."""
        self._set_busy(True)
        self.chosen.emit(FirstChoice(is_demo=False, symbols=(), theme=self.theme_choice))

    def _begin(self, *, is_demo: bool) -> None:
        name = next(name for name, button in self.sets.items() if button.isChecked())
        symbols = {TOP: (), LARGE: MAJORS, OWN: self._own_symbols()}[name]
        if name == OWN and not symbols:
            self._say("Name at least one symbol, such as BTCUSDT.")
            self.own.setFocus()
            return
        if len(symbols) > MOST_SYMBOLS:
            self._say(f"At most {MOST_SYMBOLS} symbols can be watched; these are {len(symbols)}.")
            return
        self._set_busy(True)
        self.chosen.emit(FirstChoice(is_demo, symbols, self.theme_choice))

    def _own_symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.own.text().upper().replace(",", " ").replace(";", " ").split()))

    def _choose_set(self, name: str) -> None:
        for each, button in self.sets.items():
            button.setChecked(each == name)
        self.own.setVisible(name == OWN)
        self._say("")
        if name == OWN and self.is_open:
            self.own.setFocus()

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self.theme_choice = choice
        self._show_theme()
        self._theme.choose(choice)

    def _show_theme(self) -> None:
        for choice, button in self.themes.items():
            button.setChecked(choice is self.theme_choice)

    def _set_busy(self, is_busy: bool) -> None:
        for part in (self.live, self.demo, self.skip, self.own, *self.sets.values(), *self.themes.values()):
            part.setEnabled(not is_busy)
        self._say("One moment\u2026" if is_busy else "")

    def _say(self, words: str) -> None:
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _tell_link(self) -> None:
        links = () if self._engine is None else self._engine.links()
        link = next(iter(links), None)
        if link is None or link.phase in (LinkPhase.CONNECTING, LinkPhase.SYNCING):
            self.live.say("Bybit is being reached\u2026", "muted")
        elif link.phase is LinkPhase.LIVE:
            lag = "" if link.lag_ms is None else f", {link.lag_ms:.0f} ms"
            self.live.say(f"Bybit is reachable{lag}", "up_text")
        else:
            self.live.say("Bybit cannot be reached now.", "warning")

    # --- Qt --------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.skip.isEnabled():
            self.take_defaults()
        event.accept()  # the window behind is not typed into

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # nor clicked

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays in the card."""
        parts: Sequence[QWidget] = [
            part
            for part in (*self.sets.values(), self.own, *self.themes.values(), self.live, self.demo, self.skip)
            if part.isVisible() and part.isEnabled()
        ]
        if not parts:
            return True
        now = next((at for at, part in enumerate(parts) if part.hasFocus()), -1 if forward else 0)
        parts[(now + (1 if forward else -1)) % len(parts)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize and watched is self._window:
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def resizeEvent(self, _event: object) -> None:
        size = CARD_PX.boundedTo(self.size() - QSize(16, 16))
        self.card.setGeometry(
            (self.width() - size.width()) // 2, (self.height() - size.height()) // 2, size.width(), size.height()
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._theme.color("gutter", SCRIM_RATIO))


class _Card(QWidget):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)


def _line(parts: Sequence[QWidget]) -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setSpacing(4)
    for part in parts:
        layout.addWidget(part)
    layout.addStretch(1)
    return layout
