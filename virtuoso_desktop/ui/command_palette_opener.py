"""Opens the command palette, does what was chosen in it, and remembers that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.model.instrument import InstrumentId

if TYPE_CHECKING:
    from virtuoso_desktop.ui.interior import Interior


class PaletteOpener:
    """The palette's place in a window.

    Parameters
    ----------
    interior : Interior
        Its actions and instruments can be found.
    recent : tuple of str
        Keys of what was chosen before, newest first.
    """

    def __init__(self, interior: Interior, recent: tuple[str, ...]) -> None:
        self._interior = interior
        self.recent = recent
        interior.commands.add("command_palette", self.toggle)

    def toggle(self) -> None:
        """Open it over the window; the same key closes it."""
        from virtuoso_desktop.ui import command_palette_rows as found
        from virtuoso_desktop.ui.command_palette import CommandPalette

        interior, rows = self._interior, self._interior.markets.rows
        open_now = [each for each in interior.window().findChildren(CommandPalette) if each.isVisible()]
        for each in open_now:
            each.finish()
        if open_now:
            return
        actions = [each for each in interior.commands.all() if each.listed.action != "command_palette"]
        known, engine = rows.all(), interior.markets.engine
        entries = found.action_entries(actions) + found.instrument_entries(known)
        if engine is not None:
            entries += found.listed_entries(engine.scan.instruments(), {row.instrument_id for row in known})
        palette = CommandPalette(interior.theme, entries, self.recent, interior.window())
        scoring = rows.scoring
        if scoring is not None:
            palette.scores = lambda row: scoring.counting(row, rows.now_ms)
        palette.chosen.connect(self._do)
        palette.open_in_window()

    def _do(self, key: str) -> None:
        from virtuoso_desktop.ui.command_palette_rows import used_now

        self.recent = used_now(self.recent, key)
        kind, _, name = key.partition(":")
        if kind == "action":
            self._interior.commands.run(name)
        else:
            self._interior.show_instrument(InstrumentId.parse(name))
