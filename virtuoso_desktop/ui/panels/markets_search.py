"""What the search field of Markets understands: names, ``buy`` and ``sell``, and filters of columns. No Qt.

The grammar is that of `market.row_filter`; here stand the columns that it can name, and what a word alone finds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from virtuoso_desktop.engine.analysis_views import ScoreRow
from virtuoso_desktop.engine.views import MarketRow
from virtuoso_desktop.market.row_filter import Check, Field, Unit, names_of, parse
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.result import DimensionName, SignalKind, SignalStrength
from virtuoso_desktop.ui.analysis_words import ABOUT, LETTERS, STRENGTHS
from virtuoso_desktop.ui.panels.markets_rows import KIND_WORDS
from virtuoso_desktop.ui.panels.markets_scores import column_value

_SECOND_MS = 1_000


Searched = tuple[MarketRow, ScoreRow | None, int]
"""A row as a filter sees it: its scores are None while they are stale or not there; venue time, ms."""


def search_check(words: str) -> Check | None:
    """The check of a `Searched` that the words ask for; None for none. Raises FilterError."""
    return parse(words, FIELDS, _named)


@lru_cache(maxsize=4_096)
def _names(base_coin: str, symbol: str, venue: str, kind: MarketKind) -> str:
    return f"{base_coin} {symbol} {venue} {KIND_WORDS[kind]}".casefold()


def _named(word: str) -> Check:
    """Found in the row's names, or said by its signal."""

    def check(searched: Searched) -> bool:
        row, scores, _ = searched
        identity = row.instrument_id
        if word in _names(row.base_coin, identity.symbol, identity.venue.value, identity.market_kind):
            return True
        return scores is not None and word in _signal_words(scores)

    return check


def _signal_words(scores: ScoreRow) -> tuple[str, ...]:
    if scores.signal is SignalKind.NEUTRAL:
        return ()
    return scores.signal.value.lower(), *STRENGTHS[scores.strength].lower().split()


def _symbol(searched: Searched) -> tuple[str, ...]:
    return _symbol_words(searched[0].base_coin, searched[0].instrument_id)


@lru_cache(maxsize=4_096)
def _symbol_words(base_coin: str, identity: InstrumentId) -> tuple[str, ...]:
    return base_coin.casefold(), identity.symbol.casefold(), str(identity).casefold()


def _signal(searched: Searched) -> tuple[str, ...] | None:
    scores = searched[1]
    return None if scores is None or scores.score is None else (scores.signal.value.lower(),)


def _strength(searched: Searched) -> tuple[str, ...] | None:
    scores = searched[1]
    if scores is None or scores.score is None:
        return None
    return (scores.strength.value.lower(),)


def _age_s(searched: Searched) -> float | None:
    updated_ms = searched[0].updated_ms
    return None if updated_ms is None else (searched[2] - updated_ms) / _SECOND_MS


def _funding_pct(searched: Searched) -> float | None:
    rate = searched[0].funding_rate
    return None if rate is None else rate * 100.0


def _score(column: str) -> Callable[[Searched], float | None]:
    def read(searched: Searched) -> float | None:
        return None if searched[1] is None else column_value(searched[1], column)

    return read


def _value(name: str) -> Callable[[Searched], float | None]:
    def read(searched: Searched) -> float | None:
        return getattr(searched[0], name)

    return read


def _dimension(name: DimensionName) -> Field:
    letter = LETTERS[name].lower()
    shown = "structure" if name is DimensionName.PRICE_STRUCTURE else name.value
    aliases = (letter,) if shown == name.value else (letter, name.value)
    return Field(shown, f"{letter.upper()}, 0 to 100: {ABOUT[name]}", _score(f"{name.value}_score"), aliases=aliases)


ALL_FIELDS: tuple[Field, ...] = (
    Field("score", "Confluence score, 0 to 100", _score("score")),
    Field("signal", "Signal of the last candle", _signal, True, choices=tuple(each.value for each in SignalKind)),
    Field(
        "strength", "Strength of the signal", _strength, True,
        choices=tuple(each.value for each in SignalStrength if each is not SignalStrength.NONE),
    ),
    *(_dimension(name) for name in DimensionName),
    Field("symbol", "Coin, symbol or venue:kind:SYMBOL", _symbol, True),
    Field("quote", "Quote coin", lambda searched: (searched[0].quote_coin.casefold(),), True),
    Field("venue", "Exchange", lambda searched: (searched[0].instrument_id.venue.value,), True),
    Field(
        "kind", "Kind of market", lambda searched: (KIND_WORDS[searched[0].instrument_id.market_kind],), True,
        choices=tuple(KIND_WORDS.values()),
    ),
    Field("last", "Last price, quote coin", _value("last_price"), aliases=("price",)),
    Field("change24h", "Change of 24 hours, per cent", _value("change_24h_pct"), unit=Unit.PERCENT),
    Field("change_utc", "Change since 00:00 UTC, per cent", _value("change_utc_day_pct"), unit=Unit.PERCENT),
    Field("volume24h", "Turnover of 24 hours, quote coin", _value("turnover_24h"), aliases=("turnover",)),
    Field("volume_base", "Volume of 24 hours, base coin", _value("volume_24h")),
    Field("spread", "Spread, hundredths of a per cent", _value("spread_bps"), unit=Unit.BPS),
    Field("funding", "Funding per period, per cent", _funding_pct, unit=Unit.PERCENT),
    Field("oi", "Open interest, quote coin", _value("open_interest_quote"), aliases=("open_interest",)),
    Field("oi1h", "Change of open interest in 1 hour, per cent", _value("oi_change_1h_pct"), unit=Unit.PERCENT),
    Field("oi24h", "Change of open interest in 24 hours, per cent", _value("oi_change_24h_pct"), unit=Unit.PERCENT),
    Field("basis", "Mark against index price, hundredths of a per cent", _value("basis_bps"), unit=Unit.BPS),
    Field("mark", "Mark price", _value("mark_price")),
    Field("high24h", "High of 24 hours", _value("high_24h")),
    Field("low24h", "Low of 24 hours", _value("low_24h")),
    Field("age", "Seconds since the newest ticker", _age_s),
)  # fmt: skip
FIELDS = names_of(ALL_FIELDS)
