"""What Bybit's answers over HTTP mean: data, a pause, a passing fault, or a refusal for good.

Source: Bybit API documentation, v5, error codes and rate limits. HTTP 200 proves nothing: errors are
``{"retCode":10001,"retMsg":"...","result":{},"retExtInfo":{},"time":1671017382656}`` with HTTP 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtuoso_desktop.exchanges.lazy_ccxt import HttpAnswer
from virtuoso_desktop.exchanges.rest_client import VenueAnswer
from virtuoso_desktop.model.errors import LinkError, ParseError, RateLimited, VenueRejected

BAN_S = 600.0
"""Bybit lifts a ban of an address after ten minutes without requests."""
DEFAULT_RESET_S = 1.0
LEAST_RESET_S, MOST_RESET_S = 0.1, 5.0
PROTECTION_PAUSE_S = 2.0
RESET_HEADER = "x-bapi-limit-reset-timestamp"

TOO_MANY_VISITS = 10006
ADDRESS_LIMIT = 10018
PASSING_CODES: dict[int, str] = {
    10000: "Bybit's server timed out",
    10002: "Bybit finds the request outside its time window",
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
    10009: "Bybit does not serve this region",
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
    return VenueAnswer(payload.get("result"), venue_ms)


def _judge_status(answer: HttpAnswer) -> None:
    status = answer.status or 0
    if status == 403:
        why = (
            "too many requests came from this address"
            if "too frequent" in answer.body.lower()
            else "it refuses this address or country, or something in between does"
        )
        raise RateLimited(
            f"Bybit answers no requests for now (HTTP 403): {why}. Requests stop for ten minutes, the streams go on.",
            retry_after_s=BAN_S,
        )
    if status == 429:
        raise RateLimited("Bybit protects itself from load (HTTP 429).", retry_after_s=PROTECTION_PAUSE_S)
    if status >= 500:
        raise LinkError(f"Bybit's gateway reports HTTP {status}. The request can be repeated.")
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
    if code in PASSING_CODES:
        return LinkError(f"{PASSING_CODES[code]}{told}. The request can be repeated.")
    return VenueRejected(f"{LASTING_CODES.get(code, 'Bybit refuses the request')}{told}.", code=code)


def _reset_s(answer: HttpAnswer, venue_ms: int | None) -> float:
    """Seconds until the limit is lifted, by the venue's own clock."""
    header = answer.headers.get(RESET_HEADER, "")
    if venue_ms is None or not header.isdecimal():
        return DEFAULT_RESET_S
    return min(MOST_RESET_S, max(LEAST_RESET_S, (int(header) - venue_ms) / 1000))
