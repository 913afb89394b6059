"""The form of an indicator kernel, and the four functions that follow from its ``step``.

A kernel is five functions over float64 arrays, compiled once and cached on disk:

``step(state, candle, params, out)``
    One candle into one state. All four are 1-D: ``state`` a row of a table (a row of zeros is a
    fresh state), ``candle`` (open_ms, open, high, low, close, volume, turnover, ...) with prices in
    ticks, ``out`` one cell per name in `Kernel.outputs`, NaN while warming up. A state never holds NaN.
``peek(state, candle, params, out)``
    ``step`` on a scratch copy of ``state``: the forming candle as a preview.
``batch(candles, params, state)``
    ``step`` over the columns of a series, shape (columns, n); returns (n, outputs) and leaves ``state``
    after the last candle.
``peek_many(states, candles, params, out, which)``
    ``peek`` for the rows ``which`` (int64) of tables: states (rows, width), candles (rows, columns),
    params (rows, k), out (rows, outputs).

All arrays are C-contiguous and writable: for others a kernel would be compiled anew, which takes seconds.
Importing this module imports numba (0.5 s) and the first call of a kernel compiles or loads it: do both
in a worker. There is no ``fastmath``: the order of additions is part of the result.
"""

from __future__ import annotations

import types
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numba import carray, njit  # pyright: ignore[reportPrivateImportUsage]
from numba import types as numba_types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
piece = njit(error_model="numpy", forceinline=True)
"""Decorator of what a step calls: compiled with it, not cached by itself. Divisions are not checked for zero, which
would cost every one of them a branch and each function a second way out."""
Step = Callable[[Floats, Floats, Floats, Floats], None]

OPEN_MS, OPEN, HIGH, LOW, CLOSE, VOLUME, TURNOVER, DELTA, SYNTHETIC = range(9)
"""Columns of a candle row. ``DELTA``: taker buys minus taker sells in base coin, NaN where no trades tell;
``SYNTHETIC``: 1 for a flat candle that fills a short gap. Both stand in rows of `TABLE_CANDLE_WIDTH` cells only."""
CANDLE_WIDTH = 7
TABLE_CANDLE_WIDTH = 9


class Kernel(NamedTuple):
    """The functions of one indicator and the widths of what they read and write."""

    name: str
    width: int
    """Cells of one state row."""
    outputs: tuple[str, ...]
    step: Step
    peek: Step
    batch: Callable[[Floats, Floats, Floats], Floats]
    peek_many: Callable[[Floats, Floats, Floats, Floats, Rows], None]
    candle_width: int = CANDLE_WIDTH

    def new_state(self) -> Floats:
        """One fresh state row."""
        return np.zeros(self.width)

    @property
    def is_cached(self) -> bool:
        """Whether `compile` will find every function on disk, as compiled by this or another process."""
        return all(_is_on_disk(cast("Dispatcher", each)) for each in (self.step, self.peek, self.batch, self.peek_many))

    def compile(self, params: Floats) -> None:
        """Call every function once, so that later calls run at full speed; for a worker."""
        candles = np.ones((self.candle_width, 2))
        candle, out = np.ones(self.candle_width), np.empty(len(self.outputs))
        state = self.new_state()
        self.batch(candles, params, state)
        self.step(state, candle, params, out)
        self.peek(state, candle, params, out)
        self.peek_many(state[None], candle[None], params[None], out[None], np.zeros(1, dtype=np.int64))


@intrinsic
def _pointer(_typing: object, address: Any) -> Any:
    """A number as a pointer."""
    signature = numba_types.voidptr(address)

    def generate(_context: object, builder: Any, _signature: object, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return signature, generate


@piece
def cells_at(address: int, count: int) -> Floats:
    """The float64 cells at an address, as an array that does not own them.

    The functions below give these to a step: arrays that own their memory are counted in and out by it, with atomic
    instructions that cost more than most indicators. What they belong to must live on: arguments do, and scratch
    arrays are read once more at the end.
    """
    return carray(_pointer(address), (count,), np.float64)  # pyright: ignore[reportCallIssue, reportUnknownArgumentType]


@intrinsic
def _room(_typing: object, count: Any) -> Any:
    """Address of that many float64 cells on the stack of the function that calls it; ``count`` is a constant."""
    if not hasattr(count, "literal_value"):
        return None
    signature = numba_types.voidptr(count)

    def generate(_context: object, builder: Any, _signature: object, _arguments: Any) -> Any:
        tools = cast("Any", cgutils)
        block = tools.alloca_once(builder, tools.ir.DoubleType(), size=count.literal_value)
        return builder.bitcast(block, tools.voidptr_t)

    return signature, generate


def _step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Stand-in for the step of a kernel in the three forms below."""


def _peek(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    _step(state.copy(), candle, params, out)


_OUTPUTS = _WIDTH = _CANDLE = 0


def _batch(candles: Floats, params: Floats, state: Floats) -> Floats:
    count = candles.shape[1]
    out = np.empty((count, _OUTPUTS))
    cells = cells_at(state.ctypes.data, _WIDTH)
    # On the stack, where the compiler may keep the cells in registers.
    candle = carray(_room(_CANDLE), (_CANDLE,), np.float64)  # pyright: ignore[reportCallIssue, reportUnknownArgumentType]
    numbers, address = cells_at(params.ctypes.data, params.size), out.ctypes.data
    for index in range(count):
        for column in range(_CANDLE):
            candle[column] = candles[column, index]
        _step(cells, candle, numbers, cells_at(address + 8 * _OUTPUTS * index, _OUTPUTS))
    return out


def _peek_many(states: Floats, candles: Floats, params: Floats, out: Floats, which: Rows) -> None:
    scratch = np.empty(states.shape[1])
    work = cells_at(scratch.ctypes.data, scratch.size)
    candle_at, params_at, out_at = candles.ctypes.data, params.ctypes.data, out.ctypes.data
    for row in which:
        for cell in range(states.shape[1]):
            work[cell] = states[row, cell]
        candle = cells_at(candle_at + candles.strides[0] * row, candles.shape[1])
        numbers = cells_at(params_at + params.strides[0] * row, params.shape[1])
        _step(work, candle, numbers, cells_at(out_at + out.strides[0] * row, _OUTPUTS))
    scratch[0] = 0.0


def _stamp(function: types.FunctionType, seen: dict[str, str] | None = None) -> int:
    """A number that changes with the code of a function and of every compiled one it calls, and their constants."""
    found = {} if seen is None else seen
    code = function.__code__
    name = f"{function.__module__}.{function.__qualname__}"
    if name not in found:
        found[name] = f"{code.co_code.hex()} {code.co_consts} {code.co_names}"
        for used in code.co_names:
            value = function.__globals__.get(used)
            if isinstance(value, Dispatcher):
                found[f"{name} {used}"] = repr(sorted(value.targetoptions.items()))
                _stamp(cast("types.FunctionType", value.py_func), found)  # pyright: ignore[reportUnknownMemberType]
            elif isinstance(value, int | float):
                found[f"{name} {used}"] = repr(value)
    return zlib.crc32(repr(sorted(found.items())).encode()) & 0x7FFFFFFF


def _is_on_disk(function: Dispatcher) -> bool:
    folder = Path(str(function.stats.cache_path))  # pyright: ignore[reportUnknownMemberType]
    code = function.py_func.__code__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return any(folder.glob(f"*{code.co_name}-{code.co_firstlineno}.*.nbc"))  # pyright: ignore[reportUnknownMemberType]


def _compiled(function: Callable[..., Any], name: str, names: dict[str, object], *, is_step: bool = False) -> Any:
    """Compile a copy of ``function`` that is called ``name`` and sees ``names`` as globals, cached on disk.

    numba finds a cache entry by file, name and line. Of what a function calls it sees nothing, so that a cache
    would outlive a change there: hence the stamp in the place of the line.
    """
    seen = {**function.__globals__, **names}
    code = function.__code__.replace(co_name=name, co_qualname=name)
    stamp = _stamp(types.FunctionType(code, seen, name))
    copy = types.FunctionType(code.replace(co_firstlineno=stamp), seen, name)
    copy.__module__ = function.__module__
    copy.__doc__ = function.__doc__
    return cast("Callable[..., Any]", njit(cache=True, error_model="numpy", forceinline=is_step)(copy))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is no step of a series: compiled at its first call, cached on disk as a kernel's are."""
    return _compiled(function, function.__name__, {})


def make_kernel(
    name: str,
    width: int,
    outputs: tuple[str, ...],
    step: Step,
    *,
    candle_width: int = CANDLE_WIDTH,
    previews: tuple[Step, Callable[..., None]] | None = None,
) -> Kernel:
    """Compile lazily, and cache on disk, the functions of a kernel.

    Parameters
    ----------
    name : str
        Prefix of the functions' names; unique.
    width, outputs, candle_width
        See `Kernel`.
    step : callable
        Plain Python; what it calls is ``@njit`` without a cache.
    previews : pair of callables, optional
        Plain ``peek`` and ``peek_many`` of a kernel that need not copy its whole state.
    """
    compiled = _compiled(step, f"{name}_step", {}, is_step=True)
    peek, peek_many = previews or (_peek, _peek_many)
    names: dict[str, object] = {"_step": compiled, "_OUTPUTS": len(outputs), "_WIDTH": width, "_CANDLE": candle_width}
    return Kernel(
        name,
        width,
        outputs,
        compiled,
        _compiled(peek, f"{name}_peek", names),
        _compiled(_batch, f"{name}_batch", names),
        _compiled(peek_many, f"{name}_peek_many", names),
        candle_width,
    )
