"""The user's lists: names, members, order, the star; and files that somebody damaged by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market_rows import identity
from virtuoso_desktop.ui.watchlists import (
    ALL_WATCHED,
    FAVOURITES,
    LONGEST_NAME,
    MOST_LISTS,
    MOST_MEMBERS,
    SCANNER,
    ListRefused,
    Watchlist,
    WatchlistFile,
    Watchlists,
)

BTC, ETH, SOL, XRP = (identity(coin) for coin in ("BTC", "ETH", "SOL", "XRP"))


def made(*members: object) -> Watchlists:
    lists = Watchlists()
    lists.create("Majors", members)  # type: ignore[arg-type]
    return lists


def members(lists: Watchlists, name: str = "Majors") -> tuple[object, ...]:
    found = lists.find(name)
    assert found is not None
    return found.instruments()


def test_created_named_filled_and_kept() -> None:
    lists = made(BTC, ETH, BTC)
    lists.show("Majors")
    assert lists.add("Majors", [SOL, ETH]) == 1
    again = Watchlists(lists.to_file())
    assert again.shown == "Majors"
    assert again.current == Watchlist("Majors", (str(BTC), str(ETH), str(SOL)))


@pytest.mark.parametrize("name", ["majors", "Scanner", "ALL watched", "  ", "x" * (LONGEST_NAME + 1)])
def test_names_that_are_refused(name: str) -> None:
    lists = made()
    with pytest.raises(ListRefused):
        lists.create(name or " ")
    other = lists.create("Other")
    with pytest.raises(ListRefused):
        lists.rename(other.name, name)
    assert [each.name for each in lists.lists] == ["Majors", "Other"]


def test_a_list_is_renamed_to_another_spelling_of_itself() -> None:
    lists = made(BTC)
    lists.show("Majors")
    lists.rename("Majors", "MAJORS")
    assert lists.shown == "MAJORS"
    assert members(lists, "MAJORS") == (BTC,)


def test_deleted_and_brought_back_to_its_place() -> None:
    lists = made(BTC)
    lists.create("Other")
    lists.show("Majors")
    place, gone = lists.delete("Majors")
    assert lists.shown == ALL_WATCHED
    lists.restore(place, gone)
    assert [each.name for each in lists.lists] == ["Majors", "Other"]
    assert members(lists) == (BTC,)


@pytest.mark.parametrize(
    ("moved", "before", "order"),
    [
        (SOL, BTC, (SOL, BTC, ETH)),
        (BTC, None, (ETH, SOL, BTC)),
        (BTC, SOL, (ETH, BTC, SOL)),
        (BTC, BTC, (BTC, ETH, SOL)),
        (XRP, BTC, (BTC, ETH, SOL)),
        (ETH, XRP, (BTC, SOL, ETH)),
    ],
)
def test_moved(moved: object, before: object, order: tuple[object, ...]) -> None:
    lists = made(BTC, ETH, SOL)
    lists.move("Majors", moved, before)  # type: ignore[arg-type]
    assert members(lists) == order


def test_added_before_a_member() -> None:
    lists = made(BTC, ETH)
    lists.add("Majors", [SOL, XRP], before=ETH)
    assert members(lists) == (BTC, SOL, XRP, ETH)


def test_the_star_makes_its_list_and_keeps_its_name() -> None:
    lists = Watchlists()
    assert lists.star(ETH)
    assert lists.is_starred(ETH)
    assert members(lists, FAVOURITES) == (ETH,)
    with pytest.raises(ListRefused, match="keeps its name"):
        lists.rename(FAVOURITES, "Other")
    assert not lists.star(ETH)
    assert members(lists, FAVOURITES) == ()


def test_bounds() -> None:
    lists = made()
    with pytest.raises(ListRefused, match="at most"):
        lists.add("Majors", [identity(f"C{number}") for number in range(MOST_MEMBERS + 1)])
    assert members(lists) == ()
    while len(lists.lists) < MOST_LISTS:
        lists.create()
    with pytest.raises(ListRefused, match="delete one first"):
        lists.create("One more")
    with pytest.raises(ListRefused, match="no list"):
        lists.add("Gone", [BTC])


def test_what_a_newer_program_wrote_stays() -> None:
    lists = Watchlists(WatchlistFile(lists=(Watchlist("Majors", ("okx:swap:BTC", str(BTC), "nonsense", str(BTC))),)))
    lists.add("Majors", [ETH])
    assert members(lists) == (BTC, ETH)
    assert lists.to_file().lists[0].members == ("okx:swap:BTC", str(BTC), "nonsense", str(BTC), str(ETH))


def test_a_file_edited_by_hand_has_usable_names() -> None:
    kept = WatchlistFile(lists=tuple(Watchlist(name) for name in ("", "A", "a", "scanner", "x" * 99)), shown="gone")
    lists = Watchlists(kept)
    assert [each.name for each in lists.lists] == ["List", "A", "a 2", "scanner 2", "x" * LONGEST_NAME]
    assert lists.shown == ALL_WATCHED
    assert Watchlists(WatchlistFile(shown=SCANNER)).shown == SCANNER


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 3))), max_size=20))
def test_no_move_loses_or_doubles_a_member(moves: list[tuple[int, int | None]]) -> None:
    all_four = (BTC, ETH, SOL, XRP)
    lists = made(*all_four)
    for moved, before in moves:
        lists.move("Majors", all_four[moved], None if before is None else all_four[before])
        assert set(members(lists)) == set(all_four)
        assert len(members(lists)) == 4
