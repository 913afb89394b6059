"""``analyze FILE``: the score of the last closed candle of a file, and of every candle with ``--series``."""

from __future__ import annotations

import argparse
import math
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from virtuoso_desktop.analysis.explain import explain
from virtuoso_desktop.analysis.result_json import confluence_json
from virtuoso_desktop.analysis.series import compile_series
from virtuoso_desktop.app.analyze_file import analyse, read_file
from virtuoso_desktop.app.analyze_series import ENDINGS_OF_FILES, SeriesFile
from virtuoso_desktop.app.analyze_text import print_analysis
from virtuoso_desktop.app.answer import answered, print_json, print_line
from virtuoso_desktop.app.arguments import PROGRAM
from virtuoso_desktop.app.logs import say
from virtuoso_desktop.kernel.clock import LiveClock
from virtuoso_desktop.kernel.paths import default_profile, resource
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.schema import AnalysisSettings

PATIENCE_S = 3.0
TIMEFRAMES = " ".join(timeframe.value for timeframe in Timeframe)


def run_analyze(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    given = _parser().parse_args(argv)
    return answered(lambda: _analyze(given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} analyze",
        description="The score of a file of candles, from technical, volume and price structure alone.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV (also .gz), Parquet or Feather")
    parser.add_argument(
        "--timeframe", required=True, type=_timeframe, metavar="TF", help=f"length of its candles: {TIMEFRAMES}"
    )
    parser.add_argument(
        "--tick-size",
        type=_tick_size,
        metavar="T",
        help="price step of the market; default: the smallest decimal place in the first 200 rows",
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    parser.add_argument("--series", type=Path, metavar="OUT", help="write every candle's values: .csv or .parquet")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file instead of the profile's own")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="the profile folder, for its settings")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="one setting")
    return parser


def _timeframe(text: str) -> Timeframe:
    try:
        return Timeframe(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {TIMEFRAMES}") from None


def _tick_size(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text} should be a price step above 0")
    return value


def _analyze(given: argparse.Namespace) -> None:
    _check_out(given.series, given.file)
    analysis = _settings(given)
    rows = read_file(given.file, given.timeframe, given.tick_size, LiveClock().now_ms())
    out: Path | None = given.series
    series = None if out is None else SeriesFile(rows)
    _compile()
    found = analyse(rows, analysis, None if series is None else series.take)
    if series is not None and out is not None:
        series.write(out)
    if given.json:
        print_json(confluence_json(found.result))
    else:
        print_analysis(rows, found, explain(found.result, analysis.thresholds, found.before))
        if out is not None:
            print_line(f"{rows.table.rows:,} rows written to {out}")


def _compile() -> None:
    """Compile or load what a series needs, and say so where it is not there from an earlier run."""
    told = threading.Timer(PATIENCE_S, say, ["The analysis is compiled, once after an installation; wait a moment."])
    told.daemon = True
    told.start()
    try:
        compile_series()
    finally:
        told.cancel()


def _check_out(out: Path | None, file: Path) -> None:
    if out is None:
        return
    if out.suffix.lower() not in ENDINGS_OF_FILES:
        raise ConfigError(f"--series {out} should end in .csv or .parquet; nothing was analysed.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ConfigError(f"--series {out}: name a file in a folder that exists; nothing was analysed.")
    if out.exists() and file.exists() and out.samefile(file):
        raise ConfigError(f"--series {out} is the file that is read; name another one. Nothing was analysed.")


def _settings(given: argparse.Namespace) -> AnalysisSettings:
    loaded = load_settings(
        default_file=resource("config/default.yaml"),
        profile=given.profile or default_profile(),
        config_file=given.config,
        overrides=given.overrides,
        environ=os.environ,
    )
    if loaded.problem is not None:
        say(loaded.problem.user_text)
    return loaded.settings.analysis
