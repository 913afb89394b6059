"""Which kernels a study runs and which of their outputs it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from virtuoso_desktop.model.study import BANDS, CVD, Study, StudyKind
from virtuoso_desktop.model.timeframe import DAY_MS, Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.kernels import Kernel
    from virtuoso_desktop.engine.study_kernels import TableState
    from virtuoso_desktop.model.instrument import Instrument

    Floats = NDArray[np.float64]


class StudyKernels(Protocol):
    """What the studies need of `virtuoso_desktop.engine.study_kernels`."""

    EMA: Kernel
    VWAP: Kernel
    OBV: Kernel
    VOLUME_DELTA: Kernel
    RSI: Kernel
    MACD: Kernel
    ADX: Kernel
    SUPERTREND: Kernel
    BOLLINGER: Kernel
    TABLE: Kernel
    COMPILED: tuple[tuple[Kernel, tuple[float, ...]], ...]

    def table_state(self, state: Floats) -> TableState: ...

    def numbers(self, values: Sequence[float]) -> Floats: ...

    def session_params(self, instrument: Instrument) -> Floats: ...

    def structure_params(self, instrument: Instrument, timeframe: Timeframe) -> Floats: ...


class Run(NamedTuple):
    """One kernel with its parameters; ``columns`` says which output becomes which column."""

    kernel: Kernel
    params: Floats
    columns: dict[str, str]

    @property
    def key(self) -> tuple[str, bytes]:
        """Equal for runs that compute the same."""
        return self.kernel.name, self.params.tobytes()


def merged(runs: Iterable[Run]) -> list[Run]:
    """Those that compute the same made one, with the columns of both."""
    found: dict[tuple[str, bytes], Run] = {}
    for run in runs:
        before = found.get(run.key)
        found[run.key] = run if before is None else run._replace(columns=before.columns | run.columns)
    return list(found.values())


SWING_OUTPUTS = ("swing_high", "swing_low", "bos", "choch", "atr")
"""Of the table's; levels are read from its state."""


def run_of(kernels: StudyKernels, study: Study, instrument: Instrument, timeframe: Timeframe) -> Run | None:
    """The kernel of a study; None for one that is not drawn from columns, or not on this timeframe."""
    name = study.name
    if study.kind is StudyKind.VWAP:
        if timeframe.duration_ms >= DAY_MS:  # its session is the day
            return None
        columns = {"vwap": "vwap"} | ({"vwap.sd": "vwap_sd"} if study.has(BANDS) else {})
        return Run(kernels.VWAP, kernels.session_params(instrument), columns)
    if study.kind is StudyKind.VOLUME:
        if not study.has(CVD):
            return None
        columns = {"cvd": "cvd", "cvd.estimated": "delta_is_estimated"}
        return Run(kernels.VOLUME_DELTA, kernels.numbers((float(DAY_MS),)), columns)
    if study.kind in (StudyKind.LEVELS, StudyKind.SWINGS):
        outputs = ("atr",) if study.kind is StudyKind.LEVELS else SWING_OUTPUTS
        columns = {f"table.{output}": output for output in outputs}
        return Run(kernels.TABLE, kernels.structure_params(instrument, timeframe), columns)
    maker = _PLAIN.get(study.kind)
    if maker is None:
        return None
    kernel, outputs = maker(kernels)
    columns = {name + suffix: output for suffix, output in outputs.items()}
    return Run(kernel, kernels.numbers(study.values), columns)


_PLAIN: dict[StudyKind, Callable[[StudyKernels], tuple[Kernel, dict[str, str]]]] = {
    StudyKind.EMA: lambda kernels: (kernels.EMA, {"": "ema"}),
    StudyKind.RSI: lambda kernels: (kernels.RSI, {"": "rsi"}),
    StudyKind.MACD: lambda kernels: (
        kernels.MACD,
        {".line": "macd", ".signal": "macd_signal", ".hist": "macd_hist"},
    ),
    StudyKind.ADX: lambda kernels: (kernels.ADX, {"": "adx", ".plus": "plus_di", ".minus": "minus_di"}),
    StudyKind.OBV: lambda kernels: (kernels.OBV, {"": "obv"}),
    StudyKind.SUPERTREND: lambda kernels: (
        kernels.SUPERTREND,
        {"": "supertrend", ".direction": "supertrend_direction"},
    ),
    StudyKind.BOLLINGER: lambda kernels: (
        kernels.BOLLINGER,
        {".upper": "bb_upper", ".middle": "bb_middle", ".lower": "bb_lower"},
    ),
}
