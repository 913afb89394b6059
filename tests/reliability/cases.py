"""The faults of `docs/faults.md`, each with what a person must be told, how soon, and how soon all must be well again.

Limits are real seconds on a machine that does nothing else. ``told`` is a regular expression of the words that must
come; None: the fault must pass without a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from virtuoso_desktop.simulator.faults import Fault, FaultKind

LARGE = "BTCUSDT"
OTHER = "ETHUSDT"
QUIET = "ATOMUSDT"
"""One of the least traded, whose price stands still for a while."""
SILENT_FOUND_S = 10.0
"""A silent liquid topic must be named at most so long after its last data."""
RECOVERY_S = 3.0
"""After a lost connection: the limit for 35 books."""
STRIKES_S = 2.5
"""A fault that happens once has struck after this."""
CANDLE_RATE = 10.0
"""Venue seconds a real second where a fault waits for the end of candles."""


@dataclass(frozen=True)
class Case:
    """One row of the table.

    ``faults`` are injected in this order, with their ``at_s`` from that moment. ``seen_s`` is the most that may pass
    until the first sign, ``back_s`` until all is well, counted from the fault's end. ``scrolls``: a person scrolls
    back meanwhile, so that candles are asked for. ``retries``: presses Retry now after the end. ``before`` the
    program starts: the faults are there from the first connection on.
    """

    name: str
    faults: tuple[Fault, ...]
    told: str | None = None
    counted: str | None = None
    """The figure under Details that must have grown."""
    seen_s: float = 5.0
    back_s: float = 5.0
    scrolls: bool = False
    retries: bool = False
    before: bool = False
    instruments: int = 4
    rate: float = 1.0
    truth_s: float = 15.0
    """How long the data may take to equal the venue's after all looks well."""
    leaves: tuple[str, ...] = ()
    """Symbols that are rightly not watched afterwards."""
    note: str = ""
    review_s: float = 900.0
    """How often the program looks at the list of instruments."""
    slow: bool = False
    """Mostly waiting: may run beside the others."""

    @property
    def lasts_s(self) -> float:
        """A fault that happens once and is not told gets the time to happen."""
        once_s = STRIKES_S if self.told is None else 0.0
        return max((fault.at_s + (fault.for_s or once_s) for fault in self.faults), default=0.0)


def stream(kind: FaultKind, topic: str | None, for_s: float = 0.0, symbol: str | None = LARGE, **more: float) -> Fault:
    return Fault(0.0, kind, topic, for_s, symbol=symbol, **more)  # type: ignore[arg-type]


def request(kind: FaultKind, for_s: float, endpoint: str = "*", **more: float) -> Fault:
    return Fault(0.0, kind, for_s=for_s, endpoint=endpoint, **more)  # type: ignore[arg-type]


K = FaultKind
DEEP = "orderbook.1000"
LOST = r"Bybit feed lost \d+ s ago"
LOADING = "Bybit"
FAILED = "failed requests"

STREAMS = (
    Case("`gap`, order book", (stream(K.GAP, DEEP),), counted="gaps", back_s=1.5),
    Case(
        "`gap`, trades", (stream(K.GAP, "publicTrade"),), None, "lost trades", 45.0, 5.0, truth_s=60.0,
        note="trades carry no consecutive number; the tape is held against REST every 20 s, the shown one most often",
    ),
    Case("`gap`, candles", (stream(K.GAP, "kline.1", 20.0),), None, seen_s=30.0, back_s=10.0, rate=CANDLE_RATE),
    Case(
        "`gap`, ticker", (stream(K.GAP, "tickers"),),
        note="tickers carry no consecutive number: a value stays as it was until the venue sends it again",
    ),
    Case("`crossed`, stream", (stream(K.CROSSED, DEEP, symbol=QUIET),), counted="gaps", back_s=5.0),
    Case("`crossed`, REST", (request(K.CROSSED, 25.0, "orderbook"),), counted="undecided books", seen_s=25.0),
    Case("`unknown_level`", (stream(K.UNKNOWN_LEVEL, DEEP, 5.0),)),
    Case("`snapshot`", (stream(K.SNAPSHOT, DEEP, 5.0),)),
    Case("`restart` (`u` 1)", (stream(K.RESTART, DEEP, 5.0),), counted="restarts of books"),
    Case("`duplicate`", (stream(K.DUPLICATE, "*", 8.0, None),), counted="doubled trades"),
    Case("`out_of_order`, trades", (stream(K.OUT_OF_ORDER, "publicTrade", 8.0),), counted="trades out of order"),
    Case("`out_of_order`, order book", (stream(K.OUT_OF_ORDER, DEEP, 4.0),), counted="gaps", back_s=5.0),
    Case("`flood`, 20 times everything", (stream(K.FLOOD, "*", 5.0, None, times=20),), counted="doubled trades"),
    Case(
        "`late_candle`", (stream(K.LATE_CANDLE, "kline.1", 20.0, delay_s=0.4),), None, "late candles", 20.0, 8.0,
        rate=CANDLE_RATE,
    ),
    Case(
        "`corrected_candle`", (stream(K.CORRECTED_CANDLE, "kline.1", 20.0, delay_s=0.3),), None,
        "corrected candles", 20.0, 8.0, rate=CANDLE_RATE,
    ),
    Case("`silent`, order book", (stream(K.SILENT, DEEP, 14.0),), rf"{DEEP} {LARGE} silent for", None, SILENT_FOUND_S),
    Case(
        "`silent`, trades of a liquid coin", (stream(K.SILENT, "publicTrade", 14.0),),
        rf"publicTrade {LARGE} silent for", None, SILENT_FOUND_S,
    ),
    Case(
        "`silent`, ticker", (stream(K.SILENT, "tickers", 14.0),), f"tickers {LARGE} silent for", None, SILENT_FOUND_S,
    ),
    Case(
        "`silent`, candles", (stream(K.SILENT, "kline.1", 125.0),), rf"kline\.1 {LARGE} silent for", None, 110.0, 20.0,
        slow=True, note="the venue sends candles every 1 to 60 s: only after 90 s is silence a fact. "
        "The candle's end is asked for over REST meanwhile",
    ),
    Case("`silent`, everything", (stream(K.SILENT, "*", 12.0, None),), "sends no data", None, SILENT_FOUND_S, 12.0),
    Case(
        "`dead`, order book", (stream(K.DEAD, DEEP, 8.0),), f"{DEEP} {LARGE} nothing came", None, SILENT_FOUND_S, 15.0,
        before=True,
    ),
    Case(
        "`dead`, trades of a liquid coin", (stream(K.DEAD, "publicTrade", 12.0),),
        f"publicTrade {LARGE} nothing came", None, 14.0, 25.0, before=True,
    ),
    Case(
        "`reset`, 35 instruments", (stream(K.RESET, "*", 0.0, None),), LOST, "reconnects", 1.0, RECOVERY_S,
        instruments=35, truth_s=40.0,
    ),
    Case("`eof`", (stream(K.EOF, "*", 0.0, None),), LOST, "reconnects", 1.0, RECOVERY_S),
    Case("`close` 1001", (stream(K.CLOSE, "*", 0.0, None),), LOST, "reconnects", 1.0, RECOVERY_S),
    Case("`close` 1008", (stream(K.CLOSE, "*", 0.0, None, code=1008),), LOST, "reconnects", 1.0, RECOVERY_S),
    Case("`no_pong`", (Fault(0.0, K.NO_PONG, for_s=32.0),), "no answer to a ping", "reconnects", 32.0, RECOVERY_S),
    *(
        Case(
            f"`handshake` {code} after a reset",
            (Fault(0.0, K.HANDSHAKE, for_s=15.0, code=code), stream(K.RESET, "*", 0.0, None)), words, None, 8.0, 35.0,
        )
        for code, words in ((429, "has stopped this address"), (403, "refuses this address"), (503, "maintenance"))
    ),
)  # fmt: skip

REQUESTS = (
    Case("`rate_limit` (10006)", (request(K.RATE_LIMIT, 4.0),), None, FAILED, 5.0, 8.0, scrolls=True),
    Case("`throttled` (429)", (request(K.THROTTLED, 6.0),), None, FAILED, 8.0, 25.0, scrolls=True),
    *(
        Case(name, (request(kind, 12.0, **more),), LOADING, FAILED, 12.0, 25.0, scrolls=True)
        for name, kind, more in (
            ("`server_error` 502", K.SERVER_ERROR, {"code": 502}),
            ("`venue_error` 10016", K.VENUE_ERROR, {}),
            ("`venue_error` 10001", K.VENUE_ERROR, {"code": 10001}),
            ("`html`", K.HTML, {}),
            ("`empty`", K.EMPTY, {}),
            ("`no_result`", K.NO_RESULT, {}),
            ("`short_body`", K.SHORT_BODY, {}),
            ("`cut_json`", K.CUT_JSON, {}),
            ("`reset` of requests", K.RESET, {}),
        )
    ),
    Case("`slow`, 3 s", (request(K.SLOW, 9.0, delay_s=3.0),), back_s=15.0, scrolls=True),
    Case(
        "`stalled`", (request(K.STALLED, 40.0, delay_s=60.0),), LOADING, FAILED, 40.0, 60.0, scrolls=True, slow=True,
        note="one try ends after 10 s without a byte; three tries are made",
    ),
    Case(
        "`ban` (403)", (request(K.BAN, 5.0),), "too many requests came from this address", FAILED, 8.0, 620.0,
        scrolls=True, slow=True,
        note="Bybit lifts a ban after ten minutes without requests: no request goes before, none by hand",
    ),
    Case(
        "`blocked` (403, country)", (request(K.BLOCKED, 12.0),), "refuses this address or country", FAILED, 8.0, 10.0,
        scrolls=True, retries=True, note="recovered by Retry now; by itself after ten minutes",
    ),
)  # fmt: skip

VENUE = (
    Case(
        "`clock_skew` +10 s", (Fault(0.0, K.CLOCK_SKEW, for_s=30.0, skew_s=10.0),),
        r"clock is 10\.\d s behind", None, 10.0, 10.0,
        note="after a measurement the next one waits for 10 s",
    ),
    Case(
        "`clock_skew` -10 s", (Fault(0.0, K.CLOCK_SKEW, for_s=30.0, skew_s=-10.0),),
        r"clock is 10\.\d s ahead", None, 15.0, 22.0,
        note="a venue whose clock jumps back waits until its time has come again",
    ),
    Case(
        "`delisting`", (Fault(8.0, K.DELISTING, symbol=OTHER),), rf"{OTHER}.*(no longer traded|delisted)",
        None, 90.0, 90.0, leaves=(OTHER,), slow=True,
    ),
    Case(
        "`listing`", (Fault(8.0, K.LISTING, symbol="ARBUSDT"),), "New at Bybit: ARBUSDT", None, 45.0, 45.0, before=True,
        review_s=30.0, note="the list is looked at every 15 minutes; here every 30 s",
    ),
    Case(
        "`maintenance` (503)", (Fault(0.0, K.MAINTENANCE, for_s=40.0, code=503),), "maintenance", FAILED, 12.0, 35.0,
        scrolls=True,
    ),
)  # fmt: skip

CASES = (*STREAMS, *REQUESTS, *VENUE)
