"""What a fault makes of the frames of one push (no sockets)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from virtuoso_desktop.simulator import encode
from virtuoso_desktop.simulator.faults import Fault, FaultKind
from virtuoso_desktop.simulator.topics import BookTopic, Topic

_CONFIRMED = b'"confirm":true'
_LATE_S = 2.5
_CORRECTED_S = 1.5
_FLOOD_TIMES = 50
_FAR_TICKS = 5_000
_NEEDS_CLOSE = (FaultKind.LATE_CANDLE, FaultKind.CORRECTED_CANDLE)


class Spoilt(NamedTuple):
    """Frames to send now, after the topic's next push, and after some real seconds."""

    now: list[bytes]
    after_next: list[bytes]
    later: list[tuple[float, bytes]]


def fits(kind: FaultKind, frames: list[bytes]) -> bool:
    """Whether these frames can suffer a fault of this kind."""
    return kind not in _NEEDS_CLOSE or any(_CONFIRMED in frame for frame in frames)


def spoil(fault: Fault, topic: Topic, frames: list[bytes], now_ms: int) -> Spoilt:
    """The frames of a push as they are sent under ``fault``, of the kinds that keep the connection."""
    kind = fault.fault
    if kind is FaultKind.GAP:
        return Spoilt([], [], [])
    if kind in (FaultKind.DUPLICATE, FaultKind.FLOOD):
        extra = 1 if kind is FaultKind.DUPLICATE else fault.times or _FLOOD_TIMES
        return Spoilt([frame for frame in frames for _ in range(1 + extra)], [], [])
    if kind is FaultKind.OUT_OF_ORDER:
        return _out_of_order(frames)
    if kind in _NEEDS_CLOSE:
        return _candles(fault, frames)
    return Spoilt(_books(kind, topic, frames, now_ms) if isinstance(topic, BookTopic) else frames, [], [])


def _out_of_order(frames: list[bytes]) -> Spoilt:
    """Items of one frame backwards where it has several, else the frame after the next one."""
    several = _altered(frames[-1], _turn_round)
    return Spoilt([*frames[:-1], several], [], []) if several != frames[-1] else Spoilt(frames[:-1], frames[-1:], [])


def _turn_round(message: dict[str, Any]) -> None:
    if isinstance(message["data"], list):
        message["data"].reverse()


def _candles(fault: Fault, frames: list[bytes]) -> Spoilt:
    """Closes that come late, or come wrong and then again and right."""
    closes = [frame for frame in frames if _CONFIRMED in frame]
    others = [frame for frame in frames if _CONFIRMED not in frame]
    if fault.fault is FaultKind.LATE_CANDLE:
        delay_s = _LATE_S if fault.delay_s is None else fault.delay_s
        return Spoilt(others, [], [(delay_s, frame) for frame in closes])
    delay_s = _CORRECTED_S if fault.delay_s is None else fault.delay_s
    wrong = [_altered(frame, _misstate) for frame in closes]
    return Spoilt([*wrong, *others], [], [(delay_s, frame) for frame in closes])


def _misstate(message: dict[str, Any]) -> None:
    """A close at the candle's low and no volume: the last trades are missing."""
    for item in message["data"]:
        item["close"] = item["high"] if item["close"] == item["low"] else item["low"]
        item["volume"], item["turnover"] = "0", "0"


def _books(kind: FaultKind, topic: BookTopic, frames: list[bytes], now_ms: int) -> list[bytes]:
    if kind is FaultKind.SNAPSHOT:
        return [topic.snapshot(now_ms)]
    if kind is FaultKind.RESTART:
        topic.restart()
        return [topic.snapshot(now_ms)]
    state, texts = topic.state, topic.texts
    if kind is FaultKind.CROSSED and state.asks:
        row = min(2, len(state.asks) - 1)
        return [*frames[:-1], _altered(frames[-1], _with_bid(texts.price(state.asks[row][0]), texts.size(1)))]
    if kind is FaultKind.UNKNOWN_LEVEL and state.asks:
        far = texts.price(state.asks[-1][0] + _FAR_TICKS)
        return [*frames[:-1], _altered(frames[-1], lambda message: message["data"]["a"].append([far, "0"]))]
    return frames


def _with_bid(price: str, size: str) -> Callable[[dict[str, Any]], None]:
    """A bid at the price of an ask, which no later change takes away; a snapshot keeps its number of levels."""

    def alter(message: dict[str, Any]) -> None:
        bids = message["data"]["b"]
        if message["type"] == "snapshot" and bids:
            bids[0] = [price, size]
        else:
            bids.insert(0, [price, size])

    return alter


def _altered(frame: bytes, alter: Callable[[dict[str, Any]], None]) -> bytes:
    message = msgspec.json.decode(frame)
    alter(message)
    return encode.encode(message)
