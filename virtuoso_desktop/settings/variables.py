"""Which environment variables are settings. Imports little: the first painted window waits for it.

Every setting lies in a section, so its variable has a double underscore: ``VIRTUOSO_UNIVERSE__SIZE``. A variable
without one (``VIRTUOSO_DATA``) is somebody else's and is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PREFIX = "VIRTUOSO_"
SEPARATOR = "__"
CREDENTIALS = "api_credentials"
"""The section of keys and secrets, which stand neither in a file nor on a command line."""


_USER = re.compile(r"//[^/\s]*@")
_PASSWORD = re.compile(r"//[^/\s@]*:(?!\$\{)[^/\s]*@")


def masked(text: str) -> str:
    """A text without the user and password of a URL."""
    return _USER.sub("//…@", text)


def holds_password(text: str) -> bool:
    """Whether a URL has a password written out, not as ``${NAME}``."""
    return _PASSWORD.search(text) is not None


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
