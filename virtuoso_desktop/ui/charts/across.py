"""Where the bars of the slice stand across the panes, and which are neighbours; computed once a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.model.timeframe import DAY_MS
from virtuoso_desktop.ui.charts.series import metrics_of

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.model import ChartModel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Across(NamedTuple):
    """The bars but for the newest one."""

    version: tuple[object, ...]
    x: Floats
    """Middles, device pixels from the plot's left edge."""
    key: Floats
    touching: Flags
    """Of each but the last: whether the next one is its neighbour. Lines do not run over a gap."""
    within: Flags
    """Neighbours of one UTC day."""
    is_whole: bool
    """All are neighbours."""


def across_of(model: ChartModel, ratio: float) -> Across:
    """The bars of the slice as it is now."""
    version = (model.data_version, model.time.version, model.shows_newest, ratio)
    found = model.across
    if found is None or found.version != version:
        key = model.bars.key[: model.bars.count - model.shows_newest]
        x = key * model.time.zoom.spacing - model.time.left + metrics_of(model.time.zoom, ratio).middle
        touching = are_touching(key)
        found = Across(version, x, key, touching, touching & is_same_session(model, key), bool(touching.all()))
        model.across = found
    return found


def are_touching(key: Floats) -> Flags:
    """Whether each bar and the next are neighbours: lines do not run over a gap."""
    return key[1:] - key[:-1] == 1.0


def is_same_session(model: ChartModel, key: Floats) -> Flags:
    """Whether each bar and the next are of one UTC day."""
    slot_ms = 0 if model.timeframe is None else model.timeframe.duration_ms
    session = np.floor(((key + 1) * model.time.zoom.per_column - 1) * slot_ms / DAY_MS)
    return session[1:] == session[:-1]


def session_of(model: ChartModel, key: float) -> int:
    """UTC day of the last slot of a column."""
    slot_ms = 0 if model.timeframe is None else model.timeframe.duration_ms
    return int(((key + 1) * model.time.zoom.per_column - 1) * slot_ms // DAY_MS)
