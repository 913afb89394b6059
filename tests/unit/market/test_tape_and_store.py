"""Trade tape, ticker merge, and the store's dirty cursors."""

from __future__ import annotations

import pytest

from tests.unit.market.test_book import INSTRUMENT, NOW_MS, delta, snapshot
from tests.unit.market.test_candles import candle
from virtuoso_desktop.market.store import Facet, MarketStore
from virtuoso_desktop.market.tape import MOST_KEPT_RATIO, RECENT_MS, TradeTape
from virtuoso_desktop.model.errors import BookGap
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import Aggressor, Candle, Ticker, Trade


def trade(number: int, *, time_ms: int | None = None, size: float = 1.0, side: Aggressor = Aggressor.BUY) -> Trade:
    at_ms = NOW_MS + number if time_ms is None else time_ms
    return Trade(INSTRUMENT.id, f"id{number}", 100.0, size, side, at_ms, number, False, at_ms, 0)


def ticker(*, snapshot: bool = False, **fields: float | None) -> Ticker:
    return Ticker(INSTRUMENT.id, snapshot, dict(fields), NOW_MS, 0)


def watching() -> MarketStore:
    store = MarketStore((50,))
    store.add(INSTRUMENT)
    return store


def test_duplicate_trade_counts_once() -> None:
    tape = TradeTape()
    assert tape.apply(trade(1, size=2.0))
    assert not tape.apply(trade(1, size=2.0))
    assert (len(tape.trades), tape.cvd, tape.duplicates) == (1, 2.0, 1)


def test_late_and_simultaneous_duplicates_count_once() -> None:
    tape = TradeTape()
    for number in (1, 2, 3, 4):
        assert tape.apply(trade(number, time_ms=NOW_MS + number // 2))
    for number in (4, 3, 2, 1):
        assert not tape.apply(trade(number, time_ms=NOW_MS + number // 2))
    assert (len(tape.trades), tape.cvd, tape.duplicates, tape.out_of_order) == (4, 4.0, 4, 0)


def test_trades_out_of_order_are_sorted_by_time_and_sequence() -> None:
    tape = TradeTape()
    for number in (1, 4, 2, 3):
        tape.apply(trade(number))
    assert [each.trade_id for each in tape.trades] == ["id1", "id2", "id3", "id4"]
    assert tape.out_of_order == 2


def test_cvd_is_buy_minus_sell() -> None:
    tape = TradeTape()
    tape.apply(trade(1, size=3.0))
    tape.apply(trade(2, size=1.0, side=Aggressor.SELL))
    assert tape.cvd == 2.0


def test_tape_stays_bounded_and_still_removes_duplicates() -> None:
    tape = TradeTape(kept=10)
    for number in range(100):
        tape.apply(trade(number, time_ms=NOW_MS + 1_000 * number))
    assert 10 <= len(tape.trades) <= 20
    assert not tape.apply(trade(99, time_ms=NOW_MS + 99_000))


def test_a_burst_is_kept_whole_for_some_seconds_and_never_without_bound() -> None:
    tape = TradeTape(kept=100)
    for number in range(1_500):
        tape.apply(trade(number, time_ms=NOW_MS + number))
    assert len(tape.trades) == 1_500, "a second and a half of it"
    tape.apply(trade(1_500, time_ms=NOW_MS + 1_500 + RECENT_MS))
    assert len(tape.trades) == 100, "it is over: only the usual number stays"
    for number in range(2_000, 2_000 + 2 * MOST_KEPT_RATIO * 100):
        tape.apply(trade(number, time_ms=NOW_MS + 10_000))
    assert len(tape.trades) <= MOST_KEPT_RATIO * 100 + 1


def test_rest_trades_fill_in_before_the_stream_without_moving_cvd() -> None:
    tape = TradeTape()
    tape.apply(trade(50, size=1.0))
    assert tape.merge([trade(number) for number in range(40, 51)]) == 10
    assert [each.trade_id for each in tape.trades][:2] == ["id40", "id41"]
    assert tape.cvd == 1.0


def test_rest_trades_of_a_hole_do_move_cvd() -> None:
    tape = TradeTape()
    tape.apply(trade(1, size=1.0))
    tape.apply(trade(9, size=1.0))
    tape.merge([trade(5, size=4.0)])
    assert tape.cvd == 6.0
    assert not tape.apply(trade(5, size=4.0))


def test_ticker_delta_changes_only_what_it_names() -> None:
    store = watching()
    store.apply(ticker(snapshot=True, last_price=100.0, mark_price=100.1, funding_rate=0.0001))
    store.apply(ticker(last_price=101.0, funding_rate=None))
    state = store.states[0].ticker
    assert state.value("last_price") == 101.0
    assert state.value("mark_price") == 100.1
    assert state.value("funding_rate") is None
    assert state.value("index_price") is None
    assert state.last_move == 1


def test_ticker_delta_before_its_snapshot_is_ignored() -> None:
    store = watching()
    store.apply(ticker(last_price=100.0))
    assert store.states[0].ticker.value("last_price") is None
    assert store.states[0].ticker.ignored == 1


def test_ticker_snapshot_forgets_what_it_does_not_name() -> None:
    store = watching()
    store.apply(ticker(snapshot=True, last_price=100.0, mark_price=100.1))
    store.apply(ticker(snapshot=True, last_price=99.0))
    state = store.states[0].ticker
    assert state.value("mark_price") is None
    assert state.last_move == -1


def test_cursor_returns_each_change_once_and_only_its_facets() -> None:
    store = watching()
    tickers = store.cursor(Facet.TICKER)
    candles = store.cursor(Facet.CANDLES)
    assert len(tickers.take()) == 1, "everything is new at first"
    assert len(candles.take()) == 1
    store.apply(ticker(snapshot=True, last_price=100.0))
    assert candles.take() == []
    assert [state.instrument for state in tickers.take()] == [INSTRUMENT]
    assert tickers.take() == []
    store.apply(candle(0))
    assert len(candles.take()) == 1


def test_closed_candle_is_told_once() -> None:
    store = watching()
    told: list[Candle] = []
    store.candle_closed.connect(told.append)
    for event in (candle(0), candle(0, closed=True), candle(0, closed=True), candle(1)):
        store.apply(event)
    assert [each.open_ms for each in told] == [candle(0).open_ms]


def test_gap_reaches_the_caller() -> None:
    store = watching()
    store.apply(snapshot([(100.0, 1.0)], [(100.1, 1.0)]))
    with pytest.raises(BookGap):
        store.apply(delta([], [], update_id=99))


def test_events_of_what_is_not_watched_are_counted_not_kept() -> None:
    store = watching()
    other = InstrumentId.parse("bybit:spot:BTCUSDT")
    store.apply(Ticker(other, True, {"last_price": 1.0}, NOW_MS, 0))
    store.remove(INSTRUMENT.id)
    store.apply(candle(0))
    assert store.unwatched_events == 2
    assert store.states == ()
