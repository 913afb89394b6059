"""Recorded sessions through the program `simulate`: over its sockets, to the end, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.simulate_program import refused, simulate
from tests.recorded_session import SPOT, SlowBook, written
from tests.stream_client import RebuiltBook, connected


@pytest.mark.deadline_s(60)
async def test_a_contracts_recording_over_the_wire(real_data: Path) -> None:
    file = real_data / "c_binance_sessions/hft_cm_btcusd_perp_20240808.gz"
    topics = "orderbook.50.BTCUSD", "orderbook.1000.BTCUSD", "publicTrade.BTCUSD", "tickers.BTCUSD"
    source = ("--source", f"session:{file}", "--clock", "original", "--exit-on-stdin-close")
    async with simulate(*source) as program, connected(program.ws, "inverse") as client:
        assert (await client.subscribe(*topics))["success"] is True
        await client.read_for(8.0)
        slow = SlowBook(file)
        books = {topic: RebuiltBook() for topic in topics[:2]}
        frames = sorted((frame for topic in books for frame in client.frames[topic]), key=lambda frame: frame["cts"])
        assert len(frames) > 60
        for frame in frames:
            topic, book = frame["topic"], books[frame["topic"]]
            book.apply(frame)
            slow.move(frame["cts"])
            whole, told = slow.sides(), book.sides()
            levels = int(topic.split(".")[1])
            for side, truth in zip(told, whole, strict=True):
                assert [(float(p), float(q) / 100) for p, q in side[:levels]] == truth[:levels]
        assert client.count("publicTrade.BTCUSD")
        assert client.frames["tickers.BTCUSD"][0]["data"]["fundingRate"]


async def test_at_the_end_the_topics_are_silent_and_stderr_says_so(tmp_path: Path) -> None:
    file = written(tmp_path / "a.gz", SPOT)
    topics = "orderbook.50.BTCUSDT", "publicTrade.BTCUSDT", "kline.1.BTCUSDT", "tickers.BTCUSDT"
    source = ("--source", f"session:{file}", "--speed", "60", "--exit-on-stdin-close")
    async with simulate(*source) as program, connected(program.ws, "spot") as client:
        await client.subscribe(*topics)
        await client.read_for(4.0)
        seen = {topic: client.count(topic) for topic in topics}
        assert all(seen.values())
        await client.read_for(2.0)
        assert {topic: client.count(topic) for topic in topics} == seen
        assert (await client.ask(op="ping"))["ret_msg"] == "pong"
        assert program.child.stdin is not None
        program.child.stdin.close()
        code, _, told = await program.ended()
    assert code == 0
    assert told.count("all topics are silent from now on") == 1


async def test_half_a_recording_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = written(tmp_path / "part.gz", SPOT[4:])
    code, told = await refused("--source", f"session:{file}")
    assert code == 2
    assert "has no order book snapshot" in told
    assert told.count("\n") == 1
