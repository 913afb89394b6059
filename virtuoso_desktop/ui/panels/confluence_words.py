"""What the Confluence panel says around its tables: score, signal, agreement, why not, what changed. No Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.engine.analysis_views import AnalysisState, AnalysisView, Explanation, Move, Obstacle
from virtuoso_desktop.model.result import Confluence, DimensionName, Profile, SignalKind
from virtuoso_desktop.ui import analysis_words as words
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.score_ink import ARROWS

if TYPE_CHECKING:
    from virtuoso_desktop.model.timeframe import Timeframe

NOT_A_PROBABILITY = ("not a probability, not yet", "calibrated")
MOST_CHANGES = 3
KEPT = "No signal while candles are stale; the last score is kept, in grey."
_PILLS = {
    SignalKind.BUY: ("up_tag", "on_up"),
    SignalKind.SELL: ("down_tag", "on_down"),
    SignalKind.NEUTRAL: ("raised2", "text"),
}
_EVERY_RULE = {
    "threshold": "Needs a score of {needs} or {beyond}; now {has}.",
    "confirmation": "Needs {count} closed candles in a row beyond the threshold.",
    "cool_down": "Waits {count} closed candles after the last signal.",
    "coverage": "Needs {needs_share} of the weight; {has_share} is there.",
    "confidence": "Components agree too little: an agreement of {needs_ratio} in this direction is needed.",
    "dimensions_changed": "A dimension came or went: waits {count} closed candles.",
    "score": "Needs a score of {needs} or {beyond}; now {has}.",
    "agreement": "Needs an agreement of {needs_ratio}; now {has_ratio}.",
}


_BRIEF_RULE = {
    "threshold": "needs {needs}, now {has}",
    "confirmation": "needs {count} closed candles",
    "cool_down": "waits {count} candles",
    "coverage": "needs {needs_share} of the weight",
    "confidence": "agreement below {needs_ratio}",
    "dimensions_changed": "waits {count} candles",
    "score": "needs {needs}, now {has}",
    "agreement": "agreement {has_ratio}, needs {needs_ratio}",
}


class Pill(NamedTuple):
    """The filled word under the gauge; fill and text as colour tokens."""

    text: str
    fill: str
    ink: str


class Head(NamedTuple):
    """Everything beside and under the gauge."""

    score: float | None = None
    is_grey: bool = False
    is_provisional: bool = False
    pill: Pill | None = None
    agreement: float | None = None
    agreement_label: str = "Agreement"
    caption: tuple[str, ...] = ()
    badge: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    message: tuple[tuple[str, str], ...] = ()
    """Sentences in place of the facts, each with its colour token; the first one is a title."""
    opinion: str = ""

    @property
    def spoken(self) -> str:
        """All of it, for a screen reader."""
        said = ["Confluence", text.DASH if self.score is None else f"{self.score:.1f} of 100"]
        said += ["provisional"] if self.is_provisional else []
        said += [self.pill.text] if self.pill is not None else ["no signal"]
        if self.agreement is not None:
            said += [f"{self.agreement_label} {self.agreement:.2f}", " ".join(self.caption)]
        said += [self.badge.lower(), *(f"{label} {value}" for label, value in self.facts)]
        said += [*(line for line, _ in self.message), self.opinion]
        return ", ".join(part for part in said if part)


def is_stale(view: AnalysisView, now_ms: int) -> bool:
    """Whether the result of the last closed candle is too old."""
    return view.stale_at_ms is not None and now_ms > view.stale_at_ms


def head(view: AnalysisView | None, now_ms: int, *, preview: bool = False, has_instrument: bool = True) -> Head:
    """What stands around the gauge now."""
    if not has_instrument:
        return Head(message=(("No instrument", "text"), ("Choose one in Markets.", "muted")))
    result = None if view is None else shown_result(view, preview=preview)
    if view is None or result is None:
        return Head(message=_why_empty(view))
    if is_stale(view, now_ms):
        return _stale(result, now_ms)
    if result.confluence_score is None:
        return Head(message=_why_no_score(result, view), facts=_facts(view, result, now_ms)[:1])
    return Head(
        score=result.confluence_score,
        is_provisional=result.forming,
        pill=_pill(result),
        agreement=result.confidence,
        agreement_label="Confidence" if result.calibrated else "Agreement",
        caption=() if result.calibrated else NOT_A_PROBABILITY,
        badge="CANDLES ONLY" if result.profile is Profile.CANDLES_ONLY else "",
        facts=_facts(view, result, now_ms),
        opinion=words.OPINION if result.signal is not SignalKind.NEUTRAL else "",
    )


def shown_result(view: AnalysisView, *, preview: bool) -> Confluence | None:
    """The forming candle's where it is asked for and there, else the last closed one's."""
    return view.preview if preview and view.preview is not None else view.result


def _why_empty(view: AnalysisView | None) -> tuple[tuple[str, str], ...]:
    if view is None or view.state is AnalysisState.PREPARING:
        return (
            ("Preparing", "text"),
            ("The first score comes when the candles are loaded and the analysis is compiled.", "muted"),
        )
    return (
        (f"{view.candles} of {view.candles_needed} candles", "text"),
        ("A score needs that many closed candles; older ones may still be loading.", "muted"),
    )


def _why_no_score(result: Confluence, view: AnalysisView) -> tuple[tuple[str, str], ...]:
    missing = [words.DIMENSIONS[name].lower() for name, each in result.dimensions.items() if each.score is None]
    lines = [("No score", "text"), (result.reason or "too little is there", "muted")]
    if missing and len(missing) < len(DimensionName):
        lines.append((f"missing: {', '.join(missing)}", "muted"))
    elif view.candles:
        lines.append((f"{view.candles} candles are there", "muted"))
    return tuple(lines)


def _stale(result: Confluence, now_ms: int) -> Head:
    closed = result.metadata.last_candle_ms
    return Head(
        score=result.confluence_score,
        is_grey=True,
        message=(
            (f"{text.age(now_ms - closed)} old", "warning"),
            (f"Last candle closed {text.clock(closed, None)}. {KEPT}", "muted"),
        ),
    )


def _pill(result: Confluence) -> Pill:
    fill, ink = _PILLS[result.signal]
    strength = words.STRENGTHS[result.signal_strength]
    said = f"{ARROWS[result.signal]} {result.signal.value}".strip()
    return Pill(said if strength == "NONE" else f"{said} \u00b7 {strength}", fill, ink)


def _facts(view: AnalysisView, result: Confluence, now_ms: int) -> tuple[tuple[str, str], ...]:
    there = [each for each in result.dimensions.values() if each.score is not None]
    share = sum(each.nominal_weight for each in there)
    coverage = f"{len(there)} of {len(DimensionName)} \u00b7 {share * 100:.0f}{text.THIN}%"
    facts = [("Coverage", coverage), ("Oldest input", text.age(_oldest_ms(result)))]
    if result.signal is not SignalKind.NEUTRAL and result.signal_since_ms is not None:
        since = text.clock(result.signal_since_ms, None)
        if now_ms - result.signal_since_ms > 86_400_000:
            since = text.day(result.signal_since_ms, None)
        candles = view.signal_candles
        bars = "" if candles is None else f", {candles} bar{'' if candles == 1 else 's'}"
        facts.append((f"{result.signal.value} since", f"{since}{bars}"))
    return tuple(facts)


def _oldest_ms(result: Confluence) -> int | None:
    ages = [
        component.age_ms
        for dimension in result.dimensions.values()
        for component in dimension.components.values()
        if component.available and component.age_ms is not None
    ]
    return max(ages, default=None)


# --- why not, what would end it, what changed ---------------------------------------------------------------------


class Note(NamedTuple):
    """One line of the notes: what is stressed, then the rest."""

    strong: str
    rest: str = ""
    spoken: str = ""
    """The whole of it where the line leaves something out."""
    brief: str = ""
    """The rest in few words."""


def notes(view: AnalysisView | None, now_ms: int) -> tuple[Note, ...]:
    """Why it is not more, what would turn it off, what changed since the candle before."""
    if view is None or view.result is None or view.explanation is None or is_stale(view, now_ms):
        return ()
    said = view.explanation
    lines: list[Note] = []
    if said.target is not None:
        lines.append(Note(f"Why not {said.target}"))
        lines += [
            Note("", _obstacle(each, said.target, _EVERY_RULE), brief=_obstacle(each, said.target, _BRIEF_RULE))
            for each in said.obstacles
        ]
        if not said.obstacles:
            lines.append(Note("", "The next closed candle decides."))
    if said.ends_at is not None:
        lines.append(_ending(said, view.result))
    changed = _changed(said, view.result, view.timeframe)
    return (*lines, changed) if changed is not None else tuple(lines)


def shortened(notes: tuple[Note, ...], lines: int) -> tuple[Note, ...]:
    """The notes for little room: the first obstacle joins its title, then as many lines as there is room for."""
    if len(notes) > 1 and not notes[0].rest and not notes[1].strong:
        title, first = f"{notes[0].strong}:", notes[1]
        notes = (Note(title, first.brief or first.rest, f"{title} {first.rest}"), *notes[2:])
    return notes[:lines]


def _obstacle(obstacle: Obstacle, target: str, sentences: dict[str, str]) -> str:
    needs, has = obstacle.needs, obstacle.has
    is_down = target == SignalKind.SELL.value or (needs is not None and obstacle.rule == "score" and needs < 50)
    return sentences[obstacle.rule].format(
        needs=_plain(needs),
        has=text.DASH if has is None else f"{has:.1f}",
        beyond="less" if is_down else "more",
        count=text.DASH if needs is None else f"{needs:.0f}",
        needs_share=text.DASH if needs is None else f"{needs:.0%}",
        has_share=text.DASH if has is None else f"{has:.0%}",
        needs_ratio=text.DASH if needs is None else f"{needs:.2f}",
        has_ratio=text.DASH if has is None else f"{has:.2f}",
    )


def _ending(said: Explanation, result: Confluence) -> Note:
    is_buy = result.signal is SignalKind.BUY
    strong = f"Turns off {'below' if is_buy else 'above'} {_plain(said.ends_at)}:"
    moves = [_move(move, is_buy=is_buy) for move in said.ends_by]
    if not moves:
        return Note(strong, "no dimension alone can do it.")
    return Note(strong, f"e.g. {moves[0]}.", f"{strong} any of {', '.join(moves)}")


def _move(move: Move, *, is_buy: bool) -> str:
    """The score at which it happens is rounded towards what ends the signal."""
    after = math.floor(move.after) if is_buy else math.ceil(move.after)
    return f"{words.DIMENSIONS[DimensionName(move.name)].lower()} {move.before:.0f} \u2192 {after}"


def _changed(said: Explanation, result: Confluence, timeframe: Timeframe) -> Note | None:
    if said.score_before is None or result.confluence_score is None:
        return None
    before_ms = timeframe.open_ms(result.metadata.last_candle_ms - 1)
    change = text.signed(result.confluence_score - said.score_before, 1)
    strong = f"Since {text.clock(before_ms, None)} {change}:"
    if not said.changes:
        return Note(strong, "no component moved.")
    told = [f"{words.NAMES[each.name]} {text.signed(each.after - each.before, 1)}" for each in said.changes]
    return Note(strong, ", ".join(told[:MOST_CHANGES]), f"{strong} {', '.join(told)}")


def _plain(value: float | None) -> str:
    return text.DASH if value is None else f"{value:g}"


# --- timeframes -----------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """One cell of the timeframe strip."""

    timeframe: Timeframe
    score: float | None
    signal: SignalKind
    is_own: bool

    @property
    def spoken(self) -> str:
        """For a screen reader."""
        score = "no score" if self.score is None else f"score {self.score:.0f}"
        own = ", shown" if self.is_own else ""
        return f"{self.timeframe.value}, {score}, {self.signal.value.lower()}{own}"
