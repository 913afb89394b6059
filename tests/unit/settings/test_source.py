"""What the endpoints make of a run, and which folder it owns."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.load import load_settings
from virtuoso_desktop.settings.source import SourceOfRun, bybit_source, demo_source

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"


def source_of(tmp_path: Path, *overrides: str) -> SourceOfRun:
    loaded = load_settings(
        default_file=DEFAULT,
        profile=tmp_path,
        config_file=None,
        overrides=[f"exchanges.bybit.{text}" for text in overrides],
        environ={},
    )
    return bybit_source(loaded.settings.exchanges.bybit)


def test_the_venues_own_endpoints_are_live(tmp_path: Path) -> None:
    assert source_of(tmp_path) == SourceOfRun("https://api.bybit.com", "wss://stream.bybit.com", Source.LIVE, "live")
    assert source_of(tmp_path, "rest_endpoint=https://api.bytick.com").source is Source.LIVE


def test_testnet_replaces_the_default_endpoints(tmp_path: Path) -> None:
    assert source_of(tmp_path, "testnet=true") == SourceOfRun(
        "https://api-testnet.bybit.com", "wss://stream-testnet.bybit.com", Source.TESTNET, "testnet"
    )


@pytest.mark.parametrize(
    ("overrides", "folder"),
    [
        (("rest_endpoint=http://127.0.0.1:9001", "ws_endpoint=ws://127.0.0.1:9001"), "demo-127.0.0.1-9001"),
        (("ws_endpoint=ws://[::1]:9002",), "demo-__1-9002"),
        (("rest_endpoint=https://sim.example", "testnet=true"), "demo-sim.example-443"),
        (("rest_endpoint=https://evilbybit.com",), "demo-evilbybit.com-443"),
        (("rest_endpoint=https://api.bybit.com:8443",), "demo-api.bybit.com-8443"),
    ],
)
def test_any_other_endpoint_is_a_demo_with_its_own_folder(
    tmp_path: Path, overrides: tuple[str, ...], folder: str
) -> None:
    found = source_of(tmp_path, *overrides)
    assert (found.source, found.folder) == (Source.DEMO, folder)


def test_two_networks_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not of the same network"):
        source_of(tmp_path, "rest_endpoint=https://api-testnet.bybit.com")


def test_a_fast_demo_has_a_folder_of_its_own() -> None:
    assert demo_source("http://127.0.0.1:1", "ws://127.0.0.1:1", speed=1).folder == "demo"
    assert demo_source("http://127.0.0.1:1", "ws://127.0.0.1:1", speed=60).folder == "demo-fast"
