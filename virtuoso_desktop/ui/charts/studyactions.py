"""What the user does to studies on the chart: the list, the menu of a pane or a legend entry, removal with undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu, QWidget

from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.analysis_words import REASONS

if TYPE_CHECKING:
    from virtuoso_desktop.engine.views import EvidenceView
    from virtuoso_desktop.model.study import Study, StudyPart
    from virtuoso_desktop.ui.charts.canvas import Canvas
    from virtuoso_desktop.ui.charts.stage import Stage
    from virtuoso_desktop.ui.dialogs.indicators import IndicatorsDialog
    from virtuoso_desktop.ui.theme import Theme

_EVIDENCE_WORDS = {
    "rsi": "RSI",
    "macd": "MACD",
    "ema_crossover": "EMA 12 and 26",
    "bollinger_bands": "Bollinger bands",
    "obv": "OBV",
    "volume_delta": "volume delta",
    "vwap": "VWAP",
    "support_resistance": "support and resistance",
    "trend_analysis": "swings, breaks and trend",
    "buy_sell_pressure": "buying and selling at the market",
    "order_imbalance": "flow at the best prices",
    "large_trades": "large trades",
    "liquidations": "liquidations",
    "bid_ask_depth": "depth of bids and asks",
    "liquidity_zones": "walls in the order book",
    "microprice": "bid, ask and microprice",
    "funding_rate": "funding",
    "open_interest_change": "open interest",
    "long_short_ratio": "long/short ratio",
    "liquidation_skew": "liquidations of 24 hours",
}


class StudyActions(QObject):
    """Belongs to one chart."""

    undo_offered = Signal(object, object)
    """(`Notice`, what takes it back)."""
    menu_made = Signal(object)
    """The `QMenu` that is about to open: others add to it."""

    def __init__(self, theme: Theme, stage: Stage, chart: QWidget) -> None:
        super().__init__(chart)
        self._theme = theme
        self._stage = stage
        self._chart = chart
        self._list: IndicatorsDialog | None = None
        self.menu: QMenu | None = None
        """The menu as opened last."""

    def connect(self, canvas: Canvas) -> None:
        """Answer what the mouse asks on the canvas."""
        canvas.menu_asked.connect(self.open_menu)
        canvas.settings_asked.connect(self.open_list)

    def open_list(self, name: str = "") -> None:
        """Open the list of studies, at the numbers of one of them; one that is open comes to the front."""
        if self._list is None:
            from virtuoso_desktop.ui.dialogs.indicators import IndicatorsDialog

            self._list = IndicatorsDialog(self._theme, self._stage.choice, self._chart.window())
            self._list.remove_asked.connect(self.close)
            self._list.destroyed.connect(self._forget_list)
        self._list.show()
        self._list.raise_()
        self._list.activateWindow()
        if name:
            self._list.point_at(name)

    def _forget_list(self) -> None:
        self._list = None

    def close(self, name: str) -> None:
        """Remove a study and offer to take that back; one that only evidence brought ends with it."""
        choice = self._stage.choice
        removed = choice.remove(name)
        if removed is None:
            choice.end_evidence()
            return
        index, study = removed
        words = f"{study.title} was removed. Its numbers are kept until this goes."
        notice = Notice(self._stage.now_ms, Severity.INFO, "chart", words)
        self.undo_offered.emit(notice, lambda: choice.put_back(index, study))

    def open_menu(self, name: str, place: QPoint) -> None:
        """The menu of a study, or of the chart where there is none; ``place`` on the screen."""
        study = self._stage.choice.find(name)
        menu = QMenu(self._chart)
        if study is not None:
            self._add_study(menu, study)
            menu.addSeparator()
        everything = menu.addAction("Indicators\u2026", self.open_list)
        everything.setIcon(self._icon("chart-line"))
        if self.menu is not None:
            self.menu.deleteLater()
        self.menu = menu
        self.menu_made.emit(menu)
        menu.popup(place)

    def _add_study(self, menu: QMenu, study: Study) -> None:
        choice = self._stage.choice
        title = menu.addAction(study.title)
        title.setEnabled(False)
        if not choice.is_chosen(study.name):
            menu.addAction("Keep on the chart", lambda: choice.add(study))
            return
        settings = menu.addAction("Settings\u2026", lambda: self.open_list(study.name))
        settings.setIcon(self._icon("sliders-horizontal"))
        other = msgspec.structs.replace(study, is_shown=not study.is_shown)
        hide = menu.addAction("Hide" if study.is_shown else "Show", lambda: choice.replace(study.name, other))
        hide.setIcon(self._icon("eye-slash" if study.is_shown else "eye"))
        for part in study.spec.parts:
            self._add_part(menu, study, part)
        remove = menu.addAction("Remove", lambda: self.close(study.name))
        remove.setIcon(self._icon("trash"))

    def _add_part(self, menu: QMenu, study: Study, part: StudyPart) -> None:
        choice = self._stage.choice
        has_part = study.has(part)
        action = menu.addAction(part.words, lambda: choice.set_part(study.name, part, not has_part))
        action.setCheckable(True)
        action.setChecked(has_part)

    def _icon(self, name: str) -> QIcon:
        return icons.icon(name, self._theme.color("muted"), self._chart.devicePixelRatioF())


def evidence_words(component: str, told: EvidenceView | None, found: str = "") -> str:
    """Whose evidence is drawn, what the score says of it, and what was ``found``."""
    words = f"Evidence: {_EVIDENCE_WORDS[component]}"
    if told is not None and told.score is not None:
        words += f", score {told.score:.0f}"
    elif told is not None and told.reason:
        words += f", {REASONS.get(told.reason, told.reason)}"
    return "  \u00b7  ".join((words, found, "Esc ends") if found else (words, "Esc ends"))
