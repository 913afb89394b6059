"""Sentiment as a stream dimension: funding, open interest, accounts and liquidations of one contract.

A spot market has none of these: it borrows those of its linear twin and says whose they are (analysis B.4).
"""

from __future__ import annotations

from collections.abc import Callable

from virtuoso_desktop.analysis.layout import AGE_MS, FRESH, NOT_APPLICABLE, QUALITY, REASON, VALUE, C
from virtuoso_desktop.analysis.liquidation_hours import LiquidationHours
from virtuoso_desktop.analysis.open_interest import (
    InterestHistory,
    InterestReading,
    RangeHistory,
    interest_change,
    window_of,
)
from virtuoso_desktop.analysis.positioning import (
    AccountHistory,
    FundingHistory,
    FundingReading,
    Reading,
    absent,
    accounts_now,
    funding_now,
)
from virtuoso_desktop.analysis.streams import Floats
from virtuoso_desktop.market.store import InstrumentState
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import Timeframe

FUNDING, INTEREST, ACCOUNTS, LIQUIDATIONS = range(4)
"""Rows of the cells, in the order of `model.result.COMPONENTS`."""


def linear_twin(instrument_id: InstrumentId) -> InstrumentId:
    """The linear contract of the same symbol, whose holders speak for a spot market."""
    return InstrumentId(instrument_id.venue, MarketKind.LINEAR, instrument_id.symbol)


class Sentiment:
    """The sentiment of one instrument; a `streams.StreamDimension`.

    Parameters
    ----------
    state : InstrumentState
        The instrument.
    twin : InstrumentState, optional
        For spot: the state of its linear twin, None when that is not watched. Contracts ignore it.
    liquidations_since_ms : callable
        Since when the stream of the source's liquidations lives without a break, in venue time; None while it does not
        live (no subscription, or no answer to a ping for 30 s).
    """

    def __init__(
        self,
        state: InstrumentState,
        twin: InstrumentState | None = None,
        *,
        liquidations_since_ms: Callable[[], int | None],
    ) -> None:
        is_spot = state.instrument.id.market_kind is MarketKind.SPOT
        self._source = twin if is_spot else state
        self._is_borrowed = is_spot and twin is not None
        self._liquidations_since_ms = liquidations_since_ms
        self._funding = FundingHistory()
        self._interest = InterestHistory()
        self._ranges = RangeHistory()
        self._accounts = AccountHistory()
        source = self._source
        self._hours = (
            None if source is None else LiquidationHours(source.instrument.id, source.derivatives.liquidations)
        )
        self._at_ms: int | None = None
        self._same: tuple[Reading, Reading, Reading] | None = None
        self._changes: dict[Timeframe, InterestReading] = {}

    @property
    def source_symbol(self) -> str | None:
        """Symbol of the contract whose figures are borrowed; None when they are the instrument's own, or none."""
        return self._source.instrument.symbol if self._is_borrowed and self._source is not None else None

    @property
    def source_id(self) -> InstrumentId | None:
        """The contract that the figures are of; None when there is none."""
        return None if self._source is None else self._source.instrument.id

    def sample(self, now_ms: int) -> None:
        """Count the time since the last call as watched, as far as the stream of liquidations lived."""
        if self._hours is not None:
            self._hours.sample(now_ms, self._liquidations_since_ms())
            self._at_ms = None

    def cells(self, timeframe: Timeframe, now_ms: int, out: Floats) -> float:
        """Write the four components; see `streams.StreamDimension.cells`. The share of samples is always 1."""
        funding, accounts, liquidations = self._readings(now_ms)
        for row, reading in enumerate((funding, self.interest(timeframe, now_ms).reading, accounts, liquidations)):
            cells = out[row]
            cells[C], cells[VALUE], cells[QUALITY] = reading.c, reading.value, 1.0
            cells[FRESH], cells[AGE_MS], cells[REASON] = reading.fresh, reading.age_ms, reading.reason
        return 1.0

    def _readings(self, now_ms: int) -> tuple[Reading, Reading, Reading]:
        """What is the same on all timeframes, once a time."""
        same, source, hours = self._same, self._source, self._hours
        if same is not None and self._at_ms == now_ms:
            return same
        if source is None or hours is None:
            nothing = absent(NOT_APPLICABLE)
            same = (nothing, nothing, nothing)
        else:
            same = (self.funding(now_ms).reading, accounts_now(source, self._accounts, now_ms), hours.reading(now_ms))
        self._same, self._at_ms = same, now_ms
        self._changes.clear()
        return same

    def funding(self, now_ms: int) -> FundingReading:
        """Rate, its 8 hour and annual forms and z."""
        if self._source is None:
            return FundingReading(absent(NOT_APPLICABLE), *(float("nan"),) * 5)
        return funding_now(self._source, self._funding, now_ms)

    def interest(self, timeframe: Timeframe, now_ms: int) -> InterestReading:
        """Change of open interest over the timeframe, an hour at least."""
        if self._source is None:
            return InterestReading(absent(NOT_APPLICABLE), *(float("nan"),) * 3)
        window = window_of(timeframe)
        self._readings(now_ms)
        found = self._changes.get(window)
        if found is None:
            found = self._changes[window] = interest_change(self._source, self._interest, self._ranges, window, now_ms)
        return found

    def warm_at_ms(self, timeframe: Timeframe) -> int | None:  # noqa: ARG002 (coverage is the same on all timeframes)
        """When a week of own liquidations is covered if the stream goes on; None when nothing is warming up."""
        return None if self._hours is None else self._hours.warm_at_ms()

    @property
    def coverage_ms(self) -> int:
        """Own coverage of liquidations within the newest 14 days."""
        return 0 if self._hours is None else self._hours.covered_ms

    def keep(self) -> bytes:
        """Liquidations by the hour with their coverage, for the profile; empty without a source."""
        return b"" if self._hours is None else self._hours.keep()

    def recall(self, kept: bytes, age_ms: int) -> bool:  # noqa: ARG002 (a week's coverage has no age limit)
        """Take the hours of an earlier run; False when they are not readable or another contract's."""
        return self._hours is not None and self._hours.recall(kept)
