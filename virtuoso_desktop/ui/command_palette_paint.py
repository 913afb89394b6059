"""The lines of the command palette: icon, title with the matched letters bold, what stands at the right."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from virtuoso_desktop.engine.views import MarketRow, RowState
from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.tokens import BADGE_TINT_RATIO
from virtuoso_desktop.ui.words import Word, paint_words, words_width

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from virtuoso_desktop.engine.analysis_views import ScoreRow
    from virtuoso_desktop.ui.command_palette_rows import Found
    from virtuoso_desktop.ui.theme import Theme

ROW_PX, HEADING_PX, CAP_PX = 34, 26, 18
_GROUP_ICONS = {
    "Instrument": "magnifying-glass",
    "Timeframe": "clock",
    "Markets": "list",
    "Chart": "chart-line",
    "Panels": "sliders-horizontal",
}
_SIDES = {SignalKind.BUY: "up", SignalKind.SELL: "down"}


def paint_heading(painter: QPainter, theme: Theme, words: str, box: QRectF) -> None:
    """The name of a group."""
    paint_words(painter, theme, (Word(words, Type.CAPTION, "muted"),), box.adjusted(8, 4, -8, 0))


def paint_row(
    painter: QPainter,
    theme: Theme,
    found: Found,
    option: QStyleOptionViewItem,
    scores: Callable[[MarketRow], ScoreRow | None] | None,
) -> None:
    """One entry."""
    box, entry = QRectF(option.rect), found.entry
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    if option.state & QStyle.StateFlag.State_Selected:
        painter.setBrush(theme.color("accent", theme.palette.accent_tint_ratio))
        painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 4, 4)
        painter.fillRect(QRectF(box.left(), box.top() + 5, 2, box.height() - 10), theme.color("accent"))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 4, 4)
    name = "chart-line" if not entry.is_action else _GROUP_ICONS.get(entry.beside, "monitor")
    icons.paint(painter, name, QRectF(box.left() + 10, box.center().y() - 8, 16, 16), theme.color("muted"))
    right = box.adjusted(36, 0, -10, 0)
    if entry.market is not None:
        score = None if scores is None else scores(entry.market)
        right.setRight(_paint_badge(painter, theme, score, right))
        beside = _figures(entry.market, entry.beside)
    elif not entry.is_action:
        beside = (Word(entry.beside, Type.BODY, "muted", gap=8),)
    else:
        right.setRight(paint_caps(painter, theme, entry.keys[:1], right))
        beside = (Word(entry.beside, Type.BODY, "muted", gap=8),)
        if entry.why_not is not None:
            beside = (Word(entry.why_not, Type.BODY, "warning", gap=8),)
    colour = "text" if entry.why_not is None else "muted"
    words = (*_marked(entry.title, found.marked, colour), *beside)
    paint_words(painter, theme, words, right.adjusted(0, 0, -12, 0))


def _marked(title: str, marked: frozenset[int], colour: str) -> list[Word]:
    """The letters that were typed are bold."""
    runs = groupby(range(len(title)), key=lambda place: place in marked)
    return [
        Word("".join(title[place] for place in places), Type.KEY if is_marked else Type.FIGURE, colour)
        for is_marked, places in runs
    ]


def _figures(row: MarketRow, where: str) -> tuple[Word, ...]:
    """Venue and kind, price, change; grey when they are not live."""
    is_live = row.state is RowState.LIVE
    price = text.price(row.last_price, row.price_decimals)
    words = (Word(where, Type.BODY, "muted", gap=8), Word(price, Type.NUMBER, "text" if is_live else "muted", gap=10))
    change = row.change_24h_pct
    if change is None:
        return words
    colour = ("up_text" if change >= 0 else "down_text") if is_live else "muted"
    return *words, Word(text.percent(change), Type.NUMBER, colour, gap=10)


def _paint_badge(painter: QPainter, theme: Theme, scores: ScoreRow | None, room: QRectF) -> float:
    """The signal with its score, or an em dash; returns its left edge."""
    if scores is None or scores.score is None or scores.signal not in _SIDES:
        said = text.DASH if scores is None or scores.score is None else f"{scores.score:.1f}"
        width = words_width((Word(said, Type.NUMBER),))
        at = QRectF(room.right() - width, room.top(), width + 1, room.height())
        paint_words(painter, theme, (Word(said, Type.NUMBER, "muted"),), at)
        return at.left() - 8
    side = _SIDES[scores.signal]
    said = f"{scores.signal.value} {scores.score:.1f}"
    width = QFontMetricsF(font(Type.BADGE)).horizontalAdvance(said) + 12
    plate = QRectF(room.right() - width, room.center().y() - 8, width, 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(side, BADGE_TINT_RATIO))
    painter.drawRoundedRect(plate, 3, 3)
    painter.setFont(font(Type.BADGE))
    painter.setPen(theme.color(f"{side}_text"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, said)
    return plate.left() - 8


def paint_caps(painter: QPainter, theme: Theme, keys: Sequence[str], room: QRectF) -> float:
    """Keys as they are printed on the keyboard, from the right; returns their left edge."""
    right = room.right()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font(Type.CAPTION))
    metrics = QFontMetricsF(font(Type.CAPTION))
    for key in reversed([part for pressed in keys for part in pressed.split("+")]):
        width = metrics.horizontalAdvance(key) + 10
        cap = QRectF(right - width, room.center().y() - CAP_PX / 2, width, CAP_PX)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(cap.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.setPen(theme.color("text"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
        right = cap.left() - 3
    return right
