"""The simulated exchange as a child: started, read, logged, started again on its port, and never left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from virtuoso_desktop.app.demo import DemoExchange
from virtuoso_desktop.app.demo_child import DemoChild
from virtuoso_desktop.app.exit_codes import CannotRun
from virtuoso_desktop.app.own_program import own_command
from virtuoso_desktop.kernel.clock import LiveClock, ScaledClock
from virtuoso_desktop.kernel.tasks import Supervisor

CHILD = """
import json, sys, time
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
port = int(given["--port"]) or 4711
rate = float(given.get("--speed", 1))
sys.stderr.write("serving on %d\\n" % port); sys.stderr.flush()
line = {"bybit": {"http": "http://127.0.0.1:%d" % port, "ws": "ws://127.0.0.1:%d" % port},
        "clock": {"now_ms": 1_700_000_000_000, "rate": rate}}
print(json.dumps(line), flush=True)
sys.stdin.read()
"""
REFUSING = """
import sys
sys.stderr.write("virtuoso-desktop simulate: port 9 is taken\\n2026-01-01 00:00:00 INFO the end\\n")
sys.exit(3)
"""
pytestmark = pytest.mark.own_process


def command(program: str) -> list[str]:
    # The option without a value comes last, so that the others are pairs.
    return [sys.executable, "-S", "-c", program]


@asynccontextmanager
async def started(program: str = CHILD, speed: float = 1.0) -> AsyncIterator[DemoExchange]:
    demo = DemoExchange(DemoChild(speed, command=command(program)), speed, command(program))
    try:
        yield demo
    finally:
        demo.stop()
    assert demo.child.process_id is None


async def test_the_first_line_says_where_and_when() -> None:
    async with started() as demo:
        market = await demo.market()
        assert (market.rest_endpoint, market.ws_endpoint) == ("http://127.0.0.1:4711", "ws://127.0.0.1:4711")
        assert market.port == 4711
        assert isinstance(market.clock, LiveClock)


async def test_another_speed_brings_the_child_s_clock() -> None:
    async with started(speed=60.0) as demo:
        clock = (await demo.market()).clock
        assert isinstance(clock, ScaledClock)
        assert clock.rate == 60.0
        assert 0 <= clock.now_ms() - 1_700_000_000_000 < 60_000


async def test_stop_ends_the_child_by_its_pipe() -> None:
    async with started() as demo:
        await demo.market()
        child = demo.child.process_id
        assert child is not None
        demo.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


async def test_a_child_that_ignores_its_pipe_is_killed() -> None:
    async with started(CHILD.replace("sys.stdin.read()", "time.sleep(60)")) as demo:
        await demo.market()
        child = demo.child.process_id
        assert child is not None
        demo.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (REFUSING, r"exit code 3 \(port 9 is taken\)"),
        ("print('hello', flush=True)", "did not start"),
        ("print('{}', flush=True)", "did not start"),
        ("print('[1]', flush=True)", "did not start"),
    ],
)
async def test_a_child_that_does_not_start_says_why(program: str, said: str) -> None:
    async with started(program) as demo:
        with pytest.raises(CannotRun, match=said):
            await demo.market()


async def test_an_executable_that_is_missing_is_said() -> None:
    demo = DemoExchange(DemoChild(command=["/no/such/program"]))
    with pytest.raises(CannotRun, match="cannot be started"):
        await demo.market()
    demo.stop()


async def test_its_stderr_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "simulator"):
        async with started() as demo:
            await demo.market()
            async with asyncio.timeout(5):
                while not caplog.messages:
                    await asyncio.sleep(0.01)
    assert caplog.messages == ["serving on 4711"]


async def test_a_killed_child_is_started_again_on_its_port_and_said_once() -> None:
    told: list[tuple[str, bool]] = []
    async with started() as demo:
        market = await demo.market()
        supervisor = Supervisor()
        supervisor.spawn("demo", lambda: demo.keep_alive(market, lambda words, bad: told.append((words, bad))))
        first = demo.child.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(8):
            while len(told) < 2:
                await asyncio.sleep(0.02)
        assert demo.child.process_id not in (None, first)
        assert (await demo.market()).port == 4711
        await supervisor.stop()
    assert [bad for _, bad in told] == [True, False]
    assert "exit code -9" in told[0][0]


async def test_stopping_does_not_start_it_again() -> None:
    async with started() as demo:
        market = await demo.market()
        supervisor = Supervisor()
        supervisor.spawn("demo", lambda: demo.keep_alive(market, lambda words, bad: None))
        await supervisor.stop()
        demo.stop()
        await asyncio.sleep(0.3)
        assert demo.child.process_id is None


def test_the_program_starts_itself() -> None:
    assert own_command("simulate") == [sys.executable, "-m", "virtuoso_desktop", "simulate"]
