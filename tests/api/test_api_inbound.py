"""Received messages through the real API: read marks, filters, kinds, conversations; by client and
command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from click.testing import CliRunner
from labs.fake_gateway import NOW

from modemgw.api import render
from modemgw.api.app import create_app
from modemgw.cli import main
from modemgw.client import ApiError, Client, SyncClient
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store.records import (
    Inbound,
    InboundKind,
    Mailing,
    Message,
    MessageStatus,
    Part,
    PartStatus,
)
from modemgw.store.sqlite import FILE_NAME, create_key

ANN, BEN = "+447700900222", "+447700900333"
MMS = {
    "mms": {
        "transaction_id": "T1",
        "location": "http://mms.example/T1",
        "from": ANN,
        "subject": "Pin-Ups",
        "size": 16384,
        "class": "personal",
        "version": "1.0",
        "expires_at": NOW + 3600,
    }
}
PUSH = {
    "wap_push": {
        "content_type": "application/vnd.wap.sic",
        "title": "You have mail",
        "href": "http://www.example.com/",
        "action": "signal-high",
        "id": "m1",
        "created_at": None,
        "expires_at": NOW,
    }
}
MWI = {"mwi": [{"type": "voicemail", "active": True, "count": 3, "store": True, "profile": 1}]}


def received(n: int, sender: str = ANN, **about: Any) -> Inbound:
    return replace(
        Inbound(
            id=f"in_{n}", sender=sender, to="+447700900001", text=f"text {n}", data=None,
            encoding="gsm7", parts_total=1, parts=(), complete=True, modem="m1", sim="8944",
            sent_at=None, received_at=NOW + 10 * n,
        ),
        **about,
    )  # fmt: skip


def sent(n: int, to: str = ANN) -> Message:
    at = NOW + 10 * n + 5
    return Message(
        id=f"msg_{n}", to=to, text=f"sent {n}", data=None, ports=None, type="transactional",
        status=MessageStatus.DELIVERED, encoding="gsm7", message_class=None, receipt=True,
        parts=(Part(1, PartStatus.QUEUED),), error=None, route="default", modem=None, key="k",
        reference=None, callback_url=None, batch=None, tags=(), created_at=at, updated_at=at,
        send_at=None, expires_at=at,
    )  # fmt: skip


RECEIVED = (
    received(1),
    received(2, BEN, kind=InboundKind.FLASH, modem="m2"),
    received(3, BEN, text="half [\N{HORIZONTAL ELLIPSIS}]", complete=False, to="+447700900002"),
    received(4, "Bank", kind=InboundKind.MWI, details=MWI, text=""),
    received(5, kind=InboundKind.WAP_PUSH, details=PUSH, text=None, data=b"\1"),
    received(6, kind=InboundKind.MMS_NOTIFICATION, details=MMS, text=None, data=b"\2"),
)
SENT = (sent(1), sent(2, "+447700900444"), sent(3, BEN))


class House:
    """A gateway in which something was sent and received."""

    def __init__(self, url: str, keys: dict[str, str]) -> None:
        self.url, self.keys = url, keys

    def session(self, key: str) -> ClientSession:
        return ClientSession(self.url, headers={"Authorization": f"Bearer {self.keys[key]}"})


@asynccontextmanager
async def house(tmp_path: Path) -> AsyncIterator[House]:
    keys = {
        name: create_key(tmp_path / FILE_NAME, name, name.split("-"))
        for name in ("admin", "read", "inbound", "read-inbound")
    }
    config = parse({"gateway": {"data_dir": tmp_path}})
    async with Gateway.open(config) as gateway, TestServer(create_app(gateway)) as server:
        for one in RECEIVED:
            await gateway._store.write(lambda tx, one=one: tx.inbound.add(one, ()))  # type: ignore[misc]
        mailings = [Mailing.of(one) for one in SENT]
        await gateway._store.write(lambda tx: tx.messages.insert(mailings))
        yield House(str(server.make_url("/")), keys)


async def got(http: ClientSession, path: str, status: int = 200) -> Any:
    async with http.get(path) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def patched(http: ClientSession, path: str, body: Any, status: int = 200) -> Any:
    async with http.patch(path, json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("", "654321"),
        ("from=%2B447700900333", "32"),
        ("to=%2B447700900002", "3"),
        ("modem=m2", "2"),
        ("kind=mms_notification", "6"),
        ("kind=text&from=%2B447700900222", "1"),
        ("complete=false", "3"),
        ("complete=true&modem=m1", "6541"),
        ("read=false", "654321"),
        ("read=true", ""),
        ("since=2026-11-22T10:00:40Z&until=2026-11-22T10:00:55Z", "54"),
    ],
)
async def test_received_messages_are_filtered(tmp_path: Path, asked: str, ids: str) -> None:
    async with house(tmp_path) as one, one.session("inbound") as http:
        page = await got(http, f"/v1/inbound?{asked}")
        assert "".join(m["id"][3:] for m in page["items"]) == ids
        seen, cursor = "", ""
        while True:
            page = await got(http, f"/v1/inbound?limit=2&{asked}{cursor}")
            seen += "".join(m["id"][3:] for m in page["items"])
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == ids


@pytest.mark.parametrize("asked", ["kind=sms", "read=maybe", "complete=2", "kind="])
async def test_a_filter_that_cannot_be_is_named(tmp_path: Path, asked: str) -> None:
    async with house(tmp_path) as one, one.session("inbound") as http:
        problem = await got(http, f"/v1/inbound?{asked}", 422)
        assert [error["field"] for error in problem["errors"]] == [asked.partition("=")[0]]


async def test_what_special_messages_carry_is_shown(tmp_path: Path) -> None:
    async with house(tmp_path) as one, one.session("inbound") as http:
        mms = await got(http, "/v1/inbound/in_6")
        assert (mms["kind"], mms["data"], mms["wap_push"], mms["mwi"]) == (
            "mms_notification", "Ag==", None, None,
        )  # fmt: skip
        assert mms["mms"] == MMS["mms"] | {"expires_at": "2026-11-22T11:00:00.125Z"}
        push = await got(http, "/v1/inbound/in_5")
        assert push["wap_push"] == PUSH["wap_push"] | {"expires_at": "2026-11-22T10:00:00.125Z"}
        assert (await got(http, "/v1/inbound/in_4"))["mwi"] == MWI["mwi"]


async def test_a_message_is_marked_as_read_and_not_read(tmp_path: Path) -> None:
    async with house(tmp_path) as one, one.session("inbound") as http:
        marked = await patched(http, "/v1/inbound/in_2", {"read": True})
        assert marked == render.inbound(RECEIVED[1]) | {"read": True}
        page = await got(http, "/v1/inbound?read=true")
        assert [m["id"] for m in page["items"]] == ["in_2"]
        assert not (await patched(http, "/v1/inbound/in_2", {"read": False}))["read"]
        assert (await got(http, "/v1/inbound?read=true"))["items"] == []
        await patched(http, "/v1/inbound/in_9", {"read": True}, 404)
        for wrong in ({}, {"read": "yes"}, {"read": None}, {"read": True, "text": "x"}):
            await patched(http, "/v1/inbound/in_2", wrong, 422)


async def test_conversations_are_of_what_the_key_may_see(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        shown = {}
        for key in one.keys:
            async with one.session(key) as http:
                page = await got(http, "/v1/conversations")
                shown[key] = [
                    (
                        c["number"],
                        c["unread"],
                        (c["last"]["message"] or c["last"]["inbound"])["id"],
                        c["last"]["direction"],
                    )
                    for c in page["items"]
                ]
        both = [
            (ANN, 3, "in_6", "received"),
            ("Bank", 1, "in_4", "received"),
            (BEN, 2, "msg_3", "sent"),
            ("+447700900444", 0, "msg_2", "sent"),
        ]
        assert shown["admin"] == shown["read-inbound"] == both
        assert shown["read"] == [(BEN, 0, "msg_3", "sent"), both[3], (ANN, 0, "msg_1", "sent")]
        assert shown["inbound"] == [*both[:2], (BEN, 2, "in_3", "received")]
        async with one.session("read") as http:
            await patched(http, f"/v1/conversations/%2B{ANN[1:]}", {"read": True}, 403)
            await got(http, "/v1/conversations/Bank", 404)


async def test_a_conversation_is_shown_both_ways_and_read(tmp_path: Path) -> None:
    path = f"/v1/conversations/%2B{ANN[1:]}"
    async with house(tmp_path) as one, one.session("admin") as http:
        page = await got(http, f"{path}?limit=2")
        more = await got(http, f"{path}?limit=2&cursor={page['next_cursor']}")
        items = page["items"] + more["items"]
        assert [(i["message"] or i["inbound"])["id"] for i in items] == [
            "in_6", "in_5", "msg_1", "in_1",
        ]  # fmt: skip
        assert (page["number"], more["next_cursor"]) == (ANN, None)
        assert items[2]["message"]["status"] == "delivered"
        assert items[2]["at"] == items[2]["message"]["created_at"]

        assert await patched(http, path, {"read": True, "through": "in_5"}) == {"marked": 2}
        found = await got(http, "/v1/conversations?unread=true")
        assert [(c["number"], c["unread"]) for c in found["items"]] == [
            (ANN, 1), ("Bank", 1), (BEN, 2),
        ]  # fmt: skip
        assert await patched(http, path, {"read": True}) == {"marked": 1}
        assert await patched(http, path, {"read": True}) == {"marked": 0}
        found = await got(http, "/v1/conversations?unread=true&limit=1")
        assert [c["number"] for c in found["items"]] == ["Bank"]
        found = await got(http, f"/v1/conversations?unread=true&cursor={found['next_cursor']}")
        assert [c["number"] for c in found["items"]] == [BEN]


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [
        ("%2B447700900999", {"read": True}, 404),
        ("%2B447700900444", {"read": True}, 404),  # nothing came from there
        ("Bank", {"read": False}, 422),
        ("Bank", {}, 422),
        ("Bank", {"read": True, "through": "in_1"}, 422),
        ("Bank", {"read": True, "through": "in_99"}, 422),
    ],
)
async def test_what_cannot_be_marked_is_said(
    tmp_path: Path, number: str, body: Any, status: int
) -> None:
    async with house(tmp_path) as one, one.session("admin") as http:
        problem = await patched(http, f"/v1/conversations/{number}", body, status)
        if "through" in body:
            assert [error["field"] for error in problem["errors"]] == ["through"]


async def test_cursors_of_other_lists_are_refused(tmp_path: Path) -> None:
    async with house(tmp_path) as one, one.session("admin") as http:
        for path in ("/v1/conversations", "/v1/conversations/Bank"):
            for cursor in ("7", "1.5~7", "x", "1~2~3", "999999999999999999999~1.0~1"):
                problem = await got(http, f"{path}?cursor={cursor}", 422)
                assert [error["field"] for error in problem["errors"]] == ["cursor"]


async def test_the_client_has_it_typed(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.keys["admin"]) as client:
        found = [m async for m in client.inbounds(read=False, complete=True, modem="m1", limit=2)]
        assert [m.id for m in found] == ["in_6", "in_5", "in_4", "in_1"]
        assert found[0].mms is not None
        assert (found[0].mms.from_, found[0].mms.message_class) == (ANN, "personal")
        assert found[1].wap_push is not None
        assert found[1].wap_push.title == "You have mail"
        assert found[2].mwi is not None
        assert [w.type for w in found[2].mwi] == ["voicemail"]
        assert (await client.mark_inbound("in_1")).read
        assert not (await client.mark_inbound("in_1", read=False)).read
        conversations = [c async for c in client.conversations(unread=True, limit=1)]
        assert [(c.number, c.unread) for c in conversations] == [(ANN, 3), ("Bank", 1), (BEN, 2)]
        items = [i async for i in client.conversation(ANN, limit=2)]
        assert [i.direction for i in items] == ["received", "received", "sent", "received"]
        assert items[2].message is not None
        assert items[2].message.text == "sent 1"
        assert await client.mark_conversation(ANN, through="in_1") == 1
        assert await client.mark_conversation(ANN) == 2
        with pytest.raises(ApiError, match="nothing was sent to"):
            _ = [i async for i in client.conversation("nobody")]


def test_the_synchronous_client_has_it_too() -> None:
    for name in ("mark_inbound", "conversations", "conversation", "mark_conversation"):
        assert getattr(SyncClient, name).__doc__ == getattr(Client, name).__doc__


@pytest.mark.parametrize(
    ("words", "seen", "not_seen"),
    [
        (("inbound",), ("in_1", "in_6", "3 voicemail", "MMS Pin-Ups (16,384 octets)"), ()),
        (("inbound", "--kind", "flash"), ("in_2", "flash"), ("in_1",)),
        (("inbound", "--incomplete", "--from", BEN), ("in_3",), ("in_2",)),
        (("inbound", "list", "--unread", "--limit", "1"), ("in_6",), ("in_5",)),
        (("inbound", "--read"), ("There are no such messages.",), ()),
        (("inbound", "show", "in_6"), ("http://mms.example/T1", "mms_notification"), ()),
        (("inbound", "show", "in_5"), ("You have mail", "http://www.example.com/"), ()),
        (("inbound", "show", "in_4"), ("3 voicemail",), ()),
        (("inbound", "read", "in_1", "in_2"), ("in_1 is marked as read", "in_2 is marked"), ()),
        (("inbound", "read", "--unread", "in_1"), ("in_1 is marked as not read",), ()),
        (("conversations",), (ANN, "Bank", BEN, "+447700900444", "sent 3"), ()),
        (("conversations", "--unread"), (ANN, "Bank", BEN), ("+447700900444",)),
        (("conversations", BEN), ("msg_3", "in_3", "in_2", "delivered", "new"), ("in_1",)),
        (("conversations", BEN, "--limit", "1"), ("msg_3",), ("in_3",)),
        (("conversations", ANN, "--read"), (f"3 messages from {ANN} are marked as read",), ()),
    ],
    ids=lambda words: " ".join(words) if words and words[0].isalpha() else "",
)
async def test_commands_show_and_mark(
    tmp_path: Path, words: tuple[str, ...], seen: tuple[str, ...], not_seen: tuple[str, ...]
) -> None:
    async with house(tmp_path) as one:
        result = await call(one, *words)
        assert result.exit_code == 0, result.output
        assert all(text in result.output for text in seen), result.output
        assert not any(text in result.output for text in not_seen), result.output
        if "show" not in words:
            documents = json.loads((await call(one, *words, "--json")).output)
            assert isinstance(documents, list | dict)


async def call(one: House, *words: str) -> Any:
    given = [*words, "--url", one.url, "--key", one.keys["admin"]]
    return await asyncio.to_thread(CliRunner().invoke, main, given, env={"COLUMNS": "200"})


async def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        result = await call(one, "conversations", "--read")
        assert (result.exit_code, "wants the NUMBER" in result.output) == (2, True)
        result = await call(one, "conversations", "nobody")
        assert result.exit_code == 1
        assert "nothing was sent to 'nobody'" in result.output
        result = await call(one, "inbound", "read", "in_99")
        assert "there is no inbound message 'in_99'" in result.output
