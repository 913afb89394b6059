"""finplot with candles, volume and three lines: pan of its view, update of the last candle."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import finplot
import pandas as pd
from PySide6.QtWidgets import QApplication

from tests.benchmarks.peers.candles import walk
from tests.benchmarks.peers.rounds import answer, timed


def main() -> None:
    rows, visible, steps, width, height = (int(text) for text in sys.argv[1:6])
    app = QApplication.instance() or QApplication([])
    columns = walk(rows)
    frame = pd.DataFrame(columns[1:].T, columns=["open", "high", "low", "close", "volume"])
    frame.index = pd.to_datetime(columns[0], unit="ms")
    price, volume = finplot.create_plot("benchmark", rows=2, init_zoom_periods=visible, maximize=False)
    candles = finplot.candlestick_ochl(frame[["open", "close", "high", "low"]], ax=price)
    bars = finplot.volume_ocv(frame[["open", "close", "volume"]], ax=volume)
    for span in (12, 26, 100):
        finplot.plot(frame["close"].ewm(span=span).mean(), ax=price)
    finplot.show(qt_exec=False)
    price.vb.win.resize(width, height)
    app.processEvents()

    def pan() -> None:
        for number in range(steps):
            price.vb.translateBy(x=-24.0 if number % 8 < 4 else 24.0)
            app.processEvents()

    def tick() -> None:
        for number in range(steps):
            last = frame.index[-1]
            frame.loc[last, "close"] = frame.loc[last, "low"] + 0.1 * (1 + number % 7)
            candles.update_data(frame[["open", "close", "high", "low"]])
            bars.update_data(frame[["open", "close", "volume"]])
            app.processEvents()

    answer({"version": version("finplot")}, lambda what: {"cpu_s": timed({"pan": pan, "tick": tick}[what])})


main()
