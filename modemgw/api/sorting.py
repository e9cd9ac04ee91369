"""Sorting a batch: what is wrong with one item is told beside it, and the others are sent.

Most batches have nothing wrong and are read at once. Where something is, item by item is looked at,
and whoever else wants something of the loop gets it in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from time import monotonic
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_json

from modemgw.api.problems import Problem, field_problem, invalid_fields
from modemgw.api.requests import (
    MAX_BATCH,
    BatchItem,
    BatchOfMessages,
    BatchOfRecipients,
    Body,
    MoreMessages,
    MoreRecipients,
    PortsBody,
    Recipient,
    SharedFields,
)
from modemgw.api.shape import check_fields, read_document
from modemgw.config.templates import MAX_PARAMETERS
from modemgw.gateway import FieldProblem
from modemgw.store.records import NewMailing, NewMessage

TURN_S = 0.01
"""How long items are looked at before others may do something."""
MAX_ITEM_ERRORS = 8
"""Fields that are described for one item; what is wrong beyond is counted."""
_RECIPIENT: TypeAdapter[str] = TypeAdapter(Recipient)
_SOMEBODY = "+447700900000"
_SOMETHING = {"to": _SOMEBODY}
BatchT = TypeVar("BatchT", bound=Body)


@cache
def _fields(model: type[Body]) -> frozenset[str]:
    return frozenset(f.alias or name for name, f in model.model_fields.items())


_MESSAGE_FIELDS = _fields(SharedFields) | {"to"}


@dataclass(frozen=True, slots=True)
class Forms:
    """The two forms of a body that has many messages."""

    messages: type[MoreMessages]
    recipients: type[MoreRecipients]


NEW_BATCH = Forms(BatchOfMessages, BatchOfRecipients)
ADDED = Forms(MoreMessages, MoreRecipients)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A batch with the items of the wrong shape taken out."""

    body: MoreMessages | MoreRecipients
    """What is said of the batch itself."""
    messages: Iterable[NewMessage]
    positions: Sequence[int]
    """Where the caller had put each of `messages`."""
    problems: dict[int, Problem] = field(default_factory=dict)
    """What is wrong with the others, by their position in the request."""


async def sort(raw: bytes, forms: Forms = NEW_BATCH) -> Sorted:
    """The batch in a body. Raises Problem when it is wrong itself, or no item of it is right."""
    document = read_document(raw)
    if isinstance(document, dict) and "messages" in document:
        return await _sort_messages(raw, document, forms.messages)
    return await _sort_recipients(raw, document, forms.recipients)


async def _sort_messages(raw: bytes, document: dict[str, Any], form: type[MoreMessages]) -> Sorted:
    check_fields(document, _fields(form), {"messages"})
    items = _items(document, "messages")
    if all(map(_is_plain, items)):
        try:
            batch = form.model_validate_json(raw)
        except ValidationError as error:
            if not items:
                raise invalid_fields(map(field_problem, _found(error))) from error
        else:
            return Sorted(batch, batch.new_messages(), range(len(items)))
    whole, rest = _others(form, document, "messages", _SOMETHING)
    bodies, positions, problems = await _each(items, _message)
    _raise_if_hopeless("messages", whole, problems, bodies)
    assert rest is not None, "nothing is wrong with the batch itself"
    return Sorted(rest, (body.new_message() for body in bodies), positions, problems)


async def _sort_recipients(raw: bytes, document: Any, form: type[MoreRecipients]) -> Sorted:
    check_fields(document, _fields(form), {"to"})
    items = _items(document, "to") if isinstance(document, dict) else []
    try:
        batch = form.model_validate_json(raw)
    except ValidationError as error:
        if not items:
            raise invalid_fields(map(field_problem, _found(error))) from error
    else:
        return Sorted(batch, batch.new_messages(), range(len(items)))
    whole, rest = _others(form, document, "to", _SOMEBODY)
    recipients, positions, problems = await _each(items, _recipient)
    _raise_if_hopeless("to", whole, problems, recipients)
    assert rest is not None, "nothing is wrong with the batch itself"
    return Sorted(rest, NewMailing(rest.addressed(""), recipients), positions, problems)


def _items(document: dict[str, Any], name: str) -> list[Any]:
    """The items of a batch; none where pydantic will say that there are none.

    Raises Problem if they are too many: pydantic counts the good ones alone.
    """
    items = document.get(name)
    if not isinstance(items, list):
        return []
    if len(items) > MAX_BATCH:
        detail = f"this holds {len(items):,} items, {MAX_BATCH:,} at most; send several batches"
        raise invalid_fields([FieldProblem(name, detail, "too-long")])
    return items


def _is_plain(item: Any) -> bool:
    """Whether no more can be wrong with an item than is quickly told."""
    if not isinstance(item, dict):
        return True
    ports = item.get("ports")
    params = item.get("params")
    if isinstance(params, dict) and len(params) > MAX_PARAMETERS:
        return False
    return len(item) <= len(_MESSAGE_FIELDS) and not (isinstance(ports, dict) and len(ports) > 2)


def _message(item: Any) -> BatchItem:
    check_fields(item, _MESSAGE_FIELDS)
    if isinstance(item, dict):
        check_fields(item.get("ports"), PortsBody.model_fields)
    return BatchItem.model_validate_json(to_json(item))


def _recipient(item: Any) -> str:
    return _RECIPIENT.validate_python(item, strict=True)


async def _each(
    items: list[Any], read: Callable[[Any], Any]
) -> tuple[list[Any], list[int], dict[int, Problem]]:
    """What is right, where it was, and what is wrong with the others."""
    good: list[Any] = []
    positions: list[int] = []
    problems: dict[int, Problem] = {}
    turn = monotonic() + TURN_S
    for position, item in enumerate(items):
        try:
            good.append(read(item))
            positions.append(position)
        except ValidationError as error:
            problems[position] = invalid_fields(
                (field_problem(found, found["loc"] or ("to",)) for found in _found(error)),
                MAX_ITEM_ERRORS,
            )
        except Problem as problem:
            problems[position] = problem
        if monotonic() > turn:
            await asyncio.sleep(0)
            turn = monotonic() + TURN_S
    return good, positions, problems


def _others(
    model: type[BatchT], document: dict[str, Any], name: str, item: Any
) -> tuple[list[FieldProblem], BatchT | None]:
    """What is wrong with the batch itself, whatever its items are; else the batch without them."""
    try:
        return [], model.model_validate_json(to_json(document | {name: [item]}))
    except ValidationError as error:
        return [field_problem(found) for found in _found(error)], None


def _raise_if_hopeless(
    name: str, whole: list[FieldProblem], problems: dict[int, Problem], good: list[Any]
) -> None:
    if whole or not good:
        raise invalid_fields(
            [
                *whole,
                *(
                    replace(error, field=_place(name, position, error.field))
                    for position, problem in problems.items()
                    for error in problem.errors
                ),
            ]
        )


def _place(name: str, position: int, field: str) -> str:
    return f"{name}[{position}]" if name == field else f"{name}[{position}].{field}"


def _found(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)
