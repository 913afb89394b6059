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
    VOLUME_RATIO,
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


TEXT, LINE = 4.5, 3.0
INKS = ("text", "muted", "up_text", "down_text", "warning", "info", "accent_text")
GROUNDS = ("background", "surface", "raised")
BADGES = (("up_text", "up"), ("down_text", "down"), ("warning", "warning"), ("info", "info"), ("accent_text", "accent"))


def of(palette: Palette, ink: str, ground: str, tint: str = "", ratio: float = 0.0) -> float:
    """Contrast of a token on a ground, perhaps under a tint."""
    base = getattr(palette, ground)
    below = over(getattr(palette, tint), base, ratio) if tint else channels(base)
    return contrast(channels(getattr(palette, ink)), below)


def too_faint(least: float, **found: float) -> dict[str, float]:
    return {pair: round(value, 2) for pair, value in found.items() if value < least}


@every_palette
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    pairs = {f"{ink}_on_{ground}": of(palette, ink, ground) for ink in INKS for ground in GROUNDS}
    pairs["text_on_raised2"] = of(palette, "text", "raised2")  # tooltips and tags; muted is never set on it
    pairs["text_on_gutter"] = of(palette, "text", "gutter")
    assert too_faint(TEXT, **pairs) == {}


@every_palette
def test_lines_icons_and_fills_can_be_seen(palette: Palette) -> None:
    lines = ("up", "down", "accent", "info", "warning", "ema_fast", "ema_slow", "ema_third", "vwap", "muted", "text")
    pairs = {f"{token}_on_background": of(palette, token, "background") for token in lines}
    # On dialogs and bars: focus and switches, marks of a state, icons. Candles are on backgrounds only.
    pairs |= {f"{token}_on_surface": of(palette, token, "surface") for token in ("accent", "warning", "down", "muted")}
    pairs |= {f"{token}_tag": of(palette, token, "background") for token in ("up_tag", "down_tag")}
    assert too_faint(LINE, **pairs) == {}


@every_palette
def test_text_on_a_fill_can_be_read(palette: Palette) -> None:
    fills = (("on_up", "up_tag"), ("on_down", "down_tag"), ("on_accent", "accent"))
    assert too_faint(TEXT, **{ink: of(palette, ink, fill) for ink, fill in fills}) == {}


@every_palette
def test_text_on_a_badge_can_be_read(palette: Palette) -> None:
    pairs = {
        f"{ink}_on_{ground}": of(palette, ink, ground, tint, BADGE_TINT_RATIO)
        for ink, tint in BADGES
        for ground in ("background", "surface")
    }
    assert too_faint(TEXT, **pairs) == {}


@every_palette
def test_text_on_a_selection_can_be_read(palette: Palette) -> None:
    """Rows of tables lie on backgrounds, entries of lists in dialogs on surfaces, chosen buttons on raised."""
    ratio = palette.accent_tint_ratio
    pairs = {f"{ink}_in_a_table": of(palette, ink, "background", "accent", ratio) for ink in INKS}
    pairs |= {f"{ink}_on_{ground}": of(palette, ink, ground, "accent", ratio) for ink in ("text", "accent_text")
              for ground in GROUNDS}  # fmt: skip
    pairs["muted_in_a_list"] = of(palette, "muted", "surface", "accent", ratio)
    assert too_faint(TEXT, **pairs) == {}


@every_palette
def test_text_on_tints_can_be_read(palette: Palette) -> None:
    pairs = {
        f"text_on_{tint}_at_{ratio}": of(palette, "text", "background", tint, ratio)
        for tint in ("up", "down")
        for ratio in (FLASH_RATIO, VOLUME_RATIO, palette.score_tint_ratio)
    }
    pairs |= {f"text_on_{tint}_banner": of(palette, "text", "surface", tint, BANNER_TINT_RATIO)
              for tint in ("down", "warning", "info")}  # fmt: skip
    pairs["warning_on_its_ribbon"] = of(palette, "warning", "surface", "warning", BANNER_TINT_RATIO)
    assert too_faint(TEXT, **pairs) == {}


@every_palette
def test_the_steps_of_the_heatmap_can_be_told_apart(palette: Palette) -> None:
    steps = [channels(colour) for colour in palette.heatmap]
    lights = [luminance(colour) for colour in steps]
    assert lights == sorted(lights) or lights == sorted(lights, reverse=True)


@pytest.mark.parametrize(("palette", "blind"), [(DARK, DARK_COLOUR_BLIND), (LIGHT, LIGHT_COLOUR_BLIND)])
def test_a_colour_blind_palette_changes_the_two_sides_and_what_looks_like_them_only(
    palette: Palette, blind: Palette
) -> None:
    changed = {name for name in Palette.__struct_fields__ if getattr(palette, name) != getattr(blind, name)}
    sides = {f"{side}{part}" for side in ("up", "down") for part in ("", "_text", "_tag")}
    assert sides <= changed <= sides | {"on_up", "on_down", "info", "warning"}


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
