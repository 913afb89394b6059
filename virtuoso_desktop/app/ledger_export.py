"""Rows of the ledger into CSV, Parquet or JSON lines."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from virtuoso_desktop.model.result import COMPONENTS
from virtuoso_desktop.storage.ledger import StoredRow
from virtuoso_desktop.storage.ledger_rows import ComponentCells, DimensionCells, LedgerRow

FORMATS = ("csv", "parquet", "jsonl")
_PLAIN = tuple(name for name in LedgerRow.__struct_fields__ if name not in ("dimensions", "components"))
_TYPES = {
    **dict.fromkeys(
        (
            "number", "format", "lost_before", "close_ms", "decision_ms", "since_ms", "data_points", "rejected",
            "age_ms",
        ),
        "int64",
    ),
    **dict.fromkeys(("calibrated", "gap"), "bool"),
    **dict.fromkeys(("entry_score", "score", "confidence", "confidence_raw"), "float64"),
    **dict.fromkeys(("value", "points", "weight", "weighted_score", "nominal_weight", "completeness"), "float64"),
}  # fmt: skip
"""Of a field; text where it is not named. A column keeps its type when all of it is empty."""
_NESTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((dimension.value, DimensionCells._fields) for dimension in COMPONENTS),
    *((name, ComponentCells._fields) for names in COMPONENTS.values() for name in names),
)


def write_rows(rows: Sequence[tuple[StoredRow, LedgerRow]], file: Path, written_as: str) -> None:
    """Write a new file. Raises OSError.

    CSV and Parquet have one column a cell: ``score`` is the confluence, ``technical_score`` a dimension's,
    ``rsi_points`` a component's. A JSON line holds the row's own bytes and their hash: it can be verified by itself.
    """
    if written_as == "jsonl":
        with file.open("wb") as lines:
            lines.writelines(_lines(stored for stored, _ in rows))
        return
    arrow: Any = importlib.import_module("pyarrow")
    schema = arrow.schema([(name, arrow.type_for_alias(_TYPES.get(field, "string"))) for name, field in _columns()])
    table = arrow.Table.from_pylist([_flat(stored, row) for stored, row in rows], schema=schema)
    if written_as == "parquet":
        importlib.import_module("pyarrow.parquet").write_table(table, file)
    else:
        importlib.import_module("pyarrow.csv").write_csv(table, file)


def _lines(rows: Iterable[StoredRow]) -> Iterable[bytes]:
    for row in rows:
        yield b'{"hash":"%s","row":%s}\n' % ((row.hash or "").encode(), row.body or b"null")


def _columns() -> Iterable[tuple[str, str]]:
    """Each column and the field whose type it has."""
    yield from ((name, name) for name in _PLAIN)
    yield "hash", "hash"
    yield from ((f"{prefix}_{field}", field) for prefix, fields in _NESTED for field in fields)


def _flat(stored: StoredRow, row: LedgerRow) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(row)
    cells = {**built["dimensions"], **built["components"]}
    flat = {name: built[name] for name in _PLAIN} | {"hash": stored.hash}
    for prefix, fields in _NESTED:
        if prefix in cells:
            flat |= {f"{prefix}_{field}": value for field, value in zip(fields, cells[prefix], strict=True)}
    return flat
