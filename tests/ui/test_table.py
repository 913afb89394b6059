from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QStyledItemDelegate

from virtuoso_desktop.ui.atlas import GlyphAtlas, ink_font
from virtuoso_desktop.ui.cell import LABEL, NUMBER, UP, Cell, Column, Part, cell
from virtuoso_desktop.ui.table import TableView
from virtuoso_desktop.ui.table_model import PaintedModel, Tint
from virtuoso_desktop.ui.theme import Theme, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

COLUMNS = (
    Column("name", "Name", "Name", "What it is", 90, 0, is_right=False),
    Column("price", "Price", "Last price", "What it costs", 100, 0),
)
NAME, PRICE = 0, 1
A_QUARTER = 60
"""What a glyph differs by that stands a quarter of a pixel off: a pen between two of the four places."""


class Rows:
    """A table by hand."""

    def __init__(self, *rows: tuple[Cell, Cell]) -> None:
        self.rows = list(rows)
        self.tinted: dict[int, Tint] = {}
        self.skeletons: set[int] = set()
        self.marked = -1

    def row_count(self) -> int:
        return len(self.rows)

    def cells(self, index: int) -> tuple[Cell, ...]:
        return self.rows[index]

    def tints(self, index: int, now_ns: int) -> tuple[Tint, ...]:
        return (self.tinted[index],) if index in self.tinted else ()

    def is_skeleton(self, index: int) -> bool:
        return index in self.skeletons

    def is_marked(self, index: int) -> bool:
        return index == self.marked

    def tooltip(self, index: int, column: int) -> str:
        return f"row {index} column {column}"


@pytest.fixture
def rows() -> Rows:
    return Rows(*((cell(name), cell(f"{place}1,234.5", UP)) for place, name in enumerate(("BTC", "ETH", "AVAX"))))


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(ThemeChoice.DARK)
    made.apply()
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def view(qtbot: QtBot, rows: Rows, theme: Theme) -> TableView:
    made = TableView(PaintedModel(COLUMNS, rows), theme)
    made.head.resizeSection(NAME, 90)
    made.head.resizeSection(PRICE, 100)
    made.resize(200, 24 + 24 * 4)
    qtbot.addWidget(made)
    made.show()
    return made


def picture(view: TableView) -> QImage:
    return view.canvas.grab().toImage()


def count(image: QImage, color: QColor, box: tuple[int, int, int, int], tolerance: int = 40) -> int:
    left, top, width, height = box
    found = 0
    for y in range(top, top + height):
        for x in range(left, left + width):
            pixel = image.pixelColor(x, y)
            distance = (
                abs(pixel.red() - color.red()) + abs(pixel.green() - color.green()) + abs(pixel.blue() - color.blue())
            )
            found += distance <= tolerance
    return found


def cell_box(row: int, column: int) -> tuple[int, int, int, int]:
    left, width = ((0, 90), (90, 100))[column]
    return left, row * 24, width, 24


def test_text_is_painted_in_its_ink_and_in_its_cell(view: TableView, theme: Theme) -> None:
    image = picture(view)
    for row in range(3):
        assert count(image, theme.color("up_text"), cell_box(row, PRICE)) > 30
        assert count(image, theme.color("text"), cell_box(row, NAME)) > 20
        assert count(image, theme.color("up_text"), cell_box(row, NAME)) == 0
    assert count(image, theme.color("up_text"), cell_box(3, PRICE)) == 0, "no row, no ink"


def test_numbers_end_at_the_same_place(view: TableView, theme: Theme) -> None:
    image = picture(view)
    ends = set()
    for row in range(3):
        columns = [x for x in range(90, 190) if count(image, theme.color("up_text"), (x, row * 24, 1, 24), 120)]
        ends.add(max(columns))
    assert len(ends) == 1
    assert 190 - 8 - 4 <= ends.pop() <= 190 - 8


@pytest.mark.parametrize("said", ["93,988.4", "+1.87", "\u22122.86", "AVAX", "1000PEPE", "+0.0042  4h 38m"])
def test_the_atlas_draws_what_qt_draws(said: str, theme: Theme) -> None:
    atlas = GlyphAtlas(theme)
    atlas.prepare(1.0)
    mine, qts = QPixmap(160, 24), QPixmap(160, 24)
    for pixmap in (mine, qts):
        pixmap.fill(theme.color("background"))
    out: list[float] = []
    assert atlas.append(out, said, NUMBER, 5.25, 17)
    painter = QPainter(mine)
    atlas.draw(painter, array("d", out))
    painter.end()
    painter = QPainter(qts)
    painter.setFont(ink_font(NUMBER))
    painter.setPen(theme.color("text"))
    painter.drawText(QPointF(5.25, 17), said)
    painter.end()
    one, other = mine.toImage(), qts.toImage()
    far = [
        (x, y)
        for x in range(160)
        for y in range(24)
        if abs(one.pixelColor(x, y).green() - other.pixelColor(x, y).green()) > A_QUARTER
    ]
    assert not far, "kerning, raised signs, weight and sub-pixel places agree"


def test_a_changed_row_is_painted_anew_and_only_its_changed_cell_is_built(view: TableView, rows: Rows) -> None:
    before = picture(view)
    kept = view._blocks[0].glyphs[NAME]
    rows.rows[0] = (rows.rows[0][0], cell("9", NUMBER))
    view.update_rows([0])
    after = picture(view)
    assert before != after
    assert view._blocks[0].glyphs[NAME] is kept


def test_tint_marked_row_and_skeleton(view: TableView, rows: Rows, theme: Theme) -> None:
    rows.tinted[0] = (PRICE, "up", 1.0)
    rows.marked = 1
    rows.skeletons = {2}
    rows.rows[2] = (cell("SOL"), Cell(()))
    view.canvas.update()
    image = picture(view)
    assert count(image, theme.color("up"), cell_box(0, PRICE), 10) > 1_000
    assert count(image, theme.color("accent"), (0, 24, 2, 24), 10) == 48
    assert count(image, theme.color("raised"), cell_box(2, PRICE), 10) > 200


def test_hover_and_focus_ring_are_painted(view: TableView, theme: Theme, qtbot: QtBot) -> None:
    calm = count(picture(view), theme.color("raised"), (0, 0, 190, 24), 6)
    qtbot.mouseMove(view.canvas, QPoint(20, 10))
    qtbot.waitUntil(lambda: count(picture(view), theme.color("raised"), (0, 0, 190, 24), 6) > calm + 1_000)
    view.setCurrentIndex(view.model().index(1, PRICE))
    view.activateWindow()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(view.hasFocus)
    qtbot.keyClick(view, Qt.Key.Key_Up)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert count(picture(view), theme.color("accent"), cell_box(1, PRICE), 30) > 100


def test_a_theme_change_repaints_with_the_other_colours(view: TableView, theme: Theme) -> None:
    theme.choose(ThemeChoice.LIGHT)
    image = picture(view)
    assert image.pixelColor(60, 90) == theme.color("background")
    assert count(image, theme.color("up_text"), cell_box(0, PRICE)) > 30


def test_text_that_the_atlas_cannot_hold_is_drawn_all_the_same(view: TableView, rows: Rows, theme: Theme) -> None:
    rows.rows[0] = (cell("\u5e01\u5b89\u4eba\u751f", LABEL), rows.rows[0][1])
    view.update_rows([0])
    image = picture(view)
    assert count(image, theme.color("text"), cell_box(0, NAME), 200) > 20
    assert view._blocks[0].apart


def test_a_full_atlas_falls_back_and_recovers(qapp: QApplication, theme: Theme) -> None:
    atlas = GlyphAtlas(theme)
    atlas.prepare(1.0)
    while atlas._take_place(8, 12) is not None:
        pass
    assert not atlas.append([], "123", NUMBER, 0, 17)
    assert atlas.is_full
    atlas.clear()
    assert atlas.append([], "123", NUMBER, 0, 17)


def test_the_model_answers_a_screen_reader_from_the_painted_cells(view: TableView, rows: Rows) -> None:
    rows.rows[1] = (cell("ETH"), Cell((Part("42 s", NUMBER),), "clock", "stale, 42 s old"))
    model = view.model()
    index = model.index(1, PRICE)
    assert index.data() == "42 s"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Last price stale, 42 s old"
    assert index.data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight.value
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "row 1 column 1"
    assert index.data(Qt.ItemDataRole.DecorationRole) is None
    assert model.headerData(0, Qt.Orientation.Horizontal) == "Name"
    assert model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.AccessibleTextRole) == "Last price"


def test_rows_that_were_reordered_take_the_current_cell_along(view: TableView, rows: Rows) -> None:
    model = view.model()
    assert isinstance(model, PaintedModel)
    view.setCurrentIndex(model.index(0, PRICE))
    rows.rows.reverse()
    model.rearranged(lambda row: 2 - row)
    assert (view.currentIndex().row(), view.currentIndex().column()) == (2, PRICE)


def test_rows_that_went_are_gone_from_the_model(view: TableView, rows: Rows) -> None:
    model = view.model()
    assert isinstance(model, PaintedModel)
    del rows.rows[1:]
    model.rearranged(lambda row: row)
    assert model.rowCount() == 1


def test_enter_and_click_open_a_row(view: TableView, qtbot: QtBot) -> None:
    opened: list[int] = []
    view.opened.connect(opened.append)
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=QPoint(20, 30))
    view.setCurrentIndex(view.model().index(2, 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened == [1, 2]


def test_no_delegate_is_asked_to_paint(view: TableView, qtbot: QtBot) -> None:
    class Asked(QStyledItemDelegate):
        def paint(self, *arguments: object) -> None:
            raise AssertionError("a delegate painted")

    view.setItemDelegate(Asked(view))
    picture(view)


def test_painting_time_is_taken_once(view: TableView) -> None:
    picture(view)
    assert view.take_painted_ns() > 0
    assert view.take_painted_ns() == 0
