"""What holds for every test: real data by fixture, async tests with a deadline, no stray warning, task or Qt."""

from __future__ import annotations

import asyncio
import importlib.abc
import inspect
import logging
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.running import DEADLINE_S, LOOP, guarded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

_ABSENT: pytest.StashKey[int] = pytest.StashKey()
_QT = frozenset({"PySide6", "shiboken6", "qasync", "pyqtgraph", "qtawesome", "qtpy"})

# Deadlines of single examples measure the machine, not the program.
hypothesis_settings.register_profile(
    "virtuoso", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("virtuoso")


class _QtIsAbsent(importlib.abc.MetaPathFinder):
    """Makes Qt's packages look uninstalled, as on a machine that runs the engine only."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] in _QT:
            raise ModuleNotFoundError(f"{fullname} is out of reach in this run", name=fullname)
        return None


if os.environ.get("VIRTUOSO_WITHOUT_QT") == "1":
    sys.meta_path.insert(0, _QtIsAbsent())


# --- real data -------------------------------------------------------------------------------------------------


def data_folder() -> Path | None:
    """The folder of real market data, None where there is none."""
    named = os.environ.get("VIRTUOSO_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if (folder / "MANIFEST.md").is_file() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data, described by its MANIFEST.md; read in place, never copied."""
    folder = data_folder()
    if folder is None:
        pytest.fail("VIRTUOSO_REQUIRE_DATA=1, but neither VIRTUOSO_DATA nor ../shared/data holds a MANIFEST.md")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if data_folder() is not None or os.environ.get("VIRTUOSO_REQUIRE_DATA") == "1":
        return
    absent = [item for item in items if "real_data" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in absent]
    config.hook.pytest_deselected(items=absent)
    config.stash[_ABSENT] = len(absent)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["real_data_absent"] = session.config.stash.get(_ABSENT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # Every xdist worker collects all tests, so each tells the same number.
    node.config.stash[_ABSENT] = getattr(node, "workeroutput", {}).get("real_data_absent", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    absent = config.stash.get(_ABSENT, 0)
    if absent:
        terminalreporter.write_line(f"real data absent: {absent} tests not run", red=True, bold=True)


# --- async tests -----------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an ``async def`` test: fresh loop, hard deadline, no task and no unhandled error left behind."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    marker = pyfuncitem.get_closest_marker("deadline_s")
    run = guarded(pyfuncitem.obj(**arguments), float(marker.args[0]) if marker else DEADLINE_S)
    loop = pyfuncitem.stash.get(LOOP, None)
    if loop is not None:
        loop.run_until_complete(run)
        return True
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(run)
    return True


# --- log lines -------------------------------------------------------------------------------------------------


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on WARNING and above, but for what the test's ``logs`` mark expects, which must come."""
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield
    finally:
        root.removeHandler(collector)
    patterns = [pattern for mark in request.node.iter_markers("logs") for pattern in mark.args]
    unexpected = [line for line in collector.lines if not any(re.search(p, line) for p in patterns)]
    unseen = [p for p in patterns if not any(re.search(p, line) for line in collector.lines)]
    assert not unexpected, "unexpected log lines:\n" + "\n".join(unexpected)
    assert not unseen, f"expected log lines that never came: {unseen}"
