"""``virtuoso-desktop prepare``: compile the indicators ahead. The window starts it by itself when nothing is cached."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.kernel.paths import resource

NICENESS = 5
"""Behind the window that waits for it."""


def run_prepare(arguments: Sequence[str]) -> int:
    """Compile what is not on disk yet, in the order in which a chart wants it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} prepare",
        description="Compile the indicators and keep them on disk: once after an installation, about half a minute.",
    )
    parser.parse_args(arguments)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    import numpy as np

    from virtuoso_desktop.engine.analysis_core import AnalysisCore
    from virtuoso_desktop.engine.study_kernels import COMPILED
    from virtuoso_desktop.model.instrument import Source
    from virtuoso_desktop.settings.load import load_settings

    for kernel, params in COMPILED:
        kernel.compile(np.array(params))
    with tempfile.TemporaryDirectory() as empty:
        loaded = load_settings(
            default_file=resource("config/default.yaml"),
            profile=Path(empty),
            config_file=None,
            overrides=(),
            environ={},
        )
    AnalysisCore(loaded.settings.analysis, Source.LIVE)
    sys.stdout.write("The indicators are compiled.\n")
    return ExitCode.DONE
