"""Requests to one venue over ccxt's implicit endpoint methods: queued by priority, paced, retried, judged.

ccxt signs nothing, throttles nothing and decides nothing here: it builds the URL, sends and parses the
JSON. Whether an answer is data is the venue's `Judge`'s word, from status, headers and body.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import msgspec

from virtuoso_desktop.exchanges.base import RestState
from virtuoso_desktop.exchanges.lazy_ccxt import ANSWER, CcxtExchange, CcxtVenue, HttpAnswer, load_exchange
from virtuoso_desktop.exchanges.network import Network, failure_words
from virtuoso_desktop.exchanges.request_gate import RequestGate
from virtuoso_desktop.exchanges.rest_health import Breaker, RestHealth
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.tasks import Backoff
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueBlocked, VenueRejected

log = logging.getLogger(__name__)


class VenueAnswer(msgspec.Struct, frozen=True):
    """A successful answer. ``result`` is the venue's raw payload, ``venue_ms`` its clock (None if it told none)."""

    result: Any
    venue_ms: int | None
    round_trip_s: float = 0.0
    """Real seconds from sending to the answer, without the wait for a turn."""
    pause_s: float = 0.0
    """For how long the venue's headers say that nothing more is allowed."""


Judge = Callable[[HttpAnswer, Any], VenueAnswer]
"""From the HTTP answer and its parsed JSON (None if it was none): the answer, or the error that it means."""


class VenueRules(msgspec.Struct, frozen=True):
    """What is the venue's own about requests."""

    exchange: str
    """ccxt's name of the venue, e.g. ``bybit``."""
    judge: Judge
    groups: Mapping[str, str]
    """Group of each endpoint that shares a breaker with others; an absent one is a group of its own."""


class RestSettings(msgspec.Struct, frozen=True):
    """Limits and deadlines of requests, in real seconds."""

    requests_per_s: float = 8.0
    most_at_once: int = 4
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    total_timeout_s: float = 20.0
    keepalive_s: float = 30.0
    tries: int = 3
    first_retry_s: float = 0.5
    most_retry_s: float = 5.0
    first_probe_s: float = 5.0
    """Until the first probe after a group of endpoints was given up."""
    most_probe_s: float = 60.0


class _TimedSession:
    """An aiohttp session whose deadlines are ours: ccxt knows only one number for all of them."""

    def __init__(self, session: Any, timeout: Any) -> None:
        self._session = session
        self._timeout = timeout
        self.headers = session.headers

    def get(self, url: Any, **options: Any) -> Any:
        return self._session.get(url, **{**options, "timeout": self._timeout})

    async def close(self) -> None:
        await self._session.close()


class RestClient:
    """Key-less requests to one endpoint of one venue.

    Parameters
    ----------
    rules : VenueRules
        The venue's rules about answers.
    endpoint : str
        Scheme and host, ``https://api.bybit.com``.
    network : Network
        Proxy and certificates.
    metrics : LinkMetrics
        Counts requests.
    settings : RestSettings
        Limits and deadlines.
    """

    def __init__(
        self,
        rules: VenueRules,
        endpoint: str,
        network: Network,
        metrics: LinkMetrics,
        settings: RestSettings,
    ) -> None:
        self._exchange_name = rules.exchange
        self._endpoint = endpoint.rstrip("/")
        self._judge = rules.judge
        self._groups = rules.groups
        self._network = network
        self._metrics = metrics
        self._settings = settings
        self._gate = RequestGate(settings.requests_per_s, settings.most_at_once)
        self._backoff = Backoff(settings.first_retry_s, settings.most_retry_s)
        self._opening = asyncio.Lock()
        self._venue: CcxtVenue | None = None
        self._exchange: CcxtExchange | None = None
        self._session: _TimedSession | None = None
        self._health = RestHealth(Backoff(settings.first_probe_s, settings.most_probe_s).wait_s)
        self._guessed_pauses = 0
        """Pauses in a row for which the venue named no time."""
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """Requests that have not been sent yet."""
        return self._gate.waiting

    async def load(self) -> None:
        """Import ccxt now rather than with the first request."""
        await self._open()

    async def call(self, endpoint: str, params: Mapping[str, Any], *, priority: int) -> VenueAnswer:
        """Ask, again if trying again may help, and judge.

        Parameters
        ----------
        endpoint : str
            ccxt's implicit method, e.g. ``public_get_v5_market_kline``.
        params : mapping
            Sent as they are: values with reserved characters must be percent-encoded.
        priority : int
            See `RequestPriority`.

        Raises
        ------
        LinkError, RateLimited, VenueRejected, ParseError
            After the last try.
        """
        breaker = self._health.breaker(self._groups.get(endpoint, endpoint))
        tries = 0
        while True:
            tries += 1
            self._refuse(breaker)
            async with self._gate.turn(priority):
                self._refuse(breaker)
                outcome = await self._ask_once(endpoint, params, breaker)
            if isinstance(outcome, VenueAnswer):
                return outcome
            wait_s = self._wait_s(outcome, tries)
            if tries >= self._settings.tries or wait_s > self._settings.most_retry_s:
                raise outcome
            log.info("%s: %s; again in %.1f s", self._exchange_name, outcome.user_text, wait_s)
            await asyncio.sleep(wait_s)

    @property
    def state(self) -> RestState:
        """How requests fare now."""
        return self._health.state(time.monotonic())  # the loops' own clock, without one

    @property
    def slowness(self) -> int:
        """By how much the venue's refusals have slowed requests down: 1 is full pace."""
        return self._gate.slowness

    def retry_now(self) -> None:
        """Probe at once what was given up, but for a ban."""
        self._health.retry_now()

    async def _ask_once(self, endpoint: str, params: Mapping[str, Any], breaker: Breaker) -> VenueAnswer | LinkError:
        """One request, and what it says about the venue's health; a fault that may pass is returned."""
        self._health.begin()
        breaker.begin()
        try:
            answer = await self._ask(endpoint, params)
        except LinkError as error:
            self._metrics.requests_failed += 1
            if not isinstance(error, RateLimited):
                breaker.failed(error, asyncio.get_running_loop().time())
            return error
        except (ParseError, VenueRejected):
            self._metrics.requests_failed += 1
            self._well(breaker)
            raise
        finally:
            self._health.ended()
            breaker.ended()
        self._well(breaker)
        if answer.pause_s:
            self._gate.pause(answer.pause_s)
        return answer

    def _well(self, breaker: Breaker) -> None:
        self._health.succeeded(asyncio.get_running_loop().time())
        breaker.succeeded()
        self._guessed_pauses = 0

    async def close(self) -> None:
        """Drop connections and what is in flight; every later call is refused."""
        self._is_closed = True
        session, exchange = self._session, self._exchange
        self._session = self._exchange = None
        if session is not None:
            await session.close()
        if exchange is not None:
            await exchange.close()

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise LinkError("Nothing is asked any more: the program is stopping.")

    def _refuse(self, breaker: Breaker) -> None:
        self._refuse_when_closed()
        now_s = asyncio.get_running_loop().time()
        self._health.refuse_while_stopped(now_s)
        left_s = breaker.refusal_s(now_s)
        if left_s is not None:
            why = f" {breaker.newest.user_text}" if breaker.newest is not None else ""
            name = self._exchange_name.capitalize()
            raise RateLimited(
                f"Requests of this kind to {name} failed again and again and pause for {left_s:.0f} s.{why}",
                retry_after_s=left_s,
            )

    def _wait_s(self, error: LinkError, tries: int) -> float:
        """How long to wait before another try; a pause that the venue asks for holds for all requests."""
        if not isinstance(error, RateLimited):
            return self._backoff.wait_s(tries)
        most_s = self._settings.most_retry_s
        if isinstance(error, VenueBlocked) or error.retry_after_s > most_s:
            self._health.stop(error, asyncio.get_running_loop().time())
            return error.retry_after_s
        wait_s = error.retry_after_s
        if not error.is_told:
            wait_s = min(most_s, wait_s * 2.0**self._guessed_pauses)
            self._guessed_pauses += 1
        self._gate.halve()
        self._gate.pause(wait_s)
        return wait_s

    async def _ask(self, endpoint: str, params: Mapping[str, Any]) -> VenueAnswer:
        venue, exchange = await self._open()
        answer = HttpAnswer()
        token = ANSWER.set(answer)
        self._metrics.requests += 1
        payload: Any = None
        failure: Exception | None = None
        sent_s = perf_counter()
        try:
            payload = await getattr(exchange, endpoint)(dict(params))
        except venue.base_error as error:
            failure = error
        finally:
            ANSWER.reset(token)
        if answer.status is None:
            name = self._exchange_name.capitalize()
            raise LinkError(f"The request to {name} failed: {_cause_words(failure)}. It can be repeated.")
        if failure is not None:
            payload = _as_json(answer.body)
        judged = self._judge(answer, payload if isinstance(payload, dict) else None)
        return msgspec.structs.replace(judged, round_trip_s=perf_counter() - sent_s)

    async def _open(self) -> tuple[CcxtVenue, CcxtExchange]:
        async with self._opening:
            self._refuse_when_closed()
            if self._venue is None:
                self._venue = await load_exchange(self._exchange_name)
            if self._exchange is None:
                self._exchange = await self._create(self._venue)
            return self._venue, self._exchange

    async def _create(self, venue: CcxtVenue) -> CcxtExchange:
        import aiohttp  # 150 ms; `load_exchange` has imported it in the worker

        settings = self._settings
        is_secure = self._endpoint.startswith("https:")
        tls = await self._network.tls() if is_secure else False
        connector = aiohttp.TCPConnector(
            ssl=tls,
            limit=settings.most_at_once,
            limit_per_host=settings.most_at_once,
            keepalive_timeout=settings.keepalive_s,
        )
        timeout = aiohttp.ClientTimeout(
            total=settings.total_timeout_s, connect=settings.connect_timeout_s, sock_read=settings.read_timeout_s
        )
        self._session = _TimedSession(aiohttp.ClientSession(connector=connector, trust_env=False), timeout)
        exchange = venue.create(session=self._session)
        exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], self._endpoint)
        exchange.ssl_context = tls
        exchange.aiohttp_proxy = self._network.proxy_for(self._endpoint)
        exchange.timeout_on_exit = 0
        return exchange


# aiohttp's classes by name: this module loads before aiohttp does.
_HTTP_FAULTS = {
    "ClientPayloadError": "the answer was cut short",
    "ServerDisconnectedError": "the exchange closed the connection",
    "ClientResponseError": "the answer is no HTTP",
    "ClientHttpProxyError": "the proxy refused the connection",
}


def _cause_words(failure: Exception | None) -> str:
    cause = failure.__cause__ if failure is not None else None
    words = _HTTP_FAULTS.get(type(cause).__name__)
    return words or failure_words(getattr(cause, "os_error", None) or cause or failure)


def _as_json(body: str) -> Any:
    """What ccxt had parsed before it raised; None for what is no JSON."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
