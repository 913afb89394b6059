"""An engine for the chart's tests: real candle series and studies, a clock and answers by hand."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.engine.beside_views import BesideView
from virtuoso_desktop.engine.evidence_views import ComponentEvidence
from virtuoso_desktop.engine.studies import Studies, import_kernels
from virtuoso_desktop.engine.views import (
    CandleView,
    ChartSnapshot,
    ChartView,
    EvidenceView,
    QuotesView,
    RowState,
    ScoreHistoryView,
    SignalMark,
)
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.market.candles import CandleSeries
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, Source
from virtuoso_desktop.model.market import Candle
from virtuoso_desktop.model.study import Study
from virtuoso_desktop.model.timeframe import Timeframe

Columns = NDArray[np.float64]
FIRST_MS = 1_743_811_200_000  # Sat 5 Apr 2025, 00:00 UTC
FAR_MS = 10**14


def instrument(text: str = "bybit:linear:BTCUSDT", tick: str = "0.1", lot: str = "0.001") -> Instrument:
    identity = InstrumentId.parse(text)
    return Instrument(
        id=identity,
        base_coin=identity.symbol.removesuffix("USDT"),
        quote_coin="USDT",
        settle_coin="USDT",
        status="Trading",
        contract_type="LinearPerpetual",
        tick_size=Decimal(tick),
        lot_step=Decimal(lot),
    )


BTC = instrument()
ETH = instrument("bybit:linear:ETHUSDT", "0.01", "0.01")


def walk(rows: int, start: float = 900_000.0, seed: int = 1, timeframe: Timeframe = Timeframe.M5) -> Columns:
    """Candles of a random walk, shape (7, rows), prices in ticks of 0.1."""
    rng = np.random.default_rng(seed)
    close = np.rint(start * np.exp(np.cumsum(rng.normal(0, 0.0008, rows))))
    opens = np.concatenate(([start], close[:-1]))
    high = np.maximum(opens, close) + np.rint(rng.exponential(start * 3e-4, rows))
    low = np.minimum(opens, close) - np.rint(rng.exponential(start * 3e-4, rows))
    volume = np.round(rng.lognormal(3, 0.8, rows), 3)
    times = FIRST_MS + np.arange(rows) * float(timeframe.duration_ms)
    return np.vstack((times, opens, high, low, close, volume, volume * (high + low + close) / 3 * 0.1))


def real_rows(folder: Path, name: str, tick: float) -> Columns:
    """Candles of a Bybit file, shape (7, n)."""
    with gzip.open(folder / "d_ohlcv_bybit_linear" / f"{name}.csv.gz", "rt") as lines:
        next(lines)
        rows = [line.rstrip("\n").split(",") for line in lines]
    times = np.array([row[0].replace("+00:00", "") for row in rows], dtype="datetime64[ms]").astype(float)
    values = np.array([[float(cell) for cell in row[1:6]] for row in rows]).T
    prices = np.rint(values[:4] / tick)
    return np.vstack((times, prices, values[4], values[4] * prices[1:].mean(axis=0) * tick))


class FakeEngine:
    """Holds series by hand; notes every call that changes something."""

    def __init__(self, source: Source = Source.LIVE) -> None:
        self.source = source
        self.clock = ManualClock(FIRST_MS)
        self.notices = NoticeBoard(self.clock)
        self.watched_changed: Signal[tuple[InstrumentId, ...]] = Signal("watched changed")
        self.instruments: dict[InstrumentId, Instrument] = {}
        self.series: dict[tuple[InstrumentId, Timeframe], CandleSeries] = {}
        self.older: dict[tuple[InstrumentId, Timeframe], Columns] = {}
        self.studies = Studies()
        self.scores = ScoreHistoryView()
        self.marks: tuple[SignalMark, ...] = ()
        self.told: EvidenceView | None = None
        self.beside_view = BesideView()
        self.component_view: ComponentEvidence | None = None
        self.state = RowState.LIVE
        self.newest_ms: int | None = None
        self.is_loading_older = False
        self.load_error: str | None = None
        self.relative_volume: float | None = None
        self.complete_left = False
        self.quotes = QuotesView()
        self.calls: list[str] = []

    def prepare_studies(self) -> None:
        kernels = self.studies._kernels = import_kernels()
        self.studies._compiled = frozenset(kernel.name for kernel, _ in kernels.COMPILED)
        self.studies.state = "ready"

    def hold(
        self, rows: Columns, held: Instrument = BTC, timeframe: Timeframe = Timeframe.M5, most: int = 10**7
    ) -> None:
        """Hold these candles; the last one still forms, and the clock stands 108 s before its close."""
        self.instruments[held.id] = held
        series = self.series[held.id, timeframe] = CandleSeries(held, timeframe, most)
        if rows.shape[1]:
            close_ms = timeframe.close_ms(int(rows[0, -1]))
            series.merge(rows, close_ms - 1)
            self.newest_ms = close_ms - 108_000
            self.clock.set_ms(self.newest_ms)

    def tick(
        self, close: float, held: Instrument = BTC, timeframe: Timeframe = Timeframe.M5, closed: bool = False
    ) -> None:
        """Move the newest candle's close to a price in ticks."""
        series = self.series[held.id, timeframe]
        row = series.columns[:, -1]
        self.put(int(row[0]), row[1], max(row[2], close), min(row[3], close), close, row[5], held, timeframe, closed)

    def append(self, held: Instrument = BTC, timeframe: Timeframe = Timeframe.M5) -> None:
        """Close the newest candle and begin the next one at its close."""
        series = self.series[held.id, timeframe]
        close = float(series.columns[4, -1])
        self.tick(close, held, timeframe, closed=True)
        open_ms = timeframe.close_ms(int(series.columns[0, -1]))
        self.put(open_ms, close, close, close, close, 0.5, held, timeframe, False)

    def put(
        self,
        open_ms: int,
        o: float,
        h: float,
        low: float,
        c: float,
        v: float,
        held: Instrument,
        timeframe: Timeframe,
        closed: bool,
    ) -> None:
        tick = float(held.tick_size)
        self.series[held.id, timeframe].apply(
            Candle(
                held.id,
                timeframe,
                open_ms,
                o * tick,
                h * tick,
                low * tick,
                c * tick,
                v,
                v * c * tick,
                closed,
                open_ms,
                0,
            )
        )
        self.newest_ms = self.clock.now_ms()

    def watched(self) -> tuple[Instrument, ...]:
        return tuple(self.instruments.values())

    def chart(self, instrument_id: InstrumentId, timeframe: Timeframe, place: int | None = 0) -> ChartView | None:
        held = self.instruments.get(instrument_id)
        if held is None:
            return None
        series = self.series.setdefault((instrument_id, timeframe), CandleSeries(held, timeframe))
        candles = CandleView(
            series.columns,
            version=series.version,
            base_version=series.base_version,
            last_is_forming=series.last_is_forming,
            is_complete_left=self.complete_left,
        )
        return ChartView(
            instrument=held,
            timeframe=timeframe,
            candles=candles,
            studies=self.studies.view(held, timeframe, candles, place),
            last_price_ticks=series.last_close_ticks,
            state=self.state,
            newest_ms=self.newest_ms,
            is_loading_older=self.is_loading_older,
            load_error=self.load_error,
            quotes=self.quotes,
            relative_volume=self.relative_volume,
        )

    def choose_studies(self, studies: tuple[Study, ...], place: int = 0) -> None:
        self.studies.choose(studies, place)

    def signal_marks(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[SignalMark, ...]:
        return self.marks

    def score_history(self, instrument_id: InstrumentId, timeframe: Timeframe) -> ScoreHistoryView:
        return self.scores

    def component_evidence(
        self, instrument_id: InstrumentId, timeframe: Timeframe, component: str
    ) -> ComponentEvidence | None:
        return self.component_view

    def beside(self, instrument_id: InstrumentId, place: int = 0) -> BesideView:
        return self.beside_view

    def evidence(self, instrument_id: InstrumentId, timeframe: Timeframe, component: str) -> EvidenceView | None:
        return self.told

    def chart_version(self, instrument_id: InstrumentId, timeframe: Timeframe) -> tuple[int, int]:
        series = self.series.get((instrument_id, timeframe))
        return (-1, -1) if series is None else (series.base_version, series.version)

    def venue_now_ms(self, instrument_id: InstrumentId | None = None) -> int:
        return self.clock.now_ms()

    def show(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(f"show {instrument_id.symbol} {timeframe.value}")

    def show_beside(self, series: tuple[tuple[InstrumentId, Timeframe], ...]) -> None:
        self.calls.append("beside " + " ".join(f"{each.symbol}-{timeframe.value}" for each, timeframe in series))

    def load_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(f"older {instrument_id.symbol} {timeframe.value}")
        self.load_error = None
        self.is_loading_older = True

    def cancel_older(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        self.calls.append(f"cancel {instrument_id.symbol} {timeframe.value}")
        self.is_loading_older = False

    def bring_older(self, rows: Columns, held: Instrument = BTC, timeframe: Timeframe = Timeframe.M5) -> None:
        """The page in flight arrives."""
        self.series[held.id, timeframe].merge(rows, FAR_MS)
        self.is_loading_older = False

    def fail_older(self, words: str) -> None:
        self.is_loading_older = False
        self.load_error = words

    def markets_cursor(self) -> Any:
        raise AssertionError("the chart reads no Markets rows")

    def links(self) -> tuple[Any, ...]:
        return ()

    def status(self) -> Any:
        raise AssertionError("the chart reads no status")

    def retry_now(self, venue: str) -> None:
        self.calls.append(f"retry {venue}")

    def count_skipped_refresh(self, panel: str) -> None:
        self.calls.append("skipped")


def snapshot_of(
    rows: Columns,
    held: Instrument = BTC,
    timeframe: Timeframe = Timeframe.M5,
    as_of_ms: int = FIRST_MS,
    view_bars: float = 120.0,
    bars_right: float = 14.0,
) -> ChartSnapshot:
    return ChartSnapshot(1, as_of_ms, held, timeframe, rows.tolist(), view_bars, bars_right)
