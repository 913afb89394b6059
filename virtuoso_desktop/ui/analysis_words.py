"""The analysis in words: names of dimensions and components, their units, and why a value is missing. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtuoso_desktop.model.result import COMPONENTS, DimensionName, SignalStrength
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.dimension_words import DIMENSION_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

LETTERS: dict[DimensionName, str] = {DimensionName(name): letter for name, letter, _, _ in DIMENSION_WORDS}
DIMENSIONS: dict[DimensionName, str] = {DimensionName(name): words for name, _, words, _ in DIMENSION_WORDS}
ABOUT: dict[DimensionName, str] = {DimensionName(name): about for name, _, _, about in DIMENSION_WORDS}
NAMES: dict[str, str] = {
    "rsi": "RSI",
    "macd": "MACD",
    "ema_crossover": "EMA 12/26",
    "bollinger_bands": "Bollinger %b",
    "obv": "OBV",
    "volume_delta": "Volume delta",
    "vwap": "VWAP",
    "buy_sell_pressure": "Buy/sell flow",
    "order_imbalance": "Flow imbalance",
    "large_trades": "Large trades",
    "liquidations": "Liquidations",
    "bid_ask_depth": "Bid/ask depth",
    "liquidity_zones": "Liquidity zones",
    "microprice": "Microprice",
    "support_resistance": "S/R position",
    "trend_analysis": "Trend",
    "funding_rate": "Funding",
    "open_interest_change": "Open interest",
    "long_short_ratio": "Long/short",
    "liquidation_skew": "Liq. skew",
}
COMPONENT_ABOUT: dict[str, str] = {
    "rsi": "Relative strength index of 14 candles",
    "macd": "MACD line 12/26; scored by its histogram against the ATR",
    "ema_crossover": "Which of the averages of 12 and 26 candles is above; scored by their distance in ATR",
    "bollinger_bands": "Place of the close between the Bollinger bands: 0 is the lower, 1 the upper",
    "obv": "On-balance volume; scored by its change over 20 candles",
    "volume_delta": "Bought minus sold at the market in the last candle; scored over 20 candles",
    "vwap": "Volume-weighted average price of the session; scored by the distance of the close from it",
    "buy_sell_pressure": "Bought minus sold at the market, as a share of all trades of the window",
    "order_imbalance": "Order flow imbalance at the best prices of the window, base coin",
    "large_trades": "Large trades, bought minus sold, as a share of all trades of the window",
    "liquidations": "Forced buys minus forced sells, as a share of the turnover of the window",
    "bid_ask_depth": "Bids minus asks near the price, as a share of both",
    "liquidity_zones": "Confirmed walls below minus above, as a share of both",
    "microprice": "How far the size-weighted middle leans towards the ask (+1) or the bid (\u22121)",
    "support_resistance": "Distance to the nearest level",
    "trend_analysis": "Slope of 50 candles, ATR per candle; scored together with the swings",
    "funding_rate": "Funding of the running period; scored against the crowd",
    "open_interest_change": "Change of open interest; scored with the direction of the price",
    "long_short_ratio": "Accounts long over accounts short; scored against the crowd",
    "liquidation_skew": "Liquidated shorts minus longs of 24 hours, as a share of both",
}
DIMENSION_OF: dict[str, DimensionName] = {part: name for name, parts in COMPONENTS.items() for part in parts}
REASONS: dict[str, str] = {
    "WARMUP": "warming up",
    "MISSING": "no data",
    "STALE": "data too old",
    "DEGENERATE": "flat price",
    "NOT_APPLICABLE": "not offered",
    "GAP": "candle gap",
    "REACH": "shallow book",
}
"""By `model.result.Reason`: short enough for a cell."""
REASONS_IN_FULL: dict[str, str] = {
    "WARMUP": "too few values so far",
    "MISSING": "the data for it are not there",
    "STALE": "its data are too old to be used",
    "DEGENERATE": "the price does not move, so there is nothing to measure",
    "NOT_APPLICABLE": "it does not exist for this kind of instrument",
    "GAP": "candles are missing before this one",
    "REACH": "the order book does not reach far enough",
}
_WARMUP = "WARMUP"
NOT_ANALYSED = "not analysed"
NOT_ANALYSED_IN_FULL = "not analysed in this version"
OPINION = "Opinion of the model, not advice; track record not yet measured."
STRENGTHS = {strength: strength.value.replace("_", " ") for strength in SignalStrength}


class Wait(NamedTuple):
    """When a missing dimension will be there, or since when it is missing; venue ms, None where that is not known."""

    warm_at_ms: int | None = None
    since_ms: int | None = None
    now_ms: int = 0


NO_WAIT = Wait()


def waiting_words(reason: str, wait: Wait) -> str:
    """Why there is no value, short enough for a cell; while it warms up, ``in 7 min``."""
    if reason == _WARMUP and wait.warm_at_ms is not None:
        return text.time_left(wait.warm_at_ms - wait.now_ms)
    return REASONS.get(reason, "")


def reason_words(reason: str, *, is_analysed: bool, wait: Wait = NO_WAIT) -> str:
    """Why there is no value, in full, and until or since when; empty for no reason."""
    if not is_analysed:
        return NOT_ANALYSED_IN_FULL
    said = REASONS_IN_FULL.get(reason, "")
    if reason == _WARMUP and wait.warm_at_ms is not None:
        return f"{said}; known {text.time_left(wait.warm_at_ms - wait.now_ms)} if its data go on"
    if said and wait.since_ms is not None:
        return f"{said}, since {text.local_moment(wait.since_ms, wait.now_ms)}"
    return said


def value_words(component: str, value: float | None, price_decimals: int) -> str:
    """A component's value in its own unit."""
    return text.DASH if value is None else _VALUES[component](value, price_decimals)


def _ratio(value: float, _decimals: int) -> str:
    return text.signed(value)


def _amount(value: float, _decimals: int) -> str:
    """A signed amount: as it is below 10,000, then in K, M, B."""
    if abs(value) >= 10_000:
        return ("+" if value > 0 else "") + text.compact(value)
    return text.signed(value, 1)


def _total(value: float, _decimals: int) -> str:
    return text.price(value, 0) if abs(value) < 1e6 else text.compact(value)


_VALUES: dict[str, Callable[[float, int], str]] = {
    "rsi": lambda value, _: text.price(value, 1),
    "macd": text.signed,
    "ema_crossover": lambda value, _: text.signed(value, 0),
    "bollinger_bands": lambda value, _: text.price(value, 2),
    "obv": _total,
    "volume_delta": _amount,
    "vwap": text.price,
    "buy_sell_pressure": _ratio,
    "order_imbalance": _amount,
    "large_trades": _ratio,
    "liquidations": lambda value, _: text.signed(value, 3),
    "bid_ask_depth": _ratio,
    "liquidity_zones": _ratio,
    "microprice": _ratio,
    "support_resistance": lambda value, _: f"{text.price(value, 2)} ATR",
    "trend_analysis": lambda value, _: f"{text.signed(value)} ATR",
    "funding_rate": lambda value, _: f"{text.funding(value)}{text.THIN}%",
    "open_interest_change": lambda value, _: text.percent(value),
    "long_short_ratio": lambda value, _: text.price(value, 2),
    "liquidation_skew": _ratio,
}
