"""Candles as a pandas data frame, for research: from the running program, or from the file it left.

>>> from virtuoso_desktop.frames import candles
>>> candles("bybit:linear:BTCUSDT", "1m", "2026-11-01", "2026-11-02").tail()  # doctest: +SKIP

pandas is imported with the first call, never by the running program.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from virtuoso_desktop.kernel.paths import default_profile
from virtuoso_desktop.model.errors import ConfigError
from virtuoso_desktop.model.instrument import InstrumentId
from virtuoso_desktop.model.timeframe import Timeframe
from virtuoso_desktop.storage.history_access import History, open_history
from virtuoso_desktop.storage.history_rows import SeriesKey

if TYPE_CHECKING:
    import pandas as pd

Moment = str | dt.datetime | None
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "turnover")
BEGINNING_MS, END_MS = 0, 2**53
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def candles(
    instrument: str | InstrumentId,
    timeframe: str | Timeframe,
    start: Moment = None,
    end: Moment = None,
    *,
    profile: Path | None = None,
    source: str = "live",
) -> pd.DataFrame:
    """Closed candles that open in [start, end), oldest first, as far as the history holds them.

    Parameters
    ----------
    instrument : str or InstrumentId
        ``bybit:linear:BTCUSDT``.
    timeframe : str or Timeframe
        ``1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d 1w 1M``.
    start, end : str, datetime or None
        ISO text (UTC when it names no zone) or a datetime with a zone; None is the first, the last candle held.
    profile : Path, optional
        The profile folder; the user's own by default.
    source : str
        Folder of the source in the profile: ``live``, ``testnet``, ``demo``, ``demo-HOST-PORT``.

    Returns
    -------
    pandas.DataFrame
        ``timestamp`` (the candle's open, datetime64[ns, UTC]), ``open high low close`` (quote coin), ``volume`` (base
        coin) and ``turnover`` (quote coin), swapped for inverse contracts; float64, NaN where an imported file had no
        such column. Time that is not held has no rows.

    Raises
    ------
    ConfigError
        An argument is not what it should be.
    StorageError
        There is no history, or it cannot be read.
    """
    key = candles_key(instrument, timeframe)
    start_ms, end_ms = moment_ms(start, BEGINNING_MS), moment_ms(end, END_MS)
    history = open_history((profile or default_profile()) / source)
    try:
        return frame_of(history, key, start_ms, end_ms)
    finally:
        history.close()


def frame_of(history: History, key: SeriesKey, start_ms: int, end_ms: int) -> pd.DataFrame:
    """The candles of an open history; see `candles`."""
    import pandas as pd

    rows = history.read(key, start_ms, end_ms)
    times = rows[0].astype(np.int64).astype("datetime64[ms]").astype("datetime64[ns]")
    columns = {name: rows[index] for index, name in enumerate(COLUMNS)}
    return pd.DataFrame(columns | {"timestamp": pd.DatetimeIndex(times, tz="UTC")})


def candles_key(instrument: str | InstrumentId, timeframe: str | Timeframe) -> SeriesKey:
    """The series that two words name. Raises ConfigError."""
    try:
        instrument_id = instrument if isinstance(instrument, InstrumentId) else InstrumentId.parse(instrument)
    except ValueError:
        raise ConfigError(f"{instrument!r} is no instrument; it should be like bybit:linear:BTCUSDT.") from None
    try:
        return SeriesKey.candles(instrument_id, Timeframe(timeframe))
    except ValueError:
        words = " ".join(each.value for each in Timeframe)
        raise ConfigError(f"{timeframe!r} is no timeframe; it should be one of {words}.") from None


def moment_ms(moment: Moment, default_ms: int) -> int:
    """A moment as UTC ms; None is the default. Raises ConfigError."""
    if moment is None:
        return default_ms
    if isinstance(moment, str):
        try:
            moment = dt.datetime.fromisoformat(moment.strip())
        except ValueError:
            example = "2026-11-01 or 2026-11-01T12:00+01:00"
            raise ConfigError(f"{moment!r} is no time; it should be like {example}.") from None
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    if moment.tzinfo is None:
        raise ConfigError(f"{moment.isoformat()} names no time zone; give it one, such as tzinfo=datetime.UTC.")
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)
