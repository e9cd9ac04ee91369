"""Handlers through the real API: what is pending, the deliveries, replay; by client and command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.cli import main
from modemgw.client import ApiError, Client
from modemgw.client.answers import Handler
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store import Transaction
from modemgw.store.records import Inbound
from modemgw.store.sqlite import FILE_NAME, create_key


def received(first: int, last: int, text: str = "STATUS") -> Any:
    def work(tx: Transaction) -> None:
        for n in range(first, last + 1):
            message = Inbound(
                f"in_{n}", "+441", None, text, None, "gsm7", 1, (), True, "m1", "1", None, tx.now
            )
            tx.inbound.add(message, [])
            tx.events.emit("inbound.received", {"id": message.id})

    return work


class House:
    """A gateway with two handlers; the webhook `orders` answers as it is told."""

    def __init__(self, gateway: Gateway, url: str, key: str, reader: str) -> None:
        self.gateway, self.url, self.key, self.reader = gateway, url, key, reader
        self.got: list[Any] = []
        self.status = 404

    async def hook(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        return web.Response(status=self.status)

    async def receive(self, first: int, last: int) -> None:
        await self.gateway._store.write(received(first, last))

    async def until(self, client: Client, **counts: int) -> Handler:
        async with asyncio.timeout(10):
            while True:
                orders = (await client.handlers())[0]
                if all(orders[name] == count for name, count in counts.items()):
                    return orders
                await asyncio.sleep(0.01)


@asynccontextmanager
async def house(tmp_path: Path) -> AsyncIterator[House]:
    admin = create_key(tmp_path / FILE_NAME, "app", ["admin"])
    reader = create_key(tmp_path / FILE_NAME, "reader", ["read", "inbound", "send"])
    hooks = web.Application()
    made: list[House] = []

    async def hook(request: web.Request) -> web.Response:
        return await made[0].hook(request)

    hooks.router.add_post("/", hook)
    async with TestServer(hooks) as other:
        handlers = [
            {"id": "orders", "webhook": str(other.make_url("/")), "in_order": True},
            {"id": "help", "reply": "Call us", "match": {"keyword": "HELP"}},
        ]
        config = parse({"gateway": {"data_dir": tmp_path}, "handler": handlers})
        async with Gateway.open(config) as gateway, TestServer(create_app(gateway)) as server:
            made.append(House(gateway, str(server.make_url("/")), admin, reader))
            yield made[0]


async def test_handlers_their_deliveries_and_replay(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        await one.receive(1, 3)
        orders = await one.until(client, dead=3)
        assert (orders["id"], orders["kind"], orders["pending"]) == ("orders", "webhook", 0)
        assert orders["in_order"] is True
        assert orders["problem"] == "it answered HTTP 404"
        second = (await client.handlers())[1]
        assert (second["id"], second["match"]["keyword"], second["dead"]) == ("help", "HELP", 0)

        dead = [d async for d in client.deliveries("orders", state="dead", limit=2)]
        assert [d["inbound"] for d in dead] == ["in_3", "in_2", "in_1"]
        assert dead[0]["tries"] == 1
        assert [(o["code"], o["problem"]) for o in dead[0]["outcomes"]] == [
            ("refused", "it answered HTTP 404")
        ]
        one.status = 200
        assert await client.replay("orders", [dead[2]["id"]]) == 1
        await one.until(client, dead=2)
        assert await client.replay("orders") == 2
        await one.until(client, dead=0, pending=0, claimed=0)
        assert [m["id"] for m in one.got] == ["in_1", "in_2", "in_3", "in_1", "in_2", "in_3"]
        every = [d async for d in client.deliveries("orders")]
        assert {d["state"] for d in every} == {"delivered"}
        assert [o["code"] for o in every[0]["outcomes"]] == ["refused", "taken"]


async def test_what_is_answered_is_what_is_documented(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        await one.receive(1, 1)
        await one.until(client, dead=1)
        headers = {"Authorization": f"Bearer {one.key}"}
        async with TestClient(TestServer(create_app(one.gateway)), headers=headers) as http:
            for path, kind in (
                ("/v1/handlers", answers.Handlers),
                ("/v1/handlers/orders/deliveries", answers.Deliveries),
            ):
                answer = await http.get(path)
                TypeAdapter(kind).validate_python(await answer.json(), strict=True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"deliveries": ["dlv_1", "dlv_99"]}, "deliveries[1]"),
        ({"deliveries": ["nothing"]}, "deliveries[0]"),
        ({"deliveries": []}, "deliveries"),
        ({"deliveries": ["dlv_1"] * 999 + ["nothing"]}, "deliveries[999]"),
        ({"deliveries": ["dlv_1"] * 1001}, "deliveries"),
        ({"deliveries": ["dlv_1"], "state": "dead"}, None),
        ({"state": "pending"}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"what": 1}, "what"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_replay_that_cannot_be_says_what_is_wrong(
    tmp_path: Path, body: dict[str, Any], field: str | None
) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        await one.receive(1, 1)
        await one.until(client, dead=1)
        with pytest.raises(ApiError) as error:
            await client._post("v1/handlers/orders/replay", body)
        assert error.value.status == 422
        if field is not None:
            assert error.value.problem["errors"][0]["field"] == field
        await one.until(client, dead=1)


async def test_it_is_for_admins_and_for_handlers_that_there_are(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        async with Client(one.url, one.reader) as client:
            for ask in (client.handlers(), client.replay("orders")):
                with pytest.raises(ApiError) as error:
                    await ask
                assert error.value.status == 403
        async with Client(one.url, one.key) as client:
            with pytest.raises(ApiError, match="there is no handler 'nobody'"):
                await client.replay("nobody")
            with pytest.raises(ApiError, match="there is no handler 'nobody'"):
                [d async for d in client.deliveries("nobody")]


async def test_the_commands_show_and_replay(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        await one.receive(1, 2)
        await one.until(client, dead=2)

        async def command(*words: str) -> str:
            options = ["--url", one.url, "--key", one.key]
            run = CliRunner().invoke
            result = await asyncio.to_thread(run, main, ["handlers", *words, *options])
            assert result.exit_code == 0, result.output
            return result.output

        assert "orders" in await command("list")
        shown = json.loads(await command("deliveries", "orders", "--state", "dead", "--json"))
        assert [d["inbound"] for d in shown] == ["in_2", "in_1"]
        assert "HTTP 404" in await command("deliveries", "orders")
        one.status = 200
        assert "1 delivery is" in await command("replay", "orders", shown[0]["id"])
        await one.until(client, dead=1)
        assert "1 delivery is" in await command("replay", "orders")
        await one.until(client, dead=0)
        assert "There are no such" in await command("deliveries", "orders", "--state", "dead")
