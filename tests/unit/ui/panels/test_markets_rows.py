from __future__ import annotations

import msgspec
import pytest

from tests.market_rows import COINS, NOW_MS, identity, row, waiting
from virtuoso_desktop.engine.views import MarketsSnapshot, RowState
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui.cell import DOWN, KEY, MUTED, MUTED_NUMBER, NUMBER, UP, WARNING, Ink
from virtuoso_desktop.ui.panels.markets_columns import (
    AGE,
    CHANGE_24H,
    CHANGE_UTC_DAY,
    FUNDING,
    LAST,
    MARK,
    SPARKLINE,
    SPREAD,
    SYMBOL,
)
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.tokens import FLASH_RATIO

MS = 1_000_000


def rows_of(*rows: object) -> MarketsRows:
    made = MarketsRows()
    made.advance(NOW_MS)
    made.apply(rows, 0)  # type: ignore[arg-type]
    made.rearrange()
    return made


def coins(rows: MarketsRows) -> list[str]:
    return [instrument.symbol.removesuffix("USDT") for instrument in rows.order]


def ink(rows: MarketsRows, column: int, index: int = 0) -> Ink:
    return rows.cells(index)[column].parts[0].ink


def test_a_live_row_in_its_colours() -> None:
    rows = rows_of(row("BTC", 93_988.4, change_24h_pct=1.874, change_utc_day_pct=-0.4))
    cells = rows.cells(0)
    assert [cells[column].text for column in (SYMBOL, LAST, CHANGE_24H, CHANGE_UTC_DAY)] == [
        "BTC", "93,988.40", "+1.87", "\u22120.40"
    ]  # fmt: skip
    assert [ink(rows, column) for column in (SYMBOL, LAST, CHANGE_24H, CHANGE_UTC_DAY)] == [KEY, NUMBER, UP, DOWN]


def test_no_change_has_no_colour() -> None:
    assert ink(rows_of(row("BTC", change_24h_pct=0.0)), CHANGE_24H) == NUMBER
    assert ink(rows_of(row("BTC", change_24h_pct=-0.001)), CHANGE_24H) == NUMBER


def test_a_missing_value_is_an_em_dash_and_says_so() -> None:
    cell = rows_of(row("BTC", spread_bps=None)).cells(0)[SPREAD]
    assert (cell.text, cell.spoken) == ("\u2014", "no value")


def test_a_stale_row_has_no_colour_and_tells_its_age_where_it_can_be_seen() -> None:
    stale = row("ICP", state=RowState.STALE, updated_ms=NOW_MS - 42_000)
    rows = rows_of(stale)
    assert {ink(rows, column) for column in (LAST, CHANGE_UTC_DAY, MARK, SPREAD)} == {MUTED_NUMBER}
    age = rows.cells(0)[CHANGE_24H]
    assert (age.text, age.icon, age.parts[0].ink) == ("42 s", "clock", WARNING)
    rows.shows_age = True
    rows.reformat()
    assert rows.cells(0)[CHANGE_24H].text == "+1.50"
    assert rows.cells(0)[AGE].icon == "clock"


def test_a_row_of_the_previous_run_is_muted_without_tint() -> None:
    rows = rows_of(row("BTC", state=RowState.LAST_SEEN))
    assert ink(rows, LAST) == MUTED_NUMBER
    assert rows.cells(0)[CHANGE_24H].text == "+1.50"
    assert rows.tints(0, 0) == ()


def test_a_waiting_row_is_a_skeleton_with_a_name() -> None:
    rows = rows_of(waiting("SOL"))
    assert rows.is_skeleton(0)
    assert rows.cells(0)[SYMBOL].text == "SOL"
    assert rows.cells(0)[LAST].parts == ()


def test_funding_counts_down_and_a_past_payment_of_a_row_that_is_not_live_is_no_countdown() -> None:
    rows = rows_of(row("BTC", funding_rate=0.000042, next_funding_ms=NOW_MS + 16_700_000))
    assert rows.cells(0)[FUNDING].text == "+0.0042  4h 38m"
    rows.advance(NOW_MS + 60_000)
    assert rows.cells(0)[FUNDING].text == "+0.0042  4h 37m"
    past = rows_of(row("BTC", state=RowState.LAST_SEEN, next_funding_ms=NOW_MS - 1))
    assert past.cells(0)[FUNDING].text.endswith("\u2014")


def test_the_sparkline_is_told_in_words() -> None:
    assert rows_of(row("BTC")).cells(0)[SPARKLINE].spoken == "+1.50"
    assert rows_of(row("BTC", sparkline=())).cells(0)[SPARKLINE].spoken == "no history yet"


def test_a_row_of_the_previous_run_stays_until_its_own_ticker() -> None:
    rows = MarketsRows()
    rows.advance(NOW_MS)
    snapshot = MarketsSnapshot(1, NOW_MS - 240_000, [row("BTC", 90_000.0, state=RowState.LAST_SEEN)])
    rows.show_last_seen(snapshot)
    assert rows.apply([waiting("BTC")], 0) == set()
    assert rows.row(0).last_price == 90_000.0
    assert rows.subject()[0].startswith("last seen ")
    assert rows.subject()[0].endswith("(4 min ago)")
    rows.apply([row("BTC", 91_000.0)], 0)
    assert rows.row(0).state is RowState.LIVE
    assert rows.subject() == ("1 perp, USDT", "muted")


def test_what_is_no_longer_watched_goes() -> None:
    rows = rows_of(row("BTC"), row("ETH"))
    assert rows.keep_only([identity("ETH")])
    rows.rearrange()
    assert coins(rows) == ["ETH"]
    assert not rows.keep_only([identity("ETH")])


def test_sorted_by_turnover_first_and_by_any_column_both_ways() -> None:
    rows = rows_of(*(row(coin, float(place)) for place, coin in enumerate(reversed(COINS))))
    assert coins(rows) == list(COINS)
    rows.sort_column, rows.sorts_down = "symbol", False
    rows.rearrange()
    assert coins(rows) == sorted(COINS)
    rows.sort_column, rows.sorts_down = "last", True
    rows.rearrange()
    assert coins(rows) == list(COINS)


def test_missing_values_come_last_whichever_way() -> None:
    rows = rows_of(row("BTC", basis_bps=None), row("ETH", basis_bps=5.0), row("SOL", basis_bps=-5.0))
    rows.sort_column = "basis"
    rows.rearrange()
    assert coins(rows) == ["ETH", "SOL", "BTC"]
    rows.sorts_down = False
    rows.rearrange()
    assert coins(rows) == ["SOL", "ETH", "BTC"]


def test_the_search_takes_every_word_of_coin_symbol_venue_and_kind() -> None:
    rows = rows_of(*(row(coin) for coin in COINS), row("BTC", kind="spot"))
    for words, found in (("so", ["SOL"]), ("BTC spot", ["BTC"]), ("bybit perp doge", ["DOGE"]), ("xyz", [])):
        rows.set_filter(words)
        rows.rearrange()
        assert coins(rows) == found, words
    assert rows.subject() == (f"0 of {len(COINS) + 1}", "muted")
    rows.set_filter("  ")
    rows.rearrange()
    assert rows.row_count() == len(COINS) + 1


def test_rows_of_several_kinds_are_told_apart_by_name() -> None:
    rows = rows_of(row("BTC"), row("ETH"))
    assert rows.name_of(rows.row(0)) == "BTC"
    rows.apply([row("BTC", kind="spot")], 0)
    rows.rearrange()
    assert {rows.name_of(shown) for shown in rows.all()} == {"BTCUSDT.P", "ETHUSDT.P", "BTCUSDT"}


@pytest.mark.parametrize(("move", "token"), [(1, "up"), (-1, "down")])
def test_a_changed_price_tints_its_cell_and_fades_in_300_ms(move: int, token: str) -> None:
    rows = rows_of(row("BTC", 100.0))
    rows.apply([row("BTC", 101.0, last_change_ms=NOW_MS + 1, last_move=move)], 0)
    assert rows.tints(0, 0) == ((LAST, token, pytest.approx(FLASH_RATIO)),)
    faded = rows.tints(0, 150 * MS)[0][2]
    assert 0 < faded < FLASH_RATIO
    assert rows.tints(0, 301 * MS) == ()
    assert rows.fading(301 * MS) == {0}, "once more, to wipe the tint away"
    assert rows.fading(302 * MS) == set()


def test_reduced_motion_keeps_the_tint_steady() -> None:
    rows = rows_of(row("BTC", 100.0))
    rows.reduced_motion = True
    rows.apply([row("BTC", 101.0, last_change_ms=NOW_MS + 1)], 0)
    assert rows.tints(0, 290 * MS)[0][2] == FLASH_RATIO


def test_only_a_change_between_two_live_states_tints() -> None:
    rows = rows_of(row("BTC", 100.0, state=RowState.STALE))
    rows.apply([row("BTC", 101.0, last_change_ms=NOW_MS + 1)], 0)
    assert rows.tints(0, 0) == ()
    rows.apply([row("BTC", 101.0, last_change_ms=NOW_MS + 1, volume_24h=5.0)], 0)
    assert rows.tints(0, 0) == (), "another field changed, not the price"


def test_cells_stay_the_same_object_until_something_changes() -> None:
    rows = rows_of(row("BTC"))
    cells = rows.cells(0)
    assert rows.cells(0) is cells
    assert not rows.advance(NOW_MS + 400)
    assert rows.cells(0) is cells
    assert rows.advance(NOW_MS + 1_000)
    assert rows.cells(0)[AGE].text == "1 s"


def test_tooltips_name_the_instrument_and_the_time_in_utc() -> None:
    rows = rows_of(row("BTC"))
    assert rows.tooltip(0, LAST).startswith("BTCUSDT, Bybit perp\nas of ")
    assert "UTC" in rows.tooltip(0, LAST)
    assert "funding at" in rows.tooltip(0, FUNDING)
    assert "waiting" in rows_of(waiting("SOL")).tooltip(0, LAST)


def test_seen_rows_leave_out_what_never_came() -> None:
    rows = rows_of(row("BTC"), waiting("SOL"))
    assert [shown.base_coin for shown in rows.seen()] == ["BTC"]


def test_a_live_row_shows_its_age_without_alarm() -> None:
    rows = rows_of(row("BTC", updated_ms=NOW_MS - 3_000))
    assert (rows.cells(0)[AGE].text, ink(rows, AGE)) == ("3 s", MUTED)


def test_the_order_is_that_of_the_identity_where_values_are_equal() -> None:
    rows = rows_of(*(row(coin, turnover_24h=1.0) for coin in ("SOL", "BTC", "ETH")))
    rows.sorts_down = False
    rows.rearrange()
    assert coins(rows) == ["BTC", "ETH", "SOL"]


def test_the_marked_row_is_the_charts() -> None:
    rows = rows_of(row("BTC"), row("ETH"))
    rows.shown = InstrumentId.parse("bybit:linear:ETHUSDT")
    assert [rows.is_marked(index) for index in range(2)] == [False, True]
    assert msgspec.structs.asdict(rows.row(1))["base_coin"] == "ETH"
