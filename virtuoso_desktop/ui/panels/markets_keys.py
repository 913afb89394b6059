"""What keys do in Markets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from virtuoso_desktop.ui.panels.markets import MarketsPanel

Key = Qt.Key
_STEPS = {Key.Key_Up: -1, Key.Key_Down: 1}


def take_key(panel: MarketsPanel, event: QKeyEvent) -> bool:
    """Do what a key asks for; False when it is none of ours."""
    if panel.search.hasFocus():
        return _in_search(panel, event)
    return _with_modifier(panel, event) or _on_row(panel, event) or _typed(panel, event)


def _in_search(panel: MarketsPanel, event: QKeyEvent) -> bool:
    key = event.key()
    if key == Key.Key_Escape:
        panel.clear_search()
    elif key == Key.Key_Down:
        panel.enter_table()
    else:
        return False
    return True


def _with_modifier(panel: MarketsPanel, event: QKeyEvent) -> bool:
    held, key = event.modifiers(), event.key()
    if event.matches(QKeySequence.StandardKey.Copy):
        panel.copy_symbol()
        return True
    if not held & Qt.KeyboardModifier.AltModifier or key not in _STEPS:
        return False
    if held & Qt.KeyboardModifier.ShiftModifier:
        panel.arranging.move_row(_STEPS[Key(key)])
    else:
        panel.sort_by(max(0, panel.view.currentIndex().column()), down=key == Key.Key_Down)
    return True


def _on_row(panel: MarketsPanel, event: QKeyEvent) -> bool:
    key, instrument = event.key(), panel.current_instrument
    current = panel.lists.current
    if key == Key.Key_Insert:
        panel.arranging.ask_instrument()
    elif key == Key.Key_F2 and current is not None:
        panel.arranging.ask_name(current.name, ())
    elif key == Key.Key_Space and instrument is not None:
        panel.lists.star(instrument)
    elif key == Key.Key_Delete and instrument is not None and current is not None:
        panel.lists.remove(instrument)
    else:
        return False
    return True


def _typed(panel: MarketsPanel, event: QKeyEvent) -> bool:
    if event.key() == Key.Key_Escape and (panel.search.text() or panel.view.is_dragging):
        panel.view.end_drag()
        panel.clear_search()
    elif event.text().isalpha():
        panel.start_search(event.text())
    else:
        return False
    return True
