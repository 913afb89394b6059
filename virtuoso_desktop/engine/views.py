"""Read models for both faces: what the engine shows, never how it holds it. One contract, kept together.

Imports no numpy: the window paints its first frame from `MarketRow` before anything heavy is loaded. The structs
stand together, though they make a long module: it is the whole of what a face may know.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Source
from virtuoso_desktop.model.result import SignalKind
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from virtuoso_desktop.analysis.book_measures import BookMeasures, ImbalanceHistory
    from virtuoso_desktop.engine.analysis_views import AnalysisView, ScoreCursor, SignalView
    from virtuoso_desktop.engine.beside_views import BesideView
    from virtuoso_desktop.engine.desk_views import Desk
    from virtuoso_desktop.engine.evidence_views import ComponentEvidence
    from virtuoso_desktop.engine.input_views import InputsView
    from virtuoso_desktop.engine.run_views import RunDesk
    from virtuoso_desktop.engine.scan_views import Scan
    from virtuoso_desktop.kernel.clock import Clock
    from virtuoso_desktop.kernel.notices import NoticeBoard
    from virtuoso_desktop.kernel.signals import Signal
    from virtuoso_desktop.model.market import FundingRate, Liquidation, LongShortRatio, OpenInterest, PriceKind
    from virtuoso_desktop.model.overview import Overview
    from virtuoso_desktop.model.study import Study

    FloatColumn = NDArray[np.float64]


class LinkPhase(StrEnum):
    """State of one venue connection."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    STALE = "stale"
    BACKOFF = "backoff"
    BANNED = "banned"
    """The venue wants no more from this address for a while."""
    BLOCKED = "blocked"
    """The venue does not serve this address or country."""
    MAINTENANCE = "maintenance"
    """The venue's own servers are down."""


DOWN_PHASES = frozenset({LinkPhase.BACKOFF, LinkPhase.BANNED, LinkPhase.BLOCKED, LinkPhase.MAINTENANCE})
"""No connection, and none being made."""


class RowState(StrEnum):
    """How far a Markets row can be trusted."""

    LAST_SEEN = "last_seen"
    """From the previous run's snapshot; no live ticker yet in this run."""
    WAITING = "waiting"
    """Watched, nothing received yet."""
    LIVE = "live"
    STALE = "stale"
    """The ticker topic is older than its limit or its link is down."""


class MarketRow(msgspec.Struct, frozen=True):
    """One instrument as the Markets table shows it. Prices decimal, None where there is no value."""

    instrument_id: InstrumentId
    base_coin: str
    quote_coin: str
    price_decimals: int
    state: RowState
    last_price: float | None = None
    last_move: int = 0
    """Sign of the newest change of ``last_price``: -1, 0, 1."""
    last_change_ms: int | None = None
    """Venue time of the newest change of ``last_price``."""
    change_24h_pct: float | None = None
    change_utc_day_pct: float | None = None
    """Change since 00:00 UTC."""
    high_24h: float | None = None
    low_24h: float | None = None
    spread_bps: float | None = None
    volume_24h: float | None = None
    """Base coin."""
    turnover_24h: float | None = None
    """Quote coin."""
    mark_price: float | None = None
    basis_bps: float | None = None
    """(mark - index) / index in bps."""
    funding_rate: float | None = None
    """Fraction per funding period."""
    next_funding_ms: int | None = None
    sparkline: tuple[float, ...] = ()
    """At most 49 closes over the last 24 h, oldest first; empty until history is there."""
    updated_ms: int | None = None
    """Venue time of the newest ticker event."""
    open_interest_quote: float | None = None
    """Value of the open contracts, quote coin."""
    oi_change_1h_pct: float | None = None
    oi_change_24h_pct: float | None = None
    """Change of the open contracts, not of their value."""
    is_scanned: bool = False
    """From the scan of the whole exchange: not watched, and not analysed."""


class BookChecks(msgspec.Struct, frozen=True):
    """How order books fared against a second source: REST's book, or the book of another depth."""

    equal: int = 0
    different: int = 0
    """Each was rebuilt."""
    undecided: int = 0
    """The two sources never told of the same moment, or the second one did not answer."""
    trades_lost: int = 0
    """Trades that the stream did not bring and REST did."""
    newest_difference: str | None = None
    """In words."""
    newest_difference_ms: int | None = None


class PartView(msgspec.Struct, frozen=True):
    """One connection of a venue, or all its requests together."""

    name: str
    """``linear 1``; `REQUESTS` for what is asked over HTTP."""
    phase: LinkPhase
    since_ms: int
    """Venue time at which the phase began."""
    reason: str | None = None
    next_retry_ms: int | None = None
    """Venue time of the next attempt."""
    age_ms: int | None = None
    """Age of the newest data, by the venue's clock; None where none came."""
    groups: tuple[str, ...] = ()
    """Kinds of requests that are not sent now, in words; empty when none or all."""


REQUESTS = "requests"


class LinkView(msgspec.Struct, frozen=True):
    """One venue's connections as header chip, banner and status bar show them."""

    venue: str
    phase: LinkPhase
    lag_ms: float | None
    """Arrival delay: median of the last seconds; None when nothing arrives."""
    since_ms: int
    """Venue time at which the phase began; in backoff that of the newest data before it."""
    reason: str | None = None
    """Why it is not live, in words, e.g. ``connection reset by peer``."""
    next_retry_ms: int | None = None
    """Venue time of the next connection attempt while in backoff."""
    stale_topics: tuple[StaleTopic, ...] = ()
    """Topics without data beyond their limit, oldest first."""
    offset_ms: int | None = None
    """Venue clock minus ours, None until measured."""
    offset_is_suspicious: bool = False
    book_checks: BookChecks = BookChecks()
    age_ms: int | None = None
    """Data age: of the newest frame of the connection that brought nothing for longest; None before any."""
    parts: tuple[PartView, ...] = ()
    """Every connection by itself, requests last. The phase above is the connections' worst."""

    @property
    def requests(self) -> PartView | None:
        """How requests over HTTP fare; None before that is known."""
        return next((part for part in self.parts if part.name == REQUESTS), None)


class StaleTopic(msgspec.Struct, frozen=True):
    """A topic that was subscribed but brings nothing."""

    topic: str
    instrument_id: InstrumentId
    newest_ms: int | None
    """Venue time of its newest frame; None if none ever came."""


class StatusView(msgspec.Struct, frozen=True):
    """The figures of the status bar."""

    instruments_live: int
    instruments_watched: int
    messages_per_s: float
    lag_ms: float | None
    series_loaded: int
    series_wanted: int
    """Candle series with history joined, of all (instruments x timeframes)."""
    gaps: int
    reconnects: int
    requests_per_s: float
    rss_mb: float
    skipped_refreshes: int
    """Panel refreshes skipped because a loop turn was over budget."""
    history_ratio: float | None = None
    """How much of what is fetched in the background is on disk, 0 to 1; None when nothing is being fetched."""
    history_problem: str | None = None
    """Why nothing is stored now, in words; None while all is well."""


class CandleView:
    """Read-only columns of one candle series, oldest first. Prices are integer ticks in float64.

    The arrays are views into live memory: use them inside one frame, never keep them. The last row
    is the forming candle while ``last_is_forming``. ``volume`` is in base coin, ``turnover`` in quote
    coin, of inverse contracts too, whose ``columns`` hold them the other way round.
    """

    __slots__ = (
        "base_version",
        "close",
        "columns",
        "high",
        "is_complete_left",
        "last_is_forming",
        "low",
        "open",
        "open_ms",
        "turnover",
        "version",
        "volume",
    )

    def __init__(
        self,
        columns: NDArray[np.float64],
        *,
        version: int,
        base_version: int,
        last_is_forming: bool,
        is_complete_left: bool,
        is_inverse: bool = False,
    ) -> None:
        self.columns = columns
        """The seven columns as the venue means them, which is what kernels take."""
        self.open_ms: FloatColumn = columns[0]
        self.open: FloatColumn = columns[1]
        self.high: FloatColumn = columns[2]
        self.low: FloatColumn = columns[3]
        self.close: FloatColumn = columns[4]
        self.volume: FloatColumn = columns[6 if is_inverse else 5]
        self.turnover: FloatColumn = columns[5 if is_inverse else 6]
        self.version = version
        """Changes with every change of any row."""
        self.base_version = base_version
        """Changes only when something other than the last row changed (prepend, append, revision)."""
        self.last_is_forming = last_is_forming
        self.is_complete_left = is_complete_left
        """True when the venue has nothing older, or the row limit is reached."""

    def __len__(self) -> int:
        return len(self.open_ms)


class StudiesView(msgspec.Struct, frozen=True):
    """Columns of the chosen studies, aligned with the candles of one series: prices in ticks, NaN while warming up.

    ``state`` is ``preparing`` until all kernels are compiled, then ``ready``; columns come one by one before.
    """

    state: str
    columns: dict[str, FloatColumn]
    """By name: ``ema_12``, ``vwap``, ``vwap.sd``."""
    serial: int
    """Changes whenever a cell before the last row may have changed."""
    base_version: int
    """Of the candles that the values are of; -1 while a worker makes them and rows may lack theirs."""
    version: int
    levels: tuple[LevelView, ...] = ()
    """Support and resistance as of the newest closed candle, strongest first; the same tuple until they change."""
    is_behind: bool = False
    """A long history is still being computed."""


class LevelView(msgspec.Struct, frozen=True):
    """One level of support or resistance; prices in ticks."""

    is_support: bool
    price: float
    low: float
    high: float
    """Of the swings it is made of, half an ATR from the price at most."""
    strength: float
    """0 to 1."""
    touches: int
    """Swings at least three candles apart; 0 for a level with a name."""
    since_ms: int
    """Open time of the first touch; of a level with a name, of its day or session."""
    name: str = ""
    """``PDH``, ``PDL``: high, low of the day before. ``POC``, ``VAH``, ``VAL``: point of control, value area high and
    low of the session. Empty for a cluster of swings."""


class SignalMark(msgspec.Struct, frozen=True):
    """The begin or the end of a signal on a closed candle."""

    open_ms: int
    """Of the candle whose close told it."""
    kind: SignalKind
    """Of an end: the signal that ended."""
    score: float
    is_end: bool = False


class ScoreHistoryView(msgspec.Struct, frozen=True):
    """The confluence score of closed candles, oldest first: live memory, to be used inside one frame."""

    open_ms: FloatColumn | None = None
    score: FloatColumn | None = None
    version: int = 0
    """Changes with every change of any row."""
    reason: str | None = "The analysis has not scored this series."
    """Why there is nothing, as a sentence; None when there is."""


class EvidenceView(msgspec.Struct, frozen=True):
    """What the newest evaluation says of one component."""

    component: str
    score: float | None
    reason: str | None = None
    """Why there is no score: a `model.result.Reason`."""


class QuotesView(msgspec.Struct, frozen=True):
    """Prices beside the last one, in ticks, between two points of the grid too; None where there is none now."""

    bid: float | None = None
    ask: float | None = None
    mark: float | None = None
    index: float | None = None


class ChartView(msgspec.Struct, frozen=True):
    """All that the chart of one (instrument, timeframe) draws."""

    instrument: Instrument
    timeframe: Timeframe
    candles: CandleView
    studies: StudiesView
    last_price_ticks: float | None
    """Newest trade or candle close."""
    state: RowState
    newest_ms: int | None
    """Venue time of the newest event of this series."""
    is_loading_older: bool
    load_error: str | None
    """Why the last page of history failed, in words; None when fine."""
    quotes: QuotesView = QuotesView()
    relative_volume: float | None = None
    """Of the newest candle; see `engine.relative_volume`."""


class ChartSnapshot(msgspec.Struct, frozen=True):
    """``snapshot:chart`` of the cache: what the chart showed last. ``candles`` is 7 columns of at most 1,000 rows."""

    version: int
    as_of_ms: int
    instrument: Instrument
    timeframe: Timeframe
    candles: list[list[float]]
    view_bars: float
    """Width of the visible range in bars."""
    bars_right: float
    """Bars between the newest candle and the right edge (negative when scrolled back)."""


class DerivativesView(msgspec.Struct, frozen=True):
    """What a contract has beside its market; every list oldest first, empty until it came."""

    funding: tuple[FundingRate, ...]
    open_interest: tuple[OpenInterest, ...]
    """As the venue counts it: base coin (linear) or USD (inverse)."""
    long_short: tuple[LongShortRatio, ...]
    liquidations: tuple[Liquidation, ...]
    prices: dict[PriceKind, FloatColumn]
    """(5, n) columns open_ms, open, high, low, close by the hour; a premium is a fraction."""


class MarketsSnapshot(msgspec.Struct, frozen=True):
    """``snapshot:markets`` of the cache: all rows as last shown."""

    version: int
    as_of_ms: int
    rows: list[MarketRow]


SNAPSHOT_VERSION = 1


class EngineView(Protocol):
    """What a face may ask of the running engine. All calls are synchronous and cheap; none blocks."""

    source: Source
    clock: Clock
    notices: NoticeBoard

    @property
    def desk(self) -> Desk:
        """What the panels under the chart read."""
        ...

    @property
    def run_desk(self) -> RunDesk:
        """What System and Log read."""
        ...

    @property
    def scan(self) -> Scan:
        """All instruments of the exchange."""
        ...

    @property
    def watched_changed(self) -> Signal[tuple[InstrumentId, ...]]: ...

    @property
    def guest(self) -> InstrumentId | None:
        """What is watched only while it is shown; None when the shown instrument is watched anyway."""
        ...

    def watched(self) -> tuple[Instrument, ...]:
        """Watched instruments in the order of the universe."""
        ...

    def markets_cursor(self) -> MarketsCursor:
        """A new reader of changed Markets rows; the first ``take`` returns all rows."""
        ...

    def chart(self, instrument_id: InstrumentId, timeframe: Timeframe, place: int | None = 0) -> ChartView | None:
        """The data of one chart now, None while the instrument is unknown.

        ``place`` numbers the charts of a window, each with its own studies; None reads candles alone.
        """
        ...

    def chart_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[int, int]:
        """(base_version, version) without building a view; (-1, -1) while unknown."""
        ...

    def choose_studies(self, studies: tuple[Study, ...], place: int = 0) -> None:
        """Compute these for the chart of a place, and no others; nothing of a chart without any is kept."""
        ...

    def signal_marks(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[SignalMark, ...]:
        """Begins and ends of signals, oldest first; the same tuple until one is added."""
        ...

    def score_history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> ScoreHistoryView:
        """The confluence score of closed candles."""
        ...

    def beside(self, instrument_id: InstrumentId, place: int = 0) -> BesideView:
        """What the chosen studies of a chart draw of what an instrument has beside its candles."""
        ...

    def evidence(self, instrument_id: InstrumentId, timeframe: Timeframe, component: str) -> EvidenceView | None:
        """The newest score of one component; None before the first evaluation."""
        ...

    def component_evidence(
        self, instrument_id: InstrumentId, timeframe: Timeframe, component: str
    ) -> ComponentEvidence | None:
        """What a component of the newest closed candle was read from; None while there is none."""
        ...

    def derivatives(self, instrument_id: InstrumentId) -> DerivativesView | None:
        """Funding, open interest, ratios, prices and liquidations; None while the instrument is unknown."""
        ...

    def analysis(self, instrument_id: InstrumentId, timeframe: Timeframe) -> AnalysisView | None:
        """What the analysis says now; None while it is being prepared."""
        ...

    def analysis_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> int:
        """Changes with `analysis`, without building a view; -1 while unknown."""
        ...

    def score_cursor(self, timeframe: Timeframe) -> ScoreCursor:
        """A new reader of changed scores of one timeframe; the first ``take`` returns all that are there."""
        ...

    def signals(self) -> tuple[SignalView, ...]:
        """The newest signals, newest first."""
        ...

    def signals_version(self) -> int:
        """Changes with `signals`."""
        ...

    def inputs(self, instrument_id: InstrumentId) -> InputsView | None:
        """What the analysis of an instrument is made of; None while it is unknown."""
        ...

    def book_measures(self, instrument_id: InstrumentId) -> BookMeasures | None:
        """What the analysed order book says now; None before its first sample."""
        ...

    def book_imbalance(self, instrument_id: InstrumentId) -> ImbalanceHistory | None:
        """Imbalance of the analysed order book by second and by minute; None before its first sample."""
        ...

    def overview(self) -> Overview:
        """The market as a whole, at most a second old."""
        ...

    def links(self) -> tuple[LinkView, ...]: ...

    def status(self) -> StatusView: ...

    def venue_now_ms(self, instrument_id: InstrumentId | None = None) -> int:
        """Venue time now (of the primary venue without an instrument)."""
        ...

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """The user looks at this chart: its history loads first."""
        ...

    def show_beside(self, series: tuple[tuple[InstrumentId, Timeframe], ...]) -> None:
        """These are in view too, in other charts or compared with the shown one: they load next."""
        ...

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Ask for the page before the oldest row; one page in flight, a second call is ignored."""
        ...

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """The view turned away: give up the page in flight."""
        ...

    def retry_now(self, venue: str) -> None:
        """Reconnect at once instead of waiting for the backoff."""
        ...

    def count_skipped_refresh(self, panel: str) -> None:
        """A panel skipped its turn because the frame was over budget."""
        ...


class MarketsCursor(Protocol):
    """One reader's view of changed rows."""

    def take(self) -> Iterable[MarketRow]:
        """Rows changed since the last call (each at most once)."""
        ...


def kind_badge(kind: MarketKind) -> str:
    """How a symbol's kind is written beside it: ``.P`` for perpetuals and futures, empty for spot."""
    return "" if kind is MarketKind.SPOT else ".P"
