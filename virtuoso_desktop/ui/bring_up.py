"""Brings a window before the person, wherever it is: hidden, minimised or behind others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

TOKEN_VARIABLE = "XDG_ACTIVATION_TOKEN"  # noqa: S105 (the desktop's word for it)
"""By what Wayland knows that a person asked for a window; Qt reads it when it asks to be activated."""


def bring_up(window: QWidget, token: str = "") -> None:
    """Show, restore and activate.

    Parameters
    ----------
    window : QWidget
        A top-level window.
    token : str
        What the desktop gave the program that asks; empty for none.
    """
    if token:
        os.environ[TOKEN_VARIABLE] = token
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
