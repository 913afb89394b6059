"""The program against a simulated exchange with faults, as two processes: what its report says, key by key."""

from __future__ import annotations

import asyncio
import math
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.app_program import Ended, read_report, running
from tests.e2e.simulate_program import simulate
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES

FAULTS = """
- {at_s: 8, fault: gap, topic: orderbook.1000, symbol: BTCUSDT}
- {at_s: 14, fault: reset, topic: "*"}
"""
AFTERWARDS = re.compile(r" DEMO  Bybit live \d+ ms  12/12 live .* gaps 1  reconnects 1 ")
STATES = {"connecting", "syncing", "live", "stale", "backoff"}
KINDS = {"orderbook.50", "orderbook.1000", "publicTrade", "tickers", "kline", "allLiquidation"}
CHECKS = {"equal", "different", "undecided", "trades_lost", "newest_difference", "newest_difference_ms"}
DERIVATIVES = {"funding", "open_interest", "long_short", "mark", "index", "premium", "liquidations"}


def number(value: Any) -> bool:
    """A JSON number that is one."""
    return type(value) in (int, float) and math.isfinite(value)


def whole(value: Any) -> bool:
    return type(value) is int


def or_null(test: Any) -> Any:
    return lambda value: value is None or test(value)


def assert_shape(report: dict[str, Any]) -> None:
    """Every key of the report and no other, each of its type, null where there is no value."""
    assert set(report) == {
        "version", "source", "started_ms", "ended_ms", "venues", "instruments", "analysis", "overview",
        "process", "errors",
    }  # fmt: skip
    analysis = report["analysis"]
    assert set(analysis) == {"states", "evaluations", "time_ms", "delay_ms", "signals", "withheld"}
    assert all(whole(analysis[name]) for name in ("states", "evaluations", "signals"))
    assert all(or_null(number)(value) for name in ("time_ms", "delay_ms") for value in analysis[name].values())
    assert all(whole(count) for count in analysis["withheld"].values())
    assert report["version"] == 1
    assert report["source"] in ("live", "testnet", "demo", "replay", "file")
    assert whole(report["started_ms"])
    assert whole(report["ended_ms"])
    assert set(report["process"]) == {"rss_mb", "cpu_s", "cpu_pct"}
    assert all(number(value) for value in report["process"].values())
    for error in report["errors"]:
        assert set(error) == {"at_ms", "where", "user_text"}
        assert (whole(error["at_ms"]), type(error["where"]), type(error["user_text"])) == (True, str, str)
    for venue in report["venues"].values():
        assert set(venue) == {"state", "connects", "reconnects", "gaps", "messages", "lag_ms", "book_checks"}
        assert set(venue["book_checks"]) == CHECKS
        assert venue["state"] in STATES
        assert all(whole(venue[name]) for name in ("connects", "reconnects", "gaps"))
        assert set(venue["messages"]) == KINDS
        assert all(whole(count) for count in venue["messages"].values())
        assert set(venue["lag_ms"]) == {"p50", "p99"}
        assert all(or_null(number)(value) for value in venue["lag_ms"].values())
    for name, instrument in report["instruments"].items():
        assert_instrument(name, instrument)
    assert_overview(report["overview"], len(report["instruments"]))


def assert_overview(overview: dict[str, Any], watched: int) -> None:
    """The names of the original system and those added to them."""
    figures = {
        "total_volume_24h", "spot_volume_24h", "linear_volume_24h", "inverse_volume_24h", "trend_strength",
        "current_volatility", "avg_volatility", "btc_dominance",
    }  # fmt: skip
    others = {"active_symbols", "market_regime", "btc_dominance_basis", "market_breadth", "timestamp", "metadata"}
    assert set(overview) == figures | others
    assert all(or_null(number)(overview[name]) for name in figures)
    assert (whole(overview["active_symbols"]), whole(overview["timestamp"])) == (True, True)
    assert overview["btc_dominance_basis"] == "turnover_24h"
    breadth = overview["market_breadth"]
    assert set(breadth) == {"up", "down", "flat", "breadth_percentage"}
    assert all(or_null(number)(value) for value in breadth.values())
    if breadth["up"] is not None:
        assert breadth["up"] + breadth["down"] + breadth["flat"] == overview["active_symbols"]
    assert overview["metadata"]["universe_size"] == watched


def assert_instrument(name: str, instrument: dict[str, Any]) -> None:
    assert name.count(":") == 2
    assert set(instrument) == {"last_price", "candles", "book", "ages_ms", "derivatives", "results"}
    assert all(result["timeframe"] == timeframe for timeframe, result in instrument["results"].items())
    assert set(instrument["derivatives"]) == DERIVATIVES
    assert all(whole(count) for count in instrument["derivatives"].values())
    assert or_null(number)(instrument["last_price"])
    assert set(instrument["candles"]) == {timeframe.value for timeframe in ANALYSED_TIMEFRAMES}
    assert all(whole(count) for count in instrument["candles"].values())
    book = instrument["book"]
    assert set(book) == {"valid", "bid", "ask", "reach_bps"}
    assert type(book["valid"]) is bool
    assert set(book["reach_bps"]) == {"bid", "ask"}
    figures = [book["bid"], book["ask"], *book["reach_bps"].values()]
    assert all(map(number, figures)) if book["valid"] else figures == [None] * 4
    assert set(instrument["ages_ms"]) == {"book", "trade", "ticker", "kline"}
    assert all(or_null(whole)(age) for age in instrument["ages_ms"].values())


def run_until_live_again(*arguments: str) -> Ended:
    """Run through the faults and stop once the table says that all is live after the reset."""
    with running(*arguments) as app:
        app.until(lambda: AFTERWARDS.search(app.out), "a table after both faults", 45.0)
        return app.stop(signal.SIGINT)[0]


@pytest.mark.deadline_s(75)
async def test_a_run_with_faults_reports_them_and_ends_live(tmp_path: Path) -> None:
    faults, report_file = tmp_path / "faults.yaml", tmp_path / "r.json"
    faults.write_text(FAULTS)
    async with simulate("--source", "synthetic:1", "--faults", str(faults)) as venue:
        arguments = (
            "--headless", "--report", str(report_file), "--profile", str(tmp_path / "profile"),
            "--set", f"exchanges.bybit.rest_endpoint={venue.http}", "--set", f"exchanges.bybit.ws_endpoint={venue.ws}",
            "--set", "universe.size=12",
        )  # fmt: skip
        ended = await asyncio.to_thread(run_until_live_again, *arguments)
    assert ended.code == 0, ended.err
    report = read_report(report_file)
    assert_shape(report)
    assert report["source"] == "demo"
    assert report["ended_ms"] - report["started_ms"] == pytest.approx(ended.took_s * 1000, abs=3_000)
    assert report["errors"] == []
    venue_report = report["venues"]["bybit"]
    assert (venue_report["state"], venue_report["connects"], venue_report["reconnects"]) == ("live", 2, 1)
    assert venue_report["gaps"] == 1
    assert 0 <= venue_report["lag_ms"]["p50"] <= venue_report["lag_ms"]["p99"]
    instruments = report["instruments"]
    assert len(instruments) == 12
    assert all(each["book"]["valid"] for each in instruments.values())
    assert all(each["book"]["bid"] < each["last_price"] * 1.01 for each in instruments.values())
    assert all(min(each["book"]["reach_bps"].values()) > 0 for each in instruments.values())
    assert all(-1_000 < each["ages_ms"]["ticker"] < 5_000 for each in instruments.values())
    assert sum(instruments["bybit:linear:BTCUSDT"]["candles"].values()) > 1_000
