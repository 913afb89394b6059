"""A Markets panel by hand: its market, its host, and what its tests ask again and again."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from tests.market_rows import COINS, NOW_MS, FakeMarket, row
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.panels.markets import SORT_PERIOD_NS, STILL_NS, MarketsPanel
from virtuoso_desktop.ui.panels.markets_rows import MarketsRows
from virtuoso_desktop.ui.watchlists import WatchlistFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from virtuoso_desktop.engine.views import MarketRow
    from virtuoso_desktop.kernel.notices import Notice
    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.ui.theme import Theme


class Host:
    """Takes what lists tell a person."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.undo: Callable[[], object] | None = None

    def post_notice(self, notice: Notice) -> None:
        self.told.append(notice.user_text)

    def offer_undo(self, notice: Notice, undo: Callable[[], object]) -> None:
        self.told.append(notice.user_text)
        self.undo = undo


class Stage:
    """A panel that is attached to a market, and keeps its lists in a folder."""

    def __init__(self, qtbot: QtBot, theme: Theme, folder: Path | None = None) -> None:
        self.market = FakeMarket(row(coin, 100.0 + place) for place, coin in enumerate(COINS))
        self.host = Host()
        self.files = UserFiles(folder)
        self.chosen: list[tuple[InstrumentId, bool]] = []
        self.panel = MarketsPanel(theme, MarketsRows(), lambda: NOW_MS)
        qtbot.addWidget(self.panel)
        self.panel.lists.begin(self.files.file("watchlists", WatchlistFile, "watchlists"), self.host)
        self.panel.resize(470, 500)
        self.panel.show()
        self.panel.activateWindow()
        self.panel.attach(self.market)

    def allow_choice(self) -> None:
        """Let the panel choose what is watched."""
        self.panel.lists.choose_watched = lambda instrument, wanted, done: (
            self.chosen.append((instrument, wanted)),
            done(),
        )

    def later(self) -> None:
        """A turn of the frame clock, so late that rows may be sorted anew, in another second."""
        self.market.clock.advance_ms(1_000)
        self.panel.refresh(perf_counter_ns() + STILL_NS + SORT_PERIOD_NS)

    def coins(self) -> list[str]:
        return [self.panel.model.index(index, 0).data() for index in range(self.panel.model.rowCount())]

    @property
    def line(self) -> str:
        return self.panel._line.text


def scanned(coin: str, **fields: object) -> MarketRow:
    """A row of the scan: no candles, no score."""
    known: dict[str, object] = {"sparkline": (), "change_utc_day_pct": None, "last_move": 0, "turnover_24h": 1e6}
    return row(coin, 5.0, is_scanned=True, **(known | fields))
