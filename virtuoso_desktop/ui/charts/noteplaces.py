"""The notes over one canvas, where each of them stands, and when it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.notes import Chip, HistoryStrip, Message, NewestButton
from virtuoso_desktop.ui.shortcuts import with_keys

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.ui.charts.stage import Stage
    from virtuoso_desktop.ui.theme import Theme

_EDGE_PX = 8
_CHIP_STEP_PX = 24.0
_LOWEST_CHIP_PX = 16.0


class Notes:
    """Children of one chart: words, a strip about history, small buttons on the axes.

    Parameters
    ----------
    theme : Theme
        Colours.
    stage : Stage
        Where the panes stand.
    chart : QWidget
        Their parent, as large as the canvas.
    """

    def __init__(self, theme: Theme, stage: Stage, chart: QWidget) -> None:
        self._stage = stage
        self._chart = chart
        self._key: tuple[object, ...] = ()
        self.message = Message(theme, chart)
        self.strip = HistoryStrip(theme, chart)
        self.newest = NewestButton(theme, chart)
        self.auto = Chip(theme, chart, is_boxed=True)
        self.log = Chip(theme, chart, is_boxed=True)
        self.zone = Chip(theme, chart)
        self.evidence = Chip(theme, chart, is_boxed=True)
        words = with_keys("Fit the price scale to the candles, or double click on the axis", "auto_scale")
        self.auto.say("Auto", "Automatic price scale", words)
        self.log.say("Log", "Logarithmic price scale", with_keys("Back to a linear scale", "log_scale"))
        for chip in (self.auto, self.log, self.evidence):
            chip.hide()
        self.say_zone()

    def update(self) -> None:
        """The theme's palette was replaced."""
        for note in (self.message, self.strip, self.newest, self.auto, self.log, self.zone, self.evidence):
            note.update()

    def forget_places(self) -> None:
        """A note has another size: `place` works them all out."""
        self._key = ()

    def place(self) -> None:
        """Put everything where it belongs now; cheap when nothing moved."""
        stage = self._stage
        layout, model = stage.layout, stage.model
        is_back = not model.is_empty and model.time.newest >= model.time.right_slot
        is_by_hand = not model.is_empty and not model.price.is_auto
        is_log = not model.is_empty and model.price.is_log
        key = (layout, is_back, is_by_hand, is_log, stage.axis_zone, stage.now_ms // 3_600_000)
        if key == self._key:
            return
        self._key = key
        plot, bottom = round(stage.logical(layout.plot_width)), round(stage.logical(layout.price.bottom))
        self.message.setGeometry(0, 0, plot, bottom)
        self.strip.move(_EDGE_PX, bottom - self.strip.height() - _EDGE_PX)
        self.newest.move(plot - self.newest.width() - 2 * _EDGE_PX, bottom - self.newest.height() - 2 * _EDGE_PX)
        self.newest.setVisible(is_back)
        self.auto.setVisible(is_by_hand)
        self.log.setVisible(is_log)
        self.say_zone()
        evidence = self.evidence
        evidence.resize(evidence.sizeHint())
        evidence.move(round((plot - evidence.width()) / 2), bottom - evidence.height() - 2 * _EDGE_PX)
        lowest = bottom - _LOWEST_CHIP_PX
        zone = stage.logical(layout.time.top) + stage.logical(layout.time.height) / 2
        log = lowest - _CHIP_STEP_PX if is_by_hand else lowest
        axis = self._chart.width() - plot
        for chip, middle in ((self.auto, lowest), (self.log, log), (self.zone, zone)):
            chip.resize(chip.sizeHint())
            chip.move(round(plot + (axis - chip.width()) / 2), round(middle - chip.height() / 2))

    def say_zone(self) -> None:
        """Name the zone of the time axis."""
        stage = self._stage
        zone = stage.axis_zone
        name = text.zone_name(stage.now_ms, zone)
        if zone is not stage.zone:
            tip = "Candles of a day and longer are the venue's: UTC"
        elif zone is None:
            tip = with_keys(f"Times are local ({name}). Click for UTC", "time_zone")
        else:
            tip = with_keys(f"Times are UTC. Click for local ({text.zone_name(stage.now_ms, None)})", "time_zone")
        self.zone.say(name, f"Time zone {name}", tip)
