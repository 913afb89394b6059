"""What Bybit's answers over HTTP mean: data, a pause, a passing fault, or a refusal for good.

Source: Bybit API documentation, v5, error codes and rate limits. HTTP 200 proves nothing: errors are
``{"retCode":10001,"retMsg":"...","result":{},"retExtInfo":{},"time":1671017382656}`` with HTTP 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtuoso_desktop.exchanges.lazy_ccxt import HttpAnswer
from virtuoso_desktop.exchanges.rest_client import VenueAnswer, VenueRules
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueBlocked, VenueDown, VenueRejected

BAN_S = 600.0
"""Bybit lifts a ban of an address after ten minutes without requests."""
DEFAULT_RESET_S = 1.0
LEAST_RESET_S, MOST_RESET_S = 0.1, 5.0
PROTECTION_PAUSE_S = 2.0
REMAINING_HEADER = "x-bapi-limit-status"
RESET_HEADER = "x-bapi-limit-reset-timestamp"
BLOCK_S = 600.0
"""A refused country stays one; a probe now and then finds out about another network."""

TOO_MANY_VISITS = 10006
REGION = 10009
ADDRESS_LIMIT = 10018
PASSING_CODES: dict[int, str] = {
    10000: "Bybit's server timed out",
    10002: "Bybit finds the request outside its time window",
}
DOWN_CODES: dict[int, str] = {
    10016: "Bybit reports an error of its server",
    10019: "Bybit is restarting",
}
LASTING_CODES: dict[int, str] = {
    10001: "Bybit does not accept a parameter",
    10003: "Bybit does not know the key",
    10004: "Bybit does not accept the signature",
    10005: "Bybit denies the permission",
    10007: "Bybit does not authenticate the user",
    10008: "Bybit has banned the account or it has the wrong mode",
    10010: "Bybit does not accept this address for the key",
    10017: "Bybit has no such path",
}


def judge(answer: HttpAnswer, payload: Mapping[str, Any] | None) -> VenueAnswer:
    """The data of an answer, or the error that it means (see `RestClient`)."""
    _judge_status(answer)
    if payload is None:
        raise LinkError(
            f"Bybit answered with something that is no data (HTTP {answer.status}). The request can be repeated."
        )
    code = payload.get("retCode", payload.get("ret_code"))
    if not isinstance(code, int) or isinstance(code, bool):
        if answer.status != 200:
            raise LinkError(f"Bybit answered HTTP {answer.status} without a code. The request can be repeated.")
        raise ParseError("Bybit's answer has no return code; it is not used.", kind="malformed")
    venue_ms = payload.get("time")
    venue_ms = venue_ms if isinstance(venue_ms, int) else None
    if code != 0:
        raise _refusal(code, str(payload.get("retMsg", payload.get("ret_msg", ""))), answer, venue_ms)
    if not payload.get("result"):
        raise ParseError("Bybit's answer holds no data; nothing was changed.", kind="empty")
    return VenueAnswer(payload["result"], venue_ms, pause_s=_pause_s(answer, venue_ms))


def _judge_status(answer: HttpAnswer) -> None:
    status = answer.status or 0
    if status == 403 and "too frequent" in answer.body.lower():
        raise RateLimited(
            "Bybit answers no requests for now (HTTP 403): too many requests came from this address. Requests stop "
            "for ten minutes, the streams go on.",
            retry_after_s=BAN_S,
        )
    if status in (403, 451):
        raise VenueBlocked(
            f"Bybit answers no requests (HTTP {status}): it refuses this address or country, or something in between "
            "does. The streams go on if they can; another network may help.",
            retry_after_s=BLOCK_S,
        )
    if status == 429:
        text = "Bybit protects itself from load (HTTP 429)."
        raise RateLimited(text, retry_after_s=PROTECTION_PAUSE_S, is_told=False)
    if status >= 500:
        raise VenueDown(f"Bybit's gateway reports HTTP {status}. The request can be repeated.")
    if status in (400, 401, 404):
        raise VenueRejected(f"Bybit refuses the request: HTTP {status}.", code=status)


def _refusal(code: int, message: str, answer: HttpAnswer, venue_ms: int | None) -> Exception:
    told = f" ({code}: {message})" if message else f" ({code})"
    if code == TOO_MANY_VISITS:
        return RateLimited(f"Bybit asks for a pause{told}.", retry_after_s=_reset_s(answer, venue_ms))
    if code == ADDRESS_LIMIT:
        return RateLimited(
            f"Bybit has stopped requests from this address{told}. They stop for ten minutes, the streams go on.",
            retry_after_s=BAN_S,
        )
    if code == REGION:
        return VenueBlocked(f"Bybit does not serve this region{told}. Another network may help.", retry_after_s=BLOCK_S)
    if code in DOWN_CODES:
        return VenueDown(f"{DOWN_CODES[code]}{told}. The request can be repeated.")
    if code in PASSING_CODES:
        return LinkError(f"{PASSING_CODES[code]}{told}. The request can be repeated.")
    return VenueRejected(f"{LASTING_CODES.get(code, 'Bybit refuses the request')}{told}.", code=code)


def _pause_s(answer: HttpAnswer, venue_ms: int | None) -> float:
    """0 while the headers leave requests over; else the time to the reset."""
    return _reset_s(answer, venue_ms) if answer.headers.get(REMAINING_HEADER) == "0" else 0.0


def _reset_s(answer: HttpAnswer, venue_ms: int | None) -> float:
    """Seconds until the limit is lifted, by the venue's own clock."""
    header = answer.headers.get(RESET_HEADER, "")
    if venue_ms is None or not header.isdecimal():
        return DEFAULT_RESET_S
    return min(MOST_RESET_S, max(LEAST_RESET_S, (int(header) - venue_ms) / 1000))


RULES = VenueRules(
    "bybit",
    judge,
    {
        "public_get_v5_market_funding_history": "derivatives",
        "public_get_v5_market_open_interest": "derivatives",
        "public_get_v5_market_account_ratio": "derivatives",
        "public_get_v5_market_mark_price_kline": "derivatives",
        "public_get_v5_market_index_price_kline": "derivatives",
        "public_get_v5_market_premium_index_price_kline": "derivatives",
        "public_get_v5_market_kline": "candles",
        "public_get_v5_market_instruments_info": "instruments",
        "public_get_v5_market_tickers": "tickers",
        "public_get_v5_market_orderbook": "order books",
        "public_get_v5_market_recent_trade": "trades",
        "public_get_v5_market_time": "clock",
        "public_get_v5_system_status": "status",
    },
)
"""The groups are named to people."""
