"""What a face is told of the settings, and what becomes of what a person changes there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.settings_rig import SettingsRig
from virtuoso_desktop.engine.live_settings import ChangeRefused, SettingsChange
from virtuoso_desktop.engine.settings_desk import SecretPlace, SecretState, SettingsDesk
from virtuoso_desktop.settings.load import USER_FILE
from virtuoso_desktop.settings.schema import Settings

SIZE, THEME = ("universe", "size"), ("ui", "theme")
WEIGHTS = {name: ("analysis", "weights", name) for name in ("technical", "volume")}


async def test_each_value_says_where_it_comes_from_and_what_decides_it(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("# mine\nuniverse:\n  size: 12\n")
    rig = SettingsRig(tmp_path, "ui.theme=light", VIRTUOSO_UI__COLOUR_BLIND_SAFE="true")
    desk = await rig.read()
    size = desk.standing(SIZE)
    assert (size.value, size.default, size.locked_by, size.waits) == (12, 35, None, False)
    assert size.origin == f"{rig.file}, line 3"
    assert desk.standing(THEME).locked_by == "--set ui.theme=light"
    assert desk.standing(("ui", "colour_blind_safe")).locked_by == "environment variable VIRTUOSO_UI__COLOUR_BLIND_SAFE"
    assert desk.standing(("ui", "timeframe")).is_default
    refusal = await rig.change({THEME: "system"})
    assert refusal == "ui.theme is decided by --set ui.theme=light in this run. Nothing was changed."


async def test_a_change_holds_at_once_and_the_default_leaves_the_file(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path)
    desk = await rig.read()
    told: list[SettingsDesk] = []
    desk.renewed.connect(told.append)
    assert await rig.change({SIZE: 12}) is None
    assert (rig.live.current.universe.size, desk.standing(SIZE).value) == (12, 12)
    assert "size: 12" in rig.file.read_text()
    assert await rig.change({SIZE: 35}) is None
    assert "size" not in rig.file.read_text()
    assert desk.standing(SIZE).is_default
    assert told


async def test_what_needs_a_restart_is_saved_and_waits(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path)
    desk = await rig.read()
    assert await rig.change({("history", "disk_cap_mb"): 512}) is None
    standing = desk.standing(("history", "disk_cap_mb"))
    assert (standing.value, standing.in_use, standing.waits) == (512, 2048, True)
    assert rig.live.current.history.disk_cap_mb == 2048
    assert desk.waiting == ("history.disk_cap_mb",)
    assert await rig.live.take_file() == []  # its own change is no news
    assert await rig.change({("history", "disk_cap_mb"): 2048}) is None
    assert desk.waiting == ()


async def test_what_is_right_only_together_is_judged_and_saved_together(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path)
    desk = await rig.read()
    assert desk.faults({WEIGHTS["technical"]: 0.3}) == {("analysis", "weights"): "must add up to 1, not 1.05"}
    both = {WEIGHTS["technical"]: 0.3, WEIGHTS["volume"]: 0.15}
    assert desk.faults(both) == {}
    assert await rig.change(both) is None
    assert rig.live.current.analysis.weights.technical == 0.3
    assert await rig.change({WEIGHTS["technical"]: 0.9}) is not None
    assert rig.live.current.analysis.weights.technical == 0.3


@pytest.mark.parametrize(
    ("path", "value", "at", "words"),
    [
        (SIZE, 500, SIZE, "should be less than or equal to 200, not 500"),
        (SIZE, "many", SIZE, "should be a valid integer, not 'many'"),
        (SIZE, "", SIZE, "should be a valid integer, not ''"),
        (THEME, "dork", THEME, "should be 'dark', 'light' or 'system', not 'dork'; did you mean dark?"),
        (("universe", "include_symbols"), ["BTC USDT"], ("universe", "include_symbols"), "letters, figures"),
        (("analysis", "thresholds", "buy_exit"), 72, ("analysis", "thresholds"), "buy (70) above buy_exit (72)"),
        (("network", "proxy"), "http://me:secret@host:1", ("network", "proxy"), "must not stand in a file"),
        (("clock", "start"), "yesterday", ("clock", "start"), "must be an ISO time"),
    ],
)
async def test_wrong_values_are_told_at_their_place(tmp_path: Path, path: Any, value: Any, at: Any, words: str) -> None:
    desk = await SettingsRig(tmp_path).read()
    found = desk.faults({path: value})
    assert list(found) == [at]
    assert words in found[at]


async def test_a_refusal_is_told_and_nothing_changes(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path)
    await rig.read()

    def refuse(change: SettingsChange) -> None:
        if change.after.universe.size == 99:
            raise ChangeRefused("It has no room.")

    rig.live.subscribe("the market", refuse)
    assert await rig.change({SIZE: 99}) == "universe.size was not changed: the market refused. It has no room."
    assert (rig.live.current.universe.size, rig.file.exists()) == (35, False)


async def test_a_broken_file_is_told_with_its_line_and_can_be_set_aside(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("universe:\n  size: 12\n")
    SettingsRig(tmp_path)  # keeps the last good copy
    (tmp_path / USER_FILE).write_text("universe:\n  size: many\n")
    rig = SettingsRig(tmp_path)
    desk = await rig.read()
    assert desk.problem is not None
    assert "line 2: universe.size should be a valid integer" in desk.problem
    assert desk.standing(SIZE).value == 12
    assert "line 2" in (await rig.change({SIZE: 13}) or "")
    told: list[str | None] = []
    desk.set_aside(told.append)
    await rig.settle()
    assert told == [None]
    assert desk.problem is None
    assert (tmp_path / "settings.broken.yaml").read_text().endswith("many\n")
    assert await rig.change({SIZE: 13}) is None
    assert rig.live.current.universe.size == 13


async def test_a_file_that_becomes_wrong_and_right_again_is_followed(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path)
    desk = await rig.read()
    rig.file.write_text("universe: [")
    with pytest.raises(Exception, match="line"):
        await rig.live.take_file()
    await rig.settle()
    assert desk.problem is not None
    assert desk.standing(SIZE).value == 35
    rig.file.write_text("universe: {size: 7}\n")
    await rig.live.take_file()
    await rig.settle()
    assert (desk.problem, desk.standing(SIZE).value) == (None, 7)


async def test_the_start_of_the_clock_is_shown_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("clock: {start: 2024-05-01T12:00:00Z}\n")
    desk = await SettingsRig(tmp_path).read()
    standing = desk.standing(("clock", "start"))
    assert standing.value == "2024-05-01T12:00:00Z"
    assert desk.faults({("clock", "start"): standing.value}) == {}


async def test_a_secret_is_stored_told_of_and_forgotten_but_never_told(tmp_path: Path) -> None:
    rig = SettingsRig(tmp_path, BYBIT_API_SECRET="from outside")
    desk = await rig.read()
    states: list[SecretState] = []
    told: list[str | None] = []
    desk.store_secret("bybit.api_key", " k3y ", told.append)
    await rig.settle()
    for name in ("bybit.api_key", "bybit.api_secret", "binance.api_key"):
        desk.ask_secret(name, states.append)
    await rig.settle()
    assert rig.ring.kept == {"bybit.api_key": "k3y"}
    assert [state.place for state in states] == [
        SecretPlace.KEYRING, SecretPlace.ENVIRONMENT, SecretPlace.NOWHERE,
    ]  # fmt: skip
    assert "k3y" not in repr(states)
    desk.store_secret("bybit.api_key", "  ", told.append)
    desk.forget_secret("bybit.api_key", told.append)
    await rig.settle()
    assert told == [None, "An empty secret was given for bybit.api_key; nothing was stored.", None]
    assert rig.ring.kept == {}
    assert isinstance(desk.current, Settings)
