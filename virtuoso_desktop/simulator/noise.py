"""Hashed noise that is the same on every machine: integers and the exactly rounded operations of IEEE 754 only.

`mix` is the finaliser of splitmix64 (G. Steele, D. Lea, C. Flood: Fast splittable pseudorandom number
generators, OOPSLA 2014, section 4.2). Tables of quantiles are rounded to multiples of 1/1024, far from the
rounding boundaries, so that the last bit of a platform's logarithm never reaches a price.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
QUANTILE_BITS = 12
QUANTILE_SHIFT = np.uint64(64 - QUANTILE_BITS)
QUANTILE_MASK = np.uint64((1 << QUANTILE_BITS) - 1)
_GRID = 1024

_u27, _u30, _u31 = np.uint64(27), np.uint64(30), np.uint64(31)
_m1, _m2, _golden = np.uint64(_FIRST), np.uint64(_SECOND), np.uint64(GOLDEN)


def mix(words: Words) -> Words:
    """64 well mixed bits for each word; a bijection."""
    z = words ^ (words >> _u30)
    z *= _m1
    z ^= z >> _u27
    z *= _m2
    z ^= z >> _u31
    return z


def hash_words(key: int, numbers: Words) -> Words:
    """64 bits for each of ``numbers`` under ``key``."""
    z = numbers * _golden
    z += np.uint64(key)
    return mix(z)


def hash_word(key: int, number: int) -> int:
    """`hash_words` of one number."""
    z = (number * GOLDEN + key) & MASK
    z = ((z ^ (z >> 30)) * _FIRST) & MASK
    z = ((z ^ (z >> 27)) * _SECOND) & MASK
    return z ^ (z >> 31)


def derive_key(*parts: int | str) -> int:
    """A 64-bit key for a purpose, e.g. ``derive_key(seed, "BTC", "price")``."""
    key = 0x243F6A8885A308D3
    for part in parts:
        text = str(part)
        for byte in text.encode():
            key = hash_word(key, byte + 1)
        key = hash_word(key, len(text))
    return key


def _table(quantile: Callable[[float], float]) -> Floats:
    count = 1 << QUANTILE_BITS
    values = [round(quantile((index + 0.5) / count) * _GRID) / _GRID for index in range(count)]
    table = np.array(values)
    table.flags.writeable = False
    return table


def student_4(probability: float) -> float:
    """Quantile of Student's t with four degrees of freedom (closed form), scaled to variance 1."""
    alpha = 4 * probability * (1 - probability)
    root = math.sqrt(alpha)
    distance = 2 * math.sqrt(math.cos(math.acos(root) / 3) / root - 1)
    return math.copysign(distance, probability - 0.5) / math.sqrt(2)


@functools.cache
def fat_tailed() -> Floats:
    """4096 quantiles of a fat-tailed law with variance about 1, cut at seven deviations."""
    return _table(lambda p: max(-7.0, min(7.0, student_4(p))))


@functools.cache
def exponential() -> Floats:
    """4096 quantiles of the exponential law with mean 1."""
    return _table(lambda p: -math.log1p(-p))


@functools.cache
def log_normal(sigma: float) -> Floats:
    """4096 quantiles of exp(sigma z), z standard normal: median 1."""
    inverse = NormalDist().inv_cdf
    return _table(lambda p: math.exp(sigma * inverse(p)))


def power_of_two(exponents: Floats) -> Floats:
    """2 ** x to about 2e-9 relative by exact operations, |x| < 1000; continuous in x only to that error."""
    whole = np.floor(exponents)
    part = (exponents - whole) * 0.6931471805599453
    result = np.full_like(part, 1 / 3628800)
    for divisor in (362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1):
        result = result * part + 1 / divisor
    return np.ldexp(result, whole.astype(np.int64))


def smooth(key: int, time_ms: int, period_ms: int) -> float:
    """Slow noise in [-1, 1]: hashed values every ``period_ms``, joined by smooth steps."""
    knot, offset = divmod(time_ms, period_ms)
    here = (hash_word(key, knot) >> 11) * 2.0**-52 - 1.0
    there = (hash_word(key, knot + 1) >> 11) * 2.0**-52 - 1.0
    x = offset / period_ms
    return here + (there - here) * (x * x * (3.0 - 2.0 * x))


def smooth_all(key: int, times_ms: Ints, period_ms: int) -> Floats:
    """`smooth` of every time, to the last bit."""
    knots, offsets = np.divmod(times_ms, period_ms)
    here, there = (
        (hash_words(key, numbers.astype(np.uint64)) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
        for numbers in (knots, knots + 1)
    )
    x = offsets / period_ms
    return here + (there - here) * (x * x * (3.0 - 2.0 * x))
