"""What can be wrong with a file of the storage, by the decision that it asks for."""

from __future__ import annotations

from enum import StrEnum

from virtuoso_desktop.model.errors import StorageError


class FaultKind(StrEnum):
    """The decision that a fault asks for."""

    LOCKED = "locked"
    """Another program holds the file: try again later."""
    NEWER = "newer"
    """Written by a newer program: leave it alone."""
    DAMAGED = "damaged"
    """The history is set aside and begun anew, the journal is left to the person."""
    FULL = "full"
    """Try again when there is room."""
    FAILED = "failed"
    """Anything else that the system refuses: try again later."""


class StorageFault(StorageError):
    """A file cannot be used now. ``kind`` says what to do; ``reason`` is the bare cause."""

    def __init__(self, user_text: str, *, kind: FaultKind, reason: str) -> None:
        super().__init__(user_text)
        self.kind = kind
        self.reason = reason
