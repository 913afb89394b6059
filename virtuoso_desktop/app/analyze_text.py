"""What ``analyze`` tells a person: the score, where it comes from, and what would change it."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from virtuoso_desktop.analysis.explain import Explanation, Outlook, Turn
from virtuoso_desktop.app.analyze_file import FileAnalysis, FileRows, objections
from virtuoso_desktop.model.result import (
    Component,
    Confluence,
    Dimension,
    LevelKind,
    Reason,
    SignalKind,
    SignalStrength,
    Withheld,
)
from virtuoso_desktop.ui import format as text

GAUGE_CELLS = 50
POINT_CELLS = 6
PLAIN_WIDTH = 100
"""Characters of a line where no terminal tells its own width."""
MOST_CHANGES = 4
LEAST_SHOWN = 0.05
"""Points below which a change is not worth a line."""
_STYLES = {SignalKind.BUY: "bold green", SignalKind.SELL: "bold red", SignalKind.NEUTRAL: "bold"}
_DIMENSIONS = {
    "technical": "Technical",
    "volume": "Volume",
    "price_structure": "Price structure",
}
_COMPONENTS = {
    "rsi": "RSI 14",
    "macd": "MACD 12 26 9",
    "ema_crossover": "EMA 12 / 26",
    "bollinger_bands": "Bollinger %b",
    "obv": "On-balance volume",
    "volume_delta": "Volume delta",
    "vwap": "VWAP of the day",
    "support_resistance": "Support, resistance",
    "trend_analysis": "Trend, swings",
}
_REASONS = {
    Reason.WARMUP: "too few candles",
    Reason.MISSING: "not there",
    Reason.DEGENERATE: "nothing moved or traded",
    Reason.GAP: "after a gap",
    Reason.STALE: "too old",
    Reason.NOT_APPLICABLE: "does not apply",
    Reason.REACH: "out of reach",
}
_WITHHELD = {
    Withheld.THRESHOLD: "the score is not beyond the threshold",
    Withheld.CONFIRMATION: "the threshold is passed on one candle only, two are needed",
    Withheld.COOL_DOWN: "the last signal ended less than three candles ago",
    Withheld.COVERAGE: "too few dimensions have data",
    Withheld.CONFIDENCE: "the dimensions agree too little on a direction",
    Withheld.DIMENSIONS_CHANGED: "the set of dimensions has just changed",
}
_ENDINGS = {"data": "the signal ended: its data are no longer there", "score": "the signal ended: its score is lost"}
_LEVELS = {
    LevelKind.SWINGS: "ATR from swings",
    LevelKind.DAY_HIGH: "ATR from yesterday's high",
    LevelKind.DAY_LOW: "ATR from yesterday's low",
    LevelKind.CONTROL: "ATR from the session's POC",
    LevelKind.VALUE_HIGH: "ATR from the session's VAH",
    LevelKind.VALUE_LOW: "ATR from the session's VAL",
}
_ESTIMATES = frozenset({"volume_delta"})
_PRICES = frozenset({"macd", "vwap"})


def print_analysis(rows: FileRows, found: FileAnalysis, why: Explanation) -> None:
    """Write the analysis to the terminal, in colours where it has any."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PLAIN_WIDTH)
    result = found.result
    console.print(_heading(rows, result))
    console.print()
    console.print(_score_line(result, why))
    if result.confluence_score is not None:
        console.print(_gauge(result.confluence_score))
    console.print()
    console.print(_components(rows, result))
    for line in (*_change_lines(why), *_outlook_lines(result, why)):
        console.print(line)
    console.print()
    for line in _foot(rows):
        console.print(Text(line, style="dim"))


def _heading(rows: FileRows, result: Confluence) -> Text:
    line = Text().append(rows.symbol, style="bold")
    line.append(f"  {result.timeframe.value}", style="bold")
    line.append(f"  candle closed {text.utc_moment(result.metadata.last_candle_ms)}", style="dim")
    return line.append("  candles only", style="yellow")


def _score_line(result: Confluence, why: Explanation) -> Text:
    if result.confluence_score is None:
        line = Text().append("No score", style="bold")
        reason = _REASONS[Reason(result.reason)] if result.reason is not None else "not there"
        return line.append(f"  {reason}: the indicators need more candles than the file has since its last gap.")
    line = Text().append(f"{result.confluence_score:.1f}", style="bold")
    line.append("  ")
    line.append(result.signal.value, style=_STYLES[result.signal])
    if result.signal_strength is not SignalStrength.NONE:
        line.append(f" {result.signal_strength.value.lower().replace('_', ' ')}")
    line.append(f"  agreement {result.confidence:.0%}", style="dim")
    if why.score_change is not None:
        line.append(f"  {text.signed(why.score_change, 1)} since the candle before", style="dim")
    return line


def _gauge(score: float) -> Text:
    """0 to 100 with its middle and the place of the score."""
    place = min(int(score / 100 * GAUGE_CELLS), GAUGE_CELLS - 1)
    line = Text().append("  0 ", style="dim")
    style = "green" if score > 50 else "red"
    middle = GAUGE_CELLS // 2
    for cell in range(GAUGE_CELLS):
        if cell == place:
            line.append("◆", style=f"bold {style}")
        elif min(place, middle) <= cell <= max(place, middle):
            line.append("━", style=style)
        else:
            line.append("┃" if cell == middle else "─", style="dim")
    return line.append(" 100", style="dim")


def _components(rows: FileRows, result: Confluence) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    table.add_column("", width=21, no_wrap=True)
    for title, width in (("value", 10), ("score", 5), ("weight", 6), ("points", 6)):
        table.add_column(title, justify="right", no_wrap=True, min_width=width)
    table.add_column("", width=2 * POINT_CELLS + 1, no_wrap=True)
    table.add_column("")
    for name, dimension in result.dimensions.items():
        if name.value not in _DIMENSIONS:
            continue
        table.add_row(*_dimension_cells(name.value, dimension))
        for key, component in dimension.components.items():
            table.add_row(*_component_cells(rows, key, component))
    return table


def _dimension_cells(name: str, dimension: Dimension) -> tuple[Text, ...]:
    points = None if dimension.score is None else dimension.weight * (dimension.score - 50)
    why = "" if dimension.status == "OK" else _REASONS[Reason(dimension.status)]
    return (
        Text(_DIMENSIONS[name], style="bold"),
        Text(""),
        Text(text.DASH if dimension.score is None else f"{dimension.score:.1f}", style="bold"),
        Text(f"{dimension.weight:.0%}" if dimension.score is not None else text.DASH, style="bold"),
        Text(text.signed(points, 1), style="bold"),
        Text(""),
        Text(why, style="yellow"),
    )


def _component_cells(rows: FileRows, key: str, component: Component) -> tuple[Text, ...]:
    why = "" if component.reason is None else _REASONS[component.reason]
    if not why and key in _ESTIMATES:
        why = "estimated from the candles"
    if not why and component.level is not None:
        why = _LEVELS[component.level]
    return (
        Text(f"  {_COMPONENTS[key]}"),
        Text(_value(rows, key, component.value)),
        Text(text.DASH if component.score is None else f"{component.score:.1f}", style=_leaning(component)),
        Text(f"{component.weight:.0%}", style="dim"),
        Text(text.signed(component.points if component.available or component.points else None, 1)),
        _bar(component.points),
        Text(why, style="dim"),
    )


def _leaning(component: Component) -> str:
    return {SignalKind.BUY: "green", SignalKind.SELL: "red"}.get(component.signal, "")


def _value(rows: FileRows, key: str, value: float | None) -> str:
    if value is None:
        return text.DASH
    if key in _PRICES:
        return text.price(value, max(0, len(f"{rows.tick_size:.12f}".rstrip("0").partition(".")[2])))
    if key in ("obv", "volume_delta"):
        return text.compact(value)
    return text.signed(value) if key in ("support_resistance", "trend_analysis") else f"{value:.2f}"


def _bar(points: float | None) -> Text:
    """Points to both sides of a middle, one cell each."""
    if points is None:
        return Text("")
    cells = min(round(abs(points)), POINT_CELLS)
    left = "█" * cells if points < 0 else ""
    right = "█" * cells if points > 0 else ""
    bar = Text().append(left.rjust(POINT_CELLS), style="red")
    bar.append("│", style="dim")
    return bar.append(right.ljust(POINT_CELLS), style="green")


def _change_lines(why: Explanation) -> list[Text]:
    shown = [each for each in why.changes if abs(each.points) >= LEAST_SHOWN][:MOST_CHANGES]
    if not shown:
        return []
    words = ", ".join(f"{_COMPONENTS[each.component]} {text.signed(each.points, 1)}" for each in shown)
    return [Text(), Text.assemble(("Since the candle before: ", "dim"), words)]


def _outlook_lines(result: Confluence, why: Explanation) -> list[Text]:
    lines: list[Text] = []
    if result.reason in _ENDINGS:
        lines.append(Text(_ENDINGS[result.reason].capitalize() + ".", style="yellow"))
    if why.withheld and result.confluence_score is not None:
        words = "; ".join(_WITHHELD[rule] for rule in why.withheld)
        lines.append(Text.assemble(("No signal because ", "dim"), words + "."))
    if result.signal_since_ms is not None and result.signal_entry_score is not None:
        since = f"since {text.utc_moment(result.signal_since_ms)}, raised at {result.signal_entry_score:.1f}"
        lines.append(Text.assemble((f"{result.signal.value} ", _STYLES[result.signal]), since + "."))
    lines += [_outlook_line(each) for each in why.outlook]
    return lines


def _outlook_line(outlook: Outlook) -> Text:
    upwards = (outlook.signal is SignalKind.BUY) == (outlook.turn is Turn.RAISE)
    verb = "is raised from" if outlook.turn is Turn.RAISE else ("ends below" if not upwards else "ends above")
    line = Text.assemble((outlook.signal.value, _STYLES[outlook.signal]), f" {verb} {outlook.threshold:g} on")
    line.append(f" ({outlook.distance:.1f} points away): ", style="dim")
    if outlook.next_score is not None:
        bound = "at least" if upwards else "at most"
        return line.append(f"the next candle alone would have to score {bound} {outlook.next_score:.1f}.")
    if outlook.candles is not None:
        return line.append(f"not before {outlook.candles} candles.")
    return line.append("out of reach.")


def _foot(rows: FileRows) -> list[str]:
    series = rows.series
    taken = int((series.row >= 0).sum())
    lines = [f"{taken:,} of {rows.table.rows:,} rows used, tick size {rows.tick_size:.12g}."]
    if rows.is_newest_first:
        lines.append("The rows are newest first; they were read from the oldest on.")
    fillers, gaps = int((series.row < 0).sum()), int(series.is_reset.sum())
    if fillers:
        lines.append(f"{fillers:,} missing candles in gaps of up to three were filled with flat ones.")
    if gaps:
        lines.append(f"{gaps:,} longer gaps: the indicators began anew after each.")
    left_out = objections(rows)
    if left_out:
        lines.append(f"Not used: {left_out}.")
    if rows.table.volume is None:
        lines.append("The file has no volume, so there is no volume dimension.")
    return [*lines, "Opinion of the model, not advice. Its track record has not been measured yet."]
