"""The list of studies: search, choose, set up. What is changed here is drawn at once, and Cancel takes it back."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from virtuoso_desktop.model.study import SPECS, Study, StudyPart, StudySpec, study_of
from virtuoso_desktop.ui.charts.choice import StudyChoice
from virtuoso_desktop.ui.controls import Button
from virtuoso_desktop.ui.dialogs.check_rows import SIDE, CheckRows
from virtuoso_desktop.ui.dialogs.frame import PlainDialog, themed_label
from virtuoso_desktop.ui.fonts import Type
from virtuoso_desktop.ui.search_field import SearchField
from virtuoso_desktop.ui.theme import Theme

LIST_PX = 264
FIELD_PX = 96
_NAME = Qt.ItemDataRole.UserRole
_FRESH_LENGTHS = (50, 100, 200, 20, 9)
"""Lengths of averages that a click adds, as long as they are not there yet."""


class IndicatorsDialog(PlainDialog):
    """Every study with a check mark; beside the list the numbers of the one that is pointed at.

    Parameters
    ----------
    theme : Theme
        Colours.
    choice : StudyChoice
        What the chart draws; it is changed here.
    parent : QWidget
        The window.
    """

    remove_asked = Signal(str)
    """The name of a study: whoever answers can offer to take it back."""

    def __init__(self, theme: Theme, choice: StudyChoice, parent: QWidget) -> None:
        super().__init__(theme, "Indicators", parent)
        self.choice = choice
        self._before = choice.remember()
        """As the studies were when the list was opened."""
        self.close_button.setText("Done")
        self.close_button.setAccessibleName("Done")
        self.close_button.setToolTip("Keep what was changed here")
        self.cancel = Button(theme, "Cancel", is_boxed=True, parent=self)
        self.cancel.setToolTip("Take back what was changed since this was opened (Esc)")
        self.cancel.clicked.connect(self._take_back)
        self.foot.insertWidget(self.foot.indexOf(self.close_button), self.cancel)
        self.search = SearchField(theme, "Search indicators")
        self.list = QListWidget()
        self.list.setAccessibleName("Indicators")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setFixedWidth(LIST_PX)
        self.list.setItemDelegate(CheckRows(theme, self.list))
        self.editor = StudyEditor(theme, choice)
        self.editor.remove_asked.connect(self.remove_asked)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(20)
        row.addLayout(left)
        row.addWidget(self.editor, 1)
        self.body.addLayout(row, 1)
        self.resize(640, 540)
        self.search.textChanged.connect(self._fill)
        self.list.itemChanged.connect(self._on_checked)
        self.list.currentItemChanged.connect(self._on_current)
        self.destroyed.connect(choice.changed.connect(self._on_choice))
        self._fill()
        self.list.setCurrentRow(0)
        self.search.setFocus()

    def _take_back(self) -> None:
        """The studies are again what they were when the list was opened."""
        self.choice.recall(self._before)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._take_back()
        else:
            super().keyPressEvent(event)

    def point_at(self, name: str) -> None:
        """Show the numbers of a study."""
        self.search.clear()
        self._select(name)
        self.editor.focus_first()

    # --- the list --------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Rows that match what was typed: chosen studies, then what can be added of the kind."""
        current = self.list.currentItem()
        kept = "" if current is None else current.data(_NAME)
        words = self.search.text().casefold().split()
        self.list.blockSignals(True)
        self.list.clear()
        for spec in SPECS:
            side = "pane" if spec.has_pane else "on candles"
            chosen = [study for study in self.choice.studies if study.kind is spec.kind]
            rows = [(study.name, study.title, True) for study in chosen]
            if not chosen or spec.is_repeatable:
                rows.append((spec.kind.value, spec.title if not chosen else f"Add another {spec.title}", False))
            for name, title, is_chosen in rows:
                if all(word in f"{title} {spec.title} {spec.about}".casefold() for word in words):
                    full = title if spec.is_repeatable or not is_chosen else _full(spec, title)
                    self._add_row(name, full, side, is_chosen=is_chosen)
        self.list.blockSignals(False)
        if not self.list.count():
            self.editor.show_nothing()
        self._select(kept)

    def _add_row(self, name: str, title: str, side: str, *, is_chosen: bool) -> None:
        item = QListWidgetItem(title, self.list)
        item.setData(SIDE, side)
        item.setData(_NAME, name)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)

    def _select(self, name: str) -> None:
        for row in range(self.list.count()):
            if self.list.item(row).data(_NAME) == name:
                self.list.setCurrentRow(row)
                return
        self.list.setCurrentRow(0)

    def _on_checked(self, item: QListWidgetItem) -> None:
        name = str(item.data(_NAME))
        if item.checkState() is Qt.CheckState.Checked:
            study = fresh_study(next(spec for spec in SPECS if spec.kind.value == name), self.choice)
            if study is not None and self.choice.add(study):
                self._select(study.name)
            else:
                self._fill()
        else:
            self.remove_asked.emit(name)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if item is None:
            self.editor.show_nothing()
            return
        name = str(item.data(_NAME))
        study = self.choice.find(name)
        if study is not None and self.choice.is_chosen(name):
            self.editor.show_study(study)
        else:
            self.editor.show_spec(next(spec for spec in SPECS if name.startswith(spec.kind.value)))

    def _on_choice(self, _choice: StudyChoice) -> None:
        edited = self.editor.name
        self._fill()
        if edited:
            self._select(edited)


class StudyEditor(QWidget):
    """The numbers of one study; what may not be is said beside its field and the last valid value stays."""

    remove_asked = Signal(str)

    def __init__(self, theme: Theme, choice: StudyChoice) -> None:
        super().__init__()
        self._theme = theme
        self._choice = choice
        self.name = ""
        """Of the study whose numbers are shown; empty for none."""
        self.fields: list[QLineEdit] = []
        self.parts: dict[str, QCheckBox] = {}
        """By key: what can be left out of the study."""
        self._title = themed_label("", Type.TITLE)
        self._about = themed_label("", Type.BODY, "muted")
        self._about.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.shown = QCheckBox("Visible")
        self.shown.toggled.connect(self._on_shown)
        self.remove = Button(theme, "Remove", "trash", is_boxed=True)
        self.remove.setToolTip("Remove from the chart")
        self.remove.clicked.connect(lambda: self.remove_asked.emit(self.name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (self._title, self._about):
            layout.addWidget(part)
        layout.addSpacing(8)
        layout.addLayout(self._grid)
        layout.addWidget(self.problem)
        layout.addWidget(self.shown)
        layout.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No study matches."""
        self._say("No indicator matches", "Clear the search to see them all.")

    def show_spec(self, spec: StudySpec) -> None:
        """A study that is not drawn: what it would show."""
        self._say(spec.title, f"{spec.about} Check it to draw it.")

    def show_study(self, study: Study) -> None:
        """The numbers of a chosen study."""
        if study.name == self.name:
            self._sync(study)
            return
        self._say(study.title, study.spec.about)
        self.name = study.name
        for row, (parameter, value) in enumerate(zip(study.spec.parameters, study.values, strict=True)):
            field = QLineEdit(f"{value:g}")
            field.setFixedWidth(FIELD_PX)
            field.setAccessibleName(parameter.words)
            field.setToolTip(parameter.rule)
            field.textEdited.connect(self._on_typed)
            self._grid.addWidget(themed_label(parameter.words), row, 0)
            self._grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignLeft)
            self.fields.append(field)
        for part in study.spec.parts:
            self._add_part(part)
        self._grid.setColumnStretch(2, 1)
        self._sync(study)
        for part in (self.shown, self.remove):
            part.setVisible(True)

    def _add_part(self, part: StudyPart) -> None:
        box = QCheckBox(part.words)
        box.toggled.connect(lambda is_drawn: self._choice.set_part(self.name, part, is_drawn))
        self._grid.addWidget(box, self._grid.rowCount(), 0, 1, 2)
        self.parts[part.key] = box

    def focus_first(self) -> None:
        """The first number can be typed over."""
        if self.fields:
            self.fields[0].setFocus()
            self.fields[0].selectAll()

    def _sync(self, study: Study) -> None:
        self._title.setText(study.title)
        self.shown.blockSignals(True)
        self.shown.setChecked(study.is_shown)
        self.shown.blockSignals(False)
        for key, box in self.parts.items():
            box.blockSignals(True)
            box.setChecked(key not in study.without)
            box.blockSignals(False)

    def _say(self, title: str, about: str) -> None:
        self.name = ""
        self.fields = []
        self.parts = {}
        while (taken := self._grid.takeAt(0)) is not None:
            widget = taken.widget()
            if widget is not None:
                widget.deleteLater()
        self._title.setText(title)
        self._about.setText(about)
        self.problem.setText("")
        for part in (self.shown, self.remove):
            part.setVisible(False)

    def _on_typed(self) -> None:
        study = self._choice.find(self.name)
        if study is None:
            return
        values: list[float] = []
        problem = ""
        for field, parameter in zip(self.fields, study.spec.parameters, strict=True):
            value = parameter.read(field.text())
            self._mark(field, is_wrong=value is None)
            if value is None:
                problem = problem or parameter.rule
            else:
                values.append(value)
        if not problem:
            problem = self._apply(study, msgspec.structs.replace(study, values=tuple(values)))
        if problem:
            problem += f" {study.title} stays as it is."
        self.problem.setText(problem)
        self.problem.setStyleSheet(f"color: {self._theme.palette.down_text}")

    def _apply(self, before: Study, wanted: Study) -> str:
        """Draw the wanted numbers; returns why not, empty when it was done."""
        if wanted.problem is not None:
            for field in self.fields:
                self._mark(field, is_wrong=True)
            return wanted.problem
        if wanted.name == before.name:
            return ""
        self.name = wanted.name
        if self._choice.replace(before.name, wanted):
            return ""
        self.name = before.name
        return f"{wanted.title} is on the chart already."

    def _mark(self, field: QLineEdit, *, is_wrong: bool) -> None:
        field.setStyleSheet(f"border: 1px solid {self._theme.palette.down}" if is_wrong else "")

    def _on_shown(self, is_shown: bool) -> None:
        study = self._choice.find(self.name)
        if study is not None:
            self._choice.replace(self.name, msgspec.structs.replace(study, is_shown=is_shown))


def fresh_study(spec: StudySpec, choice: StudyChoice) -> Study | None:
    """A study of a kind that is not on the chart yet; None when all usual numbers are."""
    usual = study_of(spec.kind)
    wanted = [usual]
    if spec.is_repeatable:
        wanted += [Study(spec.kind, (float(length),)) for length in _FRESH_LENGTHS]
    return next((study for study in wanted if not choice.is_chosen(study.name)), None)


def _full(spec: StudySpec, title: str) -> str:
    """The list names a study in full, with its numbers: ``Bollinger bands 20 2``."""
    return f"{spec.title}{title.removeprefix(spec.short)}" if title.startswith(spec.short) else spec.title
