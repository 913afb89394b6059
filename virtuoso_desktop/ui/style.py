"""What Qt paints itself (menus, inputs, scroll bars, tooltips), in the theme's colours.

Everything else is painted by our own widgets: a style sheet costs a lookup per widget and per paint,
so this one names few classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QApplication

from virtuoso_desktop.ui.fonts import Type, font
from virtuoso_desktop.ui.theme import qt_palette

if TYPE_CHECKING:
    from virtuoso_desktop.ui.theme import Theme
    from virtuoso_desktop.ui.tokens import Palette


def apply_style(theme: Theme) -> None:
    """Set font, palette and style sheet of the running application."""
    app = cast("QApplication", QApplication.instance())
    app.setFont(font(Type.BODY))
    app.setPalette(qt_palette(theme.palette))
    app.setStyleSheet(style_sheet(theme.palette))


def style_sheet(palette: Palette) -> str:
    """The application's style sheet for one palette."""
    return _SHEET % {name: getattr(palette, name) for name in _USED}


_USED = ("gutter", "background", "surface", "raised", "raised2", "line", "text", "muted", "disabled", "accent")

_SHEET = """
QToolTip { background: %(raised2)s; color: %(text)s; border: 1px solid %(line)s; padding: 5px 8px; }
QMenu { background: %(raised)s; color: %(text)s; border: 1px solid %(line)s; border-radius: 6px; padding: 4px; }
QMenu::item { padding: 5px 20px 5px 14px; border-radius: 4px; }
QMenu::icon { padding-left: 8px; }
QMenu::item:selected { background: %(raised2)s; }
QMenu::item:disabled { color: %(disabled)s; }
QMenu::separator { height: 1px; background: %(line)s; margin: 4px 8px; }
QMenu::indicator { width: 12px; height: 12px; left: 8px; }
QLineEdit { background: %(raised)s; color: %(text)s; border: 1px solid %(line)s; border-radius: 4px;
            padding: 0 6px; selection-background-color: %(accent)s; }
QLineEdit:disabled { color: %(disabled)s; }
QLineEdit:focus { border: 2px solid %(accent)s; padding: 0 5px; }
QSplitter::handle { background: %(gutter)s; }
QSplitter::handle:hover { background: %(accent)s; }
QScrollBar:vertical { background: %(background)s; width: 8px; margin: 0; }
QScrollBar:horizontal { background: %(background)s; height: 8px; margin: 0; }
QScrollBar::handle { background: %(line)s; border-radius: 3px; margin: 1px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: %(muted)s; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none;
            border: none; width: 0; height: 0; }
"""
