"""How a command that reads and writes files answers: its exit code, one sentence for what is wrong, lines and JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.model.errors import ConfigError, ParseError, StorageError, VirtuosoError

_CODES: dict[type[VirtuosoError], ExitCode] = {
    ConfigError: ExitCode.USAGE,
    ParseError: ExitCode.ERRORS,
    StorageError: ExitCode.CANNOT_RUN,
}


def answered(run: Callable[[], ExitCode | None]) -> ExitCode:
    """Run a command, which is done unless it says otherwise; what it raises becomes a sentence and an exit code.

    A reader of the output that goes away ends it well.
    """
    try:
        code = run()
        return ExitCode.DONE if code is None else code
    except (ConfigError, ParseError, StorageError) as error:
        say(error.user_text)
        return next(code for kind, code in _CODES.items() if isinstance(error, kind))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.DONE


def print_line(text: str) -> None:
    """Write a line for the person."""
    sys.stdout.write(f"{text}\n")


def print_json(value: Any) -> None:
    """Write a value as indented JSON."""
    print_line(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
