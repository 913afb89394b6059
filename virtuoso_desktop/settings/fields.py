"""What may stand in each setting, read from the schema: a face makes the right editor of it."""

from __future__ import annotations

import types
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretStr

from virtuoso_desktop.settings.document import KeyPath
from virtuoso_desktop.settings.explain import value_paths
from virtuoso_desktop.settings.schema import Settings


class FieldKind(Enum):
    """How a value is entered."""

    SWITCH = "switch"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "one of"
    CHOICES = "some of"
    LIST = "list"
    TEXT = "text"
    HIDDEN = "secret"


class Field(NamedTuple):
    """What a setting takes. Bounds are None where there are none."""

    kind: FieldKind
    least: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()
    """What can be chosen."""
    may_be_none: bool = False


@cache
def field_of(path: KeyPath) -> Field:
    """The field of a setting. Raises KeyError when there is none."""
    if path not in value_paths():
        raise KeyError(path)
    model: type[BaseModel] = Settings
    for part in path[:-1]:
        model = cast("type[BaseModel]", model.model_fields[str(part)].annotation)
    info = model.model_fields[str(path[-1])]
    least, most = _bounds(info.metadata)
    return _field(info.annotation, least, most)


def _field(annotation: Any, least: float | None, most: float | None) -> Field:
    annotation, may_be_none = _without_none(_bare(annotation))
    kinds = {bool: FieldKind.SWITCH, int: FieldKind.WHOLE, float: FieldKind.NUMBER, SecretStr: FieldKind.HIDDEN}
    if get_origin(annotation) is Literal:
        return Field(FieldKind.CHOICE, words=tuple(map(str, get_args(annotation))))
    if get_origin(annotation) is tuple:
        words = _words(_bare(get_args(annotation)[0]))
        return Field(FieldKind.CHOICES if words else FieldKind.LIST, words=words)
    words = _words(annotation)
    if words:
        return Field(FieldKind.CHOICE, words=words)
    # A moment is kept as a number, and written as text.
    kind = kinds.get(annotation, FieldKind.TEXT)
    if may_be_none and kind is FieldKind.WHOLE:
        return Field(FieldKind.TEXT, may_be_none=True)
    return Field(kind, least, most, may_be_none=may_be_none)


def _bare(annotation: Any) -> Any:
    """Without what only checks."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    rest = [_bare(each) for each in get_args(annotation) if each is not type(None)]
    return rest[0], True


def _words(annotation: Any) -> tuple[str, ...]:
    if not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return ()
    return tuple(str(each.value) for each in annotation)


def _bounds(metadata: list[Any]) -> tuple[float | None, float | None]:
    least = next((getattr(each, name) for each in metadata for name in ("ge", "gt") if hasattr(each, name)), None)
    most = next((getattr(each, name) for each in metadata for name in ("le", "lt") if hasattr(each, name)), None)
    return least, most
