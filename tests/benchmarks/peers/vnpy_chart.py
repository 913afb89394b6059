"""vnpy's chart with candles and volume, no overlays: pan by its keys, update of the last bar."""

from __future__ import annotations

import datetime as dt
import os
import sys
from importlib.metadata import version
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication
from vnpy.chart import CandleItem, ChartWidget, VolumeItem
from vnpy.trader.constant import Exchange, Interval
from vnpy.trader.object import BarData

from tests.benchmarks.peers.candles import walk
from tests.benchmarks.peers.rounds import answer, timed


def bar(row: Any) -> BarData:
    at_ms, opened, high, low, close, volume = (float(cell) for cell in row)
    return BarData(
        symbol="BTCUSDT", exchange=Exchange.OTC, datetime=dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC),
        interval=Interval.MINUTE, volume=volume, open_price=opened, high_price=high, low_price=low,
        close_price=close, gateway_name="benchmark",
    )  # fmt: skip


def main() -> None:
    rows, visible, steps, width, height = (int(text) for text in sys.argv[1:6])
    app = QApplication([])
    columns = walk(rows)
    widget = ChartWidget()
    widget.add_plot("candle", hide_x_axis=True)
    widget.add_plot("volume", maximum_height=int(height * 0.2))
    widget.add_item(CandleItem, "candle", "candle")
    widget.add_item(VolumeItem, "volume", "volume")
    widget.update_history([bar(column) for column in columns.T])
    widget.resize(width, height)
    widget.show()
    while widget._bar_count < visible:
        widget._on_key_down()
    app.processEvents()

    def pan() -> None:
        for number in range(steps):
            move = widget._on_key_left if number % 8 < 4 else widget._on_key_right
            move()
            app.processEvents()

    def tick() -> None:
        newest = columns[:, -1].copy()
        for number in range(steps):
            newest[4] = newest[3] + 0.1 * (1 + number % 7)
            widget.update_bar(bar(newest))
            app.processEvents()

    answer({"version": version("vnpy")}, lambda what: {"cpu_s": timed({"pan": pan, "tick": tick}[what])})


main()
