"""The doctor's checks as a task of the running program, for the page in the window."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from virtuoso_desktop.app import wiring
from virtuoso_desktop.app.doctor_command import disk_check, make_doctor, settings_check
from virtuoso_desktop.engine.views import LinkPhase
from virtuoso_desktop.exchanges.diagnosis import Cause, Check, Finding, Refusal, Words
from virtuoso_desktop.kernel.imports import import_all
from virtuoso_desktop.ui import format as text

if TYPE_CHECKING:
    from virtuoso_desktop.app.run import Run

HEAVY_MODULES = ("virtuoso_desktop.exchanges.bybit.probe", "virtuoso_desktop.exchanges.doctor")
CHECKS = tuple(Check)
_numbers = itertools.count(1)


class RunExamination:
    """Examines the way that a run takes; implements `ui.dialogs.doctor_page.Examination`.

    Parameters
    ----------
    run : Run
        With its plan made.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._task: asyncio.Task[None] | None = None

    @property
    def checks(self) -> Sequence[Check]:
        return CHECKS

    def begin(self, tell: Callable[[Finding], None], ended: Callable[[str | None], None]) -> None:
        self._task = self._run.tasks.spawn(f"app.doctor.{next(_numbers)}", lambda: self._examine(tell, ended))

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _examine(self, tell: Callable[[Finding], None], ended: Callable[[str | None], None]) -> None:
        run = self._run
        assert run.plan is not None
        assert run.settings is not None
        await asyncio.to_thread(import_all, *HEAVY_MODULES)
        source = wiring.settings_source(run.options, run.folder.root)
        doctor = make_doctor(
            run.plan.source,
            run.plan.settings,
            os.environ,
            before=settings_check(source.load),
            after={Check.DISK: disk_check(run.folder.root)},
            known_refusal=self._ban(),
        )
        assert doctor.checks == CHECKS
        try:
            await doctor.examine(tell)
        except OSError as error:
            ended(f"{error.strerror or error}. Run it again.")
        else:
            ended(None)

    def _ban(self) -> Refusal | None:
        """A ban that the engine knows of."""
        engine = self._run.engine
        parts = [] if engine is None else [view.requests for view in engine.links()]
        banned = next((part for part in parts if part is not None and part.phase is LinkPhase.BANNED), None)
        if banned is None:
            return None
        until = "" if banned.next_retry_ms is None else f" until about {text.local_time(banned.next_retry_ms)}"
        return Refusal(
            Cause.BAN,
            Words(
                f"The exchange has banned this address{until} (access too frequent); it was not asked again.",
                "Close other programs that ask it, and wait; requests begin again by themselves.",
            ),
        )
