"""What the commands on stored data share: the folder that they mean, the series, and the file that they write."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from virtuoso_desktop.kernel.paths import default_profile
from virtuoso_desktop.model.errors import ConfigError, StorageError


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


def add_series_arguments(command: argparse.ArgumentParser, *, is_required: bool) -> None:
    """``--instrument`` and ``--timeframe``; where they are not required, they narrow what is taken."""
    only = "" if is_required else "only this one, "
    command.add_argument("--instrument", required=is_required, metavar="NAME", help=f"{only}e.g. bybit:linear:BTCUSDT")
    command.add_argument(
        "--timeframe", required=is_required, metavar="TF", help=f"{only}one of 1m 5m 15m 30m 1h 4h 1d ..."
    )


def add_file_arguments(command: argparse.ArgumentParser, kinds: Sequence[str]) -> None:
    """``--out`` and ``--format``."""
    command.add_argument("--format", choices=kinds, help="default: by the ending of --out")
    command.add_argument("--out", type=Path, required=True, metavar="PATH", help="the file to write")


def wanted_file(given: argparse.Namespace, kinds: Sequence[str], packed: str = "") -> tuple[Path, str]:
    """The file to write and its format, by its ending (``packed`` may follow) unless it is named.

    Raises ConfigError.
    """
    out: Path = given.out
    name = out.name.removesuffix(packed)
    found = given.format or next((kind for kind in kinds if name.endswith(f".{kind}")), None)
    if found is None:
        endings = " nor in ".join(f".{kind}" for kind in kinds)
        raise ConfigError(f"--out {out} ends neither in {endings}; say which with --format.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ConfigError(f"--out {out}: name a file in a folder that exists; nothing was written.")
    return out, found


def write_whole(out: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file beside ``out`` and put it in its place; a failure leaves nothing behind."""
    beside = out.with_name(f".{out.name}.part")
    try:
        write(beside)
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageError(f"{out} cannot be written ({error.strerror or error}); nothing was written.") from error
