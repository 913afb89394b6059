"""The query of a REST request: the venue's parameters, read and refused as the venue does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from virtuoso_desktop.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.simulator.encode import INTERVALS, Texts
from virtuoso_desktop.simulator.fault_board import Standing
from virtuoso_desktop.simulator.market import MarketSource

BAD_PARAMETER = 10001
_TRADING = "Trading"
Result = dict[str, Any]
_Named = TypeVar("_Named")


class Refused(Exception):
    """The venue answers with this retCode and retMsg instead of a result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Listing:
    """The market's instruments with their texts, by category and symbol.

    ``standing`` tells which are not listed as the market says; it may change at any time.
    """

    def __init__(self, market: MarketSource, standing: Callable[[InstrumentId], Standing | None] | None = None) -> None:
        self._standing = standing
        self.texts = {instrument.id: Texts(instrument) for instrument in market.instruments}
        self.by_id = {instrument.id: instrument for instrument in market.instruments}
        self._sorted = sorted(market.instruments, key=lambda instrument: instrument.symbol)
        self.numbers = {instrument.id: number for number, instrument in enumerate(self._sorted, 1)}

    def of(self, category: str) -> list[Instrument]:
        """Instruments of a category that trade, by symbol; options are none."""
        return [instrument for instrument in self.listed(category) if instrument.status == _TRADING]

    def listed(self, category: str) -> list[Instrument]:
        """Instruments of a category with any status, by symbol."""
        all_of = (instrument for instrument in self._sorted if instrument.id.market_kind.value == category)
        return [now for instrument in all_of if (now := self._as_now(instrument)) is not None]

    def find(self, category: str, symbol: str) -> Instrument | None:
        """The instrument that trades under this name."""
        if category == "option":
            return None
        found = self.by_id.get(InstrumentId(Venue.BYBIT, MarketKind(category), symbol))
        now = self._as_now(found) if found is not None else None
        return now if now is not None and now.status == _TRADING else None

    def _as_now(self, instrument: Instrument) -> Instrument | None:
        standing = self._standing(instrument.id) if self._standing is not None else None
        if standing is None:
            return instrument
        if standing.status is None:
            return None
        return msgspec.structs.replace(instrument, status=standing.status, delivery_ms=standing.delivery_ms)

    def twin(self, instrument: Instrument) -> Instrument | None:
        """The linear contract of a spot instrument's coins, None for contracts."""
        return self.find("linear", instrument.symbol) if instrument.id.market_kind is MarketKind.SPOT else None


class Query:
    """The query of one request, decoded once; each reader refuses what the venue refuses.

    ``now_ms`` is the venue time that the answer shows.
    """

    def __init__(self, raw: str, listing: Listing, now_ms: int) -> None:
        self.now_ms = now_ms
        self._values = dict(parse_qsl(raw, keep_blank_values=True))
        self._listing = listing

    def text(self, name: str) -> str:
        return self._values.get(name, "")

    def category(self, *allowed: str, default: str = "") -> str:
        value = self.text("category") or default
        if value not in allowed:
            raise Refused(BAD_PARAMETER, "params error: Category is invalid")
        return value

    def instrument(self, category: str) -> Instrument:
        symbol = self.text("symbol")
        if not symbol:
            raise Refused(BAD_PARAMETER, "params error: symbol is required")
        found = self._listing.find(category, symbol)
        if found is None:
            raise Refused(BAD_PARAMETER, "Not supported symbols")
        return found

    def interval(self) -> Timeframe:
        return self.one_of("interval", INTERVALS, "Invalid period!")

    def one_of(self, name: str, values: Mapping[str, _Named], refusal: str) -> _Named:
        """What a parameter's text means; any other text is refused."""
        found = values.get(self.text(name))
        if found is None:
            raise Refused(BAD_PARAMETER, refusal)
        return found

    def limit(self, default: int, most: int) -> int:
        """Rows wanted; above the endpoint's maximum counts as the maximum."""
        value = self.number("limit")
        if value is not None and value < 1:
            raise Refused(BAD_PARAMETER, "params error: limit is invalid")
        return default if value is None else min(value, most)

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 16:
            raise Refused(BAD_PARAMETER, f"params error: {name} is invalid")
        return int(text)

    def times(self) -> tuple[int | None, int | None]:
        """(startTime, endTime); a start after the end is refused."""
        start_ms, end_ms = self.number("startTime"), self.number("endTime")
        if start_ms is not None and end_ms is not None and start_ms > end_ms:
            raise Refused(BAD_PARAMETER, "params error: Time Is Invalid")
        return start_ms, end_ms
