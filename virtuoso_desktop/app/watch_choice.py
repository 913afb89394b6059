"""What the person at the window wants to be watched, written into the settings: there the whole program finds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from virtuoso_desktop.kernel.notices import Severity
from virtuoso_desktop.model.errors import VirtuosoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtuoso_desktop.engine.engine import Engine
    from virtuoso_desktop.engine.live_settings import LiveSettings
    from virtuoso_desktop.kernel.tasks import Supervisor
    from virtuoso_desktop.model.instrument import InstrumentId

INCLUDE, EXCLUDE = "universe.include_symbols", "universe.exclude_symbols"


class WatchChoice:
    """Changes `universe.include_symbols` and `universe.exclude_symbols`, one wish after the other.

    Parameters
    ----------
    settings : LiveSettings
        Where the choice is kept; the engine takes it up from there.
    engine : Engine
        Knows what is watched.
    tasks : Supervisor
        Owns the change, which is written in a worker.
    tell : callable
        Tells a person (severity, part, sentence) why something was refused.
    """

    def __init__(
        self,
        settings: LiveSettings,
        engine: Engine,
        tasks: Supervisor,
        tell: Callable[[Severity, str, str], None],
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._tasks = tasks
        self._tell = tell
        self._wishes: list[tuple[InstrumentId, bool, Callable[[], object]]] = []
        self._is_busy = False

    def choose(self, instrument: InstrumentId, is_wanted: bool, done: Callable[[], object]) -> None:
        """Watch an instrument from now on, or no longer; returns at once. ``done`` is called when it is so."""
        self._wishes.append((instrument, is_wanted, done))
        if not self._is_busy:
            self._is_busy = True
            self._tasks.spawn("app.watch_choice", self._work)

    async def _work(self) -> None:
        try:
            while self._wishes:
                instrument, is_wanted, done = self._wishes.pop(0)
                try:
                    await (self._watch(instrument) if is_wanted else self._unwatch(instrument))
                except VirtuosoError as error:
                    self._tell(Severity.WARNING, "universe", error.user_text)
                else:
                    done()
        finally:
            self._is_busy = False

    async def _watch(self, instrument: InstrumentId) -> None:
        """Out of the excluded; where that is not enough, into the included."""
        excluded = self._settings.current.universe.exclude_symbols
        kept = _without(excluded, instrument)
        if len(kept) < len(excluded):
            await self._write(EXCLUDE, kept)
        if not self._is_chosen(instrument):
            await self._write(INCLUDE, (*self._settings.current.universe.include_symbols, str(instrument)))

    async def _unwatch(self, instrument: InstrumentId) -> None:
        """Out of the included; where the rules choose it all the same, into the excluded."""
        included = self._settings.current.universe.include_symbols
        kept = _without(included, instrument)
        if len(kept) < len(included):
            await self._write(INCLUDE, kept)
        if self._is_chosen(instrument):
            await self._write(EXCLUDE, (*self._settings.current.universe.exclude_symbols, str(instrument)))

    def _is_chosen(self, instrument: InstrumentId) -> bool:
        universe = self._engine.universe
        return universe is not None and any(each.id == instrument for each in universe.instruments)

    async def _write(self, key: str, names: Iterable[str]) -> None:
        await self._settings.change(key, json.dumps(list(names)))


def _without(names: tuple[str, ...], instrument: InstrumentId) -> tuple[str, ...]:
    return tuple(name for name in names if name not in (instrument.symbol, str(instrument)))
