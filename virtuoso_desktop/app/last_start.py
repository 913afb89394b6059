"""What the previous start of the same command was: whose cache the first painted window may show.

Reading settings takes longer than painting a window. While command, environment and settings file are unchanged, their
source is known from here; otherwise the settings are read first.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.atomic import write_atomically
from virtuoso_desktop.settings.variables import CREDENTIALS, setting_variables

if TYPE_CHECKING:
    from virtuoso_desktop.app.arguments import Options

FILE = "last-start.json"
USER_FILE = "settings.yaml"
VERSION = 2
log = logging.getLogger(__name__)


class SourceFolder(msgspec.Struct, frozen=True):
    """A run's source and the name of its folder in the profile."""

    source: Source
    folder: str


class LastStart(msgspec.Struct, frozen=True):
    """What decides the source, and what it was decided to be."""

    version: int
    config: str | None
    overrides: tuple[str, ...]
    variables: str
    """SHA-256 of the environment's settings; empty without any. Nothing of their values is kept."""
    stamp: tuple[int, int] | None
    """Time of change (ns) and size of the settings file; None without one."""
    decided: SourceFolder


def remembered_source(options: Options, root: Path) -> SourceFolder | None:
    """Source of this start, None while it cannot be known without the settings."""
    if options.demo:
        return demo_source_folder(options) if options.config is None and not options.overrides else None
    try:
        last = msgspec.json.decode((root / FILE).read_bytes(), type=LastStart)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        return None
    return last.decided if last == _last_start(options, root, last.decided) else None


def demo_source_folder(options: Options) -> SourceFolder:
    """Where a ``--demo`` run is kept, whatever its settings."""
    return SourceFolder(Source.DEMO, "demo" if options.speed == 1.0 else "demo-fast")


def remember_source(options: Options, root: Path, decided: SourceFolder) -> None:
    """Keep it for the next start. A profile that cannot be written is told elsewhere."""
    if options.demo or remembered_source(options, root) == decided:
        return
    try:
        write_atomically(root / FILE, msgspec.json.encode(_last_start(options, root, decided)))
    except OSError as error:
        log.info("the source of this start is not remembered: %s", error)


def _last_start(options: Options, root: Path, decided: SourceFolder) -> LastStart:
    file = options.config or root / USER_FILE
    try:
        found = file.stat()
        stamp = (found.st_mtime_ns, found.st_size)
    except OSError:
        stamp = None
    config = str(options.config.absolute()) if options.config is not None else None
    return LastStart(VERSION, config, options.overrides, _variables_hash(), stamp, decided)


def _variables_hash() -> str:
    found = setting_variables(os.environ).items()
    kept = [(name, value) for name, value in found if CREDENTIALS not in name.lower()]
    if not kept:
        return ""
    import hashlib

    return hashlib.sha256(msgspec.json.encode(kept)).hexdigest()
