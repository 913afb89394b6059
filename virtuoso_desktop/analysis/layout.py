"""Where what stands in the rows of the scoring steps, and the numbers that stand for words in them.

A row is a 1-D float64 array, NaN where there is no value. Three kinds follow each other: the candle table's row
(`candle_table.CANDLE_TABLE`), the inputs row (six cells for each of the 20 components of `model.result.COMPONENTS` in
that order, then facts of the candle), and the outcome row (score, confidence, signal, dimensions, points). The steps
read them by these constants; a compiled step holds them, so a change here needs `ENGINE_VERSION` raised.
"""

from __future__ import annotations

from virtuoso_desktop.model.result import (
    COMPONENTS,
    DimensionName,
    LevelKind,
    Reason,
    SignalKind,
    SignalStrength,
    Withheld,
)

ENGINE_VERSION = "4"
"""Part of every result; raised when the same candles and settings may give another outcome."""

# --- the candle table ----------------------------------------------------------------------------------------------

TABLE_COLUMNS: tuple[str, ...] = (
    "close", "rsi", "macd", "macd_signal", "macd_hist", "ema_12", "ema_26", "ema_50",
    "bb_upper", "bb_middle", "bb_lower", "bb_signed", "bb_percent", "atr", "adx", "plus_di", "minus_di",
    "supertrend", "supertrend_direction", "obv", "obv_change_20", "volume_sum_20", "volume_sma", "rvol",
    "vwap", "vwap_sd", "vwap_estimated", "vwap_blend", "vwap_blend_sd",
    "delta", "delta_sum_20", "delta_ratio_20", "delta_scale_500", "delta_is_estimated",
    "structure", "slope_50", "r2_50", "support", "resistance", "support_strength", "resistance_strength",
    "break_value", "er_20", "bars", "gap", "degenerate", "support_kind", "resistance_kind",
)  # fmt: skip
"""The columns that the scoring reads, with which `candle_table.COLUMNS` begins; prices in ticks."""
TABLE_WIDTH = len(TABLE_COLUMNS)
(
    T_CLOSE, T_RSI, T_MACD, T_MACD_SIGNAL, T_MACD_HIST, T_EMA_12, T_EMA_26, T_EMA_50,
    T_BB_UPPER, T_BB_MIDDLE, T_BB_LOWER, T_BB_SIGNED, T_BB_PERCENT, T_ATR, T_ADX, T_PLUS_DI, T_MINUS_DI,
    T_SUPERTREND, T_SUPERTREND_DIRECTION, T_OBV, T_OBV_CHANGE, T_VOLUME_SUM, T_VOLUME_SMA, T_RVOL,
    T_VWAP, T_VWAP_SD, T_VWAP_ESTIMATED, T_VWAP_BLEND, T_VWAP_BLEND_SD,
    T_DELTA, T_DELTA_SUM, T_DELTA_RATIO, T_DELTA_SCALE, T_DELTA_ESTIMATED,
    T_STRUCTURE, T_SLOPE, T_R2, T_SUPPORT, T_RESISTANCE, T_SUPPORT_STRENGTH, T_RESISTANCE_STRENGTH,
    T_BREAK, T_ER, T_BARS, T_GAP, T_DEGENERATE, T_SUPPORT_KIND, T_RESISTANCE_KIND,
) = range(48)  # fmt: skip

# --- components and dimensions -------------------------------------------------------------------------------------

DIMENSIONS: tuple[DimensionName, ...] = tuple(COMPONENTS)
DIMENSION_COUNT = 6
COMPONENT_NAMES: tuple[tuple[DimensionName, str], ...] = tuple(
    (dimension, name) for dimension, names in COMPONENTS.items() for name in names
)
COMPONENT_COUNT = 20
FIRST: tuple[int, ...] = (0, 4, 7, 11, 14, 16, 20)
"""Component with which each dimension begins; the last number is their count."""
(
    RSI, MACD, EMA_CROSSOVER, BOLLINGER, OBV, VOLUME_DELTA, VWAP, BUY_SELL_PRESSURE, ORDER_IMBALANCE, LARGE_TRADES,
    LIQUIDATIONS, BID_ASK_DEPTH, LIQUIDITY_ZONES, MICROPRICE, SUPPORT_RESISTANCE, TREND, FUNDING_RATE, OI_CHANGE,
    LONG_SHORT_RATIO, LIQUIDATION_SKEW,
) = range(20)  # fmt: skip
TECHNICAL, VOLUME, ORDERFLOW, ORDERBOOK, PRICE_STRUCTURE, SENTIMENT = range(6)
CANDLE_DIMENSIONS = (DimensionName.TECHNICAL, DimensionName.VOLUME, DimensionName.PRICE_STRUCTURE)

COMPONENT_WEIGHTS: tuple[float, ...] = (
    0.25, 0.30, 0.25, 0.20,
    0.30, 0.40, 0.30,
    0.35, 0.35, 0.15, 0.15,
    0.50, 0.25, 0.25,
    0.45, 0.55,
    0.35, 0.35, 0.15, 0.15,
)  # fmt: skip
"""Share of each component in its dimension (analysis C.2)."""

# --- the inputs row ------------------------------------------------------------------------------------------------

CELLS = 6
C, VALUE, QUALITY, FRESH, AGE_MS, REASON = range(CELLS)
"""Cells of a component: c in [-1, 1], NaN without one; value in ticks or base coin where it has that unit; quality k;
freshness f; age of the newest input; code of a `Reason`, 0 for none."""
SAMPLE = COMPONENT_COUNT * CELLS
"""Six cells, one a dimension: share of the samples that its figures want, 0 to 1 (n / (n + 30) for trades)."""
CLOSE_MS, BARS, CROSS_CHECK, RESET, SYNTHETIC, LEVEL = range(SAMPLE + DIMENSION_COUNT, SAMPLE + DIMENSION_COUNT + 6)
"""Close of the candle; closed candles since the start or a reset; factor on the confidence when venues disagree;
1 when the state was reset before this candle; 1 when the candle fills a gap; place in `LEVELS` of the level that
`SUPPORT_RESISTANCE` measures its distance from."""
INPUTS_WIDTH = LEVEL + 1
INPUTS_COLUMNS: tuple[str, ...] = (
    *(
        f"{name}_{cell}"
        for _, name in COMPONENT_NAMES
        for cell in ("c", "value", "quality", "fresh", "age_ms", "reason")
    ),
    *(f"{dimension.value}_sample" for dimension in DIMENSIONS),
    "close_ms", "bars", "cross_check", "reset", "synthetic", "level",
)  # fmt: skip

# --- the streams row -----------------------------------------------------------------------------------------------

STREAM_COMPONENTS: tuple[int, ...] = (
    BUY_SELL_PRESSURE, ORDER_IMBALANCE, LARGE_TRADES, LIQUIDATIONS, BID_ASK_DEPTH, LIQUIDITY_ZONES, MICROPRICE,
    FUNDING_RATE, OI_CHANGE, LONG_SHORT_RATIO, LIQUIDATION_SKEW,
)  # fmt: skip
"""Components of order flow, order book and sentiment; their cells follow each other in a streams row."""
STREAM_COUNT = 11
STREAM_SHARES = STREAM_COUNT * CELLS
"""Three cells: share of the samples of order flow, order book and sentiment, as in an inputs row."""
STREAMS_WIDTH = STREAM_SHARES + 3

# --- the outcome row -----------------------------------------------------------------------------------------------

(
    SCORE, CONFIDENCE, CONFIDENCE_RAW, SIGNAL, STRENGTH, NO_SCORE, ENDED, WITHHELD, SINCE_MS, ENTRY_SCORE, CHANGED,
    AGREEMENT, DIVERSITY, COMPLETE, FRESHNESS, SAMPLED, AVAILABLE_WEIGHT, AVAILABLE_COUNT, AT_MS, UNSMOOTHED,
) = range(20)  # fmt: skip
"""``NO_SCORE``: code of the `Reason` why there is none. ``ENDED``: why a signal ended with this candle (`ENDINGS`).
``WITHHELD``: bits in the order of `Withheld`. ``AGREEMENT``: A0 of C.4. ``CHANGED``: 1 when the signal or its strength
is another than before."""
DIMENSION_CELLS = 5
D_SCORE, D_WEIGHT, D_COMPLETENESS, D_STATUS, D_UNSMOOTHED = range(20, 20 + DIMENSION_CELLS)
"""The cells of the first dimension; those of the next stand ``DIMENSION_CELLS`` further."""
POINTS = 20 + DIMENSION_COUNT * DIMENSION_CELLS
"""Twenty cells, one a component: its share of ``score - 50``."""
OUTCOME_WIDTH = POINTS + COMPONENT_COUNT


def _outcome_names() -> tuple[str, ...]:
    names = [
        "score", "confidence", "confidence_raw", "signal", "strength", "no_score", "ended", "withheld", "since_ms",
        "entry_score", "changed", "agreement", "diversity", "complete", "freshness", "sampled", "available_weight",
        "available_count", "at_ms", "unsmoothed",
    ]  # fmt: skip
    for dimension in DIMENSIONS:
        names += [f"{dimension.value}_{cell}" for cell in ("score", "weight", "completeness", "status", "unsmoothed")]
    return (*names, *(f"{name}_points" for _, name in COMPONENT_NAMES))


OUTCOME_COLUMNS = _outcome_names()

# --- words ---------------------------------------------------------------------------------------------------------

REASONS: tuple[Reason | None, ...] = (None, *Reason)
NONE, WARMUP, MISSING, STALE, DEGENERATE, NOT_APPLICABLE, GAP, REACH = range(8)
LEVELS: tuple[LevelKind | None, ...] = (None, *LevelKind)
"""`levels` counts the kinds from 0 in the same order."""
SIGNALS: dict[int, SignalKind] = {1: SignalKind.BUY, -1: SignalKind.SELL, 0: SignalKind.NEUTRAL}
STRENGTHS: tuple[SignalStrength, ...] = tuple(SignalStrength)
NO_STRENGTH, LEAN, MODERATE, STRONG, VERY_STRONG = range(5)
ENDINGS: tuple[str | None, ...] = (None, "data", "score")
ENDED_BY_DATA, ENDED_BY_SCORE = 1, 2
WITHHELD_BITS: tuple[Withheld, ...] = tuple(Withheld)
BY_THRESHOLD, BY_CONFIRMATION, BY_COOL_DOWN, BY_COVERAGE, BY_CONFIDENCE, BY_CHANGE = (1 << bit for bit in range(6))


def words_of(bits: float) -> tuple[Withheld, ...]:
    """The rules that the bits of a ``WITHHELD`` cell stand for."""
    return tuple(rule for bit, rule in enumerate(WITHHELD_BITS) if int(bits) >> bit & 1)
