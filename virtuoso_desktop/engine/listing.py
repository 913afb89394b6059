"""Keeps the universe true to what the venue lists: chosen once a day, reviewed often, and at once on suspicion.

An instrument that left trade is dropped, one whose grid changed starts anew, new ones are named.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterable
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from virtuoso_desktop.engine.links import LinkBoard
from virtuoso_desktop.engine.live_settings import ChangeRefused
from virtuoso_desktop.engine.universe import (
    UNIVERSE_LIFE_MS,
    RememberedUniverse,
    choose_universe,
    is_traded,
    kept_universe,
    may_fit,
    names,
)
from virtuoso_desktop.exchanges.base import Adapter
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.tasks import Backoff
from virtuoso_desktop.model.errors import VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.settings.schema import UniverseSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtuoso_desktop.engine.guests import Guests

CONNECT_BACKOFF = Backoff(first_s=1.0, most_s=15.0)
REVIEW_EVERY_S = 900.0
REVIEW_GAP_S = 60.0
"""Suspicions do not make reviews more frequent than this."""
MOST_NAMED = 5


class Desk(Protocol):
    """What the keeper needs of the running engine."""

    notices: NoticeBoard
    guests: Guests

    @property
    def shown_instrument(self) -> InstrumentId | None: ...

    def watched(self) -> tuple[Instrument, ...]: ...

    def watch(self, instruments: Iterable[Instrument]) -> None: ...

    def unwatch(self, instrument_id: InstrumentId) -> None: ...

    async def measure_clock(self) -> None:
        """Raises what the adapter raises."""
        ...


class ListingTimes(NamedTuple):
    """Real seconds between reviews: as a rule, and at least."""

    every_s: float = REVIEW_EVERY_S
    gap_s: float = REVIEW_GAP_S


class ListingKeeper:
    """Chooses what is watched and keeps it so.

    Parameters
    ----------
    desk : Desk
        The engine.
    adapter : Adapter
        The venue.
    wanted : UniverseSettings
        What the user wants to watch.
    board : LinkBoard
        Told while the venue cannot be asked; knows venue time.
    clock : Clock
        Its rate turns the universe's life into real seconds.
    times : ListingTimes
        How often the list is looked at.
    """

    def __init__(
        self,
        desk: Desk,
        adapter: Adapter,
        wanted: UniverseSettings,
        board: LinkBoard,
        clock: Clock,
        times: ListingTimes | None = None,
    ) -> None:
        self._desk = desk
        self._adapter = adapter
        self._wanted = wanted
        self._board = board
        self._clock = clock
        self._times = times or ListingTimes()
        self._known: frozenset[InstrumentId] | None = None
        """What was traded at the last look of this run."""
        self._ends_told: set[tuple[InstrumentId, int]] = set()
        self._known_kinds: frozenset[MarketKind] = frozenset()
        self._chosen_by = wanted
        """The wishes by which `universe` was chosen."""
        self._suspicion = asyncio.Event()
        self._wish = asyncio.Event()
        self._retry_asked = asyncio.Event()
        self.universe: RememberedUniverse | None = None
        self.listed: Mapping[InstrumentId, Instrument] = MappingProxyType({})
        """What the venue named at the last look, in trade or not."""
        self.reviews = 0

    def remember(self, universe: RememberedUniverse) -> None:
        """Begin with the universe of the previous run, before the venue has answered."""
        self.universe = universe
        self._desk.watch(universe.instruments)

    def want(self, wanted: UniverseSettings) -> None:
        """Watch by other wishes from now on; the universe is chosen anew at once.

        Raises
        ------
        ChangeRefused
            It names what the venue does not have.
        """
        foreign = [venue.value for venue in wanted.venues if venue is not self._adapter.venue]
        if foreign:
            raise ChangeRefused(f"{', '.join(foreign)} is not connected in this run.")
        if self._known is not None and self._known_kinds >= set(wanted.kinds):
            listed = {name for each in self._known for name in (each.symbol, str(each))}
            unknown = [name for name in wanted.include_symbols if name not in listed]
            if unknown:
                raise ChangeRefused(f"{self._board.venue.capitalize()} does not list {', '.join(unknown)}.")
        before, self._wanted = self._wanted, wanted
        if self.universe is not None and self.listed and before == self._chosen_by and _differ_in_names(before, wanted):
            self._take_names(self.universe, before)
            return
        self._wish.set()
        self._suspicion.set()

    def _take_names(self, universe: RememberedUniverse, before: UniverseSettings) -> None:
        """Only single instruments came or left: nothing has to be asked, and all others stay."""
        wanted = self._wanted
        gone = set(wanted.exclude_symbols) | (set(before.include_symbols) - set(wanted.include_symbols))
        back = set(before.exclude_symbols) - set(wanted.exclude_symbols)
        kept = [each for each in universe.instruments if not names(each) & gone]
        known = {each.id for each in kept}
        come = [
            each
            for each in self.listed.values()
            if each.id not in known
            and is_traded(each)
            and not names(each) & set(wanted.exclude_symbols)
            and (names(each) & set(wanted.include_symbols) or (names(each) & back and may_fit(each, wanted)))
        ]
        self.universe = RememberedUniverse(universe.as_of_ms, (*kept, *come))
        self._chosen_by = wanted
        self._apply(self.universe.instruments)

    def retry_now(self) -> None:
        """Ask a venue that did not answer without waiting any longer."""
        self._retry_asked.set()

    def suspect(self) -> None:
        """Something looks as if an instrument had left trade or changed: look at the list soon."""
        self._suspicion.set()

    async def run(self) -> None:
        """Review for ever."""
        failures = 0
        while True:
            self._suspicion.clear()
            self._wish.clear()
            try:
                if self._known is None:
                    await self._desk.measure_clock()
                await self._review()
            except VirtuosoError as error:
                failures += 1
                wait_s = CONNECT_BACKOFF.wait_s(failures)
                if self._known is None:
                    retry_ms = self._board.now_ms() + round(wait_s * self._clock.rate * 1000)
                    self._board.fail(error.user_text, retry_ms)
                    if failures == 1:
                        self._desk.notices.post(Severity.WARNING, f"{self._board.venue}.rest", error.user_text)
                self._retry_asked.clear()
                await _set_within(self._retry_asked, wait_s)
            else:
                failures = 0
                self._board.fail(None)
                await self._wait()

    async def _wait(self) -> None:
        """Until the next regular review, or a suspicion, but never too soon; a wish is heard at once."""
        await _set_within(self._wish, self._times.gap_s)
        life_s = UNIVERSE_LIFE_MS / 1000 / self._clock.rate
        await _set_within(self._suspicion, max(0.0, min(self._times.every_s, life_s) - self._times.gap_s))

    async def _review(self) -> None:
        wanted = self._wanted
        kinds = [kind for kind in MarketKind if kind in wanted.kinds]
        pages = [await self._adapter.instruments(kind) for kind in kinds]
        listed = [instrument for page in pages for instrument in page]
        traded = [instrument for instrument in listed if is_traded(instrument)]
        chosen = await self._choose(traded, wanted)
        if not chosen:
            self._desk.notices.post(
                Severity.ERROR,
                "universe",
                "No instrument fits the settings under `universe`, so nothing is watched. "
                "Lower min_24h_volume or add symbols to include_symbols.",
            )
        self.listed = {instrument.id: instrument for instrument in listed}
        self._tell_new(traded)
        self._known = frozenset(instrument.id for instrument in traded)
        self._known_kinds = frozenset(kinds)
        self._apply(chosen)
        self.reviews += 1

    async def _choose(self, traded: list[Instrument], wanted: UniverseSettings) -> tuple[Instrument, ...]:
        """The universe kept, or a new one once a day and by a new wish; the shown instrument stays in either."""
        now_ms = self._board.now_ms()
        shown = self._desk.shown_instrument
        is_guest = shown is not None and shown == self._desk.guests.guest
        is_kept = shown is not None and not is_guest and not {shown.symbol, str(shown)} & set(wanted.exclude_symbols)
        always = [shown] if shown is not None and is_kept else []
        is_young = self.universe is not None and 0 <= now_ms - self.universe.as_of_ms < UNIVERSE_LIFE_MS
        if self.universe is not None and is_young and self._chosen_by == wanted:
            as_of_ms = self.universe.as_of_ms
            chosen = kept_universe(self.universe, traded, always)
            included = set(wanted.include_symbols)
            chosen += tuple(each for each in traded if names(each) & included and each not in chosen)
        else:
            as_of_ms = now_ms
            tickers = [ticker for kind in wanted.kinds for ticker in await self._adapter.tickers(kind)]
            chosen = choose_universe(traded, tickers, wanted)
            chosen += tuple(each for each in traded if each.id in always and each not in chosen)
        self.universe = RememberedUniverse(as_of_ms, chosen)
        self._chosen_by = wanted
        return chosen

    def _apply(self, chosen: tuple[Instrument, ...]) -> None:
        guests = self._desk.guests.among(self.listed)
        wanted = {instrument.id: instrument for instrument in (*chosen, *guests)}
        for instrument in self._desk.watched():
            now = wanted.get(instrument.id)
            if now is None:
                self._drop(instrument, self.listed.get(instrument.id))
            elif (now.tick_size, now.lot_step) != (instrument.tick_size, instrument.lot_step):
                self._tell(
                    Severity.INFO,
                    f"{instrument.symbol}: the exchange changed the steps of price and size from "
                    f"{instrument.tick_size} and {instrument.lot_step} to {now.tick_size} and {now.lot_step}. "
                    "Its candles and order books are loaded anew.",
                )
        for instrument in chosen:
            self._tell_end(instrument)
        self._desk.watch((*chosen, *guests))

    def _drop(self, instrument: Instrument, listed: Instrument | None) -> None:
        is_asked = instrument.id.market_kind in self._known_kinds
        if is_asked and (listed is None or not is_traded(listed)):
            why = "it is no longer listed" if listed is None else f"its status is {listed.status}"
            self._tell(
                Severity.WARNING,
                f"{instrument.symbol} ({instrument.id.market_kind.value}) is no longer traded: {why}. "
                "It is not watched any more; everything else goes on.",
            )
        self._desk.unwatch(instrument.id)

    def _tell_end(self, instrument: Instrument) -> None:
        """A perpetual that gets a delivery time will be delisted then."""
        key = (instrument.id, instrument.delivery_ms or 0)
        if instrument.delivery_ms is None or key in self._ends_told:
            return
        self._ends_told.add(key)
        moment = dt.datetime.fromtimestamp(instrument.delivery_ms / 1000, dt.UTC)
        self._tell(
            Severity.WARNING,
            f"{instrument.symbol} will be delisted at {moment:%Y-%m-%d %H:%M} UTC; it is watched until then.",
        )

    def _tell_new(self, traded: list[Instrument]) -> None:
        if self._known is None:
            return
        new = [
            each.symbol
            for each in traded
            if each.id.market_kind in self._known_kinds and each.id not in self._known and may_fit(each, self._wanted)
        ]
        if new:
            more = f" and {len(new) - MOST_NAMED} more" if len(new) > MOST_NAMED else ""
            self._tell(
                Severity.INFO,
                f"New at {self._board.venue.capitalize()}: {', '.join(new[:MOST_NAMED])}{more}. The universe is chosen "
                "once a day; a symbol under universe.include_symbols is watched at once.",
            )

    def _tell(self, severity: Severity, user_text: str) -> None:
        self._desk.notices.post(severity, f"{self._board.venue}.listing", user_text)


def _differ_in_names(before: UniverseSettings, after: UniverseSettings) -> bool:
    """Whether two wishes differ, and only in the instruments that they name."""
    update = {"include_symbols": after.include_symbols, "exclude_symbols": after.exclude_symbols}
    return before != after and before.model_copy(update=update) == after


async def _set_within(event: asyncio.Event, wait_s: float) -> None:
    """Wait until an event is set, or for too long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await event.wait()
