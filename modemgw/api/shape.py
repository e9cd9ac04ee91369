"""How much a body may hold, looked at before anything is made of it.

Describing what is wrong costs far more than reading it: a body of 4 MB can hold two million items
that are wrong, and the loop waits for whoever describes them. So what is too much is counted here,
and told as one problem.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic_core import from_json

from modemgw.api.problems import Problem, invalid_fields, invalid_json
from modemgw.gateway import FieldProblem

FEW = 64
"""Values that cost nothing to look at: a body with no more of them is read without a count."""
MAX_VALUES = 1_000_000
"""Values in one body: those of 10,000 messages, every field and tag of them given."""
MAX_UNKNOWN = 8
"""Unknown fields of one object that are named; more are counted."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""A JSON string; one that does not end goes to the end, so that nothing is looked at twice."""


def is_small(raw: bytes) -> bool:
    """Whether a body has so few values that whatever is wrong with it is quickly told."""
    return raw.count(b",") <= FEW


def read_document(raw: bytes) -> Any:
    """What a body says. Raises Problem when it is no JSON, or holds more values than MAX_VALUES."""
    if _structure(raw) > MAX_VALUES and _structure(_STRING.sub(b"", raw)) > MAX_VALUES:
        raise Problem("too-large", f"the body may hold {MAX_VALUES:,} values at most")
    try:
        with _uncollected():
            return from_json(raw)
    except ValueError as error:
        raise invalid_json(str(error)) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: it would look at what is being made a hundred times."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def check_fields(document: Any, known: Collection[str], lists: Collection[str] = ()) -> None:
    """Raises Problem for an object with more than can be described; else says nothing.

    `known`: the fields there are. `lists`: those that may be long.
    """
    if not isinstance(document, dict):
        return
    problems: list[FieldProblem] = []
    unknown = [name for name in document if name not in known]
    if len(unknown) > MAX_UNKNOWN:
        some = ", ".join(repr(name[:40]) for name in unknown[:3])
        problems.append(
            FieldProblem("body", f"{len(unknown):,} fields that there are not: {some} …", "unknown")
        )
    for name in known:
        value = document.get(name)
        if isinstance(value, list | dict) and len(value) > FEW and name not in lists:
            problems.append(
                FieldProblem(name, f"this holds {len(value):,} values, {FEW} at most", "too-long")
            )
    if problems:
        raise invalid_fields(problems)


def _structure(raw: bytes) -> int:
    return sum(raw.count(mark) for mark in (b",", b"[", b"{"))
