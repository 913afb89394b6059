from __future__ import annotations

import msgspec
import pytest

from tests.analysis_results import CANDLES_ONLY, PARTS, confluence, missing, view
from virtuoso_desktop.engine.analysis_views import AnalysisView
from virtuoso_desktop.model.result import Confluence, DimensionName, Reason
from virtuoso_desktop.ui.panels.confluence_rows import (
    COMPONENT_COLUMNS,
    DIMENSION_COLUMNS,
    ComponentRows,
    DimensionRows,
    Filter,
    ShownResult,
)

SCORE, WEIGHT, POINTS = 3, 4, 5
NAME, VALUE, AGE = 1, 2, 6


def shown(result: Confluence | None = None, *, is_stale: bool = False, **fields: object) -> ShownResult:
    made: AnalysisView = view(result, **fields)
    assert made.result is not None
    return ShownResult(made, made.result, is_stale)


def dimensions(what: ShownResult | None) -> DimensionRows:
    rows = DimensionRows()
    rows.show(what)
    return rows


def components(what: ShownResult | None) -> ComponentRows:
    rows = ComponentRows()
    rows.show(what)
    return rows


def texts(rows: DimensionRows | ComponentRows, column: int) -> list[str]:
    return [rows.cells(index)[column].text for index in range(rows.row_count())]


def test_the_points_of_the_dimensions_add_up_to_the_score() -> None:
    rows = dimensions(shown())
    assert texts(rows, SCORE) == ["75.0", "80.0", "65.0", "70.0", "78.0", "60.0", ""]
    assert texts(rows, WEIGHT) == ["0.25", "0.20", "0.15", "0.15", "0.15", "0.10", "1.00"]
    assert texts(rows, POINTS) == ["18.75", "16.00", "9.75", "10.50", "11.70", "6.00", "72.70"]


def test_the_points_of_the_components_add_up_to_the_distance_from_50() -> None:
    result = confluence()
    points = [part.points for each in result.dimensions.values() for part in each.components.values()]
    assert sum(point for point in points if point is not None) == pytest.approx(22.7)
    assert len(texts(components(shown(result)), POINTS)) == 20


def test_every_row_says_something_for_a_screen_reader() -> None:
    for columns, rows in ((DIMENSION_COLUMNS, dimensions(shown())), (COMPONENT_COLUMNS, components(shown()))):
        for index in range(rows.row_count()):
            assert any(cell.spoken or cell.text for cell in rows.cells(index))
            assert len(rows.cells(index)) == len(columns)
            assert rows.tooltip(index, 0)


def test_what_is_not_analysed_says_so_and_has_neither_score_nor_weight() -> None:
    what = shown(confluence(without=CANDLES_ONLY), not_analysed=CANDLES_ONLY)
    rows = dimensions(what)
    assert texts(rows, SCORE)[:6] == ["75.0", "80.0", "not analysed", "not analysed", "78.0", "not analysed"]
    assert texts(rows, WEIGHT) == ["0.42", "0.33", "", "", "0.25", "", "1.00"]
    assert texts(rows, POINTS)[-1] == f"{what.result.confluence_score:.2f}"
    assert rows.cells(2)[SCORE].spoken == "not analysed in this version"
    assert "not analysed in this version" in rows.tooltip(2, 0)


def test_a_missing_dimension_says_its_reason() -> None:
    result = confluence()
    held = dict(result.dimensions) | {DimensionName.ORDERBOOK: missing(DimensionName.ORDERBOOK, Reason.STALE)}
    rows = dimensions(shown(confluence(dimensions=held)))
    assert rows.cells(3)[SCORE].text == "data too old"
    part = components(shown(confluence(dimensions=held)))
    place = texts(part, NAME).index("Microprice")
    assert (part.cells(place)[VALUE].text, part.cells(place)[AGE].text) == ("\u2014", "data too old")


def test_a_stale_result_has_no_colour() -> None:
    grey = shown(is_stale=True)
    tokens = {
        part.ink.token
        for rows in (dimensions(grey), components(grey))
        for index in range(rows.row_count())
        for cell in rows.cells(index)
        for part in cell.parts
    }
    assert tokens == {"muted"}
    plates = {plate.token for rows in (dimensions(grey), components(grey)) for index in range(rows.row_count())
              for cell in rows.cells(index) for plate in cell.plates}  # fmt: skip
    assert plates == {"hair"}, "only the rule over the sum"


def test_components_are_sorted_by_points_and_by_what_is_asked() -> None:
    rows = components(shown())
    assert texts(rows, NAME)[:4] == ["Volume delta", "Trend", "MACD", "EMA 12/26"]
    rows.sort_column, rows.sorts_down = "name", False
    rows.rearrange()
    assert texts(rows, NAME) == sorted(texts(rows, NAME), key=str.casefold)


def test_below_the_middle_what_speaks_for_sell_comes_first() -> None:
    rows = components(shown(confluence({part: 100 - values[2] for part, values in PARTS.items()})))
    assert texts(rows, NAME)[:2] == ["Volume delta", "Trend"]
    assert texts(rows, POINTS)[0] == "\u22123.0"
    assert texts(rows, NAME)[-1] == "Funding"


def test_missing_values_come_last_either_way() -> None:
    rows = components(shown(confluence(without=CANDLES_ONLY)))
    for down in (True, False):
        rows.sort_column, rows.sorts_down = "score", down
        rows.rearrange()
        assert texts(rows, SCORE)[-11:] == ["\u2014"] * 11


def test_the_filters_count_what_they_show() -> None:
    rows = components(shown())
    assert rows.counts == {Filter.ALL: 20, Filter.FOR: 13, Filter.AGAINST: 1, Filter.MISSING: 0}
    for each in Filter:
        rows.filter = each
        rows.rearrange()
        assert rows.row_count() == rows.counts[each]
    rows.filter = Filter.AGAINST
    rows.rearrange()
    assert texts(rows, NAME) == ["Funding"]


def test_for_and_against_turn_round_below_the_middle() -> None:
    low = dict.fromkeys(
        (part for part in ("macd", "rsi", "ema_crossover", "volume_delta", "obv", "trend_analysis")), 5.0
    )
    rows = components(shown(confluence(low)))
    assert rows.counts[Filter.FOR] == 7
    rows.filter = Filter.FOR
    rows.rearrange()
    assert "MACD" in texts(rows, NAME)


def test_points_that_only_the_smoothing_remembers_are_still_told() -> None:
    result = confluence()
    volume = result.dimensions[DimensionName.VOLUME]
    gone = msgspec.structs.replace(volume.components["vwap"], available=False, score=None, reason=Reason.GAP)
    held = msgspec.structs.replace(volume, components=dict(volume.components) | {"vwap": gone})
    rows = components(shown(confluence(dimensions=dict(result.dimensions) | {DimensionName.VOLUME: held})))
    place = texts(rows, NAME).index("VWAP")
    assert [rows.cells(place)[column].text for column in (VALUE, POINTS)] == ["candle gap", "+1.3"]


def test_without_a_result_there_are_em_dashes() -> None:
    assert texts(dimensions(None), POINTS) == ["\u2014"] * 7
    assert components(None).row_count() == 0


def test_ages_are_told_where_inputs_have_their_own() -> None:
    rows = components(shown())
    ages = dict(zip(texts(rows, NAME), texts(rows, AGE), strict=True))
    assert (ages["MACD"], ages["Bid/ask depth"], ages["Open interest"]) == ("close", "0.1 s", "4m")


def without_flow(reason: Reason) -> Confluence:
    result = confluence(without=frozenset({DimensionName.ORDERFLOW}))
    held = dict(result.dimensions) | {DimensionName.ORDERFLOW: missing(DimensionName.ORDERFLOW, reason)}
    return msgspec.structs.replace(result, dimensions=held)


def test_a_dimension_that_warms_up_says_how_long_it_takes() -> None:
    result = without_flow(Reason.WARMUP)
    now_ms = result.metadata.last_candle_ms
    what = shown(result, warm_at_ms={DimensionName.ORDERFLOW: now_ms + 400_000})
    what = msgspec.structs.replace(what, now_ms=now_ms)
    place = list(DimensionName).index(DimensionName.ORDERFLOW)
    rows = dimensions(what)
    assert rows.cells(place)[SCORE].text == "known in 7 min"
    assert "known in 7 min if its data go on" in rows.tooltip(place, 0)
    parts = components(what)
    row = parts.order.index("buy_sell_pressure")
    assert parts.cells(row)[AGE].text == "in 7 min"
    assert "known in 7 min" in parts.tooltip(row, 0)


def test_a_dimension_that_is_missing_says_since_when() -> None:
    result = without_flow(Reason.MISSING)
    now_ms = result.metadata.last_candle_ms
    what = shown(result, missing_since_ms={DimensionName.ORDERFLOW: now_ms - 600_000})
    what = msgspec.structs.replace(what, now_ms=now_ms)
    place = list(DimensionName).index(DimensionName.ORDERFLOW)
    rows = dimensions(what)
    assert rows.cells(place)[SCORE].text == "no data"
    assert ", since " in rows.tooltip(place, 0)
