"""Typed synchronous signals for rare facts (candle closed, link state, settings changed)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class Signal(Generic[T]):
    """Calls its receivers in the order of connection; one receiver's exception does not stop the others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._receivers: list[Callable[[T], None]] = []

    def connect(self, receiver: Callable[[T], None]) -> Callable[[], None]:
        """Add a receiver; returns the function that removes it."""
        self._receivers.append(receiver)

        def disconnect() -> None:
            if receiver in self._receivers:
                self._receivers.remove(receiver)

        return disconnect

    def emit(self, value: T) -> None:
        for receiver in tuple(self._receivers):
            try:
                receiver(value)
            except Exception:
                log.exception("a receiver of the signal %s failed", self.name)
