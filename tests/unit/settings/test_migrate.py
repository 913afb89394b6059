"""Each step by itself, what is kept of the old file, and files of a newer version."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.settings.document import parse_tree
from virtuoso_desktop.settings.load import LAST_GOOD_FILE, USER_FILE, LoadedSettings, load_settings
from virtuoso_desktop.settings.migrate import CURRENT, STEPS, migrate, step_1

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"
OLD = """\
# my settings
websocket:
  ping_interval: 30   # as it was
  reconnect_attempts: 5
connection_pool: {limit: 150, limit_per_host: 40}
exchanges:
  bybit:
    rate_limits:
      # too fast
      requests_per_second: 20
      requests_per_minute: 1200
"""


def load(profile: Path) -> LoadedSettings:
    return load_settings(default_file=DEFAULT, profile=profile, config_file=None, overrides=(), environ={})


def test_steps_are_numbered_without_a_hole() -> None:
    assert [step.__name__ for step in STEPS] == [f"step_{number}" for number in range(1, CURRENT)]


def test_step_1_brings_old_values_inside_the_bounds() -> None:
    tree = parse_tree(OLD, "old")
    assert step_1(tree) == [
        "websocket.reconnect_attempts from 5 to endless",
        "websocket.ping_interval from 30 to 25",
        "connection_pool.limit from 150 to 100",
        "connection_pool.limit_per_host from 40 to 8",
        "exchanges.bybit.rate_limits.requests_per_second from 20 to 10",
        "exchanges.bybit.rate_limits.requests_per_minute from 1200 to 600",
    ]
    assert step_1(tree) == []


def test_an_old_file_is_brought_up_and_kept_beside(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text(OLD)
    loaded = load(tmp_path)
    assert loaded.problem is None
    assert loaded.settings.websocket.ping_interval == 25
    assert "brought from version 1 to 2" in loaded.told[0]
    assert "settings.version-1.yaml" in loaded.told[0]
    assert (tmp_path / "settings.version-1.yaml").read_text() == OLD
    new = (tmp_path / USER_FILE).read_text()
    assert new.splitlines()[:3] == ["# my settings", "version: 2", "websocket:"]
    assert "# as it was" in new
    assert "# too fast" in new
    assert (tmp_path / LAST_GOOD_FILE).read_text() == new
    assert load(tmp_path).told == ()


def test_a_second_old_file_does_not_replace_the_first_backup(tmp_path: Path) -> None:
    for number in (30, 40):
        (tmp_path / USER_FILE).write_text(f"websocket:\n  ping_interval: {number}\n")
        load(tmp_path)
    assert "30" in (tmp_path / "settings.version-1.yaml").read_text()
    assert "40" in (tmp_path / "settings.version-1-2.yaml").read_text()


def test_a_right_file_without_version_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("ui:\n  theme: light\n")
    loaded = load(tmp_path)
    assert (loaded.told, loaded.settings.ui.theme) == ((), "light")
    assert (tmp_path / USER_FILE).read_text() == "ui:\n  theme: light\n"


def test_a_wrong_old_file_is_named_with_its_own_line_and_left(tmp_path: Path) -> None:
    text = "websocket:\n  ping_interval: 30\nui:\n  theme: dork\n"
    (tmp_path / USER_FILE).write_text(text)
    problem = load(tmp_path).problem
    assert problem is not None
    assert problem.line == 4
    assert (tmp_path / USER_FILE).read_text() == text
    assert list(tmp_path.glob("settings.version*")) == []


def test_a_newer_file_is_refused_and_the_last_good_settings_are_used(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("version: 2\nui:\n  theme: light\n")
    load(tmp_path)
    text = f"ui:\n  theme: neon\nversion: {CURRENT + 1}\n"
    (tmp_path / USER_FILE).write_text(text)
    loaded = load(tmp_path)
    assert loaded.problem is not None
    assert loaded.problem.line == 3
    assert "written by a newer Virtuoso" in loaded.problem.user_text
    assert "The last good settings are in use" in loaded.problem.user_text
    assert loaded.settings.ui.theme == "light"
    assert (tmp_path / USER_FILE).read_text() == text


@pytest.mark.parametrize(
    "text", ["websocket: 5\n", "websocket:\n", "connection_pool: [1]\n", "exchanges:\n  bybit: x\n"]
)
def test_a_step_bears_any_shape(text: str) -> None:
    tree = parse_tree(text, "odd")
    assert migrate(tree, "odd") == (1, [])
