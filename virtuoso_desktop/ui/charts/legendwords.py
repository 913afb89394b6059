"""What the legends say: the numbers of the candle under the crosshair, or of the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.study import Study, StudyKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.legend import GROUP_GAP, LEFT_PX, Groups, Lines, Run, groups_width
from virtuoso_desktop.ui.charts.looks import pane_look
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from virtuoso_desktop.ui.charts.model import Reading
    from virtuoso_desktop.ui.charts.stage import Stage

FIRST_MIDDLE_PX = 14
SECOND_MIDDLE_PX = 33
LINE_PX = 17
PANE_MIDDLE_PX = 10
INVERSE_DECIMALS = 4
MOST_LINES = 3
"""Of studies over the candles."""

_LETTERS = tuple(Run(letter, Type.BODY, "muted") for letter in "OHLC")
_NOT_READY = {"preparing": "preparing", "failed": "not available, see the log"}
_WITHOUT_COLUMNS = frozenset({StudyKind.PROFILE, StudyKind.SIGNALS})
_WITHOUT_VALUE = frozenset({StudyKind.LEVELS, StudyKind.SWINGS, StudyKind.SIGNALS})


def price_legend(stage: Stage) -> Lines:
    """Symbol, timeframe, open, high, low, close and change; the values of the studies below."""
    model = stage.model
    if model.instrument is None or model.timeframe is None:
        return []
    identity = model.instrument.id
    name = Run(f"{identity.symbol}{kind_badge(identity.market_kind)}", Type.KEY, "text")
    place = Run(f"{model.timeframe.value} \u00b7 {identity.venue.value.capitalize()}", Type.BODY, "muted", 8)
    head = [name, place]
    if model.is_empty:
        return [(FIRST_MIDDLE_PX, [[head]])]
    if stage.seen_ms is not None:
        age = text.age(stage.now_ms - stage.seen_ms)
        head.append(Run(f"last seen {age} ago", Type.BODY, "warning", 8))
    reading = stage.shown_reading()
    figures = _figures(stage, reading)
    short = [group for group in figures if group[0].words not in "OHL"]
    ways = [[head, *figures], [head, *short], [[name, *head[2:]], *short]]
    return [(FIRST_MIDDLE_PX, ways), *_wrapped(stage, _overlays(stage, reading))]


def pane_legend(stage: Stage, study: Study) -> Lines:
    """Title and values of a pane's study."""
    if stage.model.is_empty or stage.model.instrument is None:
        return []
    reading = stage.shown_reading()
    group = _volume_group(stage, reading) if study.kind is StudyKind.VOLUME else _study_group(stage, study, reading)
    if stage.seen_ms is None:
        group += _remarks(stage, study)
    return [(PANE_MIDDLE_PX, [[_entry(stage, study, group)]])]


def _entry(stage: Stage, study: Study, group: list[Run]) -> list[Run]:
    """The runs of one study; its title is marked while evidence points at it."""
    token = "accent_text" if study.name in stage.choice.highlighted else group[0].token
    return [run._replace(entry=study.name, token=run.token if index else token) for index, run in enumerate(group)]


# --- over the candles --------------------------------------------------------------------------------------------


def _figures(stage: Stage, reading: Reading | None) -> Groups:
    if reading is None:
        return [[Run("no candle", Type.BODY, "warning")]]
    is_old = not stage.is_live and reading == stage.model.newest
    token = "muted" if is_old or stage.is_muted else "up_text" if reading.is_up else "down_text"
    groups = [
        [letter, Run(stage.price_text(ticks), Type.NUMBER, token, 6)]
        for letter, ticks in zip(_LETTERS, (reading.open, reading.high, reading.low, reading.close), strict=True)
    ]
    change = (reading.close / reading.open - 1) * 100 if reading.open else None
    groups[-1].append(Run(text.percent(change), Type.NUMBER, token, GROUP_GAP))
    if reading.slots > 1:
        groups.append([Run(f"{reading.slots} candles", Type.BODY, "muted")])
    return groups


def _overlays(stage: Stage, reading: Reading | None) -> Groups:
    if stage.seen_ms is not None:
        return []
    chosen = [study for study in stage.choice.drawn if not study.spec.has_pane]
    state = stage.model.study_state
    groups: Groups = []
    if state in _NOT_READY:
        waiting = [study.title for study in chosen if study.kind not in _WITHOUT_COLUMNS and study.is_shown]
        if waiting:
            groups.append([Run(f"{', '.join(waiting)}: {_NOT_READY[state]}", Type.CAPTION, "muted")])
        chosen = [study for study in chosen if study.kind in _WITHOUT_COLUMNS]
    for study in chosen:
        group = _overlay_group(stage, study, reading)
        if group:
            groups.append(_entry(stage, study, group))
    return groups


def _overlay_group(stage: Stage, study: Study, reading: Reading | None) -> list[Run]:
    """Swatch, title and value; nothing for a study that is not drawn on this timeframe."""
    if not study.is_shown:
        return [Run(f"{study.title} hidden", Type.CAPTION, "disabled")]
    if study.kind in _WITHOUT_VALUE:
        return [Run(study.title, Type.CAPTION, "muted")]
    if study.kind is StudyKind.PROFILE:
        poc = Run(stage.price_text(stage.model.view_marks.poc), Type.CAPTION_NUMBER, "text", 6)
        return [Run(study.title, Type.CAPTION, "muted"), poc]
    looks = stage.overlays.get(study.name, ())
    if not any(look.key in stage.model.lines for look in looks):
        return []
    values = {} if reading is None else reading.lines
    value = next((values[look.key] for look in looks if values.get(look.key) is not None), None)
    words = f"{study.title} \u00b11\u03c3 \u00b12\u03c3" if study.kind is StudyKind.VWAP else study.title
    return [
        Run(words, Type.CAPTION, "muted", swatch=looks[0].token),
        Run(stage.price_text(value), Type.CAPTION_NUMBER, "text", 6),
    ]


def _wrapped(stage: Stage, groups: Groups) -> Lines:
    """The groups in as many lines as they need."""
    room = stage.logical(stage.layout.plot_width) - 2 * LEFT_PX
    rows: list[Groups] = [[]]
    for group in groups:
        if rows[-1] and groups_width([*rows[-1], group]) > room and len(rows) < MOST_LINES:
            rows.append([])
        rows[-1].append(group)
    return [(SECOND_MIDDLE_PX + index * LINE_PX, [row]) for index, row in enumerate(rows)]


# --- panes -------------------------------------------------------------------------------------------------------


def _volume_group(stage: Stage, reading: Reading | None) -> list[Run]:
    """Volume of the candle, of the largest one where a column holds several; and the CVD."""
    instrument = stage.model.instrument
    assert instrument is not None
    value = text.DASH if reading is None else _volume(reading.volume, _size_decimals(instrument))
    label = "Volume" if reading is None or reading.slots == 1 else "Largest volume"
    token = "muted" if stage.is_muted else "text"
    group = [Run(label, Type.CAPTION, "muted"), Run(value, Type.CAPTION_KEY, token, 6)]
    if "cvd" in stage.model.lines:
        cvd = None if reading is None else reading.lines.get("cvd")
        group.append(Run("CVD", Type.CAPTION, "muted", GROUP_GAP))
        group.append(Run(_signed_amount(cvd), Type.CAPTION_KEY, "info", 6))
        if reading is not None and cvd is not None:
            is_estimate = bool(reading.lines.get("cvd.estimated"))
            group.append(Run("estimated from candles" if is_estimate else "from trades", Type.CAPTION, "muted", 8))
    return group


def _study_group(stage: Stage, study: Study, reading: Reading | None) -> list[Run]:
    look = pane_look(study)
    values = {} if reading is None else reading.lines
    group = [Run(study.title, Type.CAPTION, "muted")]
    for index, line in enumerate(look.lines):
        if line.key in stage.model.lines:
            token = "text" if index == 0 else _text_token(line.token)
            group.append(
                Run(stage.study_text(values.get(line.key), look), Type.CAPTION_KEY, token, 6 if not index else 8)
            )
    if look.bars in stage.model.lines:
        group.append(Run(stage.study_text(values.get(look.bars), look), Type.CAPTION_KEY, "muted", 8))
    return group


def _remarks(stage: Stage, study: Study) -> list[Run]:
    """What has to be said of where the values come from, or why there are none."""
    model = stage.model
    if study.kind is StudyKind.CONFLUENCE:
        words = "closed bars only" if "confluence" in model.lines else (model.scores.reason or "no score in view")
        return [Run(words, Type.CAPTION, "muted", GROUP_GAP)]
    if model.study_state in _NOT_READY and study.kind is not StudyKind.VOLUME:
        return [Run(_NOT_READY[model.study_state], Type.CAPTION, "muted", GROUP_GAP)]
    return []


def _text_token(token: str) -> str:
    """Text in a line's colour takes the variant for text."""
    return {"up": "up_text", "down": "down_text"}.get(token, token)


def _size_decimals(instrument: Instrument) -> int:
    """Digits of a size in base coin; inverse contracts are counted in USD, so their grid says nothing of it."""
    return INVERSE_DECIMALS if instrument.id.market_kind is MarketKind.INVERSE else instrument.size_decimals


def _volume(value: float, decimals: int) -> str:
    """``58.600``, ``1.23K``; small amounts in the instrument's own decimals, three at most."""
    return text.price(value, min(decimals, 3)) if value < 100 else text.compact(value)


def _signed_amount(value: float | None) -> str:
    """``+132``, with the sign of buying or selling."""
    return text.DASH if value is None else ("+" if value > 0 else "") + text.compact(value)
