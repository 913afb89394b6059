from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest

from virtuoso_desktop.simulator.noise import (
    derive_key,
    exponential,
    fat_tailed,
    hash_word,
    hash_words,
    log_normal,
    mix,
    power_of_two,
    smooth,
    student_4,
)


def test_the_finaliser_is_that_of_splitmix64() -> None:
    # First outputs of splitmix64 seeded with 1234567, as its published test vectors have them.
    state = np.cumsum(np.full(5, 0x9E3779B97F4A7C15, dtype=np.uint64), dtype=np.uint64) + np.uint64(1234567)
    assert mix(state).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_one_number_hashes_as_in_an_array() -> None:
    numbers = np.array([0, 1, 2**40, 2**63 + 5], dtype=np.uint64)
    assert [hash_word(99, number) for number in numbers.tolist()] == hash_words(99, numbers).tolist()


def test_keys_are_the_same_on_every_machine_and_differ_by_part() -> None:
    assert derive_key(1, "BTC", "price") == 4692098057757649046
    keys = {derive_key(1, "a", "bc"), derive_key(1, "ab", "c"), derive_key(11, "a"), derive_key(1, "1a"), derive_key(1)}
    assert len(keys) == 5


def _log_normal(sigma: float) -> Callable[[float], float]:
    return lambda p: math.exp(sigma * NormalDist().inv_cdf(p))


@pytest.mark.parametrize(
    "quantile",
    [student_4, lambda p: -math.log1p(-p), *(_log_normal(sigma) for sigma in (0.45, 0.7, 0.9, 1.15))],
)
def test_no_quantile_is_near_a_rounding_boundary(quantile: Callable[[float], float]) -> None:
    scaled = [quantile((index + 0.5) / 4096) * 1024 for index in range(4096)]
    assert min(abs(value - math.floor(value) - 0.5) for value in scaled) > 1e-9


def test_tables_have_the_moments_that_they_promise() -> None:
    assert abs(fat_tailed().mean()) < 1e-9
    assert 0.9 < fat_tailed().var() < 1.05
    assert fat_tailed().max() == 7.0
    assert exponential().mean() == pytest.approx(1.0, abs=0.01)
    assert np.median(log_normal(0.9)) == pytest.approx(1.0, abs=0.01)
    with pytest.raises(ValueError, match="read-only"):
        fat_tailed()[0] = 1.0


def test_power_of_two() -> None:
    exponents = np.linspace(-20.0, 20.0, 4001)
    assert np.max(np.abs(power_of_two(exponents) / 2.0**exponents - 1.0)) < 1e-9
    assert power_of_two(np.array([0.0, 3.0, -2.0])).tolist() == [1.0, 8.0, 0.25]


def test_smooth_noise_is_bounded_and_has_no_jumps() -> None:
    values = [smooth(7, time_ms, 1000) for time_ms in range(0, 50_000, 10)]
    assert max(map(abs, values)) <= 1.0
    assert max(abs(one - other) for one, other in itertools.pairwise(values)) < 0.035
    assert max(values) - min(values) > 1.0
