"""What the window needs before the settings are read, and who is welcomed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtuoso_desktop.app.arguments import Options, Screenshot
from virtuoso_desktop.app.early_settings import QT_VARIABLE, EarlySettings, QtScale
from virtuoso_desktop.app.first_run import welcomes
from virtuoso_desktop.app.last_start import FILE


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("VIRTUOSO_UI__") or name == QT_VARIABLE:
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("text", "pct"),
    [
        ("ui:\n  scale_pct: 150\n", 150),
        ("ui: {theme: dark, scale_pct: 125}\n", 125),
        ("ui:\n  # scale_pct: 150\n", 100),
        ("# scale_pct: 150\nui:\n  scale_pct: 200   # large\n", 200),
        ("ui:\n  scale_pct: 900\n", 100),
        ("ui:\n  scale_pct: much\n", 100),
        ("\x00\xff: [", 100),
        ("", 100),
    ],
)
def test_the_size_is_found_in_the_file(tmp_path: Path, text: str, pct: int) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    assert EarlySettings(Options(), file).scale_pct == pct


def test_the_command_line_goes_before_the_environment_and_both_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.yaml"
    assert EarlySettings(Options(), file).scale_pct == 100
    file.write_text("ui:\n  scale_pct: 150\n  theme: light\n")
    assert EarlySettings(Options(), file).value("theme") == "light"
    assert EarlySettings(Options(), file).named("theme") is None
    monkeypatch.setenv("VIRTUOSO_UI__SCALE_PCT", "175")
    assert EarlySettings(Options(), file).scale_pct == 175
    assert EarlySettings(Options(overrides=("ui.scale_pct=110",)), file).scale_pct == 110


def test_qt_is_told_the_size_only_while_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    with QtScale(150):
        assert os.environ[QT_VARIABLE] == "1.5"
    assert QT_VARIABLE not in os.environ
    with QtScale(100):
        assert QT_VARIABLE not in os.environ
    monkeypatch.setenv(QT_VARIABLE, "3")
    with QtScale(150):
        assert os.environ[QT_VARIABLE] == "3"
    assert os.environ[QT_VARIABLE] == "3"


def test_a_new_person_is_welcomed_once(tmp_path: Path) -> None:
    plain = Options(profile=tmp_path)
    assert welcomes(plain, tmp_path)
    assert welcomes(plain, tmp_path / "nowhere yet")
    (tmp_path / FILE).write_text("{}")
    assert not welcomes(plain, tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        Options(demo=True), Options(headless=True), Options(overrides=("universe.size=3",)), Options(duration_s=5.0),
        Options(config=Path("mine.yaml")), Options(screenshot=Screenshot(Path("p.png"), 1.0, (800, 600))),
        Options(report=Path("r.json")),
    ],
)  # fmt: skip
def test_who_says_how_to_start_is_not_asked(tmp_path: Path, said: Options) -> None:
    assert not welcomes(said, tmp_path)


def test_a_settings_file_or_variable_is_an_answer_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.yaml").write_text("")
    assert not welcomes(Options(), tmp_path)
    (tmp_path / "settings.yaml").unlink()
    monkeypatch.setenv("VIRTUOSO_UI__THEME", "light")
    assert not welcomes(Options(), tmp_path)
