from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.recorded_session import BEGIN_MS, SPOT, Book, SlowBook, depth, frames_of, snapshot, trade, written
from tests.stream_client import RebuiltBook
from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import MINUTE_MS, Timeframe
from virtuoso_desktop.simulator import pace
from virtuoso_desktop.simulator.by_instrument import MarketByInstrument
from virtuoso_desktop.simulator.encode import Texts
from virtuoso_desktop.simulator.session_book import Change, RecordedBook
from virtuoso_desktop.simulator.sources import open_market
from virtuoso_desktop.simulator.topics import Subject, make_topic

NOW_MS = 1_795_342_021_357
SESSIONS = {
    "inverse": (["hft_cm_btcusd_perp_20240808"], "BTCUSD", 100),
    "spot": (["hft_spot_btcusdt_20240808", "hft_spot_btcusdt_20240809"], "BTCUSDT", 1),
    "linear": (["hft_usdm_btcusdt_20240718", "hft_usdm_btcusdt_20240719"], "BTCUSDT", 1),
}


def small(tmp_path: Path, frames: list[Any] = SPOT, clock: Any = "original") -> MarketByInstrument:
    opened = open_market([f"session:{written(tmp_path / 'a.gz', frames)}"], None, clock, NOW_MS)
    assert isinstance(opened.market, MarketByInstrument)
    return opened.market


# --- books ---


def test_the_book_of_any_moment_forwards_and_back() -> None:
    changes = [Change(at, [(100 + at % 7, at % 3)], [(200 - at % 5, 1 + at % 2)]) for at in range(2_000)]
    book = RecordedBook([(90, 5)], [(300, 5)], changes)

    def slow(time_ms: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        bids, asks = {90: 5}, {300: 5}
        for change in changes[: max(1, time_ms + 1)]:
            for side, levels in ((bids, change.bids), (asks, change.asks)):
                side.update(levels)
                for ticks in [ticks for ticks, lots in side.items() if not lots]:
                    del side[ticks]
        return sorted(bids.items(), reverse=True), sorted(asks.items())

    for moment in (-5, 0, 1, 700, 701, 1_500, 1_499, 511, 512, 513, 3, 1_999, 5_000, 1_024, 1_023):
        bids, asks = slow(moment)
        assert book.book(1_000, moment) == (bids, asks)
        assert book.book(2, moment) == (bids[:2], asks[:2])


def test_a_small_recording(tmp_path: Path) -> None:
    market = small(tmp_path)
    (instrument,) = market.instruments
    assert (str(instrument.id), instrument.base_coin, instrument.quote_coin) == ("bybit:spot:BTCUSDT", "BTC", "USDT")
    assert (instrument.tick_size, instrument.lot_step) == (Decimal("0.05"), Decimal("0.25"))
    assert market.end_ms == BEGIN_MS + 125_000
    assert market.book(instrument.id, 2, BEGIN_MS + 199).asks == [(2002, 2), (2004, 12)]
    assert market.book(instrument.id, 2, BEGIN_MS + 200) == ([(2000, 5), (1998, 8)], [(2003, 3), (2004, 12)])
    assert market.book(instrument.id, 1, BEGIN_MS + 999_999).bids == [(2001, 16)]
    trades = market.trades(instrument.id, 0, BEGIN_MS + 999_999)
    assert [(one.price_ticks, one.size_lots, one.is_buy, one.number) for one in trades] == [
        (2002, 1, True, 70),
        (2003, 2, False, 71),
    ]


def test_candles_follow_from_the_trades_and_quiet_minutes_are_flat(tmp_path: Path) -> None:
    market = small(tmp_path)
    (instrument,) = market.instruments
    end = BEGIN_MS + 125_000
    first = BEGIN_MS // MINUTE_MS * MINUTE_MS
    rows = market.candles(instrument.id, Timeframe.M1, 0, end, end)
    assert [(row.open_ms - first) // MINUTE_MS for row in rows] == [0, 1, 2]
    assert [row[1:6] for row in rows] == [
        (2002, 2002, 2002, 2002, "0.25"),
        (2003, 2003, 2003, 2003, "0.50"),
        (2003, 2003, 2003, 2003, "0.00"),
    ]
    (hour,) = market.candles(instrument.id, Timeframe.H1, 0, end, end)
    assert (hour.open_ticks, hour.close_ticks, hour.volume, hour.turnover) == (2002, 2003, "0.75", "75.1000")
    assert market.day(instrument.id, end).volume_24h == "0.75"


def test_now_begins_the_recording_now(tmp_path: Path) -> None:
    market = small(tmp_path, clock="now")
    (instrument,) = market.instruments
    assert market.end_ms == NOW_MS + 124_900
    assert market.book(instrument.id, 1, NOW_MS).asks == [(2002, 2)]
    assert [one.time_ms - NOW_MS for one in market.trades(instrument.id, 0, NOW_MS + 999_999)] == [50, 60_900]


def test_refusals_in_words(tmp_path: Path) -> None:
    file = written(tmp_path / "a.gz", SPOT)
    part = written(tmp_path / "part.gz", SPOT[4:])
    later = [frame for frame in SPOT if "trade" not in frame.get("stream", "")]
    silent = written(tmp_path / "silent.gz", later)
    with pytest.raises(ParseError, match=r"part\.gz has no order book snapshot"):
        open_market([f"session:{part}"], None, "now", NOW_MS)
    with pytest.raises(ParseError, match=r"silent\.gz has no trade"):
        open_market([f"session:{silent}"], None, "now", NOW_MS)
    with pytest.raises(ParseError, match=r"nowhere\.gz: cannot be read"):
        open_market([f"session:{tmp_path / 'nowhere.gz'}"], None, "now", NOW_MS)
    with pytest.raises(ConfigError, match="in two recordings"):
        open_market([f"session:{file}", f"session:{file}"], None, "now", NOW_MS)
    with pytest.raises(ConfigError, match="a recording starts where"):
        open_market([f"session:{file}"], "+1d", "now", NOW_MS)
    with pytest.raises(ConfigError, match="did you mean session:"):
        open_market([f"sesion:{file}"], None, "now", NOW_MS)


def test_a_recording_goes_before_the_synthetic_instrument(tmp_path: Path) -> None:
    opened = open_market([f"session:{written(tmp_path / 'a.gz', SPOT)}", "synthetic:1"], None, "now", NOW_MS)
    assert opened.market.end_ms is None
    spot = InstrumentId.parse("bybit:spot:BTCUSDT")
    assert opened.market.book(spot, 1, NOW_MS).bids == [(2000, 5)]
    assert len({instrument.id for instrument in opened.market.instruments}) == 55


# --- real recordings ---


def opened(real_data: Path, kind: str) -> tuple[MarketByInstrument, SlowBook, list[Path]]:
    names, _, _ = SESSIONS[kind]
    files = [real_data / f"c_binance_sessions/{name}.gz" for name in names]
    market = open_market([f"session:{'+'.join(map(str, files))}"], None, "original", NOW_MS).market
    assert isinstance(market, MarketByInstrument)
    return market, SlowBook(*files), files


def as_told(book: RebuiltBook, depth: int, contract: int) -> Book:
    bids, asks = book.sides()
    return (
        [(float(price), float(size) / contract) for price, size in bids[:depth]],
        [(float(price), float(size) / contract) for price, size in asks[:depth]],
    )


@pytest.mark.parametrize("kind", list(SESSIONS))
@pytest.mark.deadline_s(60)
def test_streamed_books_are_the_recordings_own_at_the_same_moment(real_data: Path, kind: str) -> None:
    market, slow, _ = opened(real_data, kind)
    _, symbol, contract = SESSIONS[kind]
    (instrument,) = market.instruments
    assert str(instrument.id) == f"bybit:{kind}:{symbol}"
    subject = Subject(market, instrument, Texts(instrument), None, pace.LARGE, 1.0)
    topics = {levels: make_topic(f"orderbook.{levels}", subject) for levels in (50, 1000)}
    books = {levels: RebuiltBook() for levels in topics}
    start = slow.times[0]
    for levels, topic in topics.items():
        topic.prime(start)
        books[levels].apply(msgspec.json.decode(topic.snapshot(start) or b""))
    end = slow.times[-1]
    moments = range(start + 400, end, 400)
    for number, at in enumerate(moments):
        slow.move(at)
        for levels, topic in topics.items():
            for frame in topic.advance(at):
                books[levels].apply(msgspec.json.decode(frame))
        if number % 20 == 0:
            whole = slow.sides()
            for levels, book in books.items():
                assert as_told(book, levels, contract) == (whole[0][:levels], whole[1][:levels])
            assert whole[0][0][0] < whole[1][0][0]
    assert len(moments) > 800


@pytest.mark.parametrize("kind", list(SESSIONS))
def test_every_recorded_trade_is_spoken(real_data: Path, kind: str) -> None:
    market, _, files = opened(real_data, kind)
    (instrument,) = market.instruments
    end = market.end_ms or 0
    told = [
        (one.time_ms, one.price_ticks * instrument.tick_size, one.size_lots * instrument.lot_step, one.is_buy)
        for one in market.trades(instrument.id, 0, end)
    ]
    contract = SESSIONS[kind][2]
    recorded = [frame["data"] for frame in frames_of(*files) if frame.get("stream", "").endswith("@trade")]
    real = [(one["T"], Decimal(one["p"]), Decimal(one["q"]) * contract, not one["m"]) for one in recorded]
    assert told == [one for one in real if one[1] > 0]
    rows = market.candles(instrument.id, Timeframe.M5, 0, end, end)
    volume = sum(Decimal(row.volume) for row in rows)
    assert volume == sum(one[2] for one in told)
    if instrument.id.market_kind is MarketKind.INVERSE:
        coins = sum(size / price for _, price, size, _ in told)
        assert float(sum(Decimal(row.turnover) for row in rows)) == pytest.approx(float(coins), rel=1e-5)
    else:
        assert sum(Decimal(row.turnover) for row in rows) == sum(price * size for _, price, size, _ in told)


def test_a_book_change_of_a_contract_counts_dollars(tmp_path: Path) -> None:
    frames: list[Any] = [snapshot(6), depth(5, 8, 0, {"100.00": "7"}, {}, pu=4), trade(70, 150, "100.1", "2")]
    for frame in frames[1:]:
        frame["data"] |= {"s": "BTCUSD_PERP", "ps": "BTCUSD"}
    market = small(tmp_path, frames)
    (instrument,) = market.instruments
    assert (str(instrument.id), instrument.lot_step) == ("bybit:inverse:BTCUSD", 1)
    assert market.book(instrument.id, 1, BEGIN_MS).bids[0][1] == 700
