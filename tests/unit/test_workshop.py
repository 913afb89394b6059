"""The rules of every test, tried on tests that break them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.own_process
TESTS = Path(__file__).parents[1]

RULES = """
import asyncio
import logging
import pytest

kept = []

async def test_good():
    await asyncio.sleep(0)

@pytest.mark.deadline_s(0.1)
async def test_bad_deadline():
    await asyncio.sleep(5)

async def test_bad_task():
    kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(100), name="leaky"))

async def test_bad_callback():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.01)

def test_bad_log():
    logging.getLogger("a").warning("unasked")

@pytest.mark.logs("asked")
def test_good_log():
    logging.getLogger("a").warning("asked")

@pytest.mark.logs("asked")
def test_bad_log_missing():
    pass

def test_bad_coroutine():
    async def never():
        pass
    never()

def test_bad_socket():
    import socket
    socket.create_connection(("127.0.0.1", 9))

def test_bad_qt():
    import PySide6

def test_bad_warning():
    import warnings
    warnings.warn("deprecated", DeprecationWarning)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("conftest.py", "running.py", "unit/conftest.py"):
        target = pytester.path / "tests" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / name, target)
    shutil.copy(TESTS.parent / "pyproject.toml", pytester.path)
    monkeypatch.delenv("VIRTUOSO_REQUIRE_DATA", raising=False)
    monkeypatch.setenv("VIRTUOSO_DATA", str(pytester.path / "nowhere"))
    monkeypatch.setenv("VIRTUOSO_WITHOUT_QT", "1")
    return pytester


def run(project: pytest.Pytester, text: str) -> pytest.RunResult:
    (project.path / "tests" / "unit" / "test_sample.py").write_text(text)
    return project.runpytest_subprocess("-p", "no:pytest-qt", "tests/unit")


def test_every_rule_fails_the_test_that_breaks_it(project: pytest.Pytester) -> None:
    result = run(project, RULES)
    names = [line.split("::")[1].split(" ")[0] for line in result.outlines if line.startswith(("FAILED", "ERROR"))]
    assert sorted(names) == sorted(
        line.split("(")[0].split()[-1] for line in RULES.splitlines() if "def test_bad" in line
    )
    output = result.stdout.str()
    assert "not done within 0.1 s" in output
    assert "tasks left running: leaky" in output
    assert "WARNING a: unasked" in output
    assert "PySide6 is out of reach" in output


DATA = """
def test_data(real_data):
    assert real_data.is_dir()

def test_other():
    pass
"""


def test_absent_data_are_said_loudly(project: pytest.Pytester) -> None:
    result = run(project, DATA)
    assert result.ret == 0
    assert "real data absent: 1 tests not run" in result.outlines


def test_absent_data_fail_where_they_are_required(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUOSO_REQUIRE_DATA", "1")
    result = run(project, DATA)
    assert result.ret == 1
    result.assert_outcomes(passed=1, errors=1)


def test_data_that_are_there_are_read(project: pytest.Pytester) -> None:
    (project.path / "nowhere").mkdir()
    (project.path / "nowhere" / "MANIFEST.md").write_text("")
    run(project, DATA).assert_outcomes(passed=2)
