"""The report: every key of the format, null where there is no value, numbers as the store holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fake_adapter import FakeAdapter, ticker
from virtuoso_desktop.app.report import Meter, build_report, write_report
from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.kernel.clock import ManualClock, VenueClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.market import Aggressor, BookSnapshot, Candle, Trade
from virtuoso_desktop.model.result import Withheld
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings

NOW_MS = 1_700_000_055_000


def rig(tmp_path: Path) -> tuple[Engine, FakeAdapter, NoticeBoard]:
    clock = ManualClock(NOW_MS)
    adapter = FakeAdapter(clock)
    notices = NoticeBoard(clock)
    settings = load_settings(
        default_file=resource("config/default.yaml"), profile=tmp_path, config_file=None, overrides=[], environ={}
    ).settings
    store = MarketStore()
    engine = Engine(
        Source.DEMO, settings, clock, store=store, venue=VenueParts(adapter, VenueClock(clock)), notices=notices
    )
    store.add(adapter.listed[0])
    store.add(adapter.listed[1])
    return engine, adapter, notices


def written(tmp_path: Path, engine: Engine | None, notices: NoticeBoard) -> dict[str, Any]:
    file = tmp_path / "report.json"
    write_report(file, build_report(engine, notices, Meter()))
    return json.loads(file.read_text())


def test_an_instrument_without_data_has_every_key(tmp_path: Path) -> None:
    engine, _, notices = rig(tmp_path)
    report = written(tmp_path, engine, notices)
    assert list(report) == [
        "version", "source", "started_ms", "ended_ms", "venues", "instruments", "analysis", "overview",
        "process", "errors",
    ]  # fmt: skip
    assert report["analysis"] == {
        "states": 0,
        "evaluations": 0,
        "time_ms": {"p50": None, "p99": None},
        "delay_ms": {"p50": None, "p99": None},
        "signals": 0,
        "withheld": dict.fromkeys([rule.value for rule in Withheld], 0),
    }
    overview = report["overview"]
    assert overview.pop("metadata")["reason"] == "a market needs 10 instruments, 2 are watched"
    assert overview == {
        "active_symbols": 0,
        "total_volume_24h": None,
        "spot_volume_24h": None,
        "linear_volume_24h": None,
        "inverse_volume_24h": None,
        "market_regime": "unknown",
        "trend_strength": None,
        "current_volatility": None,
        "avg_volatility": None,
        "btc_dominance": None,
        "btc_dominance_basis": "turnover_24h",
        "market_breadth": {"up": None, "down": None, "flat": None, "breadth_percentage": None},
        "timestamp": NOW_MS // 1000,
    }
    assert report["version"] == 1
    assert report["source"] == "demo"
    assert report["venues"] == {
        "bybit": {
            "state": "connecting",
            "connects": 0,
            "reconnects": 0,
            "gaps": 0,
            "messages": {
                "orderbook.50": 0,
                "orderbook.1000": 0,
                "publicTrade": 0,
                "tickers": 0,
                "kline": 0,
                "allLiquidation": 0,
            },
            "lag_ms": {"p50": None, "p99": None},
            "book_checks": {
                "equal": 0,
                "different": 0,
                "undecided": 0,
                "trades_lost": 0,
                "newest_difference": None,
                "newest_difference_ms": None,
            },
        }
    }
    assert report["instruments"]["bybit:linear:BTCUSDT"] == {
        "last_price": None,
        "candles": {"1m": 0, "5m": 0, "15m": 0, "30m": 0, "1h": 0, "4h": 0, "1d": 0},
        "book": {"valid": False, "bid": None, "ask": None, "reach_bps": {"bid": None, "ask": None}},
        "ages_ms": {"book": None, "trade": None, "ticker": None, "kline": None},
        "derivatives": {
            "funding": 0, "open_interest": 0, "long_short": 0, "mark": 0, "index": 0, "premium": 0, "liquidations": 0,
        },
        "results": {},
    }  # fmt: skip
    assert set(report["process"]) == {"rss_mb", "cpu_s", "cpu_pct"}
    assert report["errors"] == []
    assert report["ended_ms"] >= report["started_ms"]


def test_values_are_those_of_the_store(tmp_path: Path) -> None:
    engine, adapter, notices = rig(tmp_path)
    btc = adapter.listed[0].id
    store = engine.store
    store.apply(ticker("BTCUSDT", event_ms=NOW_MS - 300, last=100.3))
    store.apply(
        BookSnapshot(btc, 1000, [(100.0, 1.0), (99.0, 2.0)], [(100.2, 1.0), (101.2, 2.0)], 1, 1, NOW_MS - 20, None, 0)
    )
    store.apply(Trade(btc, "1", 100.1, 1.0, Aggressor.BUY, NOW_MS - 40, 1, False, NOW_MS - 40, 0))
    for timeframe, age_ms in ((Timeframe.M1, 900), (Timeframe.M5, 700)):
        open_ms = timeframe.open_ms(NOW_MS)
        store.apply(Candle(btc, timeframe, open_ms, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, False, NOW_MS - age_ms, 0))
    adapter.metrics.messages["tickers"] = 3
    adapter.metrics.gaps = 2
    adapter.metrics.lag_ms.add(5.0)
    notices.post(Severity.WARNING, "clock", "only a warning")
    notices.post(Severity.ERROR, "settings", "line 3 is wrong")
    report = written(tmp_path, engine, notices)
    found = report["instruments"]["bybit:linear:BTCUSDT"]
    assert found["last_price"] == 100.3
    assert (found["candles"]["1m"], found["candles"]["5m"], found["candles"]["1h"]) == (1, 1, 0)
    assert (found["book"]["valid"], found["book"]["bid"], found["book"]["ask"]) == (True, 100.0, 100.2)
    assert found["book"]["reach_bps"] == {
        "bid": pytest.approx((100.1 - 99.0) / 100.1 * 1e4, abs=0.01),
        "ask": pytest.approx((101.2 - 100.1) / 100.1 * 1e4, abs=0.01),
    }
    assert found["ages_ms"] == {"book": 20, "trade": 40, "ticker": 300, "kline": 700}
    venue = report["venues"]["bybit"]
    assert (venue["messages"]["tickers"], venue["gaps"]) == (3, 2)
    assert venue["lag_ms"]["p50"] == pytest.approx(5.0, rel=0.1)
    assert report["errors"] == [{"at_ms": NOW_MS, "where": "settings", "user_text": "line 3 is wrong"}]


def test_an_invalid_book_tells_no_prices(tmp_path: Path) -> None:
    engine, adapter, notices = rig(tmp_path)
    btc = adapter.listed[0].id
    engine.store.apply(BookSnapshot(btc, 1000, [(100.0, 1.0)], [(100.2, 1.0)], 1, 1, NOW_MS, None, 0))
    engine.store.states[0].books[1000].invalidate("lost")
    book = written(tmp_path, engine, notices)["instruments"]["bybit:linear:BTCUSDT"]["book"]
    assert book == {"valid": False, "bid": None, "ask": None, "reach_bps": {"bid": None, "ask": None}}


def test_a_run_that_never_began_has_a_report_too(tmp_path: Path) -> None:
    report = written(tmp_path, None, NoticeBoard(ManualClock()))
    assert (report["source"], report["venues"], report["instruments"], report["overview"]) == (None, {}, {}, None)
