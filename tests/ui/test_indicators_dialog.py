"""The list of studies: search, check marks, numbers that are judged while they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidgetItem, QWidget

from virtuoso_desktop.model.study import CVD, DEFAULT_STUDIES, SPECS, Study, StudyKind, study_of
from virtuoso_desktop.ui.charts.choice import StudyChoice
from virtuoso_desktop.ui.dialogs.indicators import IndicatorsDialog, fresh_study
from virtuoso_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def choice() -> StudyChoice:
    return StudyChoice()


@pytest.fixture
def dialog(qtbot: Any, choice: StudyChoice) -> Iterator[IndicatorsDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    made = IndicatorsDialog(Theme(), choice, window)
    made.remove_asked.connect(choice.remove)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    window.close()  # the window lives as long as the test


def rows(dialog: IndicatorsDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def item(dialog: IndicatorsDialog, title: str) -> QListWidgetItem:
    return next(dialog.list.item(row) for row in range(dialog.list.count()) if dialog.list.item(row).text() == title)


def type_over(qtbot: Any, dialog: IndicatorsDialog, field: int, typed: str) -> None:
    dialog.editor.fields[field].selectAll()
    qtbot.keyClicks(dialog.editor.fields[field], typed)


def test_every_kind_is_listed_and_what_is_drawn_is_checked(dialog: IndicatorsDialog) -> None:
    listed = rows(dialog)
    for spec in SPECS:
        assert any(spec.title in row for row in listed), spec.title
    checked = [row for row in listed if item(dialog, row).checkState() is Qt.CheckState.Checked]
    assert len(checked) == len(DEFAULT_STUDIES)
    assert "EMA 12" in checked
    assert "Add another EMA" in listed
    assert not dialog.isModal()


def test_search_finds_by_name_and_by_what_it_shows(qtbot: Any, dialog: IndicatorsDialog) -> None:
    qtbot.keyClicks(dialog.search, "choch")
    assert rows(dialog) == ["Swings and breaks"]
    dialog.search.clear()
    qtbot.keyClicks(dialog.search, "vol")
    assert "Volume profile" in rows(dialog)
    assert "RSI 14" not in rows(dialog)
    dialog.search.setText("no such thing")
    assert rows(dialog) == []
    assert dialog.editor.name == ""


def test_a_check_adds_and_its_removal_removes(dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    item(dialog, "MACD").setCheckState(Qt.CheckState.Checked)
    assert choice.is_chosen("macd_12_26_9")
    assert dialog.editor.name == "macd_12_26_9"
    assert [field.text() for field in dialog.editor.fields] == ["12", "26", "9"]
    item(dialog, "MACD 12 26 9").setCheckState(Qt.CheckState.Unchecked)
    assert not choice.is_chosen("macd_12_26_9")
    item(dialog, "EMA 12").setCheckState(Qt.CheckState.Unchecked)
    assert not choice.is_chosen("ema_12")


def test_several_averages_can_be_added(dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    for _ in range(3):
        item(dialog, "Add another EMA").setCheckState(Qt.CheckState.Checked)
    lengths = [study.values[0] for study in choice.studies if study.kind is StudyKind.EMA]
    assert lengths == [12, 26, 50, 100, 200]


def test_numbers_take_effect_as_they_are_typed(qtbot: Any, dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    dialog.point_at("ema_12")
    type_over(qtbot, dialog, 0, "21")
    assert choice.is_chosen("ema_21")
    assert not choice.is_chosen("ema_12")
    assert dialog.editor.fields[0].text() == "21"
    assert "EMA 21" in rows(dialog)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "Length is a whole number from 1 to 500."),
        ("501", "Length is a whole number from 1 to 500."),
        ("2.5", "Length is a whole number from 1 to 500."),
        ("x", "Length is a whole number from 1 to 500."),
        ("nan", "Length is a whole number from 1 to 500."),
        ("26", "EMA 26 is on the chart already."),
    ],
)
def test_what_may_not_be_is_said_and_the_last_valid_value_stays(
    qtbot: Any, dialog: IndicatorsDialog, choice: StudyChoice, typed: str, said: str
) -> None:
    dialog.point_at("ema_12")
    field = dialog.editor.fields[0]
    field.setText("")
    field.insert(typed)
    dialog.editor._on_typed()
    assert dialog.editor.problem.text().startswith(said)
    assert dialog.editor.problem.text().endswith("stays as it is.")
    assert choice.is_chosen("ema_12")
    type_over(qtbot, dialog, 0, "13")
    assert dialog.editor.problem.text() == ""
    assert choice.is_chosen("ema_13")


def test_numbers_are_judged_together(qtbot: Any, dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    choice.add(study_of(StudyKind.MACD))
    dialog.point_at("macd_12_26_9")
    dialog.editor.fields[0].setText("30")
    dialog.editor._on_typed()
    assert dialog.editor.problem.text().startswith("Fast has to be shorter than Slow.")
    assert choice.is_chosen("macd_12_26_9")


def test_a_study_can_be_hidden(dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    dialog.point_at("rsi_14")
    dialog.editor.shown.setChecked(False)
    assert choice.find("rsi_14") == Study(StudyKind.RSI, (14,), is_shown=False)
    dialog.editor.shown.setChecked(True)
    assert choice.find("rsi_14") == Study(StudyKind.RSI, (14,))


def test_what_changes_elsewhere_is_shown(dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    removed = choice.remove("rsi_14")
    assert removed is not None
    assert "RSI" in rows(dialog)
    choice.put_back(*removed)
    assert "RSI 14" in rows(dialog)


def test_there_is_always_a_fresh_average_until_all_usual_lengths_are_there() -> None:
    choice = StudyChoice()
    spec = next(spec for spec in SPECS if spec.kind is StudyKind.EMA)
    found: list[float] = []
    while (study := fresh_study(spec, choice)) is not None:
        assert choice.add(study)
        found.append(study.values[0])
    assert len(found) == len(set(found)) >= 5


def test_rows_can_be_told_by_a_screen_reader(dialog: IndicatorsDialog) -> None:
    assert dialog.list.accessibleName() == "Indicators"
    dialog.point_at("macd_12_26_9")
    dialog.point_at("ema_26")
    assert dialog.editor.fields[0].accessibleName() == "Length"


def test_a_part_of_a_study_can_be_left_out(dialog: IndicatorsDialog, choice: StudyChoice) -> None:
    dialog.point_at("volume")
    box = dialog.editor.parts[CVD.key]
    assert box.isChecked()
    box.click()
    assert choice.find("volume").without == (CVD.key,)
    assert dialog.editor.name == "volume"
    choice.set_part("volume", CVD, True)
    assert dialog.editor.parts[CVD.key].isChecked()
    dialog.point_at("ema_12")
    assert not dialog.editor.parts


def test_what_is_edited_is_drawn_at_once_and_cancel_takes_it_back(
    qtbot: Any, dialog: IndicatorsDialog, choice: StudyChoice
) -> None:
    before = choice.studies
    drawn: list[tuple[Study, ...]] = []
    choice.changed.connect(lambda changed: drawn.append(changed.studies))
    dialog.point_at("ema_12")
    type_over(qtbot, dialog, 0, "33")
    item(dialog, "MACD").setCheckState(Qt.CheckState.Checked)
    assert Study(StudyKind.EMA, (33,)) in drawn[-1], "the chart shows it while it is typed"
    dialog.cancel.click()
    assert choice.studies == before
    assert drawn[-1] == before
    assert not dialog.isVisible()


@pytest.mark.parametrize("leave", ["done", "window", "escape"])
def test_done_and_the_windows_cross_keep_and_escape_takes_back(
    qtbot: Any, dialog: IndicatorsDialog, choice: StudyChoice, leave: str
) -> None:
    choice.replace("ema_12", Study(StudyKind.EMA, (13,)))
    if leave == "done":
        dialog.close_button.click()
    elif leave == "window":
        dialog.close()
    else:
        qtbot.keyClick(dialog.list, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert choice.is_chosen("ema_13") is (leave != "escape")
