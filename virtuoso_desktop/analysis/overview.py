"""The market of one venue as a whole: breadth, volumes, BTC's share, regime; movers; each instrument against BTC.

Every figure is the same for any order of the instruments: sums are exact before they are rounded, ties are broken by
name (analysis 1d, B.5).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.overview import (
    MarketBreadth,
    MarketOverview,
    OverviewMetadata,
    OverviewRow,
    RegimeLabel,
)
from virtuoso_desktop.model.result import Reason

Floats = NDArray[np.float64]

FRESH_MS = 30_000
LEAST_MEMBERS = 10
LEAST_FRESH_RATIO = 0.8
LEAST_KNOWN_RATIO = 0.8
"""Of the turnover, whose regime has to be known."""
LEAST_LABEL_RATIO = 0.4
FLAT_PCT = 0.1
BTC = "BTC"
DOMINANCE_BASIS = "turnover_24h"
DOLLARS = frozenset({"USD", "USDT", "USDC", "USDE", "FDUSD", "DAI"})
"""Quote coins that are counted as one USD."""
MOVERS = 5
HOUR_MS = 3_600_000
RELATION_HOURS = 7 * 24
LEAST_RETURNS = 72


def universe_hash(instruments: Iterable[InstrumentId]) -> str:
    """Sixteen hex digits that stand for a set of instruments."""
    text = "\n".join(sorted(str(each) for each in instruments))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def turnover_usd(state: InstrumentState) -> float | None:
    """Turnover of 24 hours in USD; None where the venue gives no way to know it."""
    instrument, ticker = state.instrument, state.ticker
    volume, turnover = ticker.value("volume_24h"), ticker.value("turnover_24h")
    if instrument.id.market_kind is MarketKind.INVERSE:
        return volume  # contracts of one USD
    if instrument.quote_coin in DOLLARS:
        return turnover
    price = ticker.value("usd_index_price")
    return volume * price if volume is not None and price is not None else None


def is_fresh(row: OverviewRow) -> bool:
    """Whether its ticker is young enough to count."""
    return row.age_ms is not None and row.age_ms <= FRESH_MS


# --- the market ------------------------------------------------------------------------------------------------------


def market_overview(rows: Sequence[OverviewRow], now_ms: int) -> MarketOverview:
    """The record of the whole universe.

    Parameters
    ----------
    rows : sequence of OverviewRow
        Every instrument of the universe, fresh or not.
    """
    fresh = [row for row in rows if is_fresh(row)]
    counted = [row for row in fresh if row.change_24h_pct is not None]
    why = _why_not(len(rows), len(fresh))
    regime_why, label, medians = (why, RegimeLabel.UNKNOWN, _NO_MEDIANS) if why else _regime(fresh)
    volumes = _volumes(rows, fresh) if why is None else dict.fromkeys(MarketKind)
    parts = [volume for kind in (MarketKind.SPOT, MarketKind.LINEAR) if (volume := volumes[kind]) is not None]
    return MarketOverview(
        active_symbols=len(counted),
        total_volume_24h=math.fsum(parts) if parts else None,
        spot_volume_24h=volumes[MarketKind.SPOT],
        linear_volume_24h=volumes[MarketKind.LINEAR],
        inverse_volume_24h=volumes[MarketKind.INVERSE],
        market_regime=label,
        trend_strength=medians[0],
        current_volatility=medians[1],
        avg_volatility=medians[2],
        btc_dominance=_dominance(fresh) if why is None else None,
        btc_dominance_basis=DOMINANCE_BASIS,
        market_breadth=breadth([row.change_24h_pct for row in counted]) if why is None else MarketBreadth(),
        timestamp=now_ms // 1000,
        metadata=OverviewMetadata(
            universe_hash=universe_hash(row.instrument_id for row in rows),
            universe_size=len(rows),
            reason=why,
            regime_reason=regime_why,
            unpriced_symbols=sum(1 for row in fresh if row.turnover_usd is None),
            unchanged_symbols=len(fresh) - len(counted),
        ),
    )


def _why_not(size: int, fresh: int) -> str | None:
    if size < LEAST_MEMBERS:
        return f"a market needs {LEAST_MEMBERS} instruments, {size} are watched"
    if fresh < LEAST_FRESH_RATIO * size:
        return f"{fresh} of {size} instruments are fresh, {LEAST_FRESH_RATIO:.0%} are needed"
    return None


def breadth(changes_pct: Iterable[float | None]) -> MarketBreadth:
    """How many rose and fell; less than 0.1 % either way is flat."""
    known = [change for change in changes_pct if change is not None]
    up = sum(1 for change in known if change >= FLAT_PCT)
    down = sum(1 for change in known if change <= -FLAT_PCT)
    return MarketBreadth(up, down, len(known) - up - down, 100.0 * up / len(known) if known else None)


def _volumes(rows: Sequence[OverviewRow], fresh: Sequence[OverviewRow]) -> dict[MarketKind, float | None]:
    """Turnover by category; None for one that is not watched, or of which nothing is known."""
    found: dict[MarketKind, float | None] = {}
    watched = {row.instrument_id.market_kind for row in rows}
    for kind in MarketKind:
        known = [
            row.turnover_usd for row in fresh if row.instrument_id.market_kind is kind and row.turnover_usd is not None
        ]
        found[kind] = math.fsum(known) if kind in watched and known else None
    return found


def _dominance(fresh: Sequence[OverviewRow]) -> float | None:
    """BTC's share of the turnover of all categories; None when BTC is not among them."""
    total = math.fsum(row.turnover_usd for row in fresh if row.turnover_usd is not None)
    btc = [row.turnover_usd for row in fresh if row.base_coin == BTC and row.turnover_usd is not None]
    return math.fsum(btc) / total if btc and total > 0.0 else None


_Medians = tuple[float | None, float | None, float | None]
_NO_MEDIANS: _Medians = (None, None, None)


def _regime(fresh: Sequence[OverviewRow]) -> tuple[str | None, RegimeLabel, _Medians]:
    """Why there is none, the label, and the medians of strength, volatility and its average."""
    weighed = [(row, row.turnover_usd) for row in fresh if row.turnover_usd]
    total = math.fsum(weight for _, weight in weighed)
    labelled = [(row, weight) for row, weight in weighed if row.regime.label is not RegimeLabel.UNKNOWN]
    known = math.fsum(weight for _, weight in labelled)
    if not total or known < LEAST_KNOWN_RATIO * total:
        return f"the regime of {len(labelled)} of {len(fresh)} instruments is known", RegimeLabel.UNKNOWN, _NO_MEDIANS
    medians = (
        weighted_median((row.regime.trend_strength, weight) for row, weight in labelled),
        weighted_median((row.regime.current_volatility, weight) for row, weight in labelled),
        weighted_median((row.regime.avg_volatility, weight) for row, weight in labelled),
    )
    return None, market_label(labelled, total), medians


def market_label(labelled: Sequence[tuple[OverviewRow, float]], total: float) -> RegimeLabel:
    """The label with most turnover if it has 40 % of it; BTC's breaks a tie."""
    weights = {
        label: math.fsum(weight for row, weight in labelled if row.regime.label is label)
        for label in sorted({row.regime.label for row, _ in labelled})
    }
    most = max(weights.values())
    if most < LEAST_LABEL_RATIO * total:
        return RegimeLabel.MIXED
    first = [label for label, weight in weights.items() if weight == most]
    ours = reference_of([row for row, _ in labelled])
    return ours.regime.label if ours is not None and ours.regime.label in first else first[0]


def weighted_median(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    """The smallest value that half of the weight does not exceed; None for no values."""
    known = sorted((value, weight) for value, weight in pairs if value is not None)
    half, so_far = math.fsum(weight for _, weight in known) / 2.0, 0.0
    for place, (value, _) in enumerate(known):
        so_far = math.fsum(weight for _, weight in known[: place + 1])
        if so_far >= half:
            return value
    return None


# --- instruments beside each other -----------------------------------------------------------------------------------

_KIND_ORDER = (MarketKind.LINEAR, MarketKind.SPOT, MarketKind.INVERSE)


def reference_of(rows: Sequence[OverviewRow]) -> OverviewRow | None:
    """BTC: its linear contract first, in dollars of the most turnover."""
    found = [row for row in rows if row.base_coin == BTC]
    return min(
        found,
        key=lambda row: (
            _KIND_ORDER.index(row.instrument_id.market_kind),
            -(row.turnover_usd or 0.0),
            str(row.instrument_id),
        ),
        default=None,
    )


def movers(
    rows: Sequence[OverviewRow], count: int = MOVERS
) -> tuple[tuple[InstrumentId, ...], tuple[InstrumentId, ...]]:
    """Instruments that rose most and fell most over 24 hours, fresh ones only; a flat one has not moved."""
    known = [
        (row.change_24h_pct, row.instrument_id) for row in rows if is_fresh(row) and row.change_24h_pct is not None
    ]
    up = sorted((-change, name) for change, name in known if change >= FLAT_PCT)
    down = sorted((change, name) for change, name in known if change <= -FLAT_PCT)
    return tuple(name for _, name in up[:count]), tuple(name for _, name in down[:count])


class Relation(NamedTuple):
    """How an instrument moves with BTC."""

    correlation: float | None
    beta: float | None
    returns: int
    reason: Reason | None


def hour_returns(open_ms: Floats, close: Floats) -> tuple[Floats, Floats]:
    """Open times and log returns of the newest 7 days of closed 1h candles; a return across a hole is none."""
    if open_ms.size < 2:
        return np.empty(0), np.empty(0)
    recent = open_ms >= open_ms[-1] - RELATION_HOURS * HOUR_MS
    times, closes = open_ms[recent], close[recent]
    is_next = np.diff(times) == HOUR_MS
    return times[1:][is_next], np.diff(np.log(closes))[is_next]


def relation(own: tuple[Floats, Floats], reference: tuple[Floats, Floats] | None) -> Relation:
    """Correlation with and beta to the reference over the hours that both have."""
    if reference is None:
        return Relation(None, None, 0, Reason.MISSING)
    _, ours, theirs = np.intersect1d(own[0], reference[0], assume_unique=True, return_indices=True)
    count = int(ours.size)
    if count < LEAST_RETURNS:
        return Relation(None, None, count, Reason.WARMUP)
    x, y = own[1][ours], reference[1][theirs]
    x, y = x - x.mean(), y - y.mean()
    own_square, reference_square, both = float(x @ x), float(y @ y), float(x @ y)
    if own_square <= 0.0 or reference_square <= 0.0:
        return Relation(None, None, count, Reason.DEGENERATE)
    correlation = both / math.sqrt(own_square * reference_square)
    return Relation(min(max(correlation, -1.0), 1.0), both / reference_square, count, None)
