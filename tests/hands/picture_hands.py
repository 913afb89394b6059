"""Takes every picture of the documentation in one run of the seeded demo, once all six dimensions are warm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QCursor, QPainter
from PySide6.QtWidgets import QApplication, QMenu

from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hands.driven import Driven

WARM_S = 1_500.0
"""Streams need ten minutes and a closed five-minute candle after that."""
WHOLE = ((1280, 720), (1600, 1000), (2560, 1440))
PANEL_SIZE = (1280, 800)
PANELS = ("order_book", "overview", "system", "log", "trades", "liquidations", "signals")


class Photographer:
    """Brings the window into each state and writes its picture.

    Parameters
    ----------
    driven : Driven
        The running program.
    folder : Path
        Gets ``whole-THEME-WxH.png`` and ``guide/THEME/NAME.png``.
    """

    def __init__(self, driven: Driven, folder: Path) -> None:
        self._driven = driven
        self._folder = folder
        self.taken: list[str] = []

    async def take_all(self, theme: str) -> None:
        """Every picture in one theme."""
        self._driven.window.theme.choose(ThemeChoice(theme))
        for size in WHOLE:
            await self._settle(size)
            self._write(f"whole-{theme}-{size[0]}x{size[1]}")
        await self._settle(PANEL_SIZE)
        for name, (prepare, leave) in self._states().items():
            prepare()
            await self._driven.settle(1.2)
            self._write(f"guide/{theme}/{name}")
            leave()
            await self._driven.settle()

    def _states(self) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
        run = self._driven.window.interior.commands.run
        shown = {name: (lambda name=name: run(f"show_{name}"), _nothing) for name in PANELS}
        back = self._to_default
        return {
            "window": (back, _nothing),
            **shown,
            "scanner": (self._to_scanner, self._from_scanner),
            "single-chart": (lambda: run("workspace_3"), back),
            "command-palette": (lambda: run("command_palette"), self._close_all),
            "settings": (lambda: run("settings"), self._close_all),
            "indicators": (lambda: run("indicators"), self._close_all),
            "shortcuts": (lambda: run("list_shortcuts"), self._close_all),
            "data": (lambda: run("show_data"), self._close_all),
            "connections": (lambda: run("show_connections"), self._close_all),
            "about": (lambda: run("show_about"), self._close_all),
            "menu": (lambda: run("menu"), self._close_all),
        }

    def _to_scanner(self) -> None:
        self._driven.window.interior.commands.run("workspace_2")
        self._driven.window.interior.commands.run("show_scanner")

    def _from_scanner(self) -> None:
        self._driven.window.interior.commands.run("show_all_watched")
        self._to_default()

    def _to_default(self) -> None:
        self._driven.window.interior.commands.run("workspace_1")

    def _close_all(self) -> None:
        window = self._driven.window
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not window:
                top.close()

    async def _settle(self, size: tuple[int, int]) -> None:
        window = self._driven.window
        window.setFixedSize(*size)
        await self._driven.settle(2.0)  # a workspace that nobody changed fits itself to the window

    def _write(self, name: str) -> None:
        """The window with what lies over it: dialogs and menus are windows of their own."""
        window = self._driven.window
        picture = window.grab()
        painter = QPainter(picture)
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not window and (isinstance(top, QMenu) or top.parentWidget() is not None):
                painter.drawPixmap(window.mapFromGlobal(top.mapToGlobal(top.rect().topLeft())), top.grab())
        painter.end()
        path = self._folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not picture.save(str(path), "PNG"):
            raise OSError(f"{path} cannot be written")
        self.taken.append(name)


def _nothing() -> None:
    """The next picture needs no way back."""


async def play(driven: Driven) -> list[str]:
    """Wait until everything is warm, then take the pictures."""
    QCursor.setPos(4_000, 4_000)
    await driven.until_live(60)
    instrument = driven.window.instrument
    engine = driven.run.engine
    assert instrument is not None
    assert engine is not None

    def is_warm() -> bool:
        view = engine.analysis(instrument, Timeframe.M5)
        found = None if view is None else view.result
        return found is not None and all(each.score is not None for each in found.dimensions.values())

    await driven.until(is_warm, "all six dimensions", WARM_S)
    photographer = Photographer(driven, Path(os.environ["PICTURES_FOLDER"]))
    for theme in ("dark", "light"):
        await photographer.take_all(theme)
    return photographer.taken
