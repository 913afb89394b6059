"""Picture and candles: what they show and say of themselves, and what is said when they cannot be written."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from tests.ui.charts.conftest import HEIGHT, WIDTH, frame
from tests.ui.charts.fake_engine import BTC, FakeEngine, walk
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.saving import (
    CAPTION_PX,
    NOTHING,
    ChartSaver,
    candles_of,
    caption_of,
    file_stem,
    picture_of,
    png_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel


@pytest.fixture
def demo(open_panel: Callable[..., ChartPanel]) -> ChartPanel:
    engine = FakeEngine(Source.DEMO)
    engine.hold(walk(1000))
    return open_panel(engine)


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def saver(demo: ChartPanel, told: list[Notice]) -> ChartSaver:
    made = ChartSaver(demo)
    made.told.connect(told.append)
    return made


def wait_told(qtbot: Any, told: list[Notice]) -> Notice:
    QThreadPool.globalInstance().waitForDone(10_000)
    qtbot.waitUntil(lambda: bool(told))
    return told.pop()


def choose(saver: ChartSaver, path: Path) -> None:
    """Pick a file as a person does in the dialog."""
    dialog = saver.dialog
    assert dialog is not None
    assert not dialog.isModal(), "data go on behind it"
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    dialog.fileSelected.emit(str(path))
    dialog.close()


def test_the_picture_says_what_it_shows(demo: ChartPanel) -> None:
    assert caption_of(demo) == (
        "BTCUSDT.P  \u00b7  5m  \u00b7  Bybit",
        "DEMO, not the live market  \u00b7  2025-04-08 11:18:12 UTC",
    )
    assert file_stem(demo) == "BTCUSDT.P-5m-20250408-111812-demo"
    image = picture_of(demo)
    assert (image.width(), image.height()) == (WIDTH, HEIGHT + CAPTION_PX)
    shown = demo.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert image.copy(0, CAPTION_PX, WIDTH, HEIGHT) == shown
    inks = {image.pixel(x, y) for x in range(10, 300) for y in range(5, CAPTION_PX - 5)}
    assert len(inks) > 5, "the caption is written"


def test_a_picture_is_saved_and_can_be_read(
    qtbot: Any, demo: ChartPanel, saver: ChartSaver, told: list[Notice], tmp_path: Path
) -> None:
    saver.save_picture(demo)
    wanted = picture_of(demo)
    choose(saver, tmp_path / "chart.png")
    notice = wait_told(qtbot, told)
    assert (notice.severity, notice.user_text) == (Severity.INFO, f"chart.png was saved in {tmp_path}.")
    assert QImage(str(tmp_path / "chart.png")).convertToFormat(QImage.Format.Format_RGB32) == wanted
    assert png_of(wanted).startswith(b"\x89PNG")


def test_a_place_that_cannot_be_written_is_said_in_words(
    qtbot: Any, demo: ChartPanel, saver: ChartSaver, told: list[Notice], tmp_path: Path
) -> None:
    for write in (saver.save_picture, lambda chart: saver.save_candles(chart, in_view=True)):
        write(demo)
        choose(saver, tmp_path / "missing" / "file")
        notice = wait_told(qtbot, told)
        assert notice.severity is Severity.ERROR
        assert "was not written: No such file or directory" in notice.user_text
        assert "Choose another place" in notice.user_text
    assert list(tmp_path.iterdir()) == []


def test_the_picture_goes_to_the_clipboard(demo: ChartPanel, saver: ChartSaver, told: list[Notice]) -> None:
    saver.copy_picture(demo)
    assert QGuiApplication.clipboard().image().height() == HEIGHT + CAPTION_PX
    assert "copied" in told.pop().user_text


@pytest.mark.parametrize("kind", [CandleType.CANDLE, CandleType.HEIKIN_ASHI, CandleType.LINE])
def test_the_candles_in_view_are_the_real_ones(
    qtbot: Any, demo: ChartPanel, saver: ChartSaver, told: list[Notice], tmp_path: Path, kind: CandleType
) -> None:
    demo.looks.draw_as(kind)
    demo.model.time.pan(300)
    demo._on_view_moved()
    frame(demo)
    saver.save_candles(demo, in_view=True)
    choose(saver, tmp_path / "view.csv")
    wait_told(qtbot, told)
    with (tmp_path / "view.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    model = demo.model
    first, last = model.open_ms(model.time.slot_at(0)), model.open_ms(model.time.slot_at(model.time.width - 1))
    assert first is not None
    assert last is not None
    assert int(rows[0]["open_ms"]) == first
    assert int(rows[-1]["open_ms"]) <= last
    real = {int(row[0]): row for row in walk(1000).T}
    for row in rows:
        assert Decimal(row["close"]) == Decimal(int(real[int(row["open_ms"])][4])) * BTC.tick_size
        assert row["source"] == "demo"


def test_all_loaded_candles_with_the_forming_one_marked(demo: ChartPanel) -> None:
    rows = candles_of(demo, in_view=False)
    assert rows is not None
    assert rows.columns.shape == (7, 1000)
    assert rows.last_is_forming
    part = candles_of(demo, in_view=True)
    assert part is not None
    assert part.columns.shape[1] < 200
    assert part.last_is_forming


def test_a_chart_without_candles_says_so(open_panel: Callable[..., ChartPanel], told: list[Notice]) -> None:
    panel = open_panel()
    saver = ChartSaver(panel)
    saver.told.connect(told.append)
    saver.save_candles(panel, in_view=False)
    assert saver.dialog is None
    assert told.pop().user_text == NOTHING
    assert caption_of(panel)[1].endswith("UTC"), "a picture of it can be saved all the same"
    panel.set_instrument(BTC.id, Timeframe.M5)
    assert file_stem(panel).startswith("chart-")
