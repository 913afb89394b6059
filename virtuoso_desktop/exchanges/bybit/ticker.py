"""The values of a Bybit ticker by our names, from the stream's and from REST's elements alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from virtuoso_desktop.exchanges.bybit import wire
from virtuoso_desktop.model.errors import ParseError
from virtuoso_desktop.model.market import TICKER_FIELDS

NAME_BY_KEY: dict[str, str] = dict(zip(wire.TickerData.__annotations__, TICKER_FIELDS, strict=True))


def ticker_fields(data: Mapping[str, object]) -> dict[str, float | None]:
    """The known values of one ticker element as it came from the venue; ``""`` and null become None.

    Raises ParseError for a value that is no number, not finite, or a negative price, size or volume.
    """
    texts = {key: None if value == "" else value for key, value in data.items()}
    try:
        values: Any = msgspec.convert(texts, wire.TickerData, strict=False)
    except msgspec.ValidationError as error:
        raise ParseError(f"the ticker has a value that cannot be: {error}", kind="bad_value") from error
    return {NAME_BY_KEY[key]: value for key, value in values.items()}
