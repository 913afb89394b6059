"""Order book: the ladder of the shown instrument, its depth curve, and what they say in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from virtuoso_desktop.engine.desk_views import FeedPhase, LadderView, size_unit
from virtuoso_desktop.ui.controls import Button, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import DENSE_ROW_PX, SCROLL_PX
from virtuoso_desktop.ui.panels.book_facts import WIDTH_PX as FACTS_PX
from virtuoso_desktop.ui.panels.book_facts import BookFacts
from virtuoso_desktop.ui.panels.depth_curve import DepthCurve
from virtuoso_desktop.ui.panels.desk_controls import arrange_row, choices_menu, open_under, relabel
from virtuoso_desktop.ui.panels.desk_parts import DeskPanel, NotedTable
from virtuoso_desktop.ui.panels.order_book_rows import (
    ASK_SIZE,
    BID_SIZE,
    COLUMNS,
    MULTIPLES,
    ROWS,
    LadderRows,
)
from virtuoso_desktop.ui.table_model import PaintedModel
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter, QResizeEvent
    from PySide6.QtWidgets import QMenu, QWidget

    from virtuoso_desktop.engine.desk_views import DepthView
    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.ui.theme import Theme

RATE_HZ = 10.0
DEPTH_NS = 250_000_000
"""Curve and figures of the deep book are read four times a second."""
LOOK_NS = 500_000_000
"""A book without changes is judged this often: it may have become stale."""
SIZE_RATIO, WALL_RATIO, TOTAL_RATIO = 0.22, 0.42, 0.10
MOST_BAR_PX = 76
ABOUT_GROUP = "Gather the prices of the ladder; kept for each instrument"
FACTS_FROM_PX = 600
"""Narrower, the ladder has all the room."""
CURVE_FROM_PX = 960
"""A narrower panel has no curve."""


class OrderBookPanel(DeskPanel):
    """The panel of the tab ``Order book``.

    Parameters
    ----------
    theme : Theme
        Colours.
    """

    urgency = 2
    rate_hz = RATE_HZ

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "Order book", "The order book", parent)
        self.groups: dict[str, int] = {}
        """Ticks of a group by instrument, as the user chose them."""
        self._version = -1
        self._read_ns = self._depth_ns = 0
        self._is_anew = True
        self.rows = LadderRows()
        self.model = PaintedModel(COLUMNS, self.rows, self)
        self.view = NotedTable(self.model, theme, self, "Order book", row_px=DENSE_ROW_PX)
        self.curve = DepthCurve(theme, self)
        self.facts = BookFacts(theme, self)
        self.group_button = Button(theme, "Group", is_boxed=True)
        self.unit = Words(theme)
        self.controls = (self.unit, self.group_button)
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.view, 1)
        row.addWidget(self.curve)
        row.addWidget(self.facts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addLayout(row, 1)
        self.view.pictures[BID_SIZE] = self._paint_bid
        self.view.pictures[ASK_SIZE] = self._paint_ask
        self.view.resized.connect(self._fit)
        self.group_button.quiet_colour = "text"
        self.group_button.clicked.connect(lambda: open_under(self.group_button, self.group_menu()))
        self.facts.amount_changed.connect(lambda _: self._ask_depth_soon())
        self.begin()

    # --- data ---------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._is_anew = True
        self._version = -1
        self._read_ns = self._depth_ns = 0
        self._take(None, is_live=False)
        self._show_depth(None, is_live=False)
        self.strip.tell(None)
        self.view.show_note(self.missing())
        self._tell_group(None)

    def refresh(self, now_ns: int) -> None:
        """Read the ladder if it changed, and four times a second the deep book."""
        engine, instrument = self._engine, self.instrument
        if engine is None or instrument is None:
            return
        version = engine.desk.ladder_version(instrument)
        if version == self._version and now_ns - self._read_ns < LOOK_NS:
            return
        self._version, self._read_ns = version, now_ns
        ladder = engine.desk.ladder(instrument, self.group_ticks, ROWS)
        self._tell(ladder)
        if now_ns - self._depth_ns >= DEPTH_NS:
            self._depth_ns = now_ns
            depth = engine.desk.depth(instrument, self.facts.amount.amount)
            is_live = depth is not None and depth.feed.phase is FeedPhase.LIVE
            if depth is not None and (depth.bid_sizes or self._is_anew):
                self._show_depth(depth, is_live=is_live)
            elif self.curve.view is not None:
                self._show_depth(self.curve.view, is_live=False)
        self._is_anew = False

    def _tell(self, ladder: LadderView | None) -> None:
        feed = None if ladder is None else ladder.feed
        is_live = feed is not None and feed.phase is FeedPhase.LIVE
        if ladder is not None and (ladder.bids or self._is_anew):
            self._take(ladder, is_live=is_live)
        elif self.rows.view is not None and self.rows.is_live:
            self._take(self.rows.view, is_live=False)  # what was shown is kept, in grey
        words = self.missing() if feed is None else self.judge(feed)
        has_rows = self.rows.row_count() > 0
        self.strip.tell(words if feed is not None and words is not None and (has_rows or words.action) else None)
        self.view.show_note(None if has_rows else words or self.missing())
        if ladder is not None:
            self._tell_group(ladder.instrument)

    def _take(self, ladder: LadderView | None, *, is_live: bool) -> None:
        self.rows.show(ladder, is_live=is_live)
        if self.rows.row_count() != self.model.row_count():
            self.model.rearranged(lambda row: row)
        self.view.canvas.update()
        self.facts.show_touch(ladder, is_live=is_live)

    def _show_depth(self, depth: DepthView | None, *, is_live: bool) -> None:
        self.curve.show_depth(depth, is_live=is_live)
        self.facts.show_depth(depth, is_live=is_live)

    def _ask_depth_soon(self) -> None:
        self._depth_ns = self._read_ns = 0

    def take_painted_ns(self) -> int:
        """Time spent painting since the last call, for the frame clock."""
        return self.view.take_painted_ns() + self.curve.take_painted_ns()

    # --- groups -------------------------------------------------------------------------------------------------

    @property
    def group_ticks(self) -> int:
        """Ticks of a group of the shown instrument."""
        return self.groups.get(str(self.instrument), 1)

    def choose_group(self, ticks: int) -> None:
        """Gather so many ticks in a row from now on, for this instrument."""
        if self.instrument is None:
            return
        self.groups.pop(str(self.instrument), None)
        if ticks != 1:
            self.groups[str(self.instrument)] = ticks
        self._version, self._read_ns = -1, 0
        self.refresh(LOOK_NS)

    def group_menu(self) -> QMenu | None:
        """The list of groups; None without a book."""
        view = self.rows.view
        if view is None:
            return None
        choices = [(f"{_group_words(view.instrument, ticks)}  ({ticks} \u00d7)", ticks) for ticks in MULTIPLES]
        return choices_menu(
            self.group_button, choices, self.group_ticks, lambda ticks: self.choose_group(int(str(ticks)))
        )

    def _tell_group(self, instrument: Instrument | None) -> None:
        words = "Group" if instrument is None else f"Group {_group_words(instrument, self.group_ticks)}"
        self.group_button.setEnabled(instrument is not None)
        self.group_button.setToolTip(ABOUT_GROUP if instrument is not None else "Groups need an order book")
        relabel(self.group_button, words)
        source = ""
        if self.rows.view is not None and self.rows.view.is_deep and self.group_ticks > 1:
            source = ", 1,000 levels"
        unit = "" if instrument is None else f"sizes in {size_unit(instrument)}{source}"
        if self.unit.say(Word(unit, Type.CAPTION, "muted")):
            arrange_row(self.unit)

    # --- room and bars ------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        has_curve = self.width() >= CURVE_FROM_PX
        self.curve.setVisible(has_curve)
        self.facts.setVisible(self.width() >= FACTS_FROM_PX)
        self.curve.setFixedWidth(max(160, (self.width() - FACTS_PX) * 36 // 100))

    def _fit(self) -> None:
        room = self.view.canvas.width() - SCROLL_PX
        head = self.view.head
        is_narrow = room < sum(column.width for column in COLUMNS)
        shown = [place for place, column in enumerate(COLUMNS) if not (is_narrow and column.rank)]
        wide = room // max(1, len(shown))
        for place in range(len(COLUMNS)):
            head.setSectionHidden(place, place not in shown)
            if place in shown:
                head.resizeSection(place, wide)

    def _paint_bid(self, painter: QPainter, cell: QRectF, row: int) -> None:
        self._paint_bars(painter, cell, row, is_bid=True)

    def _paint_ask(self, painter: QPainter, cell: QRectF, row: int) -> None:
        self._paint_bars(painter, cell, row, is_bid=False)

    def _paint_bars(self, painter: QPainter, cell: QRectF, row: int, *, is_bid: bool) -> None:
        """Cumulative size over the outer columns, the level's own size beside its price; both grow outwards."""
        level = self.rows.level(row, is_bid=is_bid)
        if level is None or not self.rows.is_live:
            return
        token = "up" if is_bid else "down"
        is_wide = not self.view.head.isSectionHidden(0)
        room = cell.width() * (2 if is_wide else 1)
        size_ratio = SIZE_RATIO if self.rows.wall(row, is_bid=is_bid) is None else WALL_RATIO
        for share, most, ratio in (
            (level.total / (self.rows.largest_total or 1.0), room, TOTAL_RATIO),
            (level.size / (self.rows.largest_size or 1.0), min(MOST_BAR_PX, cell.width()), size_ratio),
        ):
            wide = share * most
            left = cell.right() - wide if is_bid else cell.left()
            bar = QRectF(left, cell.top() + 1, wide, cell.height() - 1)
            painter.fillRect(bar, self._theme.color(token, ratio))


def _group_words(instrument: Instrument, ticks: int) -> str:
    return f"{instrument.to_price(ticks):,.{instrument.price_decimals}f}"
