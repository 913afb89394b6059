"""Which instruments are watched (architecture 5): the largest by turnover, plus and minus the user's own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind
from virtuoso_desktop.model.market import Ticker
from virtuoso_desktop.settings.schema import UniverseSettings

UNIVERSE_LIFE_MS = 86_400_000
"""A universe is chosen anew at most once a day."""
PERPETUAL_WORD = "Perpetual"


class RememberedUniverse(msgspec.Struct, frozen=True):
    """The universe as chosen last; ``instruments`` with their grids so that streams can start without REST."""

    as_of_ms: int
    instruments: tuple[Instrument, ...]


def choose_universe(
    instruments: Iterable[Instrument], tickers: Iterable[Ticker], wanted: UniverseSettings
) -> tuple[Instrument, ...]:
    """Instruments to watch, largest 24 h turnover (quote coin) first.

    ``include_symbols`` come in whatever their turnover, ``exclude_symbols`` never; both may name a bare
    symbol or ``venue:kind:SYMBOL``. Dated contracts and what is not in trade are left out. Inverse
    contracts are all quoted in USD: asking for the kind is asking for the currency.
    """
    turnover = {ticker.instrument_id: _turnover_quote(ticker) for ticker in tickers}
    included = set(wanted.include_symbols)
    excluded = set(wanted.exclude_symbols)
    chosen: list[Instrument] = []
    for instrument in instruments:
        if names(instrument) & excluded or not is_traded(instrument):
            continue
        if names(instrument) & included or _fits(instrument, turnover.get(instrument.id, 0.0), wanted):
            chosen.append(instrument)
    chosen.sort(key=lambda each: (-turnover.get(each.id, 0.0), each.id))
    forced = [each for each in chosen if names(each) & included]
    room = max(0, wanted.size - len(forced))
    others = [each for each in chosen if each not in forced][:room]
    return tuple(sorted((*forced, *others), key=lambda each: (-turnover.get(each.id, 0.0), each.id)))


def is_traded(instrument: Instrument) -> bool:
    """Neither announced, nor being settled, nor gone."""
    return instrument.status == "Trading"


def names(instrument: Instrument) -> set[str]:
    """How settings may name an instrument."""
    return {instrument.symbol, str(instrument.id)}


def _turnover_quote(ticker: Ticker) -> float:
    """24 h turnover in quote coin: inverse contracts count their volume in USD and their turnover in coins."""
    is_inverse = ticker.instrument_id.market_kind is MarketKind.INVERSE
    return ticker.fields.get("volume_24h" if is_inverse else "turnover_24h") or 0.0


def _fits(instrument: Instrument, turnover_quote: float, wanted: UniverseSettings) -> bool:
    return may_fit(instrument, wanted) and turnover_quote >= wanted.min_24h_volume


def may_fit(instrument: Instrument, wanted: UniverseSettings) -> bool:
    """Whether an instrument is of the kind that is watched, whatever its turnover."""
    kind = instrument.id.market_kind
    return (
        kind in wanted.kinds
        and instrument.id.venue in wanted.venues
        and (kind is MarketKind.SPOT or PERPETUAL_WORD in instrument.contract_type)
        and (kind is MarketKind.INVERSE or instrument.quote_coin in wanted.preferred_quote_currencies)
    )


def kept_universe(
    remembered: RememberedUniverse, instruments: Iterable[Instrument], always: Iterable[InstrumentId]
) -> tuple[Instrument, ...]:
    """The remembered universe with today's grids, without what is no longer in trade, with ``always``."""
    now = {instrument.id: instrument for instrument in instruments}
    ids = dict.fromkeys([*(instrument.id for instrument in remembered.instruments), *always])
    return tuple(now[each] for each in ids if each in now)
