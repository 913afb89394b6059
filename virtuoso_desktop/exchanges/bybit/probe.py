"""How to find out whether Bybit can be used from here, with the fewest requests.

Source: Bybit API documentation, v5: server time, system status, WebSocket public topics.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from virtuoso_desktop.exchanges.bybit import parse_rest
from virtuoso_desktop.exchanges.inquiry import VenueProbe


def refused_topic(frame: bytes) -> str | None:
    """Why the subscription was refused, in the venue's words; None for any other frame."""
    try:
        reply: Any = msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no JSON"
    if isinstance(reply, dict):
        fields = cast("dict[str, Any]", reply)
        if fields.get("success") is False:
            return str(fields.get("ret_msg", "no reason told"))
    return None


BYBIT_PROBE = VenueProbe(
    name="Bybit",
    time_path="/v5/market/time",
    status_path="/v5/system/status",
    stream_path="/v5/public/linear",
    subscribe='{"op":"subscribe","args":["tickers.BTCUSDT"]}',
    data_head=b'{"topic":',
    read_time=parse_rest.parse_time,
    read_maintenance=parse_rest.parse_maintenance,
    refused_topic=refused_topic,
)
