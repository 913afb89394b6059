"""What the legends say: the numbers of the candle under the crosshair, or of the newest one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.views import kind_badge
from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.study import BANDS, BESIDE, Study, StudyKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.charts.besidewords import beside_words
from virtuoso_desktop.ui.charts.candletypes import CandleType
from virtuoso_desktop.ui.charts.legend import GROUP_GAP, LEFT_PX, Groups, Lines, Run, groups_width
from virtuoso_desktop.ui.charts.looks import pane_look
from virtuoso_desktop.ui.fonts import Type

if TYPE_CHECKING:
    from virtuoso_desktop.model.timeframe import Timeframe
    from virtuoso_desktop.ui.charts.model import Reading
    from virtuoso_desktop.ui.charts.stage import Stage

FIRST_MIDDLE_PX = 14
SECOND_MIDDLE_PX = 33
LINE_PX = 17
PANE_MIDDLE_PX = 10
INVERSE_DECIMALS = 4
LEGEND_SHARE = 0.28
"""Of the price pane's height: a low one leaves studies out, and says how many."""
MOST_LINES = 3
"""Of studies over the candles."""

_LETTERS = tuple(Run(letter, Type.BODY, "muted") for letter in "OHLC")
_NOT_READY = {"preparing": "preparing", "failed": "not available, see the log"}
_WITHOUT_COLUMNS = frozenset({StudyKind.PROFILE, StudyKind.SIGNALS})
_FROM_TABLE = frozenset({StudyKind.LEVELS, StudyKind.SWINGS})
_WITHOUT_VALUE = frozenset({StudyKind.LEVELS, StudyKind.SWINGS, StudyKind.SIGNALS})


class _Words(NamedTuple):
    """What is said of one study over the candles: its title, and which of its lines has the value."""

    title: Run
    keys: tuple[str, ...] = ()
    is_poc: bool = False


class PriceWords:
    """Symbol, timeframe, open, high, low, close and change; the values of the studies below."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._words: list[_Words] = []
        self._shape: tuple[object, ...] = ()
        self._rows: list[int] = []

    def __call__(self, stage: Stage) -> Lines:
        model = stage.model
        if model.instrument is None or model.timeframe is None:
            return []
        name, place = _name_and_place(model.instrument.id, model.timeframe)
        head = [] if stage.is_named_above else [name, place]
        if model.is_empty:
            return [(FIRST_MIDDLE_PX, [[head or [name, place]]])]
        if stage.seen_ms is not None:
            age = text.age(stage.now_ms - stage.seen_ms)
            head.append(Run(f"last seen {age} ago", Type.BODY, "warning", 8))
        if model.candle_type is CandleType.HEIKIN_ASHI:
            head.append(Run("Heikin-Ashi, derived", Type.BODY, "muted", 8))
        reading = stage.shown_reading()
        figures = _figures(stage, reading)
        short = [group for group in figures if group[0].words not in "OHL"]
        begin = [head] if head else []
        least = begin if stage.is_named_above else [[name, *head[2:]]]
        ways = [[*begin, *figures], [*begin, *short], [*least, *short]]
        groups = [] if stage.seen_ms is not None else compared_groups(stage, reading) + self._groups(stage, reading)
        return [(FIRST_MIDDLE_PX, ways), *self._wrapped(stage, groups)]

    def _groups(self, stage: Stage, reading: Reading | None) -> Groups:
        """One group a study, with the value of the candle."""
        key = (stage.choice.version, stage.model.study_state, stage.model.lines.keys())
        if key != self._key:
            self._key = (*key[:2], set(key[2]))
            self._words = _overlay_words(stage)
        values = {} if reading is None else reading.lines
        groups: Groups = []
        for words in self._words:
            group = [words.title]
            if words.is_poc or words.keys:
                found = (values[key] for key in words.keys if values.get(key) is not None)
                value = stage.model.view_marks.poc if words.is_poc else next(found, None)
                price = stage.price_text(value)
                group.append(Run(price, Type.CAPTION_NUMBER, "text", 6, entry=words.title.entry))
            groups.append(group)
        return groups

    def _wrapped(self, stage: Stage, groups: Groups) -> Lines:
        """The groups in as many lines as they need."""
        room = stage.logical(stage.layout.plot_width) - 2 * LEFT_PX
        shape = (room, self._key[:2], [len(run.words) for group in groups for run in group])
        if shape != self._shape:
            self._shape = shape
            self._rows = _breaks(groups, room)
        ends = [*self._rows[1:], len(groups)]
        lines: Lines = [
            (SECOND_MIDDLE_PX + index * LINE_PX, [groups[begin:end]])
            for index, (begin, end) in enumerate(zip(self._rows, ends, strict=True))
        ]
        most = max(1, int(LEGEND_SHARE * stage.logical(stage.layout.price.height) / LINE_PX) - 1)
        if len(lines) > most:
            left_out = [Run(f"+{len(groups) - ends[most - 1]}", Type.CAPTION, "muted")]
            middle, (shown,) = lines[most - 1]
            lines[most - 1] = (middle, [[*shown, left_out], [*shown[:-1], left_out]])
        return lines[:most]


def compared_groups(stage: Stage, reading: Reading | None) -> Groups:
    """Every compared instrument in per cent from the left edge of the view, the chart's own first."""
    model = stage.model
    if not model.compared or model.instrument is None:
        return []
    own = Run(_symbol(model.instrument.id), Type.CAPTION, "muted")
    groups = [
        [own, Run(stage.percent_text(None if reading is None else reading.close), Type.CAPTION_NUMBER, "text", 6)]
    ]
    for each, look in zip(model.compared, stage.compared_looks, strict=True):
        value = None if reading is None else reading.lines.get(each.name)
        words = stage.percent_text(value) if each.is_known else "not watched"
        title = Run(_symbol(each.id), Type.CAPTION, "muted", swatch=look.token, entry=each.name)
        groups.append([title, Run(words, Type.CAPTION_NUMBER, "text", 6, entry=each.name)])
    return groups


@lru_cache(maxsize=64)
def _name_and_place(identity: InstrumentId, timeframe: Timeframe) -> tuple[Run, Run]:
    """Which series it is; asked at every tick."""
    name = Run(_symbol(identity), Type.KEY, "text")
    return name, Run(f"{timeframe.value} \u00b7 {identity.venue.value.capitalize()}", Type.BODY, "muted", 8)


def _symbol(identity: InstrumentId) -> str:
    return f"{identity.symbol}{kind_badge(identity.market_kind)}"


def pane_legend(stage: Stage, study: Study) -> Lines:
    """Title and values of a pane's study."""
    if stage.model.is_empty or stage.model.instrument is None:
        return []
    reading = stage.shown_reading()
    token = "accent_text" if study.name in stage.choice.highlighted else "muted"
    title = Run(study.title, Type.CAPTION, token, entry=study.name)
    make = _volume_group if study.kind is StudyKind.VOLUME else _study_group
    group = make(stage, study, title, reading)
    remarks = _remarks(stage, study) if stage.seen_ms is None else []
    ways = [[[*group, *remarks[index:]]] for index in range(len(remarks) + 1)]
    # A narrow chart tells fewer values, each with its word: the title and the first one stay.
    ways += [[group[:count]] for count in range(2 * ((len(group) - 1) // 2), 1, -2)]
    return [(PANE_MIDDLE_PX, ways)]


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


def _overlay_words(stage: Stage) -> list[_Words]:
    """What is said of every study over the candles; one that is not drawn on this timeframe is left out."""
    chosen = [study for study in stage.choice.drawn if not study.spec.has_pane]
    state = stage.model.study_state
    found: list[_Words] = []
    if state in _NOT_READY:
        waiting = [study for study in chosen if study.is_shown and not _has_columns(stage, study)]
        if waiting:
            titles = ", ".join(study.title for study in waiting)
            found.append(_Words(Run(f"{titles}: {_NOT_READY[state]}", Type.CAPTION, "muted")))
        chosen = [study for study in chosen if study not in waiting]
    marked = stage.choice.highlighted
    for study in chosen:
        token = "accent_text" if study.name in marked else "muted"
        if not study.is_shown:
            found.append(_Words(Run(f"{study.title} hidden", Type.CAPTION, "disabled", entry=study.name)))
        elif study.kind in _WITHOUT_VALUE or study.kind is StudyKind.PROFILE:
            title = Run(study.title, Type.CAPTION, token, entry=study.name)
            found.append(_Words(title, is_poc=study.kind is StudyKind.PROFILE))
        else:
            looks = stage.overlays.get(study.name, ())
            keys = tuple(look.key for look in looks if look.key in stage.model.lines)
            has_bands = study.kind is StudyKind.VWAP and study.has(BANDS)
            words = f"{study.title} \u00b11\u03c3 \u00b12\u03c3" if has_bands else study.title
            if keys:
                title = Run(words, Type.CAPTION, token, swatch=looks[0].token, entry=study.name)
                found.append(_Words(title, keys))
    return found


def _has_columns(stage: Stage, study: Study) -> bool:
    """Whether what a study over the candles is drawn from is there."""
    if study.kind in _WITHOUT_COLUMNS:
        return True
    if study.kind in _FROM_TABLE:
        return "table.atr" in stage.model.lines
    return any(look.key in stage.model.lines for look in stage.overlays.get(study.name, ()))


def _breaks(groups: Groups, room: float) -> list[int]:
    """The first group of every line."""
    rows = [0]
    for index in range(1, len(groups)):
        if groups_width(groups[rows[-1] : index + 1]) > room and len(rows) < MOST_LINES:
            rows.append(index)
    return rows


# --- panes -------------------------------------------------------------------------------------------------------


def _volume_group(stage: Stage, study: Study, title: Run, reading: Reading | None) -> list[Run]:
    """Volume of the candle, of the largest one where a column holds several; RVOL of the newest one; the CVD."""
    instrument = stage.model.instrument
    assert instrument is not None
    value = text.DASH if reading is None else _volume(reading.volume, _size_decimals(instrument))
    if reading is not None and reading.slots > 1:
        title = title._replace(words="Largest volume")
    token = "muted" if stage.is_muted else "text"
    group = [title, Run(value, Type.CAPTION_KEY, token, 6, entry=study.name)]
    rvol = None if reading is None else reading.lines.get("rvol")
    if rvol is not None:
        group.append(Run("RVOL", Type.CAPTION, "muted", GROUP_GAP, entry=study.name))
        group.append(Run(f"{rvol:.2f}", Type.CAPTION_KEY, token, 6, entry=study.name))
    if "cvd" in stage.model.lines:
        cvd = None if reading is None else reading.lines.get("cvd")
        group.append(Run("CVD", Type.CAPTION, "muted", GROUP_GAP, entry=study.name))
        group.append(Run(_signed_amount(cvd), Type.CAPTION_KEY, "info", 6, entry=study.name))
        if reading is not None and cvd is not None:
            is_estimate = bool(reading.lines.get("cvd.estimated"))
            words = "estimated from candles" if is_estimate else "from trades"
            group.append(Run(words, Type.CAPTION, "muted", 8, entry=study.name))
    return group


def _study_group(stage: Stage, study: Study, title: Run, reading: Reading | None) -> list[Run]:
    look = pane_look(study)
    values = {} if reading is None else reading.lines
    told = [
        (line.key, _text_token(line.token) if index else "text", line.words) for index, line in enumerate(look.lines)
    ]
    if look.bars:
        told.append((look.bars, "muted", "histogram"))
    group = [title]
    for key, token, name in told:
        if key in stage.model.lines:
            if name:
                group.append(Run(name, Type.CAPTION, "muted", 10, entry=study.name))
            words = stage.study_text(values.get(key), look)
            group.append(Run(words, Type.CAPTION_KEY, token, 6, entry=study.name))
    return group


def _remarks(stage: Stage, study: Study) -> list[Run]:
    """What has to be said of where the values come from, or why there are none; the first goes where room is short."""
    model = stage.model
    if study.kind in BESIDE:
        words = beside_words(stage, study)
        return [Run(each, Type.CAPTION, "muted", GROUP_GAP, entry=study.name) for each in words]
    if study.kind is StudyKind.CONFLUENCE:
        words = "closed bars only" if "confluence" in model.lines else (model.scores.reason or "no score in view")
        return [Run(words, Type.CAPTION, "muted", GROUP_GAP, entry=study.name)]
    if study.kind is StudyKind.VOLUME or model.study_state not in _NOT_READY:
        return []
    if pane_look(study).lines[0].key not in model.lines:
        return [Run(_NOT_READY[model.study_state], Type.CAPTION, "muted", GROUP_GAP, entry=study.name)]
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
