"""``simulate`` as a program: its first line, its end, its refusals."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.simulate_program import refused, simulate
from tests.stream_client import connected

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
        assert passed_ms / 1000 / (time.monotonic() - began_s) == pytest.approx(30, rel=0.05)


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


def test_it_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys, virtuoso_desktop.simulator.command\n"
        "print(sorted({'pandas', 'pyarrow', 'numba', 'ccxt', 'PySide6', 'pydantic', 'ruamel.yaml'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
