"""What a pane beside the candles says of where its values come from, and why there are none. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.looks import pane_look

if TYPE_CHECKING:
    from virtuoso_desktop.model.study import Study
    from virtuoso_desktop.ui.charts.stage import Stage


def beside_words(stage: Stage, study: Study) -> list[str]:
    """Remarks, the most needed one last; none where nothing is known of the series yet."""
    model = stage.model
    held = model.beside.series.get(study.kind)
    if held is None:
        return []
    if held.reason is not None:
        return [held.reason]
    since_ms = held.since_ms
    parts = [held.remark] if held.remark else []
    if since_ms is not None:
        moment = text.clock(since_ms, stage.zone)
        if model.beside.now_ms - since_ms > _DAY_MS:
            moment = f"{text.day(since_ms, stage.zone)} {moment}"
        parts.append(f"recorded since {moment}")
    if not _is_in_view(stage, study):
        oldest = "nothing in view"
        if since_ms is None and len(held.time_ms):
            oldest = f"nothing before {text.day(held.time_ms[0], stage.zone)} {text.clock(held.time_ms[0], stage.zone)}"
        parts.append(oldest)
    return parts


_DAY_MS = 86_400_000


def _is_in_view(stage: Stage, study: Study) -> bool:
    """Whether a bar in view has a value."""
    lines = stage.model.lines
    return any(look.key in lines and np.isfinite(lines[look.key]).any() for look in pane_look(study).lines)
