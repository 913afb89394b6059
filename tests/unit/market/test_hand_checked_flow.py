"""The page with the figures that were checked by hand says what the store says."""

from __future__ import annotations

from pathlib import Path

from tests.hand_checked_flow import BEGIN_S, FILES, SECOND_S, second, table
from tests.slow_flow import recording
from virtuoso_desktop.market.store import MarketStore
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.model.market import FULL_DEPTH

PAGE = Path(__file__).parents[3] / "docs" / "hand-checked-flow.md"


def test_the_page_is_what_the_store_says(real_data: Path) -> None:
    folder = real_data / "c_binance_sessions"
    page = PAGE.read_text(encoding="utf-8")
    by_minute = table(folder)
    assert "\n".join(by_minute) in page
    # The figures of the page's own witness, which knows the files' text only.
    witness = {line.split()[0]: line.split()[1:] for line in page.splitlines() if line[:3] in ("23:", "00:")}
    for line in by_minute[2:]:
        minute, *cells = (cell.strip() for cell in line.strip("| ").split("|"))
        assert cells[:6] == witness[minute]


def test_the_second_by_hand_is_what_the_store_says(real_data: Path) -> None:
    folder = real_data / "c_binance_sessions"
    page = PAGE.read_text(encoding="utf-8")
    recorded = recording(MarketKind.SPOT, [folder / name for name in FILES], length_s=SECOND_S - BEGIN_S + 1)
    lines = second(recorded, SECOND_S)
    assert "\n".join(lines) in page
    store = MarketStore((FULL_DEPTH,), ())
    state = store.add(recorded.instrument)
    assert state.flow is not None
    for event in recorded.events():
        store.apply(event)
    lots = state.flow.window(SECOND_S, SECOND_S + 1).ofi_lots
    assert lines[-1].split("|")[-2].strip() == f"{recorded.instrument.to_size(lots):.5f}"
    assert f"The store says {recorded.instrument.to_size(lots):.5f} BTC ({lots:,} lots)" in page
