"""The state of every connection and every silent topic, told anew twice a second while it is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import DOWN_PHASES, BookChecks, LinkView, PartView
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.dialogs.frame import PlainDialog
from virtuoso_desktop.ui.feed_state import silence, topic_name, venue_name
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.theme import Theme

PERIOD_MS = 500
MOST_TOPICS = 20


class FeedDetails(PlainDialog):
    """What the chips and the banner stand for, in full.

    Parameters
    ----------
    theme : Theme
        Colours.
    read : callable
        Returns the links and the venue's time now, ms.
    parent : QWidget
        The window.
    """

    def __init__(self, theme: Theme, read: Callable[[], tuple[Sequence[LinkView], int]], parent: QWidget) -> None:
        super().__init__(theme, "Connections", parent)
        self._read = read
        self._words = self.add_words("", Type.BODY)
        self.body.addStretch(1)
        self.setMinimumSize(460, 220)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tell)
        self._timer.start(PERIOD_MS)
        self._tell()

    def _tell(self) -> None:
        links, now_ms = self._read()
        said = "\n\n".join(describe_link(link, now_ms) for link in links)
        said = said or "No connection has been started yet."
        if said != self._words.text():
            self._words.setText(said)


def _part_words(part: PartView, now_ms: int) -> str:
    words = f"{part.name}: {part.phase.value} for {text.age(now_ms - part.since_ms)}"
    if part.age_ms is not None:
        words += f", newest data {text.milliseconds(part.age_ms)} old"
    if part.phase in DOWN_PHASES and part.reason:
        words += f", {part.reason}"
    if part.next_retry_ms is not None:
        words += f", next try in {text.countdown(max(0, part.next_retry_ms - now_ms))}"
    return words


def _check_words(checks: BookChecks, now_ms: int) -> list[str]:
    if not checks.equal + checks.different + checks.undecided:
        return []
    words = f"Order books compared: {checks.equal} equal, {checks.different} different and rebuilt, "
    lines = [words + f"{checks.undecided} undecided"]
    if checks.trades_lost:
        lines.append(f"Trades that the stream lost, asked for again: {checks.trades_lost}")
    if checks.newest_difference is not None and checks.newest_difference_ms is not None:
        lines.append(f"{text.age(now_ms - checks.newest_difference_ms)} ago: {checks.newest_difference}")
    return lines


def describe_link(link: LinkView, now_ms: int) -> str:
    """Everything that is known of a link, one fact a line."""
    since = text.local_moment(link.since_ms, now_ms)
    lines = [f"{venue_name(link.venue)}: {link.phase.value} since {since} ({text.age(now_ms - link.since_ms)})"]
    if link.reason:
        lines.append(f"Reason: {link.reason}")
    if link.next_retry_ms is not None:
        left = text.countdown(link.next_retry_ms - now_ms)
        lines.append(f"Next try at {text.local_time(link.next_retry_ms)}, in {left}")
    lines.append(f"Arrival delay of messages: {text.milliseconds(link.lag_ms)}")
    lines.append(f"Age of the newest data: {text.DASH if link.age_ms is None else text.milliseconds(link.age_ms)}")
    if len(link.parts) > 1:
        lines.extend(_part_words(part, now_ms) for part in link.parts)
    lines.extend(_check_words(link.book_checks, now_ms))
    if link.offset_ms is not None:
        verdict = ", check this computer's clock" if link.offset_is_suspicious else ""
        ahead = "ahead of" if link.offset_ms > 0 else "behind"
        lines.append(f"Its clock is {text.milliseconds(abs(link.offset_ms))} {ahead} this computer's{verdict}")
    lines.extend(f"{topic_name(stale)}: {silence(stale, now_ms)}" for stale in link.stale_topics[:MOST_TOPICS])
    if len(link.stale_topics) > MOST_TOPICS:
        lines.append(f"and {len(link.stale_topics) - MOST_TOPICS} more silent topics")
    return "\n".join(lines)
