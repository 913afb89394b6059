"""How the program ends."""

from __future__ import annotations

from enum import IntEnum

from virtuoso_desktop.app.logs import say
from virtuoso_desktop.model.errors import ConfigError, VirtuosoError


class ExitCode(IntEnum):
    """What the shell is told."""

    DONE = 0
    """``--duration`` is over, the window was closed, or SIGINT or SIGTERM was followed by an ordered stop."""
    ERRORS = 1
    """The program ran, and a person was shown an error."""
    USAGE = 2
    """Bad usage, or a ``--config`` or ``--set`` that is wrong."""
    CANNOT_RUN = 3
    """Not here, or not now: self-test failed, profile held by another instance, port taken."""


class CannotRun(VirtuosoError):
    """The program cannot run here; ``user_text`` says why and what to do."""


def refusal(error: VirtuosoError) -> ExitCode:
    """Say in one sentence why the program does not begin; returns how it ends."""
    say(error.user_text)
    return ExitCode.USAGE if isinstance(error, ConfigError) else ExitCode.CANNOT_RUN
