from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from virtuoso_desktop.files.ohlcv import OhlcvTable, read_ohlcv
from virtuoso_desktop.model.errors import ConfigError, ParseError, VirtuosoError
from virtuoso_desktop.model.instrument import Instrument, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.market import SimCandle
from virtuoso_desktop.simulator.ohlcv_source import OhlcvFile, OhlcvMarket, load_symbols
from virtuoso_desktop.simulator.sources import parse_source

FIRST_MS = 1_748_736_000_000  # Sunday, 2025-06-01
Row = tuple[int, str, str, str, str, str]


def text_of(row: Row) -> str:
    moment = dt.datetime.fromtimestamp(row[0] / 1000, dt.UTC)
    return ",".join((f"{moment:%Y-%m-%d %H:%M:%S}", *row[1:]))


def write(folder: Path, rows: Sequence[Row], name: str = "BTCUSDT_1m.csv", extra: Sequence[str] = ()) -> str:
    head = "timestamp,open,high,low,close,volume"
    lines = [text_of(row) for row in rows]
    if extra:
        head, lines = head + ",turnover", [f"{line},{more}" for line, more in zip(lines, extra, strict=True)]
    (folder / name).write_text("\n".join((head, *lines, "")), encoding="utf-8")
    return f"ohlcv:{folder / name}"


def walk(count: int, step_ms: int, first_ms: int = FIRST_MS, seed: int = 1) -> list[Row]:
    """Rows whose prices have one decimal and whose volumes have three."""
    dice = random.Random(seed)
    price, rows = 1_000_000, []
    for index in range(count):
        close = max(1000, price + dice.randint(-900, 900))
        high, low = max(price, close) + dice.randint(0, 400), min(price, close) - dice.randint(0, 400)
        prices = (f"{ticks / 10:.1f}" for ticks in (price, high, low, close))
        rows.append((first_ms + index * step_ms, *prices, f"{dice.randint(5_000, 900_000) / 1000:.3f}"))
        price = close
    return rows


def merged(rows: Sequence[Row]) -> Row:
    volume = sum((Decimal(row[5]) for row in rows), Decimal(0))
    high, low = max((row[2] for row in rows), key=float), min((row[3] for row in rows), key=float)
    return rows[0][0], rows[0][1], high, low, rows[-1][4], str(volume)


def load(*sources: str, shift_ms: int = 0) -> OhlcvMarket:
    files = [source for source in map(parse_source, sources) if isinstance(source, OhlcvFile)]
    return OhlcvMarket(load_symbols(files), shift_ms)


def refusal(*sources: str) -> str:
    with pytest.raises(VirtuosoError) as caught:
        load(*sources)
    assert isinstance(caught.value, ConfigError | ParseError)
    return caught.value.user_text


def only(market: OhlcvMarket) -> Instrument:
    (instrument,) = market.instruments
    return instrument


def everything(market: OhlcvMarket, timeframe: Timeframe) -> list[SimCandle]:
    end_ms = market.end_ms
    assert end_ms is not None
    return market.candles(only(market).id, timeframe, 0, end_ms, end_ms)


def as_floats(instrument: Instrument, candles: Sequence[SimCandle]) -> list[tuple[float, ...]]:
    scale = 10**instrument.price_decimals
    return [(c[0], c[1] / scale, c[2] / scale, c[3] / scale, c[4] / scale, float(c.volume)) for c in candles]


def assert_sums(longer: list[SimCandle], minutes: list[SimCandle], timeframe: Timeframe) -> None:
    groups = {
        open_ms: list(group)
        for open_ms, group in itertools.groupby(minutes, key=lambda minute: timeframe.open_ms(minute.open_ms))
    }
    assert [candle.open_ms for candle in longer] == list(groups)
    for candle in longer:
        inside = groups[candle.open_ms]
        assert candle.open_ticks == inside[0].open_ticks
        assert candle.high_ticks == max(minute.high_ticks for minute in inside)
        assert candle.low_ticks == min(minute.low_ticks for minute in inside)
        assert candle.close_ticks == inside[-1].close_ticks
        assert Decimal(candle.volume) == sum(Decimal(minute.volume) for minute in inside)
        assert Decimal(candle.turnover) == sum(Decimal(minute.turnover) for minute in inside)


# --- rows come out as they went in ---


@pytest.mark.parametrize(
    ("name", "timeframe", "step_ms"),
    [
        ("BTCUSDT_1m.csv", Timeframe.M1, MINUTE_MS),
        ("BTCUSDT_5m.csv", Timeframe.M5, 5 * MINUTE_MS),
        ("BTCUSDT_60m.csv", Timeframe.H1, 60 * MINUTE_MS),
        ("BTCUSDT_4h.csv", Timeframe.H4, 240 * MINUTE_MS),
        ("BTCUSDT_1d.csv", Timeframe.D1, DAY_MS),
    ],
)
def test_rows_come_out_as_they_went_in(tmp_path: Path, name: str, timeframe: Timeframe, step_ms: int) -> None:
    rows = walk(60, step_ms)
    market = load(write(tmp_path, rows, name))
    instrument = only(market)
    assert (str(instrument.tick_size), str(instrument.lot_step)) == ("0.1", "0.001")
    assert as_floats(instrument, everything(market, timeframe)) == [(row[0], *map(float, row[1:])) for row in rows]
    assert market.end_ms == rows[-1][0] + step_ms


@pytest.mark.parametrize("timeframe", [timeframe for timeframe in Timeframe if timeframe is not Timeframe.M1])
@pytest.mark.parametrize(("name", "step_ms"), [("BTCUSDT_1m.csv", 1), ("BTCUSDT_5m.csv", 5), ("BTCUSDT_4h.csv", 240)])
def test_all_timeframes_are_sums_of_the_minutes(tmp_path: Path, name: str, step_ms: int, timeframe: Timeframe) -> None:
    market = load(write(tmp_path, walk(40, step_ms * MINUTE_MS), name))
    assert_sums(everything(market, timeframe), everything(market, Timeframe.M1), timeframe)


def test_missing_turnover_is_volume_times_typical_price(tmp_path: Path) -> None:
    rows = walk(30, 5 * MINUTE_MS)
    market = load(write(tmp_path, rows, "BTCUSDT_5m.csv"))
    for candle, row in zip(everything(market, Timeframe.M5), rows, strict=True):
        _, _, high, low, close, volume = map(float, row)
        assert float(candle.turnover) == pytest.approx(volume * (high + low + close) / 3, rel=1e-9)


def test_given_turnover_comes_out_as_it_went_in(tmp_path: Path) -> None:
    rows = walk(30, 240 * MINUTE_MS)
    turnovers = [f"{float(row[5]) * float(row[4]) * 1.0001:.7f}" for row in rows]
    market = load(write(tmp_path, rows, "BTCUSDT_4h.csv", turnovers))
    got = everything(market, Timeframe.H4)
    assert [float(candle.turnover) for candle in got] == [float(turnover) for turnover in turnovers]
    assert_sums(got, everything(market, Timeframe.M1), Timeframe.H4)


def test_turnover_beyond_64_bits_stays_exact(tmp_path: Path) -> None:
    rows = [(row[0], *row[1:5], f"{float(row[5]) * 1e6:.8f}") for row in walk(48, 60 * MINUTE_MS)]
    turnovers = [f"{float(row[5]) * float(row[4]):.6f}" for row in rows]
    market = load(write(tmp_path, rows, "BTCUSDT_1h.csv", turnovers))
    assert [float(c.turnover) for c in everything(market, Timeframe.H1)] == [float(text) for text in turnovers]
    for timeframe in (Timeframe.H1, Timeframe.D1, Timeframe.MO1):
        assert_sums(everything(market, timeframe), everything(market, Timeframe.M1), timeframe)
    day = market.day(only(market).id, FIRST_MS + DAY_MS - 1)
    assert float(day.turnover_24h) > 1e9


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    rows = walk(30, MINUTE_MS)
    rows = rows[:10] + rows[20:]
    market = load(write(tmp_path, rows))
    instrument = only(market)
    assert [candle.open_ms for candle in everything(market, Timeframe.M1)] == [row[0] for row in rows]
    assert market.trades(instrument.id, FIRST_MS + 10 * MINUTE_MS - 1, FIRST_MS + 20 * MINUTE_MS - 1) == []
    middle_ms = FIRST_MS + 15 * MINUTE_MS + 7
    assert market.candles(instrument.id, Timeframe.M1, middle_ms - 5 * MINUTE_MS, middle_ms, middle_ms) == []
    five = market.candles(instrument.id, Timeframe.M5, FIRST_MS, middle_ms, middle_ms)
    assert [candle.open_ms for candle in five] == [FIRST_MS, FIRST_MS + 5 * MINUTE_MS]
    last = market.trades(instrument.id, FIRST_MS, middle_ms)[-1]
    book = market.book(instrument.id, 1, middle_ms)
    assert book.bids[0][0] <= last.price_ticks <= book.asks[0][0]
    day = market.day(instrument.id, middle_ms)
    assert day.last_ticks == last.price_ticks
    assert Decimal(day.volume_24h) == sum(Decimal(row[5]) for row in rows[:10])


def test_a_day_without_any_row_has_its_last_price_and_no_volume(tmp_path: Path) -> None:
    rows = walk(5, MINUTE_MS) + walk(5, MINUTE_MS, FIRST_MS + 3 * DAY_MS)
    market = load(write(tmp_path, rows))
    day = market.day(only(market).id, FIRST_MS + 2 * DAY_MS)
    assert set(day[:5]) == {round(float(rows[4][4]) * 10)}
    assert (float(day.volume_24h), float(day.turnover_24h)) == (0, 0)


# --- what happens inside the rows ---


@pytest.mark.parametrize(
    ("name", "minutes"), [("BTCUSDT_1m.csv", 1), ("BTCUSDT_15m.csv", 15), ("BTCUSDT_1d.csv", 1440)]
)
def test_trades_and_book_live_inside_the_rows(tmp_path: Path, name: str, minutes: int) -> None:
    rows = walk(12, minutes * MINUTE_MS)
    market = load(write(tmp_path, rows, name))
    instrument = only(market)
    candles = everything(market, Timeframe.M1)[:12]
    for candle in candles:
        trades = market.trades(instrument.id, candle.open_ms - 1, candle.open_ms + MINUTE_MS - 1)
        prices = [trade.price_ticks for trade in trades]
        assert (prices[0], max(prices), min(prices), prices[-1]) == candle[1:5]
        assert sum(trade.size_lots for trade in trades) * instrument.lot_step == Decimal(candle.volume)
        for time_ms, group in itertools.groupby(trades, key=lambda trade: trade.time_ms):
            trade = next(group)
            book = market.book(instrument.id, 50, time_ms - 1)
            assert trade.price_ticks == (book.asks if trade.is_buy else book.bids)[0][0]
            assert book.bids[0][0] < book.asks[0][0]
            after = market.book(instrument.id, 1, time_ms)
            assert after.bids[0][0] <= trade.price_ticks <= after.asks[0][0]


def test_a_forming_candle_grows_into_its_row(tmp_path: Path) -> None:
    market = load(write(tmp_path, walk(6, 15 * MINUTE_MS), "BTCUSDT_15m.csv"))
    instrument = only(market)
    seen: list[SimCandle] = []
    for now_ms in range(FIRST_MS + 15 * MINUTE_MS, FIRST_MS + 30 * MINUTE_MS, 21_000):
        seen += market.candles(instrument.id, Timeframe.M15, FIRST_MS + 15 * MINUTE_MS, now_ms, now_ms)
    closed = everything(market, Timeframe.M15)[1]
    for one, other in itertools.pairwise([*seen, closed]):
        assert (other.open_ms, other.open_ticks) == (one.open_ms, one.open_ticks)
        assert other.high_ticks >= one.high_ticks
        assert other.low_ticks <= one.low_ticks
        assert Decimal(other.volume) >= Decimal(one.volume)
        assert Decimal(other.turnover) >= Decimal(one.turnover)
    assert Decimal(seen[-1].volume) > Decimal(closed.volume) * Decimal("0.9")


def test_rows_with_hardly_any_volume(tmp_path: Path) -> None:
    rows: list[Row] = [
        (FIRST_MS, "10.0", "10.4", "9.7", "10.1", "0.003"),
        (FIRST_MS + 5 * MINUTE_MS, "10.1", "10.1", "10.1", "10.1", "0"),
        (FIRST_MS + 10 * MINUTE_MS, "10.1", "10.6", "9.9", "10.5", "0"),
        (FIRST_MS + 15 * MINUTE_MS, "10.5", "10.5", "10.5", "10.5", "0.001"),
        (FIRST_MS + 20 * MINUTE_MS, "10.5", "10.6", "10.4", "10.4", "0.020"),
    ]
    market = load(write(tmp_path, rows, "XUSDT_5m.csv"))
    instrument = only(market)
    got = as_floats(instrument, everything(market, Timeframe.M5))
    assert got == [(row[0], *map(float, row[1:])) for row in rows]
    minutes = everything(market, Timeframe.M1)
    assert len(minutes) == 25
    assert_sums(everything(market, Timeframe.M5), minutes, Timeframe.M5)
    assert all(m.open_ticks == m.close_ticks for m in minutes if float(m.volume) == 0 and m.open_ms < rows[1][0])
    trades = market.trades(instrument.id, FIRST_MS - 1, FIRST_MS + 25 * MINUTE_MS)
    assert sum(trade.size_lots for trade in trades) == 24
    for step in range(250):
        book = market.book(instrument.id, 50, FIRST_MS + step * 6_000)
        assert book.bids[0][0] < book.asks[0][0]


def test_the_market_is_the_same_each_time_and_moved_whole(tmp_path: Path) -> None:
    source = write(tmp_path, walk(50, 60 * MINUTE_MS), "BTCUSDT_1h.csv")
    one, same, moved = load(source), load(source), load(source, shift_ms=500 * DAY_MS)
    instrument_id = only(one).id
    begin_ms, end_ms = FIRST_MS + 3_600_000, FIRST_MS + 3_900_000
    assert one.trades(instrument_id, begin_ms, end_ms) == same.trades(instrument_id, begin_ms, end_ms)
    assert one.book(instrument_id, 50, end_ms) == same.book(instrument_id, 50, end_ms)
    later = moved.trades(instrument_id, begin_ms + 500 * DAY_MS, end_ms + 500 * DAY_MS)
    assert [trade[1:4] for trade in later] == [trade[1:4] for trade in one.trades(instrument_id, begin_ms, end_ms)]
    assert [c[1:] for c in everything(moved, Timeframe.H1)] == [c[1:] for c in everything(one, Timeframe.H1)]
    assert only(moved).launch_ms == FIRST_MS + 500 * DAY_MS


@pytest.mark.parametrize("timeframe", [Timeframe.W1, Timeframe.MO1])
def test_weeks_and_months_are_made_after_the_move(tmp_path: Path, timeframe: Timeframe) -> None:
    market = load(write(tmp_path, walk(70, DAY_MS), "BTCUSDT_1d.csv"), shift_ms=3 * DAY_MS)
    candles = everything(market, timeframe)
    assert all(candle.open_ms == timeframe.open_ms(candle.open_ms) for candle in candles)
    assert_sums(candles, everything(market, Timeframe.D1), timeframe)


def test_after_the_last_row_the_market_stands_still(tmp_path: Path) -> None:
    market = load(write(tmp_path, walk(10, MINUTE_MS)))
    instrument, end_ms = only(market), market.end_ms
    assert end_ms is not None
    later_ms = end_ms + 5 * DAY_MS
    assert market.book(instrument.id, 50, later_ms) == market.book(instrument.id, 50, end_ms)
    assert market.day(instrument.id, later_ms) == market.day(instrument.id, end_ms)
    assert market.derivative(instrument.id, later_ms) == market.derivative(instrument.id, end_ms)
    assert market.trades(instrument.id, end_ms, later_ms) == []
    assert len(market.candles(instrument.id, Timeframe.M1, 0, later_ms, later_ms)) == 10


def test_before_the_first_row_there_is_nothing(tmp_path: Path) -> None:
    market = load(write(tmp_path, walk(10, MINUTE_MS)))
    instrument = only(market)
    assert market.candles(instrument.id, Timeframe.D1, 0, FIRST_MS - 1, FIRST_MS - 1) == []
    book = market.book(instrument.id, 10, FIRST_MS - 10 * MINUTE_MS)
    assert book.bids[0][0] < book.asks[0][0]


def test_spot_files_have_no_contract_figures(tmp_path: Path) -> None:
    source = write(tmp_path, walk(10, MINUTE_MS), "ETHBTC_1m.csv")
    market = load(f"{source},kind=spot")
    instrument = only(market)
    assert (instrument.id.market_kind, instrument.base_coin, instrument.quote_coin) == (MarketKind.SPOT, "ETH", "BTC")
    assert instrument.funding_interval_min is None
    assert market.derivative(instrument.id, FIRST_MS + 1) is None


# --- several files of one symbol ---


def three_files(folder: Path, change: Callable[[list[Row]], list[Row]] | None = None) -> list[str]:
    minutes = walk(300, MINUTE_MS, FIRST_MS - 3 * 60 * MINUTE_MS)
    fives = [merged(minutes[first : first + 5]) for first in range(0, 300, 5)]
    hours = [merged(minutes[first : first + 60]) for first in range(0, 300, 60)]
    return [
        write(folder, minutes[182:], "BTCUSDT_1m.csv"),
        write(folder, change(fives) if change else fives, "BTCUSDT_5m.csv"),
        write(folder, hours, "BTCUSDT_60m.csv"),
    ]


def test_the_finest_drives_and_coarser_give_the_older_history(tmp_path: Path) -> None:
    sources = three_files(tmp_path)
    for order in itertools.permutations(sources):
        market = load(*order)
        instrument = only(market)
        for timeframe, name in ((Timeframe.M1, "1m"), (Timeframe.M5, "5m"), (Timeframe.H1, "60m")):
            table = read_ohlcv(tmp_path / f"BTCUSDT_{name}.csv")
            got = {row[0]: row for row in as_floats(instrument, everything(market, timeframe))}
            assert [got[row[0]] for row in rows_of(table)] == rows_of(table)
        assert_sums(everything(market, Timeframe.H1), everything(market, Timeframe.M1), Timeframe.H1)
        assert len(everything(market, Timeframe.M1)) == 300


def rows_of(table: OhlcvTable) -> list[tuple[float, ...]]:
    assert table.volume is not None
    columns = (table.open_ms, table.open, table.high, table.low, table.close, table.volume)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("place", "value", "name"), [(1, "99999.9", "open"), (4, "100000.1", "close"), (5, "1.000", "volume")]
)
def test_a_coarser_file_that_disagrees_is_refused(tmp_path: Path, place: int, value: str, name: str) -> None:
    def change(rows: list[Row]) -> list[Row]:
        row = list(rows[50])
        row[place] = value
        row[2], row[3] = "999999.0", "1.0"
        high, low = rows[50][2:4]
        if name == "volume":
            row[2], row[3] = high, low
        rows[50] = tuple(row)  # type: ignore[assignment]
        return rows

    words = refusal(*three_files(tmp_path, change))
    assert "BTCUSDT_5m.csv, row 51: its" in words
    assert name in words or "high" in words


def test_rows_that_are_not_covered_completely_are_not_compared(tmp_path: Path) -> None:
    def change(rows: list[Row]) -> list[Row]:
        rows[36] = (*rows[36][:5], "7777.000")
        return rows

    market = load(*three_files(tmp_path, change)[:2])
    candles = {candle.open_ms: candle for candle in everything(market, Timeframe.M5)}
    assert float(candles[FIRST_MS].volume) == 7777.0


def test_a_border_row_that_cannot_be_right_is_left_out(tmp_path: Path) -> None:
    def change(rows: list[Row]) -> list[Row]:
        rows[36] = (*rows[36][:5], "0.001")
        return rows

    sources = three_files(tmp_path, change)
    market = load(*sources[:2])
    opens = [candle.open_ms for candle in everything(market, Timeframe.M1)]
    assert FIRST_MS + MINUTE_MS not in opens
    assert FIRST_MS + 2 * MINUTE_MS in opens


def test_volumes_rounded_to_fewer_digits_agree(tmp_path: Path) -> None:
    minutes = walk(120, MINUTE_MS)
    hours = [merged(minutes[first : first + 60]) for first in (0, 60)]
    rounded = [(*row[:5], f"{float(row[5]):.1f}") for row in hours]
    market = load(write(tmp_path, minutes), write(tmp_path, rounded, "BTCUSDT_1h.csv"))
    assert float(everything(market, Timeframe.H1)[0].volume) == float(hours[0][5])


def test_two_files_of_one_timeframe_are_refused(tmp_path: Path) -> None:
    one, other = (write(tmp_path, walk(4, 60 * MINUTE_MS), f"BTCUSDT_{name}.csv") for name in ("1h", "60m"))
    assert "are both BTCUSDT 1h: name only one of them" in refusal(one, other)


def test_symbols_and_kinds_are_apart(tmp_path: Path) -> None:
    btc, eth = (write(tmp_path, walk(9, MINUTE_MS, seed=n), f"{n}USDT_1m.csv") for n in ("BTC", "ETH"))
    market = load(btc, eth, f"{btc},kind=spot")
    assert sorted(str(instrument.id) for instrument in market.instruments) == [
        "bybit:linear:BTCUSDT",
        "bybit:linear:ETHUSDT",
        "bybit:spot:BTCUSDT",
    ]


# --- files that do not fit ---


def test_rows_off_the_timeframe_are_named(tmp_path: Path) -> None:
    rows = [*walk(3, 5 * MINUTE_MS), *walk(1, MINUTE_MS, FIRST_MS + 16 * MINUTE_MS)]
    assert "BTCUSDT_5m.csv, row 4: its time is not the open of a 5m candle" in refusal(
        write(tmp_path, rows, "BTCUSDT_5m.csv")
    )


def test_a_file_named_finer_than_it_is(tmp_path: Path) -> None:
    words = refusal(write(tmp_path, walk(5, 15 * MINUTE_MS)))
    assert "is named 1m, but its rows are at least 15 minutes apart" in words


def test_a_file_without_volume_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_1h.csv"
    path.write_text(f"time,open,high,low,close\n{FIRST_MS},1,2,1,2\n")
    assert "no column named volume" in refusal(f"ohlcv:{path}")


# --- real files ---


def real_source(real_data: Path, name: str, options: str = "") -> str:
    return f"ohlcv:{real_data / name}{options}"


def test_the_real_bybit_files_agree_and_come_out_as_they_are(real_data: Path) -> None:
    paths = sorted(real_data.glob("d_ohlcv_bybit_linear/*USDT_*"))
    assert len(paths) == 24
    market = load(*(f"ohlcv:{path}" for path in paths))
    by_symbol = {instrument.symbol: instrument for instrument in market.instruments}
    ends = {
        symbol: read_ohlcv(real_data / f"d_ohlcv_bybit_linear/{symbol}_1m.csv.gz").open_ms[-1] + MINUTE_MS
        for symbol in by_symbol
    }
    for path in paths:
        file = parse_source(f"ohlcv:{path}")
        assert isinstance(file, OhlcvFile)
        instrument, end_ms = by_symbol[file.symbol], int(ends[file.symbol])
        rows = [row for row in rows_of(read_ohlcv(path)) if row[0] + file.timeframe.duration_ms <= end_ms]
        candles = market.candles(instrument.id, file.timeframe, int(rows[0][0]), end_ms, end_ms)
        got = {row[0]: row for row in as_floats(instrument, candles)}
        assert len(rows) > 150
        assert [got[int(row[0])] for row in rows] == rows


@pytest.mark.parametrize(
    ("name", "options", "timeframe"),
    [
        ("d_ohlcv_binance_spot_daily/BTCUSDT_1d.csv.gz", ",kind=spot", Timeframe.D1),
        ("d_ohlcv_binance_usdm/SUIUSDT_4h.csv.gz", "", Timeframe.H4),
        ("d_ohlcv_binance_spot/ETHUSDT_5m_2024.csv.gz", ",kind=spot", Timeframe.M5),
        ("d_ohlcv_other/btc-perp-20211231-20220201_1m.csv.gz", ",symbol=BTC-PERP,timeframe=1m", Timeframe.M1),
        ("d_ohlcv_other/ADA_BTC-5m.feather", ",symbol=ADABTC,timeframe=5m,kind=spot", Timeframe.M5),
    ],
)
def test_other_real_files_come_out_as_they_are(real_data: Path, name: str, options: str, timeframe: Timeframe) -> None:
    market = load(real_source(real_data, name, options))
    instrument, table = only(market), read_ohlcv(real_data / name)
    candles = everything(market, timeframe)
    # Feather files hold 0.07730000000000001 for 0.0773: floats are compared to their 15 decimal digits.
    np.testing.assert_allclose(as_floats(instrument, candles), rows_of(table), rtol=1e-15, atol=1e-7)
    if table.turnover is not None:
        assert [float(candle.turnover) for candle in candles] == table.turnover.tolist()


def test_a_last_row_that_was_unfinished_when_it_was_saved_is_named(real_data: Path) -> None:
    folder = "d_ohlcv_binance_usdm"
    words = refusal(*(real_source(real_data, f"{folder}/BTCUSDT_{name}.csv.gz") for name in ("1h", "4h")))
    assert "BTCUSDT_4h.csv.gz, row 4500: its close is not that of the finer file's rows" in words
    market = load(*(real_source(real_data, f"{folder}/AAVEUSDT_{name}.csv.gz") for name in ("1h", "4h")))
    assert len(everything(market, Timeframe.H4)) == 4500
