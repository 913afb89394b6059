"""What a face reads of the scan over all instruments of the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import MarketsCursor
    from virtuoso_desktop.model.instrument import Instrument


class ScanView(msgspec.Struct, frozen=True):
    """How the scan fares."""

    as_of_ms: int | None = None
    """Venue time of the newest answer; None before the first."""
    problem: str | None = None
    """Why the newest request failed, in words; None when it did not."""


class Scan(Protocol):
    """The scan: it runs while somebody reads a cursor."""

    def cursor(self) -> MarketsCursor:
        """A new reader of the rows of all instruments that are not watched."""
        ...

    def view(self) -> ScanView: ...

    def instruments(self) -> tuple[Instrument, ...]:
        """Everything that the exchange trades, watched or not; empty until it has told."""
        ...
