"""The command line of a run. Imports nothing heavy: the window waits for it."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from virtuoso_desktop import __version__

PROGRAM = "virtuoso-desktop"
DEFAULT_AFTER_S = 10.0
DEFAULT_SIZE = (1280, 720)
SMALLEST_SIDE, LARGEST_SIDE = 100, 16_384
MOST_SPEED = 3600.0
_ENDPOINT_SETTINGS = re.compile(r"\s*exchanges\.bybit\.(rest_endpoint|ws_endpoint|testnet)\s*=")

EPILOG = f"""\
commands:
  {PROGRAM} simulate --help     a simulated exchange on this computer, for any Bybit client
  {PROGRAM} history --help      what is kept on disk: info, export, import
  {PROGRAM} ledger --help       every signal that was raised: verify, list, export
  {PROGRAM} settings --help     what is set: show, set, unset, secret
  {PROGRAM} doctor [--json]     why there are no data, and what to do
  {PROGRAM} analyze --help      the score of a file of candles
  {PROGRAM} self-test [--json]  whether the program can run here

exit codes: 0 done, 1 ran but showed errors, 2 bad usage or settings, 3 cannot run here
"""


class _Layout(argparse.RawDescriptionHelpFormatter):
    """Of a fixed width: argparse would ask the terminal for its width once for every option."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class Screenshot(NamedTuple):
    """A picture of the window: ``after_s`` seconds of market, ``size`` in logical pixels."""

    file: Path
    after_s: float
    size: tuple[int, int]


class Options(NamedTuple):
    """What the user asked for. ``duration_s`` counts from the moment the engine starts."""

    demo: bool = False
    headless: bool = False
    config: Path | None = None
    profile: Path | None = None
    overrides: tuple[str, ...] = ()
    speed: float = 1.0
    duration_s: float | None = None
    report: Path | None = None
    screenshot: Screenshot | None = None

    @property
    def ends_after_s(self) -> float | None:
        """Seconds of market after which the run ends by itself; None when it does not."""
        if self.duration_s is None and self.screenshot is not None:
            return self.screenshot.after_s
        return self.duration_s


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence and exit code 2."""
        self.exit(2, f"{self.prog}: {message}\nSee {self.prog} --help.\n")


def parse(argv: Sequence[str]) -> Options:
    """Read the arguments of a run; leaves the program with code 2 when they are wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.demo:
        named = next((text for text in given.overrides if _ENDPOINT_SETTINGS.match(text)), None)
        if named is not None:
            parser.error(f"--demo brings its own market, so --set {named} cannot be kept; leave one of them out")
    elif given.speed is not None:
        parser.error("--speed needs --demo: real time cannot be sped up")
    if given.screenshot is None and (given.after is not None or given.size is not None):
        parser.error("--after and --size belong to --screenshot PNG")
    if given.screenshot is not None and given.headless:
        parser.error("--screenshot needs the window, so it cannot be used with --headless")
    screenshot = None
    if given.screenshot is not None:
        after_s = DEFAULT_AFTER_S if given.after is None else given.after
        if given.duration is not None and given.duration < after_s:
            parser.error(f"--duration {given.duration:g} is over before the screenshot is taken (--after {after_s:g})")
        screenshot = Screenshot(
            _writable(parser, given.screenshot, "--screenshot"), after_s, given.size or DEFAULT_SIZE
        )
    return Options(
        demo=given.demo,
        headless=given.headless,
        config=given.config,
        profile=given.profile,
        overrides=tuple(given.overrides),
        speed=1.0 if given.speed is None else given.speed,
        duration_s=given.duration,
        report=None if given.report is None else _writable(parser, given.report, "--report"),
        screenshot=screenshot,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Live crypto market analysis. It analyses; it never places orders.",
        epilog=EPILOG,
        formatter_class=_Layout,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument(
        "--demo", action="store_true", help="a simulated market instead of a real one; needs no network"
    )
    parser.add_argument("--headless", action="store_true", help="no window: a live table in the terminal")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of the profile's own")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="folder for everything that is kept between runs")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting, e.g. universe.size=10; may be given several times",
    )
    parser.add_argument("--speed", type=_speed, metavar="X", help="with --demo: market seconds in one real second")
    parser.add_argument("--duration", type=_seconds, metavar="S", help="end after so many seconds of market")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was received and shown, as JSON")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="save a picture of the window and end")
    parser.add_argument(
        "--after", type=_seconds, metavar="S", help=f"seconds before the screenshot (default {DEFAULT_AFTER_S:g})"
    )
    parser.add_argument(
        "--size", type=_size, metavar="WxH", help="size of the screenshot (default {}x{})".format(*DEFAULT_SIZE)
    )
    return parser


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no finite number")
    return value


def _seconds(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} should be a number of seconds above 0")
    return value


def _speed(text: str) -> float:
    value = _number(text)
    if not 0 < value <= MOST_SPEED:
        raise argparse.ArgumentTypeError(f"{text} should be above 0 and at most {MOST_SPEED:g}")
    return value


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} should be width x height, e.g. 1600x1000")
    width, height = int(match[1]), int(match[2])
    if not (SMALLEST_SIDE <= width <= LARGEST_SIDE and SMALLEST_SIDE <= height <= LARGEST_SIDE):
        raise argparse.ArgumentTypeError(f"{text}: each side should be {SMALLEST_SIDE} to {LARGEST_SIDE} pixels")
    return width, height


def _writable(parser: argparse.ArgumentParser, file: Path, option: str) -> Path:
    if file.is_dir():
        parser.error(f"{option} {file} is a folder; name a file in it")
    if not file.absolute().parent.is_dir():
        parser.error(f"{option} {file}: the folder {file.absolute().parent} does not exist")
    return file.absolute()
