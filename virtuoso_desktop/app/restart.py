"""Starting the program again: with the same command, or with the other of live and simulated market.

Loaded only when it is asked for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.own_program import own_command
from virtuoso_desktop.app.stopping import Again

DEMO, SPEED = "--demo", "--speed"


def arguments_again(arguments: Sequence[str], again: Again) -> list[str]:
    """The arguments of the next start. A speed belongs to a simulated market and goes with it."""
    if again is Again.SAME:
        return list(arguments)
    kept = [each for each in arguments if each != DEMO]
    if again is Again.DEMO:
        return [*kept, DEMO]
    without: list[str] = []
    skips = False
    for each in kept:
        if skips or each == SPEED or each.startswith(f"{SPEED}="):
            skips = each == SPEED
            continue
        without.append(each)
    return without


def start_again(arguments: Sequence[str], again: Again) -> int:
    """Take this process's place by a new run; where the system cannot do that, start one beside and end."""
    command = own_command(*arguments_again(arguments, again))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 (our own executable)
    subprocess.Popen(command, close_fds=True)  # noqa: S603 (our own executable)
    return ExitCode.DONE
