"""A venue in a process of its own, the program's engine on it, and a note of everything that a person sees."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tests.reliability.cases import QUIET, Case
from tests.reliability.venue import clock_of
from virtuoso_desktop.engine.engine import Engine, VenueParts
from virtuoso_desktop.engine.listing import ListingTimes
from virtuoso_desktop.engine.views import LinkPhase, RowState
from virtuoso_desktop.exchanges.bybit.adapter import BybitAdapter, BybitEndpoints
from virtuoso_desktop.exchanges.transport import LinkTimes
from virtuoso_desktop.kernel.clock import Clock
from virtuoso_desktop.kernel.notices import NoticeBoard, Severity
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.kernel.tasks import Supervisor
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import InstrumentId, Source
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.simulator.faults import Fault
from virtuoso_desktop.ui.feed_state import FeedWatch

LOOK_S = 0.05
"""Between two looks at the engine; a window looks twice a second."""
LIVE_S, LIVE_EACH_S = 60.0, 8.0
LOADED_TRADES = 100
"""More than a stream brings in the first seconds: those of REST are there."""
ROOT = Path(__file__).parents[2]


class Venue:
    """The child that `venue` is."""

    def __init__(self, child: asyncio.subprocess.Process, about: dict[str, Any]) -> None:
        self._child = child
        self._turn = asyncio.Lock()
        self.http: str = about["http"]
        self.ws: str = about["ws"]
        self.symbols: list[str] = about["symbols"]

    async def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        async with self._turn:
            self._child.stdin.write(json.dumps(what).encode() + b"\n")
            return json.loads(await self._child.stdout.readline())

    async def inject(self, fault: Fault) -> None:
        await self._ask({"inject": msgspec.to_builtins(fault)})

    async def truth(self, symbols: list[str], since_ms: int) -> dict[str, Any]:
        """What the market and its subscribers have now, by symbol; see `venue`."""
        return await self._ask({"truth": symbols, "since_ms": since_ms})


@asynccontextmanager
async def venue_process(base_ms: int, rate: float) -> AsyncGenerator[Venue]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.reliability.venue", str(base_ms), str(rate),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, limit=1 << 26,
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield Venue(child, json.loads(await child.stdout.readline()))
    finally:
        child.stdin.close()
        try:
            async with asyncio.timeout(5.0):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()


@dataclass(frozen=True)
class Sign:
    """Something that changed: on the screen, or in a figure."""

    at_s: float
    where: str
    """``banner``, ``chip``, ``requests``, ``row``, ``book``, ``chart``, ``notice`` or ``figure``."""
    words: str

    @property
    def is_seen(self) -> bool:
        """Whether a person is told, rather than a figure counted on."""
        return self.where != "figure"


class Watch:
    """Looks again and again, and writes down what is new.

    What a window shows is asked of the functions that the window asks: `FeedWatch` for the banner, the links'
    views for chip and details, the rows, the chart's view, the notices.
    """

    def __init__(self, engine: Engine, shown: InstrumentId) -> None:
        self._engine = engine
        self._shown = shown
        self._feed = FeedWatch()
        self._before: dict[str, str] = {}
        self._told = 0
        self.signs: list[Sign] = []
        self.banner: str | None = None

    async def run(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        now = self._now()
        at_s = time.monotonic()
        for key, words in now.items():
            if self._before.get(key) != words and words:
                self.signs.append(Sign(at_s, key.partition(" ")[0], words))
        self._before = now
        notices = self._engine.notices.all
        for notice in notices[self._told :]:
            self.signs.append(Sign(at_s, "notice", f"{notice.severity.value}: {notice.user_text}"))
        self._told = len(notices)

    def _now(self) -> dict[str, str]:
        engine = self._engine
        message = self._feed.judge(engine.links(), engine.venue_now_ms())
        self.banner = None if message is None else f"{message.title}. {message.detail}"
        (link,) = engine.links()
        found = {
            # The words of a banner count up; one of each key is enough.
            f"banner {message.key}" if message else "banner": self.banner or "",
            "chip": "" if link.phase is LinkPhase.LIVE else link.phase.value,
            "requests": _requests(link),
        }
        for row in engine.market_rows():
            symbol = row.instrument_id.symbol
            if row.state is not RowState.LIVE:
                found[f"row {symbol}"] = f"{symbol} in grey ({row.state.value})"
        for state in engine.store.states:
            for depth, book in state.books.items():
                if not book.is_valid:
                    words = f"{state.instrument.symbol}: no spread, book of {depth} being rebuilt"
                    found[f"book {state.instrument.symbol} {depth}"] = f"{words} ({book.invalid_reason})"
        chart = engine.chart(self._shown, Timeframe.M1)
        if chart is not None and chart.load_error:
            found["chart"] = chart.load_error
        return found | self._figures()

    def _figures(self) -> dict[str, str]:
        metrics, checks = self._engine.adapter.metrics, self._engine.book_guard.checks
        state = self._engine.store.get(self._shown)
        figures = {
            "gaps": metrics.gaps, "reconnects": metrics.reconnects, "refused frames": metrics.refused.total(),
            "failed requests": metrics.requests_failed, "different books": checks.different,
            "undecided books": checks.undecided, "lost trades": checks.trades_lost,
        }  # fmt: skip
        if state is not None:
            series = state.candles[Timeframe.M1]
            figures |= {
                "doubled trades": state.tape.duplicates, "trades out of order": state.tape.out_of_order,
                "late candles": series.late, "corrected candles": series.revisions,
                "restarts of books": sum(book.restarts for book in state.books.values()),
            }  # fmt: skip
        return {f"figure {name}": f"{name}: {count}" for name, count in figures.items() if count}


def _requests(link: Any) -> str:
    requests = link.requests
    if requests is None or requests.phase in (LinkPhase.LIVE, LinkPhase.CONNECTING):
        return ""
    return f"{requests.phase.value}: {requests.reason}"


class Stage:
    """A running case."""

    def __init__(self, venue: Venue, engine: Engine, symbols: list[str]) -> None:
        self.venue = venue
        self.engine = engine
        self.symbols = symbols
        self.shown = identity(symbols[0])
        self.watch = Watch(engine, self.shown)

    def state(self, symbol: str) -> InstrumentState | None:
        return self.engine.store.get(identity(symbol))

    def complaint(self) -> str | None:
        """What is not well on the screen; None when all is."""
        status, (link,) = self.engine.status(), self.engine.links()
        if status.instruments_watched == 0 or status.instruments_live != status.instruments_watched:
            return f"{status.instruments_live} of {status.instruments_watched} rows are live"
        if link.phase is not LinkPhase.LIVE:
            return f"the link is {link.phase.value} ({link.reason})"
        if self.watch.banner is not None:
            return f"banner: {self.watch.banner}"
        for state in self.engine.store.states:
            for depth, book in state.books.items():
                if not book.is_valid:
                    return f"book {depth} of {state.instrument.symbol}: {book.invalid_reason}"
        chart = self.engine.chart(self.shown, Timeframe.M1)
        if chart is None or len(chart.candles) < 2:
            return "the chart has no candles"
        return f"chart: {chart.load_error}" if chart.load_error else None

    async def until_ready(self, case: Case) -> None:
        """Wait until all is well and nothing is being loaded that would heal a fault by the way."""
        begun_s = time.monotonic()
        while (trouble := self._trouble()) is not None:
            if time.monotonic() - begun_s > LIVE_S + LIVE_EACH_S * case.instruments:
                raise RuntimeError(f"{case.name}: not ready: {trouble}")
            await asyncio.sleep(0.1)

    def _trouble(self) -> str | None:
        status = self.engine.status()
        if status.series_loaded < status.series_wanted:
            return f"{status.series_loaded} of {status.series_wanted} series are loaded"
        waiting = [
            state.instrument.symbol for state in self.engine.store.states if len(state.tape.trades) < LOADED_TRADES
        ]
        return f"no trades of {', '.join(waiting)}" if waiting else self.complaint()


def identity(symbol: str) -> InstrumentId:
    return InstrumentId.parse(f"bybit:linear:{symbol}")


def chosen(symbols: list[str], count: int) -> list[str]:
    """The most traded half, and the quietest coins with `QUIET` among them."""
    quiet = [symbol for symbol in symbols[count - count // 2 :] if symbol != QUIET]
    return [*symbols[: count - count // 2], QUIET, *quiet[len(quiet) - count // 2 + 1 :]]


@asynccontextmanager
async def stage(case: Case, profile: Path, *, links: LinkTimes | None = None) -> AsyncGenerator[Stage]:
    """Venue and program; live, unless the case's fault is there from the beginning."""
    base_ms = time.time_ns() // 1_000_000
    async with venue_process(base_ms, case.rate) as venue:
        if case.before:
            for fault in case.faults:
                await venue.inject(fault)
        clock = clock_of(base_ms, case.rate)
        symbols = chosen(venue.symbols, case.instruments)
        async with _engine(venue, clock, symbols, (profile, case.review_s, links)) as engine:
            made = Stage(venue, engine, symbols)
            watching = Supervisor()
            watching.spawn("reliability.watch", made.watch.run)
            try:
                engine.show(made.shown, Timeframe.M1)
                if not case.before:
                    await made.until_ready(case)
                yield made
            finally:
                await watching.stop()


@asynccontextmanager
async def _engine(
    venue: Venue, clock: Clock, symbols: list[str], how: tuple[Path, float, LinkTimes | None]
) -> AsyncGenerator[Engine]:
    profile, review_s, links = how
    loaded = load_settings(
        default_file=resource("config/default.yaml"),
        profile=profile,
        config_file=None,
        overrides=["universe.size=1", f"universe.include_symbols=[{','.join(symbols)}]"],
        environ={},
    )
    store, tasks, notices = MarketStore(), Supervisor(), NoticeBoard(clock)
    adapter = BybitAdapter(BybitEndpoints(venue.http, venue.ws), store.apply, clock, tasks, links=links)
    listing = ListingTimes(every_s=review_s, gap_s=min(review_s, ListingTimes().gap_s))
    parts = VenueParts(adapter, adapter.venue_clock, listing=listing)
    engine = Engine(Source.DEMO, loaded.settings, clock, store=store, venue=parts, notices=notices)
    engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
        await tasks.stop()


def is_loud(sign: Sign) -> bool:
    """Whether a sign is more than something good to know."""
    return sign.is_seen and not (sign.where == "notice" and sign.words.startswith(f"{Severity.INFO.value}:"))


def spoken(words: str) -> str:
    """Words for the table, without what only this run says."""
    return re.sub(r"\s+", " ", words).replace("|", "\\|")
