"""Markets as a scanner of 600 rows at 10 Hz: an update with its paint, in three kinds.

35 instruments are watched and change with every update. The other 565 come from the scan, in portions, and with them
the whole table is sorted and filtered anew, as it is once a second. The bound of 4 ms holds for each kind, in time
of the thread that paints.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.analysis_results import score_row
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.painted import application
from tests.market_rows import NOW_MS, FakeMarket, row
from virtuoso_desktop.engine.scanner import MOST_AT_ONCE
from virtuoso_desktop.ui.panels.markets import SORT_PERIOD_NS, MarketsPanel
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.watchlists import SCANNER

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import MarketRow

WATCHED, SCANNED = 35, 565
SIZE = (470, 900)
LIMIT_MS = 4.0
FILTER = "volume24h > 1M and not (change24h > 8% or symbol ~ coin59)"


class Scanner:
    """A panel that lists 600 instruments."""

    def __init__(self) -> None:
        self._rng = random.Random(1)
        self._values: dict[str, tuple[float, float]] = {}
        self._now_ms = lambda: NOW_MS
        self._live = [f"LIVE{number}" for number in range(WATCHED)]
        self._others = [f"COIN{number}" for number in range(SCANNED)]
        self._market = FakeMarket(self._row(coin) for coin in self._live)
        self._now_ms = self._market.clock.now_ms
        scores = (score_row(coin, (self._rng.uniform(5, 95),) * 6, stale_at_ms=None) for coin in self._live)
        self._market.board.publish_scores(scores)
        self.panel = MarketsPanel(Theme(), MarketsRows(), lambda: NOW_MS)
        self.panel.attach(self._market)
        self.panel.resize(*SIZE)
        self.panel.show()
        self.panel.lists.show(SCANNER)
        self._now_ns = time.perf_counter_ns()
        self.scan(0, SCANNED)
        self.update()
        self._now_ns += 10 * SORT_PERIOD_NS
        self.update()
        assert self.panel.rows.row_count() == WATCHED + SCANNED

    def scan(self, first: int, count: int) -> None:
        """Newer scanned rows."""
        self._market.scan.find(*(self._row(coin, is_scanned=True) for coin in self._others[first : first + count]))

    def tick(self) -> None:
        """Newer rows of everything that is watched."""
        self._market.tick(*(self._row(coin) for coin in self._live))

    def update(self) -> float:
        """One turn of the panel and its paint: ms of the thread's own time, whatever else the computer does."""
        begun_s = time.thread_time()
        self.panel.refresh(self._now_ns)
        application().processEvents()
        return (time.thread_time() - begun_s) * 1_000

    def sort_soon(self) -> None:
        """The next update is one in which a second has passed."""
        self._now_ns += 2 * SORT_PERIOD_NS
        self._market.clock.advance_ms(1_000)

    def _row(self, coin: str, *, is_scanned: bool = False) -> MarketRow:
        """The price moves with every update, the values of 24 hours a little."""
        change, turnover = self._values.get(coin) or (self._rng.uniform(-9, 9), self._rng.uniform(1e6, 1e9))
        change += self._rng.uniform(-0.05, 0.05)
        turnover *= self._rng.uniform(0.9999, 1.0001)
        self._values[coin] = (change, turnover)
        return row(
            coin,
            self._rng.uniform(900, 1000),
            change_24h_pct=change,
            turnover_24h=turnover,
            updated_ms=self._now_ms(),
            last_move=0 if is_scanned else 1,
            is_scanned=is_scanned,
        )


def run(quick: bool) -> Outcome:
    application()
    scanner = Scanner()
    kinds: dict[str, list[float]] = {"ticks": [], "portion": [], "sorted": [], "filtered": []}
    for turn in range(20 if quick else 150):
        scanner.tick()
        kinds["ticks"].append(scanner.update())
        scanner.scan(turn % 3 * MOST_AT_ONCE, MOST_AT_ONCE)
        scanner.tick()
        kinds["portion"].append(scanner.update())
        scanner.tick()
        scanner.sort_soon()
        kinds["sorted"].append(scanner.update())
    scanner.panel.search.setText(FILTER)
    for _ in range(10 if quick else 75):
        scanner.tick()
        scanner.sort_soon()
        kinds["filtered"].append(scanner.update())
    words = {
        "ticks": f"{WATCHED} of 600 rows changed",
        "portion": f"{WATCHED + MOST_AT_ONCE} of 600 rows changed",
        "sorted": "rows changed, a new second, 600 rows sorted anew",
        "filtered": "rows changed, a new second, 600 rows filtered and sorted",
    }
    lines = [Line(words[kind], statistics.median(found), "ms", LIMIT_MS) for kind, found in kinds.items()]
    facts = {kind: sorted(found)[int(len(found) * 0.95)] for kind, found in kinds.items()}
    return Outcome("markets600", lines, {"size": SIZE, "p95_ms": facts})
