"""A second start of the same profile shows the window of the running program.

The running window listens on a local socket in its source's folder (on Windows a named pipe), which only the same user
can open. A second start that finds the folder held sends the desktop's activation token and ends.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtNetwork import QLocalServer, QLocalSocket

from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.storage.profile import ProfileHeld
from virtuoso_desktop.ui.bring_up import TOKEN_VARIABLE, bring_up

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from virtuoso_desktop.app.run_folder import RunFolder

SOCKET_FILE = "show-window.sock"
LONGEST_ADDRESS = 100
"""Bytes that every system takes as the path of a socket."""
ANSWER_MS = 1_500
PATIENCE_S = 2.5
"""A window that is just being opened does not listen yet; one that is just being quit frees the folder soon."""
PAUSE_S = 0.1
LONGEST_ASK = 1_024
_ASK, _ANSWER = b"show ", b"shown\n"
log = logging.getLogger(__name__)


def address_of(folder: Path) -> str:
    """Where the window of a source's folder listens."""
    inside = str(folder.absolute() / SOCKET_FILE)
    if sys.platform != "win32" and len(os.fsencode(inside)) <= LONGEST_ADDRESS:
        return inside
    name = f"virtuoso-{hashlib.sha256(os.fsencode(str(folder.absolute()).casefold())).hexdigest()[:24]}"
    return name if sys.platform == "win32" else str(Path(tempfile.gettempdir()) / f"{name}.sock")


class WindowDoor:
    """Listens for second starts.

    Parameters
    ----------
    folder : Path
        The source's folder, held by this process.
    window : QWidget
        Shown when asked.
    """

    def __init__(self, folder: Path, window: QWidget) -> None:
        self._window = window
        self._address = address_of(folder)
        self._server = QLocalServer(window)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def open(self) -> None:
        """Listen from now on. A system that refuses is logged: a second start then says that the folder is held."""
        QLocalServer.removeServer(self._address)  # of a run that was killed: the folder is ours alone
        if not self._server.listen(self._address):
            log.info("a second start cannot show this window: %s", self._server.errorString())

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.close()

    def _on_connection(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._on_ask(socket))
            if socket.bytesAvailable():
                self._on_ask(socket)

    def _on_ask(self, socket: QLocalSocket) -> None:
        if socket.canReadLine():
            asked = bytes(socket.readLine(LONGEST_ASK).data())
            if asked.startswith(_ASK) and asked.endswith(b"\n"):
                token = asked[len(_ASK) :].strip().decode("ascii", "ignore")
                log.info("shown by a second start")
                bring_up(self._window, token)
                socket.write(_ANSWER)
                socket.flush()
        elif socket.bytesAvailable() < LONGEST_ASK:
            return
        socket.disconnectFromServer()


def show_running(folder: Path) -> bool:
    """Ask the program that holds a folder for its window; False when it has none, or does not answer in time."""
    socket = QLocalSocket()
    socket.connectToServer(address_of(folder))
    if not socket.waitForConnected(ANSWER_MS):
        return False
    token = os.environ.get(TOKEN_VARIABLE, "")
    socket.write(_ASK + token.encode("ascii", "ignore").replace(b"\n", b"")[: LONGEST_ASK - 16] + b"\n")
    socket.flush()
    ends_s = time.monotonic() + ANSWER_MS / 1000
    said = b""
    while b"\n" not in said and time.monotonic() < ends_s:
        if not socket.waitForReadyRead(100) and socket.state() is not QLocalSocket.LocalSocketState.ConnectedState:
            break
        said += bytes(socket.readAll().data())
    with suppress(RuntimeError):
        socket.abort()
    return said == _ANSWER


def take_or_show(folder: RunFolder, name: str, held: ProfileHeld, *, has_wishes: bool) -> ExitCode | None:
    """What a start does that found its folder held: show the running window, or take over from one that is ending.

    Parameters
    ----------
    folder : RunFolder
        Of this start.
    name : str
        The source's folder.
    held : ProfileHeld
        What the first attempt said.
    has_wishes : bool
        The command line asks for more than a window.

    Returns
    -------
    ExitCode or None
        How this start ends; None when it has the folder now.

    Raises
    ------
    ProfileHeld
        Neither within a few seconds.
    """
    ends_s = time.monotonic() + PATIENCE_S
    while True:
        if show_running(held.folder):
            wishes = " What this start was asked for besides does not count there." if has_wishes else ""
            say(f"Virtuoso Desktop runs already with this profile; its window is in front now.{wishes}")
            return ExitCode.DONE
        try:
            folder.open(name)
        except ProfileHeld as still:
            if time.monotonic() > ends_s:
                raise
            held = still
            time.sleep(PAUSE_S)
        else:
            return None
