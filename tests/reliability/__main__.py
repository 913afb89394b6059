"""``python -m tests.reliability [--only WORDS...] [--clean-minutes N]``: every fault once, then `docs/reliability.md`.

Runs of some rows replace those rows; what was measured before stays in ``results/rows.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.reliability import table
from tests.reliability.cases import CASES, Case
from tests.reliability.clean import clean_hour
from tests.reliability.stage import Sign, Stage, is_loud, stage
from tests.reliability.truth import hold_against
from virtuoso_desktop.model.timeframe import Timeframe

SCROLL_S = 0.7
CALM_S = 1.5
"""Between a fault's end and the judgement, at least: the window's own pace."""
GATHERED = 6


async def run_case(case: Case) -> dict[str, Any]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as profile:
        async with stage(case, Path(profile)) as made:
            since_ms = made.engine.venue_now_ms()
            made.watch.look()
            begun_s = time.monotonic()
            first = 0 if case.before else len(made.watch.signs)
            if not case.before:
                for fault in case.faults:
                    await made.venue.inject(fault)
            await _meanwhile(made, case, begun_s)
            ended_s = time.monotonic()
            if case.retries:
                made.engine.retry_now("bybit")
            well_s = await _recovered(made, case, (ended_s, first))
            for symbol in case.leaves:
                made.symbols.remove(symbol)
            faults, _ = await hold_against(made, since_ms, case.truth_s, case.rate)
            complaint = made.complaint() if well_s is None else None
            return _row(case, made.watch.signs[first:], (begun_s, well_s, faults, complaint))


async def _meanwhile(made: Stage, case: Case, begun_s: float) -> None:
    """Wait until the fault is over; a person who scrolls asks for older candles all the time."""
    while time.monotonic() - begun_s < case.lasts_s:
        if case.scrolls:
            made.engine.load_older(made.shown, Timeframe.M1)
        await asyncio.sleep(min(SCROLL_S, max(0.0, begun_s + case.lasts_s - time.monotonic())))


async def _recovered(made: Stage, case: Case, since: tuple[float, int]) -> float | None:
    """Seconds from the fault's end until all is well and the words have come; ``since``: its end, its first sign."""
    ended_s, first = since
    while time.monotonic() - ended_s < case.back_s:
        if case.scrolls:
            made.engine.load_older(made.shown, Timeframe.M1)
        made.watch.look()
        is_told = case.told is None or any(_tells(case, sign) for sign in made.watch.signs[first:])
        left = all(made.state(symbol) is None for symbol in case.leaves)
        if is_told and left and made.complaint() is None:
            return time.monotonic() - ended_s
        await asyncio.sleep(0.1 if case.scrolls else 0.02)
    return None


def _row(
    case: Case, signs: list[Sign], found: tuple[float, float | None, dict[str, str], str | None]
) -> dict[str, Any]:
    begun_s, well_s, faults, complaint = found
    loud = [sign for sign in signs if is_loud(sign)]
    told = [sign for sign in signs if _tells(case, sign)]
    seen_s = told[0].at_s - begun_s if told else None
    problems: list[str] = []
    if case.told is not None and (seen_s is None or seen_s > case.seen_s):
        problems.append(f"told after {seen_s:.1f} s" if seen_s is not None else "never told")
    figures = [sign for sign in signs if not sign.is_seen and sign.words.startswith(f"{case.counted}:")]
    if case.counted is not None and (not figures or figures[0].at_s - begun_s > case.seen_s):
        problems.append(f"no {case.counted} were counted in time")
    if case.told is None and any(sign.where in ("banner", "notice") for sign in loud):
        problems.append("a person was alarmed")
    if well_s is None:
        problems.append(f"not well {case.back_s:g} s later: {complaint}")
    problems += [f"{where}: {words}" for where, words in sorted(faults.items())]
    return {
        "name": case.name,
        "first_s": signs[0].at_s - begun_s if signs else None,
        "first": signs[0].words if signs else None,
        "seen_s": seen_s,
        "well_s": well_s,
        "words": _gathered(told[:1] + loud),
        "figures": sorted({sign.words.partition(":")[0] for sign in signs if not sign.is_seen}),
        "problems": problems,
        "note": case.note,
        "signs": [[round(sign.at_s - begun_s, 2), sign.where, sign.words] for sign in signs],
    }


def _tells(case: Case, sign: Sign) -> bool:
    return case.told is not None and sign.is_seen and re.search(case.told, sign.words) is not None


def _gathered(signs: list[Sign]) -> list[str]:
    """The first of each kind of words, with where they stand."""
    found: dict[str, str] = {}
    for sign in signs:
        found.setdefault(sign.where, f"{sign.where}: {sign.words}")
    return list(found.values())[:GATHERED]


async def _all(cases: list[Case], clean_minutes: float, rows: table.Rows) -> None:
    async def run(case: Case) -> None:
        try:
            row = await run_case(case)
        except (RuntimeError, OSError) as error:
            row = {"name": case.name, "problems": [f"not measured: {error}"], "signs": [], "note": case.note}
        rows.put(row)
        print(table.line(row), flush=True)

    async with asyncio.TaskGroup() as group:
        if clean_minutes:
            group.create_task(_clean(clean_minutes, rows))
        for case in cases:
            if case.slow:
                group.create_task(run(case))
        for case in cases:
            if not case.slow:
                await run(case)


async def _clean(minutes: float, rows: table.Rows) -> None:
    row = await clean_hour(minutes)
    rows.put_clean(row)
    print(f"clean market: {row}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="WORDS", help="only rows whose name contains one of these")
    parser.add_argument("--clean-minutes", type=float, help="of the market without faults (60; 0 with --only)")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    cases = [case for case in CASES if arguments.only is None or any(words in case.name for words in arguments.only)]
    rows = table.Rows([case.name for case in CASES])
    minutes = arguments.clean_minutes
    asyncio.run(_all(cases, (0.0 if arguments.only else 60.0) if minutes is None else minutes, rows))
    bad = [name for name in (case.name for case in cases) if rows.rows[name]["problems"]]
    print(f"{len(cases) - len(bad)} of {len(cases)} rows as they should be" + "".join(f"\n  {name}" for name in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
