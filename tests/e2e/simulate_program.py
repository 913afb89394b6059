"""The program ``simulate`` as a child process of a test."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import gzip
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PROGRAM = """
import argparse, sys
from virtuoso_desktop.simulator.command import add_simulate_arguments, run_simulate
parser = argparse.ArgumentParser(prog="simulate")
add_simulate_arguments(parser)
sys.exit(run_simulate(parser.parse_args()))
"""
FIRST_LINE_S = 10.0
END_S = 5.0


class Program:
    """A running child. ``line`` is its first line on stdout, decoded."""

    def __init__(self, child: asyncio.subprocess.Process, line: dict[str, Any], started_s: float) -> None:
        self.child = child
        self.line = line
        self.started_s = started_s
        self.http: str = line["bybit"]["http"]
        self.ws: str = line["bybit"]["ws"]

    async def ended(self) -> tuple[int, bytes, str]:
        """(exit code, rest of stdout, stderr) once the child has ended, within 5 s."""
        async with asyncio.timeout(END_S):
            out, err = await self.child.communicate()
        assert self.child.returncode is not None
        return self.child.returncode, out, err.decode()


async def launched(*arguments: str) -> asyncio.subprocess.Process:
    """The child with all three pipes."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, *arguments, **pipes)


@asynccontextmanager
async def simulate(*arguments: str) -> AsyncIterator[Program]:
    """The program once it has said where it is; killed at the end if it still runs."""
    began_s = time.monotonic()
    child = await launched(*arguments)
    try:
        assert child.stdout is not None
        async with asyncio.timeout(FIRST_LINE_S):
            line = await child.stdout.readline()
        if not line:
            _, err = await child.communicate()
            raise AssertionError(f"ended with {child.returncode}: {err.decode()}")
        yield Program(child, json.loads(line), time.monotonic() - began_s)
    finally:
        if child.returncode is None:
            child.kill()
            await child.communicate()


async def refused(*arguments: str) -> tuple[int, str]:
    """(exit code, stderr) of a start that must not succeed; stdout must stay empty."""
    child = await launched(*arguments)
    async with asyncio.timeout(FIRST_LINE_S):
        out, err = await child.communicate()
    assert out == b""
    assert child.returncode is not None
    return child.returncode, err.decode()


def file_rows(file: Path) -> dict[int, list[float]]:
    """The rows of a recorded candle file by open time in ms, [open_ms, open, high, low, close, volume] each."""
    rows: dict[int, list[float]] = {}
    with gzip.open(file, "rt", newline="") as lines:
        for record in csv.DictReader(lines):
            open_ms = round(dt.datetime.fromisoformat(record["timestamp"]).timestamp() * 1000)
            numbers = [float(record[name]) for name in ("open", "high", "low", "close", "volume")]
            rows[open_ms] = [open_ms, *numbers]
    return rows
