from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.ohlcv_source import OhlcvFile
from virtuoso_desktop.simulator.sources import Opened, SyntheticSource, open_market, parse_source

NOW_MS = 1_795_342_021_357
FIRST_MS = 1_748_736_000_000
HOUR_MS = 3_600_000


def candle_file(folder: Path, name: str = "BTCUSDT_1h.csv", count: int = 240, step_ms: int = HOUR_MS) -> str:
    lines = [f"{FIRST_MS + index * step_ms},100.0,101.5,99.5,100.5,{index + 1}.25" for index in range(count)]
    (folder / name).write_text("\n".join(("time,open,high,low,close,volume", *lines)))
    return f"ohlcv:{folder / name}"


def refusal(*sources: str, start: str | None = None, clock: str = "now", now_ms: int = NOW_MS) -> str:
    with pytest.raises(ConfigError) as caught:
        open_market(sources, start, clock, now_ms)  # type: ignore[arg-type]
    return caught.value.user_text


# --- parsing ---


def test_synthetic_sources() -> None:
    assert parse_source("synthetic:17") == SyntheticSource(17)


@pytest.mark.parametrize(
    ("text", "symbol", "timeframe", "kind"),
    [
        ("ohlcv:/d/BTCUSDT_1m.csv", "BTCUSDT", Timeframe.M1, MarketKind.LINEAR),
        ("ohlcv:BTCUSDT_1m.csv.gz,kind=spot", "BTCUSDT", Timeframe.M1, MarketKind.SPOT),
        ("ohlcv:ETHUSDT_60m.parquet", "ETHUSDT", Timeframe.H1, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_240m.feather", "ETHUSDT", Timeframe.H4, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_4H.csv", "ETHUSDT", Timeframe.H4, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_1d.csv", "ETHUSDT", Timeframe.D1, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_1440m.csv", "ETHUSDT", Timeframe.D1, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_1w.csv", "ETHUSDT", Timeframe.W1, MarketKind.LINEAR),
        ("ohlcv:ETHUSDT_1M.csv", "ETHUSDT", Timeframe.MO1, MarketKind.LINEAR),
        ("ohlcv:BTCUSDT_5m_2021.csv.gz", "BTCUSDT", Timeframe.M5, MarketKind.LINEAR),
        ("ohlcv:x.csv,timeframe=15m,symbol=btcusdt", "BTCUSDT", Timeframe.M15, MarketKind.LINEAR),
        ("ohlcv:BTCUSDT_1m.csv,symbol=XBTUSDT", "XBTUSDT", Timeframe.M1, MarketKind.LINEAR),
        ("ohlcv:a, b/BTCUSDT_1m.csv,kind=linear", "BTCUSDT", Timeframe.M1, MarketKind.LINEAR),
    ],
)
def test_file_sources(text: str, symbol: str, timeframe: Timeframe, kind: MarketKind) -> None:
    file = parse_source(text)
    assert isinstance(file, OhlcvFile)
    assert file[1:] == (symbol, timeframe, kind)
    assert ",kind" not in file.path.name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("synthetic", "a whole number is needed after synthetic:"),
        ("synthetic:", "a whole number is needed"),
        ("synthetic:one", "a whole number is needed"),
        ("synthetic:-1", "a whole number is needed"),
        ("sintetic:1", "did you mean synthetic:?"),
        ("ohlc:BTCUSDT_1m.csv", "did you mean ohlcv:?"),
        ("ohlcv:", "neither synthetic:SEED nor ohlcv:FILE"),
        ("", "neither synthetic:SEED nor ohlcv:FILE"),
        ("ohlcv:prices.csv", "does not say symbol and timeframe as BTCUSDT_1m.csv does"),
        ("ohlcv:BTC_USDT-5m.csv", "does not say symbol and timeframe"),
        ("ohlcv:BTCUSDT_7m.csv", "there is no timeframe '7m'"),
        ("ohlcv:BTCUSDT_1m.csv,timeframe=", "the option 'timeframe' has no value"),
        ("ohlcv:BTCUSDT_1m.csv,kind=inverse", "kind=inverse is not simulated; use kind=linear or kind=spot"),
        ("ohlcv:BTCUSDT_1m.csv,simbol=X", "there is no option 'simbol'; did you mean 'symbol'?"),
        ("ohlcv:BTCUSDT_1m.csv,symbol=A/B", "the symbol 'A/B' may hold letters"),
    ],
)
def test_wrong_sources_are_refused_in_words(text: str, words: str) -> None:
    assert words in refusal(text)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ParseError, match="No such file"):
        open_market(["ohlcv:/nowhere/BTCUSDT_1m.csv"], None, "now", NOW_MS)


def test_nothing_and_two_seeds_are_refused() -> None:
    assert "Name one synthetic source" in refusal()
    assert "Name one synthetic source" in refusal("synthetic:1", "synthetic:2")


# --- where the clock starts ---


def test_the_synthetic_market_starts_now() -> None:
    opened = open_market(["synthetic:3"], None, "now", NOW_MS)
    assert opened.start_ms == NOW_MS
    assert len(opened.market.instruments) == 55


def test_the_synthetic_market_can_live_in_the_past() -> None:
    opened = open_market(["synthetic:3"], "2026-05-01T12:00", "original", NOW_MS)
    assert dt.datetime.fromtimestamp(opened.start_ms / 1000, dt.UTC) == dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    early = open_market(["synthetic:3"], "2025-01-01", "original", NOW_MS)
    assert 15 < len(early.market.instruments) < 45


@pytest.mark.parametrize(
    ("start", "clock", "now_ms", "words"),
    [
        ("2026-05-01", "now", NOW_MS, "a start needs --clock original"),
        ("+10d", "original", NOW_MS, "counts from a file's first row"),
        ("soon", "original", NOW_MS, "neither an offset such as +10d nor a time"),
        (None, "now", 0, "The synthetic market begins on 2024-10-04"),
        ("2020-01-01", "original", NOW_MS, "would start at 2020-01-01 00:00 UTC"),
    ],
)
def test_starts_that_the_synthetic_market_cannot_have(start: str | None, clock: str, now_ms: int, words: str) -> None:
    assert words in refusal("synthetic:1", start=start, clock=clock, now_ms=now_ms)


def start_of(opened: Opened) -> float:
    """Hours from the first row to the venue's start."""
    return (opened.start_ms - FIRST_MS) / HOUR_MS


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        (None, 160),
        ("+3d", 72),
        ("+36h", 36),
        ("+1d12h", 36),
        ("+90m", 1.5),
        ("2025-06-02", 24),
        ("2025-06-02T01:30", 25.5),
        ("2025-06-02T01:30:00+01:30", 24),
    ],
)
def test_the_original_clock_starts_at_the_start(tmp_path: Path, start: str | None, hours: float) -> None:
    assert start_of(open_market([candle_file(tmp_path)], start, "original", NOW_MS)) == hours


@pytest.mark.parametrize("start", [None, "+3d", "+90m", "2025-06-05T23:59"])
@pytest.mark.parametrize("now_ms", [NOW_MS, NOW_MS - NOW_MS % DAY_MS, NOW_MS + 11 * HOUR_MS])
def test_the_clock_of_now_moves_the_file_by_whole_days(tmp_path: Path, start: str | None, now_ms: int) -> None:
    source = candle_file(tmp_path)
    original = open_market([source], start, "original", now_ms)
    opened = open_market([source], start, "now", now_ms)
    assert opened.start_ms == now_ms
    (instrument,) = opened.market.instruments
    assert instrument.launch_ms is not None
    shift_ms = instrument.launch_ms - FIRST_MS
    assert shift_ms % DAY_MS == 0
    assert now_ms - DAY_MS < original.start_ms + shift_ms <= now_ms
    assert opened.market.end_ms == FIRST_MS + 240 * HOUR_MS + shift_ms


@pytest.mark.parametrize("start", ["+11d", "2025-05-31", "2026-01-01"])
def test_a_start_outside_the_files_is_refused(tmp_path: Path, start: str) -> None:
    words = refusal(candle_file(tmp_path), start=start)
    assert "is outside the files, which go from 2025-06-01 00:00 UTC to 2025-06-11 00:00 UTC" in words


@pytest.mark.parametrize("start", ["+", "+ten", "+1w", "-3d", "12:30"])
def test_a_start_that_is_none_is_refused(tmp_path: Path, start: str) -> None:
    assert "--start" in refusal(candle_file(tmp_path), start=start)


def test_the_start_counts_from_the_finest_file(tmp_path: Path) -> None:
    minutes = [f"{FIRST_MS + HOUR_MS * 200 + i * MINUTE_MS},100.0,101.5,99.5,100.5,1" for i in range(60)]
    (tmp_path / "BTCUSDT_1m.csv").write_text("\n".join(("time,open,high,low,close,volume", *minutes)))
    (tmp_path / "BTCUSDT_1h.csv").write_text(
        "\n".join(
            (
                "time,open,high,low,close,volume",
                *(f"{FIRST_MS + i * HOUR_MS},100.0,101.5,99.5,100.5,60" for i in range(220)),
            )
        )
    )
    sources = [f"ohlcv:{tmp_path / name}" for name in ("BTCUSDT_1h.csv", "BTCUSDT_1m.csv")]
    opened = open_market(sources, "+30m", "original", NOW_MS)
    assert start_of(opened) == 200.5
    assert opened.market.end_ms == FIRST_MS + 201 * HOUR_MS
    (instrument,) = opened.market.instruments
    assert instrument.launch_ms == FIRST_MS


# --- several sources ---


def test_files_replace_synthetic_instruments_and_the_rest_goes_on(tmp_path: Path) -> None:
    opened = open_market([candle_file(tmp_path), "synthetic:1"], None, "now", NOW_MS)
    market = opened.market
    assert market.end_ms is None
    ids = [str(instrument.id) for instrument in market.instruments]
    assert len(ids) == len(set(ids)) == 55
    by_id = {str(instrument.id): instrument for instrument in market.instruments}
    btc, spot = by_id["bybit:linear:BTCUSDT"].id, by_id["bybit:spot:BTCUSDT"].id
    assert market.day(btc, NOW_MS).last_ticks <= 1015
    assert market.day(spot, NOW_MS).last_ticks > 100_000
    assert market.candles(btc, Timeframe.H1, NOW_MS - 5 * HOUR_MS, NOW_MS, NOW_MS)[0].high_ticks == 1015
    assert market.book(btc, 1, NOW_MS).asks[0][0] <= 1016
    assert market.derivative(btc, NOW_MS) is not None
    assert market.derivative(spot, NOW_MS) is None
    assert {trade.price_ticks <= 1015 for trade in market.trades(btc, NOW_MS - MINUTE_MS, NOW_MS)} == {True}


def test_two_symbols_end_with_the_later_file(tmp_path: Path) -> None:
    sources = [candle_file(tmp_path), candle_file(tmp_path, "ETHUSDT_1h.csv", 300)]
    opened = open_market(sources, None, "original", NOW_MS)
    assert opened.market.end_ms == FIRST_MS + 300 * HOUR_MS
    assert start_of(opened) == 200
    btc, eth = (instrument.id for instrument in opened.market.instruments)
    late_ms = FIRST_MS + 290 * HOUR_MS
    assert opened.market.trades(btc, late_ms, late_ms + HOUR_MS) == []
    assert opened.market.trades(eth, late_ms, late_ms + HOUR_MS) != []
