"""What is wrong with a configuration, in lines that name the key and what would be right."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo


class ConfigError(Exception):
    """The configuration cannot be used. `problems` has one line for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def problems_of(error: ValidationError, whole: type[BaseModel]) -> Iterator[str]:
    """A line for each thing that pydantic found wrong with a document of the type `whole`."""
    for item in error.errors(include_url=False):
        place = item["loc"]
        key = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
        kind, message = item["type"], item["msg"].removeprefix("Value error, ")
        given = item.get("input")
        if kind == "extra_forbidden":
            message = f"there is no such key{_what_there_is(whole, place)}"
        elif kind == "missing":
            message = "this key is missing"
        elif isinstance(given, str | int | float) and not key.endswith(".pin"):
            message = f"{message} (it is {given!r})"
        yield f"{key}: {message}" if key else message


def _what_there_is(whole: type[BaseModel], place: tuple[int | str, ...]) -> str:
    """What may stand at a place where an unknown key was found; empty when nobody can say."""
    table: type[BaseModel] | None = whole
    *above, unknown = place
    for step in above:
        if table is not None and isinstance(step, str):
            field = _keys(table).get(step)
            table = None if field is None else _table_in(field.annotation)
    if table is None:
        return ""
    close = difflib.get_close_matches(str(unknown), _keys(table), n=1)
    return f"; is {close[0]} meant?" if close else f"; there is {', '.join(_keys(table))}"


def _keys(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table as the file names them."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The table that a key holds: itself, in a list, or where it may be left out."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table_in, typing.get_args(annotation))), None)
