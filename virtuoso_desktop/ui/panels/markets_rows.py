"""The rows of Markets: newest state by instrument, formatted once per change, filtered and ordered.

No Qt: the table's model asks these rows, tests drive them directly. What a row is, and when it is formatted, judged and
placed anew, stand together, though they make a long module; cells, scores and filters are modules of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from virtuoso_desktop.engine.views import MarketRow, MarketsSnapshot, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.cell import EMPTY, MUTED, Cell, cell, no_value
from virtuoso_desktop.ui.dimension_words import PREPARING
from virtuoso_desktop.ui.panels.markets_cells import NOT_ANALYSED, market_cells
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS, DIMENSIONS, LAST
from virtuoso_desktop.ui.tokens import FLASH_MS, FLASH_RATIO

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysis_views import ScoreRow
    from virtuoso_desktop.market.row_filter import Check, FilterError, Verdict
    from virtuoso_desktop.ui.panels.markets_scores import MarketScores

_NS_PER_MS = 1_000_000
FLASH_STEP = 0.02
SCORES_STAND_MS = 10_000
DEFAULT_SORT = "score"
OWN_ORDER = ""
"""The ``sort_column`` of a list that stands as its owner arranged it."""
KIND_WORDS = {MarketKind.SPOT: "spot", MarketKind.LINEAR: "perp", MarketKind.INVERSE: "inverse"}
_SORT_VALUES: dict[str, Callable[[MarketRow], float | int | str | None]] = {
    "symbol": attrgetter("base_coin"),
    "last": attrgetter("last_price"),
    "change_24h": attrgetter("change_24h_pct"),
    "change_utc_day": attrgetter("change_utc_day_pct"),
    "high": attrgetter("high_24h"),
    "low": attrgetter("low_24h"),
    "spread": attrgetter("spread_bps"),
    "volume": attrgetter("volume_24h"),
    "turnover": attrgetter("turnover_24h"),
    "mark": attrgetter("mark_price"),
    "basis": attrgetter("basis_bps"),
    "funding": attrgetter("funding_rate"),
    "open_interest": attrgetter("open_interest_quote"),
    "oi_1h": attrgetter("oi_change_1h_pct"),
    "oi_24h": attrgetter("oi_change_24h_pct"),
    "sparkline": attrgetter("change_24h_pct"),
    "age": lambda row: None if row.updated_ms is None else -row.updated_ms,
}
_SCORE_COLUMNS = frozenset(column.name for column in COLUMNS) - _SORT_VALUES.keys()
_NO_SCORES = (no_value(PREPARING),) * len(_SCORE_COLUMNS)
_UNSCORED = (no_value(NOT_ANALYSED),) * len(_SCORE_COLUMNS)


class Scope(NamedTuple):
    """Which instruments the table lists."""

    name: str = ""
    """What the head calls it; empty for all that are watched."""
    members: tuple[InstrumentId, ...] | None = None
    """Of a list, in its own order; None for all."""
    has_scanned: bool = False
    """With those that are not watched."""


WATCHED = Scope()


class _Entry:
    __slots__ = (
        "cells", "flash_ns", "flash_token", "judged_row", "market", "row", "scores", "scores_until_ms", "verdict",
    )  # fmt: skip

    def __init__(self, row: MarketRow) -> None:
        self.row = row
        self.cells: tuple[Cell, ...] | None = None
        self.market: tuple[Cell, ...] | None = None
        self.scores: tuple[Cell, ...] | None = None
        self.scores_until_ms = 0
        """They change with a candle, not with the second: until this venue time they stand."""
        self.flash_ns = 0
        self.flash_token = ""
        self.judged_row: MarketRow | None = None
        """What the filter has judged with `verdict`: a scanned row is judged once, not every second."""
        self.verdict: Verdict = None


class MarketsRows:
    """What the Markets table shows: `order` lists the instruments from top to bottom."""

    def __init__(self) -> None:
        self.order: list[InstrumentId] = []
        self.place: dict[InstrumentId, int] = {}
        """Row number by instrument, of those in `order`."""
        self.shown: InstrumentId | None = None
        """The instrument of the chart."""
        self.last_seen_ms: int | None = None
        """When the previous run's rows were seen."""
        self.now_ms = 0
        """Venue time that ages and countdowns are told by."""
        self.shows_age = False
        """False while the age column is hidden: a stale row then tells its age in the 24 h cell."""
        self.reduced_motion = False
        self.has_bar = self.has_word = True
        """There is room for the bar before a score, and for the whole word of a signal."""
        self.sort_column = DEFAULT_SORT
        self.sorts_down = True
        self._entries: dict[InstrumentId, _Entry] = {}
        self.scoring: MarketScores | None = None
        """Given with the engine: the first painted frame has no scores."""
        self.scope = WATCHED
        self.left_out = 0
        """Rows of which the filter could not be judged, since a value is missing."""
        self._check: Check | None = None
        self._judges_age = False
        self._listed: list[_Entry] | None = None
        """Of the scope; None after an instrument came or went."""
        self._candidates = 0
        self._by_coin: tuple[MarketKind, str] | None = None
        """Instruments of this kind and quote coin are called by their coin alone."""

    # --- what comes in ------------------------------------------------------------------------------------------

    def apply(self, rows: Iterable[MarketRow], now_ns: int) -> set[InstrumentId]:
        """Take newer rows; returns the instruments whose row changed. New instruments need `rearrange`."""
        changed: set[InstrumentId] = set()
        entries = self._entries
        for row in rows:
            known = entries.get(row.instrument_id)
            if known is None:
                entries[row.instrument_id] = _Entry(row)
                self._listed = None
            elif row.is_scanned and not known.row.is_scanned:
                continue  # it has a stream of its own
            elif row.state is RowState.WAITING and known.row.state is RowState.LAST_SEEN:
                continue
            else:
                self._replace(known, _with_scanned(row, known.row), now_ns)
            changed.add(row.instrument_id)
        return changed

    def show_scores(self, scoring: MarketScores) -> None:
        """Show the scores of this timeframe from now on."""
        self.scoring = scoring
        self.reformat()

    def apply_scores(self, rows: Iterable[ScoreRow]) -> set[InstrumentId]:
        """Take newer scores; returns the instruments whose row changed."""
        changed = self.scoring.apply(rows) if self.scoring is not None else set[InstrumentId]()
        for instrument in changed & self._entries.keys():
            self._entries[instrument].cells = self._entries[instrument].scores = None
        return changed

    def keep_only(self, instruments: Iterable[InstrumentId]) -> bool:
        """Forget all others that were watched; True when some were forgotten.

        Where instruments that are not watched are listed, what is known of them stays until it is scanned.
        """
        kept = set(instruments)
        gone = [key for key, entry in self._entries.items() if key not in kept and not entry.row.is_scanned]
        self._listed = None
        for instrument in gone:
            entry = self._entries.pop(instrument)
            if self.scoring is not None:
                self.scoring.forget(instrument)
            if self.lists_unwatched:
                self._entries[instrument] = _Entry(msgspec.structs.replace(entry.row, is_scanned=True, last_move=0))
        return bool(gone)

    def show_scope(self, scope: Scope) -> None:
        """List other instruments from now on; takes effect at `rearrange`. A member that nobody knows waits."""
        self.scope = scope
        self._listed = None
        if not scope.has_scanned:
            kept = set(scope.members or ())
            for key in [key for key, entry in self._entries.items() if entry.row.is_scanned and key not in kept]:
                del self._entries[key]  # nobody asks for them any more: they would stand here and age
        for member in scope.members or ():
            if member not in self._entries:
                row = MarketRow(member, member.symbol, "", 2, RowState.WAITING, is_scanned=True)
                self._entries[member] = _Entry(row)

    @property
    def needs_scan(self) -> bool:
        """Whether something is listed that has no stream of its own."""
        scope, entries = self.scope, self._entries
        if scope.members is None:
            return scope.has_scanned
        return any(member in entries and entries[member].row.is_scanned for member in scope.members)

    def knows(self, instrument: InstrumentId) -> bool:
        """Whether it has a row, listed now or not."""
        return instrument in self._entries

    @property
    def lists_unwatched(self) -> bool:
        """Whether the table may list what is not watched."""
        return self.scope.has_scanned or self.scope.members is not None

    def advance(self, now_ms: int) -> bool:
        """Tell ages by ``now_ms``; True when a second passed and every row has to be looked at."""
        if now_ms // 1000 == self.now_ms // 1000:
            return False
        self.now_ms = now_ms
        for entry in self._entries.values():
            entry.cells = entry.market = None
        return True

    def reformat(self) -> None:
        """Every row's text may differ now. Cells that stay equal are not built anew by the table."""
        for entry in self._entries.values():
            entry.cells = entry.market = entry.scores = None

    # --- order --------------------------------------------------------------------------------------------------

    def set_filter(self, words: str) -> FilterError | None:
        """Show only rows for which the words hold, see `markets_search`. Takes effect at `rearrange`.

        Returns what is wrong with them; the filter before stays in force then.
        """
        if not words.strip():
            self._check = None
            return None
        from virtuoso_desktop.market.row_filter import FilterError
        from virtuoso_desktop.ui.panels.markets_search import search_check

        try:
            self._check = search_check(words)
        except FilterError as error:
            return error
        self._judges_age = "age" in words.casefold()
        for entry in self._entries.values():
            entry.judged_row = None
        return None

    @property
    def is_filtered(self) -> bool:
        return self._check is not None

    def rearrange(self) -> list[InstrumentId]:
        """Filter and sort anew; returns the previous order. Missing values come last either way."""
        previous = self.order
        if self._listed is None:
            self._listed = self._scoped()
            self._candidates = len(self._listed)
            self._judge_names([entry.row for entry in self._listed])
        found = [entry.row for entry in self._listed if self._check is None or self._judge(entry, self._check)]
        if self._check is not None:
            self.left_out = sum(1 for entry in self._listed if entry.verdict is None)
        if not self.is_own_order:
            found = self._sorted(found)
        self.order = [row.instrument_id for row in found]
        if self.order != previous:
            self.place = {instrument: index for index, instrument in enumerate(self.order)}
        return previous

    @property
    def is_own_order(self) -> bool:
        """Whether the rows stand as the list has them."""
        return self.scope.members is not None and self.sort_column == OWN_ORDER

    def _scoped(self) -> list[_Entry]:
        scope, entries = self.scope, self._entries
        if scope.members is not None:
            return [entries[member] for member in scope.members if member in entries]
        if scope.has_scanned:
            return [entry for entry in entries.values() if entry.row.quote_coin]
        return [entry for entry in entries.values() if not entry.row.is_scanned]

    def _judge(self, entry: _Entry, check: Check) -> Verdict:
        row = entry.row
        if row is entry.judged_row and row.is_scanned and not self._judges_age:
            return entry.verdict
        scoring = None if row.is_scanned else self.scoring
        scores = None if scoring is None else scoring.counting(row, self.now_ms)
        entry.judged_row = row
        entry.verdict = check((row, scores, self.now_ms))
        return entry.verdict

    def _sorted(self, rows: list[MarketRow]) -> list[MarketRow]:
        """By the sorted column; equal and missing values stand by turnover."""
        value = self._sort_value()
        rows = sorted(rows, key=lambda row: (-(row.turnover_24h or 0.0), row.instrument_id))
        valued = [(value(row), row) for row in rows]
        with_value = [each for each in valued if each[0] is not None]
        with_value.sort(key=_first, reverse=self.sorts_down)
        return [row for _, row in with_value] + [row for found, row in valued if found is None]

    def _sort_value(self) -> Callable[[MarketRow], float | int | str | None]:
        """Scores are sorted by while they count."""
        column, scoring, now_ms = self.sort_column or DEFAULT_SORT, self.scoring, self.now_ms
        if column not in _SCORE_COLUMNS:
            return _SORT_VALUES[column]
        return lambda row: None if scoring is None or row.is_scanned else scoring.value(row, column, now_ms)

    # --- what the table asks ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._entries)

    def row_count(self) -> int:
        return len(self.order)

    def row(self, index: int) -> MarketRow:
        return self._entries[self.order[index]].row

    def find(self, instrument: InstrumentId) -> MarketRow | None:
        entry = self._entries.get(instrument)
        return None if entry is None else entry.row

    def all(self) -> list[MarketRow]:
        """Every row with values or a stream to come, listed now or not."""
        return [entry.row for entry in self._entries.values() if entry.row.quote_coin]

    def watched(self) -> list[MarketRow]:
        """Rows of what is watched."""
        return [entry.row for entry in self._entries.values() if not entry.row.is_scanned]

    def seen(self) -> list[MarketRow]:
        """Watched rows with values of this run or the previous one."""
        return [row for row in self.watched() if row.state is not RowState.WAITING]

    def counts(self) -> dict[RowState, int]:
        """Watched rows by state."""
        result = dict.fromkeys(RowState, 0)
        for row in self.watched():
            result[row.state] += 1
        return result

    @property
    def listed(self) -> int:
        """Rows of what is listed now, before the filter."""
        return self._candidates

    def cells(self, index: int) -> tuple[Cell, ...]:
        entry = self._entries[self.order[index]]
        if entry.cells is None:
            entry.cells = self._format(entry)
        return entry.cells

    def tints(self, index: int, now_ns: int) -> tuple[tuple[int, str, float], ...]:
        entry = self._entries[self.order[index]]
        if not entry.flash_token:
            return ()
        left = 1 - (now_ns - entry.flash_ns) / _NS_PER_MS / FLASH_MS
        if left <= 0:
            return ()
        faded = FLASH_STEP * round(FLASH_RATIO * left / FLASH_STEP)
        return ((LAST, entry.flash_token, FLASH_RATIO if self.reduced_motion else faded),)

    def fading(self, now_ns: int) -> set[int]:
        """Rows whose tint is on its way; each is listed once more after it has gone."""
        result: set[int] = set()
        for instrument, entry in self._entries.items():
            if entry.flash_token:
                if now_ns - entry.flash_ns > FLASH_MS * _NS_PER_MS:
                    entry.flash_token = ""
                if instrument in self.place:
                    result.add(self.place[instrument])
        return result

    def is_skeleton(self, index: int) -> bool:
        return self._entries[self.order[index]].row.state is RowState.WAITING

    def is_marked(self, index: int) -> bool:
        return self.order[index] == self.shown

    def tooltip(self, index: int, column: int) -> str:
        row = self.row(index)
        identity = row.instrument_id
        name = f"{identity.symbol}, {identity.venue.value.capitalize()} {KIND_WORDS[identity.market_kind]}"
        if row.updated_ms is None:
            return f"{name}\nwaiting for the first ticker"
        if row.is_scanned:
            name += "\nnot watched: a ticker every few seconds, no candles, no score"
        elif COLUMNS[column].name in _SCORE_COLUMNS:
            return f"{name}\n{self._score_tooltip(row, COLUMNS[column].name)}"
        said = f"{name}\nas of {text.local_moment(row.updated_ms, self.now_ms)} ({text.utc_moment(row.updated_ms)})"
        if COLUMNS[column].name == "funding" and row.next_funding_ms is not None:
            said += f"\nfunding at {text.local_moment(row.next_funding_ms, self.now_ms)}"
            said += f" ({text.utc_moment(row.next_funding_ms)})"
        return said

    def _score_tooltip(self, row: MarketRow, column: str) -> str:
        if self.scoring is None:
            return f"No score yet: {PREPARING}."
        return self.scoring.tooltip(row, column, self.now_ms)

    def name_of(self, row: MarketRow) -> str:
        """How the row's instrument is called: by its coin alone where that leaves no doubt."""
        identity = row.instrument_id
        if (
            identity.market_kind,
            row.quote_coin,
        ) == self._by_coin and identity.symbol == row.base_coin + row.quote_coin:
            return row.base_coin
        return identity.symbol + (kind_badge(identity.market_kind) if row.quote_coin and self._by_coin is None else "")

    def show_last_seen(self, snapshot: MarketsSnapshot) -> None:
        """Begin with the rows of the previous run."""
        self.last_seen_ms = snapshot.as_of_ms
        self.apply(snapshot.rows, 0)
        self.rearrange()

    def subject(self) -> tuple[str, str]:
        """What the panel says beside its title, and in which colour."""
        if self.is_filtered:
            found = f"{self.row_count()} of {self.listed}"
            return (f"{self.scope.name} \u00b7 {found}" if self.scope.name else found), "muted"
        if self.scope is not WATCHED:
            order = ", own order" if self.is_own_order else ""
            return f"{self.scope.name} \u00b7 {self.listed}{order}", "muted"
        counts, watched = self.counts(), len(self.watched())
        if counts[RowState.LAST_SEEN] and self.last_seen_ms is not None:
            seen = text.local_moment(self.last_seen_ms, self.now_ms)
            return f"last seen {seen} ({text.age(self.now_ms - self.last_seen_ms)} ago)", "warning"
        if counts[RowState.WAITING]:
            return f"{counts[RowState.LIVE]} of {watched} live", "muted"
        return self.describe() or "loading instruments", "muted"

    def describe(self) -> str:
        """``35 perps, USDT``: what the watched rows are."""
        rows = self.watched()
        if not rows:
            return ""
        kinds = sorted({KIND_WORDS[row.instrument_id.market_kind] for row in rows})
        quotes = sorted({row.quote_coin for row in rows})
        noun = " and ".join(kinds)
        if kinds == ["perp"] and len(rows) > 1:
            noun = "perps"
        return f"{len(rows)} {noun}, {', '.join(quotes)}"

    # --- formatting ---------------------------------------------------------------------------------------------

    def _replace(self, entry: _Entry, row: MarketRow, now_ns: int) -> None:
        before = entry.row
        if row.is_scanned is not before.is_scanned or row.quote_coin != before.quote_coin:
            self._listed = None
        entry.row = row
        entry.cells = entry.market = None
        if row.state is not before.state or row.is_scanned is not before.is_scanned:
            entry.scores = None
        is_live = row.state is RowState.LIVE
        if is_live and before.state is RowState.LIVE and row.last_move and row.last_change_ms != before.last_change_ms:
            entry.flash_ns = now_ns
            entry.flash_token = "up" if row.last_move > 0 else "down"
        elif not is_live:
            entry.flash_token = ""

    def _scores_until_ms(self, row: MarketRow) -> int:
        """When they have to be looked at again: at the moment in which they become stale, or for the words of waits."""
        scores = self.scoring.find(row.instrument_id) if self.scoring is not None else None
        again_ms = self.now_ms + SCORES_STAND_MS
        if scores is None or scores.stale_at_ms is None or scores.stale_at_ms < self.now_ms:
            return again_ms
        return min(again_ms, scores.stale_at_ms + 1)

    def _judge_names(self, rows: list[MarketRow]) -> None:
        """Of one kind of market, those of the commonest quote coin are called by their coin."""
        kinds = Counter((row.instrument_id.market_kind, row.quote_coin) for row in rows if row.quote_coin)
        is_one_kind = len({kind for kind, _ in kinds}) <= 1
        by_coin = max(kinds, key=kinds.__getitem__) if kinds and is_one_kind else None
        if by_coin != self._by_coin:
            self._by_coin = by_coin
            self.reformat()

    def _format(self, entry: _Entry) -> tuple[Cell, ...]:
        """Prices tick often, scores when a candle closes: what did not change is not formatted again."""
        row = entry.row
        if row.state is RowState.WAITING:
            return (cell(self.name_of(row), MUTED), *(EMPTY,) * (len(COLUMNS) - 2), cell("waiting", MUTED))
        if entry.market is None:
            entry.market = market_cells(row, self.name_of(row), self.now_ms, shows_age=self.shows_age)
        if entry.scores is None or self.now_ms >= entry.scores_until_ms:
            entry.scores_until_ms = self._scores_until_ms(row)
            entry.scores = _UNSCORED if row.is_scanned else _NO_SCORES
            if self.scoring is not None and not row.is_scanned:
                entry.scores = self.scoring.cells(row, self.now_ms, has_bar=self.has_bar, has_word=self.has_word)
        return (*entry.market[: DIMENSIONS[0]], *entry.scores, *entry.market[DIMENSIONS[0] :])


def _first(pair: tuple[object, MarketRow]) -> Any:
    return pair[0]


def _with_scanned(row: MarketRow, before: MarketRow) -> MarketRow:
    """What was scanned stays in sight, muted, until the first ticker of a stream."""
    if row.state is not RowState.WAITING or not before.is_scanned or before.state is RowState.WAITING:
        return row
    return msgspec.structs.replace(before, is_scanned=False, state=RowState.LAST_SEEN)
