"""What the window remembers between runs. The app keeps the bytes; nothing here touches a file.

Where the panels stand is in the workspaces (`workspaces`).
"""

from __future__ import annotations

import msgspec

from virtuoso_desktop.ui.tokens import ThemeChoice

MEMORY_VERSION = 1


class ColumnMemory(msgspec.Struct, frozen=True):
    """The user's choices in a table: columns shown or hidden, widths dragged, the sorted column, the filter."""

    chosen: dict[str, bool] = {}
    widths: dict[str, int] = {}
    sort_column: str = "score"
    sorts_down: bool = True
    words: str = ""
    """What the rows were searched or filtered for."""


class DeskMemory(msgspec.Struct, frozen=True):
    """The user's choices in the panels under the chart. Amounts in quote coin, None for no limit."""

    book_groups: dict[str, int] = {}
    """Ticks of a group of the ladder by instrument (``venue:kind:SYMBOL``)."""
    slippage_amount: float = 100_000.0
    least_trade: float | None = None
    """Smaller trades are not shown."""
    trade_sound: bool = False
    least_liquidation: float | None = None
    liquidations_of_all: bool = True
    log_level: int = 0
    """Of `logging`; 0 for all."""


class DrawMemory(msgspec.Struct, frozen=True):
    """The user's choices for drawing; the drawings themselves lie in files of their own."""

    strip_shown: bool = False
    magnet: bool = True
    looks: dict[str, tuple[str, int, str]] = {}
    """Colour token, width in px and stroke chosen last, by kind of drawing."""


class WindowMemory(msgspec.Struct, frozen=True):
    """Place, looks and subject of the window. ``geometry`` is (x, y, width, height), logical pixels."""

    version: int = MEMORY_VERSION
    geometry: tuple[int, int, int, int] | None = None
    pixel_ratio: float | None = None
    """Of the screen then: at another size of everything the geometry says nothing."""
    is_maximized: bool = False
    theme: ThemeChoice = ThemeChoice.DARK
    colour_blind: bool = False
    reduced_motion: bool | None = None
    """None follows the desktop."""
    columns: ColumnMemory = ColumnMemory()
    desk: DeskMemory = DeskMemory()
    draw: DrawMemory = DrawMemory()
    instrument: str | None = None
    """Identity as ``venue:kind:SYMBOL``."""
    timeframe: str | None = None
    recent_commands: tuple[str, ...] = ()
    """What was chosen in the command palette, newest first: ``action:NAME`` or ``instrument:venue:kind:SYMBOL``."""

    def to_bytes(self) -> bytes:
        """For the cache."""
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, stored: bytes | None) -> WindowMemory:
        """What `to_bytes` gave; the defaults for None, damage or another version."""
        if stored is None:
            return cls()
        try:
            memory = msgspec.json.decode(stored, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls()
        return memory if memory.version == MEMORY_VERSION else cls()
