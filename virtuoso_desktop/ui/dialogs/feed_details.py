"""The state of every connection and every silent topic, told anew twice a second while it is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from virtuoso_desktop.engine.views import LinkView
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


def describe_link(link: LinkView, now_ms: int) -> str:
    """Everything that is known of a link, one fact a line."""
    since = text.local_moment(link.since_ms, now_ms)
    lines = [f"{venue_name(link.venue)}: {link.phase.value} since {since} ({text.age(now_ms - link.since_ms)})"]
    if link.reason:
        lines.append(f"Reason: {link.reason}")
    if link.next_retry_ms is not None:
        left = text.countdown(link.next_retry_ms - now_ms)
        lines.append(f"Next try at {text.local_time(link.next_retry_ms)}, in {left}")
    lines.append(f"Delay of messages: {text.milliseconds(link.lag_ms)}")
    if link.offset_ms is not None:
        verdict = ", check this computer's clock" if link.offset_is_suspicious else ""
        ahead = "ahead of" if link.offset_ms > 0 else "behind"
        lines.append(f"Its clock is {text.milliseconds(abs(link.offset_ms))} {ahead} this computer's{verdict}")
    lines.extend(f"{topic_name(stale)}: {silence(stale, now_ms)}" for stale in link.stale_topics[:MOST_TOPICS])
    if len(link.stale_topics) > MOST_TOPICS:
        lines.append(f"and {len(link.stale_topics) - MOST_TOPICS} more silent topics")
    return "\n".join(lines)
