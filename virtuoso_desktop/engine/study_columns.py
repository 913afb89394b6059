"""Which kernels a study runs and which of their outputs it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.indicators import Kernel
    from virtuoso_desktop.model.instrument import Instrument

    Floats = NDArray[np.float64]


class StudyKernels(Protocol):
    """What the studies need of `virtuoso_desktop.analysis.indicators`."""

    EMA: Kernel
    VWAP: Kernel

    def ema_params(self, length: int) -> Floats: ...

    def vwap_params(self, instrument: Instrument) -> Floats: ...

    def compile_kernels(self) -> object: ...


class Run(NamedTuple):
    """One kernel with its parameters and the names of the columns that its outputs become, empty for none."""

    kernel: Kernel
    params: Floats
    columns: tuple[str, ...]


def runs_of(kernels: StudyKernels, study: Study, instrument: Instrument, timeframe: Timeframe) -> tuple[Run, ...]:
    """The kernels of a study; none for one that is not drawn from columns, or not on this timeframe."""
    maker = _MAKERS.get(study.kind)
    return () if maker is None else maker(kernels, study, instrument, timeframe)


def _ema(kernels: StudyKernels, study: Study, _instrument: Instrument, _timeframe: Timeframe) -> tuple[Run, ...]:
    return (Run(kernels.EMA, kernels.ema_params(int(study.values[0])), (study.name,)),)


def _vwap(kernels: StudyKernels, _study: Study, instrument: Instrument, timeframe: Timeframe) -> tuple[Run, ...]:
    """From one day upwards there is none: its session is the day."""
    if timeframe.duration_ms >= DAY_MS:
        return ()
    return (Run(kernels.VWAP, kernels.vwap_params(instrument), ("vwap", "vwap.sd", "")),)


_MAKERS: dict[StudyKind, Callable[[StudyKernels, Study, Instrument, Timeframe], tuple[Run, ...]]] = {
    StudyKind.EMA: _ema,
    StudyKind.VWAP: _vwap,
}
