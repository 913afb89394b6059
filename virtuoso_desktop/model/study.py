"""The studies that a chart can draw: what there is, their parameters, and what the user chose.

A study either lies over the candles or has a pane of its own. Parameters are plain numbers; what they may be is said
here once, for the dialog that sets them and for what was kept from an earlier run.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

import msgspec


class StudyKind(StrEnum):
    """What is computed."""

    EMA = "ema"
    BOLLINGER = "bollinger"
    VWAP = "vwap"
    SUPERTREND = "supertrend"
    PROFILE = "profile"
    LEVELS = "levels"
    SWINGS = "swings"
    SIGNALS = "signals"
    VOLUME = "volume"
    RSI = "rsi"
    MACD = "macd"
    ADX = "adx"
    OBV = "obv"
    CONFLUENCE = "confluence"
    OPEN_INTEREST = "open_interest"
    FUNDING = "funding"
    LONG_SHORT = "long_short"
    LIQUIDATIONS = "liquidations"
    TRADE_CVD = "trade_cvd"
    FLOW = "flow"
    BOOK = "book"


BESIDE = frozenset({
    StudyKind.OPEN_INTEREST, StudyKind.FUNDING, StudyKind.LONG_SHORT, StudyKind.LIQUIDATIONS, StudyKind.TRADE_CVD,
    StudyKind.FLOW, StudyKind.BOOK,
})  # fmt: skip
"""Drawn from what an instrument has beside its candles; a study's columns begin with its kind."""


class Parameter(msgspec.Struct, frozen=True):
    """One number of a study."""

    words: str
    default: float
    least: float
    most: float
    is_whole: bool = True

    @property
    def rule(self) -> str:
        """What may be entered, as a sentence."""
        sort = "a whole number" if self.is_whole else "a number"
        return f"{self.words} is {sort} from {self.least:g} to {self.most:g}."

    def read(self, text: str) -> float | None:
        """The number that was typed; None when it may not be."""
        try:
            value = float(text.strip())
        except ValueError:
            return None
        return value if self.allows(value) else None

    def allows(self, value: float) -> bool:
        """Whether a number is in range and whole where it has to be."""
        return self.least <= value <= self.most and (not self.is_whole or value == int(value))


class StudyPart(msgspec.Struct, frozen=True):
    """A part of a study that can be left out."""

    key: str
    words: str


class StudySpec(msgspec.Struct, frozen=True):
    """One kind of study as a list offers it."""

    kind: StudyKind
    title: str
    about: str
    """What it shows, one sentence."""
    short: str = ""
    """What a legend calls it, before its numbers."""
    parameters: tuple[Parameter, ...] = ()
    parts: tuple[StudyPart, ...] = ()
    """What can be left out of it; all of it is drawn at first."""
    has_pane: bool = False
    is_repeatable: bool = False
    """Several with different numbers can be shown."""
    pane_px: int = 60
    """Height of its pane, logical pixels."""
    rank: int = 0
    """Panes of a higher rank give way first where there is little room."""


BANDS = StudyPart("bands", "Bands of 1 and 2 sigma")
CVD = StudyPart("cvd", "CVD")


def _length(default: int, least: int = 2, words: str = "Length") -> Parameter:
    return Parameter(words, default, least, 500)


SPECS: tuple[StudySpec, ...] = (
    StudySpec(
        StudyKind.EMA, "EMA", "Exponential moving average of the close.", "EMA", (_length(50, 1),), is_repeatable=True
    ),
    StudySpec(
        StudyKind.BOLLINGER, "Bollinger bands", "Mean of the closes and its standard deviations.", "BB",
        (_length(20), Parameter("Deviations", 2, 0.1, 10, is_whole=False)),
    ),
    StudySpec(
        StudyKind.VWAP, "VWAP", "Volume-weighted price of the UTC day with bands of 1 and 2 sigma.", "VWAP day",
        parts=(BANDS,),
    ),
    StudySpec(
        StudyKind.SUPERTREND, "Supertrend", "Trailing line of the trend, in average true ranges.", "Supertrend",
        (_length(10), Parameter("ATRs", 3, 0.1, 20, is_whole=False)),
    ),
    StudySpec(StudyKind.PROFILE, "Volume profile", "Volume by price of the candles in view, closed ones.", "POC"),
    StudySpec(
        StudyKind.LEVELS, "Support and resistance",
        "Where the market turned; POC, VAH, VAL of the session; PDH, PDL of the day before.", "S/R",
    ),
    StudySpec(StudyKind.SWINGS, "Swings and breaks", "Swing highs and lows, BOS and CHoCH.", "Structure"),
    StudySpec(StudyKind.SIGNALS, "Signals", "Where a signal began and ended, on closed bars.", "Signals"),
    StudySpec(
        StudyKind.VOLUME, "Volume and CVD", "Volume, and buying less selling since midnight UTC.", "Volume",
        parts=(CVD,), has_pane=True, pane_px=76,
    ),
    StudySpec(StudyKind.RSI, "RSI", "Relative strength of rises and falls (Wilder).", "RSI", (_length(14),),
              has_pane=True, rank=3),
    StudySpec(
        StudyKind.MACD, "MACD", "Fast less slow average, its signal and their difference.", "MACD",
        (_length(12, words="Fast"), _length(26, words="Slow"), _length(9, words="Signal")), has_pane=True, rank=4,
    ),
    StudySpec(StudyKind.ADX, "ADX", "Strength of the trend, with +DI and \u2212DI.", "ADX", (_length(14),),
              has_pane=True, rank=5),
    StudySpec(StudyKind.OBV, "OBV", "On-balance volume.", "OBV", has_pane=True, rank=6),
    StudySpec(StudyKind.CONFLUENCE, "Confluence", "The score of every closed bar.", "Confluence", has_pane=True,
              pane_px=68, rank=1),
    StudySpec(StudyKind.OPEN_INTEREST, "Open interest", "Contracts that are open, as the exchange counts them.",
              "Open interest", has_pane=True, rank=7),
    StudySpec(StudyKind.FUNDING, "Funding", "What longs pay shorts: settled rates, and the running one at the newest.",
              "Funding", has_pane=True, rank=8),
    StudySpec(StudyKind.LONG_SHORT, "Long/short ratio", "Accounts that are net long over those that are net short.",
              "Long/short", has_pane=True, rank=9),
    StudySpec(StudyKind.LIQUIDATIONS, "Liquidations", "Positions closed by force, in USD: shorts up, longs down.",
              "Liquidations", has_pane=True, rank=10),
    StudySpec(StudyKind.TRADE_CVD, "CVD by trade", "Buying less selling since midnight UTC, trade by trade.",
              "CVD by trade", has_pane=True, rank=11),
    StudySpec(StudyKind.FLOW, "Flow imbalance", "What was added and taken at the best prices, bid less ask.",
              "Flow imbalance", has_pane=True, rank=12),
    StudySpec(StudyKind.BOOK, "Book imbalance", "Bids less asks near the price, as a share of both.",
              "Book imbalance", has_pane=True, rank=13),
)  # fmt: skip

_SPEC_OF = {spec.kind: spec for spec in SPECS}


def spec_of(kind: StudyKind) -> StudySpec:
    """The entry of a kind."""
    return _SPEC_OF[kind]


@lru_cache(maxsize=256)
def _name_of(kind: StudyKind, values: tuple[float, ...]) -> str:
    return "_".join((kind.value, *(f"{value:g}" for value in values)))


@lru_cache(maxsize=256)
def _title_of(kind: StudyKind, values: tuple[float, ...]) -> str:
    return " ".join((spec_of(kind).short, *(f"{value:g}" for value in values)))


class Study(msgspec.Struct, frozen=True):
    """One study that the user chose, with its numbers."""

    kind: StudyKind
    values: tuple[float, ...] = ()
    is_shown: bool = True
    without: tuple[str, ...] = ()
    """Keys of the parts that are left out; like `is_shown` they say nothing of which study it is."""

    @property
    def spec(self) -> StudySpec:
        return spec_of(self.kind)

    @property
    def name(self) -> str:
        """Identity, and the first part of its columns' names: ``ema_12``."""
        return _name_of(self.kind, self.values)

    def has(self, part: StudyPart) -> bool:
        """Whether a part of it is drawn."""
        return part.key not in self.without

    @property
    def title(self) -> str:
        """As a legend names it: ``EMA 12``."""
        return _title_of(self.kind, self.values)

    @property
    def problem(self) -> str | None:
        """Why the numbers cannot be used, as a sentence; None when they can."""
        parameters = self.spec.parameters
        if len(parameters) != len(self.values):
            return f"{self.spec.title} takes {len(parameters)} numbers."
        for parameter, value in zip(parameters, self.values, strict=True):
            if not parameter.allows(value):
                return parameter.rule
        if self.kind is StudyKind.MACD and self.values[0] >= self.values[1]:
            return "Fast has to be shorter than Slow."
        return None


def study_of(kind: StudyKind) -> Study:
    """A study with its usual numbers."""
    return Study(kind, tuple(parameter.default for parameter in spec_of(kind).parameters))


DEFAULT_STUDIES: tuple[Study, ...] = (
    Study(StudyKind.EMA, (12,)),
    Study(StudyKind.EMA, (26,)),
    study_of(StudyKind.VWAP),
    study_of(StudyKind.LEVELS),
    study_of(StudyKind.PROFILE),
    study_of(StudyKind.SIGNALS),
    study_of(StudyKind.VOLUME),
    study_of(StudyKind.RSI),
    study_of(StudyKind.CONFLUENCE),
)
"""What a first start shows."""

MOST_STUDIES = 30


def usable(studies: tuple[Study, ...]) -> tuple[Study, ...]:
    """Those of kept studies that can still be drawn, each once."""
    found = {study.name: study for study in studies if study.problem is None}
    return tuple(found.values())[:MOST_STUDIES]
