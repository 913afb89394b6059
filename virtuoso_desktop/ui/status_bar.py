"""The status bar: is it live, how much, how fast, and what is not as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import EngineView, LinkPhase, LinkView, StatusView
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import Badge, GivingRow, Words
from virtuoso_desktop.ui.feed_state import DATA_PHASES, topic_name, venue_name
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import STATUS_PX
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class StatusBar(GivingRow):
    """The line of 24 px at the lower edge.

    Parameters
    ----------
    theme : Theme
        Colours.
    source : Source
        Where the run's data come from.
    now_ms : callable
        The computer's time until an engine is attached.
    """

    def __init__(self, theme: Theme, source: Source, now_ms: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(theme, STATUS_PX, pad=8, parent=parent)
        self._source = source
        self._now_ms = now_ms
        self.setAccessibleName("Status")
        self.badge = Badge(theme, self)
        self.add(self.badge, rank=0, gap=0)
        self._instruments = self._add(4, "Instruments with live data, of those watched")
        self._rate = self._add(3, "Messages received per second")
        self._lag = self._add(2, "Median delay of a message: received minus sent by the exchange, exchange's clock")
        self._age = self._add(6, "Age of the newest data, by the exchange's clock")
        self._candles = self._add(5, "Candle series with their history joined, of all instruments and timeframes")
        self._history = self._add(5, "")
        self.want(self._history, False)
        self._memory = self._add(7, "Memory of this program")
        self.warning = self._add(1, "")
        self._clock = Words(theme, "Exchange time", self)
        self.add(self._clock, rank=6, gap=16, right=True)
        self.refresh(None)

    def _add(self, rank: int, tooltip: str) -> Words:
        words = Words(self._theme, parent=self)
        words.setToolTip(tooltip)
        self.add(words, rank=rank, gap=16)
        return words

    def refresh(self, engine: EngineView | None) -> None:
        """Tell the newest figures; without an engine only the source and the time."""
        now_ms = engine.venue_now_ms() if engine is not None else self._now_ms()
        links = engine.links() if engine is not None else ()
        status = engine.status() if engine is not None else None
        changed = self.badge.say(*self._judge(links, status))
        changed |= self._say_figures(status)
        ages = [link.age_ms for link in links if link.age_ms is not None]
        changed |= _say(self._age, "age", text.milliseconds(max(ages, default=None)))
        changed |= self._say_warning(links, now_ms)
        changed |= self._clock.say(
            Word(text.utc_time(now_ms), Type.CAPTION_NUMBER), Word("UTC", Type.CAPTION, "muted", gap=4)
        )
        self._clock.setToolTip(f"Time of the exchange; here it is {text.local_time(now_ms)}")
        if changed:
            self.arrange()

    def _judge(self, links: Sequence[LinkView], status: StatusView | None) -> tuple[str, str]:
        """The badge: LIVE is said only of the live source with data arriving now."""
        if self._source is not Source.LIVE:
            return self._source.value.upper(), "warning"
        if status is None:
            return "STARTING", "muted"
        if any(link.phase in DATA_PHASES for link in links) and status.instruments_live and status.messages_per_s:
            return "LIVE", "up_text"
        if any(link.phase in (LinkPhase.CONNECTING, LinkPhase.SYNCING) for link in links):
            return "CONNECTING", "muted"
        return "NO DATA", "down_text"

    def _say_figures(self, status: StatusView | None) -> bool:
        if status is None:
            return False
        of_all = "" if status.instruments_live == status.instruments_watched else f" of {status.instruments_watched}"
        candles = f"{status.series_loaded} of {status.series_wanted}"
        changed = _say(self._instruments, "instruments", f"{status.instruments_live}{of_all}")
        changed |= _say(self._rate, "", f"{text.count(status.messages_per_s)} msg/s")
        changed |= _say(self._lag, "lag", text.milliseconds(status.lag_ms))
        changed |= _say(self._candles, "candles", candles, " series")
        changed |= self._say_history(status)
        changed |= _say(self._memory, "", f"{text.count(status.rss_mb)} MB")
        return changed

    def _say_history(self, status: StatusView) -> bool:
        """How far the background is with older candles, or that nothing is stored; nothing when all is well."""
        problem, ratio = status.history_problem, status.history_ratio
        self.want(self._history, problem is not None or ratio is not None)
        if problem is not None:
            self._history.setToolTip(problem)
            return self._history.say(Word("not stored", Type.CAPTION, "warning"))
        if ratio is None:
            return False
        self._history.setToolTip("30 days of 5 minute candles, funding, open interest and ratios on the disk")
        return _say(self._history, "history", f"{int(ratio * 100)} %")

    def _say_warning(self, links: Sequence[LinkView], now_ms: int) -> bool:
        said = _warning(links, now_ms)
        self.want(self.warning, bool(said))
        self.warning.setToolTip(said)
        return self.warning.say(*((Word(said, Type.CAPTION_NUMBER, "warning", icon="warning"),) if said else ()))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, 0, self.width(), 1, self._theme.color("hair"))


def _say(words: Words, label: str, value: str, unit: str = "") -> bool:
    said = [Word(value, Type.CAPTION_NUMBER)]
    if label:
        said = [Word(label, Type.CAPTION, "muted"), Word(value, Type.CAPTION_NUMBER, gap=4)]
    if unit:
        said.append(Word(unit, Type.CAPTION, "muted"))
    return words.say(*said)


def _warning(links: Sequence[LinkView], now_ms: int) -> str:
    """``1 stale: tickers ICPUSDT, 42 s``; a clock that differs; empty when all is well."""
    stale = [topic for link in links for topic in link.stale_topics]
    if stale:
        oldest = stale[0]
        age = "never" if oldest.newest_ms is None else text.age(now_ms - oldest.newest_ms)
        return f"{len(stale)} stale: {topic_name(oldest)}, {age}"
    for link in links:
        if link.offset_is_suspicious and link.offset_ms is not None:
            return f"clock differs from {venue_name(link.venue)}'s by {text.milliseconds(abs(link.offset_ms))}"
    return ""
