"""Texts that handlers make of what was received: `Thank you, {{ from }}`.

Templates of jinja2, in its sandbox, and of its language only what cannot take long or grow without
bounds: values, filters and conditions. There are no loops, calls and assignments, so a text is made
in a time that is proportional to the length of the template, whatever was received.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import AfterValidator

FIELDS = (
    "text", "from", "to", "keyword", "rest", "groups", "modem", "sim", "id", "name", "received_at",
)  # fmt: skip
"""What can be filled in."""
LONGEST = 4000
"""Characters of a template."""
MOST = 50_000
"""Characters of anything on the way: more than a message of 255 parts has."""
_MARKS = ("{{", "{%", "{#")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr,
    nodes.Getitem, nodes.Slice, nodes.If, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Keyword,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Add, nodes.Sub,
    nodes.Concat, nodes.List, nodes.Tuple,
)  # fmt: skip
_FILTERS = (
    "abs", "capitalize", "d", "default", "first", "float", "int", "last", "length", "lower",
    "round", "string", "title", "trim", "truncate", "upper", "wordcount",
)  # fmt: skip


class HandlerText:
    """A text with places that are filled in from what was received.

    Raises ValueError, with a sentence that says what is wrong, for what is no such text.
    """

    def __init__(self, source: str) -> None:
        if len(source) > LONGEST:
            raise ValueError(f"a template may have {LONGEST} characters at most")
        self._source = source
        self._template = None
        if any(mark in source for mark in _MARKS):  # most texts are what they say
            self._template = _compiled(source)

    def render(self, fields: Mapping[str, Any]) -> str:
        """The text for these values of FIELDS. Raises ValueError for one that is not there."""
        if self._template is None:
            return self._source
        try:
            return self._template.render(fields)
        except jinja2.TemplateError as error:
            raise ValueError(str(error)) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error


class _Environment(ImmutableSandboxedEnvironment):
    """What was received is text and numbers, and all of it may be looked at."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`groups.items` is the group of that name."""
        if isinstance(obj, Mapping):
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.globals.clear()
    filters = {name: environment.filters[name] for name in _FILTERS}
    environment.filters = {**filters, "replace": _replace, "time": _time}
    return environment


@lru_cache(maxsize=256)
def _compiled(source: str) -> jinja2.Template:
    environment = _environment()
    try:
        tree = environment.parse(source)
        for node in tree.find_all(nodes.Node):
            if not isinstance(node, _ALLOWED):
                raise ValueError(_not_allowed(node))
            if isinstance(node, nodes.Name) and node.name not in FIELDS:
                there_is = ", ".join(FIELDS)
                raise ValueError(f"there is no {node.name} to fill in; there is {there_is}")
        template = environment.from_string(tree)
    except jinja2.TemplateSyntaxError as error:
        hint = ""
        if "filter named" in str(error.message):
            hint = f" There is {', '.join(sorted(environment.filters))}."
        raise ValueError(f"line {error.lineno} of this template: {error.message}{hint}") from None
    return template


def _not_allowed(node: nodes.Node) -> str:
    what = type(node).__name__.lower()
    return (
        f"line {getattr(node, 'lineno', 1)} of this template: there is no {what!r} here, "
        "only values, filters and conditions"
    )


def _shown(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value


def _replace(text: Any, old: str, new: str) -> str:
    """jinja2's, bounded."""
    said = str(text)
    if len(said) + said.count(old) * (len(new) - len(old)) > MOST:
        raise jinja2.TemplateRuntimeError("replace makes too much of it")
    return said.replace(old, new)


def _time(at: datetime, form: str = "%Y-%m-%d %H:%M", zone: str = "UTC") -> str:
    """A time of day somewhere: `{{ received_at|time("%H:%M", "Europe/London") }}`."""
    try:
        there = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise jinja2.TemplateRuntimeError(f"there is no time zone {zone!r}") from None
    return at.astimezone(there).strftime(form)


def _check(text: str) -> str:
    HandlerText(text)
    return text


TEXT = AfterValidator(_check)
"""Text that a handler can fill in."""
