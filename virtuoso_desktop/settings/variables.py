"""Which environment variables are settings. Imports nothing: the first painted window waits for it.

Every setting lies in a section, so its variable has a double underscore: ``VIRTUOSO_UNIVERSE__SIZE``. A variable
without one (``VIRTUOSO_DATA``) is somebody else's and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

PREFIX = "VIRTUOSO_"
SEPARATOR = "__"
CREDENTIALS = "api_credentials"
"""The section of keys and secrets, which stand neither in a file nor on a command line."""


def variable_of(path: Iterable[str | int]) -> str:
    """The environment variable of a setting."""
    return PREFIX + SEPARATOR.join(str(part).upper() for part in path)


def setting_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are settings, by name; whether they are right is another matter."""
    return {
        name: value
        for name, value in sorted(environ.items())
        if name.upper().startswith(PREFIX) and SEPARATOR in name[len(PREFIX) :]
    }
