"""``self-test``: whether the program can run here, each part tried for real."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from virtuoso_desktop import __version__
from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.exit_codes import CannotRun, ExitCode
from virtuoso_desktop.app.pairs import PACKAGES, installed_versions, pair_problem
from virtuoso_desktop.kernel.paths import default_profile, make_private, resource
from virtuoso_desktop.model.errors import VirtuosoError

RESOURCES = ("config/default.yaml", "resources/icons/virtuoso.svg")
PROBE_BYTES = 64 * 1024
EARLIEST_S = 1_767_225_600
"""2026-01-01 UTC: a clock before it is wrong."""
LARGEST_STEP_S = 0.05


class Check(msgspec.Struct, frozen=True):
    """One part: what was found, or why it cannot be used."""

    name: str
    ok: bool
    detail: str
    took_ms: int


class SelfTest(msgspec.Struct, frozen=True):
    """The whole result, as ``--json`` prints it."""

    version: str
    python: str
    ok: bool
    checks: list[Check]


def run_self_test(argv: Sequence[str]) -> int:
    """Print one line for each part (or JSON); 0 when all can be used, else 3."""
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} self-test", description="Try whether the program can run here.", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="folder whose write access is tried")
    given = parser.parse_args(argv)
    result = self_test(given.profile or default_profile())
    if given.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
    else:
        for check in result.checks:
            sys.stdout.write(f"{'ok    ' if check.ok else 'FAILED'}  {check.name:<9}  {check.detail}\n")
    return ExitCode.DONE if result.ok else ExitCode.CANNOT_RUN


def self_test(profile: Path) -> SelfTest:
    """Try every part, one after the other."""
    parts: dict[str, Callable[[], str]] = {
        "pyside": check_pyside,
        "profile": partial(check_profile, profile),
        "numba": check_numba,
        "resources": check_resources,
        "clock": check_clock,
    }
    checks = [_check(name, try_it) for name, try_it in parts.items()]
    python = ".".join(map(str, sys.version_info[:3]))
    return SelfTest(__version__, python, all(check.ok for check in checks), checks)


def _check(name: str, try_it: Callable[[], str]) -> Check:
    begun_s = time.perf_counter()
    try:
        detail, ok = try_it(), True
    except VirtuosoError as error:
        detail, ok = error.user_text, False
    except (OSError, ImportError, ValueError, RuntimeError) as error:
        detail, ok = f"{type(error).__name__}: {error}", False
    return Check(name, ok, detail, round((time.perf_counter() - begun_s) * 1000))


def check_pyside() -> str:
    """PySide6 and shiboken6 of one release that this Python can run; Qt itself is not loaded."""
    versions = installed_versions()
    problem = pair_problem(versions[PACKAGES[0]], versions[PACKAGES[1]])
    if problem is not None:
        raise CannotRun(problem)
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def check_profile(root: Path) -> str:
    """The profile folder takes 64 KiB."""
    try:
        make_private(root)
        with tempfile.NamedTemporaryFile(dir=root, prefix=".self-test-") as probe:
            probe.write(bytes(PROBE_BYTES))
            probe.flush()
    except OSError as error:
        raise CannotRun(
            f"{root} cannot be written ({error.strerror or error}), so nothing would be kept; see --profile."
        ) from error
    return f"{root} can be written"


def check_numba() -> str:
    """The indicator kernels compile here and compute a known mean."""
    import numba
    import numpy as np
    from numba.core.errors import NumbaError

    from virtuoso_desktop.analysis import indicators

    try:
        indicators.compile_kernels()
        averages = indicators.EMA.batch(np.ones((7, 3)), indicators.ema_params(2), indicators.EMA.new_state())
    except NumbaError as error:
        raise CannotRun(f"The indicators cannot be compiled here: {error}") from error
    if averages[-1, 0] != 1.0:
        raise CannotRun(f"The compiled indicators compute nonsense: an average of ones is {averages[-1, 0]}.")
    return f"numba {numba.__version__} compiles, numpy {np.__version__}"


def check_resources() -> str:
    """The packaged files are there and the default settings are right."""
    from virtuoso_desktop.settings.load import load_settings

    for name in RESOURCES:
        resource(name)
    with tempfile.TemporaryDirectory() as empty:
        load_settings(
            default_file=resource("config/default.yaml"),
            profile=Path(empty),
            config_file=None,
            overrides=(),
            environ={},
        )
    return f"{len(RESOURCES)} packaged files, default settings read"


def check_clock() -> str:
    """The computer's time is plausible, and time passes in small steps."""
    now_s = time.time()
    if now_s < EARLIEST_S:
        raise CannotRun(f"The computer's clock says {time.strftime('%Y-%m-%d', time.gmtime(now_s))}. Set it.")
    before_s = time.perf_counter()
    time.sleep(0.01)
    slept_s = time.perf_counter() - before_s
    if not 0.005 < slept_s < 1.0 + LARGEST_STEP_S:
        raise CannotRun(f"Time does not pass evenly here: a pause of 10 ms took {slept_s * 1000:.0f} ms.")
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
