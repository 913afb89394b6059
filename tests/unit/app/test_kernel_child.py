"""Kernels that the disk lacks are compiled in a process of their own, and never twice."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from virtuoso_desktop.analysis.kernels import Kernel, make_kernel
from virtuoso_desktop.app.kernel_child import KernelChild
from virtuoso_desktop.app.own_program import own_command

ONE = np.ones(1)


class _Recorder:
    """A kernel that says whether it is on disk and remembers what was asked of it."""

    def __init__(self, *, is_cached: bool) -> None:
        self.is_cached = is_cached
        self.compiled: list[float] = []

    def compile(self, params: Any) -> None:
        self.compiled.append(float(params[0]))


class _Child(KernelChild):
    """Starts nothing; counts how often it would have."""

    started = 0

    def _start(self) -> None:
        self.started += 1


def test_a_cached_kernel_starts_nothing() -> None:
    child, kernel = _Child(), _Recorder(is_cached=True)
    child.compile(kernel, ONE)  # type: ignore[arg-type]
    assert (child.started, kernel.compiled) == (0, [1.0])


def test_a_missing_kernel_asks_for_the_child_and_is_compiled_here_when_there_is_none() -> None:
    child, kernel = _Child(), _Recorder(is_cached=False)
    child.compile(kernel, ONE)  # type: ignore[arg-type]
    assert (child.started, kernel.compiled) == (1, [1.0])


def test_another_step_of_the_same_name_is_not_on_disk() -> None:
    def step(state: Any, candle: Any, params: Any, out: Any) -> None:
        out[0] = math.pi

    kernel: Kernel = make_kernel("never_compiled", 1, ("x",), step)
    assert not kernel.is_cached


@pytest.mark.parametrize("frozen", [False, True])
def test_the_program_starts_itself(frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    expected = [sys.executable, "prepare"] if frozen else [sys.executable, "-m", "virtuoso_desktop", "prepare"]
    assert own_command("prepare") == expected
