"""A row of the settings: what it is called, what it does, what stands, and why a typed value is not in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent, QStaticText, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget

from virtuoso_desktop.settings.explain import dotted
from virtuoso_desktop.settings.fields import field_of
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.settings_editors import Editor, make_editor
from virtuoso_desktop.ui.dialogs.settings_words import title_of, unit_of, waits_words
from virtuoso_desktop.ui.fonts import Type, font

if TYPE_CHECKING:
    from typing import Any

    from virtuoso_desktop.engine.settings_desk import SettingsDesk, Standing
    from virtuoso_desktop.settings.document import KeyPath
    from virtuoso_desktop.ui.dialogs.settings_form import SettingsForm
    from virtuoso_desktop.ui.theme import Theme

PAD_PX, GAP_PX, LINE_PX, RESET_PX = 9, 12, 16, 26
HEADING_PX = 34
FILE_WORDS = "settings file"
LONGEST_VALUE = 48


class WordsRow(QWidget):
    """Title, explanation and a line of its state at the left; whatever is entered at the right or below.

    Parameters
    ----------
    theme : Theme
        Colours.
    title, words : str
        What it is called and what it does.
    """

    def __init__(self, theme: Theme, title: str, words: str) -> None:
        super().__init__()
        self._theme = theme
        self.title, self.words = title, words
        self.state, self._state_colour, self._state_icon = "", "muted", ""
        self._beside: QWidget | None = None
        self._below: QWidget | None = None
        self._height = 0
        self._bottom = 0
        self._paragraphs: list[tuple[QStaticText, Type, QPointF]] = []
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def put(self, control: QWidget, *, is_wide: bool) -> None:
        """Place what the row is for."""
        control.setParent(self)
        if is_wide:
            self._below = control
        else:
            self._beside = control

    def say(self, state: str, colour: str = "muted", icon: str = "") -> None:
        """The line under the explanation."""
        if (state, colour, icon) == (self.state, self._state_colour, self._state_icon):
            return
        self.state, self._state_colour, self._state_icon = state, colour, icon
        self.setAccessibleDescription(f"{self.words} {state}".strip())
        self._lay()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, self._height or 60)

    def _words_width(self) -> int:
        beside = self._beside.sizeHint().width() + GAP_PX + RESET_PX if self._beside is not None else RESET_PX
        return max(120, self.width() - beside - GAP_PX)

    def _measure(self) -> None:
        """Break the paragraphs into lines once: painting them is then a matter of glyphs."""
        top, self._paragraphs = PAD_PX, []
        for text, kind, indent in (
            (self.title, Type.STRONG, 0),
            (self.words, Type.BODY, 0),
            (self.state, Type.BODY, 20 if self._state_icon else 0),
        ):
            if text:
                broken = _broken(text, kind, self._words_width() - indent)
                self._paragraphs.append((broken, kind, QPointF(indent, top)))
                top += round(broken.size().height()) + 1
        self._bottom = top

    def _lay(self) -> None:
        self._measure()
        bottom = self._bottom
        if self._below is not None:
            size = self._below.sizeHint()
            self._below.setGeometry(0, bottom + 5, min(size.width(), self.width()), size.height())
            bottom += 5 + size.height()
        if self._beside is not None:
            size = self._beside.sizeHint()
            self._beside.setGeometry(self.width() - RESET_PX - size.width(), PAD_PX, size.width(), size.height())
            bottom = max(bottom, PAD_PX + size.height())
        if bottom + PAD_PX != self._height:
            self._height = bottom + PAD_PX
            self.setFixedHeight(self._height)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._lay()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        colours = ["text", *(["muted"] if self.words else []), self._state_colour]
        for (broken, kind, place), colour in zip(self._paragraphs, colours, strict=False):
            painter.setFont(font(kind))
            painter.setPen(theme.color(colour))
            painter.drawStaticText(place, broken)
        if self._state_icon and self.state:
            top = self._paragraphs[-1][2].y()
            icons.paint(painter, self._state_icon, QRectF(0, top, 14, 14), theme.color(self._state_colour))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("hair"))


class SettingRow(WordsRow):
    """One setting of the tree.

    Parameters
    ----------
    theme : Theme
        Colours.
    path : KeyPath
        The setting.
    desk : SettingsDesk
        Tells how it stands.
    form : SettingsForm
        Takes what is typed.
    """

    def __init__(self, theme: Theme, path: KeyPath, desk: SettingsDesk, form: SettingsForm) -> None:
        explained = desk.explained(path)
        super().__init__(theme, title_of(path), explained.words)
        self.path = path
        self._desk = desk
        self._form = form
        self._is_later = explained.is_later
        self.editor: Editor = make_editor(theme, self.title, field_of(path), unit_of(path))
        self.put(self.editor, is_wide=self.editor.is_wide)
        self.reset = Button(theme, icon_name="arrow-counter-clockwise", parent=self)
        self.reset.setFixedSize(RESET_PX - 2, RESET_PX - 2)
        self.reset.setAccessibleName(f"{self.title}: back to the default")
        self.reset.clicked.connect(self._reset)
        self.editor.edited.connect(lambda: form.type(path, self.editor.value()))
        self.editor.finished.connect(form.take)
        self.editor.explain(f"{self.words} ({dotted(path)})")
        self.show_standing()

    def show_standing(self) -> None:
        """Show the value and what is to be said of it; a typed one stays."""
        standing = self._desk.standing(self.path)
        is_typed = self.path in self._form.typed
        if not is_typed:
            self.editor.show_value(standing.value)
            self.editor.updateGeometry()
        is_locked = standing.locked_by is not None
        self.editor.setEnabled(not is_locked)
        value = value_words(standing.default)
        self.reset.setVisible(not is_locked and (is_typed or standing.value != standing.default))
        self.reset.setToolTip(f"Back to the default: {value}")
        problem = self._form.problem(self.path)
        self.editor.mark(is_wrong=bool(problem))
        if problem:
            self.say(problem, "down_text", "warning-circle")
        elif is_locked:
            self.say(f"Decided by {standing.locked_by} in this run, so it cannot be changed here.", "warning", "lock")
        else:
            self._say_standing(standing)

    def _say_standing(self, standing: Standing) -> None:
        if self._is_later:
            self.say("Has no effect yet.")
        elif standing.waits:
            used = value_words(standing.in_use)
            self.say(f"Saved. Counts from the next start; {used} is in use until then.", "warning", "clock")
        else:
            said = [] if self._desk.counts_at_once(self.path) else [waits_words(self.path)]
            if not standing.is_default:
                said.append(f"From the {FILE_WORDS}; the default is {value_words(standing.default)}.")
            self.say(" ".join(said))

    def _reset(self) -> None:
        self._form.put(self.path, self._desk.standing(self.path).default)
        self.editor.show_value(self._form.value(self.path))
        self.editor.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.reset.move(self.width() - RESET_PX + 2, PAD_PX)


class Heading(QWidget):
    """Over the settings of one section; at the right what they add up to."""

    def __init__(self, theme: Theme, title: str, words: str) -> None:
        super().__init__()
        self._theme = theme
        self.title, self._words = title, words
        self.side, self._side_colour = "", "muted"
        self._lines = 0
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEADING_PX)

    def say(self, side: str, colour: str) -> None:
        """What stands at the right."""
        self.side, self._side_colour = side, colour
        self.setAccessibleDescription(side)
        self._lay()
        self.update()

    def _left(self) -> float:
        return QFontMetricsF(font(Type.TITLE)).horizontalAdvance(self.title) + 10

    def _lay(self) -> None:
        """Words that have no room beside the title stand below it."""
        metrics, width = QFontMetricsF(font(Type.BODY)), self.width() - RESET_PX
        right = QFontMetricsF(font(Type.KEY)).horizontalAdvance(self.side) + 8 if self.side else 0
        self._lines = 0
        if metrics.horizontalAdvance(self._words) > width - self._left() - right:
            high = metrics.boundingRect(QRectF(0, 0, width, 1_000), Qt.TextFlag.TextWordWrap, self._words).height()
            self._lines = round(high / metrics.lineSpacing())
        height = HEADING_PX + self._lines * LINE_PX
        if height != self.height():
            self.setFixedHeight(height)

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._lay()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        box = QRectF(0, 10, self.width() - RESET_PX, HEADING_PX - 14)
        painter.setFont(font(Type.TITLE))
        painter.setPen(theme.color("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.title)
        painter.setFont(font(Type.BODY))
        painter.setPen(theme.color("muted"))
        if self._lines:
            below = QRectF(0, HEADING_PX - 4, box.width(), self._lines * LINE_PX)
            painter.drawText(below, Qt.TextFlag.TextWordWrap, self._words)
        else:
            beside = box.adjusted(self._left(), 0, 0, 0)
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._words)
        painter.setFont(font(Type.KEY))
        painter.setPen(theme.color(self._side_colour))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.side)


def _broken(text: str, kind: Type, width: float) -> QStaticText:
    """A paragraph in lines of at most ``width``."""
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    wraps = QTextOption()
    wraps.setWrapMode(QTextOption.WrapMode.WordWrap)
    made.setTextOption(wraps)
    made.setTextWidth(width)
    made.prepare(font=font(kind))
    return made


def value_words(value: Any) -> str:
    """A plain value in a sentence."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == []:
        return "none"
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return said if len(said) <= LONGEST_VALUE else said[: LONGEST_VALUE - 1] + "\u2026"
