"""Scales of the streams as one run leaves them for the next. Imports no numpy."""

from __future__ import annotations

import msgspec


class KeptScales(msgspec.Struct, frozen=True):
    """Scales by instrument and dimension, in the form of each dimension's `keep`.

    They are a value of the profile's cache, not of the journal: without them nothing is lost but a warm-up.
    """

    version: int
    """`VERSION`; another one is not read."""
    kept_ms: dict[str, int]
    """Venue time, by instrument."""
    scales: dict[str, dict[str, bytes]]


VERSION = 1
