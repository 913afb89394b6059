"""``python -m tests.score_distribution``: how candles score, into docs/score-distribution.md.

Every OHLCV file of the real data goes through the analysis with the default settings, profile ``candles_only``; the
first 250 candles of each, and after each gap, are left out.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.conftest import data_folder
from tests.stream_distribution import HEAD as STREAMS_HEAD
from virtuoso_desktop.analysis import layout as at
from virtuoso_desktop.analysis.series import Stretch
from virtuoso_desktop.analysis.series_gate import spacing_of
from virtuoso_desktop.app.analyze_file import analyse, read_file
from virtuoso_desktop.files.ohlcv import read_rows
from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.model.errors import ConfigError, ParseError
from virtuoso_desktop.model.result import Withheld
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.schema import AnalysisSettings

Floats = NDArray[np.float64]

SETTLED = 250
NOW_MS = 1 << 43
QUANTILES = (1, 5, 25, 50, 75, 95, 99)
ENDINGS = ("*.csv", "*.csv.gz", "*.feather", "*.parquet")
OUT = Path(__file__).parents[1] / "docs" / "score-distribution.md"
CANDLE_COMPONENTS = (at.RSI, at.MACD, at.EMA_CROSSOVER, at.BOLLINGER, at.OBV, at.VOLUME_DELTA, at.VWAP,
                     at.SUPPORT_RESISTANCE, at.TREND)  # fmt: skip

ABOUT = """\
Made by `python -m tests.score_distribution` with engine version {version} and the default settings, profile
`candles_only` (technical, volume with estimated delta, price structure). Every OHLCV file of the real data, pooled by
timeframe; the first 250 candles of a file, and after a gap, are left out. Components are c from -1 to 1, scores 0 to
100; "there" is the share of candles that have a value."""
WITHHELD_HEAD = """\
Candles beyond a threshold without a signal, per 1,000 candles, by the rule that withheld it (a candle counts for each
rule):"""


@dataclass
class Pool:
    """What was seen on one timeframe."""

    files: int = 0
    candles: int = 0
    components: dict[int, list[Floats]] = field(default_factory=lambda: defaultdict(list))
    dimensions: dict[int, list[Floats]] = field(default_factory=lambda: defaultdict(list))
    scores: list[Floats] = field(default_factory=list)
    confidences: list[Floats] = field(default_factory=list)
    entries: int = 0
    changes: int = 0
    held: int = 0
    beyond: int = 0
    """Times the score came to stand beyond a threshold."""
    withheld: dict[Withheld, int] = field(default_factory=lambda: defaultdict(int))
    """Candles beyond a threshold without a signal, by rule."""
    gaps: list[int] = field(default_factory=list)

    def add(self, inputs: Floats, outcome: Floats) -> None:
        settled = (inputs[:, at.BARS] >= SETTLED) & ~np.isnan(outcome[:, at.SCORE])
        signal = outcome[:, at.SIGNAL]
        before = np.concatenate(([0.0], signal[:-1]))
        entered = (signal != 0) & (signal != before) & settled
        self.entries += int(entered.sum())
        self.changes += int(((signal != before) & settled).sum())
        self.held += int(((signal != 0) & settled).sum())
        self.candles += int(settled.sum())
        self.gaps += np.diff(np.flatnonzero(entered)).tolist()
        for component in CANDLE_COMPONENTS:
            c = inputs[settled, component * at.CELLS + at.C]
            self.components[component].append(c)
        for dimension in (at.TECHNICAL, at.VOLUME, at.PRICE_STRUCTURE):
            self.dimensions[dimension].append(outcome[settled, at.D_SCORE + dimension * at.DIMENSION_CELLS])
        score = outcome[:, at.SCORE]
        self.scores.append(score[settled])
        self.confidences.append(outcome[settled, at.CONFIDENCE_RAW])
        beyond = ((score >= 70) | (score <= 30)) & settled
        self.beyond += int((beyond & ~np.concatenate(([False], beyond[:-1]))).sum())
        bits = outcome[beyond & (signal == 0), at.WITHHELD].astype(int)
        for bit, rule in enumerate(at.WITHHELD_BITS):
            self.withheld[rule] += int((bits >> bit & 1).sum())


def default_analysis() -> AnalysisSettings:
    loaded = load_settings(
        default_file=resource("config/default.yaml"), profile=Path("/nonexistent"), config_file=None, overrides=(),
        environ={},
    )  # fmt: skip
    return loaded.settings.analysis


def timeframe_of(path: Path) -> Timeframe | None:
    """By the spacing of the rows."""
    spacing = spacing_of(read_rows(path).open_ms)
    return next((each for each in Timeframe if each.duration_ms == spacing), None)


def candle_files(folder: Path) -> list[Path]:
    """Every file of the folders of candles."""
    return sorted(path for ending in ENDINGS for path in folder.glob(f"d_ohlcv_*/{ending}"))


def collect(folder: Path) -> tuple[dict[Timeframe, Pool], list[str]]:
    """The pools by timeframe, and which files could not be used and why."""
    analysis = default_analysis()
    pools: dict[Timeframe, Pool] = defaultdict(Pool)
    refused: list[str] = []
    for path in candle_files(folder):
        try:
            timeframe = timeframe_of(path)
            if timeframe is None:
                refused.append(f"`{path.parent.name}/{path.name}`: its rows are not a timeframe apart")
                continue
            rows = read_file(path, timeframe, None, NOW_MS)
        except (ConfigError, ParseError) as error:
            refused.append(f"`{path.parent.name}/{path.name}`: {error.user_text}")
            continue
        stretches: list[Stretch] = []
        analyse(rows, analysis, stretches.append)
        real = rows.series.row >= 0
        inputs = np.concatenate([stretch.inputs for stretch in stretches])[real]
        outcome = np.concatenate([stretch.outcome for stretch in stretches])[real]
        pools[timeframe].files += 1
        pools[timeframe].add(inputs, outcome)
        sys.stderr.write(".")
        sys.stderr.flush()
    sys.stderr.write("\n")
    return dict(sorted(pools.items(), key=lambda item: item[0].duration_ms)), refused


def quantile_cells(values: list[Floats]) -> str:
    joined = np.concatenate(values)
    there = joined[~np.isnan(joined)]
    if not there.size:
        return " | ".join(["", *[""] * len(QUANTILES), "0 %"])
    figures = [f"{figure:.2f}" if abs(figure) < 10 else f"{figure:.1f}" for figure in np.percentile(there, QUANTILES)]
    return " | ".join([f"{there.mean():.2f}", *figures, f"{there.size / joined.size:.0%}"])


def table(title: str, rows: list[tuple[str, list[Floats]]]) -> list[str]:
    heads = [title, "mean", *(f"q{quantile}" for quantile in QUANTILES), "there"]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return [*lines, *(f"| {name} | {quantile_cells(values)} |" for name, values in rows), ""]


def signal_rows(pools: dict[Timeframe, Pool]) -> list[str]:
    heads = ["timeframe", "files", "candles", "signals per 1,000", "state changes per 1,000", "time in a signal",
             "candles between signals (median)", "times beyond a threshold per 1,000", "of them a signal"]  # fmt: skip
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    for timeframe, pool in pools.items():
        many = max(pool.candles, 1) / 1000
        between = f"{np.median(pool.gaps):.0f}" if pool.gaps else ""
        share = f"{pool.entries / pool.beyond:.0%}" if pool.beyond else ""
        lines.append(
            f"| {timeframe.value} | {pool.files} | {pool.candles:,} | {pool.entries / many:.1f} | "
            f"{pool.changes / many:.1f} | {pool.held / max(pool.candles, 1):.1%} | {between} | "
            f"{pool.beyond / many:.1f} | {share} |"
        )
    return [*lines, ""]


def withheld_rows(pools: dict[Timeframe, Pool]) -> list[str]:
    rules = [rule for rule in Withheld if rule is not Withheld.THRESHOLD]
    lines = ["| timeframe | " + " | ".join(rule.value for rule in rules) + " |", "|---|" + "---:|" * len(rules)]
    for timeframe, pool in pools.items():
        many = max(pool.candles, 1) / 1000
        cells = " | ".join(f"{pool.withheld[rule] / many:.1f}" for rule in rules)
        lines.append(f"| {timeframe.value} | {cells} |")
    return [*lines, ""]


def document(pools: dict[Timeframe, Pool], refused: list[str]) -> str:
    lines = ["# How the scores of real candles are spread", "", ABOUT.format(version=at.ENGINE_VERSION), ""]
    lines += [*summary(pools), "## Signals", "", *signal_rows(pools), WITHHELD_HEAD, "", *withheld_rows(pools)]
    for timeframe, pool in pools.items():
        lines += [f"## {timeframe.value}: {pool.candles:,} candles of {pool.files} files", ""]
        names = [(f"`{at.COMPONENT_NAMES[index][1]}`", pool.components[index]) for index in CANDLE_COMPONENTS]
        lines += table("component (c)", names)
        scores = [(f"`{at.DIMENSIONS[index].value}`", values) for index, values in pool.dimensions.items()]
        scores += [("**confluence**", pool.scores)]
        lines += table("score", scores)
        lines += table("confidence", [("raw", pool.confidences)])
    if refused:
        lines += ["## Files that are not in it", "", *(f"- {line}" for line in refused), ""]
    return "\n".join(lines)


def summary(pools: dict[Timeframe, Pool]) -> list[str]:
    scores = np.concatenate([score for pool in pools.values() for score in pool.scores])
    entries, candles = sum(pool.entries for pool in pools.values()), sum(pool.candles for pool in pools.values())
    rates = {timeframe: pool.entries / pool.candles * 1000 for timeframe, pool in pools.items() if pool.candles}
    low, high = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
    inner = np.percentile(scores, (25, 75))
    middle = float(((scores > 45) & (scores < 55)).mean())
    held = sum(pool.held for pool in pools.values()) / candles
    beyond = float(((scores >= 70) | (scores <= 30)).mean())
    hourly = ", ".join(
        f"{rate / 1000 * 35 * 3_600_000 / timeframe.duration_ms:.2g} on {timeframe.value}"
        for timeframe, rate in rates.items()
    )
    return [
        f"**Do the scores cluster?** {middle:.0%} of all {candles:,} scores lie within 45 to 55, half of them within",
        f"{inner[0]:.1f} to {inner[1]:.1f}; {beyond:.0%} are at or beyond 70 or 30.",
        f"**Do signals fire?** {entries:,} were raised, {entries / candles * 1000:.1f} per 1,000 candles, one every",
        f"{candles / max(entries, 1):.0f}: from {rates[low]:.1f} on {low.value} to {rates[high]:.1f} on {high.value}.",
        f"A signal is held on {held:.0%} of the candles. {verdict(rates, middle)}",
        f"For 35 instruments that is, an hour: {hourly}. So many are no events to be woken by, whatever their worth;",
        "the 1m ones are not alerted by default.",
        "",
    ]


def verdict(rates: dict[Timeframe, float], middle: float) -> str:
    """What the figures mean, in words."""
    never = [name.value for name, rate in rates.items() if rate < 1]
    always = [name.value for name, rate in rates.items() if rate > 250]
    said = []
    if never:
        said.append(f"Signals hardly ever fire on {', '.join(never)}.")
    if always:
        said.append(f"Signals fire every few candles on {', '.join(always)}: they mean little there.")
    if middle > 0.6:
        said.append("The scores cluster around the middle.")
    return " ".join(said) or "Neither never nor every other candle, on no timeframe; no clustering around the middle."


def main() -> int:
    folder = data_folder()
    if folder is None:
        sys.stderr.write("No real data here: VIRTUOSO_DATA names their folder.\n")
        return 1
    pools, refused = collect(folder)
    _, mark, streams = OUT.read_text(encoding="utf-8").partition(f"\n{STREAMS_HEAD}")
    OUT.write_text(document(pools, refused) + mark + streams, encoding="utf-8")
    print(OUT.relative_to(OUT.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
