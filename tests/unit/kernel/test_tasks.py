"""The supervisor names, restarts and stops every task."""

from __future__ import annotations

import asyncio

import pytest

from tests.running import until
from virtuoso_desktop.kernel.tasks import Backoff, Supervisor, within

QUICK = Backoff(first_s=0.001, most_s=0.002)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_task_runs_under_its_name_until_stopped() -> None:
    tasks = Supervisor()
    tasks.spawn("a", forever)
    assert tasks.names == ("a",)
    with pytest.raises(RuntimeError, match="already running"):
        tasks.spawn("a", forever)
    await tasks.stop()
    assert tasks.names == ()
    with pytest.raises(RuntimeError, match="while stopping"):
        tasks.spawn("b", forever)


async def test_a_name_is_free_again_when_its_task_has_ended() -> None:
    ran: list[int] = []

    async def once() -> None:
        ran.append(1)

    tasks = Supervisor()
    tasks.spawn("a", once)
    await until(lambda: not tasks.names, "the task ended")
    tasks.spawn("a", once)
    await until(lambda: len(ran) == 2, "the task ran again")
    await tasks.stop()


@pytest.mark.logs(r"ERROR .*task a failed \(1\)", r"ERROR .*task a failed \(2\)")
async def test_a_failing_task_is_told_and_started_again() -> None:
    failures: list[tuple[str, str]] = []
    turns: list[int] = []

    async def fail_twice() -> None:
        turns.append(1)
        if len(turns) <= 2:
            raise OSError(f"no {len(turns)}")
        await forever()

    tasks = Supervisor(lambda name, error: failures.append((name, str(error))))
    tasks.spawn("a", fail_twice, restart=QUICK)
    await until(lambda: len(turns) == 3, "the third start")
    assert failures == [("a", "no 1"), ("a", "no 2")]
    await tasks.stop()


@pytest.mark.logs("ERROR .*task a failed")
async def test_without_restart_a_failing_task_ends_alone() -> None:
    async def fail() -> None:
        raise OSError("no")

    tasks = Supervisor()
    tasks.spawn("other", forever)
    tasks.spawn("a", fail)
    await until(lambda: tasks.names == ("other",), "only the failed task is gone")
    await tasks.stop()


async def test_a_returning_task_is_started_again() -> None:
    turns: list[int] = []

    async def once() -> None:
        turns.append(1)

    tasks = Supervisor()
    tasks.spawn("a", once, restart=QUICK)
    await until(lambda: len(turns) >= 3, "started again")
    await tasks.stop()


async def test_tasks_stop_newest_first() -> None:
    ended: list[str] = []

    def tell(name: str) -> object:
        async def run() -> None:
            try:
                await forever()
            finally:
                ended.append(name)

        return run

    tasks = Supervisor()
    for name in ("first", "second", "third"):
        tasks.spawn(name, tell(name))  # pyright: ignore[reportArgumentType]
    await asyncio.sleep(0)
    await tasks.stop()
    assert ended == ["third", "second", "first"]


@pytest.mark.logs(r"WARNING .*task stubborn did not end within 0\.1 s")
async def test_a_task_that_will_not_end_is_named() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    tasks = Supervisor()
    tasks.spawn("stubborn", stubborn)
    await asyncio.sleep(0)
    await tasks.stop(deadline_s=0.1)
    released.set()
    await until(lambda: not tasks.names, "it ended after all")


async def test_one_task_is_cancelled_and_awaited() -> None:
    tasks = Supervisor()
    tasks.spawn("a", forever)
    tasks.spawn("b", forever)
    await tasks.cancel("a")
    await tasks.cancel("unknown")
    assert tasks.names == ("b",)
    await tasks.stop()


def test_the_wait_grows_to_its_ceiling_and_is_jittered() -> None:
    backoff = Backoff(first_s=0.5, most_s=30)
    first = [backoff.wait_s(0) for _ in range(300)]
    late = [backoff.wait_s(1000) for _ in range(300)]
    assert all(0.25 <= wait <= 0.5 for wait in first)
    assert all(0.25 <= wait <= 30 for wait in late)
    assert max(late) > 20
    assert len(set(late)) > 250


async def test_within_gives_the_value_or_times_out() -> None:
    async def value() -> int:
        return 3

    assert await within(value(), 1) == 3
    with pytest.raises(TimeoutError):
        await within(forever(), 0.01)
