"""One setting changes, everything else in the file stays; and what the command line checks before it writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.model.errors import ConfigError, StorageError
from virtuoso_desktop.settings.change import SettingsSource, path_of, prepare_edit, write_edit
from virtuoso_desktop.settings.document import parse_document
from virtuoso_desktop.settings.edit import HEAD, with_value, without_value
from virtuoso_desktop.settings.explain import value_paths
from virtuoso_desktop.settings.load import LAST_GOOD_FILE, USER_FILE

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"
TEXT = """\
# mine
version: 2

ui:
  # light at day
  theme: light    # really
  colour_blind_safe: true

# what I watch
universe:
  kinds:
    - spot
    - linear
  size: 10
"""


def test_a_value_changes_and_nothing_else_does() -> None:
    assert with_value(TEXT, "f", ("ui", "theme"), "dark") == TEXT.replace("theme: light", "theme: dark ")
    added = with_value(TEXT, "f", ("universe", "exclude_symbols"), ["AUSDT", "BUSDT"])
    assert added == TEXT + "  exclude_symbols: [AUSDT, BUSDT]\n"


def test_windows_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    assert with_value(text, "f", ("universe", "size"), 7) == text.replace("size: 10", "size: 7")


@pytest.mark.parametrize("text", ["", "\n", "# only a remark\n"])
def test_an_empty_file_gets_its_head(text: str) -> None:
    new = with_value(text, "f", ("universe", "size"), 7)
    assert new.startswith(text.strip() + "\n" if text.strip() else HEAD)
    assert parse_document(new, "f").values == {"version": 2, "universe": {"size": 7}}


def test_a_setting_is_taken_out_with_its_lines_only() -> None:
    kinds = "  kinds:\n    - spot\n    - linear\n"
    assert without_value(TEXT, "f", ("universe", "kinds")) == TEXT.replace(kinds, "")
    blind = "  colour_blind_safe: true\n"
    assert without_value(TEXT, "f", ("ui", "colour_blind_safe")) == TEXT.replace(blind, "")
    flow = "ui: {theme: dark, colour_blind_safe: true}\n"
    assert parse_document(without_value(flow, "f", ("ui", "theme")), "f").values == {"ui": {"colour_blind_safe": True}}


@settings(max_examples=15)
@given(st.data())
def test_a_change_of_the_whole_file_is_that_change_and_no_other(data: st.DataObject) -> None:
    text = DEFAULT.read_text(encoding="utf-8")
    path = data.draw(st.sampled_from(value_paths()))
    value: Any = data.draw(st.one_of(st.integers(), st.booleans(), st.none(), st.text("ab c#:'", max_size=8)))
    new = with_value(text, "f", path, value)
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    assert [line.strip() for line in new.splitlines() if line.strip().startswith("#")] == comments
    gone = without_value(text, "f", path)
    section: Any = parse_document(gone, "f").values
    for part in path[:-1]:
        section = section[part] or {}
    assert path[-1] not in section
    assert all(comment in gone for comment in comments)


def source(profile: Path, **environ: str) -> SettingsSource:
    return SettingsSource(DEFAULT, profile, environ=environ)


def test_a_checked_change_is_written_for_this_user_only_and_kept_as_good(tmp_path: Path) -> None:
    edit = prepare_edit(source(tmp_path / "new"), "universe.size", "12")
    assert edit is not None
    assert edit.settings.universe.size == 12
    write_edit(source(tmp_path / "new"), edit)
    file = tmp_path / "new" / USER_FILE
    assert file.read_text() == f"{HEAD}version: 2\nuniverse:\n  size: 12\n"
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / LAST_GOOD_FILE).read_text() == file.read_text()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("universe.sise", "3", "did you mean universe.size?"),
        ("universe", "3", "is a section; name one of its settings: venues,"),
        ("univers.size", "3", "did you mean universe.size?"),
        ("universe.size", "many", "line 6: universe.size should be a valid integer, not 'many'. Nothing was changed."),
        ("universe.kinds", "[spot", "universe.kinds: the value, line 1"),
        ("exchanges.bybit.api_credentials.api_key", "s3cret", "settings secret set"),
        ("network.proxy", "http://u:s3cret@h:1", "a password must not stand in a file"),
    ],
)
def test_a_wrong_change_is_refused_in_words(tmp_path: Path, key: str, value: str, words: str) -> None:
    text = "version: 2\nui:\n  theme: light\nuniverse:\n  # how many\n  size: 4\n"
    (tmp_path / USER_FILE).write_text(text)
    with pytest.raises(ConfigError) as caught:
        prepare_edit(source(tmp_path), key, value)
    assert words in caught.value.user_text
    assert "s3cret" not in caught.value.user_text
    assert (tmp_path / USER_FILE).read_text() == text


@pytest.mark.parametrize("url", ["http://h:1", "http://user@h:1", "http://user:${PROXY_PASSWORD}@h:1"])
def test_a_proxy_without_a_written_password_is_taken(tmp_path: Path, url: str) -> None:
    edit = prepare_edit(source(tmp_path, PROXY_PASSWORD="s3cret"), "network.proxy", url)
    assert edit is not None
    assert "s3cret" not in edit.text


def test_a_file_that_is_wrong_already_is_mended_first(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("ui:\n  theme: dork\n")
    with pytest.raises(ConfigError) as caught:
        prepare_edit(source(tmp_path), "universe.size", "3")
    assert caught.value.line == 2


def test_what_decides_instead_of_the_file_is_told(tmp_path: Path) -> None:
    edit = prepare_edit(source(tmp_path, VIRTUOSO_UNIVERSE__SIZE="3"), "universe.size", "4")
    assert edit is not None
    assert edit.overriding == "environment variable VIRTUOSO_UNIVERSE__SIZE"
    assert edit.settings.universe.size == 3


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    edit = prepare_edit(source(tmp_path), "universe.size", "4")
    assert edit is not None
    (tmp_path / USER_FILE).write_text("ui:\n  theme: light\n")
    with pytest.raises(StorageError, match="by somebody else meanwhile"):
        write_edit(source(tmp_path), edit)
    assert (tmp_path / USER_FILE).read_text() == "ui:\n  theme: light\n"


def test_taking_out_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert prepare_edit(source(tmp_path), "universe.size", None) is None
    assert path_of("universe.size") == ("universe", "size")
