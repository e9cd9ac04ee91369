"""`modemgw webhooks` on the real daemon, with a program that is told of what happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from labs.daemon import Daemon, daemon, until_ready, write_config
from labs.waiting import until
from standardwebhooks import Webhook

from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

SENDER = "+447700900222"


class Program:
    """Takes what it is told, or answers with another status; checks each signature."""

    def __init__(self) -> None:
        self.url = ""
        self.secret: str | None = None
        self.status = 204
        self.got: list[tuple[str, dict[str, Any]]] = []
        """Ids and bodies of what it has taken."""

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.secret is not None:
            Webhook(self.secret).verify(body, {k.lower(): v for k, v in request.headers.items()})
        if self.status < 300:
            self.got.append((request.headers["webhook-id"], json.loads(body)))
        return web.Response(status=self.status, text=None if self.status == 204 else "Oh no")

    def told(self, family: str) -> list[str]:
        return [b["type"] for _, b in self.got if b["type"].startswith(family)]


@asynccontextmanager
async def program() -> AsyncIterator[Program]:
    made = Program()
    app = web.Application()
    app.router.add_post("/sms", made.hook)
    async with TestServer(app, host="127.0.0.1") as server:
        made.url = str(server.make_url("/sms"))
        yield made


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    settings = BankSettings(modems=1, part_seconds=0.05, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as made:
        yield made


async def ask(running: Daemon, *words: str, code: int = 0) -> str:
    """Standard output of `modemgw webhooks …`."""
    status, out, err = await running.cli("webhooks", *words)
    assert status == code, (out, err)
    return out if code == 0 else out + err


async def test_a_webhook_from_its_making_to_its_end(bank: Bank, tmp_path: Path) -> None:
    config = write_config(tmp_path, bank.paths)
    async with program() as there, daemon(config) as running:
        await until_ready(running.url)
        assert "There are no webhooks" in await ask(running, "list")
        events = ("--event", "message.*", "--event", "inbound.received")
        made = json.loads(await ask(running, "create", there.url, *events, "--json"))
        id, there.secret = made["id"], made["secret"]
        listed = await ask(running, "list")
        assert id in listed
        assert "message.* inbound.received" in listed
        assert there.secret not in await ask(running, "show", id)

        assert "It was taken" in await ask(running, "test", id)
        assert [b["type"] for _, b in there.got] == ["webhook.test"]

        status, out, err = await running.cli(
            "send", "--to", "+447700900123", "--text", "hello", "--wait"
        )
        assert status == 0, err
        status, out, err = await running.cli("messages", "show", out.strip(), "--json")
        message = json.loads(out)
        await until(lambda: len(there.told("message.")) == 3)
        assert there.told("message.") == ["message.queued", "message.sent", "message.delivered"]
        data = there.got[-1][1]["data"]
        assert (data["id"], data["text"], data["status"]) == (message["id"], "hello", "delivered")
        assert data == message | {"updated_at": data["updated_at"]}

        bank.smsc.inject(SENDER, bank.modems[0].number, "my answer")
        await until(lambda: there.told("inbound.") == ["inbound.received"])
        assert there.got[-1][1]["data"]["text"] == "my answer"

        there.status = 500
        said = await ask(running, "test", id, code=1)
        assert "It was not taken: it answered HTTP 500" in said
        assert "Oh no" in said
        table = await ask(running, "deliveries", id)
        assert table.count("delivered") >= 5
        dead = json.loads(await ask(running, "deliveries", id, "--state", "dead", "--json"))
        assert [(d["event"], d["outcomes"][-1]["http_status"]) for d in dead] == [
            ("webhook.test", 500)
        ]
        assert dead[0]["outcomes"][-1]["answer"] == "Oh no"

        there.status = 200
        first_id, first_body = next(g for g in there.got if g[1]["type"] == "message.queued")
        assert "1 delivery is" in await ask(running, "replay", id, first_id)
        await until(lambda: there.got[-1] == (first_id, first_body))

        assert "no: by hand" in await ask(running, "update", id, "--disable")
        assert "enable it first" in await ask(running, "test", id, code=1)
        await ask(running, "update", id, "--enable", "--description", "the shop")
        old = there.secret
        rotated = await ask(running, "rotate", id)
        assert "whsec_" in rotated
        assert old not in rotated
        await ask(running, "test", id)  # the old secret signs beside the new one
        there.secret = rotated.split()[-1]
        await ask(running, "test", id)
        assert "is deleted" in await ask(running, "delete", id, "--yes")
        assert "There are no webhooks" in await ask(running, "list")
        log = running.log.read_text()
        assert old not in log
        assert there.secret not in log


async def test_what_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    async with daemon(write_config(tmp_path, [])) as running:
        for words, said in (
            (("create", "http://169.254.169.254/latest/meta-data"), "[webhooks] allow"),
            (("create", "http://0x7f.1/"), "another way to write 127.0.0.1"),
            (("create", "localhost:5000"), "must begin with http:// or https://"),
            (("create", "http://localhost/", "--event", "message.recieved"), "inbound.received"),
            (("show", "whk_nothing"), "there is no webhook"),
            (("update", "whk_nothing", "--disable"), "there is no webhook"),
            (("delete", "whk_nothing", "--yes"), "there is no webhook"),
        ):
            told = await ask(running, *words, code=1)
            assert said in told
            assert len(told.splitlines()) == 1
        assert "say what to change" in await ask(running, "update", "whk_nothing", code=2)
        log = running.log.read_text()
        assert "Traceback" not in log
        assert "ERROR" not in log
        both = ("replay", "whk_nothing", "dlv_1", "--state", "dead")
        assert "not both" in await ask(running, *both, code=2)


async def test_where_it_may_lead_is_configured(tmp_path: Path) -> None:
    extra = '[webhooks]\nallow = ["169.254.7.0/24"]\nonly = ["127.0.0.0/8"]\n'
    async with daemon(write_config(tmp_path, [], extra=extra)) as running:
        await ask(running, "create", "http://169.254.7.9/")
        await ask(running, "create", "http://127.0.0.1:5000/")
        assert "[webhooks] only" in await ask(running, "create", "http://10.0.0.1/", code=1)
        assert "link-local" in await ask(running, "create", "http://169.254.8.9/", code=1)
        # Another configuration is in force as soon as it is loaded.
        config = tmp_path / "modemgw.toml"
        config.write_text(config.read_text().replace("127.0.0.0/8", "10.0.0.0/8"))
        running.process.send_signal(1)
        async with asyncio.timeout(10):
            while (await running.cli("webhooks", "create", "http://10.0.0.1/"))[0] != 0:
                await asyncio.sleep(0.05)
        assert "[webhooks] only" in await ask(running, "create", "http://127.0.0.1/", code=1)
