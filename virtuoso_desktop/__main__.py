"""``python -m virtuoso_desktop``, and the program's entry point."""

from __future__ import annotations

import gc
from typing import NoReturn


def begin() -> None:
    """Save 10 ms of the 150 to the first painted window: no garbage collection, nothing that Python has already."""
    gc.disable()
    from virtuoso_desktop.kernel.imports import import_uuid, import_without

    import_uuid()
    import_without("msgspec", "typing_extensions")


def start() -> NoReturn:
    """Run the program."""
    begin()
    from virtuoso_desktop.app.main import main

    main()


if __name__ == "__main__":
    start()
