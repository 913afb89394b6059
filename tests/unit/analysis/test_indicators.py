"""Kernels against TA-Lib, against plain Python, and against themselves."""

from __future__ import annotations

import gzip
import math
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.analysis import indicators as ind
from virtuoso_desktop.analysis import kernels
from virtuoso_desktop.model.instrument import Instrument, InstrumentId
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

ROOT = Path(__file__).parents[3]
TICK = 0.1
FILES = ("BTCUSDT_5m", "BTCUSDT_1m", "DOGEUSDT_15m")
TICKS = {"BTCUSDT": 0.1, "DOGEUSDT": 0.00001}
KERNELS = [
    *[pytest.param(kernel, np.array(params), id=name) for name, (kernel, params) in ind.KERNELS.items()],
    pytest.param(ind.VWAP, np.array([TICK, 1.0, DAY_MS]), id="vwap-inverse"),
]


def real_candles(folder: Path, name: str) -> ind.Floats:
    """Columns (7, n) of a Bybit file in ticks; turnover is volume times typical price, as the importer has it."""
    with gzip.open(folder / "d_ohlcv_bybit_linear" / f"{name}.csv.gz", "rt") as lines:
        next(lines)
        rows = [line.rstrip("\n").split(",") for line in lines]
    opens = np.array([row[0].replace("+00:00", "") for row in rows], dtype="datetime64[ms]").astype(np.int64)
    values = np.array([[float(cell) for cell in row[1:6]] for row in rows]).T
    tick = TICKS[name.partition("_")[0]]
    prices = np.rint(values[:4] / tick)
    turnover = values[4] * prices[1:].mean(axis=0) * tick
    return np.vstack((opens.astype(float), prices, values[4], turnover))


def candle(open_ms: float, low: float, high: float, volume: float, turnover: float) -> ind.Floats:
    return np.array([open_ms, low, high, low, high, volume, turnover])


@pytest.mark.parametrize("length", [1, 2, 12, 26])
@pytest.mark.parametrize("name", FILES)
def test_ema_equals_talib_on_real_candles(real_data: Path, name: str, length: int) -> None:
    candles = real_candles(real_data, name)
    ours = ind.EMA.batch(candles, ind.ema_params(length), ind.EMA.new_state())[:, 0]
    theirs = talib.EMA(candles[ind.CLOSE], length) if length > 1 else candles[ind.CLOSE]
    assert np.isnan(ours[: length - 1]).all()
    assert not np.isnan(ours[length - 1 :]).any()
    # TA-Lib's compiler may fuse a multiplication with an addition: one unit in the last place.
    np.testing.assert_allclose(ours, theirs, rtol=4e-16)


def test_ema_of_fewer_candles_than_its_length_has_no_value() -> None:
    candles = np.ones((7, 11))
    assert np.isnan(ind.EMA.batch(candles, ind.ema_params(12), ind.EMA.new_state())).all()


@pytest.mark.parametrize("name", FILES)
def test_vwap_equals_a_plain_weighted_mean_of_each_day(real_data: Path, name: str) -> None:
    candles = real_candles(real_data, name)[:, :6000]
    tick = TICKS[name.partition("_")[0]]
    out = ind.VWAP.batch(candles, np.array([tick, 0.0, DAY_MS]), ind.VWAP.new_state())
    volume, turnover, day = candles[ind.VOLUME], candles[ind.TURNOVER] / tick, candles[0] // DAY_MS
    assert len(np.unique(day)) > 2
    for session in np.unique(day):
        rows = np.flatnonzero(day == session)
        weights, prices = volume[rows], turnover[rows] / volume[rows]
        mean = np.cumsum(turnover[rows]) / np.cumsum(weights)
        np.testing.assert_allclose(out[rows, 0], mean, rtol=1e-12)
        variance = np.average((prices - mean[-1]) ** 2, weights=weights)
        assert out[rows[-1], 1] == pytest.approx(math.sqrt(variance), rel=1e-6)
    assert not out[:, 2].any()


def test_vwap_of_one_session_equals_talib_with_the_typical_price(real_data: Path) -> None:
    candles = real_candles(real_data, "BTCUSDT_5m")
    rows = np.flatnonzero(candles[0] // DAY_MS == candles[0][400] // DAY_MS)
    session = np.ascontiguousarray(candles[:, rows])
    session[ind.TURNOVER] = 0.0  # no candle price: the typical price is taken
    out = ind.VWAP.batch(session, np.array([TICK, 0.0, DAY_MS]), ind.VWAP.new_state())
    typical = session[[ind.HIGH, ind.LOW, ind.CLOSE]].mean(axis=0)
    expected = np.cumsum(typical * session[ind.VOLUME]) / np.cumsum(session[ind.VOLUME])
    np.testing.assert_allclose(out[:, 0], expected, rtol=1e-12)
    theirs = talib.VWAP(*session[[ind.HIGH, ind.LOW, ind.CLOSE, ind.VOLUME]])
    np.testing.assert_allclose(out[:, 0], theirs, rtol=1e-9)
    assert out[:, 2].all()


def test_vwap_starts_anew_at_midnight_utc() -> None:
    last_of_day = candle(DAY_MS - MINUTE_MS, 100, 110, 5.0, 5.0 * 105 * TICK)
    first_of_day = candle(DAY_MS, 200, 210, 1.0, 1.0 * 207 * TICK)
    out = ind.VWAP.batch(np.array([last_of_day, first_of_day]).T.copy(), np.array([TICK, 0, DAY_MS]), np.zeros(5))
    assert out[0, 0] == pytest.approx(105)
    assert out[1, 0] == pytest.approx(207)
    assert out[1, 1] == pytest.approx(0)


def test_vwap_without_volume_has_no_value_and_keeps_the_old_one_later() -> None:
    rows = [candle(0, 100, 110, 0.0, 0.0), candle(1, 100, 110, 2.0, 2 * 104 * TICK), candle(2, 100, 110, 0.0, 0.0)]
    out = ind.VWAP.batch(np.array(rows).T.copy(), np.array([TICK, 0, DAY_MS]), np.zeros(5))
    assert np.isnan(out[0]).all()
    assert out[1, 0] == pytest.approx(104)
    assert out[2, 0] == out[1, 0]


@pytest.mark.parametrize(
    ("price_ticks", "expected", "estimated"), [(99.0, 99.0, 0), (98.9, 320 / 3, 1), (111.1, 320 / 3, 1)]
)
def test_vwap_takes_a_candle_price_only_within_a_tick_of_its_range(
    price_ticks: float, expected: float, estimated: float
) -> None:
    row = candle(0, 100, 110, 3.0, 3.0 * price_ticks * TICK)
    out = ind.VWAP.batch(row[:, None].copy(), np.array([TICK, 0, DAY_MS]), np.zeros(5))
    assert out[0, 0] == pytest.approx(expected)
    assert out[0, 2] == estimated


def test_vwap_of_an_inverse_contract_divides_volume_by_turnover() -> None:
    # 10,500 USD against 1,000 coins at 10.5 USD, then 500 coins at 10.8.
    rows = [candle(0, 100, 110, 10_500.0, 1_000.0), candle(1, 100, 110, 5_400.0, 500.0)]
    out = ind.VWAP.batch(np.array(rows).T.copy(), np.array([TICK, 1, DAY_MS]), np.zeros(5))
    assert out[0, 0] == pytest.approx(105)
    assert out[1, 0] == pytest.approx((1000 * 105 + 500 * 108) / 1500)


def test_vwap_params_follow_the_instrument() -> None:
    def instrument(text: str) -> Instrument:
        return Instrument(
            id=InstrumentId.parse(text), base_coin="BTC", quote_coin="USD", settle_coin="BTC", status="Trading",
            contract_type="", tick_size=Decimal("0.50"), lot_step=Decimal(1),
        )  # fmt: skip

    assert ind.vwap_params(instrument("bybit:inverse:BTCUSD")).tolist() == [0.5, 1.0, DAY_MS]
    assert ind.vwap_params(instrument("bybit:linear:BTCUSDT")).tolist() == [0.5, 0.0, DAY_MS]


@st.composite
def series(draw: st.DrawFn) -> ind.Floats:
    """Candles as the gate lets them through: any shape, days of any length, some without volume."""
    count = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step_ms = draw(st.sampled_from([MINUTE_MS, 60 * MINUTE_MS, 5 * 60 * MINUTE_MS]))
    opens = np.arange(count) * float(step_ms) + draw(st.integers(0, 40)) * 3_600_000.0
    body = np.sort(rng.integers(1, 10 ** draw(st.integers(1, 9)), (4, count)).astype(float), axis=0)
    volume = rng.exponential(10 ** draw(st.floats(-3, 6)), count) * (rng.random(count) > draw(st.floats(0, 1)))
    turnover = volume * body[1] * TICK * rng.uniform(0.9, 1.1, count)
    delta = np.where(rng.random(count) < 0.5, volume * rng.uniform(-1, 1, count), np.nan)
    return np.vstack((opens, body[1], body[3], body[0], body[2], volume, turnover, delta, np.zeros(count)))


@settings(max_examples=25)
@given(candles=series())
@pytest.mark.parametrize(("kernel", "params"), KERNELS)
def test_batch_step_and_peek_agree_bitwise_and_never_look_ahead(
    kernel: ind.Kernel, params: ind.Floats, candles: ind.Floats
) -> None:
    candles = np.ascontiguousarray(candles[: kernel.candle_width])
    batch_state = kernel.new_state()
    batch = kernel.batch(candles, params, batch_state)
    state, out, peeked = kernel.new_state(), np.empty(len(kernel.outputs)), np.empty(len(kernel.outputs))
    for index in range(candles.shape[1]):
        row = candles[:, index].copy()
        before = state.copy()
        kernel.peek(state, row, params, peeked)
        assert state.tobytes() == before.tobytes()
        kernel.peek(state, candles[:, 0] * 3, params, out)  # any other candle leaves no trace
        kernel.step(state, row, params, out)
        assert out.tobytes() == peeked.tobytes() == batch[index].tobytes()
    assert state.tobytes() == batch_state.tobytes()
    assert np.isfinite(state).all()
    cut = candles.shape[1] // 2
    head = kernel.batch(np.ascontiguousarray(candles[:, :cut]), params, kernel.new_state())
    assert head.tobytes() == batch[:cut].tobytes()


@pytest.mark.parametrize(("kernel", "params"), KERNELS)
def test_peek_many_is_peek_of_the_named_rows_only(kernel: ind.Kernel, params: ind.Floats) -> None:
    rng = np.random.default_rng(5)
    rows, outputs = 6, len(kernel.outputs)
    candles = np.sort(rng.uniform(100, 200, (rows, kernel.candle_width)), axis=1)
    states = np.zeros((rows, kernel.width))
    cell = np.empty(outputs)
    for row in range(rows):
        for _ in range(row + 10):
            kernel.step(states[row], candles[row], params, cell)
    out = np.full((rows, outputs), -1.0)
    before = states.copy()
    kernel.peek_many(states, candles, np.tile(params, (rows, 1)), out, np.array([1, 4]))
    assert states.tobytes() == before.tobytes()
    for row in range(rows):
        kernel.peek(states[row], candles[row], params, cell)
        expected = cell if row in (1, 4) else np.full(outputs, -1.0)
        np.testing.assert_array_equal(out[row], expected)


def test_only_what_the_chart_shows_first_is_compiled_unless_more_is_asked_for() -> None:
    assert [kernel.name for kernel in ind.compile_kernels()] == ["ema", "vwap"]
    assert [kernel.name for kernel in ind.compile_kernels(("rsi", "obv"))] == ["rsi", "obv"]
    assert sorted(ind.KERNELS) == sorted(kernel.name for kernel in ind.compile_kernels(tuple(ind.KERNELS)))


CACHE_HITS = """
import numpy as np
from virtuoso_desktop.analysis import indicators as ind
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE
kernels = [*ind.compile_kernels(tuple(ind.KERNELS)), CANDLE_TABLE]
CANDLE_TABLE.compile(np.array([0.1, 0.0, 86_400_000.0, 60_000.0]))
functions = [f for kernel in kernels for f in (kernel.step, kernel.peek, kernel.batch, kernel.peek_many)]
print(*(sum(sum(counts.values()) for counts in kind) for kind in (
    [f.stats.cache_hits for f in functions], [f.stats.cache_misses for f in functions])))
"""


@pytest.mark.own_process
def test_a_second_process_loads_every_kernel_from_disk() -> None:
    for process in range(2):
        done = subprocess.run([sys.executable, "-c", CACHE_HITS], capture_output=True, text=True, check=True, cwd=ROOT)
        hits, misses = map(int, done.stdout.split())
        assert hits + misses == 4 * (len(ind.KERNELS) + 1)
        if process:
            assert misses == 0


def one_more(value: float) -> float:
    return value + 1.0


def two_more(value: float) -> float:
    return value + 2.0


def stamped(state: ind.Floats, candle: ind.Floats, params: ind.Floats, out: ind.Floats) -> None:
    out[0] = CALLEE(candle[4]) * LENGTH  # noqa: F821


def test_the_cache_follows_what_a_step_calls() -> None:
    """A step whose callee or constant changed is another entry, whatever the age of its own file."""

    def stamp(callee: Callable[[float], float], length: int) -> int:
        names = {**stamped.__globals__, "CALLEE": kernels.piece(callee), "LENGTH": length}
        step = types.FunctionType(stamped.__code__, names, "stamped")
        return kernels.make_kernel("stamped", 1, ("x",), step).step.py_func.__code__.co_firstlineno

    assert stamp(one_more, 3) == stamp(one_more, 3)
    assert len({stamp(one_more, 3), stamp(two_more, 3), stamp(one_more, 4)}) == 3


# --- second witness ------------------------------------------------------------------------------------------------


def tulip_vectors(path: Path) -> Iterator[tuple[str, list[ind.Floats]]]:
    """(name and options, inputs and outputs) of the reference vectors of Tulip Indicators."""
    name, arrays = "", list[ind.Floats]()
    for line in [*path.read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("{"):
            arrays.append(np.array([float(cell) for cell in line.strip("{}; \t").split(",") if cell.strip()]))
        elif line and not line.startswith("#"):
            if arrays:
                yield name, arrays
            name, arrays = line.strip(), []


def in_ticks(high: ind.Floats, low: ind.Floats, close: ind.Floats, volume: ind.Floats) -> ind.Floats:
    prices = np.rint(np.vstack((close, high, low, close)) * 10_000.0)
    times = MINUTE_MS * np.arange(close.size, dtype=float)
    return np.vstack((times, prices, volume, np.zeros(close.size)))


def first_output(kernel: ind.Kernel, candles: ind.Floats, params: ind.Floats = ind.NO_PARAMS) -> ind.Floats:
    return kernel.batch(candles, params, kernel.new_state())[:, 0]


def judged_by_tulip(name: str, arrays: list[ind.Floats]) -> tuple[ind.Floats, ind.Floats] | None:
    """Ours and theirs of a vector; None for a function or an option that we do not have."""
    kind, *options = name.split()
    if kind == "sma":
        close, expected = arrays
        return first_output(
            ind.SMA, in_ticks(close, close, close, close * 0), ind.length_params(int(options[0]))
        ) / 1e4, expected
    if kind == "obv":
        close, volume, expected = arrays
        return first_output(ind.OBV, in_ticks(close, close, close, volume)) - volume[0], expected
    if name == "di 14":
        high, low, close, plus, minus = arrays
        out = ind.ADX.batch(in_ticks(high, low, close, close * 0), ind.NO_PARAMS, ind.ADX.new_state())
        # Theirs has a first value one candle earlier, over 13 moves.
        return out[:, 1:].ravel(), np.column_stack((plus, minus))[1:].ravel()
    return None


def test_tulip_agrees_where_it_computes_the_same(real_data: Path) -> None:
    """Averages, OBV and DI; its other functions begin otherwise or have other lengths. It gives three decimals."""
    kinds = set[str]()
    for file in ("untest.txt", "atoz.txt", "extra.txt"):
        for name, arrays in tulip_vectors(real_data / "f_indicators" / "tulip" / file):
            pair = judged_by_tulip(name, arrays)
            if pair:
                ours, theirs = pair
                np.testing.assert_allclose(ours[-theirs.size :], theirs, atol=6e-4, err_msg=f"{file} {name}")
                kinds.add(name.split()[0])
    assert kinds == {"sma", "obv", "di"}
