"""A stop can be asked for at any moment, and the first reason holds."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from threading import Thread

import pytest

from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.stopping import SIGNALS, StopRequest


@pytest.fixture
def listening() -> Iterator[StopRequest]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    stop = StopRequest()
    stop.listen()
    yield stop
    for number, handler in before.items():
        signal.signal(number, handler)


async def test_asked_before_there_is_a_loop() -> None:
    stop = StopRequest()
    stop.ask(ExitCode.USAGE)
    await stop.wait()
    assert stop.code is ExitCode.USAGE


async def test_the_first_reason_holds() -> None:
    stop = StopRequest()
    stop.ask(ExitCode.CANNOT_RUN)
    stop.ask()
    await stop.wait()
    assert stop.code is ExitCode.CANNOT_RUN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_wakes_a_waiting_loop(listening: StopRequest, number: signal.Signals) -> None:
    asyncio.get_running_loop().call_later(0.02, signal.raise_signal, number)
    async with asyncio.timeout(2):
        await listening.wait()
    assert listening.code is ExitCode.DONE


def test_a_signal_before_the_loop_is_kept(listening: StopRequest) -> None:
    signal.raise_signal(signal.SIGTERM)
    assert listening.is_asked
    asyncio.run(listening.wait())


async def test_another_thread_may_ask() -> None:
    stop = StopRequest()
    waiting = asyncio.get_running_loop().create_task(stop.wait())
    await asyncio.sleep(0.01)
    thread = Thread(target=stop.ask)
    thread.start()
    await waiting
    thread.join()
    assert stop.is_asked
