"""Markets, 36 rows of 25 columns: a repaint, and a refresh in which every row changed, against a plain QTableView."""

from __future__ import annotations

import os
import random
import time
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTableView

from tests.analysis_results import score_row
from tests.benchmarks.measure import Local, alternate
from tests.benchmarks.outcome import Line, Outcome
from tests.benchmarks.painted import application, check_paints, steps
from tests.market_rows import NOW_MS, FakeMarket, row
from virtuoso_desktop.ui.panels.markets import MarketsPanel
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.theme import Theme

ROWS = 36
SIZE = (1600, 1000)
STEPS = 30
ROUNDS = 11


class OurTable:
    """A `MarketsPanel` that shows all rows and columns."""

    def __init__(self) -> None:
        self._rng = random.Random(1)
        self._coins = [f"COIN{number}" for number in range(ROWS)]
        self._market = FakeMarket(self._row(coin) for coin in self._coins)
        self._score()
        self.panel = MarketsPanel(Theme(), MarketsRows(), lambda: NOW_MS)
        self.panel.attach(self._market)
        self.panel.resize(*SIZE)
        self.panel.show()
        application().processEvents()
        shown = [column for column in range(len(COLUMNS)) if not self.panel.view.isColumnHidden(column)]
        assert len(shown) == len(COLUMNS) == 25, f"{len(shown)} columns are shown"
        last = self.panel.view.visualRect(self.panel.model.index(ROWS - 1, 0))
        assert self.panel.view.canvas.rect().contains(last), "not all rows are in view"

    def repaint(self, _: int) -> None:
        self.panel.view.canvas.update()

    def refresh(self, _: int) -> None:
        """Nine cells of every row have new values, and its scores; formatted, marked and painted."""
        for coin in self._coins:
            self._market.tick(self._row(coin))
        self._score()
        self.panel.refresh(time.perf_counter_ns())

    def _score(self) -> None:
        """New scores of every row, as when a candle closes."""
        values = [tuple(self._rng.uniform(5, 95) for _ in range(6)) for _ in self._coins]
        rows = (score_row(coin, scores, stale_at_ms=None) for coin, scores in zip(self._coins, values, strict=True))
        self._market.board.publish_scores(rows)

    def cells(self) -> list[list[str]]:
        model = self.panel.model
        return [[str(model.index(line, column).data() or "") for column in range(len(COLUMNS))] for line in range(ROWS)]

    def _row(self, coin: str) -> Any:
        """What a second of trading changes; highs, lows, funding and the sparkline stay."""
        price = self._rng.uniform(900, 1000)
        return row(
            coin,
            price,
            high_24h=1010.0,
            low_24h=880.0,
            mark_price=price * 1.0001,
            change_24h_pct=self._rng.uniform(-9, 9),
            change_utc_day_pct=self._rng.uniform(-9, 9),
            spread_bps=self._rng.uniform(0.1, 9),
            volume_24h=self._rng.uniform(1e6, 1e7),
            turnover_24h=self._rng.uniform(1e9, 1e10),
            basis_bps=self._rng.uniform(-9, 9),
        )


class PlainModel(QAbstractTableModel):
    """The same texts, with alignment and colour, answered cell by cell."""

    def __init__(self, cells: list[list[str]]) -> None:
        super().__init__()
        self._cells = cells
        self._green = QColor("green")

    def rowCount(self, _: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's)
        return len(self._cells)

    def columnCount(self, _: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802 (Qt's)
        return len(self._cells[0])

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._green
        return None


def plain_table(cells: list[list[str]]) -> QTableView:
    """A QTableView as it comes."""
    view = QTableView()
    view.setModel(PlainModel(cells))
    view.verticalHeader().setDefaultSectionSize(24)
    view.resize(*SIZE)
    view.show()
    return view


def run(quick: bool) -> Outcome:
    app = application()
    ours = OurTable()
    plain = plain_table(ours.cells())
    canvas = ours.panel.view.canvas
    check_paints(app, canvas, ours.repaint)
    check_paints(app, canvas, ours.refresh)
    check_paints(app, plain.viewport(), lambda _: plain.viewport().update())
    found = alternate(
        [
            Local("repaint", steps(app, ours.repaint, STEPS)),
            Local("refresh", steps(app, ours.refresh, STEPS)),
            Local("QTableView", steps(app, lambda _: plain.viewport().update(), STEPS)),
        ],
        2 if quick else ROUNDS,
    )
    ms = 1e3 / STEPS
    lines = [
        Line("repaint of 36 x 25", found.best("repaint") * ms, "ms", 5.0),
        Line("nine cells and the scores of every row changed", found.best("refresh") * ms, "ms"),
        Line("repaint of a plain QTableView", found.best("QTableView") * ms, "ms"),
        Line("repaint / plain QTableView", found.ratio("repaint", "QTableView")),
    ]
    return Outcome("markets", lines, {"size": SIZE, "ms_per_step": found.facts(ms)})
