"""The program ``virtuoso-desktop simulate``: one line on stdout, logs on stderr, until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from virtuoso_desktop.kernel.clock import Clock, LiveClock, ScaledClock
from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.simulator.faults import Fault, read_faults
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.server import HOST, SimulatedExchange
from virtuoso_desktop.simulator.sources import open_market

DONE, BAD_USAGE, CANNOT_RUN = 0, 2, 3
FASTEST = 1_000.0
DEFAULT_SOURCE = "synthetic:1"
SWITCH_INTERVAL_S = 0.0005
"""A worker thread that computes history hands the interpreter back this often."""
log = logging.getLogger(__name__)


def add_simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``simulate``."""
    parser.add_argument("--port", type=_port, default=0, help="TCP port on 127.0.0.1; 0 (the default) takes a free one")
    parser.add_argument(
        "--source",
        action="append",
        metavar="S",
        help="synthetic:SEED, ohlcv:FILE[,symbol=..,timeframe=..,kind=linear], or session:FILE[+FILE] (a recorded "
        "Binance session); may be repeated; default synthetic:1",
    )
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="venue seconds per real second")
    parser.add_argument("--start", metavar="WHEN", help="offset from the first row (+10d, +6h) or an ISO time")
    parser.add_argument(
        "--clock",
        choices=("now", "original"),
        default="now",
        help="now: files are shifted to put --start into the last day; original: the venue lives in their time",
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="YAML list of faults, see docs/faults.md")
    parser.add_argument("--exit-on-stdin-close", action="store_true", help="end when standard input closes")


def run_simulate(args: argparse.Namespace) -> int:
    """Serve until SIGINT, SIGTERM or the end of stdin; returns the exit code.

    0 after an ordered end, 2 for a source or a file that is wrong, 3 for a port that is taken.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        market, clock = _open(args)
        symbols = {instrument.symbol for instrument in market.instruments}
        faults = read_faults(args.faults, symbols) if args.faults else []
    except (ConfigError, ParseError) as error:
        return _refuse(error.user_text, BAD_USAGE)
    except KeyboardInterrupt:
        return DONE
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return _run(_serve(market, clock, faults, args))


def _open(args: argparse.Namespace) -> tuple[MarketSource, Clock]:
    live = LiveClock()
    opened = open_market(args.source or [DEFAULT_SOURCE], args.start, args.clock, live.now_ms())
    if args.clock == "now" and args.speed == 1:
        return opened.market, live
    return opened.market, ScaledClock(opened.start_ms, args.speed)


async def _serve(market: MarketSource, clock: Clock, faults: list[Fault], args: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_signals(loop, stop.set)
    if args.exit_on_stdin_close:
        _on_stdin_close(lambda: loop.call_soon_threadsafe(stop.set))
    async with contextlib.AsyncExitStack() as stack:
        venue = SimulatedExchange(market, clock, port=args.port, faults=faults)
        try:
            await stack.enter_async_context(venue)
        except OSError as error:
            return _refuse(f"port {args.port} on {HOST} cannot be used: {error.strerror or error}", CANNOT_RUN)
        _say_where(venue, clock)
        await stop.wait()
    return DONE


def _say_where(venue: SimulatedExchange, clock: Clock) -> None:
    line = {
        "bybit": {"http": venue.http_url, "ws": venue.ws_url},
        "clock": {"now_ms": clock.now_ms(), "rate": clock.rate},
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    log.info("serving %s until interrupted", venue.http_url)


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        if sys.platform == "win32":
            signal.signal(number, partial(_in_loop, loop, stop))
        else:
            loop.add_signal_handler(number, stop)


def _in_loop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *_: object) -> None:
    loop.call_soon_threadsafe(stop)


def _on_stdin_close(stop: Callable[[], object]) -> None:
    """Call ``stop`` once standard input ends; reads the descriptor, so that exit never waits for a reader's lock."""

    def read() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            stop()

    threading.Thread(target=read, name="stdin", daemon=True).start()


def _run(main: Coroutine[Any, Any, int]) -> int:
    try:
        from uvloop import new_event_loop
    except ImportError:  # Windows
        new_event_loop = None
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"virtuoso-desktop simulate: {sentence}\n")
    return code


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535")
    return port


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is no speed: above 0, at most {FASTEST:g}")
    return speed
