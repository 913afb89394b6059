"""Candles as CSV: exact, told in UTC, readable by the program itself, whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from tests.ui.charts.candle_walk import BTC, FIRST_MS, walk
from virtuoso_desktop.files.candles_csv import HEADER, CandleRows, moment, plain_number, write_candles
from virtuoso_desktop.files.ohlcv import read_ohlcv
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.model.timeframe import Timeframe

if TYPE_CHECKING:
    from pathlib import Path
