"""A market without faults, quiet coins among them: whatever is told during it is a false alarm."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.reliability.cases import Case
from tests.reliability.stage import is_loud, stage
from tests.reliability.truth import hold_against

INSTRUMENTS = 8
"""Half of them the least traded ones."""


async def clean_hour(minutes: float) -> dict[str, Any]:
    """Run in real time, at the pace and with the limits of every day."""
    with tempfile.TemporaryDirectory() as profile:
        async with stage(Case("clean", (), instruments=INSTRUMENTS), Path(profile)) as made:
            first = len(made.watch.signs)
            begun_s = time.monotonic()
            while time.monotonic() - begun_s < minutes * 60:
                await asyncio.sleep(0.5)
            signs = made.watch.signs[first:]
            faults, _ = await hold_against(made, made.engine.venue_now_ms() - 60_000, 20.0, 1.0)
            checks = made.engine.book_guard.checks
            return {
                "minutes": minutes,
                "instruments": made.symbols,
                "messages": made.engine.adapter.metrics.messages.total(),
                "alarms": [f"{sign.where}: {sign.words}" for sign in signs if is_loud(sign)],
                "figures": sorted({sign.words for sign in signs if not sign.is_seen}),
                "books_equal": checks.equal,
                "books_different": checks.different,
                "books_undecided": checks.undecided,
                "differs": faults,
            }
