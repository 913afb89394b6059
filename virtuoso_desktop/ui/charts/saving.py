"""The chart as a picture (file, clipboard) and its candles as a file. Written in a worker; what happened is said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QObject, QRectF, QStandardPaths, Qt, QThreadPool, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog
from shiboken6 import isValid

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.files.candles_csv import CandleRows, write_candles
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.ui.charts.lettering import face
from virtuoso_desktop.ui.charts.slots import open_of
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.ui.charts.panel import ChartPanel

CAPTION_PX = 44
_GAP = "  \u00b7  "
_PAD_PX = 10
NOTHING = "There is no candle on the chart yet."


class ChartSaver(QObject):
    """Saves one chart after the other.

    Signals
    -------
    told(Notice)
        What was saved and where, or why it was not.
    """

    told = Signal(object)
    _done = Signal(str, str)
    """(what was saved, why it was not; empty when it was)."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.dialog: QFileDialog | None = None
        """As opened last."""
        self._done.connect(self._tell)

    # --- picture ---------------------------------------------------------------------------------------------------

    def copy_picture(self, chart: ChartPanel) -> None:
        """Put the picture of the chart on the clipboard."""
        QGuiApplication.clipboard().setImage(picture_of(chart))
        self._tell("The picture of the chart was copied.", "")

    def save_picture(self, chart: ChartPanel) -> None:
        """Ask for a file and write the chart as it is now; what happens meanwhile does not change the picture."""
        image = picture_of(chart)
        self._ask(chart, f"{file_stem(chart)}.png", "Pictures (*.png)", lambda path: self.write_picture(image, path))

    def write_picture(self, image: QImage, path: Path) -> None:
        """Write a picture in a worker."""
        self._work(path, lambda: write_atomically(path, png_of(image)))

    # --- candles ---------------------------------------------------------------------------------------------------

    def save_candles(self, chart: ChartPanel, *, in_view: bool) -> None:
        """Ask for a file and write the candles in view, or all that are loaded; those of now."""
        rows = candles_of(chart, in_view=in_view)
        if rows is None:
            self._tell("", NOTHING)
            return
        self._ask(chart, f"{file_stem(chart)}.csv", "Candles (*.csv)", lambda path: self.write_rows(rows, path))

    def write_rows(self, rows: CandleRows, path: Path) -> None:
        """Write candles in a worker."""
        self._work(path, lambda: write_candles(path, rows))

    # --- parts -----------------------------------------------------------------------------------------------------

    def _ask(self, chart: ChartPanel, name: str, kinds: str, write: Callable[[Path], None]) -> None:
        """A file dialog that holds nothing up."""
        places = QStandardPaths.StandardLocation
        place = places.PicturesLocation if name.endswith(".png") else places.DocumentsLocation
        folder = Path(QStandardPaths.writableLocation(place))
        folder = folder if folder.is_dir() else Path.home()
        dialog = QFileDialog(chart.window(), "Save", str(folder / name), kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix[1:])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(False)
        dialog.fileSelected.connect(lambda chosen: write(Path(chosen)))
        self.dialog = dialog
        dialog.show()

    def _work(self, path: Path, write: Callable[[], object]) -> None:
        def run() -> None:
            try:
                write()
                problem = ""
            except OSError as error:
                problem = f"{path} was not written: {error.strerror or error}. Choose another place."
            if isValid(self):
                self._done.emit(f"{path.name} was saved in {path.parent}.", problem)

        QThreadPool.globalInstance().start(run)

    def _tell(self, done: str, problem: str) -> None:
        severity = Severity.ERROR if problem else Severity.INFO
        now_ms = round(dt.datetime.now(dt.UTC).timestamp() * 1000)
        self.told.emit(Notice(now_ms, severity, "chart", problem or done))


def file_stem(chart: ChartPanel) -> str:
    """``BTCUSDT.P-5m-20250405-101500``, with the source where that is not live."""
    model = chart.model
    parts = ["chart"]
    if model.instrument is not None and model.timeframe is not None:
        identity = model.instrument.id
        parts = [f"{identity.symbol}{kind_badge(identity.market_kind)}", model.timeframe.value]
    parts.append(f"{_moment(chart):%Y%m%d-%H%M%S}")
    if chart.source is not Source.LIVE:
        parts.append(chart.source.value)
    return "-".join(parts)


def _moment(chart: ChartPanel) -> dt.datetime:
    return dt.datetime.fromtimestamp(chart.now_ms / 1000, dt.UTC)


def caption_of(chart: ChartPanel) -> tuple[str, str]:
    """What a picture says of itself in two lines: instrument, timeframe, venue; source where not live, and moment."""
    model = chart.model
    first: list[str] = []
    if model.instrument is not None and model.timeframe is not None:
        identity = model.instrument.id
        first = [f"{identity.symbol}{kind_badge(identity.market_kind)}", model.timeframe.value]
        first.append(identity.venue.value.capitalize())
    second = [] if chart.source is Source.LIVE else [f"{chart.source.value.upper()}, not the live market"]
    second.append(f"{_moment(chart):%Y-%m-%d %H:%M:%S} UTC")
    return _GAP.join(first), _GAP.join(second)


def picture_of(chart: ChartPanel) -> QImage:
    """The chart as it is on the screen, under a line that says what it shows."""
    ratio = chart.devicePixelRatioF()
    width, height = chart.width(), chart.height() + CAPTION_PX
    image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(chart.theme.color("surface"))
    painter = QPainter(image)
    title, plain = face(Type.KEY), face(Type.CAPTION)
    title.begin(painter, chart.theme.color("text"))
    first, second = caption_of(chart)
    title.draw(painter, _PAD_PX, 14, first)
    plain.begin(painter, chart.theme.color("muted"))
    plain.draw(painter, width - _PAD_PX - plain.width("Virtuoso"), 14, "Virtuoso")
    plain.draw(painter, _PAD_PX, 31, second)
    painter.fillRect(QRectF(0, CAPTION_PX - 1, width, 1), chart.theme.color("line"))
    painter.drawPixmap(0, CAPTION_PX, chart.grab())
    painter.end()
    return image


def png_of(image: QImage) -> bytes:
    """The picture as a PNG file's bytes."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]
        raise OSError("the picture could not be made")
    return bytes(buffer.data().data())


def candles_of(chart: ChartPanel, *, in_view: bool) -> CandleRows | None:
    """Copies of the real candles, whatever type is drawn; None without any."""
    view = chart.view
    if view is None or not len(view.candles):
        return None
    candles, rows = view.candles, slice(0, len(view.candles))
    if in_view:
        time = chart.model.time
        edges = (open_of(time.slot_at(0), view.timeframe), open_of(time.slot_at(time.width), view.timeframe))
        first, last = (int(place) for place in np.searchsorted(candles.open_ms, edges))
        rows = slice(first, last)
    columns = (
        candles.open_ms,
        candles.open,
        candles.high,
        candles.low,
        candles.close,
        candles.volume,
        candles.turnover,
    )
    part = np.array([column[rows] for column in columns])
    is_last_in = candles.last_is_forming and rows.stop >= len(candles)
    return CandleRows(view.instrument, view.timeframe, chart.source, part, is_last_in) if part.shape[1] else None
