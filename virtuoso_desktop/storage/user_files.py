"""What the user made and arranged: small JSON files that survive a crash, damage and an older program.

A file is read when it is asked for and written by one worker thread, whole and at once; of several versions that wait
only the newest is written. A file that cannot be read is set aside under another name, never overwritten. Fields that
this program does not know, of a newer one, stay in the file.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

import msgspec

from virtuoso_desktop.settings.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

T = TypeVar("T", bound=msgspec.Struct)
LARGEST_BYTES = 32 * 1024 * 1024
"""A larger file is not one of ours."""
MOST_SET_ASIDE = 99
log = logging.getLogger(__name__)


class Read(NamedTuple, Generic[T]):
    """What a file held: ``value`` is None when there is nothing usable, ``problem`` says in words why not."""

    value: T | None
    problem: str | None = None


class UserFiles:
    """The files of one folder.

    Parameters
    ----------
    folder : Path or None
        Made when the first file is written. None: nothing is kept, and nothing was.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[], bytes]] = {}
        self._worker: ThreadPoolExecutor | None = None
        self.tell: Callable[[str], object] = log.warning
        """Told in words when something could not be written; called in the worker thread."""

    def file(self, name: str, kind: type[T], about: str) -> UserFile[T]:
        """One file.

        Parameters
        ----------
        name : str
            Without folder and ending.
        kind : type of msgspec.Struct
            Every field with a default.
        about : str
            What it holds, as a person calls it: ``watchlists``.
        """
        return UserFile(self, name, kind, about)

    @property
    def keeps(self) -> bool:
        """Whether anything written here is there at the next start."""
        return self._folder is not None

    def close(self) -> None:
        """Wait until everything is written."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=True)

    # --- for UserFile -------------------------------------------------------------------------------------------

    def path(self, name: str) -> Path | None:
        """Where a file lies."""
        return None if self._folder is None else self._folder / f"{name}.json"

    def write_soon(self, name: str, content: Callable[[], bytes]) -> None:
        """Let the worker ask for a file's content and write it."""
        if self._folder is None:
            return
        with self._lock:
            is_waiting = name in self._waiting
            self._waiting[name] = content
        if is_waiting:
            return
        if self._worker is None:
            from concurrent.futures import ThreadPoolExecutor  # the first window does not wait for it

            self._worker = ThreadPoolExecutor(1, thread_name_prefix="user-files")
        self._worker.submit(self._write, name)

    def _write(self, name: str) -> None:
        with self._lock:
            make = self._waiting.pop(name)
        content = make()
        path = cast("Path", self.path(name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            self.tell(f"{path} cannot be written ({error.strerror}). What you changed counts until the program ends.")


class UserFile(Generic[T]):
    """One file: `read` it once, `save` it whenever its value changed."""

    def __init__(self, files: UserFiles, name: str, kind: type[T], about: str) -> None:
        self._files = files
        self._name = name
        self._kind = kind
        self._about = about
        self._whole: dict[str, Any] = {}
        """What the file holds, with fields that `kind` does not know."""

    def read(self) -> Read[T]:
        """What was saved last; a damaged file is set aside first."""
        path = self._files.path(self._name)
        if path is None:
            return Read(None)
        try:
            if path.stat().st_size > LARGEST_BYTES:
                return Read(None, self._set_aside(path, "it is far too large"))
            content = path.read_bytes()
        except FileNotFoundError:
            return Read(None)
        except OSError as error:
            return Read(None, f"The {self._about} cannot be read: {path}: {error.strerror}.")
        try:
            whole = msgspec.json.decode(content, type=dict[str, Any])
            value = msgspec.json.decode(content, type=self._kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Read(None, self._set_aside(path, str(error)))
        self._whole = whole
        return Read(value)

    def save(self, value: T) -> None:
        """Keep it from now on; written by the worker, at once."""
        content = self._content(value)
        self._files.write_soon(self._name, lambda: content)

    def save_made(self, make: Callable[[], T]) -> None:
        """`save` for a value that takes long to make: the worker makes it, from what nobody changes any more."""
        self._files.write_soon(self._name, lambda: self._content(make()))

    def _content(self, value: T) -> bytes:
        self._whole = _joined(self._whole, msgspec.to_builtins(value))
        return msgspec.json.format(msgspec.json.encode(self._whole), indent=1)

    def _set_aside(self, path: Path, why: str) -> str:
        for place in range(1, MOST_SET_ASIDE + 1):
            aside = path.with_name(f"{path.stem}.set-aside-{place}.json")
            if not aside.exists():
                break
        else:
            aside = path.with_name(f"{path.stem}.set-aside-1.json")
        with suppress(OSError):
            path.replace(aside)
        return f"The {self._about} could not be read ({why}). They begin anew; the file is kept as {aside}."


def _joined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """``new`` with the fields of ``old`` that it does not know.

    Only the fields of structs are joined, those at the top: a member that left a mapping below has to be gone.
    """
    return {**{name: value for name, value in old.items() if name not in new}, **new}
