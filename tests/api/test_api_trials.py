"""Handlers tried out with something made up: by API, clients and command. Nothing is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner, Result
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.cli import main
from modemgw.client import ApiError, Client, SyncClient
from modemgw.config import parse
from modemgw.gateway import Gateway, InboundQuery, MessageQuery
from modemgw.store.records import NewMessage
from modemgw.store.sqlite import FILE_NAME, create_key

SENDER = "+447700900555"
OWN = "+447700900001"
HANDLERS: list[dict[str, Any]] = [
    {
        "id": "order",
        "match": {"keyword": "ORDER", "pattern": r"(?P<number>\d+)"},
        "reply": "Order {{ groups.number }}: thank you",
        "stop": True,
    },
    {"id": "boss", "match": {"from_prefix": "+44"}, "forward": ["+447700900100", SENDER]},
    {"id": "fails", "match": {"keyword": "RUN"}, "exec": ["/bin/sh", "-c", "cat >&2; exit 3"]},
    {"id": "works", "match": {"keyword": "RUN"}, "exec": ["/bin/sh", "-c", "echo well >&2"]},
    {"id": "slow", "match": {"keyword": "RUN"}, "exec": ["sleep", "60"], "timeout": 0.2},
    {"id": "port", "match": {"port": 5000, "class": 1}, "reply": "octets"},
    {"id": "call", "on": "call", "reply": "We call back, {{ name }}"},
]


@dataclass
class House:
    gateway: Gateway
    url: str
    key: str
    reader: str
    posted: list[Any]

    async def nothing_was_sent(self) -> bool:
        sent = await self.gateway.messages.find(MessageQuery())
        came = await self.gateway.inbounds.find(InboundQuery())
        made = await self.gateway._store.read(lambda view: view.deliveries.counts("order"))
        return not sent.items and not came.items and not any(made.values())

    async def command(self, *words: str) -> Result:
        options = ["--url", self.url, "--key", self.key]
        return await asyncio.to_thread(CliRunner().invoke, main, ["handlers", *words, *options])


@asynccontextmanager
async def house(tmp_path: Path, **more: Any) -> AsyncIterator[House]:
    admin = create_key(tmp_path / FILE_NAME, "boss", ["admin"])
    reader = create_key(tmp_path / FILE_NAME, "reader", ["read", "inbound", "send"])
    posted: list[Any] = []

    async def hook(request: web.Request) -> web.Response:
        posted.append(await request.json())
        return web.Response(status=422, text="no such order")

    hooks = web.Application()
    hooks.router.add_post("/", hook)
    async with TestServer(hooks) as other:
        hooked = {"id": "hook", "match": {"keyword": "POST"}, "webhook": str(other.make_url("/"))}
        modems = [
            {"id": "m1", "device": str(tmp_path / "nothing"), "number": OWN},
            {"id": "m2", "device": str(tmp_path / "none")},
        ]
        document = {
            "gateway": {"data_dir": tmp_path},
            "modem": modems,
            "handler": [*HANDLERS, hooked],
            **more,
        }
        async with (
            Gateway.open(parse(document)) as gateway,
            TestServer(create_app(gateway)) as server,
        ):
            yield House(gateway, str(server.make_url("/")), admin, reader, posted)


async def test_a_reply_is_shown_and_not_sent(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        trial = await client.test_handler("order", from_=SENDER, text="order 4711")
        assert (trial.outcome, trial.problem, trial.stopped_by) == ("taken", None, None)
        (sent,) = trial.sends
        assert (sent.to, sent.text, sent.modem) == (SENDER, "Order 4711: thank you", "m1")
        assert (sent.parts, sent.encoding) == (1, "gsm7")
        assert (trial.keyword, trial.rest) == ("order", "4711")
        assert trial.groups == {"0": "4711", "1": "4711", "number": "4711"}
        elsewhere = await client.test_handler("order", from_=SENDER, text="order 1", modem="m2")
        assert elsewhere.sends[0].modem == "m2"
        assert await one.nothing_was_sent()


async def test_what_is_not_for_a_handler_does_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        trial = await client.test_handler("order", from_=SENDER, text="something else")
        assert (trial.matches, trial.outcome, trial.sends, trial.took_ms) == (False, None, (), None)


async def test_what_would_not_be_answered_says_why_and_nobody_is_told(tmp_path: Path) -> None:
    async with (
        house(tmp_path, replies={"per_hour": 1}) as one,
        Client(one.url, one.key) as client,
    ):
        for sender, code in (("ACME", "no-number"), (OWN, "own-number"), ("60300", "short-code")):
            trial = await client.test_handler("order", from_=sender, text="order 1")
            assert (trial.outcome, trial.code, trial.sends) == ("dead", code, ())
        await one.gateway.sending.reply(NewMessage(to=SENDER, text="x"), lambda tx: None)
        trial = await client.test_handler("order", from_=SENDER, text="order 1")
        assert trial.code == "loop"
        await one.gateway._store.write(lambda tx: None)
        events = await one.gateway._store.read(lambda view: view.events.after(0, 1000))
        assert "handler.loop" not in {event.type for event in events}


async def test_what_would_be_sent_on_is_shown(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        trial = await client.test_handler("boss", from_=SENDER, text="order 4711 " + "x" * 200)
        assert trial.outcome == "taken"
        assert trial.stopped_by == "order", "it would not come here, and is shown all the same"
        (sent,) = trial.sends
        assert (sent.to, sent.parts, sent.modem) == ("+447700900100", 2, None)
        octets = await client.test_handler(
            "boss", from_=SENDER, data=b"\x00\xff", ports={"destination": 7, "source": 8}
        )
        assert octets.sends[0].data == b"\x00\xff"
        assert octets.sends[0].ports == {"destination": 7, "source": 8}
        assert await one.nothing_was_sent()


async def test_programs_and_webhooks_are_run_and_posted_to(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        run: dict[str, Any] = {"from_": SENDER, "text": "run it"}
        failed = await client.test_handler("fails", **run)
        assert (failed.outcome, failed.exit_code) == ("retry", 3)
        assert json.loads(failed.output or "")["text"] == "run it"
        worked = await client.test_handler("works", **run)
        assert (worked.outcome, worked.exit_code, worked.output) == ("taken", 0, "well")
        slow = await client.test_handler("slow", **run)
        assert (slow.outcome, slow.code) == ("retry", "no-answer")
        posted = await client.test_handler("hook", from_=SENDER, text="post 1")
        assert (posted.outcome, posted.http_status) == ("dead", 422)
        assert posted.answer == "no such order"
        (got,) = one.posted
        assert (got["from"], got["to"], got["match"]["rest"]) == (SENDER, OWN, "1")
        assert await one.nothing_was_sent()


async def test_which_handlers_would_take_it(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        found = await client.match_handlers(from_=SENDER, text="order 4711")
        assert {m.handler: (m.matches, m.stopped_by) for m in found} == {
            "order": (True, None),
            "boss": (True, "order"),
            "fails": (False, "order"),
            "works": (False, "order"),
            "slow": (False, "order"),
            "port": (False, "order"),
            "hook": (False, "order"),
        }
        found = await client.match_handlers(
            from_="ACME", data=b"x", ports={"destination": 5000}, message_class=1
        )
        assert [m.handler for m in found if m.matches] == ["port"]
        (call,) = await client.match_handlers(on="call", from_=SENDER)
        assert (call.handler, call.matches, call.keyword) == ("call", True, "")


async def test_a_call_is_tried_out(tmp_path: Path) -> None:
    async with house(tmp_path) as one, Client(one.url, one.key) as client:
        trial = await client.test_handler("call", on="call", from_=SENDER, name="Ann")
        assert [sent.text for sent in trial.sends] == ["We call back, Ann"]
        withheld = await client.test_handler("call", on="call")
        assert (withheld.outcome, withheld.code) == ("dead", "no-number")
        with pytest.raises(ApiError, match='give "call"') as error:
            await client.test_handler("call", from_=SENDER, text="x")
        assert [field.field for field in error.value.errors] == ["on"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, None),
        ({"from": SENDER, "text": "x", "data": "AA=="}, None),
        ({"from": "", "text": "x"}, "from"),
        ({"from": SENDER, "class": 4}, "class"),
        ({"from": SENDER, "ports": {"destination": 70000}}, "ports.destination"),
        ({"from": SENDER, "on": "fax"}, "on"),
        ({"from": SENDER, "on": "call", "text": "x"}, None),
        ({"from": SENDER, "sender": "x"}, "sender"),
    ],
)
async def test_what_cannot_come_in_is_refused(
    tmp_path: Path, body: dict[str, Any], field: str | None
) -> None:
    headers = {"Authorization": "Bearer "}
    async with house(tmp_path) as one:
        headers["Authorization"] += one.key
        async with TestClient(TestServer(create_app(one.gateway)), headers=headers) as http:
            for path in ("/v1/handlers/order/test", "/v1/handlers/match"):
                answer = await http.post(path, json=body)
                document = await answer.json()
                assert answer.status == 422, document
                if field is not None:
                    assert [error["field"] for error in document["errors"]] == [field]


async def test_what_is_answered_is_what_is_documented(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        headers = {"Authorization": f"Bearer {one.key}"}
        async with TestClient(TestServer(create_app(one.gateway)), headers=headers) as http:
            sample = {"from": SENDER, "text": "order 1"}
            for path, kind in (
                ("/v1/handlers/match", answers.MatchedHandlers),
                ("/v1/handlers/order/test", answers.HandlerTest),
            ):
                answer = await http.post(path, json=sample)
                TypeAdapter(kind).validate_python(await answer.json(), strict=True)
            listed = await (await http.get("/v1/handlers")).json()
            TypeAdapter(answers.Handlers).validate_python(listed, strict=True)
            order = listed["items"][0]
            assert (order["stop"], order["on"]) == (True, "message")
            assert order["match"]["pattern"] == r"(?P<number>\d+)"


async def test_it_is_for_admins_and_for_handlers_that_there_are(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        async with Client(one.url, one.reader) as client:
            for ask in (
                client.match_handlers(from_=SENDER, text="x"),
                client.test_handler("order", from_=SENDER, text="x"),
            ):
                with pytest.raises(ApiError) as error:
                    await ask
                assert error.value.status == 403
        async with Client(one.url, one.key) as client:
            with pytest.raises(ApiError, match="there is no handler 'nobody'"):
                await client.test_handler("nobody", from_=SENDER, text="x")


async def test_without_a_loop(tmp_path: Path) -> None:
    async with house(tmp_path) as one:

        def work() -> tuple[int, str | None]:
            with SyncClient(one.url, one.key) as client:
                found = client.match_handlers(from_=SENDER, text="order 1")
                return len(found), client.test_handler(
                    "order", from_=SENDER, text="order 1"
                ).outcome

        assert await asyncio.to_thread(work) == (7, "taken")


async def test_the_command_shows_what_a_handler_did(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ended = await one.command("test", "order", "--from", SENDER, "--text", "order 4711")
        assert ended.exit_code == 0, ended.output
        assert f"Would be sent to {SENDER} (1 part, gsm7):" in ended.output
        assert "Order 4711: thank you" in ended.output

        ended = await one.command("test", "fails", "--from", SENDER, "--text", "run")
        assert ended.exit_code == 1
        assert "ended with 3" in ended.output

        ended = await one.command("test", "order", "--from", SENDER, "--text", "no")
        assert ended.exit_code == 1
        assert "It is not for order" in ended.output

        ended = await one.command("test", "port", "--from", SENDER, "--data", "00ff",
                                  "--port", "5000", "--class", "1", "--json")  # fmt: skip
        assert json.loads(ended.output)["sends"][0]["text"] == "octets"

        ended = await one.command("test", "call", "--call", "--from", SENDER, "--name", "Ann")
        assert "We call back, Ann" in ended.output


async def test_the_command_shows_which_handlers_would_take_it(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ended = await one.command("test", "--match", "--from", SENDER, "--text", "order 4711")
        assert ended.exit_code == 0, ended.output
        assert "no: order keeps it for itself" in ended.output
        ended = await one.command(
            "test", "--match", "--from", SENDER, "--text", "order 1", "--json"
        )
        assert json.loads(ended.output)[0]["matches"] is True
        listed = await one.command("list")
        assert "keyword=ORDER" in listed.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", SENDER, "--text", "x"], "name a handler, or give --match"),
        (["order", "--match", "--from", SENDER], "name a handler, or give --match"),
        (["order", "--text", "x"], "say who sends it: --from"),
        (["order", "--from", SENDER, "--data", "0"], "this is not hexadecimal"),
    ],
)
def test_the_command_wants_all_that_it_needs(words: list[str], told: str) -> None:
    ended = CliRunner().invoke(main, ["handlers", "test", *words])
    assert ended.exit_code == 2
    assert told in ended.output
