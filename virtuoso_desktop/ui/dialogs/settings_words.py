"""What the settings are called in the dialog: groups, titles, units, and what waits for a restart."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.settings.document import KeyPath
from virtuoso_desktop.settings.explain import setting_paths, value_paths


class Group(NamedTuple):
    """An entry of the list at the left: a title and the sections of the tree in it."""

    title: str
    sections: tuple[str, ...]


_GROUPS = (
    Group("Appearance", ("ui",)),
    Group("Instruments", ("universe",)),
    Group("Scores and signals", ("analysis",)),
    Group("Exchanges", ("exchanges",)),
    Group("Network", ("network", "websocket", "connection_pool")),
    Group("Storage", ("history", "cache")),
    Group("Clock", ("clock",)),
)
_TITLES = {
    "analysis.thresholds": "Thresholds",
    "analysis.thresholds.buy": "BUY at or above",
    "analysis.thresholds.buy_exit": "BUY ends below",
    "analysis.thresholds.sell": "SELL at or below",
    "analysis.thresholds.sell_exit": "SELL ends above",
    "analysis.weights": "Weights",
    "analysis.weights.orderbook": "Order book",
    "analysis.weights.orderflow": "Order flow",
    "analysis.weights.price_structure": "Structure",
    "cache.ttl": "Cache: how long a value is fresh",
    "cache.ttl.ohlcv_data": "Candles",
    "clock.rate": "Speed of the clock",
    "clock.start": "Start of the clock",
    "connection_pool": "Requests",
    "connection_pool.limit": "Connections",
    "connection_pool.limit_per_host": "Connections to one host",
    "exchanges.binance": "Binance",
    "exchanges.binance.api_credentials": "Binance: key",
    "exchanges.binance.data_preferences": "Binance: instruments",
    "exchanges.binance.rate_limits": "Binance: request limits",
    "exchanges.bybit": "Bybit",
    "exchanges.bybit.api_credentials": "Bybit: key",
    "exchanges.bybit.rate_limits": "Bybit: request limits",
    "history": "History on disk",
    "history.disk_cap_mb": "Largest size",
    "network": "Way to the network",
    "ui": "Window",
    "ui.close_to_tray": "Closing the window keeps watching",
    "ui.colour_blind_safe": "Colours for colour-blind eyes",
    "ui.instrument": "First instrument",
    "ui.motion": "Motion",
    "ui.scale_pct": "Size of everything",
    "ui.timeframe": "First timeframe",
    "universe": "What is watched",
    "universe.exclude_symbols": "Never watched",
    "universe.include_symbols": "Always watched",
    "universe.kinds": "Kinds of market",
    "universe.min_24h_volume": "Smallest turnover in 24 h",
    "universe.preferred_quote_currencies": "Quoted in",
    "universe.size": "How many",
    "websocket": "Live streams",
    "websocket.channels": "Topics",
    "websocket.channels.kline": "Candles",
    "websocket.channels.orderbook": "Order book",
    "websocket.channels.trade": "Trades",
    "websocket.channels.liquidation": "Liquidations",
}
_SPELLED = {
    "api": "API", "ttl": "TTL", "rest": "REST", "ws": "stream", "24h": "24 h", "ohlcv": "candle",
    "pct": "per cent", "mb": "MB",
}  # fmt: skip
_UNITS = {
    "history.disk_cap_mb": "MB",
    "ui.scale_pct": "%",
    "universe.size": "instruments",
    "universe.min_24h_volume": "in quote coin",
    "exchanges.binance.data_preferences.min_24h_volume": "in quote coin",
    "clock.rate": "x",
}
_SECONDS = ("cache.ttl.", "connection_pool.keepalive", "connection_pool.connection_t", "connection_pool.socket",
            "connection_pool.total", "websocket.ping", "websocket.timeout")  # fmt: skip
_WAITS = {
    "analysis": "the analysis is set up with it",
    "clock": "the clock is set with it",
    "connection_pool": "requests are made with it",
    "exchanges": "the connection is made with it",
    "history": "the history is opened with it",
    "network": "the connections are made with it",
    "ui.scale_pct": "the window is made with it",
    "websocket": "the streams are connected with it",
}
FIRST_STARTS = frozenset({"ui.instrument", "ui.timeframe"})
"""What they say counts for a profile in which no window was ever open."""


def groups() -> tuple[Group, ...]:
    """All groups; a section that none of them names is one of its own."""
    named = {section for group in _GROUPS for section in group.sections}
    tops = dict.fromkeys(str(path[0]) for path in value_paths())
    return _GROUPS + tuple(Group(title_of((top,)), (top,)) for top in tops if top not in named)


def paths_of(group: Group) -> tuple[KeyPath, ...]:
    """Its settings, section by section: those of a section before those of the sections in it."""
    found: list[KeyPath] = []
    for section in group.sections:
        below = [path for path in value_paths() if path[0] == section]
        parents = [path for path in setting_paths() if path[0] == section]
        found += [path for parent in parents for path in below if path[:-1] == parent]
    return tuple(found)


def title_of(path: KeyPath) -> str:
    """``universe.size`` as a person calls it."""
    named = _TITLES.get(_key(path))
    if named is not None:
        return named
    words = " ".join(_SPELLED.get(word, word) for word in str(path[-1]).split("_"))
    return words[:1].upper() + words[1:]


def unit_of(path: KeyPath) -> str:
    """What stands after a number; empty for nothing."""
    key = _key(path)
    return "s" if key.startswith(_SECONDS) else _UNITS.get(key, "")


def waits_words(path: KeyPath) -> str:
    """Why a change counts from the next start only."""
    key = _key(path)
    if key in FIRST_STARTS:
        return ""
    reason = next((words for name, words in _WAITS.items() if key == name or key.startswith(f"{name}.")), "")
    return f"Counts from the next start: {reason}." if reason else "Counts from the next start."


def secret_of(path: KeyPath) -> str:
    """``exchanges.bybit.api_credentials.api_key`` in the keyring: ``bybit.api_key``."""
    return f"{path[1]}.{path[-1]}"


def _key(path: KeyPath) -> str:
    return ".".join(map(str, path))
