"""Read models of the inputs of one instrument: what there is, since when, how old, how complete.

Imports no numpy. Times are int64 ms UTC of the venue.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from virtuoso_desktop.model.instrument import InstrumentId


class InputState(StrEnum):
    """How far one input can be used."""

    FRESH = "fresh"
    WAITING = "waiting"
    """Nothing has come yet."""
    OLD = "old"
    """Older than the score allows, or lost."""
    ABSENT = "absent"
    """The venue has none for this kind of instrument, or it is switched off."""


class InputView(msgspec.Struct, frozen=True):
    """One input."""

    name: str
    """``candles 5m``, ``trades``, ``order book``, ``liquidations``, ``funding``, ``open interest``, ``long/short``."""
    state: InputState
    since_ms: int | None = None
    """The oldest value, or from when the stream was heard without a break."""
    newest_ms: int | None = None
    complete_ratio: float | None = None
    """How much of what the analysis wants is there, 0 to 1; None where nothing can be said."""
    detail: str = ""
    """What the ratio is of, in words."""
    reason: str | None = None
    """Why it cannot be used, as a sentence."""


class InstrumentInputs(msgspec.Struct, frozen=True):
    """All inputs of an instrument, in the order of the dimensions that read them."""

    instrument_id: InstrumentId
    now_ms: int
    inputs: tuple[InputView, ...]
