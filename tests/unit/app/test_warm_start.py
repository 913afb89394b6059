"""What is kept between runs, through the real cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_adapter import instrument
from virtuoso_desktop.app import warm_start
from virtuoso_desktop.engine.universe import UNIVERSE_LIFE_MS, RememberedUniverse
from virtuoso_desktop.engine.views import ChartSnapshot, MarketRow, MarketsSnapshot, RowState
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.schema import UniverseSettings
from virtuoso_desktop.storage.cache import DiskCache

NOW_MS = 1_700_000_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DiskCache]:
    opened = DiskCache(tmp_path / "cache")
    yield opened
    opened.close()


def row(symbol: str, *, state: RowState = RowState.LIVE, updated_ms: int | None = NOW_MS) -> MarketRow:
    price = None if updated_ms is None else 100.5
    return MarketRow(
        instrument(symbol).id, symbol, "USDT", 1, state, last_price=price, updated_ms=updated_ms, sparkline=(1.0, 2.5)
    )


def wanted(tmp_path: Path, *overrides: str) -> UniverseSettings:
    return load_settings(
        default_file=resource("config/default.yaml"),
        profile=tmp_path,
        config_file=None,
        overrides=overrides,
        environ={},
    ).settings.universe


def test_rows_come_back_as_last_seen(cache: DiskCache) -> None:
    snapshot = warm_start.RowMemory(None).snapshot([row("BTCUSDT"), row("ETHUSDT", state=RowState.STALE)], NOW_MS)
    cache.write(warm_start.MARKETS_KEY, snapshot)
    read = warm_start.read_markets(cache)
    assert read is not None
    assert read.as_of_ms == NOW_MS
    assert [each.state for each in read.rows] == [RowState.LAST_SEEN, RowState.LAST_SEEN]
    assert read.rows[0].last_price == 100.5
    assert read.rows[0].sparkline == (1.0, 2.5)


def test_a_row_that_brought_nothing_keeps_the_previous_one() -> None:
    before = row("BTCUSDT", state=RowState.LAST_SEEN, updated_ms=NOW_MS - 5_000)
    memory = warm_start.RowMemory(MarketsSnapshot(1, NOW_MS - 5_000, [before]))
    snapshot = memory.snapshot([row("BTCUSDT", updated_ms=None), row("NEWUSDT", updated_ms=None)], NOW_MS)
    assert snapshot is not None
    assert snapshot.rows == [before]


def test_the_previous_rows_are_shown_until_there_are_new_ones() -> None:
    before = row("BTCUSDT", state=RowState.LAST_SEEN, updated_ms=NOW_MS - 5_000)
    memory = warm_start.RowMemory(MarketsSnapshot(1, NOW_MS - 5_000, [before]))
    waiting, fresh = row("BTCUSDT", updated_ms=None), row("BTCUSDT")
    new = row("NEWUSDT", updated_ms=None)
    assert memory.shown([]) == [before]
    assert memory.shown([waiting, new]) == [before, new]
    assert memory.shown([fresh]) == [fresh]


def test_a_run_that_brought_nothing_keeps_nothing() -> None:
    assert warm_start.RowMemory(None).snapshot([row("BTCUSDT", updated_ms=None)], NOW_MS) is None
    assert warm_start.RowMemory(None).snapshot([], NOW_MS) is None


def test_another_version_is_not_read(cache: DiskCache) -> None:
    cache.write(warm_start.MARKETS_KEY, MarketsSnapshot(99, NOW_MS, [row("BTCUSDT")]))
    assert warm_start.read_markets(cache) is None
    assert warm_start.read_markets(None) is None


def test_the_chart_and_the_window_come_back(cache: DiskCache) -> None:
    columns = [[float(number)] * 3 for number in range(7)]
    chart = ChartSnapshot(1, NOW_MS, instrument("BTCUSDT"), Timeframe.M5, columns, 120.0, 4.5)
    cache.write(warm_start.CHART_KEY, chart)
    cache.write(warm_start.WINDOW_KEY, b'{"version":1}\x00\xff')
    cache.write(warm_start.STUDIES_KEY, b'{"version":1}')
    assert warm_start.read_studies(cache) == b'{"version":1}'
    assert warm_start.read_studies(None) is None
    assert warm_start.read_chart(cache) == chart
    assert warm_start.read_window(cache) == b'{"version":1}\x00\xff'


def test_a_universe_comes_back_while_young_and_wanted(cache: DiskCache, tmp_path: Path) -> None:
    universe = RememberedUniverse(NOW_MS, (instrument("BTCUSDT"), instrument("ETHUSDT")))
    plain = wanted(tmp_path)
    cache.write(warm_start.UNIVERSE_KEY, warm_start.universe_value(universe, plain))
    assert warm_start.read_universe(cache, plain, NOW_MS + 1) == universe
    assert warm_start.read_universe(cache, plain, NOW_MS + UNIVERSE_LIFE_MS) is None
    assert warm_start.read_universe(cache, plain, NOW_MS - 1) is None
    assert warm_start.read_universe(cache, wanted(tmp_path, "universe.size=5"), NOW_MS + 1) is None
    assert warm_start.read_universe(None, plain, NOW_MS) is None
