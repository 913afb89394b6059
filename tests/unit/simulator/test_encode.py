from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_market import BTC, ETH, SPOT_BTC, instrument
from virtuoso_desktop.simulator import encode
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.market import SimTrade


@given(st.integers(-(10**12), 10**12), st.sampled_from([1, 2, 5, 10, 25]), st.integers(0, 9))
def test_decimal_text_is_exact(units: int, step: int, digits: int) -> None:
    text = encode.decimal_text(units, step, digits)
    assert Decimal(text) == Decimal(units * step).scaleb(-digits)
    assert len(text.partition(".")[2]) == digits


def test_contracts_keep_the_decimals_of_the_tick_text_and_spot_trims() -> None:
    assert Texts(BTC).price(690_252) == "69025.20"
    assert Texts(BTC).size(3_380) == "3.380"
    assert Texts(SPOT_BTC).price(838_050) == "83805"
    assert Texts(SPOT_BTC).size(119_340) == "0.11934"
    assert Texts(instrument("FUNUSDT", tick="0.5", lot="10")).price(5) == "2.5"
    assert Texts(instrument("FUNUSDT", tick="1E+1", lot="10")).price(5) == "50"


def test_a_deleted_level_has_size_zero_without_decimals() -> None:
    assert Texts(BTC).levels([(690_252, 0), (690_251, 5)]) == [("69025.20", "0"), ("69025.10", "0.005")]


def test_texts_survive_more_prices_than_are_kept() -> None:
    texts = Texts(ETH)
    assert all(Decimal(texts.price(ticks)) == Decimal(ticks) / 100 for ticks in range(1, 20_500, 7))
    assert [texts.price(ticks) for ticks in range(40_000)][2_500] == "25.00"


_sides = st.dictionaries(st.integers(1, 40), st.integers(1, 5), max_size=20)


@given(_sides, _sides, st.booleans())
def test_changes_turn_the_old_side_into_the_new_one(old: dict[int, int], new: dict[int, int], descending: bool) -> None:
    before = sorted(old.items(), reverse=descending)
    after = sorted(new.items(), reverse=descending)
    difference = encode.changes(before, after, descending=descending)
    applied = dict(before)
    for ticks, lots in difference:
        if lots:
            assert applied.get(ticks) != lots
            applied[ticks] = lots
        else:
            del applied[ticks]
    assert applied == new
    assert difference == sorted(difference, reverse=descending, key=lambda level: level[0])


def test_trade_ids_differ_by_number_and_instrument_and_are_the_same_on_every_run() -> None:
    linear, other, spot = Texts(BTC), Texts(ETH), Texts(SPOT_BTC)
    ids = {linear.trade_id(n) for n in range(100)} | {other.trade_id(n) for n in range(100)}
    assert len(ids) == 200
    assert linear.trade_id(2**40 + 7) == "16108e65-0723-5014-0000-010000000007"
    assert spot.trade_id(7) == "2290000000000000007"


def test_trades_and_books_share_one_growing_sequence() -> None:
    assert encode.trade_sequence(1000) < encode.book_sequence(1000) < encode.trade_sequence(1001)


def test_spot_trades_have_no_tick_direction() -> None:
    trade = SimTrade(1_000, 650_000, 5, False, 9)
    assert encode.trade_item(Texts(BTC), trade, "PlusTick")["L"] == "PlusTick"
    assert "L" not in encode.trade_item(Texts(SPOT_BTC), trade, "PlusTick")
    assert encode.trade_item(Texts(SPOT_BTC), trade, "PlusTick")["S"] == "Sell"


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_text_frames_carry_their_length(size: int) -> None:
    payload = b"x" * size
    frame = encode.text_frame(payload)
    assert frame[0] == 0x81
    assert frame.endswith(payload)
    assert len(frame) - size == (2 if size < 126 else 4 if size < 65_536 else 10)
    short = frame[1]
    declared = short if short < 126 else int.from_bytes(frame[2 : 4 if short == 126 else 10], "big")
    assert declared == size
