"""The folder that a command on stored data means: a source within the profile."""

from __future__ import annotations

import argparse
from pathlib import Path

from virtuoso_desktop.kernel.paths import default_profile
from virtuoso_desktop.model.errors import ConfigError


def add_folder_arguments(command: argparse.ArgumentParser) -> None:
    """``--profile`` and ``--source``."""
    command.add_argument("--profile", type=Path, metavar="DIR", help="the profile folder")
    command.add_argument("--source", default="live", metavar="NAME", help="live (default), testnet, demo, ...")


def source_folder(given: argparse.Namespace) -> Path:
    """``<profile>/<source>``. Raises ConfigError when the source is no name of a folder."""
    name = Path(given.source)
    if len(name.parts) != 1 or given.source in (".", ".."):
        raise ConfigError(f"{given.source!r} is no source; it should be the name of a folder in the profile.")
    return (given.profile or default_profile()) / name
