"""Answers as values: what is known is typed, what is not is there too, nothing can be set."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from typing_extensions import is_typeddict

from modemgw import client
from modemgw.api import answers as served
from modemgw.client import Answer, NotInAnswer, answers
from modemgw.client.answers import Inbound, Message, Modem, Problem

DOCUMENT: dict[str, Any] = {
    "id": "msg_1",
    "to": "+447700900123",
    "text": "secret",
    "data": None,
    "ports": {"destination": 2948, "source": 9200},
    "class": 0,
    "status": "sent",
    "receipt": False,
    "parts": [
        {
            "index": 1,
            "submitted_at": "2026-11-22T10:00:00.125Z",
            "receipt": None,
            "attempts": [{"n": 1, "error": {"code": "cms-21", "permanent": False}}],
        }
    ],
    "tags": ["a", "b"],
    "created_at": "2026-11-22T10:00:00.125Z",
    "send_at": None,
    "of_a_later_version": [1, 2],
}
AT = datetime(2026, 11, 22, 10, 0, 0, 125_000, tzinfo=UTC)


def test_known_fields_are_typed():
    message = Message(DOCUMENT)
    assert (message.id, message.message_class, message.tags) == ("msg_1", 0, ("a", "b"))
    assert message.created_at == AT
    assert message.send_at is None
    assert message.ports is not None
    assert message.ports.destination == 2948
    (part,) = message.parts
    assert part.submitted_at == AT
    (attempt,) = part.attempts
    assert attempt.error is not None
    assert attempt.error.code == "cms-21"
    assert Inbound({"from": "+1", "data": "AP8="}).from_ == "+1"
    assert Inbound({"data": "AP8="}).data == b"\x00\xff"


def test_it_is_what_came():
    message = Message(DOCUMENT)
    assert message["of_a_later_version"] == [1, 2]
    assert message["class"] == 0
    assert message["created_at"] == "2026-11-22T10:00:00.125Z"
    assert message.get("nothing") is None
    assert dict(message) == DOCUMENT == message
    assert json.loads(json.dumps(message.document)) == DOCUMENT


def test_what_an_older_gateway_does_not_send_is_missed_only_when_it_is_wanted():
    message = Message({"id": "msg_1"})
    assert message.id == "msg_1"
    with pytest.raises(NotInAnswer, match="no 'route' in this Message"):
        _ = message.route
    assert Problem({"status": 500}).errors == ()


def test_nothing_can_be_set():
    message = Message(DOCUMENT)
    for name in ("status", "new", "document"):
        with pytest.raises(AttributeError):
            setattr(message, name, "delivered")
    with pytest.raises(TypeError):
        message["status"] = "delivered"  # type: ignore[index]


def test_it_can_be_copied_and_kept():
    message = Message(DOCUMENT)
    for other in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert (type(other), other) == (Message, message)


def test_no_text_and_no_number_is_in_what_is_logged():
    assert repr(Message(DOCUMENT)) == "Message(id='msg_1', status='sent')"
    assert "+44" not in f"{Modem({'id': 'm1', 'sim': {'number': '+447700900123'}})}"


@pytest.mark.parametrize(
    ("status", "receipt", "final"),
    [
        ("queued", True, False),
        ("sending", False, False),
        ("sent", True, False),
        ("sent", False, True),
        ("delivered", True, True),
        ("unknown", True, True),
    ],
)
def test_what_is_final(status, receipt, final):
    assert Message({"status": status, "receipt": receipt}).is_final is final


ELSEWHERE = {"from": "from_", "class": "message_class"}
KINDS = [
    name
    for name, kind in vars(answers).items()
    if isinstance(kind, type) and issubclass(kind, Answer) and is_typeddict(vars(served).get(name))
]


def test_most_answers_of_the_server_are_compared():
    assert len(KINDS) > 20


@pytest.mark.parametrize("name", KINDS)
def test_each_class_has_the_fields_that_the_server_sends(name):
    """Field by field, and what may be null, so that the two cannot part."""
    sent = get_type_hints(vars(served)[name])
    known = get_type_hints(vars(answers)[name])
    assert {ELSEWHERE.get(field, field) for field in sent} <= known.keys()
    for field, hint in sent.items():
        mine = known[ELSEWHERE.get(field, field)]
        may_be_missing = hasattr(vars(answers)[name]({}), field)
        if mine is not Any and not may_be_missing:
            assert (NoneType in get_args(hint)) == (NoneType in get_args(mine)), field


def test_the_client_does_without_the_server():
    """Users install it beside their own programs: no pydantic, no phonenumbers, no SQLite."""
    package = Path(client.__file__).parent
    imported = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"aiohttp", "modemgw", "standardwebhooks"}
