"""How a run is marked whose data are not the live market's. No Qt."""

from __future__ import annotations

from virtuoso_desktop.model.instrument import Source

RIBBONS: dict[Source, tuple[str, str]] = {
    Source.DEMO: ("DEMO DATA", "generated prices, no exchange is connected"),
    Source.TESTNET: ("TESTNET", "the exchange's test network, not the market"),
    Source.REPLAY: ("REPLAY", "recorded data, not the market of now"),
    Source.FILE: ("FILE", "prices from a file, no exchange is connected"),
}
"""Title and explanation of the ribbon; the live source has none."""


def title_mark(source: Source) -> str:
    """What the window's title begins with."""
    return "" if source is Source.LIVE else f"{source.value.upper()} \u00b7 "
