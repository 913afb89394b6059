"""``simulate`` as a program: its first line, its end, its refusals."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.simulate_program import file_rows, refused, simulate
from tests.stream_client import connected
from virtuoso_desktop.model.timeframe import MINUTE_MS

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


async def venue_ms(http: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{http}/v5/market/time") as response:
        return (await response.json())["time"]


@POSIX
@pytest.mark.deadline_s(20)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_serves_and_ends_with_0_on_a_signal(number: signal.Signals) -> None:
    async with simulate("--source", "synthetic:1") as program:
        assert set(program.line) == {"bybit", "clock"}
        assert program.http.startswith("http://127.0.0.1:")
        assert program.ws == program.http.replace("http", "ws")
        assert program.line["clock"]["rate"] == 1.0
        assert abs(program.line["clock"]["now_ms"] - time.time() * 1000) < 10_000
        assert abs(await venue_ms(program.http) - time.time() * 1000) < 500
        async with connected(program.ws) as client:
            await client.subscribe("orderbook.50.BTCUSDT", "publicTrade.BTCUSDT")
            await client.read_until(lambda: client.count("orderbook.50.BTCUSDT") > 5, 10.0)
            program.child.send_signal(number)
            code, out, err = await program.ended()
        assert code == 0
        assert out == b""
        assert "Traceback" not in err
        assert "ERROR" not in err


@pytest.mark.deadline_s(20)
async def test_it_ends_when_stdin_closes_if_asked_to() -> None:
    async with simulate("--exit-on-stdin-close") as program:
        assert program.child.stdin is not None
        program.child.stdin.write(b"hello\n")
        await program.child.stdin.drain()
        await asyncio.sleep(0.3)
        assert program.child.returncode is None
        program.child.stdin.close()
        code, out, err = await program.ended()
        assert (code, out) == (0, b"")
        assert "Traceback" not in err


@POSIX
@pytest.mark.deadline_s(20)
async def test_it_does_not_care_for_stdin_otherwise() -> None:
    async with simulate() as program:
        assert program.child.stdin is not None
        program.child.stdin.close()
        await asyncio.sleep(0.5)
        await venue_ms(program.http)
        program.child.send_signal(signal.SIGINT)
        assert await program.child.wait() == 0


@pytest.mark.deadline_s(20)
async def test_a_wanted_port_is_used_and_a_taken_one_is_code_3() -> None:
    async with simulate() as program:
        port = program.http.rsplit(":", 1)[1]
        code, err = await refused("--port", port)
        assert code == 3
        assert err.count("\n") == 1
        assert f"port {port} on 127.0.0.1 cannot be used" in err
        program.child.kill()
        await program.child.wait()
        async with simulate("--port", port) as second:
            assert second.http == program.http


@pytest.mark.deadline_s(20)
async def test_a_fast_clock() -> None:
    async with simulate("--speed", "30") as program:
        assert program.line["clock"]["rate"] == 30.0
        began_s, began_ms = time.monotonic(), await venue_ms(program.http)
        await asyncio.sleep(1.0)
        passed_ms = await venue_ms(program.http) - began_ms
        assert passed_ms / 1000 / (time.monotonic() - began_s) == pytest.approx(30, rel=0.1)


@pytest.mark.deadline_s(40)
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--speed", "0"], "speed"),
        (["--speed", "fast"], "--speed"),
        (["--port", "70000"], "port"),
        (["--clock", "later"], "--clock"),
        (["--source", "real:BTC"], "real:BTC"),
        (["--source", "synthetic:one"], "synthetic:one"),
        (["--source", "ohlcv:/nowhere/BTCUSDT_1m.csv"], "/nowhere/BTCUSDT_1m.csv"),
        (["--start", "tomorrow"], "tomorrow"),
    ],
)
async def test_bad_arguments_are_code_2(arguments: list[str], word: str) -> None:
    code, err = await refused(*arguments)
    assert code == 2
    assert word in err
    assert "Traceback" not in err


@pytest.mark.deadline_s(20)
async def test_bad_faults_are_code_2_and_name_the_entry(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "- {at_s: 1, fault: gap, topic: tickers, symbol: BTCUSDT}\n- {at_s: 1, fault: gap, topic: trades}\n"
    )
    code, err = await refused("--faults", str(file))
    assert code == 2
    assert err.count("\n") == 1
    assert "entry 2" in err
    assert "unknown topic 'trades'" in err


@pytest.mark.deadline_s(30)
async def test_faults_of_a_file_happen_and_are_logged(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- {at_s: 0, for_s: 60, fault: silent, topic: tickers, symbol: BTCUSDT}\n")
    async with simulate("--faults", str(file), "--exit-on-stdin-close") as program:
        async with connected(program.ws) as client:
            await client.subscribe("tickers.BTCUSDT", "tickers.ETHUSDT", "orderbook.50.BTCUSDT")
            await client.read_until(lambda: client.count("tickers.ETHUSDT") > 2, 10.0)
            await client.read_until(lambda: client.count("orderbook.50.BTCUSDT") > 2, 10.0)
            assert client.count("tickers.BTCUSDT") == 0
        assert program.child.stdin is not None
        program.child.stdin.close()
        _, _, err = await program.ended()
        assert "fault silent on tickers BTCUSDT begins" in err


@pytest.mark.deadline_s(30)
async def test_a_recorded_file_streams_its_own_rows_and_then_falls_silent(real_data: Path) -> None:
    file = real_data / "d_ohlcv_bybit_linear/BTCUSDT_1m.csv.gz"
    recorded = file_rows(file)
    end_ms = max(recorded) + MINUTE_MS
    start = dt.datetime.fromtimestamp((end_ms - 5 * MINUTE_MS) / 1000, dt.UTC).isoformat()
    options = ("--clock", "original", "--start", start, "--speed", "60", "--exit-on-stdin-close")
    async with simulate("--source", f"ohlcv:{file}", *options) as program:
        assert abs(program.line["clock"]["now_ms"] - (end_ms - 5 * MINUTE_MS)) < 60_000
        async with connected(program.ws) as client:
            await client.subscribe("kline.1.BTCUSDT", "publicTrade.BTCUSDT", "kline.5.BTCUSDT")
            await client.read_for(8.0)
            assert (await client.ask(op="ping"))["success"] is True
        rows = [frame["data"][0] for frame in client.frames["kline.1.BTCUSDT"]]
        closed = [row for row in rows if row["confirm"]]
        assert len(closed) >= 4
        assert closed[-1]["end"] + 1 == end_ms
        for row in closed:
            told = [float(row["start"]), *(float(row[key]) for key in ("open", "high", "low", "close", "volume"))]
            assert told == recorded[row["start"]]
        trades = [item for frame in client.frames["publicTrade.BTCUSDT"] for item in frame["data"]]
        assert len({item["i"] for item in trades}) == len(trades)
        for row in closed[1:]:
            inside = [item for item in trades if row["start"] <= item["T"] <= row["end"]]
            assert sum(Decimal(item["v"]) for item in inside) == Decimal(row["volume"])
            assert max(Decimal(item["p"]) for item in inside) == Decimal(row["high"])
        assert program.child.stdin is not None
        program.child.stdin.close()
        _, _, err = await program.ended()
        assert err.count("all topics are silent from now on") == 1


def test_it_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys, virtuoso_desktop.simulator.command\n"
        "print(sorted({'pandas', 'pyarrow', 'numba', 'ccxt', 'PySide6', 'pydantic', 'ruamel.yaml'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
