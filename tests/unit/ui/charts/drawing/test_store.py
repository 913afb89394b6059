"""The file of an instrument's drawings: whole, damaged, half written, newer, absurd, large."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.charts.drawing.book import MOST_DRAWINGS, DrawingBook
from virtuoso_desktop.ui.charts.drawing.figures import Drawing, Kind, Look, Point, Stroke
from virtuoso_desktop.ui.charts.drawing.store import DrawingBooks, file_name

BTC = InstrumentId.parse("bybit:linear:BTCUSDT")
ETH = InstrumentId.parse("bybit:linear:ETHUSDT")
NAME = "drawings-bybit-linear-BTCUSDT.json"


def a_line(number: int = 0, **more: Any) -> Drawing:
    points = (Point(1_743_811_200_000, 93_000.1), Point(1_743_814_800_000 + number, 93_100.5))
    return msgspec.structs.replace(Drawing(f"id{number}", Kind.TREND, points), **more)


def raw(**more: Any) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(a_line())) | more


def put(folder: Path, content: bytes | str | dict[str, Any]) -> None:
    text = json.dumps(content) if isinstance(content, dict) else content
    (folder / NAME).write_bytes(text.encode() if isinstance(text, str) else text)


class ReadBooks(DrawingBooks):
    """Waits until a book is open."""

    def of(self, instrument: InstrumentId) -> DrawingBook:
        book = super().of(instrument)
        end_s = time.monotonic() + 20
        while not book.is_open and time.monotonic() < end_s:
            time.sleep(0.002)
            self.take_read()
        return book


def opened(folder: Path) -> tuple[DrawingBooks, list[str], UserFiles]:
    files, told = UserFiles(folder), list[str]()
    return ReadBooks(files, told.append), told, files


def test_nobody_waits_for_a_file_and_nothing_is_drawn_before_it_was_read(tmp_path: Path) -> None:
    put(tmp_path, {"drawings": [raw(id=f"n{number}") for number in range(5_000)]})
    books = DrawingBooks(UserFiles(tmp_path), str)
    book = books.of(BTC)
    assert not book.is_open
    assert not book.add(a_line())
    while not book.is_open:
        time.sleep(0.002)
        books.take_read()
    assert len(book.drawings) == 5_000
    assert books.of(BTC) is book


def test_without_a_folder_a_book_is_open_at_once() -> None:
    assert DrawingBooks(UserFiles(None), str).of(BTC).add(a_line())


def test_drawings_are_there_at_the_next_start_by_instrument(tmp_path: Path) -> None:
    books, told, files = opened(tmp_path)
    strange = a_line(1, look=Look("down", 3, Stroke.DOTTED), is_locked=True, timeframe="1h")
    books.of(BTC).add(a_line())
    books.of(BTC).add(strange)
    books.of(ETH).add(a_line(2))
    books.of(BTC).undo()
    books.of(BTC).redo()
    files.close()
    again, _, _ = opened(tmp_path)
    assert again.of(BTC).drawings == (a_line(), strange)
    assert again.of(ETH).drawings == (a_line(2),)
    assert again.of(BTC) is again.of(BTC)
    assert not told
    assert json.loads((tmp_path / NAME).read_text())["instrument"] == "bybit:linear:BTCUSDT"


def test_a_name_of_strange_letters_stays_in_its_folder() -> None:
    assert file_name(InstrumentId.parse("bybit:spot:../A B")) == "drawings-bybit-spot-.._A_B"


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe garbage",
        b"",
        json.dumps({"version": 1, "drawings": [raw()]}).encode()[:-40],
        b'{"version": 1, "drawings": [{"id": "a", "points": [[1, NaN], [2, Infinity]]}]}',
        b'{"version": 1, "drawings": "none"}',
        b"[1, 2]",
        b"[" * 100_000,
    ],
    ids=["garbage", "empty", "half written", "not a number", "wrong type", "a list", "deep"],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, content)
    books, told, files = opened(tmp_path)
    assert books.of(BTC).drawings == ()
    assert len(told) == 1
    assert "set-aside-1" in told[0]
    assert (tmp_path / NAME.replace(".json", ".set-aside-1.json")).read_bytes() == content
    books.of(BTC).add(a_line())
    files.close()
    assert opened(tmp_path)[0].of(BTC).drawings == (a_line(),)


@pytest.mark.parametrize(
    "strange",
    [
        raw(kind="pitchfork"),
        raw(id=""),
        raw(id="x" * 1000),
        raw(id=7),
        raw(points=[[1, 2.0]]),
        raw(points=[[1, 2.0], [3, 4.0], [5, 6.0]]),
        raw(points=[[-1, 2.0], [3, 4.0]]),
        raw(points=[[10**18, 2.0], [3, 4.0]]),
        raw(points=[[1, 0.0], [3, 4.0]]),
        raw(points=[[1, -5.0], [3, 4.0]]),
        raw(points=[[1, 1e300], [3, 4.0]]),
        raw(points=[[1, None], [3, 4.0]]),
        raw(points=[[1.5, 2.0], [3, 4.0]]),
        raw(points="everywhere"),
        raw(look={"colour": "plaid"}),
        raw(look={"width_px": 400}),
        raw(look={"stroke": "wavy"}),
        raw(text="x" * 201),
        raw(kind="text", points=[[1, 2.0]], text="  "),
        None,
        "a line",
        [],
    ],
    ids=lambda strange: f"{strange}"[:60],
)
def test_one_that_is_strange_costs_no_other_and_stays_in_the_file(tmp_path: Path, strange: Any) -> None:
    put(tmp_path, {"version": 1, "drawings": [strange, raw(id="good")]})
    books, told, files = opened(tmp_path)
    assert [each.id for each in books.of(BTC).drawings] == ["good"]
    assert len(told) == 1
    assert "stays in the file" in told[0]
    books.of(BTC).add(a_line(5))
    books.of(BTC).remove(["good"])
    files.close()
    kept = json.loads((tmp_path / NAME).read_text())["drawings"]
    assert strange in kept
    assert [each["id"] for each in kept if isinstance(each, dict) and each is not strange][:1] == ["id5"]


def test_two_with_one_id_are_not_one(tmp_path: Path) -> None:
    put(tmp_path, {"drawings": [raw(id="a"), raw(id="a", is_locked=True)]})
    books, told, _ = opened(tmp_path)
    assert len(books.of(BTC).drawings) == 1
    assert told


def test_a_newer_program_finds_everything_it_wrote(tmp_path: Path) -> None:
    newer = raw(id="a", glow=0.5, look={"colour": "up", "width_px": 2, "stroke": "solid"})
    put(tmp_path, {"version": 9, "palette": [1, 2], "drawings": [newer]})
    books, told, files = opened(tmp_path)
    drawing = books.of(BTC).find("a")
    assert drawing is not None
    assert not told
    books.of(BTC).replace(msgspec.structs.replace(drawing, is_locked=True))
    files.close()
    kept = json.loads((tmp_path / NAME).read_text())
    assert (kept["version"], kept["palette"]) == (9, [1, 2])
    assert (kept["drawings"][0]["glow"], kept["drawings"][0]["is_locked"]) == (0.5, True)


def test_five_thousand_come_back_and_too_many_stay_in_the_file(tmp_path: Path) -> None:
    put(tmp_path, {"drawings": [raw(id=f"n{number}") for number in range(5_000)]})
    books, told, _ = opened(tmp_path)
    assert len(books.of(BTC).drawings) == 5_000
    assert not told
    put(tmp_path, {"drawings": [raw(id=f"n{number}") for number in range(MOST_DRAWINGS + 3)]})
    books, told, files = opened(tmp_path)
    assert len(books.of(BTC).drawings) == MOST_DRAWINGS
    assert told[0].startswith("3 drawings of BTCUSDT")
    books.of(BTC).remove(["n0"])
    files.close()
    assert len(json.loads((tmp_path / NAME).read_text())["drawings"]) == MOST_DRAWINGS + 2
