"""The real daemon, killed in the middle: every event is told at least once, in its order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config
from labs.receiver import (
    Answer,
    Receiver,
    answers,
    breaks_off,
    floods,
    hangs,
    hangs_up,
    late,
    receiver,
)
from labs.waiting import until
from standardwebhooks import Webhook as Verifier

from modemgw.client import Client
from modemgw.store.sqlite import FILE_NAME, create_key

pytestmark = pytest.mark.e2e

ORDER = ["message.queued", "message.sent", "message.delivered"]

MISBEHAVING: dict[str, list[Answer]] = {
    "hangs": [hangs] * 2,
    "answers 500": [answers(500)] * 6,
    "hangs up": [hangs_up] * 6,
    "breaks off": [breaks_off] * 6,
    "redirects": [answers(302, Location="http://127.0.0.1:9/")] * 6,
    "floods": [floods] * 6,
    "answers too late": [late(16, answers(200))] * 2,
    "is fine": [],
}


def stories(there: Receiver) -> dict[str, list[str]]:
    """What a receiver was told of each message: repetitions left out by their ids."""
    told: dict[str, list[str]] = {}
    seen = set()
    for request in there.got:
        if request.id not in seen:
            seen.add(request.id)
            told.setdefault(request.document["data"]["id"], []).append(request.document["type"])
    return told


def in_order(there: Receiver) -> bool:
    """Whether of no message something was told after what came later, repetitions counted."""
    last: dict[str, int] = {}
    for request in there.got:
        message, place = request.document["data"]["id"], ORDER.index(request.document["type"])
        if place < last.get(message, 0):
            return False
        last[message] = place
    return True


def as_it_went(there: Receiver, statuses: dict[str, str], unheard: set[str]) -> bool:
    """Whether each message was told whole; what was in the air at the kill may lack `sent`.

    `unheard`: sent before the kill, so that their reports may have come while nobody listened.
    """
    told = stories(there)
    return all(
        (told.get(id), status) in ((ORDER, "delivered"), ([ORDER[0], ORDER[2]], "delivered"))
        or (told.get(id) == ORDER[:1] and status == "sending")
        or (told.get(id) == ORDER[:2] and status == "sent" and id in unheard)
        for id, status in statuses.items()
    )


@pytest.mark.timeout(118)
async def test_whatever_receivers_do_and_after_kill_nine_each_event_is_told_in_order(
    tmp_path: Path,
) -> None:
    count = 30
    async with AsyncExitStack() as stack:
        bank = await stack.enter_async_context(bank_of(tmp_path, 2, part_seconds=0.05))
        config = write_config(tmp_path, bank.paths)
        there = {
            name: await stack.enter_async_context(receiver(*script))
            for name, script in MISBEHAVING.items()
        }
        called = await stack.enter_async_context(receiver())
        made: dict[str, Any] = {}
        accepted: list[str] = []

        async with daemon(config) as one:
            async with Client(one.url, one.key) as client:
                for name, server in there.items():
                    made[name] = await client.create_webhook(server.url, ["message.*"])
                await until_ready(one.url)
                for i in range(count):
                    sent = await client.send(
                        f"+99900000{i:05d}", text="hello", callback_url=called.url
                    )
                    accepted.append(sent["id"])
                    assert sent["callback_url"] == called.url
                await there["is fine"].until(count)
            killed_at = datetime.now(UTC)
            one.process.kill()
            await one.process.wait()

        async with daemon(config) as one, Client(one.url, one.key) as client:
            statuses: dict[str, str] = {}

            async def told() -> bool:
                found = [m async for m in client.messages(limit=200)]
                statuses.update({m["id"]: m["status"] for m in found})
                unheard = {
                    m["id"] for m in found if datetime.fromisoformat(m["updated_at"]) <= killed_at
                }
                servers = (*there.values(), called)
                return all(as_it_went(server, statuses, unheard) for server in servers)

            await until(told, 90, lambda: ({n: len(s.got) for n, s in there.items()}, statuses))
            assert await one.end() == 0

        assert sorted(statuses) == sorted(accepted)
        in_the_air = [id for id, status in statuses.items() if status == "sending"]
        assert len(in_the_air) <= 2, "a part for each modem"
        for name, server in there.items():
            assert in_order(server), name
            request = server.got[-1]
            Verifier(made[name]["secret"]).verify(request.body, request.headers)
        assert in_order(called)


async def test_the_object_that_is_told_is_the_one_that_get_answers(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, receiver() as there:
        config = write_config(tmp_path, bank.paths)
        key = create_key_for(tmp_path, "shop")
        async with daemon(config) as one, Client(one.url, one.key) as admin:
            made = await admin.create_webhook(there.url, ["message.delivered", "inbound.received"])
            await until_ready(one.url)
            async with Client(one.url, key) as client:
                sent = await client.send("+447700900123", text="hello")
                (request,) = await there.until(1)
                told = Verifier(made["secret"]).verify(request.body, request.headers)
                shown = await client.message(sent["id"])
                assert told["type"] == "message.delivered"
                assert told["data"] == shown
                assert told["timestamp"] == shown["updated_at"]
                bank.smsc.inject("+447700900123", bank.settings.number_of(0), "hi there")
                await there.until(2)
                (received,) = [m async for m in client.inbounds()]
                assert there.got[1].document["data"] == received
            assert await one.end() == 0


def create_key_for(tmp_path: Path, name: str) -> str:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    return create_key(data / FILE_NAME, name, ["send", "read", "inbound"])


async def test_a_stop_takes_no_longer_for_receivers_that_hang(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, receiver(usual=hangs) as there:
        config = write_config(tmp_path, bank.paths)
        async with daemon(config) as one, Client(one.url, one.key) as client:
            made = await client.create_webhook(there.url, ["*"])
            await until_ready(one.url)
            for i in range(20):
                await client.send(f"+99900000{i:05d}", text="hello")
            await there.until(8)
            async with asyncio.timeout(10):
                assert await one.end() == 0
        async with daemon(config) as one, Client(one.url, one.key) as client:
            webhook = await client.webhook(made["id"])
            assert webhook["pending"] >= 20
            await client.delete_webhook(made["id"])
