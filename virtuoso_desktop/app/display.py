"""Whether a window can be shown here. Asked before Qt, which ends the whole process when it cannot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ctypes

PATIENCE_S = 3.0
X11_LIBRARIES = ("libxcb.so.1", "libxcb-cursor.so.0", "libEGL.so.1", "libGL.so.1")
"""Those that a fresh machine most often lacks; without the second, Qt ends the process."""


class Display(NamedTuple):
    """``problem`` says why there is no window, None when there can be one. ``platform`` None: Qt chooses."""

    problem: str | None
    platform: str | None = None


def find_display(
    environ: Mapping[str, str],
    system: str = sys.platform,
    *,
    try_x11: Callable[[str], str | None] | None = None,
    try_wayland: Callable[[Path], str | None] | None = None,
) -> Display:
    """Look for a display that answers.

    Parameters
    ----------
    environ : mapping
        Environment variables.
    system : str
        ``sys.platform``.
    try_x11 : callable, optional
        Connects to a ``DISPLAY``; returns what is wrong, None when it answers.
    try_wayland : callable, optional
        Connects to the socket of a compositor; returns what is wrong, None when it answers.
    """
    if system in ("win32", "darwin"):
        return Display(None)
    platform = environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform not in ("", "xcb", "wayland"):
        return Display(None)
    wayland_name, x11_name = environ.get("WAYLAND_DISPLAY"), environ.get("DISPLAY")
    problems: list[str] = []
    if wayland_name and platform != "xcb":
        problem = (try_wayland or _connect_wayland)(_wayland_socket(wayland_name, environ))
        if problem is None:
            return Display(None, None if x11_name or platform else "wayland")
        problems.append(f"WAYLAND_DISPLAY={wayland_name} {problem}")
    if x11_name and platform != "wayland":
        problem = (try_x11 or _connect_x11)(x11_name)
        if problem is None:
            return Display(None, "xcb" if problems else None)
        problems.append(f"DISPLAY={x11_name} {problem}")
    if not problems:
        return Display("neither DISPLAY nor WAYLAND_DISPLAY is set")
    return Display(" and ".join(problems))


def _wayland_socket(name: str, environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / name


def _connect_wayland(path: Path) -> str | None:
    import socket  # where no display is asked, the window does not wait for it

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE_S)
        try:
            probe.connect(str(path))
        except OSError as error:
            return f"does not answer ({error.strerror or error})"
    return None


def _connect_x11(name: str) -> str | None:
    """Connect as Qt will, through libxcb, with its rules about hosts, sockets and authority files."""
    import ctypes

    try:
        libraries = [ctypes.CDLL(library) for library in X11_LIBRARIES]
    except OSError as error:
        missing = str(error).partition(":")[0]
        return f"cannot be used, the system library {missing} is missing (`make setup` installs it)"
    outcome: list[bool] = []
    # A server that accepts and never answers would hold the program up for ever.
    connecting = Thread(target=lambda: outcome.append(_has_xcb_connection(libraries[0], name)), daemon=True)
    connecting.start()
    connecting.join(PATIENCE_S)
    return None if outcome == [True] else "does not answer"


def _has_xcb_connection(xcb: ctypes.CDLL, name: str) -> bool:
    import ctypes

    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not failed
