"""The chart's kernels of any length give the analysis' numbers at its own lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.engine.test_studies import page
from virtuoso_desktop.analysis import indicators
from virtuoso_desktop.engine import study_kernels as kernels


@pytest.mark.parametrize(
    ("ours", "values", "theirs", "outputs"),
    [
        (kernels.RSI, (14,), indicators.RSI, 1),
        (kernels.MACD, (12, 26, 9), indicators.MACD, 3),
        (kernels.ADX, (14,), indicators.ADX, 3),
        (kernels.SUPERTREND, (10, 3), indicators.SUPERTREND, 2),
    ],
)
def test_at_the_lengths_of_the_score_the_numbers_are_its_own(ours: Any, values: Any, theirs: Any, outputs: int) -> None:
    rows = page(0, 1500)
    found = ours.batch(rows, kernels.numbers(values), ours.new_state())
    expected = theirs.batch(rows, indicators.NO_PARAMS, theirs.new_state())
    assert np.isfinite(found[-1]).all()
    np.testing.assert_allclose(found, expected[:, :outputs], rtol=1e-9, atol=1e-9)


def test_bollinger_of_20_is_the_same_within_rounding() -> None:
    rows = page(0, 1500)
    found = kernels.BOLLINGER.batch(rows, kernels.numbers((20, 2)), kernels.BOLLINGER.new_state())
    expected = indicators.BOLLINGER.batch(rows, np.array([2.0]), indicators.BOLLINGER.new_state())
    np.testing.assert_allclose(found, expected[:, :3], rtol=1e-12)


@pytest.mark.parametrize("length", [2, 3, 50, 500])
def test_any_length_has_values_from_its_warm_up_on(length: int) -> None:
    rows = page(0, 1500)
    for kernel, values, first in (
        (kernels.RSI, (length,), length),
        (kernels.BOLLINGER, (length, 2), length - 1),
        (kernels.SUPERTREND, (length, 3), length),
        (kernels.ADX, (length,), 2 * length - 1),
        (kernels.MACD, (length - 1, length, 9), length + 7),
    ):
        out = kernel.batch(rows, kernels.numbers(values), kernel.new_state())[:, 0]
        assert int(np.argmax(np.isfinite(out))) == first, kernel.name
        assert np.isfinite(out[first:]).all(), kernel.name


def test_bollinger_of_any_length_is_mean_and_population_deviation() -> None:
    rows = page(0, 300)
    found = kernels.BOLLINGER.batch(rows, kernels.numbers((35, 1.5)), kernels.BOLLINGER.new_state())
    closes = rows[4, -35:]
    mean, half = closes.mean(), 1.5 * closes.std()
    np.testing.assert_allclose(found[-1], (mean + half, mean, mean - half), rtol=1e-12)
