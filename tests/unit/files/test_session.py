from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.recorded_session import BEGIN_MS, SPOT, depth, snapshot, trade, written
from virtuoso_desktop.files.session import BookChange, RecordedTrade, read_session
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.instrument import MarketKind

UNIT = 10**8


def refusal(*paths: Path) -> str:
    with pytest.raises(ParseError) as caught:
        read_session(paths)
    return caught.value.user_text


def test_changes_before_the_snapshot_are_kept_and_applied_after_it(tmp_path: Path) -> None:
    session = read_session([written(tmp_path / "a.gz", SPOT)])
    assert (session.symbol, session.kind) == ("BTCUSDT", MarketKind.SPOT)
    assert session.bids == [(100 * UNIT, 3 * UNIT // 2), (9_990 * UNIT // 100, 2 * UNIT)]
    assert [change.time_ms - BEGIN_MS for change in session.changes] == [100, 200, 125_000]
    assert session.changes[1] == BookChange(BEGIN_MS + 200, [], [(10_010_000_000, 0), (10_015_000_000, 75_000_000)])
    assert session.trades == [
        RecordedTrade(BEGIN_MS + 150, 10_010_000_000, 25_000_000, True, 70),
        RecordedTrade(BEGIN_MS + 61_000, 10_015_000_000, 50_000_000, False, 71),
    ]
    assert (session.begin_ms, session.end_ms) == (BEGIN_MS + 100, BEGIN_MS + 125_000)


def test_plain_files_and_files_that_continue_one_another(tmp_path: Path) -> None:
    whole = read_session([written(tmp_path / "a.gz", SPOT)])
    parts = written(tmp_path / "first", SPOT[:6]), written(tmp_path / "second.gz", SPOT[6:])
    assert read_session(parts) == whole


def test_contracts_chain_by_the_id_before(tmp_path: Path) -> None:
    frames: list[Any] = [
        snapshot(6),
        depth(5, 8, 0, {"100.00": "1"}, {}, pu=4),
        depth(20, 25, 10, {"100.00": "2"}, {}, pu=8),
        trade(1, 20, "100.10", "0.5"),
    ]
    assert read_session([written(tmp_path / "a.gz", frames)]).kind is MarketKind.LINEAR
    frames[2]["data"]["pu"] = 9
    text = refusal(written(tmp_path / "a.gz", frames))
    assert text == "a.gz, line 3: an order book change is missing before this one. The recording was not opened."
    frames[1]["data"]["ps"] = frames[2]["data"]["ps"] = "BTCUSD"
    frames[2]["data"]["pu"] = 8
    assert read_session([written(tmp_path / "a.gz", frames)]).kind is MarketKind.INVERSE


def test_a_file_without_a_snapshot_alone_is_refused_in_words(tmp_path: Path) -> None:
    text = refusal(written(tmp_path / "part.gz", SPOT[4:]))
    assert "part.gz has no order book snapshot" in text
    assert "session:FIRST+THIS" in text


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ([*SPOT[:5], SPOT[7]], "line 6: an order book change is missing before this one"),
        ([snapshot(6), SPOT[5]], "line 2: the order book snapshot is older than the first change"),
        ([*SPOT[:5], depth(9, 9, 50, {}, {})], "line 6: its time is before that of the change before it"),
        ([trade(1, 10, "1", "1"), trade(2, 9, "1", "1")], "line 2: its time is before that of the trade before it"),
        ([snapshot(6), trade(1, 10, "1", "1")], "no order book change in it"),
        ([snapshot(60), *SPOT[:3]], "no order book change follows the snapshot"),
        ([SPOT[0] | {"data": {"s": "ETHUSDT"}}], "line 1: is no frame of a Binance recording"),
        ([SPOT[0], {"stream": "x@trade", "data": trade(1, 2, "1", "1")["data"] | {"s": "ETHUSDT"}}], "is of ETHUSDT"),
    ],
)
def test_broken_recordings_are_refused_with_the_place(tmp_path: Path, frames: list[Any], words: str) -> None:
    assert words in refusal(written(tmp_path / "a.gz", frames))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello\n", "line 1: does not begin with a local time"),
        (b"123 {\n", "line 1: is no frame"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (b"", "no order book change in it"),
    ],
)
def test_files_that_are_no_recordings(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "b.gz"
    file.write_bytes(content)
    assert words in refusal(file)
    assert "cannot be read" in refusal(tmp_path / "nowhere.gz")


def test_orders_that_are_no_trades_are_left_out(tmp_path: Path) -> None:
    session = read_session([written(tmp_path / "a.gz", [*SPOT, trade(72, 125_000, "0", "1")])])
    assert [one.number for one in session.trades] == [70, 71]


@pytest.mark.parametrize(
    ("names", "symbol", "kind", "changes", "trades"),
    [
        (["hft_cm_btcusd_perp_20240808"], "BTCUSD_PERP", MarketKind.INVERSE, 26_824, 2_286),
        (["hft_spot_btcusdt_20240808", "hft_spot_btcusdt_20240809"], "BTCUSDT", MarketKind.SPOT, 6_493, 19_904),
        (["hft_usdm_btcusdt_20240718", "hft_usdm_btcusdt_20240719"], "BTCUSDT", MarketKind.LINEAR, 9_017, 10_701),
    ],
)
def test_real_recordings(
    real_data: Path, names: list[str], symbol: str, kind: MarketKind, changes: int, trades: int
) -> None:
    session = read_session([real_data / f"c_binance_sessions/{name}.gz" for name in names])
    assert (session.symbol, session.kind) == (symbol, kind)
    assert (len(session.changes), len(session.trades)) == (changes, trades)
    assert session.trades[0].time_ms < session.begin_ms + 5_000


@pytest.mark.parametrize("name", ["hft_spot_btcusdt_20240809", "hft_usdm_btcusdt_20240719"])
def test_the_second_halves_alone(real_data: Path, name: str) -> None:
    assert "no order book snapshot" in refusal(real_data / f"c_binance_sessions/{name}.gz")
