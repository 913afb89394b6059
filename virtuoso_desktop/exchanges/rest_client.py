"""Requests to one venue over ccxt's implicit endpoint methods: queued by priority, paced, retried, judged.

ccxt signs nothing, throttles nothing and decides nothing here: it builds the URL, sends and parses the
JSON. Whether an answer is data is the venue's `Judge`'s word, from status, headers and body.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count
from time import perf_counter
from typing import Any

import msgspec

from virtuoso_desktop.exchanges.lazy_ccxt import ANSWER, CcxtExchange, CcxtVenue, HttpAnswer, load_exchange
from virtuoso_desktop.exchanges.network import Network, failure_words
from virtuoso_desktop.kernel.metrics import LinkMetrics
from virtuoso_desktop.kernel.tasks import Backoff
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueRejected

log = logging.getLogger(__name__)


class VenueAnswer(msgspec.Struct, frozen=True):
    """A successful answer. ``result`` is the venue's raw payload, ``venue_ms`` its clock (None if it told none)."""

    result: Any
    venue_ms: int | None
    round_trip_s: float = 0.0
    """Real seconds from sending to the answer, without the wait for a turn."""


Judge = Callable[[HttpAnswer, Any], VenueAnswer]
"""From the HTTP answer and its parsed JSON (None if it was none): the answer, or the error that it means."""


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


class RequestGate:
    """Lets waiting requests through by priority: so many a second, so many at once, none while paused.

    Starts are spaced evenly, since a burst is what venues refuse.

    Parameters
    ----------
    per_s : float
        Most starts in one second.
    most_at_once : int
        Most requests between start and end.
    """

    def __init__(self, per_s: float, most_at_once: int) -> None:
        self._interval_s = 1.0 / per_s
        self._most_at_once = most_at_once
        self._running = 0
        self._next_start_s = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Requests that have not started."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    @asynccontextmanager
    async def turn(self, priority: int) -> AsyncGenerator[None, None]:
        """Wait for a turn; lower priorities go first."""
        turn = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (priority, next(self._order), turn))
        self._let_through()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had just been let through
                self._end()
            raise
        try:
            yield
        finally:
            self._end()

    def pause(self, pause_s: float) -> None:
        """Start nothing for ``pause_s``."""
        self._next_start_s = max(self._next_start_s, asyncio.get_running_loop().time() + pause_s)

    def _end(self) -> None:
        self._running -= 1
        self._let_through()

    def _let_through(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0][2].done():
            heappop(self._waiting)
        if not self._waiting or self._running >= self._most_at_once:
            return
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if now_s < self._next_start_s:
            self._timer = loop.call_at(self._next_start_s, self._let_through)
            return
        self._next_start_s = now_s + self._interval_s
        self._running += 1
        heappop(self._waiting)[2].set_result(None)
        self._let_through()


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
    exchange : str
        ccxt's name of the venue, e.g. ``bybit``.
    endpoint : str
        Scheme and host, ``https://api.bybit.com``.
    judge : Judge
        The venue's rules about answers.
    network : Network
        Proxy and certificates.
    metrics : LinkMetrics
        Counts requests.
    settings : RestSettings
        Limits and deadlines.
    """

    def __init__(
        self,
        exchange: str,
        endpoint: str,
        judge: Judge,
        network: Network,
        metrics: LinkMetrics,
        settings: RestSettings,
    ) -> None:
        self._exchange_name = exchange
        self._endpoint = endpoint.rstrip("/")
        self._judge = judge
        self._network = network
        self._metrics = metrics
        self._settings = settings
        self._gate = RequestGate(settings.requests_per_s, settings.most_at_once)
        self._backoff = Backoff(settings.first_retry_s, settings.most_retry_s)
        self._opening = asyncio.Lock()
        self._venue: CcxtVenue | None = None
        self._exchange: CcxtExchange | None = None
        self._session: _TimedSession | None = None
        self._stopped_until_s = 0.0
        self._stop_words = ""
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
        tries = 0
        while True:
            tries += 1
            self._refuse_while_stopped()
            try:
                async with self._gate.turn(priority):
                    self._refuse_while_stopped()
                    return await self._ask(endpoint, params)
            except LinkError as error:
                self._metrics.requests_failed += 1
                wait_s = self._wait_s(error, tries)
                if tries >= self._settings.tries or wait_s > self._settings.most_retry_s:
                    raise
                log.info("%s: %s; again in %.1f s", self._exchange_name, error.user_text, wait_s)
            except (ParseError, VenueRejected):
                self._metrics.requests_failed += 1
                raise
            await asyncio.sleep(wait_s)

    def stop_for(self, pause_s: float, words: str) -> None:
        """Send nothing for ``pause_s``; every call is refused with ``words`` meanwhile."""
        self._stopped_until_s = asyncio.get_running_loop().time() + pause_s
        self._stop_words = words

    async def close(self) -> None:
        """Drop connections and what is in flight; every later call is refused."""
        self._is_closed = True
        session, exchange = self._session, self._exchange
        self._session = self._exchange = None
        if session is not None:
            await session.close()
        if exchange is not None:
            await exchange.close()

    def _refuse_while_stopped(self) -> None:
        if self._is_closed:
            raise LinkError("Nothing is asked any more: the program is stopping.")
        left_s = self._stopped_until_s - asyncio.get_running_loop().time()
        if left_s > 0:
            raise RateLimited(self._stop_words, retry_after_s=left_s)

    def _wait_s(self, error: LinkError, tries: int) -> float:
        """How long to wait before another try; a pause that the venue asks for holds for all requests."""
        if not isinstance(error, RateLimited):
            return self._backoff.wait_s(tries)
        if error.retry_after_s > self._settings.most_retry_s:
            self.stop_for(error.retry_after_s, error.user_text)
        else:
            self._gate.pause(error.retry_after_s)
        return error.retry_after_s

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
            self._refuse_while_stopped()
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
