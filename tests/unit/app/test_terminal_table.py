"""The terminal's table: what fits at each width, and what a person reads when something is wrong."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.fake_adapter import instrument
from virtuoso_desktop.app.terminal_table import COLUMNS, GAP, MarketPicture, MarketTable, fitting_columns, spark
from virtuoso_desktop.engine.views import LinkPhase, LinkView, MarketRow, RowState, StaleTopic, StatusView
from virtuoso_desktop.kernel.notices import Notice, Severity
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.feed_state import FeedWatch

NOW_MS = 1_700_000_055_000
LIVE = LinkView("bybit", LinkPhase.LIVE, 12.3, NOW_MS - 5_000)


def row(symbol: str, state: RowState = RowState.LIVE, **values: object) -> MarketRow:
    given: dict[str, object] = {
        "last_price": 93_988.4,
        "change_24h_pct": -1.874,
        "updated_ms": NOW_MS - 1_500,
        **values,
    }
    if state is RowState.WAITING:
        given = {}
    return MarketRow(instrument(symbol).id, symbol, "USDT", 1, state, **given)  # type: ignore[arg-type]


def picture(rows: list[MarketRow], *notices: Notice, link: LinkView = LIVE) -> MarketPicture:
    status = StatusView(1, len(rows), 1240.4, 12.3, 7, 245, 0, 0, 4.0, 312.4, 0)
    message = FeedWatch().judge((link,), NOW_MS)
    feeds = () if message is None else (message,)
    return MarketPicture(Source.DEMO, NOW_MS, rows, (link,), status, feeds, notices)


def drawn(shown: MarketPicture, width: int, lines: int | None = None) -> list[str]:
    output = io.StringIO()
    Console(file=output, width=width, no_color=True, highlight=False).print(MarketTable(shown, lines, "Ctrl+C ends"))
    return output.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    rows = [row("1000000MOGUSDT"), row("BTCUSDT", RowState.WAITING), row("ETHUSDT", RowState.STALE)]
    notice = Notice(NOW_MS, Severity.ERROR, "x", "word " * 60)
    link = LinkView("bybit", LinkPhase.BACKOFF, None, NOW_MS, "connection reset by peer " * 5, NOW_MS + 4_000)
    lines = drawn(picture(rows, notice, link=link), width)
    assert max(map(len, lines)) <= width
    assert sum(map(len, lines)) > 100


def test_at_80_the_important_columns_stay_and_at_140_most() -> None:
    narrow = [column.title for column in fitting_columns(80)]
    assert narrow == ["Symbol", "Last", "24h %", "UTC %", "Spr bps", "Turnover", "Age"]
    wide = [column.title for column in fitting_columns(140)]
    assert {"Funding %", "24 h", "Mark"} <= set(wide)
    everything = sum(column.width + GAP for column in COLUMNS) - GAP
    assert fitting_columns(everything) == list(COLUMNS)
    assert len(fitting_columns(everything - 1)) == len(COLUMNS) - 1


def test_a_live_row_reads_as_in_the_window() -> None:
    line = next(line for line in drawn(picture([row("BTCUSDT")]), 80) if line.startswith("BTCUSDT"))
    assert line.split() == ["BTCUSDT.P", "93,988.4", "−1.87", "—", "—", "—", "1", "s"]


def test_a_row_without_data_says_that_it_waits() -> None:
    line = next(line for line in drawn(picture([row("BTCUSDT", RowState.WAITING)]), 80) if line.startswith("BTCUSDT"))
    assert line.split() == ["BTCUSDT.P", "—", "—", "—", "—", "—", "waiting"]


def test_the_status_line_names_source_link_and_counts() -> None:
    status = drawn(picture([row("BTCUSDT")]), 140)[0]
    for words in ("DEMO", "Bybit live 12 ms", "1/1 live", "1,240 msg/s", "series 7/245", "312 MB", "22:14:15 UTC"):
        assert words in status


def test_a_lost_link_says_why_and_when_it_is_tried_again() -> None:
    link = LinkView("bybit", LinkPhase.BACKOFF, None, NOW_MS - 60_000, "connection refused", NOW_MS + 4_000)
    text = "\n".join(drawn(picture([row("BTCUSDT", RowState.STALE)], link=link), 100))
    assert "Bybit cannot be reached since " in text
    assert "connection refused. Next try in 4s." in text


def test_a_silent_topic_is_named_with_its_age() -> None:
    btc = instrument("BTCUSDT").id
    topics = (StaleTopic("orderbook.50.BTCUSDT", btc, NOW_MS - 12_000), StaleTopic("tickers.BTCUSDT", btc, None))
    link = LinkView("bybit", LinkPhase.STALE, 12.0, NOW_MS, stale_topics=topics)
    text = "\n".join(drawn(picture([row("BTCUSDT")], link=link), 100))
    assert "orderbook.50 BTCUSDT silent for 12 s, and 1 more topic." in text


def test_a_low_terminal_counts_what_it_hides() -> None:
    rows = [row(f"C{number:02}USDT") for number in range(35)]
    notice = Notice(NOW_MS, Severity.WARNING, "profile", "Nothing is stored in this run.")
    lines = drawn(picture(rows, notice), 80, lines=24)
    assert len(lines) == 24
    assert "Nothing is stored" in lines[-2]
    assert lines[-1].rstrip() == "16 more instruments need a higher terminal, Ctrl+C ends"


def test_spark() -> None:
    assert spark(()) == spark((1.0,)) == ""
    assert spark((1.0, 2.0)) == "▁█"
    assert spark((5.0, 5.0, 5.0)) == "▁▁▁"
    rising = spark([float(number) for number in range(49)])
    assert len(rising) == 16
    assert list(rising) == sorted(rising)
    assert (rising[0], rising[-1]) == ("▁", "█")
