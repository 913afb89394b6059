"""Requests wait for their turn: by priority, evenly spaced, so many at once."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from virtuoso_desktop.exchanges.request_gate import RequestGate


async def ask(gate: RequestGate, priority: int, log: list[tuple[float, int]], *, lasts_s: float = 0.0) -> None:
    async with gate.turn(priority):
        log.append((asyncio.get_running_loop().time(), priority))
        await asyncio.sleep(lasts_s)


async def test_starts_are_spaced_and_ordered() -> None:
    gate, log = RequestGate(50.0, 4), []
    await asyncio.gather(*(ask(gate, priority, log) for priority in (5, 3, 4, 3, 1)))
    assert [priority for _, priority in log] == [5, 1, 3, 3, 4]
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(log)]
    assert min(gaps) > 0.019


async def test_no_more_than_so_many_run() -> None:
    gate, running, most = RequestGate(10_000.0, 3), 0, 0

    async def one() -> None:
        nonlocal running, most
        async with gate.turn(0):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01)
            running -= 1

    await asyncio.gather(*(one() for _ in range(12)))
    assert most == 3
    assert gate.waiting == 0


async def test_a_failed_request_frees_its_place() -> None:
    gate = RequestGate(10_000.0, 1)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            async with gate.turn(0):
                raise ValueError("no")
    async with asyncio.timeout(1), gate.turn(0):
        pass


async def test_cancelling_waiting_and_running_requests_frees_their_places() -> None:
    gate, log = RequestGate(10_000.0, 1), []
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(ask(gate, 0, log, lasts_s=10.0)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert gate.waiting == 2
    for task in tasks[1::-1]:
        task.cancel()
    await asyncio.sleep(0.01)
    assert len(log) == 2, "the third runs, the second never did"
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(1), gate.turn(0):
        pass


async def test_a_request_cancelled_in_the_moment_of_its_turn_frees_its_place() -> None:
    gate = RequestGate(10_000.0, 1)
    log: list[tuple[float, int]] = []
    loop = asyncio.get_running_loop()
    async with gate.turn(0):
        task = loop.create_task(ask(gate, 0, log))
        await asyncio.sleep(0.01)
    assert gate.waiting == 0  # its turn has come, but it has not run on
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert log == []
    async with asyncio.timeout(1), gate.turn(0):
        pass


async def test_a_pause_holds_everything() -> None:
    gate, log = RequestGate(10_000.0, 4), []
    started_s = asyncio.get_running_loop().time()
    gate.pause(0.1)
    await asyncio.gather(*(ask(gate, 0, log) for _ in range(3)))
    assert log[0][0] - started_s >= 0.099
