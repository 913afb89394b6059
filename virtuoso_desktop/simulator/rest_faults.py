"""What a fault makes of the answer to a request."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from virtuoso_desktop.simulator import encode
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.sockets import break_connection

TOO_MANY_VISITS = 10006
SERVER_ERROR = 10016
_RESET_S = 1.0
_SLOW_S = 15.0
_STALLED_S = 60.0
_HEAD_BYTES = 24
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_BLOCKED = (
    "<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>\n<H1>403 ERROR</H1>\n"
    "The Amazon CloudFront distribution is configured to block access from your country.\n</BODY></HTML>\n"
)
_REASONS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
_NEED_THE_ANSWER = frozenset(
    (FaultKind.CROSSED, FaultKind.SHORT_BODY, FaultKind.CUT_JSON, FaultKind.SLOW, FaultKind.STALLED)
)


def needs_the_answer(fault: Fault) -> bool:
    """Whether `broken` needs the true body."""
    return fault.fault in _NEED_THE_ANSWER


def refused(fault: Fault, headers: dict[str, str], now_ms: int) -> web.Response:
    """The whole response of a fault that has nothing to do with the true body."""
    kind, code = fault.fault, fault.code
    if kind is FaultKind.BAN:
        return web.Response(status=403, text="403, access too frequent", content_type="text/plain")
    if kind is FaultKind.BLOCKED:
        return web.Response(status=403, text=_BLOCKED, content_type="text/html")
    if kind is FaultKind.THROTTLED:
        return web.Response(status=429, text="Too Many Requests", content_type="text/plain")
    if kind is FaultKind.SERVER_ERROR or (kind is FaultKind.MAINTENANCE and code is not None and 500 <= code <= 599):
        return page(code or 503)
    if kind is FaultKind.HTML:
        return web.Response(text=_PAGE.format("Welcome"), content_type="text/html")
    if kind is FaultKind.EMPTY:
        return web.Response(body=b"", headers=headers)
    if kind is FaultKind.RATE_LIMIT:
        wait_ms = round((_RESET_S if fault.delay_s is None else fault.delay_s) * 1000)
        headers |= {"X-Bapi-Limit-Status": "0", "X-Bapi-Limit-Reset-Timestamp": str(now_ms + wait_ms)}
        return _envelope({}, TOO_MANY_VISITS, "Too many visits! Exceeded the API Rate Limit.", headers, now_ms)
    if kind is FaultKind.NO_RESULT:
        return _envelope(None, 0, "OK", headers, now_ms)
    return _envelope({}, code or SERVER_ERROR, "Server error.", headers, now_ms)


def page(status: int) -> web.Response:
    """A gateway's HTML page."""
    text = _PAGE.format(f"{status} {_REASONS.get(status, 'Error')}")
    return web.Response(status=status, text=text, content_type="text/html")


def _envelope(result: Any, code: int, message: str, headers: dict[str, str], now_ms: int) -> web.Response:
    body: dict[str, Any] = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}
    return web.Response(body=encode.encode(body), headers=headers)


async def broken(fault: Fault, request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    """The true ``body`` as ``fault`` lets it arrive."""
    kind = fault.fault
    if kind is FaultKind.SLOW:
        await asyncio.sleep(_SLOW_S if fault.delay_s is None else fault.delay_s)
        return web.Response(body=body, headers=headers)
    if kind is FaultKind.CUT_JSON:
        return web.Response(body=body[: len(body) // 2], headers=headers)
    if kind is FaultKind.CROSSED:
        return web.Response(body=_crossed(body), headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    if kind is FaultKind.SHORT_BODY:
        await response.write(body[: len(body) // 2])
    else:
        await response.write(body[:_HEAD_BYTES])
        await asyncio.sleep(_STALLED_S if fault.delay_s is None else fault.delay_s)
    if request.transport is not None:
        request.transport.close()
    return response


def cut(request: web.Request) -> web.Response:
    """Break the connection by TCP reset before any answer; the response returned is never seen."""
    if request.transport is not None:
        break_connection(request.transport)
    return web.Response()


def _crossed(body: bytes) -> bytes:
    """An order book whose best bid and best ask have changed places."""
    message = msgspec.json.decode(body)
    result = message["result"]
    if result.get("a") and result.get("b"):
        result["a"][0], result["b"][0] = result["b"][0], result["a"][0]
    return encode.encode(message)
