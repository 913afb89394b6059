"""The file of one instrument's drawings. What this program cannot read of it stays in it untouched. No Qt."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from virtuoso_desktop.ui.charts.drawing.book import MOST_DRAWINGS, DrawingBook
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, is_sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from virtuoso_desktop.model.instrument import InstrumentId
    from virtuoso_desktop.storage.user_files import UserFile, UserFiles

FILE_VERSION = 1
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")

Raw = dict[str, Any]


class DrawingsFile(msgspec.Struct, frozen=True):
    """``drawings`` are read one by one: a strange one does not cost the others."""

    version: int = FILE_VERSION
    instrument: str = ""
    drawings: list[Any] = []


def file_name(instrument: InstrumentId) -> str:
    """``drawings-bybit-linear-BTCUSDT``."""
    return "drawings-" + _UNSAFE.sub(
        "_", f"{instrument.venue.value}-{instrument.market_kind.value}-{instrument.symbol}"
    )


class DrawingBooks:
    """The book of each instrument, read by a worker when it is first asked for.

    Parameters
    ----------
    files : UserFiles
        Where they are kept.
    tell : callable
        Told in words when a file could not be read, whole or in part; called by `take_read`.
    """

    def __init__(self, files: UserFiles, tell: Callable[[str], object]) -> None:
        self._files = files
        self._tell = tell
        self._books: dict[InstrumentId, DrawingBook] = {}
        self._reading: dict[InstrumentId, Future[_Keeper]] = {}

    def of(self, instrument: InstrumentId) -> DrawingBook:
        """The drawings of an instrument; the same book for everyone, closed until its file was read."""
        book = self._books.get(instrument)
        if book is None:
            book = self._books[instrument] = DrawingBook()
            if self._files.keeps:
                book.is_open = False
                self._begin(instrument)
        return book

    def _begin(self, instrument: InstrumentId) -> None:
        """Thousands of drawings take longer to read than a frame lasts."""
        file = self._files.file(file_name(instrument), DrawingsFile, f"drawings of {instrument.symbol}")
        reader = ThreadPoolExecutor(1, thread_name_prefix="drawings")
        self._reading[instrument] = reader.submit(_Keeper, file, instrument)
        reader.shutdown(wait=False)

    def take_read(self) -> None:
        """Open the books whose files have been read; asked every frame."""
        for instrument in [instrument for instrument, reading in self._reading.items() if reading.done()]:
            keeper = self._reading.pop(instrument).result()
            self._books[instrument].open_with(keeper.book, keeper.keep)
            if keeper.problem is not None:
                self._tell(keeper.problem)


class _Keeper:
    """Reads and keeps one file: what was understood and changes, what was not and stays."""

    def __init__(self, file: UserFile[DrawingsFile], instrument: InstrumentId) -> None:
        value, self.problem = file.read()
        found = value or DrawingsFile()
        self._file = file
        self._instrument = str(instrument)
        self._version = max(found.version, FILE_VERSION)
        drawings: list[Drawing] = []
        self.strange: list[Any] = []
        self._more: dict[str, Raw] = {}
        """Fields of a newer program, by id."""
        known = set[str]()
        for raw in found.drawings:
            drawing = _understood(raw)
            if drawing is None or drawing.id in known or len(drawings) >= MOST_DRAWINGS:
                self.strange.append(raw)
                continue
            known.add(drawing.id)
            drawings.append(drawing)
            more = {name: value for name, value in raw.items() if name not in Drawing.__struct_fields__}
            if more:
                self._more[drawing.id] = more
        self.book = DrawingBook(drawings)
        if self.strange:
            count = len(self.strange)
            which = "One drawing" if count == 1 else f"{count} drawings"
            self.problem = (
                f"{which} of {instrument.symbol} cannot be shown by this version. "
                "Nothing is lost: what cannot be shown stays in the file as it is."
            )

    def keep(self, drawings: tuple[Drawing, ...]) -> None:
        """Save these, and what was not understood."""
        self._file.save_made(lambda: self._made(drawings))

    def _made(self, drawings: tuple[Drawing, ...]) -> DrawingsFile:
        raws = [msgspec.to_builtins(drawing) | self._more.get(drawing.id, {}) for drawing in drawings]
        return DrawingsFile(self._version, self._instrument, raws + self.strange)


def _understood(raw: Any) -> Drawing | None:
    try:
        drawing = msgspec.convert(raw, Drawing)
    except msgspec.ValidationError:
        return None
    return drawing if is_sound(drawing) else None
