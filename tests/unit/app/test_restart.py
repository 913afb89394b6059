"""The next start has the same options, but for the market."""

from __future__ import annotations

import pytest

from virtuoso_desktop.app.arguments import parse
from virtuoso_desktop.app.exit_codes import ExitCode
from virtuoso_desktop.app.restart import arguments_again
from virtuoso_desktop.app.stopping import Again, StopRequest


@pytest.mark.parametrize(
    ("arguments", "again", "expected"),
    [
        (["--profile", "p"], Again.SAME, ["--profile", "p"]),
        (["--profile", "p"], Again.DEMO, ["--profile", "p", "--demo"]),
        (["--demo", "--profile", "p"], Again.DEMO, ["--profile", "p", "--demo"]),
        (["--demo", "--speed", "60", "--profile", "p"], Again.LIVE, ["--profile", "p"]),
        (["--speed=60", "--demo"], Again.LIVE, []),
        ([], Again.LIVE, []),
    ],
)
def test_the_arguments_of_the_next_start(arguments: list[str], again: Again, expected: list[str]) -> None:
    assert arguments_again(arguments, again) == expected
    assert parse(expected).demo is ("--demo" in expected)


def test_an_end_that_was_asked_for_stays_an_end() -> None:
    stop = StopRequest()
    stop.ask_again(Again.DEMO)
    assert (stop.again, stop.code) == (Again.DEMO, ExitCode.DONE)
    other = StopRequest()
    other.ask(ExitCode.CANNOT_RUN)
    other.ask_again(Again.DEMO)
    assert (other.again, other.code) == (None, ExitCode.CANNOT_RUN)
