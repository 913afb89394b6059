"""Kills a writer of the ledger again and again, lets it go on, and looks at what stands there.

``python -m tests.e2e.ledger_killer --kills 50`` from the project's folder; the suite does it a few times.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.results import BTC, ETH, evaluated, step
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.result import Confluence
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.analysis_journal import AnalysisJournal, Restored
from virtuoso_desktop.storage.journal import JOURNAL_FILE, Journal
from virtuoso_desktop.storage.journal_file import JournalFile
from virtuoso_desktop.storage.ledger_check import check
from virtuoso_desktop.storage.ledger_rows import GENESIS, NOTHING, Standing, Transition, canonical, digest

INSTRUMENTS = (BTC, ETH)
FROM_CANDLES = 0.4
"""Share of the restarts that have no state and go over older candles again."""
STEPS_AGAIN = 150


async def write_for_ever(folder: Path, seed: int) -> None:
    """Go on where the last writer was killed, as fast as the journal takes it; tells what is safe."""
    dice = random.Random(seed)
    journal = Journal(folder / JOURNAL_FILE)
    journal.start()
    analysis = AnalysisJournal(journal)
    place, standing = _beginning(await analysis.restore(), dice)
    while True:
        for _ in range(dice.randrange(1, 60)):
            for instrument_id in INSTRUMENTS:
                before = standing[instrument_id]
                after = standing[instrument_id] = step(place, instrument_id, before)
                analysis.put(*evaluated(place, instrument_id, before, after), place.to_bytes(8, "little"))
            place += 1
        if dice.random() < 0.5:
            await analysis.last_rows()  # after all that waited was written
            sys.stdout.write(f"{place - 1} {journal.problem} {analysis.lost_rows}\n")
            sys.stdout.flush()
        else:
            await asyncio.sleep(dice.uniform(0.0, 0.01))


def _beginning(restored: Restored, dice: random.Random) -> tuple[int, dict[InstrumentId, Standing]]:
    """The next candle, and what holds before it."""
    places = [int.from_bytes(state.state, "little") for state in restored.states.values()]
    place = min(places) + 1 if len(places) == len(INSTRUMENTS) else 0
    if dice.random() < FROM_CANDLES or place == 0:
        place = max(0, place - STEPS_AGAIN)
        return place, _standing(place)
    key = Timeframe.M5
    rows = restored.last_rows
    return place, {each: rows[each, key].standing if (each, key) in rows else NOTHING for each in INSTRUMENTS}


def _standing(place: int) -> dict[InstrumentId, Standing]:
    """What holds before a candle, gone over from the first."""
    standing = dict.fromkeys(INSTRUMENTS, NOTHING)
    for each in range(place):
        standing = {instrument_id: step(each, instrument_id, standing[instrument_id]) for instrument_id in INSTRUMENTS}
    return standing


def start_writer(folder: Path, seed: int) -> tuple[subprocess.Popen[str], str]:
    """A writer that has written something, and the first line that it told."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.ledger_killer", "--write", str(folder), "--seed", str(seed)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return child, child.stdout.readline()


def kill_one(folder: Path, seed: int, after_s: float) -> int:
    """Start a writer, kill it, judge the file; returns the rows of the ledger."""
    child, first = start_writer(folder, seed)
    lines = [first]
    time.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    rest, _ = child.communicate()
    lines += rest.splitlines()[:-1]  # the last may be cut
    assert not [line for line in lines if not line.strip().endswith("None 0")], lines
    return judge(folder, int(lines[-1].split()[0]))


def judge(folder: Path, safe: int) -> int:
    """The chain is whole, and is byte for byte the one of a writer that nobody killed."""
    file = JournalFile(folder / JOURNAL_FILE)
    assert file.ledger.remark is None
    verdict = check(file)
    assert verdict.fault is None, verdict
    assert verdict.lost == 0
    states = file.evaluations.states()
    places = {key[0]: int.from_bytes(state.state, "little") for key, state in states.items()}
    assert min(places.values()) >= safe, "what was said to be written is there"
    for (instrument_id, timeframe), state in states.items():
        assert file.evaluations.history(instrument_id, timeframe).close_ms[-1] >= state.as_of_ms
    assert [row.body for row in file.ledger.all_rows()] == list(_bodies(places)), "rows and states tell the same"
    file.close()
    return verdict.rows


def _bodies(places: dict[InstrumentId, int]) -> Iterator[bytes]:
    number, previous = 0, GENESIS
    for _, told in _steps(places):
        for each in told:
            number += 1
            body = canonical(each.row(number, previous))
            previous = digest(body)
            yield body


def _steps(places: dict[InstrumentId, int]) -> Iterator[tuple[Confluence, tuple[Transition, ...]]]:
    standing = dict.fromkeys(INSTRUMENTS, NOTHING)
    for place in range(max(places.values()) + 1):
        for instrument_id in INSTRUMENTS:
            before = standing[instrument_id]
            after = standing[instrument_id] = step(place, instrument_id, before)
            if place <= places[instrument_id] and before != after:
                yield evaluated(place, instrument_id, before, after)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.write is not None:
        asyncio.run(write_for_ever(given.write, given.seed))
    dice = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        for turn in range(given.kills):
            after_s = dice.uniform(0.0, 1.0)
            rows = kill_one(Path(name), turn, after_s)
            sys.stdout.write(f"kill {turn + 1} after {after_s:.2f} s: {rows} rows, all as they should be\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
