"""Signals reach every receiver in order, whatever one of them does."""

from __future__ import annotations

import pytest

from virtuoso_desktop.kernel.signals import Signal


def test_receivers_are_called_in_order_of_connection() -> None:
    signal: Signal[int] = Signal("s")
    got: list[tuple[str, int]] = []
    signal.connect(lambda value: got.append(("a", value)))
    signal.connect(lambda value: got.append(("b", value)))
    signal.emit(1)
    assert got == [("a", 1), ("b", 1)]


def test_a_disconnected_receiver_is_left_alone() -> None:
    signal: Signal[int] = Signal("s")
    got: list[int] = []
    disconnect = signal.connect(got.append)
    signal.emit(1)
    disconnect()
    disconnect()
    signal.emit(2)
    assert got == [1]


@pytest.mark.logs("ERROR .*a receiver of the signal s failed")
def test_one_failing_receiver_does_not_stop_the_others() -> None:
    signal: Signal[int] = Signal("s")
    got: list[int] = []

    def fail(value: int) -> None:
        raise ValueError(value)

    signal.connect(fail)
    signal.connect(got.append)
    signal.emit(1)
    assert got == [1]


def test_receivers_may_disconnect_while_told() -> None:
    signal: Signal[int] = Signal("s")
    got: list[str] = []

    def first(_: int) -> None:
        got.append("first")
        leave()

    leave = signal.connect(first)
    signal.connect(lambda _: got.append("second"))
    signal.emit(1)
    signal.emit(2)
    assert got == ["first", "second", "second"]
