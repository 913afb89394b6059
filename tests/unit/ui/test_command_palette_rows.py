from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.market_rows import row
from virtuoso_desktop.ui.command_palette_rows import (
    ACTIONS,
    INSTRUMENTS,
    MOST_BESIDE,
    MOST_KEPT,
    RECENT,
    Entry,
    action_entries,
    instrument_entries,
    marks_of,
    rank_of,
    search,
    used_now,
)
from virtuoso_desktop.ui.shortcuts import Shortcut


class Listed(NamedTuple):
    """As `ui.actions.Action`, which needs Qt."""

    listed: Shortcut
    do: Callable[[], object]
    why_not: Callable[[], str | None]


def entry(title: str, beside: str = "Window", **more: object) -> Entry:
    return Entry(f"action:{title}", title, beside, **more)  # type: ignore[arg-type]


def marked(title: str, typed: str) -> str | None:
    words = typed.casefold().split()
    if rank_of(entry(title), words) is None:
        return None
    return "".join(title[place] for place in sorted(marks_of(entry(title), words)))


@pytest.mark.parametrize(
    ("title", "typed", "letters"),
    [
        ("Show solid candles", "sol", "sol"),
        ("SOLUSDT.P", "sol", "SOL"),
        ("Full screen", "fs", "Fs"),
        ("Command palette", "compal", "Compal"),
        ("Theme: dark, light, system", "light theme", "Themelight"),
        ("Theme: dark, light, system", "xyz", None),
        ("Quit", "quitt", None),
        ("Abcdefghijklmnop", "aeimp", None),
        ("", "q", None),
        ("Stra\u00dfe", "stra", ""),
        ("Full screen", "\u0000\U0001f600", None),
    ],
)
def test_letters_that_match_are_known(title: str, typed: str, letters: str | None) -> None:
    assert marked(title, typed) == letters


def test_every_word_has_to_match_and_the_group_counts_too() -> None:
    entries = [entry("Full screen", "Window"), entry("Indicators", "Chart")]
    (group,) = search(entries, "chart ind", ())
    assert [found.entry.title for found in group.found] == ["Indicators"]
    assert search(entries, "chart full", ()) == []


def test_what_begins_with_the_letters_goes_before_what_only_holds_them() -> None:
    entries = [entry(title) for title in ("Consolidate trades", "Show solid candles", "Solid")]
    (group,) = search(entries, "sol", ())
    assert [found.entry.title for found in group.found] == ["Solid", "Show solid candles", "Consolidate trades"]


def test_of_equal_matches_the_recently_used_is_first_and_then_the_largest_turnover() -> None:
    rows = instrument_entries([row("ETH", 1.0, turnover_24h=5.0), row("ETC", 1.0, turnover_24h=9.0)])
    (group,) = search(rows, "et", ())
    assert [found.entry.title for found in group.found] == ["ETCUSDT.P", "ETHUSDT.P"]
    (group,) = search(rows, "et", (rows[0].key,))
    assert [found.entry.title for found in group.found] == ["ETHUSDT.P", "ETCUSDT.P"]


def test_actions_and_instruments_are_found_together_and_both_stay_in_sight() -> None:
    rows = instrument_entries([row(f"SOL{place}", 1.0) for place in range(20)])
    instruments, actions = search([*rows, entry("Show solid candles")], "sol", ())
    assert (instruments.name, len(instruments.found)) == (INSTRUMENTS, MOST_BESIDE)
    assert (actions.name, len(actions.found)) == (ACTIONS, 1)
    (alone,) = search(rows, "sol", ())
    assert len(alone.found) == 20


def test_nothing_typed_shows_what_was_used_last_then_everything_once() -> None:
    rows = instrument_entries([row("BTC", 1.0)])
    groups = search([*rows, entry("Quit"), entry("Search")], "  ", ("action:Search", "action:gone"))
    assert [(group.name, [found.entry.title for found in group.found]) for group in groups] == [
        (RECENT, ["Search"]),
        (ACTIONS, ["Quit"]),
        (INSTRUMENTS, ["BTCUSDT.P"]),
    ]


def test_used_now_is_first_once_and_few_are_kept() -> None:
    assert used_now(("b", "a"), "a") == ("a", "b")
    kept = tuple(str(place) for place in range(MOST_KEPT))
    assert used_now(kept, "new") == ("new", *kept[:-1])


def test_an_action_says_its_key_and_why_it_cannot_be_done() -> None:
    listed = Shortcut("Chart", ("Ctrl+I",), "Indicators", "indicators")
    (found,) = action_entries([Listed(listed, lambda: None, lambda: "The chart is not there yet.")])
    assert found.spoken == "Indicators, Chart, Ctrl+I. Not now: The chart is not there yet."


def test_six_hundred_instruments_are_searched_between_two_key_strokes() -> None:
    rows = instrument_entries([row(f"COIN{place}", 1.0) for place in range(600)])
    entries = [*rows, *(entry(f"Do thing {place}") for place in range(60))]
    search(entries, "warm", ())
    took_s: list[float] = []
    for typed in ("c", "con5", "coin12", "zzz", "do thing 1") * 3:
        began_s = time.perf_counter()
        search(entries, typed, ())
        took_s.append(time.perf_counter() - began_s)
    assert sorted(took_s)[len(took_s) // 2] < 0.01, took_s
