"""The workspaces that come with the program, made for a window's size. No Qt."""

from __future__ import annotations

from virtuoso_desktop.ui.arrangement import BELOW, LEFT, RIGHT, Arrangement, Group, Node, Seat, Split
from virtuoso_desktop.ui.measures import default_confluence_width, default_dock_height, default_markets_width
from virtuoso_desktop.ui.panel_list import CHART, CONFLUENCE, MARKETS

DEFAULT, SCANNER, SINGLE_CHART = "Default", "Scanner", "Single chart"
SHIPPED = (DEFAULT, SCANNER, SINGLE_CHART)
UNDER = ["order_book", "overview", "system", "log"]
TAPE = ["trades", "liquidations", "signals"]
SEATS = {
    MARKETS: Seat(neighbours=[CHART, CONFLUENCE, *UNDER, *TAPE], side=LEFT, size_px=420),
    CHART: Seat(neighbours=[CONFLUENCE], side=LEFT),
    CONFLUENCE: Seat(neighbours=[CHART], side=RIGHT, size_px=316),
    **{
        name: Seat(mates=UNDER, index=place, neighbours=[CHART], side=BELOW, size_px=236)
        for place, name in enumerate(UNDER)
    },
    **{
        name: Seat(mates=TAPE, index=place, neighbours=UNDER, side=RIGHT, size_px=380)
        for place, name in enumerate(TAPE)
    },
}
"""Where a panel goes that a workspace never held."""


def default_tape_width(window_width: int) -> int:
    """380 px of 1600, 446 of 1280: there the ladder is narrow and the tape has half of the row."""
    return max(360, min(380, round(window_width * 0.2375))) if window_width > 1290 else 446


def shipped(name: str, width: int, height: int) -> Arrangement:
    """One of them for a window of this size, logical pixels."""
    return Arrangement(root={SCANNER: _scanner, SINGLE_CHART: _single_chart}.get(name, _default)(width, height))


def _default(width: int, height: int) -> Split:
    tape = Group(list(TAPE), TAPE[0], default_tape_width(width))
    upper = Split(True, [Group([CHART]), Group([CONFLUENCE], size_px=default_confluence_width(width))])
    under = Split(True, [Group(list(UNDER), UNDER[0]), tape], default_dock_height(height))
    return Split(True, [Group([MARKETS], size_px=default_markets_width(width)), Split(False, [upper, under])])


def _scanner(width: int, height: int) -> Split:
    side: list[Node] = [
        Group([CHART]),
        Group(["signals", "overview", "liquidations", "log"], "signals", round(height * 0.3)),
    ]
    return Split(True, [Group([MARKETS], size_px=round(width * 0.58)), Split(False, side)])


def _single_chart(width: int, height: int) -> Group:
    del width, height
    return Group([CHART])
