"""Quantiles of the histogram against the sorted values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.kernel.metrics import BUCKETS_PER_OCTAVE, Distribution

BUCKET_WIDTH = 2 ** (1 / BUCKETS_PER_OCTAVE)


def test_nothing_has_no_quantile() -> None:
    assert Distribution().quantile_ms(0.5) is None
    assert Distribution().newest_ms is None


@given(st.lists(st.floats(0.002, 1e5), min_size=1), st.floats(0, 1))
def test_a_quantile_is_the_sorted_values_within_one_bucket(values: list[float], q: float) -> None:
    distribution = Distribution()
    for value in values:
        distribution.add(value)
    exact = sorted(values)[max(1, math.ceil(q * len(values))) - 1]
    found = distribution.quantile_ms(q)
    assert found is not None
    assert exact / (1 + 1e-9) <= found <= exact * BUCKET_WIDTH * (1 + 1e-9)
    assert distribution.count == len(values)
    assert distribution.newest_ms == values[-1]


@pytest.mark.parametrize("value", [-5.0, 0.0, 1e-9])
def test_disagreeing_clocks_count_as_the_shortest(value: float) -> None:
    distribution = Distribution()
    distribution.add(value)
    found = distribution.quantile_ms(0.5)
    assert found is not None
    assert found < 0.002


def test_the_longest_is_bounded() -> None:
    distribution = Distribution()
    distribution.add(1e12)
    found = distribution.quantile_ms(1)
    assert found is not None
    assert 1e5 < found < 1e7
