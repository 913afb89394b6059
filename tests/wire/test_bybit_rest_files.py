"""Recorded and documented Bybit answers against an independent reader, and payloads that are no answers."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtuoso_desktop.exchanges.base import CandlePage, CandleQuery
from virtuoso_desktop.exchanges.bybit import parse_rest
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.market import BookSnapshot
from virtuoso_desktop.model.timeframe import Timeframe

VENUE_MS = 1_780_000_000_000
RECV_NS = 7
NOT_OURS = {
    "market_adl-alert_1", "market_delivery-price_1", "market_fee-group-info_1", "market_index-components_1",
    "market_iv_1", "market_new-delivery-price_1", "market_order-price-limit_1",
}  # fmt: skip
"""Endpoints that nothing asks."""
REFUSED = {
    "bybit_docs/market_instrument_1.json": {"unsupported_kind": 1},
    "bybit_docs/market_tickers_2.json": {"unsupported_kind": 1},
    "nautilus/http_get_instruments_option.json": {"unsupported_kind": 1},
    "nautilus/http_get_instruments_option_symbol_id.json": {"unsupported_kind": 1},
}
"""Options, by file; nothing else may be refused."""
TICKER_NAMES = {
    "lastPrice": "last_price", "markPrice": "mark_price", "indexPrice": "index_price", "bid1Price": "bid_price",
    "bid1Size": "bid_size", "ask1Price": "ask_price", "ask1Size": "ask_size", "prevPrice24h": "previous_price_24h",
    "prevPrice1h": "previous_price_1h", "price24hPcnt": "change_24h_ratio", "highPrice24h": "high_24h",
    "lowPrice24h": "low_24h", "volume24h": "volume_24h", "turnover24h": "turnover_24h",
    "openInterest": "open_interest", "openInterestValue": "open_interest_value",
    "singleOpenInterest": "single_open_interest", "fundingRate": "funding_rate",
    "fundingIntervalHour": "funding_interval_h", "nextFundingTime": "next_funding_ms",
    "usdIndexPrice": "usd_index_price",
}  # fmt: skip


def answers(path: Path) -> Iterator[tuple[dict[str, Any], MarketKind]]:
    """Payloads of a file with the category that was asked for."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    payload = json.loads(text)
    for reply in payload["routes"]["/v5/market/tickers"]["GET"] if "routes" in payload else [{"data": payload}]:
        data = reply["data"]
        result = data["result"] if isinstance(data["result"], dict) else {}
        named = [kind for kind in MarketKind if kind.value == result.get("category") or kind.value in path.name]
        yield data, named[0] if named else MarketKind.LINEAR


def number(key: str, text: str) -> float | None:
    return None if text == "" or (key == "nextFundingTime" and text == "0") else float(text)


def independent(result: dict[str, Any], name: str) -> list[tuple[Any, ...]]:
    """What an answer says, read by hand."""
    rows = result.get("list", [])
    if "kline" in name:
        return sorted((int(row[0]), *(float(value) for value in row[1:])) for row in rows)
    if "orderbook" in name or "DepthSnapshot" in name:
        sides = [[(float(level[0]), float(level[1])) for level in result[side]] for side in "ba"]
        return [(result["s"], result["ts"], result["u"], result["seq"], result["cts"], *sides)]
    if "trade" in name:
        names = ("price", "size")
        return [(r["symbol"], int(r["time"]), *(float(r[n]) for n in names), r["side"], r["execId"]) for r in rows]
    if "tickers" in name:
        return [(r["symbol"], {n: number(k, r[k]) for k, n in TICKER_NAMES.items() if k in r}) for r in rows]
    if "fund" in name:
        return sorted((int(r["fundingRateTimestamp"]), r["symbol"], float(r["fundingRate"])) for r in rows)
    if "open-interest" in name:
        return sorted((int(r["timestamp"]), float(r["openInterest"])) for r in rows)
    if "ratio" in name:
        return sorted((int(r["timestamp"]), float(r["buyRatio"]), float(r["sellRatio"])) for r in rows)
    if "insurance" in name:
        return [(r["coin"], r["symbols"], float(r["balance"]), float(r["value"])) for r in rows]
    if "ime" in name:
        return [(int(result["timeNano"]) // 1_000_000,)]
    lots = [r["lotSizeFilter"].get("qtyStep") or r["lotSizeFilter"]["basePrecision"] for r in rows]
    ticks = [r["priceFilter"]["tickSize"] for r in rows]
    return [
        (r["symbol"], r["status"], r.get("contractType", ""), Decimal(tick), Decimal(lot), r.get("fundingInterval"))
        for r, tick, lot in zip(rows, ticks, lots, strict=True)
    ]


def page_rows(page: CandlePage) -> list[tuple[Any, ...]]:
    columns = [page.open_ms, page.open, page.high, page.low, page.close, page.volume, page.turnover]
    return list(zip(*[column for column in columns if column], strict=True))


def book_rows(book: BookSnapshot) -> list[tuple[Any, ...]]:
    named = (book.instrument_id.symbol, book.event_ms, book.update_id, book.sequence, book.match_ms)
    return [(*named, book.bids, book.asks)]


def parsed(result: dict[str, Any], name: str, kind: MarketKind) -> list[tuple[Any, ...]]:
    """What our parsers say, in the reader's shape."""
    symbol = result.get("symbol") or result.get("s") or "BTCUSDT"
    instrument_id = InstrumentId(Venue.BYBIT, kind, symbol)
    if "kline" in name:
        query = CandleQuery(instrument_id, Timeframe.M1)
        is_whole = "market_kline" in name or "klines" in name
        parse = parse_rest.parse_candles if is_whole else parse_rest.parse_price_candles
        return page_rows(parse(result, query, VENUE_MS))
    if "rpi" in name:
        return book_rows(parse_rest.parse_rpi_book(result, instrument_id, RECV_NS))
    if "orderbook" in name or "DepthSnapshot" in name:
        return book_rows(parse_rest.parse_order_book(result, instrument_id, 1000, RECV_NS))
    if "trade" in name:
        return [
            (t.instrument_id.symbol, t.time_ms, t.price, t.size, t.aggressor.value.title(), t.trade_id)
            for t in parse_rest.parse_trades(result, kind, VENUE_MS, RECV_NS)
        ]
    if "tickers" in name:
        tickers, refused = parse_rest.parse_tickers(result, kind, VENUE_MS, RECV_NS)
        assert refused == 0
        assert all(ticker.is_snapshot and ticker.instrument_id.market_kind is kind for ticker in tickers)
        return [(ticker.instrument_id.symbol, ticker.fields) for ticker in tickers]
    if "fund" in name:
        return [(f.time_ms, f.instrument_id.symbol, f.rate) for f in parse_rest.parse_funding(result, kind)]
    if "open-interest" in name:
        return [(o.time_ms, o.open_interest) for o in parse_rest.parse_open_interest(result, instrument_id)]
    return parsed_facts(result, name, kind)


def parsed_facts(result: dict[str, Any], name: str, kind: MarketKind) -> list[tuple[Any, ...]]:
    if "ratio" in name:
        return [(r.time_ms, r.long_ratio, r.short_ratio) for r in parse_rest.parse_long_short(result, kind)]
    if "insurance" in name:
        pools = parse_rest.parse_insurance(result)
        assert {pool.time_ms for pool in pools} == {int(result["updatedTime"])}
        return [(pool.coin, ",".join(pool.symbols), pool.balance, pool.value) for pool in pools]
    if "ime" in name:
        return [(parse_rest.parse_time(result),)]
    instruments, refused = parse_rest.parse_instruments(result, kind)
    assert refused == 0
    assert all(one.id.market_kind is kind for one in instruments)
    return [
        (one.symbol, one.status, one.contract_type, one.tick_size, one.lot_step, one.funding_interval_min)
        for one in instruments
    ]


def test_every_answer_is_read_as_an_independent_reader_reads_it(real_data: Path) -> None:
    folder = real_data / "b_bybit_v5_rest"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 40
    ours = [path for path in files if path.name.partition(".")[0] not in NOT_OURS]
    assert len(ours) == 33
    refused: dict[str, dict[str, int]] = {}
    rows = 0
    for path in ours:
        counted: Counter[str] = Counter()
        for payload, kind in answers(path):
            try:
                read = parsed(payload["result"], path.name, kind)
            except ParseError as error:
                counted[error.kind] += 1
                continue
            said = independent(payload["result"], path.name)
            assert len(said) > 0
            assert read == said, path.name
            rows += len(read)
        if counted:
            refused[path.relative_to(folder).as_posix()] = dict(counted)
    assert refused == REFUSED
    assert rows > 800


def test_the_large_recorded_lists_are_whole(real_data: Path) -> None:
    path = real_data / "b_bybit_v5_rest" / "fintick_BybitLinearExchangeInfoSnapshot.json.gz"
    payload, kind = next(answers(path))
    instruments, _ = parse_rest.parse_instruments(payload["result"], kind)
    assert len(instruments) == 500
    btc = {one.symbol: one for one in instruments}["BTCUSDT"]
    assert (str(btc.id), str(btc.tick_size), str(btc.lot_step)) == ("bybit:linear:BTCUSDT", "0.10", "0.001")
    assert (btc.base_coin, btc.quote_coin, btc.settle_coin, btc.funding_interval_min) == ("BTC", "USDT", "USDT", 480)
    assert btc.launch_ms == 1_584_230_400_000
    assert btc.delivery_ms is None
    assert parse_rest.next_cursor(payload["result"]).startswith("first%3D")
    book, _ = next(answers(real_data / "b_bybit_v5_rest" / "fintick_BybitLinearDepthSnapshot.json.gz"))
    read = parse_rest.parse_order_book(book["result"], btc.id, 1000, RECV_NS)
    assert len(read.bids) == len(read.asks) == 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["", "0", "nan", "1e400", "-1", "1700000000000"]),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(
        st.sampled_from(["list", "symbol", "category", "s", "a", "b", "u", "seq", "ts", "timeNano", "price", "size",
                         "side", "time", "execId", "nextPageCursor", "priceFilter", "tickSize", "lotSizeFilter",
                         "qtyStep", "status", "baseCoin", "quoteCoin", "lastPrice", "updatedTime"]),
        children, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip
BTC = InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT")


@given(JSON)
def test_any_json_is_data_or_a_parse_error(result: Any) -> None:
    query = CandleQuery(BTC, Timeframe.M1)
    for parse in (
        lambda: parse_rest.parse_time(result),
        lambda: parse_rest.parse_instruments(result, MarketKind.LINEAR),
        lambda: parse_rest.parse_candles(result, query, VENUE_MS),
        lambda: parse_rest.parse_price_candles(result, query, VENUE_MS),
        lambda: parse_rest.parse_tickers(result, MarketKind.LINEAR, VENUE_MS, RECV_NS),
        lambda: parse_rest.parse_order_book(result, BTC, 50, RECV_NS),
        lambda: parse_rest.parse_rpi_book(result, BTC, RECV_NS),
        lambda: parse_rest.parse_trades(result, MarketKind.LINEAR, VENUE_MS, RECV_NS),
        lambda: parse_rest.parse_funding(result, MarketKind.LINEAR),
        lambda: parse_rest.parse_open_interest(result, BTC),
        lambda: parse_rest.parse_long_short(result, MarketKind.LINEAR),
        lambda: parse_rest.parse_insurance(result),
        lambda: parse_rest.next_cursor(result),
        lambda: parse_rest.row_count(result),
    ):
        with contextlib.suppress(ParseError):
            parse()


@pytest.mark.parametrize("tick", ["", "0", "-1", "nan", "x", "inf"])
def test_an_instrument_without_a_grid_is_left_out(tick: str) -> None:
    row = {
        "symbol": "AUSDT", "status": "Trading", "baseCoin": "A", "quoteCoin": "USDT", "fundingInterval": 480,
        "priceFilter": {"tickSize": "0.1"}, "lotSizeFilter": {"qtyStep": "1"},
    }  # fmt: skip
    bad = {**row, "symbol": "BUSDT", "priceFilter": {"tickSize": tick}}
    instruments, refused = parse_rest.parse_instruments({"list": [row, bad]}, MarketKind.LINEAR)
    assert [one.symbol for one in instruments] == ["AUSDT"]
    assert refused == 1
    with pytest.raises(ParseError):
        parse_rest.parse_instruments({"list": [bad]}, MarketKind.LINEAR)


def test_a_trade_says_whether_it_met_a_retail_price_improvement_order() -> None:
    row = {"execId": "1", "symbol": "BTCUSDT", "price": "1", "size": "1", "side": "Buy", "time": "5", "seq": "1"}
    rows = [{**row, "isRPITrade": True}, {**row, "isRPITrade": False}, row]
    trades = parse_rest.parse_trades({"list": rows}, MarketKind.LINEAR, VENUE_MS, RECV_NS)
    assert sorted(trade.is_rpi for trade in trades) == [False, False, True]


def test_trades_are_ordered_by_time_sequence_and_id() -> None:
    def row(time: str, seq: str, name: str) -> dict[str, Any]:
        return {"execId": name, "symbol": "BTCUSDT", "price": "1", "size": "1", "side": "Buy", "time": time, "seq": seq}

    rows = [row("5", "9", "a"), row("5", "8", "c"), row("4", "99", "z"), row("5", "8", "b")]
    trades = parse_rest.parse_trades({"list": rows}, MarketKind.LINEAR, VENUE_MS, RECV_NS)
    assert [trade.trade_id for trade in trades] == ["z", "b", "c", "a"]
    with pytest.raises(ParseError):
        parse_rest.parse_trades({"list": [{**row("5", "9", "a"), "side": "buy"}]}, MarketKind.LINEAR, VENUE_MS, RECV_NS)
