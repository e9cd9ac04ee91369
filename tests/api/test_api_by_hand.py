"""AT commands by hand, the history of a signal, and a trace that goes on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from labs.fake_gateway import NOW, FakeGateway

from modemgw.at import TraceLine
from modemgw.client import Client, SyncClient
from modemgw.gateway import Conflict

Http = TestClient[Any, Any]
ADMIN = {"Authorization": "Bearer key-admin"}
READ = {"Authorization": "Bearer key-read"}


async def test_a_command_is_typed_and_goes_on_record(http: Http, gateway: FakeGateway) -> None:
    answer = await http.post(
        "/v1/modems/m1/at", json={"command": "AT+CSQ", "timeout_s": 5}, headers=ADMIN
    )
    assert await answer.json() == {
        "lines": ["+CSQ: 21,99"],
        "ok": True,
        "result": "OK",
        "meaning": None,
    }
    assert gateway.modems.calls == [("at", "m1", "AT+CSQ", 5.0)]
    assert [(r[0], r[3], r[4], r[5]) for r in gateway.audit.records] == [
        ("modems.at", "m1", "done", "AT+CSQ")
    ]


async def test_of_a_pin_nothing_is_on_record(http: Http, gateway: FakeGateway) -> None:
    await http.post("/v1/modems/m1/at", json={"command": "at+cpin = 4711"}, headers=ADMIN)
    assert "4711" not in str(gateway.audit.records)
    assert "masked" in gateway.audit.records[0][5]


async def test_only_an_admin_may_type(http: Http, gateway: FakeGateway) -> None:
    answer = await http.post("/v1/modems/m1/at", json={"command": "AT"}, headers=READ)
    assert answer.status == 403
    assert gateway.modems.calls == []


@pytest.mark.parametrize("command", ["AT+CMGS=9", "ATD123;", "AT\rAT", "AT\x1a", "", "CSQ"])
async def test_what_may_not_be_typed_is_an_invalid_field(
    http: Http, gateway: FakeGateway, command: str
) -> None:
    answer = await http.post("/v1/modems/m1/at", json={"command": command}, headers=ADMIN)
    assert answer.status == 422
    assert [e["field"] for e in (await answer.json())["errors"]] == ["command"]
    assert gateway.modems.calls == []


async def test_a_modem_is_given_time_to_answer(http: Http, gateway: FakeGateway) -> None:
    body = {"command": "AT+CSQ", "timeout_s": 0.1}
    answer = await http.post("/v1/modems/m1/at", json=body, headers=ADMIN)
    assert answer.status == 422
    assert gateway.modems.calls == []


async def test_clients_type_and_look(http: Http, gateway: FakeGateway) -> None:
    async with Client(str(http.make_url("/")), "key-admin") as client:
        assert (await client.at("m1", "AT+CSQ")).lines == ("+CSQ: 21,99",)
        failed = await client.at("m1", "AT+COPS?")
        assert (failed.ok, failed.result, failed.meaning) == (
            False,
            "+CME ERROR: 30",
            "no network service",
        )
        samples = await client.signal("m1")
        assert [(s.at.timestamp(), s.dbm) for s in samples] == [
            (NOW - 120, None),
            (NOW - 60, -73),
            (NOW, -71),
        ]
    url = str(http.make_url("/"))

    def blocking() -> list[int | None]:
        with SyncClient(url, "key-admin") as client:
            assert client.at("m1", "AT+CSQ").ok
            assert next(client.follow_trace("m1")).id == 7
            return [s.dbm for s in client.signal("m1")]

    assert await asyncio.to_thread(blocking) == [None, -73, -71]


async def test_a_followed_trace_goes_on_with_each_line_once(
    http: Http, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [TraceLine(NOW, ">", "AT", 7)]
    down = False

    def trace(_: str, *, texts: bool = False, after: int = 0) -> list[TraceLine]:
        if down:
            raise Conflict("not now")
        return [line for line in lines if line.id > after]

    monkeypatch.setattr(gateway.modems, "trace", trace)
    async with (
        Client(str(http.make_url("/")), "key-admin") as client,
        aclosing(client.follow_trace("m1", every_s=0.01)) as followed,
    ):
        assert (await anext(followed)).id == 7
        coming = asyncio.ensure_future(anext(followed))
        lines.append(TraceLine(NOW, "<", "OK", 9))
        assert (await asyncio.wait_for(coming, 5)).text == "OK"
