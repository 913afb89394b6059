"""Puts the running system together: what each part gets from the settings and from the others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from virtuoso_desktop.app.arguments import Options
from virtuoso_desktop.app.demo_child import DemoMarket
from virtuoso_desktop.engine.engine import NO_HISTORY, NO_JOURNAL, Engine, VenueParts
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.rest_client import RestSettings
from virtuoso_desktop.exchanges.transport import LinkTimes
from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.settings.change import SettingsSource
from virtuoso_desktop.settings.load import LoadedSettings
from virtuoso_desktop.settings.schema import ClockSettings, Settings
from virtuoso_desktop.settings.source import SourceOfRun, bybit_source, demo_source
from virtuoso_desktop.storage.history import HISTORY_FILE, HistoryStore
from virtuoso_desktop.storage.journal import JOURNAL_FILE, Journal
from virtuoso_desktop.storage.profile import Profile

DEFAULT_SETTINGS = "config/default.yaml"
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made from."""

    loaded: LoadedSettings
    source: SourceOfRun
    clock: Clock

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


def settings_source(options: Options, profile: Path) -> SettingsSource:
    """Where the settings of the run come from."""
    return SettingsSource(resource(DEFAULT_SETTINGS), profile, options.config, options.overrides, os.environ)


def read_settings(options: Options, profile: Path) -> LoadedSettings:
    """Settings of the run, every layer. Raises ConfigError when something on the command line is wrong."""
    return settings_source(options, profile).load()


def make_plan(options: Options, loaded: LoadedSettings, demo: DemoMarket | None) -> Plan:
    """Decide where the data come from and by which clock. Raises ConfigError for endpoints that do not fit."""
    if demo is not None:
        source = demo_source(demo.rest_endpoint, demo.ws_endpoint, speed=options.speed)
        return Plan(loaded, source, demo.clock)
    return Plan(loaded, bybit_source(loaded.settings.exchanges.bybit), make_clock(loaded.settings.clock))


def make_clock(settings: ClockSettings) -> Clock:
    """The computer's clock, unless the settings start it elsewhere or run it at another rate."""
    if settings.rate == 1.0 and settings.start is None:
        return LiveClock()
    start_ms = settings.start if settings.start is not None else LiveClock().now_ms()
    return ScaledClock(start_ms, settings.rate)


def make_history(plan: Plan, profile: Profile | None) -> HistoryStore:
    """The history in the folder of the run's source; one that keeps nothing where nothing can be written."""
    file = profile.folder / HISTORY_FILE if profile is not None and profile.usable else None
    return HistoryStore(file, cap_mb=plan.settings.history.disk_cap_mb, answers=True)


def make_journal(profile: Profile | None) -> Journal:
    """The journal in the folder of the run's source; one that keeps nothing where nothing can be written."""
    return Journal(profile.folder / JOURNAL_FILE if profile is not None and profile.usable else None)


def build_engine(
    plan: Plan, notices: NoticeBoard, history: HistoryStore = NO_HISTORY, journal: Journal = NO_JOURNAL
) -> Engine:
    """The engine with the primary venue's adapter; nothing is started. Needs a running loop."""
    settings = plan.settings
    store = MarketStore(timeframes=settings.analysis.timeframes)
    adapter = BybitAdapter(
        BybitEndpoints(plan.source.rest_endpoint, plan.source.ws_endpoint, settings.network.proxy),
        store.apply,
        plan.clock,
        Supervisor(lambda name, _: _tell_failure(notices, name)),
        rest=rest_settings(settings),
        links=link_times(settings),
    )
    return Engine(
        plan.source.source,
        settings,
        plan.clock,
        store=store,
        venue=VenueParts(adapter, adapter.venue_clock, history, journal),
        notices=notices,
    )


def rest_settings(settings: Settings) -> RestSettings:
    """Limits and deadlines of requests: the stricter of the two rates holds."""
    pool = settings.connection_pool
    limits = settings.exchanges.bybit.rate_limits
    return RestSettings(
        requests_per_s=min(limits.requests_per_second, limits.requests_per_minute / SECONDS_PER_MINUTE),
        most_at_once=min(pool.limit, pool.limit_per_host),
        connect_timeout_s=pool.connection_timeout,
        read_timeout_s=pool.socket_read_timeout,
        total_timeout_s=pool.total_timeout,
        keepalive_s=pool.keepalive_expiry,
    )


def link_times(settings: Settings) -> LinkTimes:
    """Deadlines of the streams."""
    streams = settings.websocket
    return LinkTimes(
        open_timeout_s=streams.timeout, ping_interval_s=streams.ping_interval, pong_timeout_s=streams.timeout
    )


def _tell_failure(notices: NoticeBoard, name: str) -> None:
    notices.post(Severity.ERROR, name, f"A part of the program failed and was restarted: {name}. The log says more.")
