"""What ``--source`` names, and the one market made of it."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from virtuoso_desktop.files.session import Session
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import InstrumentId, MarketKind
from virtuoso_desktop.model.timeframe import DAY_MS, MINUTE_MS, Timeframe
from virtuoso_desktop.simulator.by_instrument import MarketByInstrument, combined
from virtuoso_desktop.simulator.market import MarketSource
from virtuoso_desktop.simulator.ohlcv_source import LoadedSymbol, OhlcvFile, OhlcvMarket, load_symbols
from virtuoso_desktop.simulator.session_source import RecordedMarket, instrument_id, load_session
from virtuoso_desktop.simulator.synthetic import FIRST_MS, SyntheticMarket

_NAME = re.compile(r"(?P<symbol>[A-Za-z0-9]+)_(?P<timeframe>\d+[A-Za-z]+)(?=[._-])")
_OPTION = re.compile(r",(\w+)=([^,=]*)$")
_OFFSET = re.compile(r"\+(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_OPTIONS = ("symbol", "timeframe", "kind")
_KINDS = {MarketKind.LINEAR.value: MarketKind.LINEAR, MarketKind.SPOT.value: MarketKind.SPOT}
_TIMEFRAMES: dict[str, Timeframe] = {timeframe.value: timeframe for timeframe in Timeframe} | {
    f"{minutes}m": timeframe
    for minutes, timeframe in (
        (60, Timeframe.H1),
        (120, Timeframe.H2),
        (240, Timeframe.H4),
        (360, Timeframe.H6),
        (720, Timeframe.H12),
        (1440, Timeframe.D1),
    )
}


class SyntheticSource(NamedTuple):
    """``synthetic:SEED``."""

    seed: int


class SessionSource(NamedTuple):
    """``session:A[+B]``: the files of one recording in order."""

    paths: tuple[Path, ...]


def parse_source(text: str) -> SyntheticSource | OhlcvFile | SessionSource:
    """Read ``synthetic:SEED``, ``ohlcv:FILE[,symbol=..,timeframe=..,kind=..]`` or ``session:A[+B]``.

    A file is named ``SYMBOL_TIMEFRAME.*``, e.g. ``BTCUSDT_1m.csv.gz``, unless symbol and timeframe are given.

    Raises
    ------
    ConfigError
        In words, with what would be right.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "synthetic":
        if not re.fullmatch(r"\d{1,18}", rest):
            raise ConfigError(f"--source {text}: a whole number is needed after synthetic:, e.g. synthetic:1.")
        return SyntheticSource(int(rest))
    if scheme == "ohlcv" and rest:
        return _parse_file(text, rest)
    if scheme == "session" and rest:
        whole = Path(rest).expanduser()
        names = [rest] if whole.exists() else rest.split("+")
        return SessionSource(tuple(Path(name).expanduser() for name in names))
    near = difflib.get_close_matches(scheme, ("synthetic", "ohlcv", "session"), 1)
    hint = f"; did you mean {near[0]}:?" if near else "."
    raise ConfigError(f"--source {text} is neither synthetic:SEED nor ohlcv:FILE nor session:FILE+FILE{hint}")


def _parse_file(text: str, rest: str) -> OhlcvFile:
    options: dict[str, str] = {}
    while match := _OPTION.search(rest):
        name, value = match.groups()
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, 1) or _OPTIONS
            raise ConfigError(f"--source {text}: there is no option {name!r}; did you mean {near[0]!r}?")
        if not value:
            raise ConfigError(f"--source {text}: the option {name!r} has no value.")
        options.setdefault(name, value)
        rest = rest[: match.start()]
    path = Path(rest).expanduser()
    named = _NAME.match(path.name)
    symbol = options.get("symbol") or (named["symbol"] if named else "")
    word = options.get("timeframe") or (named["timeframe"] if named else "")
    if not symbol or not word:
        raise ConfigError(
            f"--source {text}: the name {path.name} does not say symbol and timeframe as BTCUSDT_1m.csv does; "
            "add ,symbol=BTCUSDT,timeframe=1m."
        )
    if not re.fullmatch(r"[A-Za-z0-9-]+", symbol):
        raise ConfigError(f"--source {text}: the symbol {symbol!r} may hold letters, digits and hyphens only.")
    return OhlcvFile(path, symbol.upper(), _timeframe(text, word), _kind(text, options.get("kind", "linear")))


def _timeframe(text: str, word: str) -> Timeframe:
    found = _TIMEFRAMES.get(word) or _TIMEFRAMES.get(word.lower() if word[-1] != "M" else word)
    if found is None:
        near = difflib.get_close_matches(word, _TIMEFRAMES, 3) or [timeframe.value for timeframe in Timeframe]
        raise ConfigError(f"--source {text}: there is no timeframe {word!r}; near are {', '.join(near)}.")
    return found


def _kind(text: str, word: str) -> MarketKind:
    if word not in _KINDS:
        raise ConfigError(f"--source {text}: kind={word} is not simulated; use kind=linear or kind=spot.")
    return _KINDS[word]


class Opened(NamedTuple):
    """A market and the venue time at which its clock starts."""

    market: MarketSource
    start_ms: int


def open_market(sources: Sequence[str], start: str | None, clock: Literal["now", "original"], now_ms: int) -> Opened:
    """The market of all ``sources`` together and the venue time at which it starts.

    Parameters
    ----------
    sources
        Texts for `parse_source`. An instrument that a file and the synthetic market both have is the file's.
        A recording goes before both.
    start
        Offset from the finest files' first row (``+10d``, ``+36h``, ``+1d12h``) or an ISO time in file time; None
        is two thirds of the files. What lies before is history.
    clock
        ``now``: venue time is ``now_ms``, files are moved by the whole days that put the start into the 24 h before.
        ``original``: venue time starts at ``start``, files keep their times.
        A recording begins at venue time with its order book (``original``: when the last of them does).
    now_ms
        The computer's UTC.

    Raises
    ------
    ConfigError
        A source or the start is wrong.
    ParseError
        A file is refused; file and row are named.
    """
    parsed = [parse_source(text) for text in sources]
    seeds = [source.seed for source in parsed if isinstance(source, SyntheticSource)]
    files = [source for source in parsed if isinstance(source, OhlcvFile)]
    recordings = [source for source in parsed if isinstance(source, SessionSource)]
    if len(seeds) > 1 or not parsed:
        raise ConfigError("Name one synthetic source, or files, or both.")
    if files and recordings and clock == "original":
        raise ConfigError("Candle files and recordings have different times: use --clock now, or one kind of them.")
    markets: list[MarketByInstrument] = []
    venue_ms = now_ms
    if files:
        symbols = load_symbols(files)
        begin_ms = _file_start_ms(start, symbols)
        markets.append(OhlcvMarket(symbols, (now_ms - begin_ms) // DAY_MS * DAY_MS if clock == "now" else 0))
        venue_ms = now_ms if clock == "now" else begin_ms
    elif recordings and start is not None:
        raise ConfigError(f"--start {start}: a recording starts where its order book begins.")
    if recordings:
        sessions = _load_sessions(recordings)
        if clock == "original":
            venue_ms = _common_begin_ms(sessions)
        shifts = (now_ms - session.begin_ms if clock == "now" else 0 for session in sessions)
        markets.append(MarketByInstrument(map(RecordedMarket, sessions, shifts)))
    if not markets:
        venue_ms = _synthetic_start_ms(start, clock, now_ms)
    if seeds:
        markets.insert(0, _synthetic(seeds[0], venue_ms))
    return Opened(combined(markets), venue_ms)


def _load_sessions(recordings: Sequence[SessionSource]) -> list[Session]:
    found: dict[InstrumentId, Session] = {}
    for recording in recordings:
        session = load_session(recording.paths)
        name = instrument_id(session)
        if name in found:
            raise ConfigError(f"{name} is in two recordings; files that continue one another are joined by +.")
        found[name] = session
    return list(found.values())


def _common_begin_ms(sessions: Sequence[Session]) -> int:
    """When all of the recordings have an order book."""
    begin_ms, end_ms = max(session.begin_ms for session in sessions), min(session.end_ms for session in sessions)
    if begin_ms >= end_ms:
        raise ConfigError("The recordings are of different times: use --clock now, which lets all begin at once.")
    return begin_ms


def _synthetic(seed: int, start_ms: int) -> SyntheticMarket:
    if start_ms < FIRST_MS:
        raise ConfigError(
            f"The synthetic market begins on {_text(FIRST_MS)}, but the clock would start at {_text(start_ms)}: "
            "set the computer's clock or another --start."
        )
    return SyntheticMarket(seed, listed_before_ms=start_ms - DAY_MS)


def _synthetic_start_ms(start: str | None, clock: str, now_ms: int) -> int:
    if start is None:
        return now_ms
    if clock == "now":
        raise ConfigError(f"--start {start}: the synthetic market starts now; a start needs --clock original.")
    if start.startswith("+"):
        raise ConfigError(f"--start {start}: an offset counts from a file's first row; give a time, e.g. 2026-05-01.")
    return _iso_ms(start)


def _file_start_ms(start: str | None, symbols: list[LoadedSymbol]) -> int:
    first_ms = min(symbol.driven_ms for symbol in symbols)
    end_ms = max(int(symbol.rows.end_ms[-1]) for symbol in symbols)
    if start is None:
        return first_ms + (end_ms - first_ms) * 2 // 3 // MINUTE_MS * MINUTE_MS
    begin_ms = _offset_ms(start) + first_ms if start.startswith("+") else _iso_ms(start)
    if not first_ms <= begin_ms < end_ms:
        raise ConfigError(f"--start {start} is outside the files, which go from {_text(first_ms)} to {_text(end_ms)}.")
    return begin_ms


def _offset_ms(text: str) -> int:
    match = _OFFSET.fullmatch(text)
    if match is None or text == "+":
        raise ConfigError(f"--start {text} is not an offset such as +10d, +36h or +1d12h.")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * MINUTE_MS


def _iso_ms(text: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"--start {text} is neither an offset such as +10d nor a time such as 2025-06-20T12:00."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def _text(time_ms: int) -> str:
    return dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
