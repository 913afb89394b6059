"""The six dimensions in words, as plain values: nothing here costs before the first paint."""

from __future__ import annotations

DIMENSION_WORDS: tuple[tuple[str, str, str, str], ...] = (
    ("technical", "T", "Technical", "RSI, MACD, moving averages, Bollinger bands"),
    ("volume", "V", "Volume", "on-balance volume, volume delta, distance from VWAP"),
    ("orderflow", "F", "Order flow", "who buys and sells at the market, large trades, liquidations"),
    ("orderbook", "B", "Order book", "depth on both sides, walls, microprice"),
    ("price_structure", "P", "Structure", "support and resistance, trend"),
    ("sentiment", "S", "Sentiment", "funding, open interest, long/short ratio, liquidations of the day"),
)
"""Name as in `model.result.DimensionName`, letter, name on the screen, what it is made of."""
PREPARING = "the analysis is being prepared"
