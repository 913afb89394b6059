"""Which environment variables are settings, what they mean, and how a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import MarketKind
from virtuoso_desktop.settings.explain import value_paths
from virtuoso_desktop.settings.load import USER_FILE, LoadedSettings, load_settings
from virtuoso_desktop.settings.variables import setting_variables, variable_of

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"


def load(profile: Path, *overrides: str, **environ: str) -> LoadedSettings:
    return load_settings(default_file=DEFAULT, profile=profile, config_file=None, overrides=overrides, environ=environ)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("universe:\n  size: 10\nui:\n  theme: light\n")
    environ = {
        "VIRTUOSO_UNIVERSE__SIZE": "20",
        "VIRTUOSO_UNIVERSE__KINDS": "[spot, inverse]",
        "virtuoso_ui__theme": "system",
    }
    settings = load(tmp_path, **environ).settings
    assert settings.universe.size == 20
    assert settings.universe.kinds == (MarketKind.SPOT, MarketKind.INVERSE)
    assert settings.ui.theme == "system"
    assert load(tmp_path, "universe.size=30", **environ).settings.universe.size == 30


def test_an_empty_variable_is_no_value(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("network:\n  proxy: http://a:1\n")
    assert load(tmp_path, VIRTUOSO_NETWORK__PROXY="").settings.network.proxy is None


def test_others_variables_are_not_settings(tmp_path: Path) -> None:
    others = {
        "VIRTUOSO_DATA": "/x",
        "VIRTUOSO_REQUIRE_DATA": "1",
        "VIRTUOSO_WITHOUT_QT": "1",
        "VIRTUOSO_": "",
        "X__Y": "1",
    }
    assert setting_variables(others) == {}
    assert load(tmp_path, **others).settings == load(tmp_path).settings


def test_every_setting_has_a_variable_that_no_single_underscore_could_be(tmp_path: Path) -> None:
    names = [variable_of(path) for path in value_paths()]
    assert len(set(names)) == len(names) > 50
    assert set(setting_variables(dict.fromkeys(names, "1"))) == set(names)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("VIRTUOSO_UNIVERSE__SISE", "3", "did you mean VIRTUOSO_UNIVERSE__SIZE?"),
        ("VIRTUOSO_UNIVERS__SIZE", "3", "did you mean VIRTUOSO_UNIVERSE__SIZE?"),
        ("VIRTUOSO_UNIVERSE_SIZE", "3", "VIRTUOSO_UNIVERSE_SIZE is no setting; did you mean VIRTUOSO_UNIVERSE__SIZE?"),
        (
            "VIRTUOSO_UNIVERSE__SIZE",
            "many",
            "variable VIRTUOSO_UNIVERSE__SIZE: universe.size should be a valid integer",
        ),
        ("VIRTUOSO_UNIVERSE__SIZE__DEEP", "1", "universe.size should be a valid integer, not a section"),
        ("VIRTUOSO_UNIVERSE__", "1", "between double underscores"),
        ("VIRTUOSO_UNIVERSE__KINDS", "[spot", "variable VIRTUOSO_UNIVERSE__KINDS: the value, line 1"),
        ("VIRTUOSO_UI__THEME", "dork", "did you mean dark?"),
    ],
)
def test_a_wrong_variable_is_named_with_the_nearest_right_one(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    (tmp_path / USER_FILE).write_text("nonsense: [")  # whose last good settings must not hide it
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, **{name: value})
    assert words in caught.value.user_text
    assert caught.value.line is None


def test_a_key_comes_from_the_environment_as_it_is_and_is_never_shown(tmp_path: Path) -> None:
    name = "VIRTUOSO_EXCHANGES__BYBIT__API_CREDENTIALS__API_KEY"
    settings = load(tmp_path, **{name: "0123"}).settings
    key = settings.exchanges.bybit.api_credentials.api_key
    assert key is not None
    assert key.get_secret_value() == "0123"
    assert "0123" not in repr(settings)


def test_a_secret_is_taken_neither_from_the_command_line_nor_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        load(tmp_path, "exchanges.bybit.api_credentials.api_key=s3cret")
    assert "s3cret" not in caught.value.user_text
    (tmp_path / USER_FILE).write_text("exchanges:\n  bybit:\n    api_credentials:\n      api_secret: s3cret\n")
    problem = load(tmp_path).problem
    assert problem is not None
    assert problem.line == 4
    assert "must not stand in a file" in problem.user_text
    assert "s3cret" not in problem.user_text
    (tmp_path / USER_FILE).write_text("exchanges:\n  bybit:\n    api_credentials: s3cret\n")
    problem = load(tmp_path).problem
    assert problem is not None
    assert "s3cret" not in problem.user_text


def test_a_proxys_password_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("network:\n  proxy: socks5://user:s3cret@proxy:1\n")
    problem = load(tmp_path).problem
    assert problem is not None
    assert "s3cret" not in problem.user_text
