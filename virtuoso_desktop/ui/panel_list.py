"""Every panel that a workspace can hold: its name in files, what it is called, and the least room it needs. No Qt."""

from __future__ import annotations

from typing import NamedTuple

from virtuoso_desktop.ui.measures import CONFLUENCE_LEAST_PX


class PanelKind(NamedTuple):
    """One of them."""

    name: str
    """In files; never changed."""
    title: str
    about: str
    owns_head: bool = False
    """It has a head of its own: alone in its place it needs no tab."""
    least_px: int = 180
    """Least width."""


MARKETS, CHART, CONFLUENCE = "markets", "chart", "confluence"

PANELS: dict[str, PanelKind] = {
    kind.name: kind
    for kind in (
        PanelKind(MARKETS, "Markets", "Every watched instrument", owns_head=True, least_px=350),
        PanelKind(CHART, "Chart", "Candles of the shown instrument", owns_head=True, least_px=240),
        PanelKind(
            CONFLUENCE,
            "Confluence",
            "The score, and what it is made of",
            owns_head=True,
            least_px=CONFLUENCE_LEAST_PX,
        ),
        PanelKind("order_book", "Order book", "Ladder, depth and slippage of the shown instrument"),
        PanelKind("trades", "Trades", "Every aggressive order of the shown instrument"),
        PanelKind("liquidations", "Liquidations", "Positions that were closed by force"),
        PanelKind("signals", "Signals", "Every signal, what became of it, and where it stands on the chart"),
        PanelKind(
            "overview",
            "Overview",
            "Regime, breadth and turnover of the market, what moved most, relation to BTC, funding, open interest",
        ),
        PanelKind("system", "System", "How connections, streams and the program itself fare"),
        PanelKind("log", "Log", "The newest lines of the log"),
    )
}


def needs_tabs(panels: list[str]) -> bool:
    """Whether a place with these panels shows a row of tabs."""
    known = [name for name in panels if name in PANELS]
    return len(known) != 1 or not PANELS[known[0]].owns_head
