"""Where a run's data come from, as its endpoints tell, and the folder that is its own (architecture 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.schema import BybitSettings

DEFAULT_REST = "https://api.bybit.com"
DEFAULT_WS = "wss://stream.bybit.com"
TESTNET_REST = "https://api-testnet.bybit.com"
TESTNET_WS = "wss://stream-testnet.bybit.com"
_OWN_DOMAINS = (
    "bybit.com", "bytick.com", "bybit.nl", "bybit.tr", "bybit.kz", "bybit.ae", "bybit.eu", "bybit.id",
    "bybitgeorgia.ge", "manepa.jp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceOfRun:
    """Bybit's endpoints (scheme and host), what they make of the run, and the folder's name in the profile."""

    rest_endpoint: str
    ws_endpoint: str
    source: Source
    folder: str


def bybit_source(settings: BybitSettings) -> SourceOfRun:
    """Tell a run against Bybit itself (``live``, ``testnet``) from one against another server (``demo-HOST-PORT``).

    ``testnet`` replaces the endpoints that were left at their defaults. Raises ConfigError when one endpoint is of
    the test network and the other is not.
    """
    rest, ws = settings.rest_endpoint, settings.ws_endpoint
    if settings.testnet:
        rest = TESTNET_REST if rest == DEFAULT_REST else rest
        ws = TESTNET_WS if ws == DEFAULT_WS else ws
    foreign = next((endpoint for endpoint in (rest, ws) if not _is_own(endpoint)), None)
    if foreign is not None:
        return SourceOfRun(rest, ws, Source.DEMO, f"demo-{_host_and_port(foreign)}")
    if _is_testnet(rest) != _is_testnet(ws):
        raise ConfigError(
            f"exchanges.bybit: {rest} and {ws} are not of the same network. Set exchanges.bybit.testnet: true and "
            "leave both endpoints out to use the test network."
        )
    source = Source.TESTNET if _is_testnet(rest) else Source.LIVE
    return SourceOfRun(rest, ws, source, source.value)


def demo_source(rest_endpoint: str, ws_endpoint: str, *, speed: float) -> SourceOfRun:
    """Source of a ``--demo`` run; at a speed other than 1 its folder is ``demo-fast``, emptied at each start."""
    return SourceOfRun(rest_endpoint, ws_endpoint, Source.DEMO, "demo" if speed == 1 else "demo-fast")


def _is_own(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    return parts.port in (None, 443) and any(host == own or host.endswith("." + own) for own in _OWN_DOMAINS)


def _is_testnet(endpoint: str) -> bool:
    return "testnet" in (urlsplit(endpoint).hostname or "")


def _host_and_port(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
    return f"{re.sub(r'[^a-z0-9.-]', '_', parts.hostname or '')}-{port}"
