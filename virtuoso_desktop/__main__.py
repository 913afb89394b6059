"""``python -m virtuoso_desktop``, and the program's entry point."""

from __future__ import annotations

import gc
from typing import NoReturn


def start() -> NoReturn:
    """Begin without the garbage collector: among the imports of the first painted window it takes 5 ms of 165."""
    gc.disable()
    from virtuoso_desktop.app.main import main

    main()


if __name__ == "__main__":
    start()
