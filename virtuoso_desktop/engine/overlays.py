"""Indicator lines of the shown series, kept beside its candles.

The kernels are imported and compiled in a worker (numba: 0.5 s to import, 4 s on a machine's first
run); until then every view says ``preparing``. Afterwards the rows before the last one are computed when they
change, and the last one is a preview on a scratch state.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from virtuoso_desktop.engine.views import CandleView, OverlayView
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.indicators import Kernel
    from virtuoso_desktop.model.instrument import Instrument

    Floats = NDArray[np.float64]

PREPARING = "preparing"
READY = "ready"
FAILED = "failed"
"""The kernels could not be imported or compiled; the supervisor has logged why."""

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


class _Series:
    """Lines of one series; ``values`` has one row a candle, the last one a preview."""

    def __init__(self, lines: tuple[_Line, ...]) -> None:
        self.lines = lines
        self.values: Floats = np.empty((len(lines), 0))
        self.count = 0
        self.base_version = -1
        self.version = -1
        self._first_open_ms = 0.0
        self._last_open_ms = 0.0

    def update(self, candles: CandleView) -> None:
        """Bring every line up to the candles as they are now."""
        if not len(candles):
            self.count = 0
        elif self.count and self._is_one_append(candles):
            self._append(candles)
        elif not self.count or candles.base_version != self.base_version:
            self._rebuild(candles)
        if self.count:
            self._preview(candles)
            self._first_open_ms = candles.open_ms[0]
            self._last_open_ms = candles.open_ms[-1]
        self.base_version = candles.base_version
        self.version = candles.version

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
        if self.count == self.values.shape[1]:
            grown = np.empty((len(self.lines), self.count + max(64, self.count // 8)))
            grown[:, : self.count] = self.values
            self.values = grown
        for index, line in enumerate(self.lines):
            line.kernel.step(line.state, row, line.params, line.out)
            self.values[index, self.count - 1] = line.out[0]
        self.count += 1

    def _rebuild(self, candles: CandleView) -> None:
        self.count = len(candles)
        self.values = np.empty((len(self.lines), self.count))
        closed = np.ascontiguousarray(candles.columns[:, :-1])
        for index, line in enumerate(self.lines):
            line.state[:] = 0.0
            self.values[index, :-1] = line.kernel.batch(closed, line.params, line.state)[:, 0]

    def _preview(self, candles: CandleView) -> None:
        row = _row(candles, self.count - 1)
        for index, line in enumerate(self.lines):
            line.kernel.peek(line.state, row, line.params, line.out)
            self.values[index, self.count - 1] = line.out[0]


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
        if (series.base_version, series.version) != (candles.base_version, candles.version):
            series.update(candles)
        return OverlayView(
            state=READY,
            names=tuple(line.name for line in series.lines),
            lines=tuple(series.values[index, : series.count] for index in range(len(series.lines))),
            base_version=candles.base_version,
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
