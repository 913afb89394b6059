"""Does the desktop ask for less motion? Asked once, after the first paint.

Qt tells from 6.12 on; before that Windows is asked directly, and Linux desktops through the settings
portal. Elsewhere, or without an answer, the menu decides.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from collections.abc import Callable

PORTAL = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings")
GNOME_ANIMATIONS = ("org.gnome.desktop.interface", "enable-animations")


def ask_desktop(parent: QObject, answer: Callable[[bool], None]) -> None:
    """Call ``answer`` with True when the person asked the desktop to reduce motion; perhaps later, perhaps never."""
    preference = getattr(QGuiApplication.styleHints().accessibility(), "motionPreference", None)
    if preference is not None:
        answer(preference().name == "ReducedMotion")
    elif sys.platform == "win32":
        answer(_windows_animations_are_off())
    elif sys.platform == "linux":
        _ask_portal(parent, answer)


def _windows_animations_are_off() -> bool:
    import ctypes

    get_client_area_animation = 0x1042
    is_on = ctypes.c_int(1)
    windll = ctypes.windll  # pyright: ignore[reportAttributeAccessIssue]
    asked = windll.user32.SystemParametersInfoW(get_client_area_animation, 0, ctypes.byref(is_on), 0)
    return bool(asked) and not is_on.value


def _ask_portal(parent: QObject, answer: Callable[[bool], None]) -> None:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return
    message = QDBusMessage.createMethodCall(*PORTAL, "ReadOne")
    message.setArguments(list(GNOME_ANIMATIONS))
    watcher = QDBusPendingCallWatcher(bus.asyncCall(message, 2_000), parent)

    def on_finished(done: QDBusPendingCallWatcher) -> None:
        reply = done.reply()
        if reply.type() is QDBusMessage.MessageType.ReplyMessage and reply.arguments():
            value = reply.arguments()[0]
            answer(not (value.variant() if hasattr(value, "variant") else value))
        done.deleteLater()

    watcher.finished.connect(on_finished)
