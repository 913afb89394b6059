"""Positions closed by force in fast moves: some of the trades that carry a move to new extremes are theirs.

A long is closed by a sell at a new low of its minute, a short by a buy at a new high, once the price has left
that of two minutes ago by several usual moves. The price told is, as on the venue, the position's bankruptcy
price: beyond the trade's, on the losing side.
"""

from __future__ import annotations

from virtuoso_desktop.simulator.market import SimLiquidation
from virtuoso_desktop.simulator.noise import hash_word
from virtuoso_desktop.simulator.trades import MinuteTrades

_FIRST_PRESSURE = 2.5
"""Usual moves of a minute from which on positions break."""
_SHARE_PER_MOVE, _LARGEST_SHARE = 0.2, 0.6
_NEAREST_RATIO, _FARTHEST_RATIO = 0.0025, 0.010
"""How far a bankruptcy price is from the trade's."""
_NUMBERS_PER_MINUTE = 65_536


def make_liquidations(
    trades: MinuteTrades, reference_ticks: int, move_ratio: float, key: int, seed: int
) -> list[SimLiquidation]:
    """Liquidations among the trades of one minute.

    Parameters
    ----------
    reference_ticks
        The price from which the move is measured.
    move_ratio
        Standard deviation of a usual minute's move.
    key, seed
        Noise; ``seed`` is the minute's number.
    """
    found: list[SimLiquidation] = []
    highest = lowest = reference_ticks
    for row, price in enumerate(trades.prices):
        is_buy = trades.buys[row]
        is_new = price > highest if is_buy else price < lowest
        highest, lowest = max(highest, price), min(lowest, price)
        pressure = abs(price - reference_ticks) / (reference_ticks * move_ratio)
        if not is_new or pressure < _FIRST_PRESSURE:
            continue
        bits = hash_word(key, seed * _NUMBERS_PER_MINUTE + row)
        share = min(_LARGEST_SHARE, _SHARE_PER_MOVE * (pressure - _FIRST_PRESSURE))
        if (bits & 0xFFFF_FFFF) * 2.0**-32 >= share:
            continue
        distance = _NEAREST_RATIO + (_FARTHEST_RATIO - _NEAREST_RATIO) * (bits >> 32) * 2.0**-32
        beyond = max(1, round(price * distance))
        bankrupt = price + beyond if is_buy else max(1, price - beyond)
        found.append(SimLiquidation(trades.times_ms[row], not is_buy, trades.lots[row], bankrupt))
    return found
