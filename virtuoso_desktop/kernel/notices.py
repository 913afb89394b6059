"""What a person was told: errors, warnings and their end. The report's ``errors`` come from here."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.signals import Signal

MOST_KEPT = 500
REPEAT_AFTER_MS = 60_000


class Severity(StrEnum):
    """How loud a notice is. Only ``error`` counts as an error of the run."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Notice(msgspec.Struct, frozen=True):
    """One sentence for a person. ``where`` names the part: ``bybit.rest``, ``settings``, ``profile``."""

    at_ms: int
    severity: Severity
    where: str
    user_text: str


class NoticeBoard:
    """Collects notices (the newest 500) and tells the faces about each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.posted: Signal[Notice] = Signal("notice posted")
        self._notices: list[Notice] = []

    def post(self, severity: Severity, where: str, user_text: str) -> None:
        """Tell people. The same sentence from the same part within a minute is not told again."""
        newest = next((notice for notice in reversed(self._notices) if notice.where == where), None)
        notice = Notice(self._clock.now_ms(), severity, where, user_text)
        if newest is not None and newest.user_text == user_text and 0 <= notice.at_ms - newest.at_ms < REPEAT_AFTER_MS:
            return  # a clock that was set back would silence it for as long
        self._notices.append(notice)
        del self._notices[:-MOST_KEPT]
        self.posted.emit(notice)

    @property
    def all(self) -> tuple[Notice, ...]:
        return tuple(self._notices)

    @property
    def errors(self) -> tuple[Notice, ...]:
        return tuple(notice for notice in self._notices if notice.severity is Severity.ERROR)
