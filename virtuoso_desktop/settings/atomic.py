"""Files that are either the old or the new one, never half of each."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

REPLACE_TRIES = 20
REPLACE_PAUSE_S = 0.05


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replace a file by ``content`` (text as UTF-8), readable by this user only.

    The content is on the disk before the name changes, so that a crash or a full disk leaves the old file.
    Raises OSError; the temporary file is then gone.
    """
    import tempfile  # the first window does not wait for it

    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _replace(Path(temporary), path)
    finally:
        with suppress(OSError):  # it is gone once it took the file's place
            Path(temporary).unlink()
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _replace(temporary: Path, path: Path) -> None:
    """Rename; on Windows again and again for 1 s, while a virus scanner holds the old file."""
    for left in range(REPLACE_TRIES - 1, -1, -1):
        try:
            temporary.replace(path)
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(REPLACE_PAUSE_S)
        else:
            return
