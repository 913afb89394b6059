"""The settings dialog over a real file: found, explained, judged while typed, taken up, locked, broken, secret."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from keyring.errors import NoKeyringError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from tests.live_analysis import BTC, HISTORY, MINUTE_MS, SETTINGS, T0_MS, Rig, waves
from tests.settings_rig import SettingsRig
from virtuoso_desktop.analysis.scoring import config_hash
from virtuoso_desktop.engine.analysis_core import AnalysisCore
from virtuoso_desktop.engine.live_settings import ChangeRefused, SettingsChange
from virtuoso_desktop.model.instrument import Source
from virtuoso_desktop.settings.explain import value_paths
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.settings import SettingsDialog
from virtuoso_desktop.ui.dialogs.settings_editors import (
    ChoiceEditor,
    ChoicesEditor,
    LineEditor,
    ListEditor,
    NumberEditor,
    SwitchEditor,
)
from virtuoso_desktop.ui.dialogs.settings_rows import SettingRow
from virtuoso_desktop.ui.dialogs.settings_secrets import SecretRow
from virtuoso_desktop.ui.dialogs.settings_words import groups, paths_of
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from virtuoso_desktop.settings.document import KeyPath

Open = "Callable[..., tuple[SettingsDialog, SettingsRig]]"
SIZE: KeyPath = ("universe", "size")
TECHNICAL, VOLUME = ("analysis", "weights", "technical"), ("analysis", "weights", "volume")
BUY, BUY_EXIT = ("analysis", "thresholds", "buy"), ("analysis", "thresholds", "buy_exit")
KEY = ("exchanges", "bybit", "api_credentials", "api_key")


@pytest.fixture
def open_dialog(qtbot: Any, tmp_path: Path) -> Iterator[Callable[..., tuple[SettingsDialog, SettingsRig]]]:
    window = QWidget()
    qtbot.addWidget(window)
    rigs: list[SettingsRig] = []

    def build(*overrides: str, text: str | None = None, **more: Any) -> tuple[SettingsDialog, SettingsRig]:
        rig = SettingsRig(tmp_path, *overrides, **more)
        if text is not None:
            rig.file.write_text(text)
            rig = SettingsRig(tmp_path, *overrides, **more)
        rigs.append(rig)
        asyncio.run(rig.read())
        dialog = SettingsDialog(Theme(), rig.desk, window)
        with qtbot.waitExposed(dialog):
            dialog.show()
        return dialog, rig

    yield build
    for rig in rigs:
        rig.run()
        rig.desk.close()
    window.close()


def row(dialog: SettingsDialog, path: KeyPath) -> SettingRow:
    dialog.point_at(path)
    found = dialog.rows[path]
    assert isinstance(found, SettingRow)
    return found


def type_into(qtbot: Any, dialog: SettingsDialog, path: KeyPath, typed: str) -> SettingRow:
    found = row(dialog, path)
    assert isinstance(found.editor, LineEditor)
    found.editor.line.selectAll()
    if typed:
        qtbot.keyClicks(found.editor.line, typed)
    else:
        qtbot.keyClick(found.editor.line, Qt.Key.Key_Delete)
    return found


def shown(dialog: SettingsDialog) -> list[KeyPath]:
    return [path for path, found in dialog.rows.items() if found.isVisible()]


def test_every_setting_is_in_one_group_and_has_a_row(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    listed = [path for group in groups() for path in paths_of(group)]
    assert sorted(map(str, listed)) == sorted(map(str, value_paths()))
    for number, group in enumerate(groups()):
        dialog.groups.setCurrentRow(number)
        qtbot.waitUntil(lambda group=group: shown(dialog) and len(shown(dialog)) == len(paths_of(group)))
    rig.run()
    assert set(dialog.rows) == set(value_paths())
    assert all(found.words for found in dialog.rows.values())
    assert not dialog.isModal()


def test_every_control_has_a_name_and_a_tooltip(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    dialog.search.setText(" ".join("e"))
    qtbot.waitUntil(lambda: len(dialog.rows) > 60)
    rig.run()
    for button in dialog.findChildren(Button):
        assert button.accessibleName(), button.text()
    for found in dialog.rows.values():
        for part in found.findChildren(QWidget):
            if part.focusPolicy() & Qt.FocusPolicy.TabFocus and not part.isHidden():
                assert part.accessibleName(), found.title
                assert part.toolTip(), (found.title, part.accessibleName())


def test_search_reads_names_explanations_and_names_in_the_file(open_dialog: Any, qtbot: Any) -> None:
    dialog, _ = open_dialog()
    for typed, path in (
        ("colour-blind", ("ui", "colour_blind_safe")),
        ("largest turnover", SIZE),
        ("universe.size", SIZE),
        ("weights volume", VOLUME),
    ):
        dialog.search.setText(typed)
        qtbot.waitUntil(lambda path=path: path in shown(dialog))
        assert len(shown(dialog)) < 6
    dialog.search.setText("no such thing")
    assert shown(dialog) == []
    assert dialog.nothing.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.search.text() == ""
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_kinds_of_editors_are_those_of_the_values(open_dialog: Any) -> None:
    dialog, _ = open_dialog()
    kinds = {
        ("ui", "theme"): ChoiceEditor, ("ui", "colour_blind_safe"): SwitchEditor, SIZE: NumberEditor,
        ("universe", "kinds"): ChoicesEditor, ("universe", "include_symbols"): ListEditor,
        ("network", "proxy"): LineEditor, ("ui", "timeframe"): ChoiceEditor,
    }  # fmt: skip
    for path, kind in kinds.items():
        assert isinstance(row(dialog, path).editor, kind), path


def test_what_is_typed_is_in_force_after_enter_and_stands_in_the_file(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    found = type_into(qtbot, dialog, SIZE, "12")
    assert rig.live.current.universe.size == 35, "nothing half typed is taken up"
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert rig.live.current.universe.size == 12
    assert "size: 12" in rig.file.read_text()
    assert "the default is 35" in found.state
    assert found.reset.isVisible()
    found.reset.click()
    rig.run()
    assert rig.live.current.universe.size == 35
    assert found.editor.value() == 35
    assert not found.reset.isVisible()


def test_after_a_pause_it_is_taken_up_too_and_closing_takes_the_rest(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    type_into(qtbot, dialog, SIZE, "12")
    qtbot.waitUntil(lambda: bool(rig._waiting), timeout=3_000)
    rig.run()
    assert rig.live.current.universe.size == 12
    type_into(qtbot, dialog, SIZE, "14")
    assert dialog.search.text(), "an open search does not keep it open"
    dialog.close()
    assert not dialog.isVisible()
    rig.run()
    assert rig.live.current.universe.size == 14


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        (SIZE, "500", "Should be less than or equal to 200"),
        (SIZE, "", "Should be a valid integer"),
        (BUY_EXIT, "72", "Must have buy (70) above buy_exit (72) above 50"),
        (("universe", "include_symbols"), "BTC/USDT", "letters, figures"),
        (("network", "proxy"), "ftp://x", "Must be http://host:port"),
        (("ui", "instrument"), "BTC", "must be venue:kind:SYMBOL"),
    ],
)
def test_a_wrong_value_is_told_while_typing_and_the_last_right_one_stays(
    open_dialog: Any, qtbot: Any, path: KeyPath, typed: str, words: str
) -> None:
    dialog, rig = open_dialog()
    found = type_into(qtbot, dialog, path, typed)
    assert words.casefold() in found.state.casefold()
    assert found.state.endswith("The last valid value stays in force.")
    assert "solid" in found.editor.line.styleSheet()
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert not rig.file.exists()
    found.reset.click()
    assert "stays in force" not in found.state
    assert found.editor.line.styleSheet() == ""


def test_weights_wait_for_each_other_and_the_heading_tells_the_sum(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    first = type_into(qtbot, dialog, TECHNICAL, "0.3")
    qtbot.keyClick(first.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert "add up to 1, not 1.05" in first.state
    assert rig.live.current.analysis.weights.technical == 0.25
    second = type_into(qtbot, dialog, VOLUME, "0.15")
    assert dialog._headings["analysis", "weights"].side.startswith("sum 1.00")
    qtbot.keyClick(second.editor.line, Qt.Key.Key_Return)
    rig.run()
    weights = rig.live.current.analysis.weights
    assert (weights.technical, weights.volume) == (0.3, 0.15)


def test_weights_changed_here_judge_the_candles_that_close_afterwards(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    analysis, rows = Rig(AnalysisCore(SETTINGS.analysis, Source.DEMO)), waves(1, HISTORY + 120)

    def take(change: SettingsChange) -> None:
        if change.touches("analysis"):
            analysis.run.judge_by(change.after.analysis)

    rig.live.subscribe("the analysis", take)
    analysis.hold(BTC, rows[:HISTORY])
    analysis.settle()
    analysis.close(BTC, HISTORY, rows[HISTORY])
    analysis.settle()
    before = analysis.journal.put_[-1][0].metadata.config_hash
    for path, typed in ((TECHNICAL, "0.15"), (VOLUME, "0.3"), (BUY_EXIT, "52"), (BUY, "55")):
        field = type_into(qtbot, dialog, path, typed)
        qtbot.keyClick(field.editor.line, Qt.Key.Key_Return)
        rig.run()
    closed = len(analysis.journal.put_)
    for number in range(HISTORY + 1, HISTORY + 120):
        analysis.close(BTC, number, rows[number])
    analysis.settle()
    wanted = config_hash(rig.live.current.analysis)
    assert before == config_hash(SETTINGS.analysis) != wanted
    assert {result.metadata.config_hash for result, *_ in analysis.journal.put_[closed:]} == {wanted}
    later = [told for told in analysis.journal.rows() if told.close_ms > T0_MS + (HISTORY + 1) * MINUTE_MS]
    assert {told.config_hash for told in later} == {wanted}, "signals of the new thresholds"


def test_a_refusal_is_told_beside_the_field(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()

    def refuse(change: SettingsChange) -> None:
        if change.after.universe.include_symbols:
            raise ChangeRefused("Bybit does not list NOPE.")

    rig.live.subscribe("the market", refuse)
    found = type_into(qtbot, dialog, ("universe", "include_symbols"), "NOPE")
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert "Bybit does not list NOPE." in found.state
    assert found.editor.value() == ["NOPE"]
    other = type_into(qtbot, dialog, SIZE, "12")
    qtbot.keyClick(other.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert rig.live.current.universe.size == 12, "what was refused holds nothing else up"
    assert "does not list" in found.state


def test_what_needs_a_restart_says_so_and_offers_it(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    found = type_into(qtbot, dialog, ("history", "disk_cap_mb"), "512")
    assert not dialog.restart.isVisible()
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert found.state == "Saved. Counts from the next start; 2048 is in use until then."
    assert dialog.waiting.text() == "1 setting counts from the next start."
    with qtbot.waitSignal(dialog.restart_asked):
        dialog.restart.click()
    assert "the connection is made with it" in row(dialog, ("exchanges", "bybit", "testnet")).state


def test_what_something_else_decides_is_locked_and_says_why(open_dialog: Any, monkeypatch: Any) -> None:
    dialog, _ = open_dialog("universe.size=7", VIRTUOSO_UI__COLOUR_BLIND_SAFE="true")
    size, blind = row(dialog, SIZE), row(dialog, ("ui", "colour_blind_safe"))
    assert (size.editor.value(), size.editor.isEnabled(), size.reset.isVisible()) == (7, False, False)
    assert size.state == "Decided by --set universe.size=7 in this run, so it cannot be changed here."
    assert "environment variable VIRTUOSO_UI__COLOUR_BLIND_SAFE" in blind.state
    dialog.changed_only.click()
    dialog.search.clear()
    dialog.groups.setCurrentRow(1)
    assert shown(dialog) == [SIZE]


def test_a_broken_file_is_told_with_its_line_and_the_dialog_still_works(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog(text="ui:\n  theme: dork\n")
    assert "line 2: ui.theme should be 'dark', 'light' or 'system'" in dialog.broken.words.text()
    assert dialog.broken.isVisible()
    found = type_into(qtbot, dialog, SIZE, "12")
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert "line 2" in found.state
    dialog.broken.aside.click()
    rig.run()
    assert not dialog.broken.isVisible()
    assert (rig.file.parent / "settings.broken.yaml").read_text() == "ui:\n  theme: dork\n"
    found = type_into(qtbot, dialog, SIZE, "13")
    qtbot.keyClick(found.editor.line, Qt.Key.Key_Return)
    rig.run()
    assert rig.live.current.universe.size == 13


def secret_row(dialog: SettingsDialog, rig: SettingsRig) -> SecretRow:
    dialog.point_at(KEY)
    found = dialog.rows[KEY]
    assert isinstance(found, SecretRow)
    rig.run()
    return found


def test_a_secret_goes_into_the_keyring_and_is_never_shown(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    found = secret_row(dialog, rig)
    assert found.state == "Not stored. Has no effect yet."
    qtbot.keyClicks(found.line, "k3y")
    assert found.line.displayText() != "k3y"
    qtbot.keyClick(found.line, Qt.Key.Key_Return)
    rig.run()
    assert rig.ring.kept == {"bybit.api_key": "k3y"}
    assert found.line.text() == ""
    assert found.state.startswith("Stored in the keyring of this computer.")
    assert not rig.file.exists()
    found.forget.click()
    rig.run()
    assert rig.ring.kept == {}
    assert not found.forget.isVisible()


def test_without_a_keyring_the_way_by_the_environment_is_told(open_dialog: Any) -> None:
    class NoKeyring:
        def get_password(self, service: str, username: str) -> str | None:
            raise NoKeyringError

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NoKeyringError

        def delete_password(self, service: str, username: str) -> None:
            raise NoKeyringError

    dialog, rig = open_dialog(keyring=NoKeyring())
    found = secret_row(dialog, rig)
    assert "keyring of this computer refused" in found.state
    assert "environment variable" in found.state
    assert not found.line.isEnabled()


def test_a_secret_of_the_environment_is_said_to_be_there(open_dialog: Any) -> None:
    dialog, rig = open_dialog(BYBIT_API_KEY="k3y")
    found = secret_row(dialog, rig)
    assert found.state == "Set by the environment variable BYBIT_API_KEY, which goes before the keyring."
    assert "k3y" not in found.line.text() + found.line.placeholderText() + found.toolTip()


def test_the_arrows_step_a_number_within_its_bounds(open_dialog: Any, qtbot: Any) -> None:
    dialog, _ = open_dialog()
    size, weight = row(dialog, SIZE).editor, row(dialog, TECHNICAL).editor
    size.show_value(199)
    for _ in range(3):
        qtbot.keyClick(size.line, Qt.Key.Key_Up)
    assert size.value() == 200
    qtbot.keyClick(weight.line, Qt.Key.Key_Down)
    assert weight.value() == 0.24


def test_a_change_of_the_file_is_shown_but_what_is_typed_stays(open_dialog: Any, qtbot: Any) -> None:
    dialog, rig = open_dialog()
    size, theme = type_into(qtbot, dialog, SIZE, "19"), row(dialog, ("ui", "theme"))
    rig.file.write_text("universe: {size: 12}\nui: {theme: light}\n")
    asyncio.run(rig.live.take_file())
    rig.run()
    assert theme.editor.value() == "light"
    assert size.editor.value() == 19
