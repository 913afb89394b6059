"""What the order book says in figures: slippage of an amount, spread, microprice, imbalance within four distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from virtuoso_desktop.engine.desk_views import LadderView, SlippageSide
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.memory import DeskMemory
from virtuoso_desktop.ui.panels.desk_controls import AmountField
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from virtuoso_desktop.engine.desk_views import BandView, DepthView
    from virtuoso_desktop.ui.theme import Theme

WIDTH_PX = 250
SIDE_PX, LABEL_PX, VALUE_PX = 12, 62, 44
ROW_PX = 20
BAR_PX = 6
NO_BOOK = "no order book"


class BandBar(QWidget):
    """Imbalance within one distance: a bar from the middle, right is more bids, and the figure with its sign."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._band: BandView | None = None
        self._is_live = False
        self.setFixedHeight(ROW_PX - 2)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH_PX, ROW_PX - 2)

    def show_band(self, band: BandView | None, *, is_live: bool) -> None:
        """Show another imbalance."""
        if (band, is_live) == (self._band, self._is_live):
            return
        self._band, self._is_live = band, is_live
        value = NO_BOOK if band is None or band.imbalance is None else text.signed(band.imbalance)
        reach = "" if band is None else f" within {text.bps(band.reach_bps)} bps"
        self.setAccessibleName(f"Imbalance{reach} {value}")
        self.setToolTip(
            "(bids \u2212 asks) / both, in base coin, from \u22121 to +1; both sides cut at the shorter reach"
        )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, theme, band = QPainter(self), self._theme, self._band
        height = self.height()
        label = "Imbalance" if band is None else f"{text.bps(band.reach_bps)} bps"
        paint_words(painter, theme, (Word(label, Type.CAPTION, "muted"),), QRectF(SIDE_PX, 0, LABEL_PX, height))
        left, right = SIDE_PX + LABEL_PX, self.width() - SIDE_PX - VALUE_PX
        top = (height - BAR_PX) / 2
        painter.fillRect(QRectF(left, top, right - left, BAR_PX), theme.color("raised2"))
        middle = (left + right) / 2
        value = None if band is None else band.imbalance
        if value is not None:
            token = ("up" if value > 0 else "down") if self._is_live else "muted"
            long = (right - left) / 2 * value
            painter.fillRect(QRectF(middle + min(0.0, long), top, abs(long), BAR_PX), theme.color(token))
        painter.fillRect(QRectF(middle, top - 2, 1, BAR_PX + 4), theme.color("muted"))
        ink = "muted"
        if value and self._is_live:
            ink = "up_text" if value > 0 else "down_text"
        said = (Word(text.signed(value), Type.CAPTION_NUMBER, ink),)
        wide = words_width(said)
        paint_words(painter, theme, said, QRectF(self.width() - SIDE_PX - wide, 0, wide + 1, height))


class BookFacts(QWidget):
    """Figures beside the ladder; in a low dock those at the end give way.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    amount_changed = Signal(object)
    """Quote value of the order whose slippage is asked for."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName("Order book in figures")
        self.amount = AmountField(
            theme, "Amount of the order, quote coin", DeskMemory().slippage_amount, self, may_be_empty=False
        )
        self.amount.explain("What a market order of this value would pay beyond the middle of bid and ask")
        self._unit = Words(theme, parent=self)
        self.buy = Words(theme, "Slippage of a buy", self)
        self.sell = Words(theme, "Slippage of a sell", self)
        self.spread = Words(theme, parent=self)
        self.microprice = Words(theme, parent=self)
        self.bands = [BandBar(theme, self) for _ in range(4)]
        self._build()
        self.amount.amount_changed.connect(self.amount_changed)
        self.show_touch(None, is_live=False)
        self.show_depth(None, is_live=False)

    def _build(self) -> None:
        slippage = QWidget(self)
        row = QHBoxLayout(slippage)
        row.setContentsMargins(SIDE_PX, 2, SIDE_PX, 0)
        row.setSpacing(6)
        label = Words(self._theme, parent=slippage)
        label.say(Word("Slippage of", Type.CAPTION, "muted"))
        row.addWidget(label)
        row.addWidget(self.amount)
        row.addWidget(self._unit)
        row.addStretch(1)
        sides = QWidget(self)
        pair = QHBoxLayout(sides)
        pair.setContentsMargins(SIDE_PX, 0, SIDE_PX, 0)
        pair.setSpacing(12)
        pair.addWidget(self.buy)
        pair.addWidget(self.sell)
        pair.addStretch(1)
        figures = QWidget(self)
        pairs = QVBoxLayout(figures)
        pairs.setContentsMargins(SIDE_PX, 0, SIDE_PX, 0)
        pairs.setSpacing(0)
        pairs.addWidget(self.spread)
        pairs.addWidget(self.microprice)
        self._rows = [slippage, sides, figures, *self.bands]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for each in self._rows:
            layout.addWidget(each)
        layout.addStretch(1)
        self.spread.setToolTip("Best ask minus best bid")
        self.microprice.setToolTip(
            "The middle weighted by the sizes of the best bid and ask: it leans to the thinner side"
        )

    def show_touch(self, view: LadderView | None, *, is_live: bool) -> None:
        """Spread and microprice."""
        number = "text" if is_live else "muted"
        if view is None or view.spread is None or view.spread_ticks is None:
            self.spread.say(Word("Spread", Type.CAPTION, "muted"), Word(text.DASH, Type.CAPTION, "muted", gap=6))
            self.microprice.say(Word("Micro", Type.CAPTION, "muted"), Word(text.DASH, Type.CAPTION, "muted", gap=6))
            return
        decimals = view.instrument.price_decimals
        ticks = f"{view.spread_ticks} {'tick' if view.spread_ticks == 1 else 'ticks'}"
        self.spread.say(
            Word("Spread", Type.CAPTION, "muted"),
            Word(text.price(view.spread, decimals), Type.CAPTION_NUMBER, number, gap=6),
            Word(f"{ticks}, {text.bps(view.spread_bps)} bps", Type.CAPTION, "muted", gap=6),
        )
        self.microprice.say(
            Word("Micro", Type.CAPTION, "muted"),
            Word(text.price(view.microprice, decimals + 1), Type.CAPTION_NUMBER, number, gap=6),
            Word(f"middle {text.price(view.mid, decimals + 1)}", Type.CAPTION, "muted", gap=6),
        )

    def show_depth(self, view: DepthView | None, *, is_live: bool) -> None:
        """Slippage and imbalance."""
        self._unit.say(Word("" if view is None else view.instrument.quote_coin, Type.CAPTION, "muted"))
        sides = (("Buy", self.buy, view and view.buy), ("Sell", self.sell, view and view.sell))
        for label, words, side in sides:
            colour = "text" if is_live else "muted"
            words.say(Word(label, Type.CAPTION, "muted"), Word(slippage_words(side), Type.CAPTION_KEY, colour, gap=4))
            words.setToolTip(_slippage_tip(side))
        found = view.bands if view is not None else ()
        for place, bar in enumerate(self.bands):
            bar.show_band(found[place] if place < len(found) else None, is_live=is_live)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        room = self.height()
        for each in self._rows:
            room -= each.sizeHint().height()
            each.setVisible(room >= 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("background"))
        painter.fillRect(0, 0, 1, self.height(), self._theme.color("hair"))


def slippage_words(side: SlippageSide | None) -> str:
    """``0.42 bps``; ``> 12 bps`` where the book ends first."""
    if side is None or side.bps is None:
        return text.DASH
    return f"{'> ' if side.is_lower_bound else ''}{text.bps(side.bps)} bps"


def _slippage_tip(side: SlippageSide | None) -> str:
    if side is None or side.bps is None:
        return "Needs a valid order book"
    if side.is_lower_bound:
        return f"The known book holds only {side.filled_ratio * 100:.0f} % of this amount: at least so much"
    return "Average price against the middle; fees are not in it"
