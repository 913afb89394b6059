from __future__ import annotations

import msgspec
import pytest

from virtuoso_desktop.ui.memory import MEMORY_VERSION, ColumnMemory, DrawMemory, WindowMemory
from virtuoso_desktop.ui.tokens import ThemeChoice


def test_everything_comes_back() -> None:
    memory = WindowMemory(
        geometry=(10, 20, 1500, 900),
        is_maximized=True,
        theme=ThemeChoice.LIGHT,
        colour_blind=True,
        reduced_motion=False,
        columns=ColumnMemory({"mark": True}, {"last": 90}, "funding", sorts_down=False),
        draw=DrawMemory(strip_shown=True, magnet=False, looks={"ray": ("up", 3, "dotted")}),
        instrument="bybit:linear:SOLUSDT",
        timeframe="1h",
    )
    assert WindowMemory.from_bytes(memory.to_bytes()) == memory


@pytest.mark.parametrize(
    "stored",
    [
        None,
        b"",
        b"{",
        b"\x00\xff",
        b'{"theme": "purple"}',
        b'{"geometry": [1, 2]}',
        b'{"columns": {"widths": {"last": "wide"}}}',
        msgspec.json.encode({"version": MEMORY_VERSION + 1, "theme": "light"}),
    ],
)
def test_damage_and_other_versions_give_the_defaults(stored: bytes | None) -> None:
    assert WindowMemory.from_bytes(stored) == WindowMemory()


def test_fields_of_the_future_are_no_damage() -> None:
    stored = b'{"version": 1, "theme": "light", "zoom": 2, "markets_width": 400}'
    assert WindowMemory.from_bytes(stored).theme is ThemeChoice.LIGHT
