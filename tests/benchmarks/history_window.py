"""The history behind a window: a million real candles onto the chart, and frames while the background stores rows.

The candles are those of the recorded BTCUSDT minutes, laid end to end and repeated: there are no million of them.
Without the real data a random walk takes their place, and the lines say so.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from tests.benchmarks.history import PAGE, noisy
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.painted import application
from tests.conftest import data_folder
from tests.fake_adapter import FakeAdapter
from tests.ui.charts.fake_engine import walk
from virtuoso_desktop.app.loop import WindowLoop
from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.engine.universe import RememberedUniverse
from virtuoso_desktop.files.ohlcv import read_ohlcv
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import Batch, Rows, SeriesKey
from virtuoso_desktop.ui.charts.panel import ChartPanel
from virtuoso_desktop.ui.theme import Theme

MILLION = 1_000_000
BACKFILL_ROWS = 100_000
MINUTE = 60_000
END_MS = 1_750_000_020_000
"""A full minute, at which the stored candles end and the next one forms."""
SIZE = (1272, 700)
FRAME_S = 1 / 30
FRAMES = 90
BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
FILES = ("BTCUSDT_1m_2021", "BTCUSDT_1m_2022", "BTCUSDT_1m_2025", "BTCUSDT_1m_marzo_2025")


def candles(count: int) -> tuple[Rows, str]:
    """``count`` candles of 1m up to the forming one, and where they are from."""
    data = data_folder()
    if data is None:
        rows, source = walk(count, timeframe=Timeframe.M1), "random walk: no real data here"
        rows[1:5] *= 0.1
    else:
        files = [read_ohlcv(data / "d_ohlcv_binance_spot" / f"{name}.csv.gz") for name in FILES]
        parts = [
            np.array((f.open_ms, f.open, f.high, f.low, f.close, f.volume, f.volume * f.close), dtype=float)
            for f in files
        ]
        real = np.concatenate(parts, axis=1)
        rows = np.tile(real, -(-count // real.shape[1]))[:, :count]
        source = f"{real.shape[1]:,} recorded candles end to end, repeated"
    rows[0] = END_MS - MINUTE * np.arange(count, 0, -1, dtype=float)
    return rows, source


def run(quick: bool) -> Outcome:
    """Measure; ``quick`` with a tenth of the rows."""
    share = 10 if quick else 1
    outcome = Outcome("history_window")
    app = application()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, source = candles(MILLION // share)
        file = HistoryFile(folder / HISTORY_FILE)
        file.store([Batch(SeriesKey.candles(BTC, Timeframe.M1), rows, ((int(rows[0, 0]), END_MS),))])
        file.close()
        loop = WindowLoop(app, lambda: None)
        try:
            loop.run(_measure(outcome, app, folder, rows, source, BACKFILL_ROWS // share))
        finally:
            loop.close()
    return outcome


class _Rig:
    """An engine with the history of a folder behind a chart, and a market that ticks."""

    def __init__(self, app: QApplication, folder: Path) -> None:
        self.app = app
        self.adapter = FakeAdapter(ManualClock(END_MS + 1), ["BTCUSDT"])
        settings = load_settings(
            default_file=resource("config/default.yaml"), profile=folder, config_file=None, overrides=[], environ={}
        ).settings
        self.history = HistoryStore(folder / HISTORY_FILE)
        self.store = MarketStore()
        self.engine = Engine(
            Source.LIVE, settings, self.adapter.clock, store=self.store, notices=NoticeBoard(self.adapter.clock),
            venue=VenueParts(self.adapter, VenueClock(self.adapter.clock), self.history),
        )  # fmt: skip
        self.panel = ChartPanel(Theme())
        self.panel.resize(*SIZE)
        self.panel.show()
        self.own_ms: list[float] = []
        """Processor's time of every frame of the newest `frames`: what other programs take is not in it."""

    def start(self) -> None:
        self.engine.start(RememberedUniverse(END_MS, tuple(self.adapter.listed)))
        self.engine.show(BTC, Timeframe.M1)
        self.engine.prepare_studies()
        self.panel.attach(self.engine)
        self.panel.set_instrument(BTC, Timeframe.M1)

    @property
    def count(self) -> int:
        return self.panel._stage.model.count

    def key(self, key: Qt.Key) -> None:
        QApplication.sendEvent(self.panel.canvas, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier))

    def zoom_out(self) -> None:
        """As far as the candles that are held allow."""
        before = -1.0
        while self.panel.snapshot_state()[0] != before:
            before = self.panel.snapshot_state()[0]
            self.key(Qt.Key.Key_Minus)

    def tick(self, number: int) -> None:
        price = 60_000.0 + number % 7
        self.store.apply(
            Candle(BTC, Timeframe.M1, END_MS, price, price, price, price, 1.0, price, False, END_MS + number, 0)
        )

    async def frames(self, count: int, action: Callable[[int], object]) -> list[float]:
        """So many frames at 30 Hz with one action each; how many ms each was late and took."""
        due_s = time.perf_counter()
        taken: list[float] = []
        self.own_ms = []
        for number in range(count):
            due_s = max(due_s + FRAME_S, time.perf_counter() - FRAME_S)
            await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            begin_own = time.thread_time()
            action(number)
            self.tick(number)
            self.panel.refresh(time.perf_counter_ns())
            self.panel.canvas.viewport().repaint()
            taken.append((time.perf_counter() - due_s) * 1000)
            self.own_ms.append((time.thread_time() - begin_own) * 1000)
        return taken


async def _measure(outcome: Outcome, app: QApplication, folder: Path, rows: Rows, source: str, stored: int) -> None:
    rig = _Rig(app, folder)
    rig.start()
    while not (rig.engine.studies.state == "ready" and rig.count and rig.panel._stage.model.lines):
        await rig.frames(1, lambda _: None)
    await _load(outcome, rig, rows, source)
    for name, zoom in (("zoomed out", lambda: None), ("300 candles", rig.panel._stage.model.time.reset_zoom)):
        zoom()
        pans = await rig.frames(FRAMES, lambda n: rig.key(Qt.Key.Key_Left if n % 20 < 10 else Qt.Key.Key_Right))
        own = rig.own_ms
        zooms = await rig.frames(FRAMES, lambda n: rig.key(Qt.Key.Key_Plus if n % 8 < 4 else Qt.Key.Key_Minus))
        outcome.facts[f"own_p99_ms, {name}"] = [float(np.quantile(times, 0.99)) for times in (own, rig.own_ms)]
        for what, taken in (("pan", pans), ("zoom", zooms)):
            figure = float(np.quantile(taken, 0.99))
            outcome.lines.append(Line(f"frame p99, {what} over {rig.count:,}, {name}", figure, "ms", 60.0, 16.0))
    await _back_fill(outcome, rig, stored)
    await rig.engine.stop()
    rig.panel.close()


async def _load(outcome: Outcome, rig: _Rig, rows: Rows, source: str) -> None:
    """Zoom out and out: the disk gives more until all is on the screen, with its lines."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    taken: list[float] = []
    own: list[float] = []
    begin_loop = time.thread_time()
    shown_s = None
    while shown_s is None or np.isnan(rig.panel._stage.model.lines.get("ema_12", (np.nan,) * 6)[5]):
        taken += await rig.frames(1, lambda _: rig.zoom_out())
        own += rig.own_ms
        if shown_s is None and rig.count > rows.shape[1]:
            rig.zoom_out()
            rig.panel.canvas.viewport().repaint()
            shown_s, cpu_s = time.perf_counter() - begin, time.process_time() - begin_cpu
            outcome.lines.append(Line("of it the processor's time", cpu_s, "s", 1.0, 0.5))
    lines_s = time.perf_counter() - begin
    outcome.facts["load_loop_cpu_s"] = time.thread_time() - begin_loop
    model = rig.panel._stage.model
    assert model.time.view_bars >= rows.shape[1], "all of it is in view"
    low = min(float(rows[3].min()), 60_000.0)
    assert abs(float(model.bars.low.min()) * 0.1 - low) < 0.2, "the lowest price of the file is on the screen"
    what = f"{rows.shape[1]:,} candles from history on the screen"
    outcome.lines.insert(0, Line(what, shown_s, "s", 1.5, 1.0, note=source))
    outcome.lines.append(Line("the same with EMA and VWAP over all of them", lines_s, "s"))
    outcome.lines.append(Line("frame p99 while they come in", float(np.quantile(taken, 0.99)), "ms", 60.0, 33.0))
    outcome.facts["load_frames_ms"] = taken
    outcome.facts["load_own_ms"] = own


async def _back_fill(outcome: Outcome, rig: _Rig, stored: int) -> None:
    rig.panel.show_newest()
    keys = [SeriesKey.candles(InstrumentId.parse(f"bybit:linear:S{n}USDT"), Timeframe.M5) for n in range(35)]
    pages = [noisy(page * PAGE, (page + 1) * PAGE)._replace(key=keys[page % 35]) for page in range(stored // PAGE)]
    calm = await rig.frames(FRAMES, lambda _: None)

    async def store() -> None:
        for page in pages:
            rig.history.add(page)
            await rig.history.room()
        await rig.history.read(keys[0], 0, 1)

    storing = rig.engine.tasks.spawn("benchmark.store", store)
    busy: list[float] = []
    while not storing.done() or len(busy) < FRAMES:
        busy += await rig.frames(1, lambda _: None)
    for what, taken, most in (("without", calm, None), (f"while {stored:,} rows are stored", busy, 60.0)):
        outcome.lines.append(Line(f"frame p99 {what}", float(np.quantile(taken, 0.99)), "ms", most, 33.0))
    outcome.facts["frames_stored_ms"] = busy
