"""The report of a run (``--report``): what was received and what a person was shown, as JSON."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil

from virtuoso_desktop.analysis.result_json import confluence_json
from virtuoso_desktop.engine.views import BookChecks
from virtuoso_desktop.model.market import PriceKind
from virtuoso_desktop.model.overview import MarketOverview
from virtuoso_desktop.model.result import Confluence, Withheld
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.atomic import write_atomically

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysis_run import AnalysisFigures
    from virtuoso_desktop.engine.engine import Engine
    from virtuoso_desktop.kernel.metrics import Distribution
    from virtuoso_desktop.kernel.notices import NoticeBoard
    from virtuoso_desktop.market.book import OrderBook
    from virtuoso_desktop.market.store import InstrumentState

REPORT_VERSION = 1
MESSAGE_KINDS = ("orderbook.50", "orderbook.1000", "publicTrade", "tickers", "kline", "allLiquidation")
BYTES_PER_MB = 1_000_000


class LagReport(msgspec.Struct, frozen=True):
    """Median and 99th percentile, ms; of lags receive time minus the frame's own time, in venue time."""

    p50: float | None
    p99: float | None


class VenueReport(msgspec.Struct, frozen=True):
    """One venue's connections over the run."""

    state: str
    connects: int
    reconnects: int
    gaps: int
    messages: dict[str, int]
    lag_ms: LagReport
    book_checks: BookChecks


class ReachReport(msgspec.Struct, frozen=True):
    """How far the book's last level lies from the middle, in bps."""

    bid: float | None
    ask: float | None


class BookReport(msgspec.Struct, frozen=True):
    """The order book at the end; prices decimal."""

    valid: bool
    bid: float | None
    ask: float | None
    reach_bps: ReachReport


class AgesReport(msgspec.Struct, frozen=True):
    """Venue time minus the newest event of a kind; ``kline``: of the youngest timeframe."""

    book: int | None
    trade: int | None
    ticker: int | None
    kline: int | None


class DerivativesReport(msgspec.Struct, frozen=True):
    """How many points of each list a contract has; 0 for spot."""

    funding: int
    open_interest: int
    long_short: int
    mark: int
    index: int
    premium: int
    liquidations: int


class InstrumentReport(msgspec.Struct, frozen=True):
    """One watched instrument at the end."""

    last_price: float | None
    candles: dict[str, int]
    book: BookReport
    ages_ms: AgesReport
    derivatives: DerivativesReport
    results: dict[str, dict[str, Any]]
    """The newest result of each timeframe, with the names of the original system (`analysis.result_json`)."""


class AnalysisReport(msgspec.Struct, frozen=True):
    """Evaluations of closed candles since the start; ``withheld`` counts by rule."""

    states: int
    evaluations: int
    time_ms: LagReport
    """Of one evaluation."""
    delay_ms: LagReport
    """From the socket read of a closing frame to its score."""
    signals: int
    withheld: dict[str, int]


class ProcessReport(msgspec.Struct, frozen=True):
    """The program's own process, without the simulator. ``cpu_pct`` is of one core over the run."""

    rss_mb: float
    cpu_s: float
    cpu_pct: float


class ErrorReport(msgspec.Struct, frozen=True):
    """One error that a person was shown."""

    at_ms: int
    where: str
    user_text: str


class RunReport(msgspec.Struct, frozen=True):
    """The whole report. ``started_ms`` and ``ended_ms`` are the computer's UTC."""

    version: int
    source: str | None
    started_ms: int
    ended_ms: int
    venues: dict[str, VenueReport]
    instruments: dict[str, InstrumentReport]
    analysis: AnalysisReport | None
    overview: MarketOverview | None
    """The market as a whole; None for a run that never began."""
    process: ProcessReport
    errors: list[ErrorReport]


class Meter:
    """Measures the process from its making on."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.started_ms = round(self._process.create_time() * 1000)

    def measure(self) -> tuple[ProcessReport, int]:
        """The figures and the time now (UTC ms)."""
        ended_ms = time.time_ns() // 1_000_000
        times = self._process.cpu_times()
        cpu_s = times.user + times.system
        lasted_s = max(ended_ms - self.started_ms, 1) / 1000
        rss_mb = self._process.memory_info().rss / BYTES_PER_MB
        return ProcessReport(round(rss_mb, 1), round(cpu_s, 2), round(100 * cpu_s / lasted_s, 1)), ended_ms


def build_report(engine: Engine | None, notices: NoticeBoard, meter: Meter) -> RunReport:
    """The report as of now; to be called before the engine stops. Without an engine the run never began."""
    process, ended_ms = meter.measure()
    return RunReport(
        version=REPORT_VERSION,
        source=engine.source.value if engine is not None else None,
        started_ms=meter.started_ms,
        ended_ms=ended_ms,
        venues={engine.venue_name: _venue(engine)} if engine is not None else {},
        instruments=_instruments(engine) if engine is not None else {},
        analysis=_analysis(engine.analysis_figures) if engine is not None else None,
        overview=engine.final_overview().market if engine is not None else None,
        process=process,
        errors=[ErrorReport(error.at_ms, error.where, error.user_text) for error in notices.errors],
    )


def write_report(file: Path, report: RunReport) -> None:
    """Write the report, whole or not at all. Raises OSError."""
    write_atomically(file, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def _venue(engine: Engine) -> VenueReport:
    metrics = engine.adapter.metrics
    return VenueReport(
        state=engine.links()[0].phase.value,
        connects=metrics.connects,
        reconnects=metrics.reconnects,
        gaps=metrics.gaps,
        messages={kind: metrics.messages[kind] for kind in MESSAGE_KINDS},
        lag_ms=_lag(metrics.lag_ms),
        book_checks=engine.book_guard.checks,
    )


def _analysis(figures: AnalysisFigures) -> AnalysisReport:
    return AnalysisReport(
        states=figures.states,
        evaluations=figures.evaluations,
        time_ms=_lag(figures.duration_ms),
        delay_ms=_lag(figures.delay_ms),
        signals=figures.signals,
        withheld={rule.value: figures.withheld.get(rule, 0) for rule in Withheld},
    )


def _instruments(engine: Engine) -> dict[str, InstrumentReport]:
    now_ms, results = engine.venue_now_ms(), engine.last_results()
    return {
        str(state.instrument.id): _instrument(state, now_ms, results.get(state.instrument.id, {}))
        for state in engine.store.states
    }


def _instrument(state: InstrumentState, now_ms: int, results: dict[Timeframe, Confluence]) -> InstrumentReport:
    book = state.book
    trade = state.tape.newest
    klines = [series.event_ms for series in state.candles.values() if series.event_ms is not None]
    return InstrumentReport(
        last_price=state.ticker.value("last_price"),
        candles={timeframe.value: len(series) for timeframe, series in state.candles.items()},
        book=book_report(book, state),
        derivatives=_derivatives(state),
        results={timeframe.value: confluence_json(result) for timeframe, result in results.items()},
        ages_ms=AgesReport(
            book=now_ms - book.event_ms if book is not None and book.event_ms else None,
            trade=now_ms - trade.time_ms if trade is not None else None,
            ticker=now_ms - state.ticker.event_ms if state.ticker.event_ms is not None else None,
            kline=now_ms - max(klines) if klines else None,
        ),
    )


def _derivatives(state: InstrumentState) -> DerivativesReport:
    held = state.derivatives
    return DerivativesReport(
        funding=len(held.funding),
        open_interest=len(held.open_interest),
        long_short=len(held.long_short),
        mark=len(held.prices[PriceKind.MARK]),
        index=len(held.prices[PriceKind.INDEX]),
        premium=len(held.prices[PriceKind.PREMIUM]),
        liquidations=len(held.liquidations.events),
    )


def book_report(book: OrderBook | None, state: InstrumentState) -> BookReport:
    """Best prices and reach; nothing but ``valid: false`` while the book is not to be trusted."""
    if book is None or not book.is_valid or book.is_crossed or not book.bids or not book.asks:
        return BookReport(valid=False, bid=None, ask=None, reach_bps=ReachReport(None, None))
    to_price = state.instrument.to_price
    middle = (book.best_bid + book.best_ask) / 2
    return BookReport(
        valid=True,
        bid=to_price(book.best_bid),
        ask=to_price(book.best_ask),
        reach_bps=ReachReport(
            bid=round((middle - min(book.bids)) / middle * 10_000, 3),
            ask=round((max(book.asks) - middle) / middle * 10_000, 3),
        ),
    )


def _lag(of: Distribution) -> LagReport:
    return LagReport(_rounded(of.quantile_ms(0.5)), _rounded(of.quantile_ms(0.99)))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
