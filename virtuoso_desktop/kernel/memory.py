"""Memory that is needed no longer, given back to the system. Each does nothing where the system has no such call."""

from __future__ import annotations

import ctypes
import ctypes.util
import mmap
import sys
from pathlib import Path

_MAPS = Path("/proc/self/maps")
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
LARGE_BYTES = 262_144
_DONT_NEED = getattr(mmap, "MADV_DONTNEED", 4)


def keep_to_one_heap() -> None:
    """Let all threads share one heap, and large arrays have memory of their own; for before the first thread.

    By default each worker gets a heap that keeps what it once needed, and the size of an array that goes back to the
    system when it is freed grows with every large one.
    """
    libc = _libc()
    if libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_THRESHOLD, LARGE_BYTES)


def give_back_free() -> None:
    """Return the allocator's free pages; what imports and first loads left behind. A few ms: for a worker."""
    libc = _libc()
    if libc is not None and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def give_back_code(library: str) -> int:
    """Unload the pages of a shared library's code that has done its work; returns how many bytes were mapped.

    The mapping stays: what runs again is read from its file again. LLVM's code is 50 MB of the process after the
    kernels are compiled, and nothing calls it any more.

    Parameters
    ----------
    library : str
        Part of the file's name.
    """
    libc = _libc()
    if libc is None or not _MAPS.exists():
        return 0
    given_back = 0
    for line in _MAPS.read_text(encoding="utf-8", errors="replace").splitlines():
        span, rights, *_, path = line.split(maxsplit=5)
        # Only code: data that is read-only now was written when the library was linked, and would come back unlinked.
        if rights.startswith("r-x") and library in Path(path).name:
            first, end = (int(each, 16) for each in span.split("-"))
            if libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _DONT_NEED) == 0:
                given_back += end - first
    return given_back


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    name = ctypes.util.find_library("c")
    return ctypes.CDLL(name) if name is not None else None
