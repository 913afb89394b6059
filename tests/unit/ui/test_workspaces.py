from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from virtuoso_desktop.storage.user_files import UserFiles
from virtuoso_desktop.ui.arrangement import Arrangement, Group, Split, panels_of
from virtuoso_desktop.ui.shipped import SHIPPED, shipped
from virtuoso_desktop.ui.workspaces import LARGEST_EXPORT_BYTES, MOST_NAME, NotPossible, Workspaces

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (1600, 1000)
OWN = Arrangement(Split(True, [Group(["chart"]), Group(["log"], size_px=300)]), parts={"chart grid": {"cells": 4}})


def read_file(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "workspaces.json").read_bytes())
    return found


def write_file(folder: Path, whole: object) -> None:
    (folder / "workspaces.json").write_bytes(msgspec.json.encode(whole))


class Kept:
    """A folder, opened again and again as by one run after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: UserFiles | None = None

    def open(self) -> Workspaces:
        self.close()
        self._files = UserFiles(self.folder)
        return Workspaces(self._files)

    def close(self) -> None:
        if self._files is not None:
            self._files.close()
            self._files = None


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_without_a_file_there_is_what_is_shipped(kept: Kept) -> None:
    book = kept.open()
    assert (book.names, book.current, book.problem) == (list(SHIPPED), "Default", None)
    assert book.read(*SIZE).arrangement == shipped("Default", *SIZE)
    book.open("Scanner")
    again = kept.open()
    assert again.current == "Scanner"
    assert again.read(*SIZE).arrangement == shipped("Scanner", *SIZE)


def test_what_was_arranged_is_there_after_a_restart(kept: Kept) -> None:
    book = kept.open()
    book.save_as("  Evening   trading ", OWN)
    again = kept.open()
    assert (again.names, again.current) == ([*SHIPPED, "Evening trading"], "Evening trading")
    assert again.read(*SIZE).arrangement == OWN


def test_a_shipped_one_can_be_changed_and_reset(kept: Kept) -> None:
    book = kept.open()
    book.write(OWN)
    assert kept.open().read(*SIZE).arrangement == OWN
    book = kept.open()
    undo = book.reset()
    assert book.read(*SIZE).arrangement == shipped("Default", *SIZE)
    undo()
    assert book.read(*SIZE).arrangement == OWN


def test_reset_of_an_own_one_makes_it_as_default_and_is_undone(kept: Kept) -> None:
    book = kept.open()
    book.save_as("Mine", OWN)
    undo = book.reset()
    assert (book.current, book.names) == ("Mine", [*SHIPPED, "Mine"])
    assert book.read(*SIZE).arrangement == shipped("Default", *SIZE)
    undo()
    assert book.read(*SIZE).arrangement == OWN


def test_delete_is_undone_in_its_place_whatever_came_since(kept: Kept) -> None:
    book = kept.open()
    for name in ("A", "B", "C"):
        book.save_as(name, OWN)
    book.open("B")
    undo = book.delete()
    assert (book.current, book.names) == ("Default", [*SHIPPED, "A", "C"])
    book.save_as("D", Arrangement(Group(["chart"])))
    undo()
    assert (book.current, book.names) == ("B", [*SHIPPED, "A", "B", "C", "D"])
    assert kept.open().read(*SIZE).arrangement == OWN


def test_shipped_ones_stay(kept: Kept) -> None:
    book = kept.open()
    with pytest.raises(NotPossible, match="comes with the program"):
        book.delete()
    with pytest.raises(NotPossible, match="comes with the program"):
        book.rename("Mine")


def test_rename_keeps_place_and_content(kept: Kept) -> None:
    book = kept.open()
    for name in ("A", "B"):
        book.save_as(name, OWN)
    book.open("A")
    book.rename("Z")
    assert (book.names[3:], book.current) == (["Z", "B"], "Z")
    assert kept.open().read(*SIZE).arrangement == OWN


@pytest.mark.parametrize("name", ["", "   ", "x" * (MOST_NAME + 1), "default", "SCANNER", "a\x07b"])
def test_a_name_that_cannot_be(kept: Kept, name: str) -> None:
    with pytest.raises(NotPossible):
        kept.open().save_as(name, OWN)


def test_copies_find_names_of_their_own(kept: Kept) -> None:
    book = kept.open()
    names = [book.save_as(book.free_name(), OWN) for _ in range(3)]
    assert len(set(names)) == 3
    assert names[0] == "Default copy"
    assert all(len(name) <= MOST_NAME for name in names)


# --- downgrade, damage ---------------------------------------------------------------------------------------------


def test_fields_and_panels_of_a_newer_program_are_kept(kept: Kept) -> None:
    whole = {
        "version": 7,
        "current": "Mine",
        "tab_groups": {"x": 1},
        "workspaces": {
            "Mine": {
                "root": {"kind": "tabs", "panels": ["chart", "options_chain"]},
                "parts": {"options": {"expiry": 3}},
                "colour": "teal",
            },
            "Theirs": {"root": {"kind": "mosaic"}},
        },
    }
    write_file(kept.folder, whole)
    book = kept.open()
    opened = book.read(*SIZE)
    assert panels_of(opened.arrangement.root) == ["chart"]
    book.write(opened.arrangement)
    kept.close()
    after = read_file(kept.folder)
    assert (after["version"], after["tab_groups"]) == (7, {"x": 1})
    mine = after["workspaces"]["Mine"]
    assert (mine["colour"], mine["parts"]) == ("teal", {"options": {"expiry": 3}})
    assert mine["root"]["panels"] == ["chart", "options_chain"]
    assert after["workspaces"]["Theirs"] == {"root": {"kind": "mosaic"}}, "what cannot be understood stays as it is"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\x00\xff garbage", b"[]", b'{"workspaces": 3}', b'{"version": "new"}', b'{"current": "Mine", "work'],
)
def test_a_damaged_file_is_set_aside_and_named(kept: Kept, content: bytes) -> None:
    (kept.folder / "workspaces.json").write_bytes(content)
    book = kept.open()
    assert book.problem is not None
    assert "set-aside" in book.problem
    assert book.read(*SIZE).arrangement == shipped("Default", *SIZE)
    (aside,) = kept.folder.glob("*set-aside*")
    assert aside.read_bytes() == content
    book.write(OWN)
    assert kept.open().read(*SIZE).arrangement == OWN


def test_one_workspace_of_garbage_opens_default_and_stays_in_the_file(kept: Kept) -> None:
    bad = {"root": {"kind": "tabs", "panels": 5}}
    write_file(kept.folder, {"current": "Mine", "workspaces": {"Mine": bad}})
    book = kept.open()
    opened = book.read(*SIZE)
    assert opened.problem is not None
    assert "\u201cMine\u201d" in opened.problem
    assert (opened.arrangement, book.current) == (shipped("Default", *SIZE), "Default")
    book.write(opened.arrangement)
    kept.close()
    assert read_file(kept.folder)["workspaces"]["Mine"] == bad


def test_a_default_of_garbage_is_kept_under_another_name(kept: Kept) -> None:
    bad = {"root": {"kind": "tabs", "panels": 5}}
    write_file(kept.folder, {"workspaces": {"Default": bad}})
    book = kept.open()
    opened = book.read(*SIZE)
    assert opened.problem is not None
    assert "Default, unreadable" in opened.problem
    assert opened.arrangement == shipped("Default", *SIZE)
    book.write(OWN)
    kept.close()
    kept_file = read_file(kept.folder)["workspaces"]
    assert kept_file["Default, unreadable"] == bad
    assert kept_file["Default"]["parts"] == {"chart grid": {"cells": 4}}


def test_a_current_one_that_is_not_there(kept: Kept) -> None:
    write_file(kept.folder, {"current": "Gone", "workspaces": {}})
    assert kept.open().current == "Default"


def test_nested_without_end(kept: Kept) -> None:
    deep = '{"kind": "split", "is_row": true, "parts": [' * 3_000 + "]}" * 3_000
    (kept.folder / "workspaces.json").write_text('{"current": "Mine", "workspaces": {"Mine": {"root": ' + deep + "}}}")
    book = kept.open()
    opened = book.read(*SIZE)
    assert book.problem or opened.problem
    assert opened.arrangement == shipped("Default", *SIZE)


# --- files of their own --------------------------------------------------------------------------------------------


def test_out_and_in_again(kept: Kept, tmp_path: Path) -> None:
    book = kept.open()
    book.save_as("Mine", OWN)
    content = book.exported(OWN)
    assert json.loads(content)["virtuoso_workspace"] == 1
    elsewhere = Kept(tmp_path / "elsewhere").open()
    assert elsewhere.take_in(content) == "Mine"
    assert elsewhere.read(*SIZE).arrangement == OWN
    assert elsewhere.take_in(content) == "Mine 2"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"virtuoso_workspace": 1, "name": "x"}',
        b'{"virtuoso_workspace": 1, "name": "x", "workspace": {"root": {"kind": "mosaic"}}}',
        b'{"version": 1, "workspaces": {}}',
        b" " * (LARGEST_EXPORT_BYTES + 1),
    ],
)
def test_what_is_no_workspace_is_refused_in_words(kept: Kept, content: bytes) -> None:
    book = kept.open()
    with pytest.raises(NotPossible, match="file"):
        book.take_in(content)
    assert book.names == list(SHIPPED)


def test_an_import_without_a_proper_name_gets_one(kept: Kept) -> None:
    book = kept.open()
    content = json.dumps({"virtuoso_workspace": 1, "name": " " * 80, "workspace": msgspec.to_builtins(OWN)}).encode()
    assert book.take_in(content) == "Imported"
