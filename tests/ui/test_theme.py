from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QLineEdit

from virtuoso_desktop.kernel.paths import resource
from virtuoso_desktop.ui import icons
from virtuoso_desktop.ui.fonts import Type, font, make_font
from virtuoso_desktop.ui.logo import paint_logo
from virtuoso_desktop.ui.motion import ask_desktop
from virtuoso_desktop.ui.theme import Theme
from virtuoso_desktop.ui.tokens import COLOUR_TOKENS, DARK, DARK_COLOUR_BLIND, LIGHT, ThemeChoice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def plain(qapp: QApplication) -> Iterator[None]:
    before, palette = qapp.font(), qapp.palette()
    yield
    qapp.setStyleSheet("")
    qapp.setPalette(palette)
    qapp.setFont(before)


def test_a_choice_replaces_palette_style_and_tells(plain: None, qapp: QApplication) -> None:
    theme, told = Theme(), []
    theme.changed.connect(lambda changed: told.append(changed.palette))
    theme.apply()
    assert qapp.palette().color(QPalette.ColorRole.Base) == QColor(DARK.background)
    theme.choose(ThemeChoice.LIGHT)
    assert theme.palette is LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Base) == QColor(LIGHT.background)
    assert LIGHT.raised2 in qapp.styleSheet()
    theme.set_colour_blind(True)
    theme.choose(ThemeChoice.DARK)
    assert theme.palette is DARK_COLOUR_BLIND
    assert len(told) == 3


def test_system_follows_the_desktop(plain: None) -> None:
    is_dark = [False]
    theme = Theme(ThemeChoice.SYSTEM, asks_dark=lambda: is_dark[0])
    assert theme.palette is LIGHT
    theme.apply()
    is_dark[0] = True
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.palette is DARK
    theme.choose(ThemeChoice.LIGHT)
    QGuiApplication.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.palette is LIGHT, "a choice of one's own stays"


def test_the_cycle_goes_through_all_choices(plain: None) -> None:
    theme = Theme()
    assert [theme.cycle() for _ in range(3)] == [ThemeChoice.LIGHT, ThemeChoice.SYSTEM, ThemeChoice.DARK]


def test_every_token_gives_a_colour_and_the_same_one_again(plain: None) -> None:
    theme = Theme()
    for token in COLOUR_TOKENS:
        assert theme.color(token).isValid()
    assert theme.color("up", 0.28) is theme.color("up", 0.28)
    assert theme.color("up", 0.28).alphaF() == pytest.approx(0.28, abs=0.01)


def test_reduced_motion_follows_the_desktop_until_the_user_chooses(plain: None) -> None:
    theme = Theme()
    theme.system_reduces_motion = True
    assert theme.reduced_motion
    theme.set_reduced_motion(False)
    assert not theme.reduced_motion


def test_asking_the_desktop_for_motion_never_fails(qapp: QApplication, qtbot: QtBot) -> None:
    answers: list[bool] = []
    ask_desktop(qapp, answers.append)
    qtbot.wait(20)
    assert all(isinstance(answer, bool) for answer in answers)


@pytest.mark.parametrize("role", [role for role in Type if role.value[3]], ids=lambda role: role.name)
def test_figures_are_tabular(role: Type, qapp: QApplication) -> None:
    metrics = QFontMetricsF(font(role))
    widths = {metrics.horizontalAdvance(figure * 10) for figure in "0123456789"}
    assert len(widths) == 1


def test_the_bundled_families_are_used_with_their_weights(qapp: QApplication) -> None:
    assert font(Type.BODY).family() == "Inter"
    assert font(Type.CODE).family() == "JetBrains Mono"
    light, heavy = QFontMetricsF(make_font(40, 400)), QFontMetricsF(make_font(40, 600))
    assert heavy.horizontalAdvance("Markets") > light.horizontalAdvance("Markets")


def test_weight_and_features_survive_the_style_sheet(plain: None, qtbot: QtBot) -> None:
    theme = Theme()
    theme.apply()
    field = QLineEdit()
    qtbot.addWidget(field)
    field.setFont(font(Type.KEY))
    field.show()
    assert field.font().variableAxisTags()
    assert field.font().featureTags()


def test_every_icon_has_an_outline_inside_its_square(qapp: QApplication) -> None:
    for name in icons._CODES:
        box = icons.outline(name).boundingRect()
        assert not box.isEmpty(), name
        assert QRectF(-0.01, -0.01, 1.02, 1.02).contains(box), name


def test_the_painted_mark_is_the_packaged_file(plain: None) -> None:
    theme = Theme()
    painted, rendered = (QImage(96, 96, QImage.Format.Format_RGB32) for _ in range(2))
    for image in (painted, rendered):
        image.fill(QColor("black"))
    painter = QPainter(painted)
    paint_logo(painter, theme, QRectF(0, 0, 96, 96))
    painter.end()
    painter = QPainter(rendered)
    QSvgRenderer(str(resource("resources/icons/virtuoso.svg"))).render(painter, QRectF(0, 0, 96, 96))
    painter.end()
    far = sum(
        abs(painted.pixelColor(x, y).green() - rendered.pixelColor(x, y).green()) > 80
        for x in range(96)
        for y in range(96)
    )
    assert far < 20
