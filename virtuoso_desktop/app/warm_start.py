"""What is kept between runs, for the first painted window: rows, chart, window, universe.

Imports no numpy. Nothing of it ever enters the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from virtuoso_desktop.engine.views import SNAPSHOT_VERSION, ChartSnapshot, MarketRow, MarketsSnapshot, RowState

if TYPE_CHECKING:
    from virtuoso_desktop.engine.kept_scales import KeptScales
    from virtuoso_desktop.engine.universe import RememberedUniverse
    from virtuoso_desktop.settings.schema import UniverseSettings
    from virtuoso_desktop.storage.first_look import CacheReader

MARKETS_KEY = "snapshot:markets"
CHART_KEY = "snapshot:chart"
WINDOW_KEY = "window"
STUDIES_KEY = "studies"
UNIVERSE_KEY = "universe"
SCALES_KEY = "scales"
APPEARANCE_KEY = "settings:appearance"
TOLD_KEY = "told:closing-to-tray"


class Appearance(msgspec.Struct, frozen=True):
    """What the settings said of the window when it was last open: a change since then is the newest word."""

    theme: str
    colour_blind_safe: bool
    motion: str | None = None


class KeptUniverse(msgspec.Struct, frozen=True):
    """The universe with the settings that chose it: others choose anew."""

    wanted: str
    universe: msgspec.Raw


def read_markets(cache: CacheReader | None) -> MarketsSnapshot | None:
    """Rows as last shown, each in the state ``last seen``."""
    snapshot = cache.read(MARKETS_KEY, MarketsSnapshot) if cache is not None else None
    if snapshot is None or snapshot.version != SNAPSHOT_VERSION:
        return None
    rows = [msgspec.structs.replace(row, state=RowState.LAST_SEEN) for row in snapshot.rows]
    return msgspec.structs.replace(snapshot, rows=rows)


def read_chart(cache: CacheReader | None) -> ChartSnapshot | None:
    """The chart as last shown."""
    snapshot = cache.read(CHART_KEY, ChartSnapshot) if cache is not None else None
    return snapshot if snapshot is not None and snapshot.version == SNAPSHOT_VERSION else None


def was_told(cache: CacheReader | None) -> bool:
    """Whether the person was told that closing the window does not quit."""
    return cache is not None and cache.read(TOLD_KEY, bool) is True


def read_window(cache: CacheReader | None) -> bytes | None:
    """What the window remembers of itself."""
    return cache.read(WINDOW_KEY, bytes) if cache is not None else None


def read_appearance(cache: CacheReader | None) -> Appearance | None:
    """What the settings said last."""
    return cache.read(APPEARANCE_KEY, Appearance) if cache is not None else None


def read_studies(cache: CacheReader | None) -> bytes | None:
    """The studies of the active chart, which a workspace that keeps none begins with."""
    return cache.read(STUDIES_KEY, bytes) if cache is not None else None


def read_scales(cache: CacheReader | None) -> KeptScales | None:
    """The scales of the streams that the last run left."""
    from virtuoso_desktop.engine.kept_scales import KeptScales

    return cache.read(SCALES_KEY, KeptScales) if cache is not None else None


def read_universe(cache: CacheReader | None, wanted: UniverseSettings, now_ms: int) -> RememberedUniverse | None:
    """The universe of the previous run, if it is young enough and the settings that chose it are still the same."""
    from virtuoso_desktop.engine.universe import UNIVERSE_LIFE_MS, RememberedUniverse

    kept = cache.read(UNIVERSE_KEY, KeptUniverse) if cache is not None else None
    if kept is None or kept.wanted != wanted.model_dump_json():
        return None
    try:
        universe = msgspec.json.decode(kept.universe, type=RememberedUniverse)
    except (UnicodeDecodeError, msgspec.MsgspecError):
        return None
    return universe if 0 <= now_ms - universe.as_of_ms < UNIVERSE_LIFE_MS else None


def universe_value(universe: RememberedUniverse, wanted: UniverseSettings) -> KeptUniverse:
    """The universe as the cache keeps it."""
    return KeptUniverse(wanted.model_dump_json(), msgspec.Raw(msgspec.json.encode(universe)))


class RowMemory:
    """An instrument that brought nothing yet in this run keeps the row of the previous one."""

    def __init__(self, previous: MarketsSnapshot | None) -> None:
        self._rows: dict[Any, MarketRow] = {row.instrument_id: row for row in previous.rows} if previous else {}

    def shown(self, rows: Sequence[MarketRow]) -> list[MarketRow]:
        """Rows to show: those of the previous run, in the state ``last seen``, where this one has none yet."""
        if not rows:
            return list(self._rows.values())
        return [row if row.updated_ms is not None else self._rows.get(row.instrument_id, row) for row in rows]

    def snapshot(self, rows: Sequence[MarketRow], now_ms: int) -> MarketsSnapshot | None:
        """All rows as last shown; None while there is nothing to keep."""
        kept = [row for row in self.shown(rows) if row.updated_ms is not None] if rows else []
        return MarketsSnapshot(SNAPSHOT_VERSION, now_ms, kept) if kept else None
