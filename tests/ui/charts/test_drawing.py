"""Drawing on a chart with the mouse: placing, snapping, taking hold, moving, the menu, the text line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.ui.charts.conftest import frame
from tests.ui.charts.fake_engine import BTC, ETH, FakeEngine, walk
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Kind, Point, Stroke
from virtuoso_desktop.ui.charts.drawing.layer import level_words
from virtuoso_desktop.ui.charts.drawing.texteditor import TextEditor

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.drawing.book import DrawingBook
    from virtuoso_desktop.ui.charts.drawing.places import Places
    from virtuoso_desktop.ui.charts.panel import ChartPanel

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, CONTROL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def book_of(panel: ChartPanel) -> DrawingBook:
    book = panel.canvas.hand.book
    assert book is not None
    return book


def places_of(panel: ChartPanel) -> Places:
    places = panel.canvas.hand.places()
    assert places is not None
    return places


def move(panel: ChartPanel, place: QPoint, held: Qt.KeyboardModifier = NONE, buttons: Any = None) -> None:
    surface = panel.canvas.viewport()
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove, QPointF(place), surface.mapToGlobal(QPointF(place)), Qt.MouseButton.NoButton,
        buttons or Qt.MouseButton.NoButton, held,
    )  # fmt: skip
    QApplication.sendEvent(surface, event)


def click(panel: ChartPanel, place: QPoint, held: Qt.KeyboardModifier = NONE, button: Any = LEFT) -> None:
    move(panel, place, held)
    QTest.mouseClick(panel.canvas.viewport(), button, held, place)


def drag(panel: ChartPanel, start: QPoint, end: QPoint, held: Qt.KeyboardModifier = NONE) -> None:
    surface = panel.canvas.viewport()
    move(panel, start)
    QTest.mousePress(surface, LEFT, held, start)
    for share in (0.3, 0.7, 1.0):
        move(panel, start + (end - start) * share, held, LEFT)
    QTest.mouseRelease(surface, LEFT, held, end)


def put(panel: ChartPanel, drawing: Drawing) -> Drawing:
    book_of(panel).add(drawing)
    frame(panel)
    return drawing


def at(panel: ChartPanel, point: Point) -> QPoint:
    return QPointF(*places_of(panel).xy(point)).toPoint()


def point(panel: ChartPanel, x: int, y: int) -> Point:
    return places_of(panel).point(x, y)


def line(panel: ChartPanel, x1: int, y1: int, x2: int, y2: int, kind: Kind = Kind.TREND) -> Drawing:
    return put(panel, Drawing("made", kind, (point(panel, x1, y1), point(panel, x2, y2))))


@pytest.fixture
def free(panel: ChartPanel) -> ChartPanel:
    """A chart whose magnet is off."""
    panel.canvas.hand.desk.set_magnet(False)
    return panel


# --- placing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.TREND, Kind.RAY, Kind.BOX, Kind.FIB, Kind.MEASURE])
@pytest.mark.parametrize("by_drag", [False, True])
def test_two_points_are_placed_by_two_clicks_or_one_drag(free: ChartPanel, kind: Kind, by_drag: bool) -> None:
    free.canvas.hand.desk.take(kind)
    first, last = QPoint(200, 150), QPoint(400, 260)
    wanted = (point(free, 200, 150), point(free, 400, 260))
    if by_drag:
        drag(free, first, last)
    else:
        click(free, first)
        assert not book_of(free).drawings
        click(free, last)
    (made,) = book_of(free).drawings
    assert (made.kind, made.points) == (kind, wanted)
    assert book_of(free).selected == made.id
    assert free.canvas.hand.desk.tool is None


def test_a_horizontal_line_needs_one_click_and_has_a_tag_at_the_axis(free: ChartPanel) -> None:
    free.canvas.hand.desk.take(Kind.LEVEL)
    click(free, QPoint(300, 200))
    (made,) = book_of(free).drawings
    price = free._stage.price_text(made.points[0].price * 10)
    assert price in [tag.first for tag in free.canvas.price_scale.tags]
    click(free, QPoint(100, 60))
    frame(free)
    assert not book_of(free).selected
    assert price in [tag.first for tag in free.canvas.price_scale.tags]


def test_a_kept_tool_draws_one_after_the_other_until_escape(free: ChartPanel) -> None:
    desk = free.canvas.hand.desk
    desk.take(Kind.LEVEL, keeps=True)
    for y in (120, 180, 240):
        click(free, QPoint(300, y))
    assert len(book_of(free).drawings) == 3
    free.canvas.setFocus()
    QTest.keyClick(free.canvas, Qt.Key.Key_Escape)
    assert desk.tool is None
    click(free, QPoint(300, 300))
    assert len(book_of(free).drawings) == 3


@pytest.mark.parametrize("give_up", ["escape", "right click", "other instrument"])
def test_a_half_made_drawing_is_given_up(free: ChartPanel, engine: FakeEngine, give_up: str) -> None:
    free.canvas.hand.desk.take(Kind.TREND)
    click(free, QPoint(200, 150))
    move(free, QPoint(300, 200))
    book = book_of(free)
    assert book.draft is not None
    if give_up == "escape":
        free.canvas.setFocus()
        QTest.keyClick(free.canvas, Qt.Key.Key_Escape)
    elif give_up == "right click":
        QTest.mouseClick(free.canvas.viewport(), RIGHT, NONE, QPoint(300, 200))
    else:
        engine.hold(walk(300), ETH)
        free.set_instrument(ETH.id, Timeframe.M5)
    assert book.draft is None
    assert not book.drawings


def test_the_magnet_takes_a_price_of_the_candle_and_control_turns_it_round(panel: ChartPanel) -> None:
    model, places = panel._stage.model, places_of(panel)
    bars = model.bars
    lone = next(
        place
        for place in range(20, bars.count - 20)
        if min(places.row_of(bars.high[place + way]) for way in (-2, -1, 1, 2)) > places.row_of(bars.high[place]) + 9
    )
    slot = int(bars.key[lone])
    reading = model.reading_at(slot)
    assert reading is not None
    x, y = places.x(places.open_ms(slot)), places.row_of(reading.high)
    place = QPointF(x, y - 5).toPoint()
    desk = panel.canvas.hand.desk
    for held, expected in ((NONE, reading.high / 10), (CONTROL, places.point(place.x(), place.y()).price)):
        desk.take(Kind.LEVEL)
        click(panel, place, held)
        assert book_of(panel).drawings[-1].points[0].price == pytest.approx(expected)
    assert book_of(panel).drawings[0].points[0].price != book_of(panel).drawings[1].points[0].price


def test_shift_keeps_a_line_level(free: ChartPanel) -> None:
    free.canvas.hand.desk.take(Kind.TREND)
    click(free, QPoint(200, 150))
    click(free, QPoint(400, 260), SHIFT)
    first, last = book_of(free).drawings[0].points
    assert first.price == last.price
    assert first.time_ms < last.time_ms


def test_points_right_of_the_newest_candle_hold_on_every_timeframe(free: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(400, timeframe=Timeframe.H1), BTC, Timeframe.H1)
    newest_ms = places_of(free).open_ms(free._stage.model.time.newest)
    free.canvas.hand.desk.take(Kind.TREND)
    drag(free, QPoint(500, 150), QPoint(715, 250))
    (made,) = book_of(free).drawings
    assert made.points[1].time_ms > newest_ms
    free.set_instrument(BTC.id, Timeframe.H1)
    frame(free)
    assert book_of(free).drawings == (made,)
    places = places_of(free)
    for each in made.points:
        slot = places.slot(places.x(each.time_ms))
        assert places.open_ms(slot) <= each.time_ms < places.open_ms(slot + 1)


# --- taking hold -------------------------------------------------------------------------------------------------


def test_a_drag_moves_the_whole_a_handle_one_point_and_undo_takes_it_back(free: ChartPanel) -> None:
    made, book = line(free, 200, 150, 400, 250), book_of(free)
    drag(free, QPoint(300, 200), QPoint(360, 240))
    moved = book.find("made")
    assert moved is not None
    assert moved.points[0].time_ms - made.points[0].time_ms == 10 * 300_000
    fall = [before.price - after.price for before, after in zip(made.points, moved.points, strict=True)]
    assert fall[0] == pytest.approx(fall[1]) != 0
    drag(free, at(free, moved.points[1]), QPoint(500, 100))
    bent = book.find("made")
    assert bent is not None
    assert bent.points == (moved.points[0], point(free, 500, 100))
    book.undo()
    book.undo()
    assert book.find("made") == made


def test_a_drag_on_nothing_pans_and_keeps_the_selection_a_click_lets_go(free: ChartPanel) -> None:
    line(free, 200, 150, 400, 250)
    click(free, QPoint(300, 200))
    assert book_of(free).selected == "made"
    left = free._stage.model.time.left
    drag(free, QPoint(500, 300), QPoint(560, 300))
    assert free._stage.model.time.left == left - 60
    assert book_of(free).selected == "made"
    click(free, QPoint(600, 60))
    assert book_of(free).selected == ""


def test_inside_a_rectangle_the_chart_pans(free: ChartPanel) -> None:
    made = line(free, 100, 80, 600, 300, Kind.BOX)
    left = free._stage.model.time.left
    drag(free, QPoint(300, 200), QPoint(340, 200))
    assert free._stage.model.time.left == left - 40
    assert book_of(free).drawings == (made,)


def test_a_locked_drawing_is_selected_but_stands_still(free: ChartPanel) -> None:
    made = line(free, 200, 150, 400, 250)
    locked = msgspec.structs.replace(made, is_locked=True)
    book_of(free).replace(locked)
    told: list[str] = []
    free.canvas.hand.desk.told.connect(told.append)
    left = free._stage.model.time.left
    drag(free, QPoint(300, 200), QPoint(340, 240))
    assert book_of(free).drawings == (locked,)
    assert book_of(free).selected == "made"
    assert free._stage.model.time.left == left - 40
    free.canvas.setFocus()
    QTest.keyClick(free.canvas, Qt.Key.Key_Delete)
    assert book_of(free).drawings == (locked,)
    assert "locked" in told[0]


def test_the_topmost_of_two_is_taken_hold_of(free: ChartPanel) -> None:
    points = (point(free, 200, 150), point(free, 400, 250))
    for name in ("below", "above"):
        put(free, Drawing(name, Kind.TREND, points))
    click(free, QPoint(300, 200))
    assert book_of(free).selected == "above"


def test_what_is_hovered_and_selected_looks_so(free: ChartPanel, qtbot: Any) -> None:
    line(free, 200, 150, 400, 250)
    plain = free.canvas.viewport().grab().toImage()
    move(free, QPoint(300, 200))
    hovered = free.canvas.viewport().grab().toImage()
    assert free.canvas.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
    click(free, QPoint(300, 200))
    chosen = free.canvas.viewport().grab().toImage()
    handle = at(free, book_of(free).drawings[0].points[0])
    ring = [(handle.x() + 4, handle.y()), (handle.x(), handle.y() + 4)]
    colors = [{picture.pixelColor(*spot).name() for spot in ring} for picture in (plain, hovered, chosen)]
    assert colors[0] != colors[1] != colors[2]
    assert free.canvas.time_scale.pinned
    tags = [tag.fill for tag in free.canvas.price_scale.tags]
    assert tags.count("accent") == 2


def test_the_crosshair_and_a_drawing_do_not_hide_each_other(free: ChartPanel) -> None:
    line(free, 200, 150, 400, 250)
    move(free, QPoint(300, 200))
    assert free._stage.hover is not None
    free.canvas.hand.desk.take(Kind.TREND)
    click(free, QPoint(250, 150))
    move(free, QPoint(350, 220))
    assert free._stage.hover is not None
    assert free._stage.hover.y == 220


# --- menu and text -----------------------------------------------------------------------------------------------


def entry(menu: Any, *words: str) -> Any:
    action = next(each for each in menu.actions() if each.text().partition("\t")[0] == words[0])
    return entry(action.menu(), *words[1:]) if len(words) > 1 else action


def open_menu(panel: ChartPanel, place: QPoint) -> Any:
    click(panel, place, button=RIGHT)
    menu = panel._drawings.menu
    assert menu is not None
    return menu


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
@pytest.mark.parametrize(
    ("words", "check"),
    [
        (("Colour", "Up"), lambda drawing: drawing.look.colour == "up"),
        (("Width", "4 px"), lambda drawing: drawing.look.width_px == 4),
        (("Style", "Dotted"), lambda drawing: drawing.look.stroke is Stroke.DOTTED),
        (("Lock",), lambda drawing: drawing.is_locked),
        (("Only on 5m",), lambda drawing: drawing.timeframe == "5m"),
    ],
)
def test_the_menu_changes_the_drawing(
    free: ChartPanel, words: tuple[str, ...], check: Callable[[Drawing], bool]
) -> None:
    made = line(free, 200, 150, 400, 250)
    menu = open_menu(free, QPoint(300, 200))
    entry(menu, *words).trigger()
    menu.close()
    (changed,) = book_of(free).drawings
    assert check(changed)
    assert not check(made)
    book_of(free).undo()
    assert book_of(free).drawings == (made,)


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_the_look_chosen_last_is_that_of_the_next_one(free: ChartPanel) -> None:
    line(free, 200, 150, 400, 250)
    menu = open_menu(free, QPoint(300, 200))
    entry(menu, "Colour", "Amber").trigger()
    menu.close()
    desk = free.canvas.hand.desk
    desk.take(Kind.TREND)
    drag(free, QPoint(450, 100), QPoint(550, 160))
    assert book_of(free).drawings[-1].look.colour == "warning"
    assert desk.looks["trend_line"] == ("warning", 2, "solid")


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)
def test_bring_to_front_and_remove_offer_what_they_say(free: ChartPanel) -> None:
    points = (point(free, 200, 150), point(free, 400, 250))
    first = put(free, Drawing("first", Kind.TREND, points))
    second = put(free, Drawing("second", Kind.LEVEL, points[:1]))
    offers: list[tuple[str, Callable[[], object]]] = []
    free.canvas.hand.desk.undo_offered.connect(lambda words, undo: offers.append((words, undo)))
    menu = open_menu(free, QPoint(300, 200))
    entry(menu, "Bring to front").trigger()
    entry(menu, "Remove").trigger()
    menu.close()
    assert book_of(free).drawings == (second,)
    assert offers[0][0] == "Trend line was removed."
    offers[0][1]()
    assert book_of(free).drawings == (second, first)
    menu = open_menu(free, QPoint(300, 200))
    entry(menu, "Remove all drawings").trigger()
    menu.close()
    assert book_of(free).drawings == ()
    assert offers[1][0] == "2 drawings of BTCUSDT were removed."
    offers[1][1]()
    assert book_of(free).drawings == (second, first)


def editor_of(panel: ChartPanel) -> TextEditor:
    editor = panel._drawings.editor
    assert editor is not None
    return editor


def test_a_text_is_written_in_its_place_and_edited_again(free: ChartPanel) -> None:
    free.canvas.hand.desk.take(Kind.TEXT)
    click(free, QPoint(300, 200))
    editor = editor_of(free)
    assert abs(editor.geometry().center().y() - 200) <= 2
    QTest.keyClicks(editor, "Sweep")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    assert free._drawings.editor is None
    (made,) = book_of(free).drawings
    assert made.text == "Sweep"
    QTest.mouseDClick(free.canvas.viewport(), LEFT, NONE, QPoint(310, 200))
    editor = editor_of(free)
    assert editor.text() == "Sweep"
    editor.setText("x" * 500)
    assert len(editor.text()) == 200
    editor.setText("Sweep of the low")
    free.canvas.setFocus()
    assert book_of(free).drawings[0].text == "Sweep of the low"


@pytest.mark.parametrize(
    ("typed", "key"), [("", Qt.Key.Key_Return), ("  ", Qt.Key.Key_Return), ("a", Qt.Key.Key_Escape)]
)
def test_a_new_text_without_words_is_none(free: ChartPanel, typed: str, key: Qt.Key) -> None:
    free.canvas.hand.desk.take(Kind.TEXT)
    click(free, QPoint(300, 200))
    QTest.keyClicks(editor_of(free), typed)
    QTest.keyClick(editor_of(free), key)
    assert book_of(free).drawings == ()
    assert book_of(free).draft is None


def test_escape_leaves_a_text_as_it_was_and_emptying_it_removes_it(free: ChartPanel) -> None:
    made = put(free, Drawing("t", Kind.TEXT, (point(free, 300, 200),), text="Keep me"))
    QTest.mouseDClick(free.canvas.viewport(), LEFT, NONE, QPoint(310, 200))
    editor_of(free).setText("Other")
    QTest.keyClick(editor_of(free), Qt.Key.Key_Escape)
    assert book_of(free).drawings == (made,)
    QTest.mouseDClick(free.canvas.viewport(), LEFT, NONE, QPoint(310, 200))
    editor_of(free).setText("")
    QTest.keyClick(editor_of(free), Qt.Key.Key_Return)
    assert book_of(free).drawings == ()
    book_of(free).undo()
    assert book_of(free).drawings == (made,)


def test_a_text_stays_with_the_instrument_it_was_begun_on(free: ChartPanel, engine: FakeEngine) -> None:
    engine.hold(walk(300), ETH)
    book = book_of(free)
    free.canvas.hand.desk.take(Kind.TEXT)
    click(free, QPoint(300, 200))
    QTest.keyClicks(editor_of(free), "BTC's low")
    free.set_instrument(ETH.id, Timeframe.M5)
    frame(free)
    QTest.keyClick(editor_of(free), Qt.Key.Key_Return)
    assert [each.text for each in book.drawings] == ["BTC's low"]
    assert book_of(free).drawings == ()


# --- what drawings tell ------------------------------------------------------------------------------------------


def test_fibonacci_levels_are_said_on_the_instruments_grid(free: ChartPanel) -> None:
    made = line(free, 200, 150, 400, 250, Kind.FIB)
    words = level_words(made, places_of(free))
    first, last = made.points
    assert words[0] == f"0  {last.price:,.1f}"
    assert words[-1] == f"1  {first.price:,.1f}"
    middle = round((first.price + last.price) * 5) / 10
    assert words[3] in (f"0.5  {middle:,.1f}", f"0.5  {middle - 0.1:,.1f}", f"0.5  {middle + 0.1:,.1f}")


def test_a_measure_counts_candles_and_volume_and_follows_the_forming_one(free: ChartPanel, engine: FakeEngine) -> None:
    series = engine.series[BTC.id, Timeframe.M5]
    opens, close = series.columns[0], round(series.columns[4][-1] / 10)
    made = put(free, Drawing("m", Kind.MEASURE, (Point(int(opens[-11]), close), Point(int(opens[-1]), close + 100.0))))
    frame(free)
    words = free.canvas.drawings.measured_words(made)
    assert words[0] == f"+100.0  (+{10_000 / close:.2f}\u2009%)"
    assert words[1] == "10 bars, 50m 00s"
    before = series.columns[5][-11:].sum()
    row = series.columns[:, -1]
    engine.put(int(row[0]), row[1], row[2], row[3], row[4], row[5] + 5_000.0, BTC, Timeframe.M5, False)
    frame(free)
    after = free.canvas.drawings.measured_words(made)
    assert after[2] != words[2]
    assert series.columns[5][-11:].sum() == pytest.approx(before + 5_000.0)


def test_every_kind_and_look_is_painted_on_every_timeframe_in_both_themes(free: ChartPanel, engine: FakeEngine) -> None:
    """Far out of view, on one spot, in the future and before the first candle: painted without a fault."""
    spots = [point(free, 200, 150), point(free, 400, 250), Point(0, 0.1), Point(7_258_118_400_000, 1e12)]
    for kind in Kind:
        for number, first in enumerate(spots):
            count = 1 if kind in (Kind.LEVEL, Kind.TEXT) else 2
            for last in spots[: 1 if count == 1 else 4]:
                name = f"{kind}{number}{spots.index(last)}"
                drawing = Drawing(name, kind, (first, last)[:count], text="words" if kind is Kind.TEXT else "")
                look = msgspec.structs.replace(drawing.look, stroke=list(Stroke)[number % 3], width_px=1 + number % 4)
                put(free, msgspec.structs.replace(drawing, look=look))
    for timeframe in (Timeframe.M5, Timeframe.M1, Timeframe.D1, Timeframe.W1, Timeframe.MO1):
        if timeframe is not Timeframe.M5:
            engine.hold(walk(300, timeframe=timeframe), BTC, timeframe)
            free.set_instrument(BTC.id, timeframe)
        frame(free)
        for theme_choice in range(2):
            free._theme.cycle()
            assert not free.canvas.viewport().grab().isNull(), theme_choice


def test_of_five_thousand_drawings_only_those_in_view_are_looked_at(free: ChartPanel, engine: FakeEngine) -> None:
    columns = engine.series[BTC.id, Timeframe.M5].columns
    first_ms, first_price, last_price = int(columns[0][0]), columns[4][0] / 10, columns[4][-1] / 10
    book = book_of(free)
    book.drawings = tuple(
        Drawing(
            f"n{number}",
            Kind.TREND,
            (Point(first_ms + number * 60_000, first_price), Point(first_ms + number * 60_000 + 300_000, first_price)),
        )
        for number in range(-2_500, 2_500)
    )
    book.add(Drawing("here", Kind.LEVEL, (Point(first_ms, last_price),)))
    frame(free)
    assert {each.id for each in free.canvas.drawings.shown(places_of(free))} == {"here"}
    free._stage.model.time.show_oldest()
    free._on_view_moved()
    assert 100 < len(free.canvas.drawings.shown(places_of(free))) < 1_500


def test_hidden_drawings_are_neither_painted_nor_taken_hold_of(free: ChartPanel) -> None:
    made = line(free, 200, 150, 400, 250)
    desk = free.canvas.hand.desk
    shown = free.canvas.viewport().grab().toImage().pixelColor(300, 200).name()
    desk.hide(True)
    hidden = free.canvas.viewport().grab().toImage().pixelColor(300, 200).name()
    assert shown != hidden
    drag(free, QPoint(300, 200), QPoint(330, 200))
    assert book_of(free).drawings == (made,)
    desk.take(Kind.TREND)
    assert not desk.hides


def test_two_charts_of_one_instrument_show_the_same_drawings(
    free: ChartPanel, open_panel: Callable[..., ChartPanel], engine: FakeEngine
) -> None:
    other = open_panel(engine, desk=free.canvas.hand.desk)
    frame(other)
    made = line(free, 200, 150, 400, 250)
    assert book_of(other) is book_of(free)
    click(other, at(other, made.points[0]))
    frame(free)
    assert book_of(free).selected == "made"
    assert free.canvas.time_scale.pinned == other.canvas.time_scale.pinned != []


def test_nothing_happens_on_an_empty_chart(open_panel: Callable[..., ChartPanel]) -> None:
    panel = open_panel()
    panel.canvas.hand.desk.take(Kind.TREND)
    drag(panel, QPoint(200, 100), QPoint(300, 200))
    QTest.keyClick(panel.canvas, Qt.Key.Key_Return)
    assert panel.canvas.hand.making is None
    assert panel.canvas.hand.book is None
