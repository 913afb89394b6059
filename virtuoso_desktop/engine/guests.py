"""Instruments that are looked at without being watched: they are watched while they are shown, and no longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from virtuoso_desktop.engine.universe import RememberedUniverse, is_traded
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.instrument import Instrument, InstrumentId


class Desk(Protocol):
    """What guests need of the running engine."""

    watched_changed: Signal[tuple[InstrumentId, ...]]

    @property
    def universe(self) -> RememberedUniverse | None: ...

    def watched(self) -> tuple[Instrument, ...]: ...

    def watch(self, instruments: Iterable[Instrument]) -> None: ...

    def unwatch(self, instrument_id: InstrumentId) -> None: ...


class Guests:
    """The guest of one engine: at most one, since one instrument is shown.

    Parameters
    ----------
    desk : Desk
        The engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looked_at: InstrumentId | None = None

    @property
    def guest(self) -> InstrumentId | None:
        """What is shown and not chosen to be watched; perhaps the venue has not named it yet."""
        return None if self._looked_at is None or self._is_chosen(self._looked_at) else self._looked_at

    def look(self, instrument_id: InstrumentId, listed: Mapping[InstrumentId, Instrument]) -> None:
        """The user looks at an instrument: it is watched, and the guest before it leaves.

        Before there is a universe nobody is a guest: what is looked at then becomes a part of it.
        """
        before = self.guest
        if self._desk.universe is None or instrument_id == before:
            return
        self._looked_at = instrument_id
        instrument = listed.get(instrument_id)
        if self.guest is not None and instrument is not None and is_traded(instrument):
            self._desk.watch([instrument])
        if before is not None:
            self._desk.unwatch(before)

    def among(self, listed: Mapping[InstrumentId, Instrument]) -> tuple[Instrument, ...]:
        """The guest as the venue lists it now; without it there, nobody is a guest any more."""
        guest = self.guest
        instrument = listed.get(guest) if guest is not None else None
        if instrument is None or not is_traded(instrument):
            self._looked_at = None
            if guest is not None:  # a face that waits for it has to show something else
                self._desk.watched_changed.emit(tuple(each.id for each in self._desk.watched()))
            return ()
        return (instrument,)

    def _is_chosen(self, instrument_id: InstrumentId) -> bool:
        universe = self._desk.universe
        return universe is not None and any(each.id == instrument_id for each in universe.instruments)
