"""Whom what came in is for, what is found in it, and who keeps it for itself."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_delivery_queue import EXEC, Taking, taking  # noqa: F401  # a fixture
from test_gateway_handlers import message, shop

from modemgw.config import HandlerMatch, HandlerSection
from modemgw.gateway.deliveries.matching import CALL, Found, find, of_call, of_message
from modemgw.store.records import NewMessage
from modemgw.store.sqlite.deliveries import SqliteDeliveries

SENDER = "+447700900555"
CALLED = {"modem": "m1", "sim": "8944", "from": SENDER, "at": 1.0, "name": "Ann"}


def found(match: dict[str, Any], **more: Any) -> Found | None:
    return find(HandlerMatch(**match), of_message(message(**more)))


@pytest.mark.parametrize(
    ("match", "more", "wanted"),
    [
        ({"pattern": r"\d{4}"}, {"text": "order 4711"}, True),
        ({"pattern": r"^\d{4}"}, {"text": "order 4711"}, False),
        ({"pattern": "."}, {"text": None, "data": b"x"}, False),
        ({"pattern": "now$", "keyword": "status"}, {}, True),
        ({"pattern": "later$", "keyword": "status"}, {}, False),
        ({"from": SENDER}, {}, True),
        ({"from": ["+441", SENDER]}, {}, True),
        ({"from": "+44770090055"}, {}, False),
        ({"from": "ACME"}, {"sender": "ACME"}, True),
        ({"from_prefix": "+44"}, {}, True),
        ({"from_pattern": "^[0-9]{3,6}$"}, {}, False),
        ({"from_pattern": "^[0-9]{3,6}$"}, {"sender": "60300"}, True),
        ({"to": "+447700900001"}, {"to": "+447700900001"}, True),
        ({"to": "+447700900001"}, {"to": "+447700900002"}, False),
        ({"to": "+447700900001"}, {"to": None}, False),
        ({"sim": "8944100030"}, {"sim": "8944100030"}, True),
        ({"sim": "8944100030"}, {"sim": "8944100031"}, False),
        ({"modem": "m1"}, {}, True),
        ({"port": 5000}, {"ports": (5000, 1)}, True),
        ({"port": 5000}, {"ports": (1, 5000)}, False),
        ({"port": 5000}, {"ports": None}, False),
        ({"class": 0}, {"message_class": 0}, True),
        ({"class": [1, 2]}, {"message_class": 0}, False),
        ({"class": 0}, {"message_class": None}, False),
    ],
)
def test_all_that_is_said_has_to_fit(
    match: dict[str, Any], more: dict[str, Any], wanted: bool
) -> None:
    assert (found(match, **more) is not None) is wanted


def test_what_is_found_is_the_first_word_the_rest_and_the_groups() -> None:
    assert found({}, text=" Order  4711\n two ") == Found("Order", "4711\n two")
    assert found({}, text="Order") == Found("Order", "")
    assert found({}, text="") == Found()
    assert found({}, text=None, data=b"x") == Found()
    with_groups = found({"pattern": r"(?P<number>\d+)"}, text="Order 4711")
    assert with_groups is not None
    assert with_groups.as_json() == {
        "keyword": "Order",
        "rest": "4711",
        "groups": {"0": "4711", "1": "4711", "number": "4711"},
    }


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        ({}, True),
        ({"from": SENDER}, True),
        ({"from_prefix": "+49"}, False),
        ({"modem": "m2"}, False),
        ({"sim": "8944100030"}, False),
        ({"to": "+447700900001"}, False),
    ],
)
def test_a_call_is_matched_by_who_calls_and_whom(match: dict[str, Any], wanted: bool) -> None:
    called = of_call("1", 1.0, CALLED)
    assert (find(HandlerMatch(**match), called) is not None) is wanted
    nobody = of_call("1", 1.0, {**CALLED, "from": None})
    assert nobody.sender == ""
    assert find(HandlerMatch(from_pattern="."), nobody) is None


# --- who keeps it for itself


STOPPING = [
    {**EXEC, "match": {"keyword": "STOPS"}, "stop": True},
    {**EXEC, "match": {"keyword": "STATUS"}},
    EXEC,
]


async def test_those_after_a_handler_that_stops_do_not_get_what_it_takes(
    tmp_path: Path,
    taking: Taking,  # noqa: F811
) -> None:
    async with shop(tmp_path, *STOPPING) as one:
        await one.receive(message("stops here"))
        await one.receive(message("status"))
        await one.until(*[("delivered", 1)] * 3)
        got = sorted((p.inbound.id, p.subscriber) for p in taking.got if p.inbound)
        assert got == [("in_1", "h1"), ("in_2", "h2"), ("in_2", "h3")]


async def test_who_was_meant_stays_so_over_restarts_and_replays(
    tmp_path: Path,
    taking: Taking,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taking.go_on.clear()
    with monkeypatch.context() as patch:
        async with shop(tmp_path, *STOPPING) as one:
            await one.receive(message("stops here"))
            await taking.until(1)
            patch.setattr(SqliteDeliveries, "release", lambda tx, node: None)
    taking.go_on.set()
    # Another order, and nobody stops: what was decided is not decided anew.
    async with shop(tmp_path, *[{**section, "stop": False} for section in STOPPING]) as one:
        await one.until(("delivered", 1))
        await one.store.write(lambda tx: tx.deliveries.replay([1]))
        one.handlers.wake()
        await taking.until(3)
        await one.until(("delivered", 1))
    assert {p.subscriber for p in taking.got} == {"h1"}


async def test_stopping_can_be_changed_while_a_delivery_is_made(
    tmp_path: Path,
    taking: Taking,  # noqa: F811
) -> None:
    async with shop(tmp_path, *STOPPING[:2]) as one:
        await one.receive(message("status"))
        await one.until(("delivered", 1))
        kinds = [handler.kind for handler in one.handlers.subscribers.values()]
        sections = [HandlerSection(id=f"h{n}", **s) for n, s in enumerate(STOPPING[:2], 1)]
        everything = {"match": HandlerMatch(), "stop": True}
        one.handlers.reconfigure([sections[0].model_copy(update=everything), sections[1]])
        assert [handler.kind for handler in one.handlers.subscribers.values()] == kinds
        await one.receive(message("status"))
        await one.until(("delivered", 1), ("delivered", 1))
        assert taking.got[-1].subscriber == "h1"


# --- what handlers are given


async def test_a_program_is_given_what_was_found(tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = [
        sys.executable,
        "-c",
        f"import sys; open({str(said)!r}, 'w').write(sys.stdin.read())",
    ]
    match = {"keyword": "order", "pattern": r"(?P<number>\d+)"}
    async with shop(tmp_path, {"exec": program, "match": match}) as one:
        await one.receive(message("ORDER 4711"))
        await one.until(("delivered", 1))
    assert json.loads(said.read_text())["match"] == {
        "keyword": "ORDER",
        "rest": "4711",
        "groups": {"0": "4711", "1": "4711", "number": "4711"},
    }


async def test_a_reply_is_filled_in_with_what_was_found(tmp_path: Path) -> None:
    reply = "Order {{ groups.number }} of {{ from }}: {{ keyword }}, {{ rest }}"
    match = {"pattern": r"(?P<number>\d+)"}
    async with shop(tmp_path, {"reply": reply, "match": match}) as one:
        await one.receive(message("Buy 4711"))
        await one.until(("delivered", 1))
        assert one.replies == [
            NewMessage(to=SENDER, text=f"Order 4711 of {SENDER}: Buy, 4711", modem="m1")
        ]


async def test_a_reply_that_says_nothing_is_none(tmp_path: Path) -> None:
    reply = "{% if rest %}{{ rest }}{% endif %}"
    async with shop(tmp_path, {"reply": reply}) as one:
        await one.receive(message("Buy"))
        await one.until(("delivered", 1))
        assert one.replies == []


async def test_a_reply_that_cannot_be_filled_in_is_dead(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "{{ groups.number }}"}) as one:
        await one.receive(message("Buy"))
        await one.until(("dead", 1))
        assert one.replies == []


async def test_a_long_reply_is_bounded(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "{{ text }}{{ text }}"}) as one:
        await one.receive(message("x" * 900))
        await one.until(("delivered", 1))
        (reply,) = one.replies
        assert reply.text == "x" * 1597 + "..."


async def test_replies_to_one_sender_are_given_in_order(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "{{ text }}", "at_once": 8}) as one:
        one.refuse.append(ConnectionError("not at the first time"))
        for n in range(5):
            await one.receive(message(f"number {n}"))
        await one.receive(message("of another", sender="+447700900666"))
        async with asyncio.timeout(30):
            while len(one.replies) < 6:
                await one.again()
                await asyncio.sleep(0.01)
        texts = [reply.text for reply in one.replies if reply.to == SENDER]
        assert texts == [f"number {n}" for n in range(5)]


# --- calls


async def test_a_handler_may_be_for_calls(tmp_path: Path, taking: Taking) -> None:  # noqa: F811
    sections = [
        {**EXEC, "on": "call", "match": {"modem": "m1"}},
        EXEC,
        {"on": "call", "reply": "We call back, {{ name }} ({{ from }}{{ text }})"},
    ]
    async with shop(tmp_path, *sections) as one:
        await one.store.write(lambda tx: tx.events.emit(CALL, CALLED))
        await one.until(("delivered", 1), ("delivered", 1))
        assert [(p.subscriber, p.data, p.inbound) for p in taking.got] == [("h1", CALLED, None)]
        assert one.replies == [
            NewMessage(to=SENDER, text=f"We call back, Ann ({SENDER})", modem="m1")
        ]
        await one.receive(message())
        await one.until(*[("delivered", 1)] * 3)
        assert taking.got[-1].subscriber == "h2"


async def test_a_caller_who_withholds_the_number_is_not_answered(tmp_path: Path) -> None:
    async with shop(tmp_path, {"on": "call", "reply": "We call back"}) as one:
        await one.store.write(lambda tx: tx.events.emit(CALL, {**CALLED, "from": None}))
        await one.until(("dead", 1))
        assert one.replies == []


def test_a_message_as_handlers_see_it_has_all_of_it() -> None:
    one = message(ports=(1, 2), message_class=1, data=b"x", to="+441")
    came = of_message(one)
    assert (came.ports, came.message_class, came.data, came.to) == ((1, 2), 1, b"x", "+441")
    assert of_message(replace(one, sender="")).sender == ""
