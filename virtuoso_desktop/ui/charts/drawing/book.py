"""The drawings of one instrument, shared by every chart that shows it: changes, undo, redo, what is selected. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.ui.charts.drawing.reach import Reaches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from virtuoso_desktop.ui.charts.drawing.figures import Drawing
    from virtuoso_desktop.ui.charts.drawing.reach import Window

MOST_DRAWINGS = 10_000
MOST_UNDOS = 200

State = tuple["Drawing", ...]


class DrawingBook:
    """Views compare `version` and read; only the user's acts write.

    Parameters
    ----------
    drawings : sequence of Drawing
        From below to the top.
    keep : callable
        Told of every change that has to be there at the next start.
    """

    def __init__(self, drawings: Sequence[Drawing] = (), keep: Callable[[State], object] | None = None) -> None:
        self.is_open = True
        """Closed until the file was read: nothing is drawn into it before."""
        self.drawings: State = tuple(drawings)
        self.version = 0
        """Changes with everything that can be seen."""
        self.selected = ""
        """Id; empty for none."""
        self.corner: int | None = None
        """Corner of the selected drawing that the keys move; None for the whole."""
        self.draft: Drawing | None = None
        """Being made or dragged: shown instead of the drawing with its id, and not kept yet."""
        self._keep = keep
        self._undone: list[State] = []
        self._done: list[State] = []
        self._nudged = ""
        self._reaches = Reaches()
        self._reaches.take(self.drawings)

    def open_with(self, read: DrawingBook, keep: Callable[[State], object]) -> None:
        """Take over what was read."""
        self.drawings, self._reaches = read.drawings, read._reaches
        self._keep = keep
        self.is_open = True
        self.version += 1

    # --- reading -------------------------------------------------------------------------------------------------

    def find(self, drawing_id: str) -> Drawing | None:
        """A drawing by id."""
        return next((each for each in self.drawings if each.id == drawing_id), None)

    @property
    def chosen(self) -> Drawing | None:
        """The selected drawing, as it is shown now."""
        if not self.selected:
            return None
        draft = self.draft
        return draft if draft is not None and draft.id == self.selected else self.find(self.selected)

    def in_view(self, window: Window, timeframe: str) -> list[Drawing]:
        """Those that reach into the window on this timeframe, from below to the top, without the draft's original."""
        if not self.drawings:
            return []
        hidden = "" if self.draft is None else self.draft.id
        found = (self.drawings[place] for place in self._reaches.inside(window))
        return [each for each in found if each.id != hidden and each.timeframe in ("", timeframe)]

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    # --- selection and drafts ------------------------------------------------------------------------------------

    def select(self, drawing_id: str) -> None:
        """Select one, or none for an empty id."""
        if drawing_id != self.selected or self.corner is not None:
            self.selected, self.corner = drawing_id, None
            self._nudged = ""
            self.version += 1

    def select_next(self, step: int, timeframe: str) -> Drawing | None:
        """Select the one after (or before) the selected one in the order of time."""
        shown = [each for each in self.drawings if each.timeframe in ("", timeframe)]
        if not shown:
            return None
        order = sorted(shown, key=lambda each: (each.points[0].time_ms, each.id))
        ids = [each.id for each in order]
        before = ids.index(self.selected) if self.selected in ids else -1 if step > 0 else 0
        place = (before + step) % len(ids)
        self.select(ids[place])
        return order[place]

    def next_corner(self, count: int) -> None:
        """From the whole drawing through its corners and back to the whole."""
        after = 0 if self.corner is None else self.corner + 1
        self.corner = after if after < count else None
        self._nudged = ""
        self.version += 1

    def show_draft(self, draft: Drawing | None) -> None:
        """What is being made or dragged now."""
        if draft != self.draft:
            self.draft = draft
            self.version += 1

    # --- changes -------------------------------------------------------------------------------------------------

    def add(self, drawing: Drawing) -> bool:
        """Put one on top; False when there are too many, or the book is still closed."""
        if not self.is_open or len(self.drawings) >= MOST_DRAWINGS:
            return False
        self._change((*self.drawings, drawing))
        return True

    def replace(self, drawing: Drawing, *, is_nudge: bool = False) -> None:
        """Give the drawing of this id another look or place; nudges in a row are undone together."""
        if self.find(drawing.id) in (None, drawing):
            return
        state = tuple(drawing if each.id == drawing.id else each for each in self.drawings)
        joins = is_nudge and self._nudged == drawing.id
        self._change(state, joins=joins)
        self._nudged = drawing.id if is_nudge else ""

    def remove(self, ids: Iterable[str]) -> list[tuple[int, Drawing]]:
        """Remove some; returns (place, drawing) of each for `put_back`."""
        gone = set(ids)
        removed = [(place, each) for place, each in enumerate(self.drawings) if each.id in gone]
        if removed:
            self._change(tuple(each for each in self.drawings if each.id not in gone))
        return removed

    def put_back(self, removed: Sequence[tuple[int, Drawing]]) -> None:
        """Take `remove` back, whatever was drawn since."""
        state = list(self.drawings)
        known = {each.id for each in state}
        for place, drawing in removed:
            if drawing.id not in known:
                state.insert(min(place, len(state)), drawing)
        if len(state) != len(self.drawings):
            self._change(tuple(state))

    def bring_to_front(self, drawing_id: str) -> None:
        """Put one on top of all others."""
        drawing = self.find(drawing_id)
        if drawing is not None and self.drawings[-1] is not drawing:
            self._change((*(each for each in self.drawings if each.id != drawing_id), drawing))

    def undo(self) -> bool:
        """Take the last change back; False when there is none."""
        return self._step(self._done, self._undone)

    def redo(self) -> bool:
        """Do again what was undone last; False when nothing was."""
        return self._step(self._undone, self._done)

    def _step(self, source: list[State], target: list[State]) -> bool:
        if not source:
            return False
        target.append(self.drawings)
        self.draft = None
        self._set(source.pop())
        return True

    def _change(self, state: State, *, joins: bool = False) -> None:
        if not joins:
            self._done.append(self.drawings)
            del self._done[:-MOST_UNDOS]
        self._undone.clear()
        self._set(state)

    def _set(self, state: State) -> None:
        self.drawings = state
        self._nudged = ""
        self._reaches.take(state)
        if self.selected and self.find(self.selected) is None:
            self.selected, self.corner = "", None
        self.version += 1
        if self._keep is not None:
            self._keep(state)
