"""The rows of Markets: newest state by instrument, formatted once per change, filtered and ordered.

No Qt: the table's model asks these rows, tests drive them directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from virtuoso_desktop.engine.views import MarketRow, MarketsSnapshot, RowState, kind_badge
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.ui import format as text
from virtuoso_desktop.ui.cell import (
    DOWN,
    EMPTY,
    KEY,
    MISSING,
    MUTED,
    MUTED_NUMBER,
    NUMBER,
    UP,
    WARNING,
    Cell,
    Ink,
    Part,
    cell,
    no_value,
)
from virtuoso_desktop.ui.dimension_words import PREPARING
from virtuoso_desktop.ui.panels.markets_columns import COLUMNS, DIMENSIONS, LAST
from virtuoso_desktop.ui.tokens import FLASH_MS, FLASH_RATIO

if TYPE_CHECKING:
    from virtuoso_desktop.engine.analysis_views import ScoreRow
    from virtuoso_desktop.ui.panels.markets_scores import MarketScores
    from virtuoso_desktop.ui.panels.markets_search import Condition

_NS_PER_MS = 1_000_000
FLASH_STEP = 0.02
DEFAULT_SORT = "score"
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
    "sparkline": attrgetter("change_24h_pct"),
    "age": lambda row: None if row.updated_ms is None else -row.updated_ms,
}
_SCORE_COLUMNS = frozenset(column.name for column in COLUMNS) - _SORT_VALUES.keys()
_NO_SCORES = (no_value(PREPARING),) * len(_SCORE_COLUMNS)


class _Entry:
    __slots__ = ("cells", "flash_ns", "flash_token", "market", "row", "scores")

    def __init__(self, row: MarketRow) -> None:
        self.row = row
        self.cells: tuple[Cell, ...] | None = None
        self.market: tuple[Cell, ...] | None = None
        self.scores: tuple[Cell, ...] | None = None
        self.flash_ns = 0
        self.flash_token = ""


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
        self._asked: tuple[Condition, ...] = ()
        self._one_kind = True

    # --- what comes in ------------------------------------------------------------------------------------------

    def apply(self, rows: Iterable[MarketRow], now_ns: int) -> set[InstrumentId]:
        """Take newer rows; returns the instruments whose row changed. New instruments need `rearrange`."""
        changed: set[InstrumentId] = set()
        for row in rows:
            known = self._entries.get(row.instrument_id)
            if known is None:
                self._entries[row.instrument_id] = _Entry(row)
                self._judge_kinds()
            elif row.state is RowState.WAITING and known.row.state is RowState.LAST_SEEN:
                continue
            else:
                self._replace(known, row, now_ns)
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
        """Forget all others; True when some were forgotten."""
        kept = set(instruments)
        gone = [instrument for instrument in self._entries if instrument not in kept]
        for instrument in gone:
            del self._entries[instrument]
            if self.scoring is not None:
                self.scoring.forget(instrument)
        if gone:
            self._judge_kinds()
        return bool(gone)

    def advance(self, now_ms: int) -> bool:
        """Tell ages by ``now_ms``; True when a second passed and every row has to be looked at."""
        if now_ms // 1000 == self.now_ms // 1000:
            return False
        self.now_ms = now_ms
        self.reformat()
        return True

    def reformat(self) -> None:
        """Every row's text may differ now. Cells that stay equal are not built anew by the table."""
        for entry in self._entries.values():
            entry.cells = entry.market = entry.scores = None

    # --- order --------------------------------------------------------------------------------------------------

    def set_filter(self, words: str) -> None:
        """Show only rows for which every word holds, see `markets_search`. Takes effect at `rearrange`."""
        self._asked = ()
        if words.strip():
            from virtuoso_desktop.ui.panels.markets_search import conditions

            self._asked = conditions(words)

    @property
    def is_filtered(self) -> bool:
        return bool(self._asked)

    def rearrange(self) -> list[InstrumentId]:
        """Filter and sort anew; returns the previous order. Missing values come last either way."""
        previous = self.order
        value = self._sort_value()
        found = [entry.row for entry in self._entries.values() if not self._asked or self._matches(entry.row)]
        found.sort(key=lambda row: (-(row.turnover_24h or 0.0), row.instrument_id))
        with_value = [row for row in found if value(row) is not None]
        with_value.sort(key=value, reverse=self.sorts_down)  # pyright: ignore[reportArgumentType]
        without = [row for row in found if value(row) is None]
        self.order = [row.instrument_id for row in (*with_value, *without)]
        if self.order != previous:
            self.place = {instrument: index for index, instrument in enumerate(self.order)}
        return previous

    def _sort_value(self) -> Callable[[MarketRow], float | int | str | None]:
        """Scores are sorted by while they count; equal and missing values stand by turnover."""
        column, scoring, now_ms = self.sort_column, self.scoring, self.now_ms
        if column not in _SCORE_COLUMNS:
            return _SORT_VALUES[column]
        return lambda row: None if scoring is None else scoring.value(row, column, now_ms)

    def _matches(self, row: MarketRow) -> bool:
        identity = row.instrument_id
        names = f"{row.base_coin} {identity.symbol} {identity.venue.value} {KIND_WORDS[identity.market_kind]}"
        scores = self.scoring.counting(row, self.now_ms) if self.scoring is not None else None
        return all(condition(names.casefold(), scores) for condition in self._asked)

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
        """Every row, filtered or not."""
        return [entry.row for entry in self._entries.values()]

    def seen(self) -> list[MarketRow]:
        """Rows with values of this run or the previous one."""
        return [entry.row for entry in self._entries.values() if entry.row.state is not RowState.WAITING]

    def counts(self) -> dict[RowState, int]:
        """Rows by state."""
        result = dict.fromkeys(RowState, 0)
        for entry in self._entries.values():
            result[entry.row.state] += 1
        return result

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
        if COLUMNS[column].name in _SCORE_COLUMNS:
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
        """How the row's instrument is called: the coin alone while all rows are of one kind and quote coin."""
        return row.base_coin if self._one_kind else row.instrument_id.symbol + kind_badge(row.instrument_id.market_kind)

    def show_last_seen(self, snapshot: MarketsSnapshot) -> None:
        """Begin with the rows of the previous run."""
        self.last_seen_ms = snapshot.as_of_ms
        self.apply(snapshot.rows, 0)
        self.rearrange()

    def subject(self) -> tuple[str, str]:
        """What the panel says beside its title, and in which colour."""
        counts = self.counts()
        if self.is_filtered:
            return f"{self.row_count()} of {len(self)}", "muted"
        if counts[RowState.LAST_SEEN] and self.last_seen_ms is not None:
            seen = text.local_moment(self.last_seen_ms, self.now_ms)
            return f"last seen {seen} ({text.age(self.now_ms - self.last_seen_ms)} ago)", "warning"
        if counts[RowState.WAITING]:
            return f"{counts[RowState.LIVE]} of {len(self)} live", "muted"
        return self.describe() or "loading instruments", "muted"

    def describe(self) -> str:
        """``35 perps, USDT``: what the rows are."""
        if not self._entries:
            return ""
        rows = self.all()
        kinds = sorted({KIND_WORDS[row.instrument_id.market_kind] for row in rows})
        quotes = sorted({row.quote_coin for row in rows})
        noun = " and ".join(kinds)
        if kinds == ["perp"] and len(rows) > 1:
            noun = "perps"
        return f"{len(rows)} {noun}, {', '.join(quotes)}"

    # --- formatting ---------------------------------------------------------------------------------------------

    def _replace(self, entry: _Entry, row: MarketRow, now_ns: int) -> None:
        before = entry.row
        entry.row = row
        entry.cells = entry.market = None
        if row.state is not before.state:
            entry.scores = None
        is_live = row.state is RowState.LIVE
        if is_live and before.state is RowState.LIVE and row.last_move and row.last_change_ms != before.last_change_ms:
            entry.flash_ns = now_ns
            entry.flash_token = "up" if row.last_move > 0 else "down"
        elif not is_live:
            entry.flash_token = ""

    def _judge_kinds(self) -> None:
        kinds = {
            (entry.row.instrument_id.venue, entry.row.instrument_id.market_kind, entry.row.quote_coin)
            for entry in self._entries.values()
        }
        is_one = len(kinds) <= 1
        if is_one != self._one_kind:
            self._one_kind = is_one
            self.reformat()

    def _format(self, entry: _Entry) -> tuple[Cell, ...]:
        """Prices tick often, scores when a candle closes: what did not change is not formatted again."""
        row = entry.row
        if row.state is RowState.WAITING:
            return (cell(self.name_of(row), MUTED), *(EMPTY,) * (len(COLUMNS) - 2), cell("waiting", MUTED))
        if entry.market is None:
            entry.market = self._format_market(row)
        if entry.scores is None:
            entry.scores = _NO_SCORES
            if self.scoring is not None:
                entry.scores = self.scoring.cells(row, self.now_ms, has_bar=self.has_bar, has_word=self.has_word)
        return (*entry.market[: DIMENSIONS[0]], *entry.scores, *entry.market[DIMENSIONS[0] :])

    def _format_market(self, row: MarketRow) -> tuple[Cell, ...]:
        is_live = row.state is RowState.LIVE
        ink = NUMBER if is_live else MUTED_NUMBER
        digits = row.price_decimals
        age = self._age(row)
        change = self._change(row.change_24h_pct, is_live)
        if row.state is RowState.STALE and not self.shows_age:
            change = age
        return (
            cell(self.name_of(row), KEY if is_live else MUTED_NUMBER),
            _number(row.last_price, text.price(row.last_price, digits), ink),
            change,
            Cell((), spoken=change.text if row.sparkline else "no history yet"),
            _number(row.turnover_24h, text.compact(row.turnover_24h), ink),
            self._change(row.change_utc_day_pct, is_live),
            _number(row.spread_bps, text.bps(row.spread_bps), ink),
            self._funding(row, ink),
            _number(row.basis_bps, text.signed_bps(row.basis_bps), ink),
            _number(row.mark_price, text.price(row.mark_price, digits), ink),
            _number(row.high_24h, text.price(row.high_24h, digits), ink),
            _number(row.low_24h, text.price(row.low_24h, digits), ink),
            _number(row.volume_24h, text.compact(row.volume_24h), ink),
            age,
        )

    @staticmethod
    def _change(percent: float | None, is_live: bool) -> Cell:
        ink = (UP if percent >= 0.005 else DOWN if percent <= -0.005 else NUMBER) if is_live and percent else None
        return _number(percent, text.signed(percent), ink or (NUMBER if is_live else MUTED_NUMBER))

    def _age(self, row: MarketRow) -> Cell:
        if row.updated_ms is None:
            return MISSING
        said = text.age(self.now_ms - row.updated_ms)
        if row.state is RowState.STALE:
            return cell(said, WARNING, "clock", f"stale, {said} old")
        return cell(said, MUTED if row.state is RowState.LIVE else WARNING)

    def _funding(self, row: MarketRow, ink: Ink) -> Cell:
        if row.funding_rate is None:
            return MISSING
        rate = Part(text.funding(row.funding_rate), ink)
        left_ms = None if row.next_funding_ms is None else row.next_funding_ms - self.now_ms
        if left_ms is not None and left_ms <= 0 and row.state is not RowState.LIVE:
            left_ms = None
        return Cell((rate, Part(f"  {text.countdown(left_ms)}", MUTED)))


def _number(value: float | None, shown: str, ink: Ink) -> Cell:
    return MISSING if value is None else cell(shown, ink)
