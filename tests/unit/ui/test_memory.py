from __future__ import annotations

import msgspec
import pytest

from virtuoso_desktop.ui.memory import MEMORY_VERSION, ColumnMemory, WindowMemory, right_sizes
from virtuoso_desktop.ui.tokens import ThemeChoice


def test_everything_comes_back() -> None:
    memory = WindowMemory(
        geometry=(10, 20, 1500, 900),
        is_maximized=True,
        markets_width=512,
        confluence_width=340,
        confluence_collapsed=True,
        dock_height=180,
        dock_collapsed=True,
        theme=ThemeChoice.LIGHT,
        colour_blind=True,
        reduced_motion=False,
        columns=ColumnMemory({"mark": True}, {"last": 90}, "funding", sorts_down=False),
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


def test_a_memory_without_the_right_panels_gives_them_their_own_sizes() -> None:
    memory = WindowMemory.from_bytes(b'{"version": 1, "markets_width": 400}')
    assert right_sizes(memory, 1600, 1000) == (316, 236)
    assert right_sizes(memory, 1280, 720) == (264, 128)
    collapsed = msgspec.structs.replace(memory, confluence_collapsed=True, dock_collapsed=True)
    assert right_sizes(collapsed, 1600, 1000) == (28, 32)


def test_fields_of_the_future_are_no_damage() -> None:
    stored = b'{"version": 1, "theme": "light", "zoom": 2}'
    assert WindowMemory.from_bytes(stored).theme is ThemeChoice.LIGHT
