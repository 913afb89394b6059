"""Which studies the chart draws: what the user chose, what a click on evidence adds for a while, pane heights."""

from __future__ import annotations

import msgspec

from virtuoso_desktop.kernel.signals import Signal
from virtuoso_desktop.model.study import DEFAULT_STUDIES, MOST_STUDIES, Study, StudyKind, StudyPart, study_of, usable

STUDY_MEMORY_VERSION = 1
LEAST_PANE_PX = 32
MOST_PANE_PX = 600

EVIDENCE: dict[str, tuple[Study, ...]] = {
    "rsi": (study_of(StudyKind.RSI),),
    "macd": (study_of(StudyKind.MACD),),
    "ema_crossover": (Study(StudyKind.EMA, (12,)), Study(StudyKind.EMA, (26,))),
    "bollinger_bands": (study_of(StudyKind.BOLLINGER),),
    "obv": (study_of(StudyKind.OBV),),
    "volume_delta": (study_of(StudyKind.VOLUME),),
    "vwap": (study_of(StudyKind.VWAP),),
    "support_resistance": (study_of(StudyKind.LEVELS),),
    "trend_analysis": (study_of(StudyKind.SWINGS), Study(StudyKind.EMA, (50,))),
    "buy_sell_pressure": (study_of(StudyKind.TRADE_CVD),),
    "order_imbalance": (study_of(StudyKind.FLOW),),
    "large_trades": (),
    "liquidations": (study_of(StudyKind.LIQUIDATIONS),),
    "bid_ask_depth": (study_of(StudyKind.BOOK),),
    "liquidity_zones": (),
    "microprice": (study_of(StudyKind.BOOK),),
    "funding_rate": (study_of(StudyKind.FUNDING),),
    "open_interest_change": (study_of(StudyKind.OPEN_INTEREST),),
    "long_short_ratio": (study_of(StudyKind.LONG_SHORT),),
    "liquidation_skew": (study_of(StudyKind.LIQUIDATIONS),),
}
"""The studies that show a component of the score; marks on the candles are in `evidencemarks`."""


class StudyMemory(msgspec.Struct, frozen=True):
    """The user's studies for the next run; ``heights`` in logical pixels by the study's name."""

    version: int = STUDY_MEMORY_VERSION
    studies: tuple[Study, ...] = DEFAULT_STUDIES
    heights: dict[str, int] = {}

    def to_bytes(self) -> bytes:
        """For the cache."""
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, stored: bytes | None) -> StudyMemory:
        """What `to_bytes` gave; the usual studies for None, damage or another version."""
        if stored is None:
            return cls()
        try:
            memory = msgspec.json.decode(stored, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls()
        return memory if memory.version == STUDY_MEMORY_VERSION else cls()


class StudyChoice:
    """The chosen studies in their order; ``changed`` is emitted after every change."""

    def __init__(self) -> None:
        self.changed: Signal[StudyChoice] = Signal("studies changed")
        self.studies: tuple[Study, ...] = DEFAULT_STUDIES
        self.heights: dict[str, int] = {}
        self.version = 0
        """Counts the changes."""
        self.component = ""
        """Whose evidence is drawn; empty for none."""

    def recall(self, memory: StudyMemory) -> None:
        """Take over what was kept."""
        self.heights = {name: min(max(px, LEAST_PANE_PX), MOST_PANE_PX) for name, px in memory.heights.items()}
        self._set(usable(memory.studies))

    def remember(self) -> StudyMemory:
        """For the next run; evidence is no choice."""
        return StudyMemory(studies=self.studies, heights=self.heights)

    # --- what is drawn -----------------------------------------------------------------------------------------

    @property
    def evidence(self) -> tuple[Study, ...]:
        """Studies that show the component, whether chosen or not."""
        return EVIDENCE.get(self.component, ())

    @property
    def drawn(self) -> tuple[Study, ...]:
        """Chosen studies, hidden ones too, and those that evidence adds; evidence is never hidden."""
        wanted = {study.name: study for study in self.evidence}
        chosen = tuple(wanted.pop(study.name, study) for study in self.studies)
        return (*chosen, *wanted.values())

    @property
    def highlighted(self) -> frozenset[str]:
        """Names of the studies that evidence points at."""
        return frozenset(study.name for study in self.evidence)

    def find(self, name: str) -> Study | None:
        """The study of a name, drawn or hidden."""
        return next((study for study in self.drawn if study.name == name), None)

    def is_chosen(self, name: str) -> bool:
        """Whether the user chose it; one that only evidence brought is not."""
        return any(study.name == name for study in self.studies)

    # --- what the user does ------------------------------------------------------------------------------------

    def add(self, study: Study) -> bool:
        """Choose one more; False when it is there already or there are too many."""
        if self.is_chosen(study.name) or study.problem is not None or len(self.studies) >= MOST_STUDIES:
            return False
        self._set((*self.studies, study))
        return True

    def remove(self, name: str) -> tuple[int, Study] | None:
        """Choose one less; returns what `put_back` needs to undo it."""
        for index, study in enumerate(self.studies):
            if study.name == name:
                self._set((*self.studies[:index], *self.studies[index + 1 :]))
                return index, study
        return None

    def put_back(self, index: int, study: Study) -> None:
        """Undo a removal: the study stands where it stood."""
        if not self.is_chosen(study.name):
            self._set((*self.studies[:index], study, *self.studies[index:]))

    def replace(self, name: str, study: Study) -> bool:
        """Other numbers, shown or hidden; False when the numbers cannot be or another study has them."""
        if study.problem is not None or (study.name != name and self.is_chosen(study.name)):
            return False
        if name in self.heights and study.name != name:
            self.heights[study.name] = self.heights.pop(name)
        self._set(tuple(study if each.name == name else each for each in self.studies))
        return True

    def set_part(self, name: str, part: StudyPart, is_drawn: bool) -> None:
        """Draw a part of a chosen study, or leave it out."""
        for study in self.studies:
            if study.name == name and study.has(part) is not is_drawn:
                kept = tuple(key for key in study.without if key != part.key)
                without = kept if is_drawn else (*kept, part.key)
                self.replace(name, msgspec.structs.replace(study, without=without))

    def show_evidence(self, component: str) -> bool:
        """Draw what a component was read from, until `end_evidence`; False for one that no study shows."""
        if component not in EVIDENCE:
            return False
        if component != self.component:
            self.component = component
            self._tell()
        return True

    def end_evidence(self) -> bool:
        """Draw the user's choice alone; False when it is drawn already."""
        if not self.component:
            return False
        self.component = ""
        self._tell()
        return True

    def _set(self, studies: tuple[Study, ...]) -> None:
        if studies != self.studies:
            self.studies = studies
            self._tell()

    def _tell(self) -> None:
        self.version += 1
        self.changed.emit(self)
