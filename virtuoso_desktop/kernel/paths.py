"""Where files are: packaged resources and the user's profile."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

APP_NAME = "virtuoso-desktop"
_PACKAGE = Path(__file__).resolve().parent.parent


def resource(name: str) -> Path:
    """Path of ``resources/...`` or ``config/...`` from a source tree, an installed wheel or a bundle.

    Raises FileNotFoundError that names the missing file.
    """
    folder, _, rest = name.partition("/")
    candidates = (
        _PACKAGE.parent / folder / rest,
        _PACKAGE / f"_{folder}" / rest,
        Path(getattr(sys, "_MEIPASS", _PACKAGE)) / "virtuoso_desktop" / f"_{folder}" / rest,
    )
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"packaged file {name} is missing")


def default_profile() -> Path:
    """The user's own data folder, local and never synced (platformdirs' ``user_data_dir``)."""
    from platformdirs import user_data_dir  # 20 ms: only when no --profile is given

    return Path(user_data_dir(APP_NAME, appauthor=False, roaming=False))


def make_private(folder: Path) -> None:
    """Create a folder that only this user can read (0700 where the system knows modes)."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
