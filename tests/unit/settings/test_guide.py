"""The comments of `config/default.yaml` explain every setting, and the schema says how each is entered."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtuoso_desktop.settings.explain import dotted, setting_paths, value_paths
from virtuoso_desktop.settings.fields import Field, FieldKind, field_of
from virtuoso_desktop.settings.guide import Explained, read_guide

DEFAULT = Path(__file__).parents[3] / "config" / "default.yaml"


def test_every_setting_and_every_section_at_the_top_is_explained() -> None:
    guide = read_guide(DEFAULT.read_text(encoding="utf-8"), "default")
    assert [dotted(path) for path in value_paths() if not guide[path].words] == []
    assert [dotted(path) for path in setting_paths() if len(path) == 1 and not guide[path].words] == []


def test_comments_above_and_beside_a_key_are_joined_and_later_goes_down() -> None:
    text = """\
# not of a key, for a line is between

# Later: how long
# values are kept
cache:
  ttl:
    dashboard_data: 30   # what comes first
network:
  # Above it.
  proxy: "http://a#b"
"""
    guide = read_guide(text, "f")
    assert guide["cache",] == Explained("How long values are kept.", is_later=True)
    assert guide["cache", "ttl", "dashboard_data"] == Explained("What comes first.", is_later=True)
    assert guide["network", "proxy"] == Explained("Above it.", is_later=False)
    assert guide["ui", "theme"] == Explained("", is_later=False)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("ui.colour_blind_safe", Field(FieldKind.SWITCH)),
        ("universe.size", Field(FieldKind.WHOLE, 1, 200)),
        ("analysis.weights.volume", Field(FieldKind.NUMBER, 0, 1)),
        ("connection_pool.total_timeout", Field(FieldKind.NUMBER, 0, 86_400)),
        ("ui.theme", Field(FieldKind.CHOICE, words=("dark", "light", "system"))),
        ("universe.kinds", Field(FieldKind.CHOICES, words=("spot", "linear", "inverse"))),
        ("universe.include_symbols", Field(FieldKind.LIST)),
        ("ui.instrument", Field(FieldKind.TEXT)),
        ("network.proxy", Field(FieldKind.TEXT, may_be_none=True)),
        ("clock.start", Field(FieldKind.TEXT, may_be_none=True)),
        ("exchanges.bybit.api_credentials.api_key", Field(FieldKind.HIDDEN, may_be_none=True)),
    ],
)
def test_the_schema_says_how_a_value_is_entered(name: str, field: Field) -> None:
    assert field_of(tuple(name.split("."))) == field


def test_every_setting_has_a_field_and_a_section_has_none() -> None:
    assert {field_of(path).kind for path in value_paths()} == set(FieldKind)
    with pytest.raises(KeyError):
        field_of(("universe",))
