"""The indicators: a long batch, 7 x 200 candles from scratch, the forming candles of 35 instruments in one call.

Against a bare numba loop with the same outputs, TA-Lib, talipp, and the pandas method of the original system.
"""

from __future__ import annotations

import math
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import talib
from numba import njit

from tests.benchmarks.measure import ROOT, Child, Local, PeerUnavailable, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.candle_series import random_candles
from virtuoso_desktop.analysis import candle_table as ct
from virtuoso_desktop.analysis import indicators as ind
from virtuoso_desktop.analysis.averages import NOTHING, ema_next, macd_next, sum_of_20, wilder_next
from virtuoso_desktop.analysis.kernels import Floats, Rows, cells_at, make_kernel
from virtuoso_desktop.analysis.momentum import adx_next, rsi_next, true_range
from virtuoso_desktop.analysis.ranges import band_of_20
from virtuoso_desktop.analysis.volume import candle_price, signed, vwap_next
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS

CANDLES = 100_000
ROUNDS = 15
TIMEFRAMES = 7
INSTRUMENTS = 35
SEED_CANDLES = 200
SCRATCH_TIMES = 500
FORMING_TIMES = 20_000
BATCH_LIMIT = 1.15
PARAMS = np.array([0.1, 0.0, float(DAY_MS), float(MINUTE_MS)])
COLD = """
import time
begin, cpu = time.monotonic(), time.process_time()
import numpy as np
from virtuoso_desktop.analysis.candle_table import CANDLE_TABLE
import_s = time.monotonic() - begin
CANDLE_TABLE.compile(np.array([0.1, 0.0, 86_400_000.0, 60_000.0]))
print(import_s, time.monotonic() - begin, time.process_time() - cpu)
"""


# --- one pass with the pieces of the table, and the same by hand ------------------------------------------------------

WIDTH = 14 + 60


def pass_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """EMA 12 and 26, MACD, RSI, ATR, ADX with DI, Bollinger, OBV, volume average: 14 outputs."""
    count = state[0] + 1.0
    state[0] = count
    close, volume = candle[4], candle[5]
    change = close - state[1] if count > 1.0 else 0.0
    reach = true_range(candle[2], candle[3], state[1])
    out[0], out[1], out[2] = macd_next(state, 4, count, close)
    out[3] = state[4] if count >= 26.0 else math.nan
    out[4] = ema_next(state, 7, count, close, 12.0)
    out[5] = rsi_next(state, 8, count, change)
    out[6] = wilder_next(state, 10, count - 1.0, reach, 14.0) if count > 1.0 else math.nan
    out[7], out[8], out[9] = adx_next(state, 14, count, candle[2] - state[2], state[3] - candle[3], reach)
    place = (int(count) - 1) % 20
    mean, deviation = band_of_20(state, 18, place, close)
    total = sum_of_20(state, 38, (place, volume), NOTHING)
    state[38 + place] = volume
    state[11] += signed(volume, change) if count > 1.0 else volume
    out[12] = state[11]
    if count >= 20.0:
        out[10], out[11], out[13] = mean, deviation, total * (1.0 / 20.0)
    else:
        out[10] = out[11] = out[13] = math.nan
    state[1], state[2], state[3] = close, candle[2], candle[3]


PASS = make_kernel("benchmark_pass", WIDTH, tuple("abcdefghijklmn"), pass_step)


@njit(cache=True, error_model="numpy")
def bare(candles: Floats) -> Floats:  # noqa: C901 (written out: what it is compared with)
    """The same outputs in one loop over local variables, without states or pieces."""
    n = candles.shape[1]
    out = np.full((n, 14), np.nan)
    closes, volumes = np.zeros(20), np.zeros(20)
    slow = fast = signal = short = gain = loss = atr = pdm = mdm = tr = adx = obv = 0.0
    ph = pl = pc = 0.0
    for i in range(n):
        h, low, c, v = candles[2, i], candles[3, i], candles[4, i], candles[5, i]
        k = i + 1
        change = c - pc if i else 0.0
        reach = max(h, pc) - min(low, pc)
        if k > 26:
            slow += (c - slow) * (2.0 / 27.0)
        else:
            slow += c
            if k == 26:
                slow /= 26.0
        if k > 26:
            fast += (c - fast) * (2.0 / 13.0)
        elif k > 14:
            fast += c
            if k == 26:
                fast /= 12.0
        if k >= 26:
            out[i, 3] = slow
            line = fast - slow
            if k > 34:
                signal += (line - signal) * 0.2
            else:
                signal += line
                if k == 34:
                    signal /= 9.0
            if k >= 34:
                out[i, 0], out[i, 1], out[i, 2] = line, signal, line - signal
        if k > 12:
            short += (c - short) * (2.0 / 13.0)
        else:
            short += c
            if k == 12:
                short /= 12.0
        if k >= 12:
            out[i, 4] = short
        if i:
            g, b = max(change, 0.0), max(-change, 0.0)
            up, down = h - ph, pl - low
            plus = up if up > 0.0 and up > down else 0.0
            minus = down if down > 0.0 and down > up else 0.0
            if i > 14:
                gain += (g - gain) * (1.0 / 14.0)
                loss += (b - loss) * (1.0 / 14.0)
                atr += (reach - atr) * (1.0 / 14.0)
            else:
                gain += g
                loss += b
                atr += reach
                if i == 14:
                    gain, loss, atr = gain / 14.0, loss / 14.0, atr / 14.0
            if i >= 14:
                both = gain + loss
                out[i, 5] = 100.0 * (gain / both) if both > 0.0 else 50.0
                out[i, 6] = atr
                pdm += plus - pdm * (1.0 / 14.0)
                mdm += minus - mdm * (1.0 / 14.0)
                tr += reach - tr * (1.0 / 14.0)
                p = m = 0.0
                if tr > 0.0:
                    p, m = 100.0 * (pdm / tr), 100.0 * (mdm / tr)
                if p + m > 0.0:
                    dx = 100.0 * (abs(p - m) / (p + m))
                    adx += dx if i <= 27 else (dx - adx) * (1.0 / 14.0)
                if i == 27:
                    adx /= 14.0
                out[i, 8], out[i, 9] = p, m
                if i >= 27:
                    out[i, 7] = adx
            else:
                pdm += plus
                mdm += minus
                tr += reach
        place = i % 20
        closes[place], volumes[place] = c, v
        obv += (v if change > 0.0 else -v if change < 0.0 else 0.0) if i else v
        out[i, 12] = obv
        if k >= 20:
            total = volume = 0.0
            for j in range(20):
                total += closes[j]
                volume += volumes[j]
            mean = total / 20.0
            square = 0.0
            for j in range(20):
                square += (closes[j] - mean) * (closes[j] - mean)
            out[i, 10], out[i, 11], out[i, 13] = mean, math.sqrt(square / 20.0), volume / 20.0
        ph, pl, pc = h, low, c
    return out


def _talib(candles: Floats) -> None:
    high, low, close, volume = candles[2:6]
    talib.MACD(close)
    talib.EMA(close, 26)
    talib.EMA(close, 12)
    talib.RSI(close, 14)
    talib.ATR(high, low, close, 14)
    talib.ADX(high, low, close, 14)
    talib.PLUS_DI(high, low, close, 14)
    talib.MINUS_DI(high, low, close, 14)
    talib.BBANDS(close, 20, 2.0, 2.0)
    talib.OBV(close, volume)
    talib.SMA(volume, 20)


def _talib_of_the_seed(candles: Floats) -> None:
    high, low, close, volume = candles[2:6]
    talib.RSI(close, 14)
    talib.MACD(close)
    talib.OBV(close, volume)
    talib.VWAP(high, low, close, volume)
    talib.SMA(volume, 20)


# --- the original system's way ----------------------------------------------------------------------------------------


def seed_indicators(data: pd.DataFrame) -> dict[str, object]:
    """What it computes of one timeframe on every poll (its sections 3.2 and 3.4)."""
    close, volume = data["close"], data["volume"]
    delta = close.diff()
    gain = (delta.where(delta > 0, 0)).rolling(window=14).mean()
    loss = (-delta.where(delta < 0, 0)).rolling(window=14).mean()
    line = close.ewm(span=12).mean() - close.ewm(span=26).mean()
    signal = line.ewm(span=9).mean()
    typical = (data["high"] + data["low"] + close) / 3
    return {
        "rsi": 100 - (100 / (1 + gain / loss)),
        "macd": line,
        "signal": signal,
        "histogram": line - signal,
        "obv": (np.sign(close.diff()) * volume).fillna(0).cumsum(),
        "vwap": (typical * volume).cumsum() / volume.cumsum(),
        "volume_delta": np.where(close > data["open"], volume, -volume),
        "avg_volume": volume.rolling(20).mean(),
    }


def seed_step(state: Floats, candle: Floats, params: Floats, out: Floats) -> None:
    """Its eight columns, from the pieces of ours."""
    count = state[0] + 1.0
    state[0] = count
    close, volume = candle[4], candle[5]
    change = close - state[1] if count > 1.0 else 0.0
    state[1] = close
    out[0] = rsi_next(state, 2, count, change)
    out[1], out[2], out[3] = macd_next(state, 4, count, close)
    state[7] += signed(volume, change) if count > 1.0 else volume
    out[4] = state[7]
    price, weight, is_estimated = candle_price(candle, params[0], False)
    vwap_next(state, 8, math.floor(candle[0] / params[2]), price, weight, is_estimated)
    out[5] = state[10]
    out[6] = candle[7]
    place = 13 + (int(count) - 1) % 20
    state[33] += volume - state[place]
    state[place] = volume
    out[7] = state[33] / 20.0


SEED = make_kernel("benchmark_seed", 34, tuple("abcdefgh"), seed_step, candle_width=9)


def _preview(states: Floats, candles: Floats, params: Floats, out: Floats, which: Rows) -> None:
    """Previews of the technical and volume columns only."""
    scratch = np.empty(ct.MACHINE)
    work = cells_at(scratch.ctypes.data, ct.MACHINE)
    for row in which:
        state = cells_at(states.ctypes.data + states.strides[0] * row, ct.WIDTH)
        candle = cells_at(candles.ctypes.data + candles.strides[0] * row, 9)
        numbers = cells_at(params.ctypes.data + params.strides[0] * row, 4)
        cells = cells_at(out.ctypes.data + out.strides[0] * row, out.shape[1])
        for cell in range(ct.MACHINE):
            work[cell] = state[cell]
        work[ct.COUNT] += 1.0
        work[ct.BARS] += 1.0
        work[ct.CHANGE] = candle[4] - work[ct.PREVIOUS_CLOSE]
        ct._technical(work, candle, cells)
        ct._volume(work, state, candle, numbers, cells)
    scratch[0] = 0.0


technical_and_volume = njit(error_model="numpy")(_preview)


class Forming:
    """States of 35 instruments on 7 timeframes after 1000 candles, and their forming candles."""

    def __init__(self) -> None:
        rows = INSTRUMENTS * TIMEFRAMES
        self.states, self.candles = np.zeros((rows, ct.WIDTH)), np.empty((rows, 9))
        self.params, self.which = np.tile(PARAMS, (rows, 1)), np.arange(rows)
        self.out = np.empty((rows, len(ct.COLUMNS)))
        for row in range(rows):
            series = random_candles(row, 1001)
            series[7] = series[5] * 0.1  # trades tell the delta
            ct.CANDLE_TABLE.batch(np.ascontiguousarray(series[:, :-1]), PARAMS, self.states[row])
            self.candles[row] = series[:, -1]

    def all_columns(self, times: int) -> None:
        for _ in range(times):
            ct.CANDLE_TABLE.peek_many(self.states, self.candles, self.params, self.out, self.which)

    def like_the_seed(self, times: int) -> None:
        for _ in range(times):
            technical_and_volume(self.states, self.candles, self.params, self.out, self.which)

    def check(self) -> None:
        self.all_columns(1)
        whole = self.out.copy()
        self.like_the_seed(1)
        columns = slice(0, ct.COLUMNS.index("structure"))
        np.testing.assert_array_equal(self.out[:, columns], whole[:, columns])


# --- the run -----------------------------------------------------------------------------------------------------


def run(quick: bool) -> Outcome:
    """Measure; ``quick`` with a tenth of the candles and few rounds."""
    rounds = 3 if quick else ROUNDS
    outcome = Outcome("indicators")
    _batch(outcome, CANDLES // (10 if quick else 1), rounds)
    _seed(outcome, rounds, 20 if quick else 200)
    _start(outcome)
    return outcome


def _batch(outcome: Outcome, count: int, rounds: int) -> None:
    candles = np.ascontiguousarray(random_candles(4, count)[:7])
    ours = PASS.batch(candles, ind.NO_PARAMS, PASS.new_state())
    np.testing.assert_allclose(ours, bare(candles), rtol=1e-9, atol=1e-6)
    table = random_candles(4, count)
    ct.CANDLE_TABLE.batch(table, PARAMS, ct.CANDLE_TABLE.new_state())
    SEED.batch(table, PARAMS, SEED.new_state())
    seconds = alternate(
        [
            Local("ours", lambda _: PASS.batch(candles, ind.NO_PARAMS, PASS.new_state())),
            Local("bare loop", lambda _: bare(candles)),
            Local("TA-Lib", lambda _: _talib(candles)),
            Local("ours, the seed's", lambda _: SEED.batch(table, PARAMS, SEED.new_state())),
            Local("TA-Lib, the seed's", lambda _: _talib_of_the_seed(candles)),
            Local("table", lambda _: ct.CANDLE_TABLE.batch(table, PARAMS, ct.CANDLE_TABLE.new_state())),
        ],
        rounds,
    )
    outcome.lines += [
        Line(f"{count} candles, 14 columns, of a bare loop", seconds.ratio("ours", "bare loop"), at_most=BATCH_LIMIT),
        Line("the same columns, of TA-Lib", seconds.ratio("ours", "TA-Lib"), at_most=1.0),
        Line(
            "RSI, MACD, OBV, VWAP, volume average, of TA-Lib",
            seconds.ratio("ours, the seed's", "TA-Lib, the seed's"),
            at_most=1.0,
        ),
        Line("all columns of the table, a candle", seconds.best("table") / count * 1e9, "ns", at_most=1000),
    ]
    outcome.facts["batch_ms"] = seconds.facts(1000.0)
    outcome.lines.append(_against_talipp(candles[:, : count // 20], rounds))


def _against_talipp(candles: Floats, rounds: int) -> Line:
    """Closed candles one by one, as they come live: it computes the 14 columns with an object for each."""
    label, count = "the same columns, closed candles one by one, of talipp", candles.shape[1]
    rows, out = np.ascontiguousarray(candles.T), np.empty(len(PASS.outputs))

    def steps(_: object) -> Floats:
        state = PASS.new_state()
        for row in rows:
            PASS.step(state, row, ind.NO_PARAMS, out)
        return out

    steps(None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candles.npy"
        np.save(path, candles)
        try:
            peer = Child("talipp", "talipp_indicators", [str(path)])
        except PeerUnavailable as error:
            return Line(label, None, at_most=1.0, note=str(error))
        try:
            np.testing.assert_allclose((out[5], out[12]), (peer.about["rsi"], peer.about["obv"]), rtol=1e-9, atol=1e-6)
            seconds = alternate([peer, Local("ours", steps)], rounds)
        finally:
            peer.close()
    note = f"{seconds.best('talipp') / count * 1e6:.0f} us a candle there"
    return Line(label, seconds.ratio("ours", "talipp"), at_most=1.0, note=note)


def _seed(outcome: Outcome, rounds: int, times: int) -> None:
    series = [random_candles(seed, SEED_CANDLES) for seed in range(TIMEFRAMES)]
    names = ("open", "high", "low", "close", "volume")
    frames = [pd.DataFrame(dict(zip(names, one[1:6], strict=True))) for one in series]
    forming = Forming()
    forming.check()

    def scratch(_: object) -> None:
        for _ in range(times):
            for one in series:
                ct.CANDLE_TABLE.batch(one, PARAMS, ct.CANDLE_TABLE.new_state())

    def like_the_seed(_: object) -> None:
        for _ in range(times):
            for one in series:
                SEED.batch(one, PARAMS, SEED.new_state())

    scratch(None)
    like_the_seed(None)
    seconds = alternate(
        [
            Local("pandas", lambda _: [seed_indicators(frame) for _ in range(3) for frame in frames]),
            Local("scratch", scratch),
            Local("scratch, its columns", like_the_seed),
            Local("all columns", lambda _: forming.all_columns(times * 10)),
            Local("technical and volume", lambda _: forming.like_the_seed(times * 10)),
        ],
        rounds,
    )
    pandas = seconds.best("pandas") / 3
    previews = {name: seconds.best(name) / times / 10 for name in ("technical and volume", "all columns")}
    for name, columns in (("scratch, its columns", len(SEED.outputs)), ("scratch", len(ct.COLUMNS))):
        of_one = seconds.best(name) / times
        outcome.lines.append(
            Line(
                f"{SCRATCH_TIMES} times ours, of pandas: 7 x 200 candles from scratch, {columns} columns",
                SCRATCH_TIMES * of_one / pandas,
                at_most=1.0 if columns == len(SEED.outputs) else None,
                note=f"{pandas / of_one:.0f} times faster",
            )
        )
    for name, of_all in previews.items():
        of_one = of_all / INSTRUMENTS
        outcome.lines.append(
            Line(
                f"{FORMING_TIMES} times ours, of pandas: forming candles, {name}",
                FORMING_TIMES * of_one / pandas,
                at_most=1.0 if name != "all columns" else None,
                note=f"{pandas / of_one:.0f} times faster, {of_all / len(forming.which) * 1e9:.0f} ns a state",
            )
        )
    outcome.facts["seed_ms"] = seconds.facts(1000.0)


def _start(outcome: Outcome) -> None:
    """Import and first call of the table with an empty and with a filled cache."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "cold.py"
        script.write_text(COLD, encoding="utf-8")
        for kind in ("cold", "warm"):
            done = subprocess.run(
                [sys.executable, str(script)], capture_output=True, text=True, check=True, cwd=ROOT,
                env={"NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(ROOT), "PATH": ""},
            )  # fmt: skip
            imported, whole, cpu = map(float, done.stdout.split())
            outcome.facts[f"{kind}_start"] = {"import_s": imported, "whole_s": whole, "cpu_s": cpu}
            outcome.lines.append(Line(f"{kind} start of the table, CPU time", cpu, "s"))
    outcome.facts["largest_child_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
