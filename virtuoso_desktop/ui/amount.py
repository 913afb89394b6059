"""Amounts as a person types them. No Qt."""

from __future__ import annotations

import math
import re

MOST = 1e12
_POWERS = {"": 0, "K": 3, "M": 6, "B": 9}
_AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([KMB]?)", re.ASCII)


def parse_amount(typed: str) -> float | None:
    """``100K``, ``1.5m``, ``250,000`` -> a positive number; None for anything else."""
    found = _AMOUNT.fullmatch(re.sub(r"[\s,_\u2009']", "", typed).upper())
    if found is None:
        return None
    value = float(f"{found[1]}e{_POWERS[found[2]]}")
    return value if math.isfinite(value) and 0 < value <= MOST else None


def amount_text(value: float) -> str:
    """``100000`` -> ``100K``: what `parse_amount` reads back as the same number."""
    for letter, scale in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if value >= scale:
            short = f"{value / scale:.12g}{letter}"
            return short if len(short) <= 7 else f"{value:,.12g}"
    return f"{value:.12g}"
