"""Settings reach the parts that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.app import wiring
from virtuoso_desktop.app.arguments import Options
from virtuoso_desktop.app.demo_child import DemoMarket
from virtuoso_desktop.kernel.clock import LiveClock, ManualClock, ScaledClock
from virtuoso_desktop.kernel.notices import NoticeBoard
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import LoadedSettings

HTTP, WS = "http://127.0.0.1:9001", "ws://127.0.0.1:9001"
ENDPOINTS = (f"exchanges.bybit.rest_endpoint={HTTP}", f"exchanges.bybit.ws_endpoint={WS}")


def loaded(tmp_path: Path, *overrides: str) -> LoadedSettings:
    return wiring.read_settings(Options(overrides=overrides), tmp_path)


def test_limits_and_deadlines(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        "exchanges.bybit.rate_limits.requests_per_minute=120",
        "connection_pool.limit_per_host=3",
        "connection_pool.connection_timeout=4",
        "connection_pool.socket_read_timeout=5",
        "connection_pool.total_timeout=6",
        "connection_pool.keepalive_expiry=7",
        "websocket.timeout=8",
        "websocket.ping_interval=9",
    ).settings
    rest = wiring.rest_settings(settings)
    assert (rest.requests_per_s, rest.most_at_once) == (2.0, 3)
    assert (rest.connect_timeout_s, rest.read_timeout_s, rest.total_timeout_s, rest.keepalive_s) == (4, 5, 6, 7)
    links = wiring.link_times(settings)
    assert (links.open_timeout_s, links.pong_timeout_s, links.ping_interval_s) == (8, 8, 9)


def test_the_default_rate_is_eight_a_second_and_four_at_once(tmp_path: Path) -> None:
    rest = wiring.rest_settings(loaded(tmp_path).settings)
    assert (rest.requests_per_s, rest.most_at_once) == (8.0, 4)


def test_clocks(tmp_path: Path) -> None:
    assert isinstance(wiring.make_clock(loaded(tmp_path).settings.clock), LiveClock)
    fast = wiring.make_clock(loaded(tmp_path, "clock.rate=60", "clock.start=2024-05-01T12:00:00Z").settings.clock)
    assert isinstance(fast, ScaledClock)
    assert fast.rate == 60
    assert 0 <= fast.now_ms() - 1_714_564_800_000 < 60_000


@pytest.mark.parametrize(
    ("overrides", "source", "folder"),
    [
        ((), Source.LIVE, "live"),
        (("exchanges.bybit.testnet=true",), Source.TESTNET, "testnet"),
        (ENDPOINTS, Source.DEMO, "demo-127.0.0.1-9001"),
    ],
)
def test_sources(tmp_path: Path, overrides: tuple[str, ...], source: Source, folder: str) -> None:
    plan = wiring.make_plan(Options(), loaded(tmp_path, *overrides), None)
    assert (plan.source.source, plan.source.folder) == (source, folder)


def test_half_a_testnet_is_refused(tmp_path: Path) -> None:
    mixed = loaded(tmp_path, "exchanges.bybit.ws_endpoint=wss://stream-testnet.bybit.com")
    with pytest.raises(ConfigError, match="same network"):
        wiring.make_plan(Options(), mixed, None)


@pytest.mark.parametrize(("speed", "folder"), [(1.0, "demo"), (60.0, "demo-fast")])
def test_the_demo_brings_its_endpoints_and_its_clock(tmp_path: Path, speed: float, folder: str) -> None:
    clock = ManualClock()
    plan = wiring.make_plan(Options(demo=True, speed=speed), loaded(tmp_path), DemoMarket(HTTP, WS, clock))
    assert (plan.source.rest_endpoint, plan.source.ws_endpoint, plan.source.folder) == (HTTP, WS, folder)
    assert plan.clock is clock


async def test_the_engine_is_wired_and_ends_without_having_begun(tmp_path: Path) -> None:
    plan = wiring.make_plan(Options(), loaded(tmp_path, *ENDPOINTS, "analysis.timeframes=[1m, 1h]"), None)
    notices = NoticeBoard(plan.clock)
    engine = wiring.build_engine(plan, notices)
    assert (engine.source, engine.clock, engine.notices) == (Source.DEMO, plan.clock, notices)
    assert engine.settings.analysis.timeframes == (Timeframe.M1, Timeframe.H1)
    assert engine.watched() == ()
    await engine.stop()
