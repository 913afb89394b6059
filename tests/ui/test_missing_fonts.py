"""Without the bundled fonts and icons the window is shown in the system's fonts, and nothing fails."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import sys
for package in ("fontpkg_inter", "fontpkg_jetbrains_mono", "qtawesome"):
    sys.modules[package] = None  # as if it were not installed
from PySide6.QtWidgets import QApplication
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui.fonts import FIXED, SANS, Type, font
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import ThemeChoice
from virtuoso_desktop.ui.window import MainWindow

app = QApplication([])
window = MainWindow(Theme(), Source.LIVE, now_ms=lambda: 0)
window.show()
app.processEvents()
window.interior.open_menu()
window.theme.choose(ThemeChoice.LIGHT)
app.processEvents()
assert not window.grab().isNull()
for role in Type:
    assert font(role).family() not in (SANS, FIXED), role
    assert font(role).pixelSize() == role.value[0], role
print("shown")
"""


def test_the_window_is_shown_without_the_bundled_fonts() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "shown", done.stderr
    assert "Traceback" not in done.stderr
