"""The synthetic market ``synthetic:SEED``: about fifty instruments that move together, endless and repeatable."""

from __future__ import annotations

import functools

from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.bars import Bars, Grid, aggregate, concatenate
from virtuoso_desktop.simulator.by_instrument import MarketByInstrument
from virtuoso_desktop.simulator.instrument_market import InstrumentMarket, Style
from virtuoso_desktop.simulator.instruments import Listed, synthetic_instruments
from virtuoso_desktop.simulator.noise import derive_key
from virtuoso_desktop.simulator.synthetic_minutes import InstrumentMinutes, usual_deviation
from virtuoso_desktop.simulator.synthetic_path import EPOCH_DAY, MINUTES, Character, CoinPath, Driver
from virtuoso_desktop.simulator.trades import Minute

FIRST_MS = (EPOCH_DAY + 400) * DAY_MS
"""Earliest time at which the market can be asked for: half of the instruments are listed by then."""
_KEPT_DAYS = 3
_SPAN_DAYS = 16
_LONG = {Timeframe.D1, Timeframe.W1, Timeframe.MO1}
_EVENTS_BY_RANK = ((1, 230), (2, 190), (3, 150), (5, 120), (8, 100), (14, 86), (24, 80))
_QUIET_EVENTS = 80


class SyntheticFeed:
    """Finished candles of one synthetic instrument since its launch."""

    def __init__(self, minutes: InstrumentMinutes, launch_ms: int, grid: Grid) -> None:
        self._minutes = minutes
        self._grid = grid
        self.first_ms = launch_ms
        self.shift_minutes = 0
        self._one_day = functools.lru_cache(maxsize=_KEPT_DAYS)(self._make_day)
        self._whole_days = functools.lru_cache(maxsize=None)(self._make_days)

    @property
    def end_ms(self) -> int | None:
        return None

    def minute(self, number: int) -> Minute | None:
        if number * MINUTE_MS < self.first_ms:
            return None
        bars, row = self._one_day(number // MINUTES), number % MINUTES
        _, o, high, low, close, volume, turnover = (column.item(row) for column in bars)
        return Minute(number, o, high, low, close, volume, turnover)

    def minute_before(self, number: int) -> int | None:
        return number - 1 if (number - 1) * MINUTE_MS >= self.first_ms else None

    def history(self, timeframe: Timeframe, from_ms: int, until_ms: int) -> Bars:
        from_ms = max(from_ms, self.first_ms)
        if until_ms <= from_ms:
            return concatenate([])
        if timeframe in _LONG:
            return aggregate(self._days(from_ms, until_ms), timeframe)
        first_day, end_day = from_ms // DAY_MS, -(-until_ms // DAY_MS)
        if end_day - first_day <= _KEPT_DAYS - 1:
            parts = [self._one_day(day) for day in range(first_day, end_day)]
        else:
            firsts = range(first_day, end_day, _SPAN_DAYS)
            parts = (self._minutes.days(day, min(_SPAN_DAYS, end_day - day)) for day in firsts)
        return concatenate([self._longer(part.between(from_ms, until_ms), timeframe) for part in parts])

    def _days(self, from_ms: int, until_ms: int) -> Bars:
        """Candles of whole days, the first and the last made of the minutes in the range only."""
        first_day, end_day = -(-from_ms // DAY_MS), until_ms // DAY_MS
        parts: list[Bars] = []
        if from_ms % DAY_MS:
            head = self._one_day(first_day - 1).between(from_ms, until_ms)
            parts.append(self._longer(head, Timeframe.D1))
        spans = range(first_day // _SPAN_DAYS, -(-end_day // _SPAN_DAYS))
        parts += [self._whole_days(span).between(first_day * DAY_MS, end_day * DAY_MS) for span in spans]
        if until_ms % DAY_MS and end_day >= first_day:
            tail = self._one_day(end_day).between(from_ms, until_ms)
            parts.append(self._longer(tail, Timeframe.D1))
        return concatenate(parts)

    def _make_day(self, day: int) -> Bars:
        return self._minutes.days(day, 1)

    def _make_days(self, span: int) -> Bars:
        return self._longer(self._minutes.days(span * _SPAN_DAYS, _SPAN_DAYS), Timeframe.D1)

    def _longer(self, minutes: Bars, timeframe: Timeframe) -> Bars:
        bars = self._grid.coin_turnovers(minutes) if self._grid.is_inverse else minutes
        return bars if timeframe is Timeframe.M1 else aggregate(bars, timeframe)


class SyntheticMarket(MarketByInstrument):
    """`MarketSource` of ``seed``. ``listed_before_ms`` leaves out what is launched later."""

    def __init__(self, seed: int, listed_before_ms: int | None = None) -> None:
        driver = Driver(derive_key(seed, "market days"))
        paths: dict[str, CoinPath] = {}
        markets: list[InstrumentMarket] = []
        ranks: dict[str, int] = {}
        for listed in synthetic_instruments():
            instrument, listing = listed
            kind = instrument.id.market_kind
            ranks[kind] = rank = ranks.get(kind, 0) + 1
            if listed_before_ms is not None and (instrument.launch_ms or 0) >= listed_before_ms:
                continue
            path = paths.get(listing.coin)
            if path is None:
                character = Character(listing.price, listing.daily_pct / 100, listing.shared_ratio)
                path = paths[listing.coin] = CoinPath(seed, listing.coin, character, driver)
            markets.append(_market(seed, listed, path, rank))
        super().__init__(markets)


def _market(seed: int, listed: Listed, path: CoinPath, rank: int) -> InstrumentMarket:
    instrument, listing = listed
    is_inverse = instrument.id.market_kind is MarketKind.INVERSE
    grid = (Grid.inverse if is_inverse else Grid.exact)(instrument.tick_size, instrument.lot_step)
    feed = SyntheticFeed(InstrumentMinutes(seed, listed, path), instrument.launch_ms or 0, grid)
    lots_a_minute = listing.turnover_musd * 1e6 / MINUTES / float(instrument.lot_step)
    if not is_inverse:
        lots_a_minute /= listing.price
    events = next((count for most, count in _EVENTS_BY_RANK if rank <= most), _QUIET_EVENTS)
    refresh_ms = 50 if rank <= 4 else 100
    price_ticks = listing.price / float(instrument.tick_size)
    move_ratio = usual_deviation(listing)
    style = Style(derive_key(seed, str(instrument.id)), lots_a_minute, price_ticks, events, refresh_ms, move_ratio)
    return InstrumentMarket(instrument, grid, feed, style)
