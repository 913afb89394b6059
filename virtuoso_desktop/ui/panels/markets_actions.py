"""The actions of Markets that menus, keys and the palette start by name, and where its lists are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.panel_list import MARKETS
from virtuoso_desktop.ui.watchlists import ALL_WATCHED, SCANNER, WatchlistFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.storage.user_files import UserFiles
    from virtuoso_desktop.ui.interior import Interior

FILE = "watchlists"


def wire_markets(interior: Interior, files: UserFiles) -> None:
    """Bring the lists back and bind what can be done with them."""
    panel, commands = interior.markets, interior.commands
    lists = panel.lists
    lists.begin(files.file(FILE, WatchlistFile, FILE), interior)
    panel.data_asked.connect(interior.show_instrument)
    panel.data_asked.connect(lambda _: interior.show_data())

    def why_no_choice() -> str | None:
        if lists.choose_watched is None:
            return "The settings are not loaded yet."
        return None if interior.instrument is not None else "No instrument is shown."

    def toggle_watched() -> None:
        instrument = interior.instrument
        if instrument is not None:
            (lists.watch if panel.is_unwatched(instrument) else lists.unwatch)(instrument)

    def toggle_star() -> None:
        if interior.instrument is not None:
            lists.star(interior.instrument)

    def shown(do: Callable[[], object]) -> Callable[[], None]:
        """The same with the panel in sight."""

        def act() -> None:
            interior.workspace.show_panel(MARKETS)
            do()

        return act

    commands.add("choose_watchlist", shown(panel.arranging.choose_list))
    commands.add("show_all_watched", shown(lambda: lists.show(ALL_WATCHED)))
    commands.add("show_scanner", shown(lambda: lists.show(SCANNER)))
    commands.add("new_watchlist", shown(lambda: panel.arranging.ask_name("", ())))
    commands.add("toggle_watched", toggle_watched, why_no_choice)
    commands.add("toggle_favourite", toggle_star, lambda: None if interior.instrument else "No instrument is shown.")
