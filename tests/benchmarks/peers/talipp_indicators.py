"""talipp: the columns of the indicators' pass, one closed candle after the other."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from talipp.indicators import ADX, ATR, BB, EMA, MACD, OBV, RSI, SMA
from talipp.ohlcv import OHLCV

from tests.benchmarks.peers.rounds import answer, timed


def _pass(candles: list[OHLCV]) -> list[Any]:
    by_close = [MACD(12, 26, 9), EMA(26), EMA(12), RSI(14), BB(20, 2.0)]
    by_candle = [ATR(14), ADX(14, 14), OBV()]
    by_volume = [SMA(20)]
    for candle in candles:
        for one in by_close:
            one.add(candle.close)
        for one in by_candle:
            one.add(candle)
        for one in by_volume:
            one.add(candle.volume)
    return [one[-1] for one in (*by_close, *by_candle, *by_volume)]


def main() -> None:
    candles = [OHLCV(*row) for row in np.load(sys.argv[1])[1:6].T.tolist()]
    last = _pass(candles)

    def run(_: str) -> dict[str, Any]:
        return {"cpu_s": timed(lambda: _pass(candles))}

    answer({"version": version("talipp"), "candles": len(candles), "rsi": last[3], "obv": last[7]}, run)


if __name__ == "__main__":
    main()
