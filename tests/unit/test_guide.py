"""The guide and its pictures: what it links to is there, every panel has one, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from virtuoso_desktop.ui.panel_list import PANELS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide"
PNG = b"\x89PNG\r\n\x1a\n"
ELSEWHERE = {"markets": "window", "chart": "single-chart", "confluence": "window"}
"""Panels that are shown best in a picture of another name."""


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", list(PANELS))
def test_every_panel_has_a_picture_in_both_themes(name: str, theme: str) -> None:
    picture = GUIDE / "pictures" / f"{theme}-{ELSEWHERE.get(name, name)}.png"
    assert picture.read_bytes().startswith(PNG)


def test_what_the_guide_links_to_is_there() -> None:
    text = (GUIDE / "README.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    heads = {re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in heads, target
        else:
            assert (GUIDE / target).exists(), target
            if target.startswith("pictures/dark-"):
                assert (GUIDE / target.replace("dark-", "light-")).exists(), target
