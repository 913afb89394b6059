"""``instruments-info``: rows, filters and pages.

A cursor is percent-encoded text and is to be appended to the URL verbatim; a client that encodes it
again sends ``%253D`` and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from virtuoso_desktop.model.instrument import Instrument, MarketKind, decimals

STATUSES = ("PreLaunch", "Trading", "Delivering", "Closed")
_CURSOR = re.compile(r"first=([^&%]+)&last=([^&%]+)")
_LARGEST_ORDER_LOTS = 1_000_000
_PRICE_TICKS = 19_999_998


class BadCursor(ValueError):
    """The cursor is not one that a page ended with."""


def page(
    instruments: Sequence[Instrument], *, limit: int, cursor: str, row: Callable[[Instrument], dict[str, Any]]
) -> tuple[list[dict[str, Any]], str]:
    """(rows, text of the next cursor or ``""``) of the page after ``cursor`` (decoded once, ``""`` is the first).

    Raises BadCursor.
    """
    first = _position(instruments, cursor) if cursor else 0
    chosen = instruments[first : first + limit]
    following = ""
    if chosen and first + limit < len(instruments):
        following = quote(f"first={chosen[0].symbol}&last={chosen[-1].symbol}", safe="")
    return [row(instrument) for instrument in chosen], following


def _position(instruments: Sequence[Instrument], cursor: str) -> int:
    match = _CURSOR.fullmatch(cursor)
    symbols = [instrument.symbol for instrument in instruments]
    if match is None or match[2] not in symbols:
        raise BadCursor(cursor)
    return symbols.index(match[2]) + 1


def instrument_row(instrument: Instrument, number: int) -> dict[str, Any]:
    """One instrument as the venue lists it; ``number`` is its symbolId."""
    return _spot(instrument, number) if instrument.id.market_kind is MarketKind.SPOT else _contract(instrument, number)


def _contract(instrument: Instrument, number: int) -> dict[str, Any]:
    tick, lot = instrument.tick_size, instrument.lot_step
    largest = f"{lot * _LARGEST_ORDER_LOTS:f}"
    return {
        "symbol": instrument.symbol,
        "symbolId": number,
        "contractType": instrument.contract_type,
        "status": instrument.status,
        "baseCoin": instrument.base_coin,
        "quoteCoin": instrument.quote_coin,
        "launchTime": str(instrument.launch_ms or 0),
        "deliveryTime": str(instrument.delivery_ms or 0),
        "deliveryFeeRate": "",
        "priceScale": str(max(0, -int(tick.as_tuple().exponent))),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": f"{tick:f}", "maxPrice": f"{tick * _PRICE_TICKS:f}", "tickSize": f"{tick:f}"},
        "lotSizeFilter": {
            "maxOrderQty": largest,
            "minOrderQty": f"{lot:f}",
            "qtyStep": f"{lot:f}",
            "postOnlyMaxOrderQty": largest,
            "maxMktOrderQty": f"{lot * (_LARGEST_ORDER_LOTS // 5):f}",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": instrument.funding_interval_min or 0,
        "settleCoin": instrument.settle_coin,
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"},
        "displayName": "",
        "symbolType": "",
        "forbidUplWithdrawal": False,
    }


def _spot(instrument: Instrument, number: int) -> dict[str, Any]:
    lot = instrument.lot_step
    quote_precision = Decimal(1).scaleb(-decimals(instrument.tick_size) - decimals(lot))
    return {
        "symbolId": number,
        "symbol": instrument.symbol,
        "baseCoin": instrument.base_coin,
        "quoteCoin": instrument.quote_coin,
        "innovation": "0",
        "status": instrument.status,
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": f"{lot:f}",
            "quotePrecision": f"{quote_precision:f}",
            "minOrderQty": f"{lot:f}",
            "maxOrderQty": f"{lot * _LARGEST_ORDER_LOTS:f}",
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": f"{lot * _LARGEST_ORDER_LOTS:f}",
            "maxMarketOrderQty": f"{lot * (_LARGEST_ORDER_LOTS // 2):f}",
            "postOnlyMaxLimitOrderSize": "60000",
        },
        "priceFilter": {"tickSize": f"{instrument.tick_size.normalize():f}"},
        "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
        "symbolType": "",
    }
