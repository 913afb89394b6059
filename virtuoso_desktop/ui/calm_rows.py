"""Rows of a painted table without flashes, skeletons and marks: what such a row source answers. No Qt."""

from __future__ import annotations


class CalmRows:
    """The part of a `table_model.RowSource` that only lively tables need."""

    def tints(self, index: int, now_ns: int) -> tuple[tuple[int, str, float], ...]:
        """No cell flashes."""
        del index, now_ns
        return ()

    def is_skeleton(self, index: int) -> bool:
        """Every row is whole."""
        del index
        return False

    def is_marked(self, index: int) -> bool:
        """No row stands for what the window shows."""
        del index
        return False
