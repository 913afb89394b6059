"""Indicator lines of the shown series, kept beside its candles.

The kernels are imported and compiled in a worker (numba: 0.5 s to import, 4 s on a machine's first
run); until then every view says ``preparing``. Afterwards the rows before the last one are computed when they
change, and the last one is a preview on a scratch state.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from virtuoso_desktop.engine.views import CandleView, OverlayView
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.market.candles import MOST_ROWS
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.indicators import Kernel
    from virtuoso_desktop.model.instrument import Instrument

    Floats = NDArray[np.float64]

PREPARING = "preparing"
READY = "ready"
FAILED = "failed"
"""The kernels could not be imported or compiled; the supervisor has logged why."""

ROOM_FACTOR = 3
ROOM_BEHIND = 64
AT_ONCE_ROWS = 20_000
"""Rows that are computed where they are asked for: 1.5 ms. A worker takes as many at a time."""
EMA_FAST = 12
EMA_SLOW = 26


class OverlayKernels(Protocol):
    """What the overlays need of `virtuoso_desktop.analysis.indicators`."""

    EMA: Kernel
    VWAP: Kernel

    def ema_params(self, length: int) -> Floats: ...

    def vwap_params(self, instrument: Instrument) -> Floats: ...

    def compile_kernels(self) -> object: ...


class _Line(NamedTuple):
    """One drawn column: the first output of a kernel."""

    name: str
    kernel: Kernel
    params: Floats
    state: Floats
    """After the row before the last one."""
    out: Floats
    """Cells of one step."""


class _Computed(NamedTuple):
    """What a worker made of the rows of one version."""

    base_version: int
    memory: Floats
    """Values at the right end, before them room for older rows."""
    states: list[Floats]


class _Series:
    """Lines of one series; ``values`` has one row a candle, the last one a preview.

    They lie in the memory [begin, end), so that older rows need no copy of them.
    """

    def __init__(self, lines: tuple[_Line, ...]) -> None:
        self.lines = lines
        self.base_version = -1
        self.version = -1
        self._memory: Floats = np.empty((len(lines), 0))
        self._begin = self._end = 0
        self._first_open_ms = 0.0
        self._last_open_ms = 0.0
        self._work: Future[_Computed] | None = None
        self.is_stale = False
        """The values wait for a worker."""

    @property
    def values(self) -> Floats:
        return self._memory[:, self._begin : self._end]

    @property
    def count(self) -> int:
        return self._end - self._begin

    def is_current(self, candles: CandleView) -> bool:
        """Nothing is to be done for these candles now."""
        is_waiting = self.is_stale and (self._work is None or self._work.done())
        return (self.base_version, self.version) == (candles.base_version, candles.version) and not is_waiting

    def update(self, candles: CandleView, workers: ThreadPoolExecutor) -> None:
        """Bring every line up to the candles as they are now, or as near as they are computed."""
        if not len(candles):
            self._begin = self._end
        elif candles.base_version != self.base_version or not self.count:
            self._follow(candles)
        if self.is_stale and len(candles):
            self._take_work(candles, workers)
        if self.count:
            if not self.is_stale:
                self._preview(candles)
            self._first_open_ms = candles.open_ms[0]
            self._last_open_ms = candles.open_ms[-1]
        self.base_version = candles.base_version
        self.version = candles.version

    def _follow(self, candles: CandleView) -> None:
        """Other rows than the last one changed."""
        if len(candles) <= AT_ONCE_ROWS:
            self._adopt(_compute(self.lines, candles.columns, candles.base_version), len(candles))
        elif self.count and not self.is_stale and self._is_one_append(candles):
            self._append(candles)
        else:
            self._align(candles)
            self.is_stale = True

    def _align(self, candles: CandleView) -> None:
        """Keep the values of rows that are still there, without one for the others; all go if those moved."""
        added = len(candles) - self.count
        is_append = self.count and self._is_one_append(candles)
        is_same = self.count and added >= 0 and candles.open_ms[added] == self._first_open_ms
        if is_append and self._end < self._memory.shape[1]:
            self._memory[:, self._end] = np.nan
            self._end += 1
        elif is_same and candles.open_ms[-1] == self._last_open_ms and added <= self._begin:
            self._begin -= added
        else:
            self._begin = self._end

    def _take_work(self, candles: CandleView, workers: ThreadPoolExecutor) -> None:
        """Take what the worker made if it is of these rows; let it begin anew if it is not."""
        work = self._work
        if work is not None and not work.done():
            return
        if work is not None and work.result().base_version == candles.base_version:
            self._adopt(work.result(), len(candles))
            return
        self._work = workers.submit(_compute, self.lines, candles.columns, candles.base_version)

    def _adopt(self, made: _Computed, count: int) -> None:
        self._memory, self._work, self.is_stale = made.memory, None, False
        self._begin = _room_before(count)
        self._end = self._begin + count
        for line, state in zip(self.lines, made.states, strict=True):
            line.state[:] = state

    def _is_one_append(self, candles: CandleView) -> bool:
        """Whether a new last row is all that changed but for the values of the former last row."""
        return (
            candles.base_version == self.base_version + 1
            and len(candles) == self.count + 1
            and candles.open_ms[0] == self._first_open_ms
            and candles.open_ms[-2] == self._last_open_ms
        )

    def _append(self, candles: CandleView) -> None:
        row = _row(candles, self.count - 1)
        if self._end == self._memory.shape[1]:
            grown = np.empty((len(self.lines), self._end + ROOM_BEHIND))
            grown[:, : self._end] = self._memory
            self._memory = grown
        for index, line in enumerate(self.lines):
            line.kernel.step(line.state, row, line.params, line.out)
            self._memory[index, self._end - 1] = line.out[0]
        self._end += 1

    def _preview(self, candles: CandleView) -> None:
        row = _row(candles, self.count - 1)
        for index, line in enumerate(self.lines):
            line.kernel.peek(line.state, row, line.params, line.out)
            self._memory[index, self._end - 1] = line.out[0]


def _room_before(count: int) -> int:
    """Cells before the values of so many rows, for older ones; a few rows are computed anew instead."""
    return min(ROOM_FACTOR * count, max(0, MOST_ROWS - count)) if count > AT_ONCE_ROWS // ROOM_FACTOR else 0


def _compute(lines: Sequence[_Line], columns: Floats, base_version: int) -> _Computed:
    """Every line over all rows but the last, which is left to a preview; touches nothing that another thread has."""
    count = columns.shape[1]
    begin = _room_before(count)
    memory = np.full((len(lines), begin + count + ROOM_BEHIND), np.nan)
    states = [line.kernel.new_state() for line in lines]
    for first in range(0, count - 1, AT_ONCE_ROWS):
        end = min(first + AT_ONCE_ROWS, count - 1)
        rows = np.ascontiguousarray(columns[:, first:end])
        for index, line in enumerate(lines):
            memory[index, begin + first : begin + end] = line.kernel.batch(rows, line.params, states[index])[:, 0]
    return _Computed(base_version, memory, states)


class Overlays:
    """EMA 12, EMA 26 and session VWAP of the shown series.

    Parameters
    ----------
    load_kernels : callable
        Imports the kernels; called in a worker thread.
    """

    def __init__(self, load_kernels: Callable[[], OverlayKernels] | None = None) -> None:
        self._load_kernels = load_kernels or import_kernels
        self._kernels: OverlayKernels | None = None
        self.state = PREPARING
        self._shown: tuple[Instrument, Timeframe] | None = None
        self._series = _Series(())
        self._workers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="overlays")

    async def prepare(self) -> None:
        """Import and compile the kernels in a worker; to be run once as a task."""
        try:
            self._kernels = await asyncio.to_thread(self._load)
            self.state = READY
        finally:
            if self.state != READY:
                self.state = FAILED

    def _load(self) -> OverlayKernels:
        kernels = self._load_kernels()
        kernels.compile_kernels()
        return kernels

    def view(self, instrument: Instrument, timeframe: Timeframe, candles: CandleView) -> OverlayView:
        """Lines aligned with ``candles``, in ticks, NaN where a line has no value.

        The lines are views into memory that the next call changes. From one day upwards there is no
        VWAP: its session is the day. Lines run on over missing candles.
        """
        if self._kernels is None:
            return OverlayView(self.state, (), (), candles.base_version, candles.version)
        self._show(self._kernels, instrument, timeframe)
        series = self._series
        if not series.is_current(candles):
            series.update(candles, self._workers)
        has_values = series.count == len(candles)
        return OverlayView(
            state=READY,
            names=tuple(line.name for line in series.lines) if has_values else (),
            lines=tuple(series.values) if has_values else (),
            base_version=-1 if series.is_stale else candles.base_version,
            version=candles.version,
        )

    def _show(self, kernels: OverlayKernels, instrument: Instrument, timeframe: Timeframe) -> None:
        if self._shown == (instrument, timeframe):
            return
        self._shown = (instrument, timeframe)
        chosen = [
            (f"ema_{EMA_FAST}", kernels.EMA, kernels.ema_params(EMA_FAST)),
            (f"ema_{EMA_SLOW}", kernels.EMA, kernels.ema_params(EMA_SLOW)),
        ]
        if timeframe.duration_ms < DAY_MS:
            chosen.append(("vwap", kernels.VWAP, kernels.vwap_params(instrument)))
        self._series = _Series(
            tuple(
                _Line(name, kernel, params, kernel.new_state(), np.empty(len(kernel.outputs)))
                for name, kernel, params in chosen
            )
        )


def import_kernels() -> OverlayKernels:
    """The kernels' module, imported past PySide's import hook; for a worker."""
    with plain_imports():
        from virtuoso_desktop.analysis import indicators
    return indicators


def _row(candles: CandleView, index: int) -> Floats:
    return candles.columns[:, index].copy()
