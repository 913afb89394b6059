"""What a client may ask on a stream, and the venue's answers to it (no sockets).

Acks and pongs differ by category; a subscribe frame with one bad topic fails as a whole and leaves
the connection and its other topics as they were.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import msgspec

from virtuoso_desktop.model.instrument import Instrument
from virtuoso_desktop.simulator.encode import encode
from virtuoso_desktop.simulator.faults import TOPIC_KINDS
from virtuoso_desktop.simulator.query import Listing

MOST_ARGUMENT_CHARACTERS = 21_000
MOST_SPOT_ARGUMENTS = 10


class Operation(NamedTuple):
    """A decoded request; ``topics`` are its args."""

    name: str
    request_id: str
    topics: list[str]


class BadOperation(Exception):
    """The request is refused with ``reason`` as ret_msg; the socket stays open."""

    def __init__(self, reason: str, operation: str, request_id: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation
        self.request_id = request_id


class Named(NamedTuple):
    """A topic that exists: its kind (``orderbook.50``) and instrument."""

    kind: str
    instrument: Instrument


def decode(text: str | bytes) -> Operation:
    """Read one request. Raises BadOperation for what is no JSON object, no known op or has wrong args."""
    try:
        message: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadOperation(f"Failed to decode incoming data:{error}", "", "") from error
    if not isinstance(message, dict):
        raise BadOperation("Failed to decode incoming data:expect an object", "", "")
    fields = cast("dict[str, Any]", message)
    name, request_id = str(fields.get("op") or ""), str(fields.get("req_id") or "")
    if name not in ("ping", "subscribe", "unsubscribe"):
        raise BadOperation("error:invalid op", name, request_id)
    if name == "ping":
        return Operation(name, request_id, [])
    try:
        return Operation(name, request_id, msgspec.convert(fields.get("args"), list[str]))
    except msgspec.ValidationError as error:
        raise BadOperation("Params Error", name, request_id) from error


def named(category: str, topic: str, listing: Listing) -> Named | None:
    """The topic of this name in a category, None where the venue has no handler for it."""
    kind, _, symbol = topic.rpartition(".")
    instrument = listing.find(category, symbol)
    if category == "spot" and kind == "allLiquidation":
        return None
    return Named(kind, instrument) if kind in TOPIC_KINDS and instrument is not None else None


def check_subscribe(category: str, operation: Operation, held: dict[str, Any], listing: Listing) -> list[Named]:
    """The topics to add to the ``held`` ones. Raises BadOperation with the venue's reason."""
    if not operation.topics:
        raise BadOperation("Params Error", operation.name, operation.request_id)
    if category == "spot" and len(operation.topics) > MOST_SPOT_ARGUMENTS:
        raise BadOperation(f"args size >{MOST_SPOT_ARGUMENTS}", operation.name, operation.request_id)
    if sum(map(len, held)) + sum(map(len, operation.topics)) > MOST_ARGUMENT_CHARACTERS:
        reason = f"error:args length exceeds {MOST_ARGUMENT_CHARACTERS} characters"
        raise BadOperation(reason, operation.name, operation.request_id)
    found: list[Named] = []
    seen: set[str] = set(held)
    for topic in operation.topics:
        known = named(category, topic, listing)
        if known is None:
            raise BadOperation(f"error:handler not found,topic:{topic}", operation.name, operation.request_id)
        if topic in seen:
            raise BadOperation(f"error:already subscribed,topic:{topic}", operation.name, operation.request_id)
        seen.add(topic)
        found.append(known)
    return found


def pong(category: str, connection_id: str, operation: Operation) -> bytes:
    """The answer to a ping; spot's has no req_id."""
    answer: dict[str, Any] = {"success": True, "ret_msg": "pong", "conn_id": connection_id}
    if category != "spot":
        answer["req_id"] = operation.request_id
    return encode(answer | {"op": "ping"})


def ack(category: str, connection_id: str, operation: Operation) -> bytes:
    """The answer to a subscribe or unsubscribe that was accepted; spot repeats the op as ret_msg."""
    said = operation.name if category == "spot" else ""
    return _answer(True, said, connection_id, operation.request_id, operation.name)


def refusal(connection_id: str, error: BadOperation) -> bytes:
    """The answer to a request that was refused."""
    return _answer(False, error.reason, connection_id, error.request_id, error.operation)


def _answer(success: bool, said: str, connection_id: str, request_id: str, name: str) -> bytes:
    return encode({"success": success, "ret_msg": said, "conn_id": connection_id, "req_id": request_id, "op": name})
