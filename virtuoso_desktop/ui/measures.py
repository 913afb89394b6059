"""Heights, gaps and places, logical pixels. No Qt."""

from __future__ import annotations

TOP_PX = 44
HEADER_PX = 32
HEAD_PX = 24
ROW_PX = 24
DENSE_ROW_PX = 20
"""Rows of the ladder and the tape."""
STATUS_PX = 24
RIBBON_PX = 24
BANNER_PX = 48
GUTTER_PX = 4
PAD_PX = 8
"""On both sides of a table cell."""
LEFT_PX = 12
"""What stands first in a panel is so far from its edge."""
BAR_PX = 8
"""Height of a bar that stands for a value to come."""
SCROLL_PX = 8
NARROWEST_SEARCH_PX, WIDEST_SEARCH_PX = 92, 150
PLUS_FROM_PX = 420
CARET_PX = 18
"""Beside the words that open the list of lists."""
RAIL_PX = 28
"""A collapsed panel at the side."""
CONFLUENCE_LEAST_PX = 264
DOCK_LEAST_PX = 120
INSTRUMENT_LEFT_PX = 46
INSTRUMENT_LEAST_PX = 168
CAP_RATIO = 0.728
"""Cap height of Inter in em: what is centred in a row."""


def row_baseline(top: float, row_px: int = ROW_PX) -> float:
    """Where the text of 12 px of a row stands whose upper edge is ``top``."""
    return top + round((row_px + CAP_RATIO * 12) / 2)


def skeleton_bar(size: int) -> tuple[int, int]:
    """Gap at the right and width of the bar that stands for a value to come in a column of this size."""
    return (2, size - 4) if size < 4 * PAD_PX else (PAD_PX, min(size - 2 * PAD_PX, 40))


def search_place(panel_width: int, words_width: int) -> tuple[int, int]:
    """Left edge and width of Markets' search field: the header's words have their room first, then the buttons."""
    room = panel_width - buttons_width(panel_width)
    wide = max(NARROWEST_SEARCH_PX, min(WIDEST_SEARCH_PX, room - 36 - words_width))
    return room - wide - 4, wide


def buttons_width(panel_width: int) -> int:
    """The buttons at the right of Markets' header: the menu, and the plus where there is room."""
    return 56 if panel_width >= PLUS_FROM_PX else 30


def default_markets_width(window_width: int) -> int:
    """470 px of 1600, 357 of 1280."""
    return max(350, min(470, round(window_width * (0.2935 if window_width > 1290 else 0.279))))


def default_confluence_width(window_width: int) -> int:
    """316 px of 1600, 264 of 1280."""
    return max(CONFLUENCE_LEAST_PX, min(316, round(window_width * 0.1975 if window_width > 1290 else 264)))


def default_dock_height(window_height: int) -> int:
    """236 px of 1000, 128 of 720."""
    return max(DOCK_LEAST_PX, min(236, round(128 + (window_height - 720) * 0.386)))
