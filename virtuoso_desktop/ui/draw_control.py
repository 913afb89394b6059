"""Drawing, as the window knows it: the actions, the strip of tools, and the desk that every chart is given.

The desk and the strip come with the chart; until then the actions say why they cannot be started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.memory import DrawMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtuoso_desktop.storage.user_files import UserFiles
    from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
    from virtuoso_desktop.ui.charts.drawing.figures import Kind
    from virtuoso_desktop.ui.charts.drawing.toolstrip import ToolStrip
    from virtuoso_desktop.ui.interior import Interior

_KINDS = ("trend_line", "horizontal_line", "ray", "rectangle", "fibonacci", "measure", "text")
_LOADING = "The chart is still loading."


class DrawControl:
    """Belongs to one interior.

    Parameters
    ----------
    interior : Interior
        Its actions, its top bar and its toasts.
    memory : DrawMemory
        The user's choices of the previous run.
    files : UserFiles
        Where the drawings are kept.
    now_ms : callable
        For notices.
    """

    def __init__(self, interior: Interior, memory: DrawMemory, files: UserFiles, now_ms: Callable[[], int]) -> None:
        self._interior = interior
        self._memory = memory
        self._files = files
        self._now_ms = now_ms
        self._desk: DrawingDesk | None = None
        self._strip: ToolStrip | None = None
        self._shows_strip = memory.strip_shown
        interior.top_bar.draw.setChecked(self._shows_strip)
        interior.top_bar.draw.clicked.connect(self.toggle_strip)
        self._add_actions()

    def _add_actions(self) -> None:
        add = self._interior.commands.add
        add("draw_strip", self.toggle_strip, self._why_not)
        for kind in _KINDS:
            add(f"draw_{kind}", lambda kind=kind: self._take(kind), self._why_not)
        add("draw_magnet", lambda: self._with(lambda desk: desk.set_magnet(not desk.has_magnet)), self._why_not)
        add("draw_hide", lambda: self._with(lambda desk: desk.hide(not desk.hides)), self._why_not)
        add("draw_undo", self._undo, self._why_no_undo)
        add("draw_redo", self._redo, self._why_no_redo)
        add("draw_next", lambda: self._step(1), self._why_none)
        add("draw_previous", lambda: self._step(-1), self._why_none)
        add("draw_clear", self._clear, self._why_none)

    # --- for the charts ------------------------------------------------------------------------------------------

    def desk(self) -> DrawingDesk:
        """What every chart of the window shares; made, with the strip, when the first chart asks."""
        if self._desk is None:
            from virtuoso_desktop.ui.charts.drawing.desk import DrawingDesk
            from virtuoso_desktop.ui.charts.drawing.store import DrawingBooks

            desk = self._desk = DrawingDesk(DrawingBooks(self._files, self._warn), self._memory, self._interior)
            desk.told.connect(self._warn)
            desk.undo_offered.connect(self._offer_undo)
            if self._shows_strip:
                self._make_strip(desk)
        return self._desk

    def remember(self) -> DrawMemory:
        """The user's choices, for the next run."""
        desk = self._desk
        if desk is None:
            return DrawMemory(self._shows_strip, self._memory.magnet, self._memory.looks)
        return DrawMemory(self._shows_strip, desk.has_magnet, desk.looks)

    # --- the strip -----------------------------------------------------------------------------------------------

    def toggle_strip(self) -> None:
        """Show or hide the tools."""
        self._shows_strip = not self._shows_strip
        self._interior.top_bar.draw.setChecked(self._shows_strip)
        if self._strip is not None:
            self._strip.setVisible(self._shows_strip)
        elif self._desk is not None:
            self._make_strip(self._desk)
        if not self._shows_strip and self._desk is not None:
            self._desk.take(None, keeps=False)

    def _make_strip(self, desk: DrawingDesk) -> None:
        from virtuoso_desktop.ui.charts.drawing.toolstrip import ToolStrip

        strip = self._strip = ToolStrip(self._interior.theme, desk)
        strip.chosen.connect(self._interior.focus_chart)
        strip.undo_asked.connect(lambda: self._interior.commands.run("draw_undo"))
        strip.redo_asked.connect(lambda: self._interior.commands.run("draw_redo"))
        strip.clear_asked.connect(lambda: self._interior.commands.run("draw_clear"))
        self._interior.place_strip(strip)
        strip.show()

    # --- actions -------------------------------------------------------------------------------------------------

    def _with(self, do: Callable[[DrawingDesk], object]) -> None:
        if self._desk is not None:
            do(self._desk)

    def _take(self, kind: str) -> None:
        """Take a tool in hand; the same one again lays it down."""
        if self._desk is None:
            return
        from virtuoso_desktop.ui.charts.drawing.figures import Kind

        tool: Kind = Kind(kind)
        self._desk.take(None if self._desk.tool is tool else tool)
        self._interior.focus_chart()

    def _undo(self) -> None:
        instrument = self._interior.instrument
        if instrument is not None:
            self._with(lambda desk: desk.undo(instrument))

    def _redo(self) -> None:
        instrument = self._interior.instrument
        if instrument is not None:
            self._with(lambda desk: desk.redo(instrument))

    def _clear(self) -> None:
        instrument = self._interior.instrument
        if instrument is not None:
            self._with(lambda desk: desk.remove_all(instrument))

    def _step(self, step: int) -> None:
        desk, instrument = self._desk, self._interior.instrument
        if desk is not None and instrument is not None:
            desk.select_next(instrument, step, self._interior.timeframe.value)
            self._interior.focus_chart()

    def _why_not(self) -> str | None:
        return _LOADING if self._desk is None else None

    def _why_none(self) -> str | None:
        desk, instrument = self._desk, self._interior.instrument
        if desk is None or instrument is None:
            return _LOADING
        return None if desk.books.of(instrument).drawings else "Nothing is drawn on this instrument."

    def _why_no_undo(self) -> str | None:
        desk, instrument = self._desk, self._interior.instrument
        if desk is None or instrument is None:
            return _LOADING
        return None if desk.books.of(instrument).can_undo else "No drawing was changed since the start."

    def _why_no_redo(self) -> str | None:
        desk, instrument = self._desk, self._interior.instrument
        if desk is None or instrument is None:
            return _LOADING
        return None if desk.books.of(instrument).can_redo else "Nothing was undone."

    # --- words ---------------------------------------------------------------------------------------------------

    def _warn(self, words: str) -> None:
        from virtuoso_desktop.kernel.notices import Notice, Severity

        self._interior.post_notice(Notice(self._now_ms(), Severity.WARNING, "drawings", words))

    def _offer_undo(self, words: str, undo: Callable[[], object]) -> None:
        from virtuoso_desktop.kernel.notices import Notice, Severity

        self._interior.offer_undo(Notice(self._now_ms(), Severity.INFO, "drawings", words), undo)
