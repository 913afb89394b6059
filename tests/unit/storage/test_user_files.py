from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from virtuoso_desktop.storage.user_files import UserFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Lists(msgspec.Struct, frozen=True):
    names: tuple[str, ...] = ()
    chosen: str = ""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[UserFiles]:
    made = UserFiles(tmp_path / "desk")
    yield made
    made.close()


def written(files: UserFiles, tmp_path: Path) -> dict[str, object]:
    files.close()
    return json.loads((tmp_path / "desk" / "lists.json").read_text())


def test_what_was_saved_is_there_at_the_next_start(files: UserFiles, tmp_path: Path) -> None:
    file = files.file("lists", Lists, "watchlists")
    assert file.read() == (None, None)
    for name in ("a", "b", "c"):
        file.save(Lists((name,), name))
    files.close()
    assert UserFiles(tmp_path / "desk").file("lists", Lists, "watchlists").read().value == Lists(("c",), "c")


def test_fields_of_a_newer_program_stay(files: UserFiles, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "lists.json").write_text('{"names":["x"],"colours":{"x":"red"}}')
    file = files.file("lists", Lists, "watchlists")
    assert file.read().value == Lists(("x",))
    file.save(Lists(("y",)))
    assert written(files, tmp_path) == {"names": ["y"], "chosen": "", "colours": {"x": "red"}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b'{"names":["x"',
        b'{"names":7}',
        b"[1]",
        b"\xff\xfe\x00",
        b'{"names":["\xff\xfe"]}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_named(files: UserFiles, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "lists.set-aside-1.json").write_bytes(b"an earlier one")
    (folder / "lists.json").write_bytes(content)
    file = files.file("lists", Lists, "watchlists")
    value, problem = file.read()
    assert value is None
    assert problem is not None
    assert problem.startswith("The watchlists could not be read (")
    assert problem.endswith(f"They begin anew; the file is kept as {folder / 'lists.set-aside-2.json'}.")
    assert (folder / "lists.set-aside-2.json").read_bytes() == content
    assert (folder / "lists.set-aside-1.json").read_bytes() == b"an earlier one"
    file.save(Lists(("new",)))
    assert written(files, tmp_path)["names"] == ["new"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_give_a_value_or_words(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    (folder / "lists.json").write_bytes(content)
    read = UserFiles(folder).file("lists", Lists, "watchlists").read()
    assert (read.value is None) == (read.problem is not None)


def test_a_folder_that_cannot_be_written_is_told_and_the_value_counts_on(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("a file where the folder should be")
    files, told = UserFiles(tmp_path / "desk"), list[str]()
    files.tell = told.append
    files.file("lists", Lists, "watchlists").save(Lists(("x",)))
    files.close()
    assert len(told) == 1
    assert told[0].startswith(f"{tmp_path / 'desk' / 'lists.json'} cannot be written (")


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    files = UserFiles(None)
    file = files.file("lists", Lists, "watchlists")
    file.save(Lists(("x",)))
    files.close()
    assert (files.keeps, file.read(), list(tmp_path.iterdir())) == (False, (None, None), [])
