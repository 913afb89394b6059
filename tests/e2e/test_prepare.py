"""Kernels that one process compiled are found by the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, numpy as np
sys.path.insert(0, {folder!r})
import own_kernel
print(own_kernel.KERNEL.is_cached)
own_kernel.KERNEL.compile(np.ones(1))
print(own_kernel.KERNEL.is_cached)
"""
MODULE = """
from virtuoso_desktop.analysis.kernels import make_kernel

def step(state, candle, params, out):
    state[0] += candle[4]
    out[0] = state[0]

KERNEL = make_kernel("own_sum", 1, ("sum",), step)
"""


def test_the_disk_is_told_by_another_process(tmp_path: Path) -> None:
    (tmp_path / "own_kernel.py").write_text(MODULE)
    run = [sys.executable, "-c", PROGRAM.format(folder=str(tmp_path))]
    first = subprocess.run(run, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    second = subprocess.run(run, check=True, capture_output=True, text=True, timeout=120).stdout.split()
    assert (first, second) == (["False", "True"], ["True", "True"])


def test_prepare_compiles_what_a_start_needs(tmp_path: Path) -> None:
    """The kernels of the tests' own cache are there already: the command finds them and says so."""
    asked = [sys.executable, "-m", "virtuoso_desktop", "prepare"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=280, cwd=tmp_path)
    assert done.stdout == "The indicators are compiled.\n"
