"""One exception class per decision a caller can take.

Every error carries ``user_text``: what happened, what was kept, what to do.
"""

from __future__ import annotations


class VirtuosoError(Exception):
    """Base of all errors that the program raises itself.

    Parameters
    ----------
    user_text : str
        One or two sentences for a person: what happened, what was kept, what to do.
    """

    def __init__(self, user_text: str) -> None:
        super().__init__(user_text)
        self.user_text = user_text


class ConfigError(VirtuosoError):
    """A setting is wrong. ``line`` is the 1-based line in the file, None without a file."""

    def __init__(self, user_text: str, *, line: int | None = None) -> None:
        super().__init__(user_text)
        self.line = line


class LinkError(VirtuosoError):
    """The network or the venue's server failed; trying again later may succeed."""


class VenueDown(LinkError):
    """The venue's own servers report a fault; nothing is wrong on this side."""


class RateLimited(LinkError):
    """The venue asks for a pause of ``retry_after_s`` seconds.

    ``is_told`` is False when the venue named no time: then pauses in a row grow.
    """

    def __init__(self, user_text: str, *, retry_after_s: float, is_told: bool = True) -> None:
        super().__init__(user_text)
        self.retry_after_s = retry_after_s
        self.is_told = is_told


class VenueBlocked(RateLimited):
    """The venue does not serve this address or country; a pause does not help, another network might."""


class VenueRejected(VirtuosoError):
    """The venue understood and refused; the same request will fail again. ``code`` is the venue's."""

    def __init__(self, user_text: str, *, code: int | str) -> None:
        super().__init__(user_text)
        self.code = code


class ParseError(VirtuosoError):
    """A frame or an answer is not what the venue's documentation describes.

    ``kind`` is a stable word to count by: ``malformed``, ``old_format``, ``unsupported_topic``,
    ``unsupported_kind``, ``bad_value``, ``empty``.
    """

    def __init__(self, user_text: str, *, kind: str) -> None:
        super().__init__(user_text)
        self.kind = kind


class BookGap(VirtuosoError):
    """An order book can no longer be trusted and needs a fresh snapshot.

    ``reason`` is ``gap``, ``crossed``, ``off_sequence`` or ``bad_level``.
    """

    def __init__(self, user_text: str, *, reason: str) -> None:
        super().__init__(user_text)
        self.reason = reason


class StorageError(VirtuosoError):
    """The profile cannot be written (read-only, full, held by another instance)."""
