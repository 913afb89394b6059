"""Prices beside the last one, as the chart draws them."""

from __future__ import annotations

import pytest

from tests.fake_adapter import FakeAdapter
from virtuoso_desktop.engine.rows import TICKER_LIMIT_MS, quotes_of
from virtuoso_desktop.engine.views import QuotesView
from virtuoso_desktop.kernel.clock import ManualClock
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.market import Ticker

NOW_MS = 1_743_811_200_000


def test_bid_ask_mark_and_index_in_ticks_while_the_ticker_is_fresh() -> None:
    store = MarketStore()
    (listed,) = FakeAdapter(ManualClock(), ["BTCUSDT"]).listed
    state = store.add(listed)
    assert quotes_of(state, NOW_MS) == QuotesView()
    fields = {"bid_price": 100.0, "ask_price": 100.1, "mark_price": 100.053, "index_price": None}
    store.apply(Ticker(listed.id, True, fields, NOW_MS, 0))
    found = quotes_of(state, NOW_MS)
    tick = float(listed.tick_size)
    assert (found.bid, found.ask, found.mark) == pytest.approx((100.0 / tick, 100.1 / tick, 100.053 / tick))
    assert found.index is None
    assert quotes_of(state, NOW_MS + TICKER_LIMIT_MS + 1) == QuotesView(), "an old price is no price"


def test_a_price_of_nought_is_none() -> None:
    store = MarketStore()
    (listed,) = FakeAdapter(ManualClock(), ["BTCUSDT"]).listed
    state = store.add(listed)
    store.apply(Ticker(listed.id, True, {"bid_price": 0.0, "ask_price": 5.0}, NOW_MS, 0))
    assert quotes_of(state, NOW_MS).bid is None
