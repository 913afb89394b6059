"""The candles that a peer's chart shows: a seeded random walk of 5 minutes."""

from __future__ import annotations

import numpy as np

FIRST_MS = 1_743_811_200_000
STEP_MS = 300_000


def walk(rows: int, start: float = 90_000.0, seed: int = 1) -> np.ndarray:
    """Shape (6, rows): time (ms), open, high, low, close, volume."""
    rng = np.random.default_rng(seed)
    close = np.round(start * np.exp(np.cumsum(rng.normal(0, 0.0008, rows))), 1)
    opens = np.concatenate(([start], close[:-1]))
    high = np.maximum(opens, close) + np.round(rng.exponential(start * 3e-4, rows), 1)
    low = np.minimum(opens, close) - np.round(rng.exponential(start * 3e-4, rows), 1)
    volume = np.round(rng.lognormal(3, 0.8, rows), 3)
    return np.vstack((FIRST_MS + np.arange(rows) * STEP_MS, opens, high, low, close, volume))
