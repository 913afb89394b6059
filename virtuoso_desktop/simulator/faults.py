"""Faults on purpose: what goes wrong, where, when, how long and how often. `docs/faults.md` lists them all.

A fault counts its seconds (real ones) from its injection; those of a file are injected at start.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.simulator.encode import INTERVALS

BOOK_DEPTHS = ("1", "50", "200", "1000")
TOPIC_KINDS = (
    *(f"orderbook.{depth}" for depth in BOOK_DEPTHS),
    "publicTrade",
    "tickers",
    "allLiquidation",
    *(f"kline.{interval}" for interval in INTERVALS),
)
"""Every kind of topic that the simulated venue streams."""
ENDPOINTS = (
    "market/time",
    "market/instruments-info",
    "market/kline",
    "market/tickers",
    "market/orderbook",
    "market/recent-trade",
    "market/funding/history",
    "market/open-interest",
    "market/account-ratio",
    "market/mark-price-kline",
    "market/index-price-kline",
    "market/premium-index-price-kline",
    "system/status",
)
"""Every path under ``/v5/`` that the simulated venue answers."""

_FAULT_TOPICS = ("*", "orderbook", "kline", *TOPIC_KINDS)
_FAULT_ENDPOINTS = ("*", *(endpoint.removeprefix("market/") for endpoint in ENDPOINTS))
_CATEGORIES = ("linear", "spot", "inverse")


class FaultKind(StrEnum):
    """What goes wrong."""

    GAP = "gap"
    CROSSED = "crossed"
    UNKNOWN_LEVEL = "unknown_level"
    SNAPSHOT = "snapshot"
    RESTART = "restart"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    FLOOD = "flood"
    LATE_CANDLE = "late_candle"
    CORRECTED_CANDLE = "corrected_candle"
    SILENT = "silent"
    DEAD = "dead"

    RESET = "reset"
    EOF = "eof"
    CLOSE = "close"
    NO_PONG = "no_pong"
    HANDSHAKE = "handshake"

    RATE_LIMIT = "rate_limit"
    BAN = "ban"
    BLOCKED = "blocked"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    VENUE_ERROR = "venue_error"
    HTML = "html"
    EMPTY = "empty"
    NO_RESULT = "no_result"
    SHORT_BODY = "short_body"
    CUT_JSON = "cut_json"
    SLOW = "slow"
    STALLED = "stalled"

    CLOCK_SKEW = "clock_skew"
    DELISTING = "delisting"
    LISTING = "listing"
    MAINTENANCE = "maintenance"


class Rule(NamedTuple):
    """What a kind of fault may name: its place, the families of topics it can strike, and its own keys.

    ``places`` are ``topic`` (a stream), ``endpoint`` (requests), ``connection`` (a category's streams) and
    ``venue``. ``codes`` are the first and last code allowed.
    """

    places: tuple[str, ...]
    families: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    codes: tuple[int, int] = (0, 0)


_BOOKS, _CANDLES = ("orderbook",), ("kline",)
_TOPIC, _ENDPOINT = ("topic",), ("endpoint",)
RULES: dict[FaultKind, Rule] = {
    FaultKind.GAP: Rule(_TOPIC),
    FaultKind.CROSSED: Rule(("topic", "endpoint"), _BOOKS),
    FaultKind.UNKNOWN_LEVEL: Rule(_TOPIC, _BOOKS),
    FaultKind.SNAPSHOT: Rule(_TOPIC, _BOOKS),
    FaultKind.RESTART: Rule(_TOPIC, _BOOKS),
    FaultKind.DUPLICATE: Rule(_TOPIC),
    FaultKind.OUT_OF_ORDER: Rule(_TOPIC),
    FaultKind.FLOOD: Rule(_TOPIC, takes=("times",)),
    FaultKind.LATE_CANDLE: Rule(_TOPIC, _CANDLES, takes=("delay_s",)),
    FaultKind.CORRECTED_CANDLE: Rule(_TOPIC, _CANDLES, takes=("delay_s",)),
    FaultKind.SILENT: Rule(_TOPIC, needs=("for_s",)),
    FaultKind.DEAD: Rule(_TOPIC, needs=("for_s",)),
    FaultKind.RESET: Rule(("topic", "endpoint")),
    FaultKind.EOF: Rule(_TOPIC),
    FaultKind.CLOSE: Rule(_TOPIC, takes=("code",), codes=(1000, 4999)),
    FaultKind.NO_PONG: Rule(("connection",), needs=("for_s",)),
    FaultKind.HANDSHAKE: Rule(("connection",), takes=("code",), codes=(400, 599)),
    FaultKind.RATE_LIMIT: Rule(_ENDPOINT, takes=("delay_s",)),
    FaultKind.BAN: Rule(_ENDPOINT),
    FaultKind.BLOCKED: Rule(_ENDPOINT),
    FaultKind.THROTTLED: Rule(_ENDPOINT),
    FaultKind.SERVER_ERROR: Rule(_ENDPOINT, takes=("code",), codes=(500, 599)),
    FaultKind.VENUE_ERROR: Rule(_ENDPOINT, takes=("code",), codes=(1, 999_999)),
    FaultKind.HTML: Rule(_ENDPOINT),
    FaultKind.EMPTY: Rule(_ENDPOINT),
    FaultKind.NO_RESULT: Rule(_ENDPOINT),
    FaultKind.SHORT_BODY: Rule(_ENDPOINT),
    FaultKind.CUT_JSON: Rule(_ENDPOINT),
    FaultKind.SLOW: Rule(_ENDPOINT, takes=("delay_s",)),
    FaultKind.STALLED: Rule(_ENDPOINT, takes=("delay_s",)),
    FaultKind.CLOCK_SKEW: Rule(("venue",), needs=("skew_s",), takes=("skew_s",)),
    FaultKind.DELISTING: Rule(("venue",), needs=("symbol",)),
    FaultKind.LISTING: Rule(("venue",), needs=("symbol", "at_s")),
    FaultKind.MAINTENANCE: Rule(("venue",), needs=("for_s",), takes=("code",), codes=(1, 999_999)),
}
_OWN_KEYS = ("code", "delay_s", "times", "skew_s")


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault.

    Parameters
    ----------
    at_s, for_s
        Begin and duration in real seconds. Without ``for_s`` it happens once (to each topic, to one request,
        to all connections together); what changes a state (clock, listing) then stays.
    topic
        A kind such as ``orderbook.50``, ``tickers``, ``kline``, or ``*`` (also None) for all.
    endpoint
        A path such as ``kline`` or ``funding/history``, or ``*`` (also None) for all.
    symbol, category
        None is any.
    probability, seed
        Share of the chances taken, drawn by ``seed``.
    code
        Close code, HTTP status or retCode.
    delay_s, times, skew_s
        Real seconds of waiting, repetitions, venue seconds by which the venue's clock is ahead.
    """

    at_s: float
    fault: FaultKind
    topic: str | None = None
    for_s: float = 0.0
    symbol: str | None = None
    endpoint: str | None = None
    category: str | None = None
    probability: float = 1.0
    seed: int = 0
    code: int | None = None
    delay_s: float | None = None
    times: int | None = None
    skew_s: float | None = None

    @property
    def rule(self) -> Rule:
        return RULES[self.fault]

    @property
    def strikes_requests(self) -> bool:
        """Whether it happens to requests; a kind that can do both needs ``endpoint`` for that."""
        places = self.rule.places
        return "endpoint" in places and ("topic" not in places or self.endpoint is not None)

    @property
    def strikes_topics(self) -> bool:
        return "topic" in self.rule.places and not self.strikes_requests

    def matches(self, kind: str, symbol: str, category: str | None = None) -> bool:
        """Whether a topic of this kind (``kline.5``), symbol and category (None: whichever) is meant."""
        if not self._is_at(category, symbol):
            return False
        families = self.rule.families
        if families and kind.partition(".")[0] not in families:
            return False
        return self.topic in (None, "*", kind) or kind.startswith(f"{self.topic}.")

    def matches_request(self, path: str, category: str, symbol: str) -> bool:
        """Whether a request of ``path`` with these parameters (``""`` where it has none) is meant."""
        if self.endpoint not in (None, "*") and path not in (f"/v5/market/{self.endpoint}", f"/v5/{self.endpoint}"):
            return False
        return self._is_at(category, symbol)

    def _is_at(self, category: str | None, symbol: str) -> bool:
        if self.symbol is not None and self.symbol != symbol:
            return False
        return category is None or self.category in (None, category)

    def problem(self) -> str | None:
        """What is wrong with this fault in words, None when nothing is."""
        problems = self._place_problem(), self._time_problem(), self._key_problem()
        return next((problem for problem in problems if problem is not None), None)

    def _place_problem(self) -> str | None:
        places = self.rule.places
        if self.topic is not None and "topic" not in places:
            return f"a {self.fault} fault has no topic"
        if self.endpoint is not None and "endpoint" not in places:
            return f"a {self.fault} fault has no endpoint"
        if self.topic is not None and self.endpoint is not None:
            return "name a topic or an endpoint, not both"
        if self.symbol is not None and self.fault in (FaultKind.NO_PONG, FaultKind.HANDSHAKE, FaultKind.CLOCK_SKEW):
            return f"a {self.fault} fault has no symbol"
        return (
            _unknown("topic", self.topic, _FAULT_TOPICS)
            or self._family_problem()
            or _unknown("endpoint", self.endpoint, _FAULT_ENDPOINTS)
            or _unknown("category", self.category, _CATEGORIES)
        )

    def _family_problem(self) -> str | None:
        families = self.rule.families
        if families and self.topic not in (None, "*") and self.topic.partition(".")[0] not in families:
            return f"a {self.fault} fault happens to {families[0]} topics only, not to {self.topic}"
        if self.fault is FaultKind.CROSSED and self.endpoint not in (None, "*", "orderbook"):
            return f"a crossed fault happens to the endpoint orderbook only, not to {self.endpoint}"
        return None

    def _time_problem(self) -> str | None:
        if self.at_s < 0:
            return f"at_s must not be negative, it is {self.at_s:g}"
        if self.for_s < 0:
            return f"for_s must not be negative, it is {self.for_s:g}"
        if "for_s" in self.rule.needs and self.for_s == 0:
            return f"a {self.fault} fault needs for_s, how many seconds it lasts"
        if not 0 < self.probability <= 1:
            return f"probability must be above 0 and at most 1, it is {self.probability:g}"
        return None

    def _key_problem(self) -> str | None:
        needed = [name for name in self.rule.needs if not getattr(self, name)]
        if needed:
            return f"a {self.fault} fault needs {needed[0]}"
        extra = [name for name in _OWN_KEYS if getattr(self, name) is not None and name not in self.rule.takes]
        if extra:
            return f"a {self.fault} fault has no {extra[0]}"
        first, last = self.rule.codes
        if self.code is not None and (not first <= self.code <= last or self.code in (1005, 1006)):
            return f"the code of a {self.fault} fault is between {first} and {last}, not {self.code}"
        if (self.delay_s is not None and self.delay_s < 0) or (self.times is not None and self.times < 1):
            return "delay_s must not be negative, times must be 1 or more"
        return None


def _unknown(name: str, word: str | None, known: tuple[str, ...]) -> str | None:
    if word is None or word in known:
        return None
    near = get_close_matches(word, known, n=1)
    return f"unknown {name} {word!r}" + (f", did you mean {near[0]!r}?" if near else "")


def read_faults(file: Path, symbols: Iterable[str]) -> list[Fault]:
    """Faults of a YAML file.

    Raises ConfigError that names the file and the entry (counted from 1), or the line of a syntax error.
    """
    from ruamel.yaml import YAML  # 50 ms: only when a file is named
    from ruamel.yaml.error import YAMLError

    try:
        content: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error})") from error
    except YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        line = None if mark is None else int(mark.line) + 1
        raise ConfigError(f"{file}, line {line}: {getattr(error, 'problem', error)}", line=line) from error
    if not isinstance(content, list):
        raise ConfigError(f"{file}: must be a list of faults, each with at_s and fault")
    known = frozenset(symbols)
    entries = cast("list[Any]", content)
    return [_entry(f"{file}: entry {number}", entry, known) for number, entry in enumerate(entries, 1)]


def _entry(where: str, entry: Any, symbols: frozenset[str]) -> Fault:
    try:
        fault = msgspec.convert(entry, Fault)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_with_hint(str(error), entry)}") from error
    problem = fault.problem()
    if problem is None and fault.symbol is not None and fault.symbol not in symbols:
        near = get_close_matches(fault.symbol, sorted(symbols), n=1)
        problem = f"the market has no symbol {fault.symbol!r}" + (f", did you mean {near[0]!r}?" if near else "")
    if problem is not None:
        raise ConfigError(f"{where}: {problem}")
    return fault


def _with_hint(message: str, entry: Any) -> str:
    """The message with the fault that a misspelt one is near to."""
    word = str(cast("dict[str, Any]", entry).get("fault")) if isinstance(entry, dict) else ""
    near = get_close_matches(word, [kind.value for kind in FaultKind], n=1)
    return f"{message}, did you mean {near[0]!r}?" if near and near[0] != word else message
