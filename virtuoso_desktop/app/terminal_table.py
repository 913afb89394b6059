"""The market as a table for the terminal: the same rows as the window's, as many columns as fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from virtuoso_desktop.engine.views import LinkPhase, LinkView, MarketRow, RowState, StatusView, kind_badge
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.feed_state import FeedMessage

GAP = 2
SPARK_CELLS = 16
SPARK_LEVELS = "▁▂▃▄▅▆▇█"
CHROME_LINES = 4
"""Lines besides rows and notices: status, empty line, header, hint."""
_PHASE_STYLES = {
    LinkPhase.LIVE: "green",
    LinkPhase.SYNCING: "yellow",
    LinkPhase.CONNECTING: "yellow",
    LinkPhase.STALE: "yellow",
    LinkPhase.BACKOFF: "bold red",
    LinkPhase.BANNED: "bold red",
    LinkPhase.BLOCKED: "bold red",
    LinkPhase.MAINTENANCE: "bold red",
}
_SEVERITY_STYLES = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "bold red"}


class TerminalColumn(NamedTuple):
    """One column; those of low ``rank`` stay when the terminal is narrow."""

    title: str
    width: int
    rank: int
    cell: Callable[[MarketRow, int], Text | str]
    is_left: bool = False


class MarketPicture(NamedTuple):
    """All that one drawing of the table shows."""

    source: Source
    now_ms: int
    """Venue time."""
    rows: Sequence[MarketRow]
    links: Sequence[LinkView]
    status: StatusView
    feeds: Sequence[FeedMessage]
    """What is wrong with the feeds."""
    notices: Sequence[Notice]


class TableConsole(Console):
    """A console whose lost reader is told to the caller; rich's own ends the program at once, with code 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class MarketTable:
    """A rich renderable; rows beyond ``most_lines`` are counted instead of shown.

    Parameters
    ----------
    picture : MarketPicture
        What is drawn.
    most_lines : int or None
        Height of the terminal; None where it does not end.
    hint : str
        Last line, how to end it.
    """

    def __init__(self, picture: MarketPicture, most_lines: int | None = None, hint: str = "") -> None:
        self._picture = picture
        self._most_lines = most_lines
        self._hint = hint

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group(*self._parts(console, options.max_width))

    def _parts(self, console: Console, width: int) -> list[Text | Table]:
        picture = self._picture
        notices = [line for notice in picture.notices for line in _notice_text(notice).wrap(console, width)]
        feed = [line for message in picture.feeds for line in _feed_text(message).wrap(console, width)]
        rows = list(picture.rows)
        hidden = 0
        if self._most_lines is not None:
            room = max(1, self._most_lines - CHROME_LINES - len(notices) - len(feed))
            hidden = max(0, len(rows) - room)
            rows = rows[:room]
        parts: list[Text | Table] = [status_line(picture, width), *feed, Text(), _table(rows, picture.now_ms, width)]
        parts.extend(notices)
        words = [f"{hidden} more instruments need a higher terminal" if hidden else "", self._hint]
        parts.append(Text(", ".join(word for word in words if word), style="dim", no_wrap=True, overflow="ellipsis"))
        return parts


def status_line(picture: MarketPicture, width: int) -> Text:
    """Source, links, counts; the rightmost figures give way first."""
    status = picture.status
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f" {picture.source.value.upper()} ", style="bold reverse")
    for link in picture.links:
        line.append(f" {link.venue.capitalize()} ")
        line.append(link.phase.value, style=_PHASE_STYLES[link.phase])
        if link.phase is LinkPhase.LIVE and link.lag_ms is not None:
            line.append(f" {text.milliseconds(link.lag_ms)}", style="dim")
    figures = [
        f"{status.instruments_live}/{status.instruments_watched} live",
        f"{text.count(status.messages_per_s)} msg/s",
        f"series {status.series_loaded}/{status.series_wanted}",
        f"{status.rss_mb:.0f} MB" if status.rss_mb else text.DASH,
        f"gaps {status.gaps}",
        f"reconnects {status.reconnects}",
        text.utc_time(picture.now_ms) + " UTC",
    ]
    for figure in figures:
        if line.cell_len + GAP + len(figure) <= width:
            line.append("  ").append(figure)
    return line


def _feed_text(message: FeedMessage) -> Text:
    """What is wrong with a feed, since when and what happens next: the words of the window's banner."""
    style = "bold red" if message.colour == "down" else "yellow"
    title = message.title if message.title.endswith((".", "?")) else f"{message.title}."
    return Text(f"{title} {message.detail}", style=style)


def _notice_text(notice: Notice) -> Text:
    return Text(f"{text.local_time(notice.at_ms)} {notice.user_text}", style=_SEVERITY_STYLES[notice.severity])


def fitting_columns(width: int) -> list[TerminalColumn]:
    """Columns in their order, as many of the important ones as ``width`` characters hold."""
    chosen: list[int] = []
    room = width + GAP
    for index in sorted(range(len(COLUMNS)), key=lambda index: COLUMNS[index].rank):
        if COLUMNS[index].width + GAP > room:
            break
        chosen.append(index)
        room -= COLUMNS[index].width + GAP
    return [COLUMNS[index] for index in sorted(chosen)]


def _table(rows: Sequence[MarketRow], now_ms: int, width: int) -> Table:
    columns = fitting_columns(width)
    table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column.title, justify="left" if column.is_left else "right", width=column.width, no_wrap=True)
    for row in rows:
        style = None if row.state is RowState.LIVE else "dim"
        table.add_row(*(column.cell(row, now_ms) for column in columns), style=style)
    return table


def _timeless(write: Callable[[MarketRow], Text | str]) -> Callable[[MarketRow, int], Text | str]:
    """A cell that does not change with time alone."""

    def cell(row: MarketRow, now_ms: int) -> Text | str:
        del now_ms
        return write(row)

    return cell


def _symbol(row: MarketRow) -> Text:
    identity = row.instrument_id
    return Text(identity.symbol + kind_badge(identity.market_kind), style="bold", overflow="ellipsis")


def _last(row: MarketRow) -> Text:
    style = {1: "green", -1: "red"}.get(row.last_move, "") if row.state is RowState.LIVE else ""
    return Text(text.price(row.last_price, row.price_decimals), style=style)


def _change(percent: float | None, row: MarketRow) -> Text:
    style = ""
    if percent and row.state is RowState.LIVE:
        style = "green" if percent > 0 else "red"
    return Text(text.signed(percent), style=style)


def _price(price_of: Callable[[MarketRow], float | None]) -> Callable[[MarketRow, int], Text | str]:
    return _timeless(lambda row: text.price(price_of(row), row.price_decimals))


def _funding(row: MarketRow, now_ms: int) -> str:
    if row.funding_rate is None or row.next_funding_ms is None:
        return text.funding(row.funding_rate)
    return f"{text.funding(row.funding_rate)} {text.countdown(row.next_funding_ms - now_ms):>7}"


def _age(row: MarketRow, now_ms: int) -> Text:
    if row.state is RowState.WAITING:
        return Text("waiting", style="dim")
    said = text.age(None if row.updated_ms is None else now_ms - row.updated_ms)
    return Text(said, style="dim" if row.state is RowState.LIVE else "yellow")


def spark(closes: Sequence[float], cells: int = SPARK_CELLS) -> str:
    """The course as block characters, each the last close of its share of the time."""
    if len(closes) < 2:
        return ""
    count = min(cells, len(closes))
    taken = [closes[round((index + 1) * len(closes) / count) - 1] for index in range(count)]
    low, high = min(taken), max(taken)
    if high == low:
        return SPARK_LEVELS[0] * count
    top = len(SPARK_LEVELS) - 1
    return "".join(SPARK_LEVELS[round((close - low) / (high - low) * top)] for close in taken)


COLUMNS: tuple[TerminalColumn, ...] = (
    TerminalColumn("Symbol", 14, 0, _timeless(_symbol), is_left=True),
    TerminalColumn("Last", 12, 0, _timeless(_last)),
    TerminalColumn("24h %", 7, 1, _timeless(lambda row: _change(row.change_24h_pct, row))),
    TerminalColumn("UTC %", 7, 5, _timeless(lambda row: _change(row.change_utc_day_pct, row))),
    TerminalColumn("High", 12, 10, _price(lambda row: row.high_24h)),
    TerminalColumn("Low", 12, 11, _price(lambda row: row.low_24h)),
    TerminalColumn("Spr bps", 7, 4, _timeless(lambda row: text.bps(row.spread_bps))),
    TerminalColumn("Volume", 7, 12, _timeless(lambda row: text.compact(row.volume_24h))),
    TerminalColumn("Turnover", 8, 3, _timeless(lambda row: text.compact(row.turnover_24h))),
    TerminalColumn("Mark", 12, 9, _price(lambda row: row.mark_price)),
    TerminalColumn("Bas bps", 7, 8, _timeless(lambda row: text.signed_bps(row.basis_bps))),
    TerminalColumn("Funding %", 15, 7, _funding),
    TerminalColumn("24 h", SPARK_CELLS, 6, _timeless(lambda row: spark(row.sparkline))),
    TerminalColumn("Age", 7, 2, _age),
)
