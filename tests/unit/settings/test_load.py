"""Layers of settings, and every wrong file in words: key, nearest name, file and line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import ANALYSED_TIMEFRAMES, Timeframe
from virtuoso_desktop.settings.load import LAST_GOOD_FILE, USER_FILE, LoadedSettings, load_settings

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"


def load(profile: Path, *overrides: str, config: Path | None = None, **environ: str) -> LoadedSettings:
    return load_settings(
        default_file=DEFAULT, profile=profile, config_file=config, overrides=overrides, environ=environ
    )


def problem_of(profile: Path, text: str) -> ConfigError:
    (profile / USER_FILE).write_text(text, encoding="utf-8")
    problem = load(profile).problem
    assert problem is not None
    return problem


def test_defaults_are_what_the_documents_say(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    settings = loaded.settings
    assert loaded.problem is None
    assert settings.websocket.ping_interval == 20
    assert settings.websocket.reconnect_attempts == "endless"
    assert settings.exchanges.bybit.rate_limits.requests_per_second == 8
    assert settings.connection_pool.limit_per_host == 4
    assert settings.universe.size == 35
    assert settings.universe.kinds == (MarketKind.LINEAR,)
    assert settings.analysis.timeframes == ANALYSED_TIMEFRAMES
    assert settings.analysis.weights.technical == 0.25
    assert settings.exchanges.bybit.api_credentials.api_key is None
    assert settings.ui.instrument == InstrumentId(Venue.BYBIT, MarketKind.LINEAR, "BTCUSDT")


def test_later_layers_win(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text(
        "universe:\n  size: 10\n  kinds: [spot]\nexchanges:\n  bybit:\n    api_credentials: {api_key: '${MY_KEY}'}\n"
    )
    settings = load(tmp_path, "universe.size=7", "ui.theme=light", MY_KEY="k-1").settings
    assert settings.universe.size == 7
    assert settings.universe.kinds == (MarketKind.SPOT,)
    assert settings.ui.theme == "light"
    key = settings.exchanges.bybit.api_credentials.api_key
    assert key is not None
    assert key.get_secret_value() == "k-1"
    assert "k-1" not in repr(settings)


def test_overrides_are_yaml(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "universe.kinds=[spot, linear]",
        "network.proxy=",
        "clock.rate=60",
        "clock.start=2024-05-01T12:00:00Z",
        "exchanges.bybit.rest_endpoint=http://127.0.0.1:9001",
        "exchanges.bybit.ws_endpoint=ws://[::1]:9001",
        "analysis.timeframes=[1m, 1h]",
    ).settings
    assert settings.universe.kinds == (MarketKind.SPOT, MarketKind.LINEAR)
    assert settings.network.proxy is None
    assert settings.clock.rate == 60
    assert settings.clock.start == 1_714_564_800_000
    assert settings.exchanges.bybit.rest_endpoint == "http://127.0.0.1:9001"
    assert settings.exchanges.bybit.ws_endpoint == "ws://[::1]:9001"
    assert settings.analysis.timeframes == (Timeframe.M1, Timeframe.H1)


@pytest.mark.parametrize("text", ["2024-05-01", "2024-05-01T00:00:00", "'2024-05-01T02:00:00+02:00'", "1714521600000"])
def test_a_start_without_zone_is_utc(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, f"clock.start={text}").settings.clock.start == 1_714_521_600_000


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("exchanges:\nuniverse:\n  # size: 3\nui:\n  theme: light\n")
    loaded = load(tmp_path)
    assert loaded.problem is None
    assert loaded.settings.universe.size == 35
    assert loaded.settings.ui.theme == "light"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\nuniverse:\n  sise: 3\n", 3, "universe.sise is no setting; did you mean universe.size?"),
        ("theme: dark\n", 1, "theme is no setting; did you mean ui.theme?"),
        ("ui: {}\nversion: 0\n", 2, "version should be a whole number from 1 to 2"),
        ("version: true\n", 1, "version should be a whole number from 1 to 2"),
        ("\nversion: 9\nui: {}\n", 2, "written by a newer Virtuoso"),
        ("qqqq: 1\n", 1, "qqqq is no setting."),
        ("ui:\n  theme: dork\n", 2, "not 'dork'; did you mean dark?"),
        ("universe:\n  kinds: [linear,\n    spott]\n", 3, "universe.kinds[2] should be"),
        ("universe:\n  size: many\n", 2, "universe.size should be a valid integer, not 'many'"),
        ("universe:\n  size: 0\n", 2, "greater than or equal to 1, not 0"),
        ("universe: 5\n", 1, "universe should be a section"),
        ("universe:\n  exclude_symbols: [AUSDT, AUSDT]\n", 2, "names AUSDT twice"),
        ("clock:\n  rate: .nan\n", 2, "clock.rate should be a finite number, not nan"),
        ("clock:\n  rate: 1e400\n", 2, "clock.rate should be a finite number, not inf"),
        ("clock:\n  start: soon\n", 2, "clock.start must be an ISO time"),
        ("clock:\n  start: 2024-13-45\n", 2, "month must be in 1..12"),
        ("analysis:\n  weights:\n    technical: 0.5\n", 2, "analysis.weights must add up to 1, not 1.25"),
        ("analysis:\n  thresholds:\n    buy: 20\n", 2, "sell (30) below buy (20)"),
        ("analysis:\n  thresholds:\n    buy: 64\n", 2, "buy (64) above buy_exit (65) above 50"),
        ("analysis:\n  thresholds:\n    buy_exit: 50\n", 2, "buy (70) above buy_exit (50) above 50"),
        ("analysis:\n  thresholds:\n    sell: 35\n", 2, "sell (35) below sell_exit (35) below 50"),
        ("analysis:\n  thresholds:\n    sell_exit: 51\n", 2, "sell (30) below sell_exit (51) below 50"),
        ("exchanges:\n  bybit:\n    primary: false\n", 1, "exactly one venue"),
        ("exchanges:\n  bybit:\n    rest_endpoint: http://api.bybit.com\n", 3, "must be https"),
        ("exchanges:\n  bybit:\n    rest_endpoint: https://api.bybit.com/v5\n", 3, "scheme and host only"),
        ("exchanges:\n  bybit:\n    ws_endpoint: https://stream.bybit.com\n", 3, "must be wss://"),
        ("exchanges:\n  bybit:\n    rest_endpoint: ${NOWHERE}\n", 3, "environment variable NOWHERE is not set"),
        ("network:\n  proxy: socks5://a:1\n", 2, "network.proxy must be http://"),
        ("version: 2\nwebsocket:\n  reconnect_attempts: 5\n", 3, "should be 'endless', not 5"),
        ("ui:\n  instrument: BTCUSDT\n", 2, "must be venue:kind:SYMBOL"),
        ("universe:\n  size: 3\n  size: 4\n", 3, "the key size stands here a second time"),
        ("universe:\n\tsize: 3\n", 2, "a tab"),
        ("ui: {}\n---\nui: {}\n", 2, "a second document"),
        ("[1, 2]\n", 1, "`name: value`"),
        ("a: *nowhere\n", 1, "undefined alias"),
        ("a: &a [1]\nb: *a\n", 2, "aliases are not used"),
        ("a:\n" + "".join(f"{' ' * n}a{n}:\n" for n in range(1, 30)), 16, "nested too deeply"),
        ("a: !!python/object:os.system rm\n", 1, "tags"),
        ("a: " + "[" * 20_000, 1, "nested too deeply"),
        ("x: " + "9" * 5000, 1, "digits"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, line: int, words: str) -> None:
    problem = problem_of(tmp_path, text)
    assert problem.line == line
    assert words in problem.user_text
    assert f"{tmp_path / USER_FILE}, line {line}" in problem.user_text


@pytest.mark.parametrize(
    ("raw", "line"),
    [(b"\xff\xfe\x00a", 1), (b"ui:\n  theme: \x00\n", 2), (b"ui:\n\n  theme: dark\xc3", 3), (bytes(range(256)) * 9, 2)],
)
def test_binary_garbage_is_named(tmp_path: Path, raw: bytes, line: int) -> None:
    (tmp_path / USER_FILE).write_bytes(raw)
    problem = load(tmp_path).problem
    assert problem is not None
    assert problem.line == line


def test_a_secret_is_never_in_an_error(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "exchanges:\n  bybit:\n    api_credentials:\n      api_key: [s3cret]\n")
    assert problem.line == 4
    assert "s3cret" not in problem.user_text


def test_several_wrong_lines_come_in_order(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "websocket:\n  timeout: 0\nclock:\n  rate: 0\naaa: 1\nbbb: 2\n")
    assert problem.line == 2
    first, second = problem.user_text.index("line 2"), problem.user_text.index("line 4")
    assert first < second
    assert "1 more are wrong" in problem.user_text


def test_last_good_settings_replace_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("ui:\n  theme: light\n")
    assert load(tmp_path).problem is None
    assert (tmp_path / LAST_GOOD_FILE).read_text() == "ui:\n  theme: light\n"
    (tmp_path / USER_FILE).write_text("ui:\n  theme: lihgt\n")
    loaded = load(tmp_path, "universe.size=3")
    assert loaded.problem is not None
    assert loaded.problem.line == 2
    assert "The last good settings are in use" in loaded.problem.user_text
    assert loaded.settings.ui.theme == "light"
    assert loaded.settings.universe.size == 3
    assert (tmp_path / LAST_GOOD_FILE).read_text() == "ui:\n  theme: light\n"


def test_defaults_replace_a_bad_file_without_a_last_good_one(tmp_path: Path) -> None:
    (tmp_path / LAST_GOOD_FILE).write_bytes(b"\x00\xff")
    problem = problem_of(tmp_path, "nonsense")
    assert "The default settings are in use" in problem.user_text


def test_the_last_good_copy_never_holds_an_expanded_secret(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).write_text("exchanges:\n  bybit:\n    api_credentials: {api_key: '${MY_KEY}'}\n")
    load(tmp_path, MY_KEY="s3cret")
    assert "s3cret" not in (tmp_path / LAST_GOOD_FILE).read_text()
    assert (tmp_path / LAST_GOOD_FILE).stat().st_mode & 0o077 == 0


def test_a_settings_file_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / USER_FILE).mkdir()
    problem = load(tmp_path).problem
    assert problem is not None
    assert "cannot be read" in problem.user_text


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / USER_FILE).open("wb") as file:
        file.truncate(1 << 40)
    problem = load(tmp_path).problem
    assert problem is not None
    assert "larger than" in problem.user_text


def test_a_missing_profile_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere").problem is None
    assert not (tmp_path / "nowhere").exists()


def test_a_named_file_is_fatal_and_named(tmp_path: Path) -> None:
    config = tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path, config=config)
    config.write_text("universe:\n  size: -1\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml, line 2") as caught:
        load(tmp_path, config=config)
    assert caught.value.line == 2
    config.write_text("universe:\n  size: 4\n")
    (tmp_path / USER_FILE).write_text("universe:\n  size: 5\n")
    assert load(tmp_path, config=config).settings.universe.size == 4
    assert not (tmp_path / LAST_GOOD_FILE).exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("universe.size", "key=value"),
        ("=3", "key=value"),
        ("a..b=3", "key=value"),
        ("universe.size=999", "--set universe.size=999: universe.size should be less than"),
        ("universe.sise=9", "did you mean universe.size?"),
        ("universe.size.deep=3", "not a section"),
        ("universe.kinds=[spot", "--set universe.kinds=[spot"),
        ("ui.theme=", "not null"),
        ("analysis.weights.volume=0.9", "must add up to 1"),
    ],
)
def test_a_wrong_override_is_fatal_even_beside_a_bad_file(tmp_path: Path, override: str, words: str) -> None:
    (tmp_path / USER_FILE).write_text("nonsense: [")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, override)
    assert words in caught.value.user_text
    assert caught.value.line is None


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_settings_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    profile = tmp_path_factory.getbasetemp() / "any-bytes"
    profile.mkdir(exist_ok=True)
    (profile / USER_FILE).write_bytes(raw)
    loaded = load(profile)
    assert loaded.problem is None or "settings are in use" in loaded.problem.user_text


@settings(max_examples=40)
@given(st.data())
def test_a_damaged_default_file_is_settings_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    profile = tmp_path_factory.getbasetemp() / "damaged"
    profile.mkdir(exist_ok=True)
    raw = bytearray(DEFAULT.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + 1] = data.draw(st.sampled_from([b"", b"\t", b"\n", b":", b"[", b"}", b"&a ", b"*a", b"!", b"%"]))
    (profile / USER_FILE).write_bytes(bytes(raw))
    weights = load(profile).settings.analysis.weights
    assert math.isclose(sum(weights.model_dump().values()), 1)
