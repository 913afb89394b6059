"""A change at run time holds for all or for none, and the file is what is in use."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from virtuoso_desktop.engine.live_settings import ChangeRefused, LiveSettings, SettingsChange
from virtuoso_desktop.model.errors import ConfigError, VirtuosoError
from virtuoso_desktop.settings.change import SettingsSource
from virtuoso_desktop.settings.load import USER_FILE

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"


class Part:
    """Uses the universe's size."""

    def __init__(self, live: LiveSettings) -> None:
        self.size = live.current.universe.size
        self.seen: list[int] = []
        live.subscribe("a part", self.take)

    def take(self, change: SettingsChange) -> None:
        self.size = change.after.universe.size
        self.seen.append(self.size)


def picky(name: str, refuses: Callable[[SettingsChange], bool]) -> Callable[[SettingsChange], None]:
    def take(change: SettingsChange) -> None:
        if refuses(change):
            raise ChangeRefused(f"{name} cannot do that.")

    return take


def make(profile: Path, **environ: str) -> LiveSettings:
    source = SettingsSource(DEFAULT, profile, environ=environ)
    return LiveSettings(source.load(), source)


async def test_a_change_reaches_every_part_and_the_file(tmp_path: Path) -> None:
    live = make(tmp_path)
    part = Part(live)
    told: list[tuple[str, ...]] = []
    live.changed.connect(lambda change: told.append(change.names))
    await live.change("universe.size", "12")
    assert (part.size, live.current.universe.size, told) == (12, 12, [("universe.size",)])
    assert "size: 12" in (tmp_path / USER_FILE).read_text()
    assert await live.take_file() == []  # its own change is no news
    await live.change("universe.size", None)
    assert (part.size, live.current.universe.size) == (35, 35)
    await live.change("universe.size", None)  # not in the file any more
    assert part.seen == [12, 35]


async def test_one_refusal_restores_the_parts_that_had_taken_it(tmp_path: Path) -> None:
    live = make(tmp_path)
    first = Part(live)
    live.subscribe("the picky part", picky("It", lambda change: change.after.universe.size == 99))
    last = Part(live)
    with pytest.raises(ChangeRefused) as caught:
        await live.change("universe.size", "99")
    assert caught.value.user_text == "universe.size was not changed: the picky part refused. It cannot do that."
    assert (first.seen, first.size) == ([99, 35], 35)
    assert last.seen == []
    assert live.current.universe.size == 35
    assert not (tmp_path / USER_FILE).exists()


async def test_a_file_that_cannot_be_written_restores_every_part(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    live = make(profile)
    first = Part(live)
    live.subscribe("the culprit", lambda _: profile.write_text("no folder any more"))
    last = Part(live)
    with pytest.raises(VirtuosoError, match="cannot be read"):
        await live.change("universe.size", "12")
    assert (first.seen, last.seen, live.current.universe.size) == ([12, 35], [12, 35], 35)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network.proxy", "http://127.0.0.1:9"),
        ("exchanges.bybit.rest_endpoint", "http://127.0.0.1:9"),
        ("analysis.timeframes", "[1m]"),
    ],
)
async def test_what_needs_a_restart_says_so(tmp_path: Path, key: str, value: str) -> None:
    live = make(tmp_path)
    with pytest.raises(ChangeRefused, match=f"{key} needs a restart"):
        await live.change(key, value)
    assert not (tmp_path / USER_FILE).exists()


async def test_what_the_environment_decides_is_not_changed_behind_its_back(tmp_path: Path) -> None:
    live = make(tmp_path, VIRTUOSO_UNIVERSE__SIZE="7")
    with pytest.raises(ChangeRefused, match="decided by environment variable VIRTUOSO_UNIVERSE__SIZE"):
        await live.change("universe.size", "12")
    assert live.current.universe.size == 7


async def test_a_wrong_value_changes_nothing(tmp_path: Path) -> None:
    live = make(tmp_path)
    part = Part(live)
    with pytest.raises(ConfigError, match="less than or equal to 200"):
        await live.change("universe.size", "999")
    assert part.seen == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("analysis.weights.technical", "0.5", "analysis.weights must add up to 1, not 1.25"),
        ("analysis.thresholds.buy", "64", "buy (64) above buy_exit (65) above 50"),
        ("analysis.thresholds.sell_exit", "51", "sell (30) below sell_exit (51) below 50"),
    ],
)
async def test_weights_and_thresholds_that_make_no_sense_leave_the_old_ones(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    live = make(tmp_path)
    part, before = Part(live), live.current.analysis
    with pytest.raises(ConfigError) as caught:
        await live.change(name, value)
    assert words in caught.value.user_text
    assert (part.seen, live.current.analysis) == ([], before)
    assert not (tmp_path / USER_FILE).exists()
    section, _, key = name.removeprefix("analysis.").partition(".")
    (tmp_path / USER_FILE).write_text(f"analysis: {{{section}: {{{key}: {value}}}}}\n")
    with pytest.raises(ConfigError) as caught:
        await live.take_file()
    assert words in caught.value.user_text
    assert caught.value.user_text.endswith("The settings in use stay.")
    assert (part.seen, live.current.analysis) == ([], before)


async def test_a_file_changed_by_hand_is_taken_up_as_far_as_it_goes(tmp_path: Path) -> None:
    live = make(tmp_path)
    part = Part(live)
    (tmp_path / USER_FILE).write_text(
        "universe: {size: 5}\nnetwork: {proxy: 'http://127.0.0.1:9'}\nui: {theme: light}\n"
    )
    assert await live.take_file() == [
        "Changed by the settings file: universe.size, ui.theme.",
        "network.proxy counts from the next start of Virtuoso.",
    ]
    assert (part.size, live.current.ui.theme, live.current.network.proxy) == (5, "light", None)
    (tmp_path / USER_FILE).write_text("universe: {size: 6}\nnetwork: {proxy: 'http://127.0.0.1:9'}\n")
    assert await live.take_file() == ["Changed by the settings file: universe.size, ui.theme."]
    (tmp_path / USER_FILE).unlink()
    assert await live.take_file() == ["Changed by the settings file: universe.size."]
    assert part.size == 35


async def test_what_changed_while_the_program_started_is_not_missed(tmp_path: Path) -> None:
    source = SettingsSource(DEFAULT, tmp_path)
    loaded = source.load()
    (tmp_path / USER_FILE).write_text("universe: {size: 5}\n")
    assert await LiveSettings(loaded, source).take_file() == ["Changed by the settings file: universe.size."]


async def test_a_file_that_becomes_wrong_is_told_once_and_not_used(tmp_path: Path) -> None:
    live = make(tmp_path)
    part = Part(live)
    (tmp_path / USER_FILE).write_text("universe:\n  size: 5\n  kind: [spot]\n")
    with pytest.raises(ConfigError, match=r"line 3: .*universe\.kinds\? The settings in use stay") as caught:
        await live.take_file()
    assert caught.value.line == 3
    assert await live.take_file() == []
    assert part.seen == []
    (tmp_path / USER_FILE).write_text("universe:\n  size: 5\n  kinds: [spot]\n")
    assert await live.take_file() == ["Changed by the settings file: universe.kinds, universe.size."]


async def test_the_log_level_follows(tmp_path: Path) -> None:
    live = make(tmp_path)
    logger = logging.getLogger("test of the settings")
    live.subscribe("the log", lambda change: logger.setLevel(change.after.websocket.log_level))
    await live.change("websocket.log_level", "DEBUG")
    assert logger.level == logging.DEBUG
    live.subscribe("a refuser", picky("It", lambda change: change.after.websocket.log_level == "ERROR"))
    with pytest.raises(ChangeRefused):
        await live.change("websocket.log_level", "ERROR")
    assert logger.level == logging.DEBUG
