"""How this program starts itself: from source, wheel or bundle."""

from __future__ import annotations

import sys


def own_command(command: str) -> list[str]:
    """The arguments that run one of the program's own commands in a process of its own."""
    if getattr(sys, "frozen", False):
        return [sys.executable, command]
    return [sys.executable, "-m", "virtuoso_desktop", command]
