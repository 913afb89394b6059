"""The studies of the shown series, kept beside its candles.

The kernels are imported and compiled in a worker (numba: 0.5 s to import, 4 s for the first two and half a minute for
all on a machine's first run); until then every view says ``preparing`` and has the columns that can be computed
already. The rows before the last one are computed when they
change, and the last one is a preview on a scratch state. A long computation is cut into slices: a call works for
`BUDGET_S`, the next ones go on, and what was drawn before stays until then.
"""

from __future__ import annotations

import asyncio
import math
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.engine.study_columns import Run, StudyKernels, merged, run_of
from virtuoso_desktop.engine.study_levels import levels_of
from virtuoso_desktop.engine.views import CandleView, LevelView, StudiesView
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.model.study import DEFAULT_STUDIES, Study, StudyKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.kernels import Kernel
    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.timeframe import Timeframe

    Floats = NDArray[np.float64]
    CompileKernel = Callable[[Kernel, Floats], None]

PREPARING = "preparing"
READY = "ready"
FAILED = "failed"
"""The kernels could not be imported or compiled; the supervisor has logged why."""

FIRST_KERNELS = frozenset({"ema", "vwap"})
"""With these there is something to draw."""
BUDGET_S = 0.002
"""After it a call computes no further slice."""
SLICE_S = 0.0007
"""What one call of a kernel is meant to take."""
FIRST_SLICE_ROWS = 256
CANDLE_COLUMNS = 7
_SYNTHETIC = 8
"""Cell of a long candle row; the one before it is the delta from trades, NaN where none is known."""


class _Track:
    """One kernel over one series; ``values`` has one row a column and one cell a candle."""

    def __init__(self, run: Run, rows: int) -> None:
        self.run = run
        self.names = tuple(run.columns)
        self._outputs = [run.kernel.outputs.index(output) for output in run.columns.values()]
        self.state_row = run.kernel.new_state()
        self._out = np.empty(len(run.kernel.outputs))
        self._candle = np.full(run.kernel.candle_width, np.nan)
        self._candle[_SYNTHETIC:] = 0.0
        self._slice_rows = FIRST_SLICE_ROWS
        self.done = 0
        """Rows before the last one that the state has seen."""
        self.values: Floats = self._empty(rows)

    def _empty(self, rows: int) -> Floats:
        """Room for the rows and for some that will be appended."""
        return np.full((len(self.names), rows + max(64, rows // 16)), np.nan)

    def restart(self, rows: int, kept: slice | None, shift: int) -> None:
        """Compute from the first row again; ``kept`` cells of before stand ``shift`` further until then."""
        fresh = self._empty(rows)
        if kept is not None:
            fresh[:, kept.start + shift : kept.stop + shift] = self.values[:, kept]
        self.values = fresh
        self.state_row[:] = 0.0
        self.done = 0

    def make_room(self, rows: int) -> None:
        """One row was appended."""
        have = self.values.shape[1]
        if rows > have:
            grown = self._empty(rows)
            grown[:, :have] = self.values
            self.values = grown

    def advance(self, columns: Floats, rows: int, until_s: float) -> bool:
        """Compute closed rows, a slice at a time, until ``until_s``; False when some are left."""
        target = rows - 1
        while self.done < target:
            if target - self.done == 1:
                self._candle[:CANDLE_COLUMNS] = columns[:, self.done]
                self.run.kernel.step(self.state_row, self._candle, self.run.params, self._out)
                self.values[:, self.done] = self._out[self._outputs]
                self.done += 1
            else:
                self._compute_slice(columns, min(target, self.done + self._slice_rows))
            if self.done < target and perf_counter() >= until_s:
                return False
        return True

    def _compute_slice(self, columns: Floats, end: int) -> None:
        """One slice; the next one is as long as the budget's part of one takes."""
        begun_s = perf_counter()
        count = end - self.done
        part = np.empty((len(self._candle), count))
        part[:] = self._candle[:, None]
        part[:CANDLE_COLUMNS] = columns[:, self.done : end]
        found = self.run.kernel.batch(part, self.run.params, self.state_row)
        self.values[:, self.done : end] = found.T[self._outputs]
        self.done = end
        taken_s = max(perf_counter() - begun_s, 1e-6)
        self._slice_rows = min(max(int(count * SLICE_S / taken_s), FIRST_SLICE_ROWS), 2 * self._slice_rows)

    def preview(self, row: Floats, rows: int) -> None:
        """The last row, on a scratch copy of the state."""
        if self.done == rows - 1:
            self._candle[:CANDLE_COLUMNS] = row
            self.run.kernel.peek(self.state_row, self._candle, self.run.params, self._out)
            self.values[:, rows - 1] = self._out[self._outputs]


class _Series:
    """The chosen studies of one series; studies that compute the same share a track."""

    def __init__(self) -> None:
        self.tracks: dict[tuple[str, bytes], _Track] = {}
        self.count = 0
        self.serial = 0
        self.base_version = -1
        self.version = -1
        self.is_behind = False
        """Slices are left to compute."""
        self._first_open_ms = 0.0
        self._last_open_ms = 0.0

    def choose(self, runs: Iterable[Run]) -> None:
        """Take over the chosen runs; those that were there with the same columns keep what they have."""
        before = self.tracks
        self.tracks = {}
        for run in merged(runs):
            track = before.get(run.key)
            is_there = track is not None and track.run.columns == run.columns
            self.tracks[run.key] = track if track is not None and is_there else _Track(run, self.count)
        self.serial += 1
        self.is_behind = True

    def update(self, candles: CandleView) -> None:
        """Bring every column up to the candles as they are now, as far as the budget goes."""
        rows = len(candles)
        if candles.base_version != self.base_version:
            if rows and self.count and self._is_one_append(candles):
                for track in self.tracks.values():
                    track.make_room(rows)
            else:
                kept, shift = self._standing(candles)
                for track in self.tracks.values():
                    track.restart(rows, kept, shift)
            self.serial += 1
        self.count = rows
        self.base_version, self.version = candles.base_version, candles.version
        was_behind, self.is_behind = self.is_behind, False
        if rows:
            self._compute(candles)
            self._first_open_ms, self._last_open_ms = candles.open_ms[0], candles.open_ms[-1]
        self.serial += was_behind

    def _compute(self, candles: CandleView) -> None:
        until_s = perf_counter() + BUDGET_S
        row = candles.columns[:, -1]
        for track in self.tracks.values():
            if track.done < self.count - 2 and perf_counter() >= until_s:
                self.is_behind = True
            elif track.advance(candles.columns, self.count, until_s):
                track.preview(row, self.count)
            else:
                self.is_behind = True

    def go_on(self, candles: CandleView) -> None:
        """Compute what was left."""
        self.is_behind = False
        self._compute(candles)
        self.serial += 1

    def _is_one_append(self, candles: CandleView) -> bool:
        """Whether a new last row is all that changed but for the values of the former last row."""
        return (
            candles.base_version == self.base_version + 1
            and len(candles) == self.count + 1
            and candles.open_ms[0] == self._first_open_ms
            and candles.open_ms[-2] == self._last_open_ms
        )

    def _standing(self, candles: CandleView) -> tuple[slice | None, int]:
        """Cells that stay on the screen while their rows are computed again, and how far these moved."""
        if not self.count or not len(candles):
            return None, 0
        shift = int(np.searchsorted(candles.open_ms, self._first_open_ms))
        count = min(self.count, len(candles) - shift)
        if count < 1 or candles.open_ms[shift] != self._first_open_ms:
            return None, 0
        return slice(0, count), shift


class _Chart:
    """What one chart asks for, and the series it shows."""

    def __init__(self, chosen: tuple[Study, ...] = ()) -> None:
        self.chosen = chosen
        self.shown: tuple[object, ...] = ()
        self.series = _Series()
        self.levels: tuple[LevelView, ...] = ()
        self.levels_key: tuple[object, ...] = ()


class Studies:
    """The columns of the studies that the shown charts ask for; each chart has its place, a number from 0 on.

    Parameters
    ----------
    load_kernels : callable
        Imports the kernels; called in a worker thread.
    """

    def __init__(self, load_kernels: Callable[[], StudyKernels] | None = None) -> None:
        self._load_kernels = load_kernels or import_kernels
        self._kernels: StudyKernels | None = None
        self._compiled: frozenset[str] = frozenset()
        self.state = PREPARING
        self._charts: dict[int, _Chart] = {0: _Chart(DEFAULT_STUDIES)}

    async def prepare(self, compile_kernel: CompileKernel | None = None) -> None:
        """Import and compile the kernels in a worker; to be run once as a task.

        The first ones are drawn as soon as they are there, each of the others when it is.

        Parameters
        ----------
        compile_kernel : callable, optional
            Makes a kernel ready, called in a worker; `Kernel.compile` unless given.
        """
        try:
            kernels = await asyncio.to_thread(self._load_kernels)
            for kernel, params in kernels.COMPILED:
                if compile_kernel is None:
                    await asyncio.to_thread(kernel.compile, np.array(params))
                else:
                    await asyncio.to_thread(compile_kernel, kernel, np.array(params))
                self._compiled |= {kernel.name}
                if self._compiled.issuperset(FIRST_KERNELS):
                    self._kernels = kernels
            self.state = READY
        finally:
            if self.state != READY:
                self.state = FAILED

    def choose(self, studies: tuple[Study, ...], place: int = 0) -> None:
        """Compute these for the chart of a place from its next view on, and no others; for none nothing is kept."""
        if not studies:
            self._charts[place] = _Chart()
        self._charts.setdefault(place, _Chart()).chosen = studies

    def view(
        self, instrument: Instrument, timeframe: Timeframe, candles: CandleView, place: int | None = 0
    ) -> StudiesView:
        """Columns aligned with ``candles``, prices in ticks, NaN where there is no value.

        They are views into memory that the next call for the place changes. Lines run on over missing candles.
        Without a place there are none: for a reader of candles alone.
        """
        if self._kernels is None or place is None:
            return StudiesView(self.state, {}, 0, candles.base_version, candles.version)
        chart = self._charts.setdefault(place, _Chart())
        self._show(chart, self._kernels, instrument, timeframe)
        series = chart.series
        if (series.base_version, series.version) != (candles.base_version, candles.version):
            series.update(candles)
        elif series.is_behind and len(candles):
            series.go_on(candles)
        columns = {
            name: track.values[index, : series.count]
            for track in series.tracks.values()
            for index, name in enumerate(track.names)
        }
        return StudiesView(
            state=self.state,
            columns=columns,
            serial=series.serial,
            base_version=candles.base_version,
            version=candles.version,
            levels=self._levels_of(chart, columns, candles),
            is_behind=series.is_behind,
        )

    def _show(self, chart: _Chart, kernels: StudyKernels, instrument: Instrument, timeframe: Timeframe) -> None:
        shown = (instrument, timeframe, chart.chosen, self._compiled)
        if shown == chart.shown:
            return
        if shown[:2] != chart.shown[:2]:
            chart.series = _Series()
        chart.shown = shown
        wanted = (run_of(kernels, study, instrument, timeframe) for study in chart.chosen if study.is_shown)
        chart.series.choose(run for run in wanted if run is not None and run.kernel.name in self._compiled)

    def _levels_of(self, chart: _Chart, columns: dict[str, Floats], candles: CandleView) -> tuple[LevelView, ...]:
        """Levels as of the newest closed candle, found anew when one closed."""
        key = (chart.shown, candles.base_version, candles.last_is_forming)
        if key != chart.levels_key and not chart.series.is_behind:
            chart.levels_key = key
            wanted = any(study.kind is StudyKind.LEVELS and study.is_shown for study in chart.chosen)
            track = next((track for track in chart.series.tracks.values() if "table.atr" in track.names), None)
            if wanted and track is not None and self._kernels is not None:
                atr = float(columns["table.atr"][track.done - 1]) if track.done else math.nan
                chart.levels = levels_of(self._kernels.table_state(track.state_row), candles, atr)
            else:
                chart.levels = ()
        return chart.levels


def import_kernels() -> StudyKernels:
    """The kernels' module, imported past PySide's import hook; for a worker."""
    with plain_imports():
        from virtuoso_desktop.engine import study_kernels
    return study_kernels
