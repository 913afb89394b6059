"""``python -m tests.stream_distribution JOURNAL``: how the components of streams are spread.

Into docs/score-distribution.md, behind the tables of `tests.score_distribution`.
Recordings of the real data go through the store twice: first to learn the scales, then with them, since none is longer
than the ten minutes that a warm-up takes. JOURNAL is that of a run of the demo, whose market is ``synthetic``.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import numpy as np

from tests.conftest import data_folder
from tests.slow_flow import recording
from tests.whole_market import Alive
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.engine.streams import InstrumentStreams
from virtuoso_desktop.market.store import InstrumentState, MarketStore
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import FULL_DEPTH
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.evaluations import CELLS, COMPONENT_NAMES

OUT = Path(__file__).parents[1] / "docs" / "score-distribution.md"
HEAD = "## Order flow, order book, sentiment"
QUANTILES = (5, 25, 50, 75, 95)
FILES = {
    "spot BTCUSDT": (MarketKind.SPOT, "hft_spot_btcusdt_20240808"),
    "linear BTCUSDT": (MarketKind.LINEAR, "hft_usdm_btcusdt_20240808"),
    "inverse BTCUSD": (MarketKind.INVERSE, "hft_cm_btcusd_perp_20240808"),
}
SHOWN = (Timeframe.M1, Timeframe.M5)
FLOW_AND_BOOK = at.STREAM_COMPONENTS[:7]
ABOUT = """\
Made by `python -m tests.stream_distribution`. Recordings: five minutes each, every second, c smoothed as it enters the
score, with scales learnt from the same recording. They hold no liquidations, no funding, no open interest, and are too
short for walls. Indicative only: a few minutes of one afternoon.
"""
SYNTHETIC = """\
The market of the demo (`synthetic`), from the journal of a run of {minutes} minutes with {instruments} instruments:
closed candles of 1m, scores from 0 to 100. It is random by construction: nothing in it leans one way for long."""


def sampled(kind: MarketKind, file: Path) -> tuple[dict[Timeframe, np.ndarray], int]:
    """Every second's c by timeframe, shape (seconds, components), and the number of seconds."""
    recorded = recording(kind, [file])
    kept: list[bytes] = []
    rows: dict[Timeframe, list[np.ndarray]] = {}
    for _ in range(2):
        store = MarketStore((FULL_DEPTH,), SHOWN)
        state = store.add(recorded.instrument)
        life = Alive()
        life.lost_ms["liquidations"] = 0
        streams = InstrumentStreams(state, None, life, life)
        if kept:
            streams.flow.recall(kept[0], 0)
        rows = {timeframe: [] for timeframe in SHOWN}

        def sample(
            _: InstrumentState,
            now_ms: int,
            streams: InstrumentStreams = streams,
            rows: dict[Timeframe, list[np.ndarray]] = rows,
        ) -> None:
            streams.sample(now_ms)
            for timeframe in SHOWN:
                rows[timeframe].append(streams.row(timeframe))

        store.second_began = sample
        for event in recorded.events():
            store.apply(event)
        for scale in (*streams.flow._pressure.values(), *streams.flow._imbalance.values()):
            scale._is_recalled = True  # it is as well known as this recording allows
        kept.append(streams.flow.keep())
    cells = {
        timeframe: np.array(found)[:, : at.STREAM_SHARES].reshape(len(found), at.STREAM_COUNT, at.CELLS)[:, :, at.C]
        for timeframe, found in rows.items()
    }
    return cells, len(rows[SHOWN[0]])


def _quantiles(values: np.ndarray, digits: int) -> list[str]:
    known = values[~np.isnan(values)]
    share = f"{100 * known.size / max(values.size, 1):.0f} %"
    if not known.size:
        return [share, *("–" for _ in QUANTILES)]
    return [share, *(f"{each:.{digits}f}" for each in np.percentile(known, QUANTILES))]


def _table(title: str, rows: list[list[str]]) -> list[str]:
    head = ["component", "there", *(f"{each} %" for each in QUANTILES)]
    lines = [title, "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def from_recordings(folder: Path) -> list[str]:
    lines: list[str] = []
    for name, (kind, file) in FILES.items():
        cells, seconds = sampled(kind, folder / f"{file}.gz")
        for timeframe in SHOWN:
            rows = [
                [f"`{at.COMPONENT_NAMES[component][1]}`", *_quantiles(cells[timeframe][:, place], 2)]
                for place, component in enumerate(FLOW_AND_BOOK)
            ]
            lines += _table(f"### {name}, {timeframe.value}: c of {seconds} seconds", rows)
    return lines


def from_synthetic(journal: Path) -> list[str]:
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    found = connection.execute(
        "SELECT instrument, close_ms, cells FROM evaluations JOIN series ON series.id = evaluations.series "
        "WHERE timeframe = '1m'"
    ).fetchall()
    connection.close()
    records = np.frombuffer(b"".join(row[2] for row in found), CELLS)
    times = [row[1] for row in found]
    about = SYNTHETIC.format(
        minutes=(max(times) - min(times)) // 60_000 + 1, instruments=len({row[0] for row in found})
    )
    rows = [
        [f"`{name}`", *_quantiles(records["component_score"][:, place].astype(float), 1)]
        for place, (_, name) in enumerate(COMPONENT_NAMES)
    ]
    rows += [
        [f"**{dimension}**", *_quantiles(records["dimension_score"][:, place].astype(float), 1)]
        for place, dimension in enumerate(at.DIMENSIONS)
    ]
    rows.append(["**confluence**", *_quantiles(records["score"], 1)])
    rows.append(["confidence", *_quantiles(records["confidence"], 2)])
    return [about, "", *_table(f"### synthetic, 1m: {records.size} candles", rows)]


def main() -> int:
    folder = data_folder()
    assert folder is not None, "the recordings are needed"
    lines = [HEAD, "", ABOUT, *from_recordings(folder / "c_binance_sessions"), *from_synthetic(Path(sys.argv[1]))]
    before = OUT.read_text(encoding="utf-8").partition(f"\n{HEAD}")[0].rstrip("\n")
    OUT.write_text("\n".join([before, "", *lines]).rstrip("\n") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
