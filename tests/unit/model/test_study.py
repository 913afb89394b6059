"""What a study may be, and how it is named."""

from __future__ import annotations

import msgspec
import pytest

from virtuoso_desktop.model.study import (
    DEFAULT_STUDIES,
    MOST_STUDIES,
    SPECS,
    Study,
    StudyKind,
    spec_of,
    study_of,
    usable,
)


def test_every_kind_has_one_entry_with_usual_numbers_that_may_be() -> None:
    assert [spec.kind for spec in SPECS] == list(StudyKind)
    for spec in SPECS:
        assert study_of(spec.kind).problem is None
        assert spec.about.endswith(".")
        assert spec_of(spec.kind) is spec


def test_names_tell_studies_apart() -> None:
    names = [study.name for study in (*DEFAULT_STUDIES, study_of(StudyKind.EMA), study_of(StudyKind.BOLLINGER))]
    assert len(set(names)) == len(names)
    assert Study(StudyKind.EMA, (12,)).name == "ema_12"
    assert Study(StudyKind.EMA, (12.0,)).name == "ema_12"
    assert Study(StudyKind.BOLLINGER, (20, 2.5)).title == "BB 20 2.5"


@pytest.mark.parametrize(
    ("study", "said"),
    [
        (Study(StudyKind.EMA, ()), "EMA takes 1 numbers."),
        (Study(StudyKind.EMA, (0,)), "Length is a whole number from 1 to 500."),
        (Study(StudyKind.EMA, (12.5,)), "Length is a whole number from 1 to 500."),
        (Study(StudyKind.EMA, (float("nan"),)), "Length is a whole number from 1 to 500."),
        (Study(StudyKind.SUPERTREND, (10, 0)), "ATRs is a number from 0.1 to 20."),
        (Study(StudyKind.MACD, (26, 26, 9)), "Fast has to be shorter than Slow."),
        (Study(StudyKind.MACD, (12, 26, 9)), None),
    ],
)
def test_what_may_not_be_is_said(study: Study, said: str | None) -> None:
    assert study.problem == said


@pytest.mark.parametrize("text", ["", " ", "x", "1e400", "-1", "12,5", "inf"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert spec_of(StudyKind.EMA).parameters[0].read(text) is None


def test_kept_studies_are_told_apart_and_not_too_many() -> None:
    many = tuple(Study(StudyKind.EMA, (length,)) for length in range(1, 60))
    assert usable(many) == many[:MOST_STUDIES]
    assert usable((many[0], many[0], Study(StudyKind.EMA, (-1,)))) == (many[0],)


def test_a_study_survives_its_way_through_the_cache() -> None:
    stored = msgspec.json.encode(DEFAULT_STUDIES)
    assert msgspec.json.decode(stored, type=tuple[Study, ...]) == DEFAULT_STUDIES
