"""How async tests run and wait, on plain asyncio and on the window's loop alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

DEADLINE_S = 10.0
SETTLE_S = 5.0
LOOP: pytest.StashKey[asyncio.AbstractEventLoop] = pytest.StashKey()
"""An event loop that a fixture made for its test (the window's tests run on qasync's)."""


async def until(condition: Callable[[], Any], what: str, deadline_s: float = SETTLE_S) -> None:
    """Let the loop run until ``condition()`` is true; fails naming ``what`` after ``deadline_s``."""
    try:
        async with asyncio.timeout(deadline_s):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {deadline_s:g} s: {what}") from None


async def guarded(test: Coroutine[Any, Any, None], deadline_s: float) -> None:
    """Run one test to its end; fails on its deadline, on tasks it leaves and on errors nobody handled."""
    loop = asyncio.get_running_loop()
    unhandled: list[str] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        unhandled.append(f"{context['message']}: {context.get('exception')!r}")

    loop.set_exception_handler(note)
    own = asyncio.current_task()
    before = asyncio.all_tasks() - {own}
    deadline = asyncio.timeout(deadline_s)
    try:
        async with deadline:
            await test
    except TimeoutError:
        if deadline.expired():
            left = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks() - {own}))
            raise AssertionError(f"not done within {deadline_s:g} s; tasks still running: {left or 'none'}") from None
        raise
    # A turn for callbacks of what the test has just ended.
    for _ in range(3):
        await asyncio.sleep(0)
    leaked = asyncio.all_tasks() - before - {own}
    names = sorted(task.get_name() for task in leaked)
    for task in leaked:
        task.cancel()
    await asyncio.gather(*leaked, return_exceptions=True)
    assert not names, f"tasks left running: {', '.join(names)}"
    assert not unhandled, "unhandled in the event loop: " + "; ".join(unhandled)
