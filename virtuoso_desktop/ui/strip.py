"""The instrument strip over the chart: price, change, mark, range, turnover, funding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import EngineView, MarketRow, MarketsCursor, RowState
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.controls import GivingRow, Words
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.measures import HEADER_PX
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable

_TREND = {True: ("up_text", "\u25b2"), False: ("down_text", "\u25bc")}


class InstrumentStrip(GivingRow):
    """Figures of the shown instrument, of 32 px; figures on the right give way first.

    Parameters
    ----------
    theme : Theme
        Colours.
    now_ms : callable
        The computer's time until an engine is attached.
    """

    urgency = 1
    rate_hz = 10.0

    def __init__(self, theme: Theme, now_ms: Callable[[], int], parent: QWidget | None = None) -> None:
        super().__init__(theme, HEADER_PX, pad=12, parent=parent)
        self._now_ms = now_ms
        self._engine: EngineView | None = None
        self._cursor: MarketsCursor | None = None
        self._row: MarketRow | None = None
        self._told: tuple[MarketRow | None, int] | None = None
        self.instrument: InstrumentId | None = None
        self.setAccessibleName("Instrument")
        self._price = self._add("Last price", 0, 0)
        self._change = self._add("Change 24 hours", 0, 12)
        self._age = self._add("Age", 1, 12)
        self._mark = self._add("", 2, 16)
        self._range = self._add("", 3, 16)
        self._turnover = self._add("", 4, 16)
        self._funding = self._add("", 5, 16)
        self._price.setToolTip("Last traded price")
        self._change.setToolTip("Change over 24 hours")
        self._mark.setToolTip("The venue's mark price, and its distance from the index price in basis points")
        self._range.setToolTip("Lowest and highest price of the last 24 hours")
        self._turnover.setToolTip("Traded in 24 hours, quote coin")
        self._tell()

    def _add(self, spoken: str, rank: int, gap: int) -> Words:
        words = Words(self._theme, spoken, self)
        self.add(words, rank=rank, gap=gap)
        return words

    def show_instrument(self, instrument: InstrumentId | None, row: MarketRow | None) -> None:
        """Show another instrument; ``row`` is what is known of it now."""
        self.instrument = instrument
        self._row = row
        self._tell()

    def attach(self, engine: EngineView) -> None:
        """Read this engine from now on."""
        self._engine = engine
        self._cursor = engine.markets_cursor()

    def detach(self) -> None:
        """Keep what is shown, read nothing more."""
        self._engine = None
        self._cursor = None

    def refresh(self, now_ns: int) -> None:
        """Take the newest row of the shown instrument."""
        del now_ns
        for row in self._cursor.take() if self._cursor is not None else ():
            if row.instrument_id == self.instrument and not self._is_older(row):
                self._row = row
        self._tell()

    def _is_older(self, row: MarketRow) -> bool:
        return row.state is RowState.WAITING and self._row is not None and self._row.state is RowState.LAST_SEEN

    def _tell(self) -> None:
        engine = self._engine
        now_ms = engine.venue_now_ms(self.instrument) if engine is not None else self._now_ms()
        row = self._row
        told = (row, now_ms // 1000)
        if told == self._told:
            return
        self._told = told
        changed = self._say_price(row)
        changed |= self._say_age(row, now_ms)
        changed |= self._say_rest(row, now_ms)
        if changed:
            self.arrange()

    def _say_price(self, row: MarketRow | None) -> bool:
        if row is None:
            changed = self._price.say(Word(text.DASH, Type.PRICE, "muted"))
            return self._change.say(Word(text.DASH, Type.NUMBER, "muted")) or changed
        is_live = row.state is RowState.LIVE
        colour = {1: "up_text", -1: "down_text"}.get(row.last_move, "text") if is_live else "muted"
        changed = self._price.say(Word(text.price(row.last_price, row.price_decimals), Type.PRICE, colour))
        change = row.change_24h_pct
        if change is None:
            return self._change.say(Word(text.DASH, Type.NUMBER, "muted")) or changed
        colour, arrow = _TREND[change >= 0]
        said = Word(f"{arrow} {text.percent(change)}", Type.NUMBER, colour if is_live else "muted")
        return self._change.say(said) or changed

    def _say_age(self, row: MarketRow | None, now_ms: int) -> bool:
        """A row that is not live says how old it is."""
        said: tuple[Word, ...] = ()
        if row is not None and row.state is RowState.STALE and row.updated_ms is not None:
            said = (Word(f"{text.age(now_ms - row.updated_ms)} old", Type.NUMBER, "warning", icon="clock"),)
        elif row is not None and row.state is RowState.LAST_SEEN and row.updated_ms is not None:
            said = (Word(f"last seen {text.local_moment(row.updated_ms, now_ms)}", Type.BODY, "warning"),)
        elif row is not None and row.state is RowState.WAITING:
            said = (Word("waiting for the first price", Type.BODY, "muted"),)
        self.want(self._age, bool(said))
        return self._age.say(*said)

    def _say_rest(self, row: MarketRow | None, now_ms: int) -> bool:
        colour = "text" if row is not None and row.state is RowState.LIVE else "muted"
        changed = False
        for words, label, value in self._figures(row, now_ms):
            self.want(words, row is not None)
            changed |= words.say(Word(label, Type.BODY, "muted"), Word(value, Type.NUMBER, colour, gap=6))
        return changed

    def _figures(self, row: MarketRow | None, now_ms: int) -> tuple[tuple[Words, str, str], ...]:
        if row is None:
            return tuple((words, "", "") for words in (self._mark, self._range, self._turnover, self._funding))
        digits = row.price_decimals
        funding = text.DASH
        if row.funding_rate is not None:
            funding = f"{text.funding(row.funding_rate)}{text.THIN}%"
            if row.next_funding_ms is not None and row.state is RowState.LIVE:
                funding += f" in {text.countdown(row.next_funding_ms - now_ms)}"
                self._funding.setToolTip(
                    f"Paid at {text.local_moment(row.next_funding_ms, now_ms)} ({text.utc_moment(row.next_funding_ms)})"
                )
        low, high = text.price(row.low_24h, digits), text.price(row.high_24h, digits)
        return (
            (self._mark, "Mark", text.price(row.mark_price, digits)),
            (self._range, "24 h", f"{low} \u2013 {high}"),
            (self._turnover, "Turnover", text.compact(row.turnover_24h)),
            (self._funding, "Funding", funding),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, self._theme.color("hair"))
