"""Every action and key of the window: one list, from which keys are bound, tooltips told, palette and help are made."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES
from virtuoso_desktop.ui.panel_list import PANELS
from virtuoso_desktop.ui.shipped import SHIPPED


class Shortcut(NamedTuple):
    """``action`` names what is bound; empty where a panel handles the key itself."""

    group: str
    keys: tuple[str, ...]
    """Empty for an action that only menus and the palette start."""
    does: str
    action: str = ""


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("Instrument", ("Ctrl+L",), "Choose an instrument", "choose_instrument"),
    Shortcut("Instrument", ("A\u2013Z on the chart",), "Choose an instrument by typing its name"),
    Shortcut("Instrument", ("Ctrl+Tab",), "Next instrument of Markets", "next_instrument"),
    Shortcut("Instrument", ("Ctrl+Shift+Tab",), "Previous instrument of Markets", "previous_instrument"),
    *(
        Shortcut("Timeframe", (f"Alt+{place}",), f"Candles of {timeframe.value}", f"timeframe_{timeframe.value}")
        for place, timeframe in enumerate(ANALYSED_TIMEFRAMES, 1)
    ),
    Shortcut("Timeframe", ("0\u20139",), "Type a timeframe: 5 Enter, 1h Enter"),
    Shortcut("Markets", ("Ctrl+F", "/"), "Search", "search"),
    Shortcut("Markets", ("A\u2013Z in the table",), "Search by typing"),
    Shortcut("Markets", ("Ctrl+Space in the search",), "What can come next in a filter"),
    Shortcut("Markets", ("Esc",), "Clear the search"),
    Shortcut("Markets", ("Ctrl+Shift+L",), "Choose a watchlist", "choose_watchlist"),
    Shortcut("Markets", ("Ctrl+Shift+A",), "All watched instruments", "show_all_watched"),
    Shortcut("Markets", ("Ctrl+Shift+X",), "Scanner: every instrument of the exchange", "show_scanner"),
    Shortcut("Markets", (), "New watchlist", "new_watchlist"),
    Shortcut("Markets", ("Alt+W",), "Watch the shown instrument, or stop watching it", "toggle_watched"),
    Shortcut("Markets", (), "The shown instrument into the favourites, or out of them", "toggle_favourite"),
    Shortcut("Markets", ("Space on a row",), "Into the favourites, or out of them"),
    Shortcut("Markets", ("Ins", "Del on a row"), "Add instruments to a list of yours, take the row out of it"),
    Shortcut("Markets", ("Alt+Shift+Up", "Alt+Shift+Down"), "Move the row within a list of yours"),
    Shortcut("Markets", ("F2 in the table",), "Rename the list"),
    Shortcut("Markets", ("Ctrl+C on a row",), "Copy its symbol"),
    Shortcut("Markets", ("Enter",), "Open the row in the chart"),
    Shortcut("Markets", ("Alt+Down", "Alt+Up"), "Sort by the current column, largest or smallest first"),
    Shortcut("Chart", ("Left", "Right"), "Pan"),
    Shortcut("Chart", ("+", "\u2212"), "Zoom in, zoom out"),
    Shortcut("Chart", ("Home",), "Newest candle"),
    Shortcut("Chart", ("Ctrl+I",), "Indicators", "indicators"),
    Shortcut("Chart", ("Esc",), "End the evidence of a component"),
    Shortcut("Chart", ("Alt+L",), "Logarithmic or linear price scale", "log_scale"),
    Shortcut("Chart", ("Alt+F",), "Fit the price scale to the candles, or hold it", "auto_scale"),
    Shortcut("Chart", ("Alt+Z",), "Times of the axis: local or UTC", "time_zone"),
    Shortcut("Chart", ("Alt+C",), "Compare with another instrument in per cent", "compare"),
    Shortcut("Chart", (), "Remove the comparisons", "end_compare"),
    Shortcut("Chart", (), "Draw candles", "type_candle"),
    Shortcut("Chart", (), "Draw hollow candles", "type_hollow"),
    Shortcut("Chart", (), "Draw Heikin-Ashi candles", "type_heikin_ashi"),
    Shortcut("Chart", (), "Draw the line of closes", "type_line"),
    Shortcut("Chart", (), "Line of the last price", "line_last"),
    Shortcut("Chart", (), "Line of the bid", "line_bid"),
    Shortcut("Chart", (), "Line of the ask", "line_ask"),
    Shortcut("Chart", (), "Line of the mark price", "line_mark"),
    Shortcut("Chart", (), "Line of the index price", "line_index"),
    Shortcut("Chart", ("Ctrl+Alt+S",), "Save the chart as a picture (PNG)", "save_picture"),
    Shortcut("Chart", ("Ctrl+Alt+C",), "Copy the chart as a picture", "copy_picture"),
    Shortcut("Chart", (), "Save the candles in view (CSV)", "save_candles_in_view"),
    Shortcut("Chart", (), "Save all loaded candles (CSV)", "save_candles"),
    Shortcut("Charts", ("Ctrl+Alt+1",), "One chart", "charts_1"),
    Shortcut("Charts", ("Ctrl+Alt+2",), "Two charts side by side", "charts_2"),
    Shortcut("Charts", ("Ctrl+Alt+4",), "Four charts", "charts_4"),
    Shortcut("Charts", ("Ctrl+Alt+Right",), "Next chart", "next_chart"),
    Shortcut("Charts", ("Ctrl+Alt+Left",), "Previous chart", "previous_chart"),
    Shortcut("Charts", (), "All charts show one instrument", "link_instrument"),
    Shortcut("Charts", (), "All charts show one timeframe", "link_timeframe"),
    Shortcut("Panels", ("Ctrl+Shift+C",), "Confluence: collapse or open", "toggle_confluence"),
    Shortcut("Panels", ("Ctrl+Shift+D",), "Panels under the chart: collapse or open", "toggle_dock"),
    Shortcut("Panels", ("F6",), "Next panel", "next_panel"),
    Shortcut("Panels", ("Shift+F6",), "Previous panel", "previous_panel"),
    Shortcut("Panels", ("Ctrl+Shift+F",), "The panel into a window of its own, or back", "float_panel"),
    Shortcut("Panels", ("Ctrl+Shift+W",), "Close the panel", "close_panel"),
    Shortcut("Panels", ("Ctrl+Shift+M",), "Float, move or close the panel", "panel_menu"),
    *(Shortcut("Panels", (), f"Panel: {kind.title}", f"show_{name}") for name, kind in PANELS.items()),
    Shortcut("Panels", ("Left", "Right"), "In the row of tabs: the tab before, the tab after"),
    Shortcut("Panels", ("Ctrl+D",), "Data of the instrument: what is there, how old, how complete", "show_data"),
    Shortcut("Panels", ("Enter on a component",), "Show on the chart what it was read from"),
    Shortcut("Panels", ("Enter on a signal",), "Show that moment on the chart"),
    Shortcut("Panels", ("Enter on a liquidation",), "Show its instrument"),
    Shortcut("Panels", ("Ctrl+C in the log",), "Copy the line, with its fault"),
    Shortcut("Window", ("Ctrl+,",), "Settings", "settings"),
    Shortcut("Window", (), "Start again with the other market: live or demo", "other_market"),
    Shortcut("Drawing", ("Alt+D",), "Drawing tools: show or hide", "draw_strip"),
    Shortcut("Drawing", ("Alt+T",), "Trend line", "draw_trend_line"),
    Shortcut("Drawing", ("Alt+H",), "Horizontal line", "draw_horizontal_line"),
    Shortcut("Drawing", ("Alt+R",), "Ray", "draw_ray"),
    Shortcut("Drawing", ("Alt+B",), "Rectangle", "draw_rectangle"),
    Shortcut("Drawing", ("Alt+I",), "Fibonacci retracement", "draw_fibonacci"),
    Shortcut("Drawing", ("Alt+M",), "Measure price, time and volume", "draw_measure"),
    Shortcut("Drawing", ("Alt+X",), "Text on the chart", "draw_text"),
    Shortcut("Drawing", ("Alt+N",), "Magnet: points snap to candles", "draw_magnet"),
    Shortcut("Drawing", (), "Hide or show all drawings", "draw_hide"),
    Shortcut("Drawing", ("Ctrl+Z",), "Undo the last change of the drawings", "draw_undo"),
    Shortcut("Drawing", ("Ctrl+Shift+Z",), "Redo it", "draw_redo"),
    Shortcut("Drawing", ("Alt+PgDown",), "Select the next drawing", "draw_next"),
    Shortcut("Drawing", ("Alt+PgUp",), "Select the previous drawing", "draw_previous"),
    Shortcut("Drawing", (), "Remove all drawings of the instrument", "draw_clear"),
    Shortcut("Drawing", ("Arrows, Enter",), "With a tool: carry a point and place it; Shift ten times as far"),
    Shortcut("Drawing", ("Arrows, Space",), "With a drawing: move it; Space goes through its points"),
    Shortcut("Drawing", ("Del",), "Remove the selected drawing"),
    Shortcut("Drawing", ("Esc",), "Lay down the tool, let go of the drawing"),
    *(
        Shortcut("Workspaces", (f"Ctrl+Shift+{place}",), f"Workspace {place}: {name}", f"workspace_{place}")
        for place, name in enumerate(SHIPPED, 1)
    ),
    Shortcut("Workspaces", (), "Workspaces: open, save, rename, reset", "workspaces"),
    Shortcut("Workspaces", ("Ctrl+Shift+S",), "Save the workspace under another name", "save_workspace_as"),
    Shortcut("Workspaces", (), "Duplicate the workspace", "duplicate_workspace"),
    Shortcut("Workspaces", (), "Rename the workspace", "rename_workspace"),
    Shortcut("Workspaces", (), "Reset the workspace", "reset_workspace"),
    Shortcut("Workspaces", (), "Delete the workspace", "delete_workspace"),
    Shortcut("Workspaces", (), "Export the workspace to a file", "export_workspace"),
    Shortcut("Workspaces", (), "Import a workspace from a file", "import_workspace"),
    Shortcut("Window", ("Ctrl+K",), "Command palette: every action, every instrument", "command_palette"),
    Shortcut("Window", ("Ctrl+Shift+T",), "Theme: dark, light, system", "cycle_theme"),
    Shortcut("Window", ("F11",), "Full screen", "full_screen"),
    Shortcut("Window", ("F10",), "Menu", "menu"),
    Shortcut("Window", ("?", "F1"), "This list", "list_shortcuts"),
    Shortcut("Window", (), "Why is there no data?", "show_doctor"),
    Shortcut("Window", (), "Connections: the state of each", "show_connections"),
    Shortcut("Window", (), "About Virtuoso", "show_about"),
    Shortcut("Window", ("Ctrl+Q",), "Quit", "quit"),
)


def keys_of(action: str) -> str:
    """The first key of an action, for tooltips; empty when it has none."""
    keys = next(shortcut.keys for shortcut in SHORTCUTS if shortcut.action == action)
    return keys[0] if keys else ""


def with_keys(words: str, action: str) -> str:
    """``Search (Ctrl+F)``."""
    keys = keys_of(action)
    return f"{words} ({keys})" if keys else words
