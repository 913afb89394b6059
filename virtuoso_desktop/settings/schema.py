"""The tree of settings, typed and bounded. `config/default.yaml` holds every value and explains it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from virtuoso_desktop.model.instrument import InstrumentId, MarketKind, Venue
from virtuoso_desktop.model.timeframe import Timeframe

WEIGHTS_TOLERANCE = 1e-9
NEUTRAL_SCORE = 50
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def _split_endpoint(text: str, secure: str, plain: str) -> SplitResult:
    parts = urlsplit(text)
    example = f"{secure}://host or {plain}://127.0.0.1:PORT"
    if parts.scheme not in (secure, plain) or not parts.hostname:
        raise ValueError(f"must be {example}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"must be scheme and host only, {example}")
    if parts.scheme == plain and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError(
            f"must be {secure}: plain {plain} is allowed to this computer only (127.0.0.1, ::1, localhost)"
        )
    if parts.port == 0:
        raise ValueError("must name a port between 1 and 65535")
    return parts


def _rest_endpoint(text: str) -> str:
    parts = _split_endpoint(text, "https", "http")
    return f"{parts.scheme}://{parts.netloc}"


def _ws_endpoint(text: str) -> str:
    parts = _split_endpoint(text, "wss", "ws")
    return f"{parts.scheme}://{parts.netloc}"


def _proxy(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("must be http://host:port or https://host:port")
    _ = parts.port  # raises ValueError when out of range
    return text


def _start_ms(value: object) -> object:
    """Read an ISO time; what is no time is left to the type check."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("must be an ISO time such as 2024-05-01T12:00:00Z") from None
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
        return round(moment.timestamp() * 1000)
    if isinstance(value, dt.date):
        return round(dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC).timestamp() * 1000)
    return value


def _instrument_id(value: object) -> object:
    try:
        return InstrumentId.parse(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"must be venue:kind:SYMBOL such as bybit:linear:BTCUSDT, not {value}") from None


def _all_different(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"names {', '.join(twice)} twice")
    return values


Seconds = Annotated[float, Field(gt=0, le=86_400)]
Weight = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9:._-]+$")]
Names = Annotated[tuple[Name, ...], AfterValidator(_all_different)]
RestEndpoint = Annotated[str, AfterValidator(_rest_endpoint)]
WsEndpoint = Annotated[str, AfterValidator(_ws_endpoint)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class ApiCredentials(_Section):
    """A venue's key and secret, both optional; never shown or logged."""

    api_key: SecretStr | None
    api_secret: SecretStr | None


class RateLimits(_Section):
    """The most requests this program sends to one venue."""

    requests_per_second: int = Field(ge=1, le=10)
    requests_per_minute: int = Field(ge=1, le=600)


class DataPreferences(_Section):
    """Which of a secondary venue's instruments are looked at."""

    exclude_symbols: Names
    min_24h_volume: float = Field(ge=0)
    preferred_quote_currencies: Names


class BybitSettings(_Section):
    """Bybit. Endpoints are scheme and host; `source.bybit_endpoints` applies ``testnet``."""

    enabled: bool
    primary: bool
    testnet: bool
    rest_endpoint: RestEndpoint
    ws_endpoint: WsEndpoint
    api_credentials: ApiCredentials
    rate_limits: RateLimits


class BinanceSettings(_Section):
    """Binance, the secondary venue."""

    enabled: bool
    primary: bool
    testnet: bool
    api_credentials: ApiCredentials
    data_only: bool
    data_preferences: DataPreferences
    rate_limits: RateLimits


class ExchangesSettings(_Section):
    """The venues."""

    bybit: BybitSettings
    binance: BinanceSettings

    @model_validator(mode="after")
    def _one_primary(self) -> ExchangesSettings:
        if self.bybit.primary == self.binance.primary:
            raise ValueError("must have exactly one venue with primary: true")
        return self


class UniverseSettings(_Section):
    """Which instruments are watched."""

    venues: Annotated[tuple[Venue, ...], Field(min_length=1), AfterValidator(_all_different)]
    kinds: Annotated[tuple[MarketKind, ...], Field(min_length=1), AfterValidator(_all_different)]
    preferred_quote_currencies: Annotated[Names, Field(min_length=1)]
    min_24h_volume: float = Field(ge=0)
    include_symbols: Names
    exclude_symbols: Names
    size: int = Field(ge=1, le=200)


class ConnectionPoolSettings(_Section):
    """Connections over HTTP and their time-outs, in seconds."""

    limit: int = Field(ge=1, le=100)
    limit_per_host: int = Field(ge=1, le=8)
    keepalive_expiry: Seconds
    connection_timeout: Seconds
    socket_read_timeout: Seconds
    total_timeout: Seconds


class ChannelsSettings(_Section):
    """Which topics are subscribed."""

    ticker: bool
    kline: bool
    orderbook: bool
    trade: bool
    liquidation: bool


class WebsocketSettings(_Section):
    """The live streams."""

    enabled: bool
    reconnect_attempts: Literal["endless"]
    ping_interval: float = Field(ge=1, le=25)
    timeout: Seconds
    channels: ChannelsSettings
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class NetworkSettings(_Section):
    """How the network is reached."""

    proxy: Annotated[str, AfterValidator(_proxy)] | None


class ClockSettings(_Section):
    """The program's clock. ``start`` becomes UTC ms."""

    rate: float = Field(gt=0, le=3600)
    start: Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_start_ms)]


class WeightsSettings(_Section):
    """Share of each dimension in the confluence score."""

    technical: Weight
    volume: Weight
    orderflow: Weight
    orderbook: Weight
    price_structure: Weight
    sentiment: Weight

    @model_validator(mode="after")
    def _sum_to_one(self) -> WeightsSettings:
        total = sum((self.technical, self.volume, self.orderflow, self.orderbook, self.price_structure, self.sentiment))
        if abs(total - 1) > WEIGHTS_TOLERANCE:
            raise ValueError(f"must add up to 1, not {total:.6g}")
        return self


class ThresholdsSettings(_Section):
    """Confluence scores at which a signal is raised (``buy``, ``sell``) and beyond which it ends (the exits)."""

    buy: Score
    buy_exit: Score
    sell_exit: Score
    sell: Score

    @model_validator(mode="after")
    def _apart(self) -> ThresholdsSettings:
        if self.sell >= self.buy:
            raise ValueError(f"must have sell ({self.sell:g}) below buy ({self.buy:g})")
        if not self.buy > self.buy_exit > NEUTRAL_SCORE:
            raise ValueError(f"must have buy ({self.buy:g}) above buy_exit ({self.buy_exit:g}) above 50")
        if not self.sell < self.sell_exit < NEUTRAL_SCORE:
            raise ValueError(f"must have sell ({self.sell:g}) below sell_exit ({self.sell_exit:g}) below 50")
        return self


class AnalysisSettings(_Section):
    """What is analysed and how it is weighed."""

    timeframes: Annotated[tuple[Timeframe, ...], Field(min_length=1), AfterValidator(_all_different)]
    weights: WeightsSettings
    thresholds: ThresholdsSettings


class TtlSettings(_Section):
    """How long a cached value counts as fresh, in seconds."""

    dashboard_data: Seconds
    market_overview: Seconds
    confluence_scores: Seconds
    technical_indicators: Seconds
    ticker_data: Seconds
    ohlcv_data: Seconds
    system_metrics: Seconds
    alert_history: Seconds


class CacheSettings(_Section):
    """The cache on disk."""

    ttl: TtlSettings


class HistorySettings(_Section):
    """What is kept on disk of the market. ``disk_cap_mb`` counts 10**6 bytes, for each source by itself."""

    disk_cap_mb: int = Field(ge=256, le=1_000_000)


class UiSettings(_Section):
    """The window."""

    theme: Literal["dark", "light", "system"]
    colour_blind_safe: bool
    close_to_tray: bool
    motion: Literal["system", "full", "reduced"]
    scale_pct: int = Field(ge=100, le=200)
    instrument: Annotated[InstrumentId, BeforeValidator(_instrument_id)]
    timeframe: Timeframe


class Settings(_Section):
    """All settings of one run. Immutable; a change makes a new tree."""

    exchanges: ExchangesSettings
    universe: UniverseSettings
    connection_pool: ConnectionPoolSettings
    websocket: WebsocketSettings
    network: NetworkSettings
    clock: ClockSettings
    analysis: AnalysisSettings
    cache: CacheSettings
    history: HistorySettings
    ui: UiSettings
