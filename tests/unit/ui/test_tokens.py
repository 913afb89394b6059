"""The contrast that the visual system promises, for every palette: text 4.5, lines, icons and fills 3."""

from __future__ import annotations

import pytest

from virtuoso_desktop.ui.tokens import (
    BADGE_TINT_RATIO,
    BANNER_TINT_RATIO,
    COLOUR_TOKENS,
    DARK,
    DARK_COLOUR_BLIND,
    FLASH_RATIO,
    LIGHT,
    LIGHT_COLOUR_BLIND,
    Palette,
)

PALETTES = {"dark": DARK, "light": LIGHT, "dark blind": DARK_COLOUR_BLIND, "light blind": LIGHT_COLOUR_BLIND}
every_palette = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)


def channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def luminance(colour: tuple[float, float, float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def over(tint: str, ground: str, ratio: float) -> tuple[float, float, float]:
    red, green, blue = (t * ratio + g * (1 - ratio) for t, g in zip(channels(tint), channels(ground), strict=True))
    return red, green, blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@every_palette
@pytest.mark.parametrize("token", ["text", "muted", "up_text", "down_text", "warning", "info", "accent_text"])
@pytest.mark.parametrize("ground", ["background", "surface", "raised"])
def test_text_can_be_read_on_every_ground(palette: Palette, token: str, ground: str) -> None:
    assert contrast(channels(getattr(palette, token)), channels(getattr(palette, ground))) >= 4.5


@every_palette
@pytest.mark.parametrize("token", ["up", "down", "accent", "info", "warning", "ema_fast", "ema_slow", "vwap"])
def test_lines_and_fills_can_be_seen(palette: Palette, token: str) -> None:
    assert contrast(channels(getattr(palette, token)), channels(palette.background)) >= 3.0


@every_palette
@pytest.mark.parametrize(("ink", "fill"), [("on_up", "up_tag"), ("on_down", "down_tag"), ("on_accent", "accent")])
def test_text_on_a_filled_tag_can_be_read(palette: Palette, ink: str, fill: str) -> None:
    assert contrast(channels(getattr(palette, ink)), channels(getattr(palette, fill))) >= 4.5


@every_palette
def test_text_on_tints_can_be_read(palette: Palette) -> None:
    text, background = channels(palette.text), palette.background
    for tint in (palette.up, palette.down):
        assert contrast(text, over(tint, background, FLASH_RATIO)) >= 4.5
    assert contrast(text, over(palette.accent, background, palette.accent_tint_ratio)) >= 4.5
    for tint in (palette.down, palette.warning):
        assert contrast(text, over(tint, palette.surface, BANNER_TINT_RATIO)) >= 4.5


@every_palette
@pytest.mark.parametrize(("ink", "tint"), [("up_text", "up"), ("warning", "warning"), ("down_text", "down")])
def test_a_badge_can_be_read(palette: Palette, ink: str, tint: str) -> None:
    ground = over(getattr(palette, tint), palette.surface, BADGE_TINT_RATIO)
    assert contrast(channels(getattr(palette, ink)), ground) >= 4.0  # 10 px bold, and the word says it again


@every_palette
def test_every_token_is_a_colour(palette: Palette) -> None:
    assert all(len(getattr(palette, token)) == 7 and getattr(palette, token)[0] == "#" for token in COLOUR_TOKENS)


def test_selected_and_attention_are_different_colours() -> None:
    for palette in PALETTES.values():
        assert contrast(channels(palette.accent), channels(palette.warning)) > 1.0
        assert palette.accent != palette.warning


def test_up_and_down_of_the_colour_blind_pair_are_blue_and_orange() -> None:
    for palette in (DARK_COLOUR_BLIND, LIGHT_COLOUR_BLIND):
        up, down = channels(palette.up), channels(palette.down)
        assert up[2] > up[0]
        assert down[0] > down[2]
