from __future__ import annotations

import msgspec
import pytest

from tests.analysis_results import CANDLES_ONLY, CLOSED_MS, PARTS, THRESHOLDS, confluence, view
from tests.market_rows import NOW_MS
from virtuoso_desktop.engine.analysis_views import AnalysisState
from virtuoso_desktop.engine.explanation import explain
from virtuoso_desktop.model.result import Profile, SignalKind, SignalStrength, Withheld
from virtuoso_desktop.ui.analysis_words import OPINION
from virtuoso_desktop.ui.panels.confluence_words import head, notes, shortened

EMPTY = {"result": None, "explanation": None, "vote": None}


def said(**fields: object) -> str:
    made = view(**fields) if "result" not in fields else msgspec.structs.replace(view(), **fields)
    return " ".join(f"{note.strong} {note.rest}".strip() for note in notes(made, NOW_MS))


def neutral(*withheld: Withheld, **fields: object) -> str:
    result = confluence(signal=SignalKind.NEUTRAL, withheld=withheld, **fields)
    return said(result=result, explanation=explain(result, None, THRESHOLDS))


def test_a_buy_with_everything_it_needs() -> None:
    shown = head(view(), NOW_MS)
    assert shown.score == pytest.approx(72.7)
    assert shown.pill is not None
    assert (shown.pill.text, shown.pill.fill) == ("\u25b2 BUY \u00b7 STRONG", "up_tag")
    assert (shown.agreement_label, shown.agreement) == ("Agreement", 0.85)
    assert " ".join(shown.caption) == "not a probability, not yet calibrated"
    assert dict(shown.facts)["Coverage"] == "6 of 6 \u00b7 100\u2009%"
    assert dict(shown.facts)["Oldest input"] == "4 min"
    assert dict(shown.facts)["BUY since"].endswith(", 1 bar")
    assert shown.opinion == OPINION


@pytest.mark.parametrize("kind", [SignalKind.BUY, SignalKind.SELL])
def test_the_opinion_stands_beside_every_signal(kind: SignalKind) -> None:
    shown = head(view(confluence(signal=kind)), NOW_MS)
    assert shown.opinion == "Opinion of the model, not advice; track record not yet measured."
    assert shown.opinion in shown.spoken
    assert head(view(confluence(signal=SignalKind.NEUTRAL)), NOW_MS).opinion == ""


def test_only_what_is_calibrated_is_called_confidence() -> None:
    shown = head(view(confluence(calibrated=True)), NOW_MS)
    assert (shown.agreement_label, shown.caption) == ("Confidence", ())


def test_a_neutral_result_says_its_class() -> None:
    result = confluence(signal=SignalKind.NEUTRAL, signal_strength=SignalStrength.LEAN)
    shown = head(view(result), NOW_MS)
    assert shown.pill is not None
    assert (shown.pill.text, shown.pill.fill) == ("NEUTRAL \u00b7 LEAN", "raised2")


def test_candles_only_is_a_badge() -> None:
    shown = head(view(confluence(without=CANDLES_ONLY)), NOW_MS)
    assert shown.badge == "CANDLES ONLY"
    assert dict(shown.facts)["Coverage"] == "3 of 6 \u00b7 60\u2009%"
    assert head(view(confluence(without=CANDLES_ONLY, profile=Profile.FULL)), NOW_MS).badge == ""


def test_before_anything_is_there_it_says_what_is_waited_for() -> None:
    assert head(None, NOW_MS).message[0][0] == "Preparing"
    assert head(None, NOW_MS, has_instrument=False).message[0][0] == "No instrument"
    warm = msgspec.structs.replace(view(), state=AnalysisState.WARM_UP, candles=21, **EMPTY)
    assert head(warm, NOW_MS).message[0][0] == "21 of 34 candles"
    for shown in (head(None, NOW_MS), head(warm, NOW_MS)):
        assert (shown.score, shown.pill, shown.opinion) == (None, None, "")


def test_a_stale_result_keeps_its_score_in_grey_and_no_signal() -> None:
    shown = head(view(), CLOSED_MS + 16 * 60_000)
    assert (shown.is_grey, shown.pill, shown.opinion) == (True, None, "")
    assert shown.score == pytest.approx(72.7)
    assert shown.message[0] == ("16 min old", "warning")
    assert "no signal" in shown.spoken
    assert notes(view(), CLOSED_MS + 16 * 60_000) == ()


def test_no_score_says_why_and_what_is_missing() -> None:
    result = confluence(without=CANDLES_ONLY, confluence_score=None, reason="coverage 40 %, floor 50 %")
    shown = head(msgspec.structs.replace(view(), result=result, explanation=None), NOW_MS)
    lines = [line for line, _ in shown.message]
    assert lines == ["No score", "coverage 40 %, floor 50 %", "missing: order flow, order book, sentiment"]
    assert shown.score is None


def test_a_preview_is_provisional_and_the_closed_result_stays_the_default() -> None:
    forming = confluence({"macd": 20.0}, forming=True)
    both = view(preview=forming)
    assert head(both, NOW_MS).is_provisional is False
    shown = head(both, NOW_MS, preview=True)
    assert shown.is_provisional
    assert shown.score == forming.confluence_score
    assert "provisional" in shown.spoken
    assert head(view(), NOW_MS, preview=True).is_provisional is False


def test_why_not_more_what_ends_it_and_what_changed() -> None:
    words = said()
    assert "Why not VERY STRONG Needs a score of 82 or more; now 72.7." in words
    assert "Turns off below 65: e.g. technical 75 \u2192 44." in words
    assert "+1.5: Volume delta +0.9, MACD +0.6" in words


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Withheld.THRESHOLD, "Needs a score of 70 or more; now 72.7."),
        (Withheld.CONFIRMATION, "Needs 2 closed candles in a row beyond the threshold."),
        (Withheld.COOL_DOWN, "Waits 3 closed candles after the last signal."),
        (Withheld.COVERAGE, "Needs 50% of the weight; 100% is there."),
        (Withheld.CONFIDENCE, "Components agree too little: an agreement of 0.40 in this direction is needed."),
        (Withheld.DIMENSIONS_CHANGED, "A dimension came or went: waits 2 closed candles."),
    ],
)
def test_every_rule_that_withholds_has_a_sentence(rule: Withheld, words: str) -> None:
    assert f"Why not BUY {words}" in neutral(rule)


def test_a_signal_that_nothing_withholds_waits_for_the_close() -> None:
    assert "Why not BUY The next closed candle decides." in neutral()


def test_a_sell_turns_off_above_35_and_needs_less() -> None:
    low = dict.fromkeys(PARTS, 30.0)
    result = confluence(low, signal=SignalKind.SELL, signal_strength=SignalStrength.MODERATE)
    words = said(result=result, explanation=explain(result, None, THRESHOLDS))
    assert "Why not STRONG Needs a score of 28 or less; now 30.0." in words
    assert "Turns off above 35: e.g. technical 30 \u2192 50." in words


def test_in_little_room_the_first_obstacle_joins_its_title() -> None:
    whole = notes(view(), NOW_MS)
    short = shortened(whole, 2)
    assert [note.strong for note in short] == ["Why not VERY STRONG:", "Turns off below 65:"]
    assert short[0].rest == "needs 82, now 72.7"
    assert short[0].spoken == "Why not VERY STRONG: Needs a score of 82 or more; now 72.7."
    assert shortened(whole, 0) == ()
    assert shortened((), 2) == ()
