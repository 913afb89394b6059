"""Confluence: the score of the shown instrument and timeframe, what it is made of, and why it is not more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from virtuoso_desktop.engine.views import EngineView, kind_badge
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.measures import CONFLUENCE_LEAST_PX, RAIL_PX
from virtuoso_desktop.ui.panels import confluence_words as words
from virtuoso_desktop.ui.panels.confluence_head import ScoreHead
from virtuoso_desktop.ui.panels.confluence_rows import ShownResult
from virtuoso_desktop.ui.panels.confluence_strip import NOTE_PAD_PX, NOTE_PX, Notes, TimeframeStrip
from virtuoso_desktop.ui.panels.confluence_tables import ComponentTable, DimensionTable, WhyBar
from virtuoso_desktop.ui.panels.panel_header import PanelHeader
from virtuoso_desktop.ui.shortcuts import with_keys

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from virtuoso_desktop.engine.analysis_views import AnalysisView
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 4.0
SHORT_PX, FULL_FROM_PX = 576, 290
"""In a lower or narrower panel the components are behind ``Why``, and words that would overlap are short."""
TABLE_LEAST_PX, NOTES_LEAST = 72, 2
"""The notes leave the components so much, and are never fewer above `SHORT_PX`."""
AGE_STEP_MS = 10_000
LARGEST_PX = 16_777_215
_Key = tuple[object, ...]


class PanelBody(QWidget):
    """What is scrolled in a very low window."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._theme.color("background"))


class ConfluencePanel(QWidget):
    """The panel at the right edge; collapsed it is a rail of 28 px with the score.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    component_chosen = Signal(str)
    """Name of a component whose evidence is wanted on the chart."""
    timeframe_asked = Signal(object)
    """`Timeframe`."""
    data_asked = Signal()
    """The state of the instrument's inputs is asked for."""
    collapse_changed = Signal(bool)
    """The user collapsed the panel or opened it again."""
    urgency = 2
    rate_hz = RATE_HZ

    def __init__(self, theme: Theme, timeframe: Timeframe, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._engine: EngineView | None = None
        self._view: AnalysisView | None = None
        self._key: _Key | None = None
        self._is_open = False
        self.instrument: InstrumentId | None = None
        self.timeframe = timeframe
        self.is_collapsed = False
        self.may_collapse = True
        """A rail makes sense at a side only: not among tabs, not in a window of its own."""
        self.preview = False
        """The forming candle's values are asked for."""
        self._header = PanelHeader(theme, "Confluence", self)
        self.open_button = Button(theme, icon_name="caret-left", parent=self)
        self.menu_button = Button(theme, icon_name="dots-three-vertical", parent=self)
        self._scroll = QScrollArea(self)
        self._body = PanelBody(theme)
        self.head = ScoreHead(theme, self)
        self.dimensions = DimensionTable(theme, self)
        self.why = WhyBar(theme, self)
        self.components = ComponentTable(theme, self)
        self.strip = TimeframeStrip(theme, self)
        self.notes = Notes(theme, self)
        self._build()
        self._show()

    def _build(self) -> None:
        self.setAccessibleName("Confluence")
        self.setMinimumWidth(CONFLUENCE_LEAST_PX)
        self.open_button.setAccessibleName("Open Confluence")
        self.open_button.setToolTip(with_keys("Open Confluence", "toggle_confluence"))
        self.open_button.setGeometry(QRect(0, 2, RAIL_PX, RAIL_PX))
        self.open_button.hide()
        self.menu_button.setAccessibleName("Options of Confluence")
        self.menu_button.setToolTip("Options")
        self._header.add_button(self.menu_button)
        self._header.finish()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addWidget(self._scroll, 1)
        self._scroll.setWidget(self._body)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        for part in (self.head, self.dimensions, self.why):
            body.addWidget(part)
        body.addWidget(self.components, 1)
        body.addWidget(self.strip)
        body.addWidget(self.notes)
        body.addStretch(0)
        self._body.setMinimumWidth(1)  # its parts give way by themselves
        self.open_button.clicked.connect(lambda: self.set_collapsed(False))
        self.menu_button.clicked.connect(self._open_menu)
        self.why.filter_asked.connect(self.components.show_filter)
        self.why.opened.connect(self._toggle_components)
        self.components.chosen.connect(self.component_chosen)
        self.strip.timeframe_asked.connect(self.timeframe_asked)

    # --- data ---------------------------------------------------------------------------------------------------

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        self.refresh(0)

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None

    def show_series(self, instrument: InstrumentId | None, timeframe: Timeframe) -> None:
        """Show another instrument or timeframe."""
        if (instrument, timeframe) == (self.instrument, self.timeframe):
            return
        self.instrument, self.timeframe = instrument, timeframe
        self._view = None
        self._key = None
        if self._engine is None:
            self._show()
        else:
            self.refresh(0)

    def refresh(self, now_ns: int) -> None:
        """Read the newest view if it is another one, or one that grew old."""
        del now_ns
        engine = self._engine
        if engine is None:
            return
        version = -1 if self.instrument is None else engine.analysis_version(self.instrument, self.timeframe)
        now_ms = engine.venue_now_ms(self.instrument)
        stale = self._view is not None and words.is_stale(self._view, now_ms)
        tells_time = stale or (self._view is not None and bool(self._view.warm_at_ms))
        key = (version, now_ms // AGE_STEP_MS if tells_time else 0, stale, self.preview)
        if key == self._key:
            return
        self._key = key
        self._view = None if self.instrument is None else engine.analysis(self.instrument, self.timeframe)
        self._show()

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.dimensions.take_painted_ns() + self.components.take_painted_ns()

    @property
    def _now_ms(self) -> int:
        return 0 if self._engine is None else self._engine.venue_now_ms(self.instrument)

    @property
    def _is_short(self) -> bool:
        return self.height() < SHORT_PX or self.width() < FULL_FROM_PX

    def _show(self) -> None:
        view, now_ms = self._view, self._now_ms
        result = None if view is None else words.shown_result(view, preview=self.preview)
        stale = view is not None and words.is_stale(view, now_ms)
        shown = None if view is None or result is None else ShownResult(view, result, stale, now_ms)
        head = words.head(view, now_ms, preview=self.preview, has_instrument=self.instrument is not None)
        self.head.show_head(head, is_short=self._is_short)
        self.dimensions.show_result(shown)
        self.components.show_result(shown)
        self.why.show_counts(self.components.rows_shown.counts)
        self.strip.show_vote(None if view is None else view.vote, self.timeframe)
        self._show_notes(words.notes(view, now_ms))
        self._tell_header(shown)
        if self.is_collapsed:
            self.update()

    def _show_notes(self, notes: tuple[words.Note, ...]) -> None:
        """As many lines as there is room for."""
        parts = (self._header, self.head, self.dimensions, self.why, self.strip)
        room = self.height() - sum(part.height() for part in parts) - 2 * NOTE_PAD_PX
        lines = room // NOTE_PX if self._is_short else max(NOTES_LEAST, (room - TABLE_LEAST_PX) // NOTE_PX)
        self.notes.show_notes(notes if len(notes) <= lines else words.shortened(notes, max(0, lines)))

    def _tell_header(self, shown: ShownResult | None) -> None:
        instrument = self.instrument
        if instrument is None:
            self._header.say("")
            return
        subject = f"{instrument.symbol}{kind_badge(instrument.market_kind)} \u00b7 {self.timeframe.value}"
        if shown is None:
            self._header.say(subject)
        elif shown.is_provisional:
            self._header.say(subject, "provisional", "info")
        else:
            self._header.say(subject, f"closed {text.clock(shown.result.metadata.last_candle_ms, None)}")

    # --- room ---------------------------------------------------------------------------------------------------

    def set_collapsed(self, collapsed: bool) -> None:
        """Make it a rail, or a panel again."""
        if collapsed == self.is_collapsed:
            return
        self.is_collapsed = collapsed
        for part in (self._header, self._scroll):
            part.setVisible(not collapsed)
        self.open_button.setVisible(collapsed)
        self.setMinimumWidth(RAIL_PX if collapsed else CONFLUENCE_LEAST_PX)
        self.setMaximumWidth(RAIL_PX if collapsed else LARGEST_PX)
        self._arrange()
        self.collapse_changed.emit(collapsed)

    def set_preview(self, preview: bool) -> None:
        """Show the forming candle's provisional values, or the last closed one's."""
        self.preview = preview
        self._key = None
        self.refresh(0)

    def _toggle_components(self) -> None:
        self._is_open = not self._is_open
        self._arrange()

    def _arrange(self) -> None:
        """A short panel shows either the dimensions or the components."""
        if self.is_collapsed:
            return
        is_short = self._is_short
        self.why.set_short(is_short, is_open=self._is_open)
        self.dimensions.setVisible(not (is_short and self._is_open))
        self.components.setVisible(not is_short or self._is_open)
        self._show()

    def _open_menu(self) -> None:
        from PySide6.QtWidgets import QMenu

        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        preview = menu.addAction("Preview of the forming candle (provisional)")
        preview.setCheckable(True)
        preview.setChecked(self.preview)
        preview.toggled.connect(self.set_preview)
        menu.addAction(with_keys("Data of this instrument\u2026", "show_data"), self.data_asked.emit)
        if self.may_collapse:
            menu.addAction(with_keys("Collapse", "toggle_confluence"), lambda: self.set_collapsed(True))
        button = self.menu_button
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("surface" if self.is_collapsed else "background"))
        if self.is_collapsed:
            head = self.head.head
            said = "Confluence" if head.score is None else f"Confluence  {head.score:.1f}"
            if head.pill is not None:
                said += f"  {head.pill.text}"
            painter.translate(RAIL_PX / 2 + 4, 44)
            painter.rotate(90)
            painter.setFont(font(Type.STRONG))
            painter.setPen(self._theme.color("muted" if head.is_grey else "text"))
            painter.drawText(0, 8, said)
