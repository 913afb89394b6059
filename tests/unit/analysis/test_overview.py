"""The market as a whole by hand: the sample of the original system, M1 to M6, any order of the instruments."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_market import instrument
from virtuoso_desktop.analysis.overview import (
    HOUR_MS,
    breadth,
    hour_returns,
    market_overview,
    movers,
    reference_of,
    relation,
    turnover_usd,
    universe_hash,
    weighted_median,
)
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.market import Ticker
from virtuoso_desktop.model.overview import MarketOverview, OverviewRow, Regime, RegimeLabel
from virtuoso_desktop.model.result import Reason

NOW_MS = 1_693_411_515_000
BULL, BEAR, RANGE = RegimeLabel.TRENDING_BULLISH, RegimeLabel.TRENDING_BEARISH, RegimeLabel.RANGING


def row(coin: str, kind: str = "linear", **fields: Any) -> OverviewRow:
    known: dict[str, Any] = {
        "age_ms": 1_000,
        "change_24h_pct": 1.0,
        "turnover_usd": 1e6,
        "regime": Regime(RANGE, 0.3, 0, 0.04, 0.03, 4 / 3, 0, 300),
    }
    return OverviewRow(InstrumentId.parse(f"bybit:{kind}:{coin}USDT"), coin, 2, **(known | fields))


def sample(up: int = 22, down: int = 13, flat: int = 0) -> list[OverviewRow]:
    changes = [2.0] * up + [-2.0] * down + [0.05] * flat
    return [row("BTC" if place == 0 else f"C{place}", change_24h_pct=change) for place, change in enumerate(changes)]


def test_the_sample_of_the_original_system() -> None:
    """22 of 35 up: 62.857 per cent, which its document rounds to 62.86."""
    found = market_overview(sample(), NOW_MS)
    assert found.active_symbols == 35
    assert (found.market_breadth.up, found.market_breadth.down, found.market_breadth.flat) == (22, 13, 0)
    assert found.market_breadth.breadth_percentage == pytest.approx(62.857142857)
    assert found.timestamp == 1_693_411_515
    assert found.market_regime is RANGE
    assert (found.trend_strength, found.current_volatility, found.avg_volatility) == (0.3, 0.04, 0.03)
    assert found.metadata.reason is None


def test_the_keys_of_the_original_system() -> None:
    told = msgspec.to_builtins(market_overview(sample(), NOW_MS))
    assert list(told) == [
        "active_symbols", "total_volume_24h", "spot_volume_24h", "linear_volume_24h", "inverse_volume_24h",
        "market_regime", "trend_strength", "current_volatility", "avg_volatility", "btc_dominance",
        "btc_dominance_basis", "market_breadth", "timestamp", "metadata",
    ]  # fmt: skip
    assert list(told["market_breadth"]) == ["up", "down", "flat", "breadth_percentage"]
    assert told["btc_dominance_basis"] == "turnover_24h"
    assert told["market_regime"] == "ranging"


def test_flat_is_less_than_a_tenth_of_a_per_cent_and_all_add_up() -> None:
    found = breadth([0.1, 0.0999, 0.0, -0.0999, -0.1, None])
    assert (found.up, found.flat, found.down) == (1, 3, 1)
    assert found.breadth_percentage == pytest.approx(20.0)
    assert breadth([]).breadth_percentage is None


def test_what_tells_no_change_counts_nowhere() -> None:
    rows = sample()
    rows[3] = row("NEW", change_24h_pct=None)
    found = market_overview(rows, NOW_MS)
    assert found.active_symbols == 34
    assert found.metadata.unchanged_symbols == 1


def test_volumes_by_category_and_the_share_of_btc() -> None:
    rows = [
        row("BTC", turnover_usd=5e6),
        row("BTC", "spot", turnover_usd=2e6),
        row("BTC", "inverse", turnover_usd=1e6),
        *(row(f"C{place}", turnover_usd=1e6) for place in range(8)),
        row("ETH", "spot", turnover_usd=None),
    ]
    found = market_overview(rows, NOW_MS)
    assert (found.spot_volume_24h, found.linear_volume_24h, found.inverse_volume_24h) == (2e6, 13e6, 1e6)
    assert found.total_volume_24h == 15e6, "spot and linear, as the original has it"
    assert found.btc_dominance == pytest.approx(8 / 16)
    assert found.metadata.unpriced_symbols == 1
    linear = market_overview([row(f"C{place}") for place in range(10)], NOW_MS)
    assert (linear.spot_volume_24h, linear.inverse_volume_24h, linear.btc_dominance) == (None, None, None)
    assert linear.total_volume_24h == 10e6


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(f"C{place}") for place in range(9)], "a market needs 10 instruments, 9 are watched"),
        (
            [row(f"C{place}", age_ms=30_001 if place < 3 else 30_000) for place in range(14)],
            "11 of 14 instruments are fresh, 80% are needed",
        ),
        ([], "a market needs 10 instruments, 0 are watched"),
    ],
)
def test_too_few_make_no_market(rows: list[OverviewRow], why: str) -> None:
    found = market_overview(rows, NOW_MS)
    assert found.metadata.reason == why
    assert found.market_breadth.up is None
    assert (found.total_volume_24h, found.btc_dominance, found.trend_strength) == (None, None, None)
    assert found.market_regime is RegimeLabel.UNKNOWN


def labelled(*parts: tuple[RegimeLabel, float]) -> RegimeLabel:
    rows = [
        row("BTC" if place == 0 else f"C{place}", turnover_usd=weight, regime=Regime(label, 0.5, bars=300))
        for place, (label, weight) in enumerate(parts)
    ]
    return market_overview(rows, NOW_MS).market_regime


def test_the_label_with_most_turnover() -> None:
    rest = [(RANGE, 1.0)] * 9
    assert labelled((BULL, 10.0), *rest) is BULL
    assert labelled((BULL, 8.0), *rest) is RANGE
    assert labelled((BULL, 9.0), *rest) is BULL, "BTC breaks the tie"
    assert labelled((RegimeLabel.VOLATILE, 3.9), *[(BULL, 1.0)] * 3, *[(BEAR, 1.0)] * 3, *[(RANGE, 1.0)] * 3) is (
        RegimeLabel.MIXED
    ), "nothing has 40 %"
    assert labelled((BULL, 4.0), *[(RegimeLabel.UNKNOWN, 1.0)] * 9) is RegimeLabel.UNKNOWN


def test_an_unknown_regime_says_so_while_the_rest_is_there() -> None:
    found = market_overview([row(f"C{place}", regime=Regime()) for place in range(10)], NOW_MS)
    assert found.metadata.regime_reason == "the regime of 0 of 10 instruments is known"
    assert found.market_breadth.up == 10
    assert found.trend_strength is None


def test_the_median_by_weight() -> None:
    assert weighted_median([(0.1, 1.0), (0.5, 1.0), (0.9, 1.0)]) == 0.5
    assert weighted_median([(0.1, 1.0), (0.5, 1.0), (0.9, 5.0)]) == 0.9
    assert weighted_median([(0.1, 2.0), (0.5, 1.0), (0.9, 1.0)]) == 0.1
    assert weighted_median([(None, 9.0), (0.5, 1.0)]) == 0.5
    assert weighted_median([]) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(10, 40))
def test_any_order_gives_the_same(seed: int, count: int) -> None:
    chance = random.Random(seed)
    rows = [
        row(
            "BTC" if place == 0 else f"C{place}",
            chance.choice(("linear", "spot", "inverse")),
            change_24h_pct=chance.choice((None, 0.0, 1.0, chance.uniform(-9, 9))),
            turnover_usd=chance.choice((None, 1e6, chance.uniform(0, 1e9))),
            age_ms=chance.choice((0, 0, 0, 0, 0, 0, 40_000)),
            regime=Regime(chance.choice(list(RegimeLabel)[:4]), chance.random(), 0, chance.random(), chance.random()),
        )
        for place in range(count)
    ]
    shuffled = rows.copy()
    chance.shuffle(shuffled)
    assert market_overview(shuffled, NOW_MS) == market_overview(rows, NOW_MS)
    assert movers(shuffled) == movers(rows)
    assert reference_of(shuffled) == reference_of(rows)


def test_the_hash_stands_for_the_set() -> None:
    names = [InstrumentId.parse(f"bybit:linear:C{place}USDT") for place in range(5)]
    assert universe_hash(names) == universe_hash(reversed(names))
    assert universe_hash(names) != universe_hash(names[1:])


def test_movers() -> None:
    rows = [row(f"C{place}", change_24h_pct=float(place - 6)) for place in range(14)]
    rows.append(row("OLD", change_24h_pct=99.0, age_ms=31_000))
    up, down = movers(rows)
    assert [name.symbol for name in up] == ["C13USDT", "C12USDT", "C11USDT", "C10USDT", "C9USDT"]
    assert [name.symbol for name in down] == ["C0USDT", "C1USDT", "C2USDT", "C3USDT", "C4USDT"]
    assert movers([row("FLAT", change_24h_pct=0.05)]) == ((), ())


# --- turnover in USD -------------------------------------------------------------------------------------------------


def state(quote: str, kind: str = "linear", **fields: float | None) -> InstrumentState:
    terms = msgspec.structs.replace(instrument("BTCUSDT"), id=InstrumentId.parse(f"bybit:{kind}:X"), quote_coin=quote)
    made = InstrumentState(terms, (), ())
    made.ticker.apply(Ticker(terms.id, True, dict(fields), NOW_MS, 0))
    return made


def test_turnover_in_usd() -> None:
    assert turnover_usd(state("USDT", volume_24h=2.0, turnover_24h=100.0)) == 100.0
    assert turnover_usd(state("USD", "inverse", volume_24h=100.0, turnover_24h=2.0)) == 100.0
    assert turnover_usd(state("BTC", "spot", volume_24h=3.0, turnover_24h=0.1, usd_index_price=50.0)) == 150.0
    assert turnover_usd(state("EUR", "spot", volume_24h=3.0, turnover_24h=0.1)) is None
    assert turnover_usd(state("USDT")) is None


# --- against BTC -----------------------------------------------------------------------------------------------------


def series(returns: list[float], first_hour: int = 0) -> tuple[np.ndarray, np.ndarray]:
    times = HOUR_MS * np.arange(first_hour, first_hour + len(returns) + 1, dtype=float)
    return hour_returns(times, np.exp(np.concatenate(([0.0], np.cumsum(returns)))))


def test_beta_and_correlation_by_hand() -> None:
    chance = np.random.default_rng(3)
    reference, noise = chance.normal(0, 0.01, 168), chance.normal(0, 0.01, 168)
    own = 2.0 * reference + noise
    found = relation(series(own.tolist()), series(reference.tolist()))
    assert found.returns == 168
    assert found.correlation == pytest.approx(np.corrcoef(own, reference)[0, 1])
    assert found.beta == pytest.approx(np.cov(own, reference)[0, 1] / np.var(reference, ddof=1))
    assert relation(series(reference.tolist()), series(reference.tolist()))[:2] == pytest.approx((1.0, 1.0))
    opposite = relation(series((-0.5 * reference).tolist()), series(reference.tolist()))
    assert opposite[:2] == pytest.approx((-1.0, -0.5))


def test_relations_that_cannot_be_told() -> None:
    some = np.random.default_rng(4).normal(0, 0.01, 168).tolist()
    assert relation(series(some), None).reason is Reason.MISSING
    few = relation(series(some[:71]), series(some))
    assert (few.correlation, few.returns, few.reason) == (None, 71, Reason.WARMUP)
    assert relation(series([0.0] * 168), series(some)).reason is Reason.DEGENERATE
    apart = relation(series(some, first_hour=500), series(some))
    assert (apart.returns, apart.reason) == (0, Reason.WARMUP)
    assert relation(series([]), series(some)).returns == 0


def test_only_hours_that_both_have_count() -> None:
    some = np.random.default_rng(5).normal(0, 0.01, 168).tolist()
    found = relation(series(some, first_hour=30), series(some))
    assert found.returns == 138


def test_a_hole_in_the_hours_is_no_return() -> None:
    times = HOUR_MS * np.array([0.0, 1.0, 2.0, 5.0, 6.0])
    opens, returns = hour_returns(times, np.exp(np.arange(5.0)))
    assert opens.tolist() == (HOUR_MS * np.array([1.0, 2.0, 6.0])).tolist()
    assert returns.tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_the_reference_is_the_linear_contract_of_most_turnover() -> None:
    rows = [row("BTC", "spot", turnover_usd=9e9), row("ETH"), row("BTC", turnover_usd=1.0)]
    found = reference_of(rows)
    assert found is not None
    assert str(found.instrument_id) == "bybit:linear:BTCUSDT"
    assert reference_of([row("ETH")]) is None


def test_the_record_is_frozen() -> None:
    found: MarketOverview = market_overview(sample(), NOW_MS)
    with pytest.raises(AttributeError):
        found.active_symbols = 1  # pyright: ignore[reportAttributeAccessIssue]
