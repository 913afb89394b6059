"""The main menu, built when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.shortcuts import keys_of
from virtuoso_desktop.ui.theme import ThemeChoice

if TYPE_CHECKING:
    from virtuoso_desktop.ui.interior import Interior


def main_menu(interior: Interior) -> QMenu:
    """Panels, workspaces, theme, full screen, command palette, why there is no data, shortcuts, about, quit."""
    theme = interior.theme
    muted, ratio = theme.color("muted"), interior.devicePixelRatioF()
    menu = QMenu(interior)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    interior.panel_actions.add_menus(menu)
    menu.addMenu(_theme_menu(interior, menu))
    full = menu.addAction(f"Full screen\t{keys_of('full_screen')}", interior.toggle_full_screen)
    full.setCheckable(True)
    full.setChecked(interior.window().isFullScreen())
    access = interior.settings
    if access.why_not() is None:
        settings = menu.addAction(f"Settings\t{keys_of('settings')}", access.open)
        settings.setIcon(icons.icon("gear", muted, ratio))
    if access.why_not_other() is None:
        is_demo = interior.source is Source.DEMO
        market = menu.addAction("Start again live" if is_demo else "Start again with the demo", access.start_other)
        market.setIcon(icons.icon("broadcast" if is_demo else "flask", muted, ratio))
    menu.addSeparator()
    palette = menu.addAction(f"Command palette\t{keys_of('command_palette')}", interior.palette_opener.toggle)
    palette.setIcon(icons.icon("magnifying-glass", muted, ratio))
    data = menu.addAction(f"Data of the instrument\t{keys_of('show_data')}", interior.show_data)
    data.setIcon(icons.icon("list", muted, ratio))
    if interior.has_doctor:
        doctor = menu.addAction("Why is there no data?", interior.show_doctor)
        doctor.setIcon(icons.icon("warning-circle", muted, ratio))
    shortcuts = menu.addAction(f"Shortcuts\t{keys_of('list_shortcuts')}", interior.list_shortcuts)
    shortcuts.setIcon(icons.icon("keyboard", muted, ratio))
    about = menu.addAction("About Virtuoso", interior.show_about)
    about.setIcon(icons.icon("info", muted, ratio))
    menu.addSeparator()
    leave = menu.addAction(f"Quit\t{keys_of('quit')}", lambda: interior.commands.run("quit"))
    leave.setIcon(icons.icon("sign-out", muted, ratio))
    return menu


def _theme_menu(interior: Interior, parent: QMenu) -> QMenu:
    theme = interior.theme
    menu = QMenu("Theme", parent)
    menu.setIcon(icons.icon("circle-half", theme.color("muted"), interior.devicePixelRatioF()))
    group = QActionGroup(menu)
    for choice in ThemeChoice:
        action = menu.addAction(choice.value.capitalize())
        action.setCheckable(True)
        action.setChecked(choice is theme.choice)
        action.triggered.connect(lambda _checked, chosen=choice: theme.choose(chosen))
        group.addAction(action)
    menu.addSeparator()
    colours = menu.addAction("Colours for colour-blind eyes")
    colours.setCheckable(True)
    colours.setChecked(theme.colour_blind)
    colours.toggled.connect(theme.set_colour_blind)
    motion = menu.addAction("Reduce motion")
    motion.setCheckable(True)
    motion.setChecked(theme.reduced_motion)
    motion.toggled.connect(theme.set_reduced_motion)
    return menu
