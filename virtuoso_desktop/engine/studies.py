"""The studies of the shown series, kept beside its candles.

The kernels are imported and compiled in a worker (numba: 0.5 s to import, 4 s on a machine's first
run); until then every view says ``preparing``. Afterwards the rows before the last one are computed when they
change, and the last one is a preview on a scratch state. A long computation is cut into slices: a call works for
`BUDGET_S`, the next ones go on, and what was drawn before stays until then.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.engine.study_columns import Run, StudyKernels, runs_of
from virtuoso_desktop.engine.views import CandleView, StudiesView
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.model.study import DEFAULT_STUDIES, Study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from virtuoso_desktop.model.instrument import Instrument
    from virtuoso_desktop.model.timeframe import Timeframe

    Floats = NDArray[np.float64]

PREPARING = "preparing"
READY = "ready"
FAILED = "failed"
"""The kernels could not be imported or compiled; the supervisor has logged why."""

BUDGET_S = 0.0025
"""After it a call computes no further slice."""
SLICE_ROWS = 4_096
"""Rows per call of a kernel: about 0.1 to 0.5 ms."""


class _Track:
    """One kernel over one series; ``values`` has one row a column and one cell a candle."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._outputs = [index for index, name in enumerate(run.columns) if name]
        self._state = run.kernel.new_state()
        self._out = np.empty(len(run.kernel.outputs))
        self.values: Floats = np.empty((len(self._outputs), 0))
        self._done = 0
        """Rows before the last one that the state has seen."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self.run.columns if name)

    def restart(self, rows: int, kept: slice | None, shift: int) -> None:
        """Compute from the first row again; ``kept`` cells of before stand ``shift`` further until then."""
        fresh = np.full((len(self._outputs), rows), np.nan)
        if kept is not None:
            fresh[:, kept.start + shift : kept.stop + shift] = self.values[:, kept]
        self.values = fresh
        self._state[:] = 0.0
        self._done = 0

    def make_room(self, rows: int) -> None:
        """One row was appended."""
        have = self.values.shape[1]
        if rows > have:
            grown = np.full((len(self._outputs), rows + max(64, rows // 8)), np.nan)
            grown[:, :have] = self.values
            self.values = grown

    def advance(self, columns: Floats, rows: int, until_s: float) -> bool:
        """Compute closed rows, a slice at a time, until ``until_s``; False when some are left."""
        target = rows - 1
        while self._done < target:
            if target - self._done == 1:
                self._step(columns)
            else:
                end = min(target, self._done + SLICE_ROWS)
                part = np.ascontiguousarray(columns[:, self._done : end])
                found = self.run.kernel.batch(part, self.run.params, self._state)
                self.values[:, self._done : end] = found.T[self._outputs]
                self._done = end
            if self._done < target and perf_counter() >= until_s:
                return False
        return True

    def _step(self, columns: Floats) -> None:
        self.run.kernel.step(self._state, columns[:, self._done].copy(), self.run.params, self._out)
        self.values[:, self._done] = self._out[self._outputs]
        self._done += 1

    def preview(self, row: Floats, rows: int) -> None:
        """The last row, on a scratch copy of the state."""
        if self._done == rows - 1:
            self.run.kernel.peek(self._state, row, self.run.params, self._out)
            self.values[:, rows - 1] = self._out[self._outputs]


class _Series:
    """The chosen studies of one series."""

    def __init__(self) -> None:
        self.tracks: dict[str, tuple[_Track, ...]] = {}
        self.count = 0
        self.serial = 0
        self.base_version = -1
        self.version = -1
        self.is_behind = False
        """Slices are left to compute."""
        self._first_open_ms = 0.0
        self._last_open_ms = 0.0

    def choose(self, wanted: dict[str, tuple[Run, ...]]) -> None:
        """Take over the chosen studies; those that were there keep what they have."""
        self.tracks = {
            name: self.tracks.get(name) or tuple(self._begun(run) for run in runs) for name, runs in wanted.items()
        }
        self.serial += 1
        self.is_behind = True

    def _begun(self, run: Run) -> _Track:
        track = _Track(run)
        track.restart(self.count, None, 0)
        return track

    def _all(self) -> Iterable[_Track]:
        return (track for tracks in self.tracks.values() for track in tracks)

    def update(self, candles: CandleView) -> None:
        """Bring every column up to the candles as they are now, as far as the budget goes."""
        rows = len(candles)
        if candles.base_version != self.base_version:
            if rows and self.count and self._is_one_append(candles):
                for track in self._all():
                    track.make_room(rows)
            else:
                kept, shift = self._standing(candles)
                for track in self._all():
                    track.restart(rows, kept, shift)
            self.serial += 1
        self.count = rows
        self.base_version, self.version = candles.base_version, candles.version
        self.is_behind = False
        if rows:
            self._compute(candles)
            self._first_open_ms, self._last_open_ms = candles.open_ms[0], candles.open_ms[-1]

    def _compute(self, candles: CandleView) -> None:
        until_s = perf_counter() + BUDGET_S
        row = candles.columns[:, -1].copy()
        for track in self._all():
            if perf_counter() >= until_s or not track.advance(candles.columns, self.count, until_s):
                self.is_behind = True
            else:
                track.preview(row, self.count)

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


class Studies:
    """The columns of the studies that the shown chart asks for.

    Parameters
    ----------
    load_kernels : callable
        Imports the kernels; called in a worker thread.
    """

    def __init__(self, load_kernels: Callable[[], StudyKernels] | None = None) -> None:
        self._load_kernels = load_kernels or import_kernels
        self._kernels: StudyKernels | None = None
        self.state = PREPARING
        self._chosen: tuple[Study, ...] = DEFAULT_STUDIES
        self._shown: tuple[Instrument, Timeframe] | None = None
        self._computed: tuple[Study, ...] = ()
        self._series = _Series()

    async def prepare(self) -> None:
        """Import and compile the kernels in a worker; to be run once as a task."""
        try:
            self._kernels = await asyncio.to_thread(self._load)
            self.state = READY
        finally:
            if self.state != READY:
                self.state = FAILED

    def _load(self) -> StudyKernels:
        kernels = self._load_kernels()
        kernels.compile_kernels()
        return kernels

    def choose(self, studies: tuple[Study, ...]) -> None:
        """Compute these from the next view on, and no others."""
        self._chosen = studies

    def view(self, instrument: Instrument, timeframe: Timeframe, candles: CandleView) -> StudiesView:
        """Columns aligned with ``candles``, prices in ticks, NaN where there is no value.

        They are views into memory that the next call changes. Lines run on over missing candles.
        """
        if self._kernels is None:
            return StudiesView(self.state, {}, 0, candles.base_version, candles.version)
        self._show(self._kernels, instrument, timeframe)
        series = self._series
        if (series.base_version, series.version) != (candles.base_version, candles.version):
            series.update(candles)
        elif series.is_behind and len(candles):
            series.go_on(candles)
        return StudiesView(
            state=READY,
            columns={
                name: track.values[index, : series.count]
                for tracks in series.tracks.values()
                for track in tracks
                for index, name in enumerate(track.names)
            },
            serial=series.serial,
            base_version=candles.base_version,
            version=candles.version,
        )

    def _show(self, kernels: StudyKernels, instrument: Instrument, timeframe: Timeframe) -> None:
        is_same = self._shown == (instrument, timeframe)
        if is_same and self._computed is self._chosen:
            return
        if not is_same:
            self._series = _Series()
        self._shown, self._computed = (instrument, timeframe), self._chosen
        self._series.choose(
            {study.name: runs_of(kernels, study, instrument, timeframe) for study in self._chosen if study.is_shown}
        )


def import_kernels() -> StudyKernels:
    """The kernels' module, imported past PySide's import hook; for a worker."""
    with plain_imports():
        from virtuoso_desktop.analysis import indicators
    return indicators
