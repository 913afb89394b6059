"""Why there are no data: the checks in order, so that the first cause is named and what follows from it is not.

One request for the time, one for the status, one stream with one topic: no more, since a venue that has banned this
address counts each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter

import msgspec

from virtuoso_desktop.exchanges import diagnosis
from virtuoso_desktop.exchanges.base import Maintenance
from virtuoso_desktop.exchanges.diagnosis import Cause, Check, Finding, Refusal, Verdict, Words
from virtuoso_desktop.exchanges.inquiry import Inquiry, Surroundings, VenueProbe
from virtuoso_desktop.exchanges.way import Target, Way
from virtuoso_desktop.model.errors import ParseError

Own = Callable[[], Words | str]
"""A check of this computer, run in a worker: what is wrong, or what is well."""
Tell = Callable[[Finding], None]


class Doctor:
    """Examines the way to one venue, once.

    Parameters
    ----------
    around : Surroundings
        Endpoints, proxy, clock, deadlines.
    probe : VenueProbe
        What to ask.
    before, after : dict of Check to callable
        Checks of this computer, before and after those of the network.
    """

    def __init__(
        self,
        around: Surroundings,
        probe: VenueProbe,
        before: dict[Check, Own] | None = None,
        after: dict[Check, Own] | None = None,
    ) -> None:
        self._around = around
        self._probe = probe
        self._before = before or {}
        self._after = after or {}
        self._way = Way(around.network, around.resolve, around.times)
        self._rest = Target(around.rest_endpoint, around.network.proxy_for(around.rest_endpoint))
        self._stream = Target(around.ws_endpoint, around.network.proxy_for(around.ws_endpoint))
        if (self._rest.host, self._rest.port) == (self._stream.host, self._stream.port):
            self._stream = self._rest
        self._targets = list(dict.fromkeys((self._rest, self._stream)))
        self._direct = [target for target in self._targets if target.proxy is None]
        self._inquiry = Inquiry(around, probe, self._rest, self._stream)
        self._refusal: Refusal | None = None
        """What the requests brought instead of data."""
        self._maintenance: list[Maintenance] | None = None
        self._offset_ms: float | None = None
        self._steps: dict[Check, Callable[[], Awaitable[Finding]]] = {
            Check.PROXY: self._check_proxy,
            Check.NAME: self._check_names,
            Check.CONNECTION: self._check_connections,
            Check.CERTIFICATE: self._check_certificates,
            Check.REQUESTS: self._check_requests,
            Check.CLOCK: self._check_clock,
            Check.MAINTENANCE: self._check_maintenance,
            Check.STREAM: self._check_stream,
        }

    @property
    def checks(self) -> tuple[Check, ...]:
        """What will be told, in order."""
        return (*self._before, *self._steps, *self._after)

    async def examine(self, tell: Tell) -> list[Finding]:
        """Run every check; ``tell`` is called with each result as it comes."""
        found: list[Finding] = []

        def note(finding: Finding, begun_s: float) -> None:
            finding = msgspec.structs.replace(finding, took_ms=round((perf_counter() - begun_s) * 1000))
            found.append(finding)
            tell(finding)

        for check, own in self._before.items():
            begun_s = perf_counter()
            note(_own(check, await asyncio.to_thread(own)), begun_s)
        try:
            for step in self._steps.values():
                begun_s = perf_counter()
                note(await step(), begun_s)
        finally:
            await self._inquiry.close()
        for check, own in self._after.items():
            begun_s = perf_counter()
            note(_own(check, await asyncio.to_thread(own)), begun_s)
        return found

    # --- the way -------------------------------------------------------------------------------------------------

    async def _check_proxy(self) -> Finding:
        behind = [target for target in self._targets if target.proxy is not None]
        if not behind:
            return Finding(Check.PROXY, Verdict.SKIPPED, "No proxy is set.")
        finding = await self._check_each(Check.PROXY, behind, self._way.through_proxy, "can be reached through it.")
        if finding.verdict is Verdict.FAULT:
            for target in behind:
                target.is_lost = True
        return finding

    async def _check_names(self) -> Finding:
        if not self._direct:
            return self._left_to_proxy(Check.NAME)
        failed = [target for target in self._direct if await self._way.look_up(target) is not None]
        for target in failed:
            target.is_lost = True
        if failed:
            is_all = len(failed) == len(self._direct)
            return _fault(Check.NAME, diagnosis.no_name([each.host for each in failed], is_all))
        for target in self._direct:
            if target.host not in ("localhost", *target.addresses) and diagnosis.is_filtered(target.addresses):
                target.is_lost = True
                return _fault(Check.NAME, diagnosis.filtered_name(target.host))
        return Finding(Check.NAME, Verdict.OK, f"{_hosts(self._direct)} found.")

    async def _check_connections(self) -> Finding:
        if not self._direct:
            return self._left_to_proxy(Check.CONNECTION)
        return await self._check_each(Check.CONNECTION, self._direct, self._connection_words, "can be reached.")

    async def _connection_words(self, target: Target) -> Words | None:
        error = await self._way.connect(target)
        if error is None:
            return None
        return diagnosis.no_connection(target.host, target.port, error, self._around.environment_proxy)

    async def _check_certificates(self) -> Finding:
        secure = [target for target in self._targets if target.is_secure]
        if not secure:
            return Finding(Check.CERTIFICATE, Verdict.SKIPPED, "Not used: the connection is not encrypted.")
        direct = [target for target in secure if target.proxy is None]
        if not direct:
            if all(target.is_lost for target in secure):
                return _follows(Check.CERTIFICATE)
            return Finding(Check.CERTIFICATE, Verdict.SKIPPED, "Checked with the requests, through the proxy.")
        return await self._check_each(Check.CERTIFICATE, direct, self._way.secure, "trusted.")

    async def _check_each(
        self,
        check: Check,
        targets: Sequence[Target],
        words_of: Callable[[Target], Awaitable[Words | None]],
        well: str,
    ) -> Finding:
        """One step for every host that got so far; the first fault is told."""
        left = [target for target in targets if not target.is_lost]
        if not left:
            return _follows(check)
        first: Words | None = None
        for target in left:
            words = await words_of(target)
            if words is not None:
                target.is_lost = True
                first = first or words
        return _fault(check, first) if first is not None else Finding(check, Verdict.OK, f"{_hosts(left)} {well}")

    def _left_to_proxy(self, check: Check) -> Finding:
        if self._rest.is_lost:
            return _follows(check)
        return Finding(check, Verdict.SKIPPED, "Done by the proxy.")

    # --- requests ------------------------------------------------------------------------------------------------

    async def _check_requests(self) -> Finding:
        if self._rest.is_lost:
            return _follows(Check.REQUESTS)
        if self._around.known_refusal is not None:
            self._refusal = self._around.known_refusal
            return _fault(Check.REQUESTS, self._refusal.words)
        asked = await self._inquiry.ask(self._probe.time_path)
        if isinstance(asked, Words):
            self._rest.is_lost = True
            if self._stream.proxy is not None and self._stream.proxy == self._rest.proxy:
                self._stream.is_lost = True  # what the proxy does to the one it does to the other
            return _fault(Check.REQUESTS, asked)
        result = self._inquiry.result_of(asked)
        if not isinstance(result, Refusal):
            try:
                venue_ms = self._probe.read_time(result)
            except ParseError:
                result = diagnosis.refused_code(self._rest.host, 0, "no time")
            else:
                self._offset_ms = venue_ms - (asked.sent_ms + asked.received_ms) / 2
                took = f"{asked.received_ms - asked.sent_ms} ms"
                return Finding(Check.REQUESTS, Verdict.OK, f"{self._probe.name} answers within {took}.")
        self._refusal = result
        if result.cause is Cause.DOWN and self._is_ongoing(await self._ask_maintenance()):
            return Finding(
                Check.REQUESTS, Verdict.FOLLOWS, f"{self._probe.name} answers nothing during its maintenance."
            )
        return _fault(Check.REQUESTS, result.words)

    async def _check_clock(self) -> Finding:
        if self._offset_ms is None:
            return _follows(Check.CLOCK)
        if abs(self._offset_ms) > diagnosis.CLOCK_TOLERANCE_MS:
            return _fault(Check.CLOCK, diagnosis.wrong_clock(self._offset_ms, self._probe.name))
        shown = f"{abs(self._offset_ms) / 1000:.1f} s"
        return Finding(
            Check.CLOCK, Verdict.OK, f"This computer's clock agrees with {self._probe.name}'s within {shown}."
        )

    async def _check_maintenance(self) -> Finding:
        is_told = self._refusal is not None and self._refusal.cause is not Cause.DOWN
        if self._rest.is_lost or is_told:
            return _follows(Check.MAINTENANCE)
        announced = await self._ask_maintenance()
        if announced is None:
            return Finding(Check.MAINTENANCE, Verdict.SKIPPED, f"{self._probe.name} does not tell.")
        ongoing = next((each for each in announced if each.is_ongoing), None)
        if ongoing is not None:
            until = "" if ongoing.end_ms is None else f", until {_utc(ongoing.end_ms)}"
            return _fault(
                Check.MAINTENANCE,
                Words(
                    f"{self._probe.name} is under maintenance ({ongoing.title}{until}).",
                    "Nothing is wrong here: wait, Virtuoso connects again by itself.",
                ),
            )
        if announced:
            says = f"{self._probe.name} announces maintenance at {_utc(announced[0].begin_ms)}."
            return Finding(Check.MAINTENANCE, Verdict.OK, says)
        return Finding(Check.MAINTENANCE, Verdict.OK, f"{self._probe.name} announces none.")

    async def _ask_maintenance(self) -> list[Maintenance] | None:
        """What the venue announces, asked once; None when it does not tell."""
        if self._maintenance is None:
            asked = await self._inquiry.ask(self._probe.status_path)
            result = None if isinstance(asked, Words) else self._inquiry.result_of(asked)
            if result is None or isinstance(result, Refusal):
                return None
            try:
                self._maintenance = self._probe.read_maintenance(result)
            except ParseError:
                return None
        return self._maintenance

    @staticmethod
    def _is_ongoing(announced: list[Maintenance] | None) -> bool:
        return any(each.is_ongoing for each in announced or ())

    # --- stream --------------------------------------------------------------------------------------------------

    async def _check_stream(self) -> Finding:
        if self._stream.is_lost:
            return _follows(Check.STREAM)
        host = self._stream.host
        if self._is_ongoing(self._maintenance):
            return Finding(Check.STREAM, Verdict.FOLLOWS, "Not tried during the maintenance.")
        begun_s = perf_counter()
        refusal = await self._inquiry.open_stream()
        if refusal is None:
            took = f"{perf_counter() - begun_s:.1f} s"
            return Finding(Check.STREAM, Verdict.OK, f"{host} brought its first data after {took}.")
        if self._refusal is not None and self._refusal.cause is refusal.cause:
            return Finding(Check.STREAM, Verdict.FOLLOWS, f"{host} brings no data for the reason named above.")
        return _fault(Check.STREAM, refusal.words)


def _hosts(targets: Sequence[Target]) -> str:
    return " and ".join(dict.fromkeys(target.host for target in targets))


def _own(check: Check, outcome: Words | str) -> Finding:
    return _fault(check, outcome) if isinstance(outcome, Words) else Finding(check, Verdict.OK, outcome)


def _fault(check: Check, words: Words) -> Finding:
    return Finding(check, Verdict.FAULT, words.says, words.next_step)


def _follows(check: Check) -> Finding:
    return Finding(check, Verdict.FOLLOWS, "Not tried, because of the above.")


def _utc(time_ms: int) -> str:
    import datetime as dt

    return f"{dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC):%Y-%m-%d %H:%M} UTC"
