"""How another program of the same user asks a running one for its history, whose file only one process may open.

A local socket (on Windows a named pipe) in the source's folder, behind a key in a file that only the user can read.
A request is msgpack, columns are raw float64; nothing is ever unpickled. The answers come from threads of their own:
the event loop knows nothing of it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.history_file import HistoryFile
from virtuoso_desktop.storage.history_rows import VALUES, Batch, HistoryInfo, Rows, SeriesKey, Stored
from virtuoso_desktop.storage.ranges import Range

KEY_FILE = "ask-history.json"
SOCKET_FILE = "ask-history.sock"
LONGEST_ADDRESS = 100
"""Bytes that every system takes as the path of a socket."""
MOST_CLIENTS = 4
T = TypeVar("T")
log = logging.getLogger(__name__)


class _Key(msgspec.Struct, frozen=True):
    """What the key file says."""

    address: str
    family: str
    secret: str


class _InfoAsk(msgspec.Struct, frozen=True, tag="info"):
    pass


class _ReadAsk(msgspec.Struct, frozen=True, tag="read"):
    key: SeriesKey
    start_ms: int
    end_ms: int


class _CoveredAsk(msgspec.Struct, frozen=True, tag="covered"):
    key: SeriesKey


class _StoreAsk(msgspec.Struct, frozen=True, tag="store"):
    """``parts``: series, covered time, number of rows and `Batch.yields`, in the order of the messages that follow."""

    parts: list[tuple[SeriesKey, list[Range], int, bool]]


_Ask = _InfoAsk | _ReadAsk | _CoveredAsk | _StoreAsk
_ASKS = msgspec.msgpack.Decoder(_Ask)


class _Answer(msgspec.Struct, frozen=True):
    error: str | None = None
    info: HistoryInfo | None = None
    columns: int = 0
    """A read's answer is followed by its rows as one message."""
    ranges: list[Range] = []
    stored: tuple[int, int] = (0, 0)


Submit = Callable[..., Future[Any]]


class HistoryDoor:
    """Answers other processes while the program runs.

    Parameters
    ----------
    folder : Path
        The source's folder, held by this process.
    submit : callable
        ``submit(run, needs_all=True)`` runs something with the history file in its thread.
    """

    def __init__(self, folder: Path, submit: Submit) -> None:
        self._folder = folder
        self._submit = submit
        self._listener: Listener | None = None
        self._secret = secrets.token_bytes(32)
        self._address = ""
        self._room = threading.BoundedSemaphore(MOST_CLIENTS)
        self._closing = False

    def open(self) -> None:
        """Listen from now on. A system that refuses is logged: the program runs without."""
        try:
            self._address, family = _new_address(self._folder)
            self._listener = Listener(self._address, family)
            _write_private(self._folder / KEY_FILE, _Key(self._address, family, self._secret.hex()))
        except OSError as error:
            log.info("the history cannot be asked from outside: %s", error)
            self.close()
            return
        threading.Thread(target=self._listen, name="history.door", daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._closing = True
        with contextlib.suppress(OSError):
            (self._folder / KEY_FILE).unlink()
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError, EOFError):
                Client(self._address).close()  # wakes the listening thread
            with contextlib.suppress(OSError):
                listener.close()

    def _listen(self) -> None:
        listener = self._listener
        while listener is not None and not self._closing:
            try:
                connection = listener.accept()
            except (OSError, EOFError):
                return
            if self._closing or not self._room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._talk, args=(connection,), name="history.answer", daemon=True).start()

    def _talk(self, connection: Connection) -> None:
        try:
            with connection:
                deliver_challenge(connection, self._secret)
                answer_challenge(connection, self._secret)
                while True:
                    self._answer(connection)
        except (OSError, EOFError, AuthenticationError, UnicodeDecodeError, msgspec.MsgspecError):
            pass  # the other side went away, or is not one of ours
        finally:
            self._room.release()

    def _answer(self, connection: Connection) -> None:
        ask = _ASKS.decode(connection.recv_bytes())
        rows: Rows | None = None
        try:
            if isinstance(ask, _ReadAsk):
                rows = self._run(lambda file: file.read(ask.key, ask.start_ms, ask.end_ms))
                answer = _Answer(columns=rows.shape[0])
            else:
                answer = self._answer_small(connection, ask)
        except StorageError as error:
            answer = _Answer(error=error.user_text)
        connection.send_bytes(msgspec.msgpack.encode(answer))
        if rows is not None:
            connection.send_bytes(np.ascontiguousarray(rows).tobytes())

    def _answer_small(self, connection: Connection, ask: _InfoAsk | _CoveredAsk | _StoreAsk) -> _Answer:
        if isinstance(ask, _InfoAsk):
            return _Answer(info=self._run(lambda file: file.info()))
        if isinstance(ask, _CoveredAsk):
            return _Answer(ranges=list(self._run(lambda file: file.covered(ask.key))))
        batches = [
            Batch(key, _rows(connection.recv_bytes(), 1 + len(VALUES[key.kind]), count), tuple(covered), yields)
            for key, covered, count, yields in ask.parts
        ]
        return _Answer(stored=self._run(lambda file: file.store(batches)))

    def _run(self, run: Callable[[HistoryFile], T]) -> T:
        return self._submit(run, needs_all=True).result()


class HistoryClient:
    """The history of a running program, with the methods of `HistoryFile`. Raises StorageError.

    Parameters
    ----------
    folder : Path
        The source's folder.
    """

    def __init__(self, folder: Path) -> None:
        try:
            key = msgspec.json.decode((folder / KEY_FILE).read_bytes(), type=_Key)
            self._connection = Client(key.address, key.family, authkey=bytes.fromhex(key.secret))
        except (OSError, EOFError, ValueError, AuthenticationError, msgspec.MsgspecError) as error:
            raise StorageError(f"No running program answers for {folder} ({error}).") from error

    def close(self) -> None:
        self._connection.close()

    def info(self) -> HistoryInfo:
        info = self._ask(_InfoAsk()).info
        assert info is not None
        return info

    def read(self, key: SeriesKey, start_ms: int, end_ms: int) -> Rows:
        answer = self._ask(_ReadAsk(key, start_ms, end_ms))
        with _gone():
            return _rows(self._connection.recv_bytes(), answer.columns, None)

    def covered(self, key: SeriesKey) -> tuple[Range, ...]:
        return tuple(self._ask(_CoveredAsk(key)).ranges)

    def store(self, batches: Sequence[Batch]) -> Stored:
        parts = [(batch.key, list(batch.covered), batch.row_count, batch.yields) for batch in batches]
        return Stored(*self._ask(_StoreAsk(parts), [batch.rows for batch in batches]).stored)

    def _ask(self, ask: _Ask, arrays: Sequence[Rows] = ()) -> _Answer:
        with _gone():
            self._connection.send_bytes(msgspec.msgpack.encode(ask))
            for array in arrays:
                self._connection.send_bytes(np.ascontiguousarray(array).tobytes())
            answer = msgspec.msgpack.decode(self._connection.recv_bytes(), type=_Answer)
        if answer.error is not None:
            raise StorageError(answer.error)
        return answer


@contextlib.contextmanager
def _gone() -> Any:
    try:
        yield
    except (OSError, EOFError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise StorageError("The running program ended before it had answered. Try again.") from error


def _rows(data: bytes, columns: int, count: int | None) -> Rows:
    rows = np.frombuffer(data, dtype=np.float64).reshape(columns, -1)
    if count is not None and rows.shape[1] != count:
        raise EOFError
    return rows


def _new_address(folder: Path) -> tuple[str, str]:
    if sys.platform == "win32":
        return rf"\\.\pipe\virtuoso-{secrets.token_hex(8)}", "AF_PIPE"
    file = folder.absolute() / SOCKET_FILE
    if len(os.fsencode(file)) > LONGEST_ADDRESS:
        file = Path(tempfile.mkdtemp(prefix="virtuoso-")) / SOCKET_FILE
    file.unlink(missing_ok=True)  # of a run that was killed: the folder is ours alone
    return str(file), "AF_UNIX"


def _write_private(file: Path, key: _Key) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(key))
    finally:
        os.close(descriptor)
