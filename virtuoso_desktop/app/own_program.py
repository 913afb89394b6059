"""How this program starts itself: from source, wheel or bundle."""

from __future__ import annotations

import sys


def own_command(*arguments: str) -> list[str]:
    """The command line that runs this program, or one of its commands, in a process of its own."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "virtuoso_desktop", *arguments]
