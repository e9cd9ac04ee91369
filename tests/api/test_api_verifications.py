"""/v1/verifications, and the calls of both clients."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from labs.fake_gateway import NOW, FakeGateway

from modemgw.api.server import bind, serve
from modemgw.client import Client, Conflict, NotFound, SyncClient, TooManyRequests
from modemgw.config import HttpSection
from modemgw.gateway import NewVerification, PrefixStopped, TooManyCodes, TooManyTries

Http = TestClient[Any, Any]
TO = "+447900000001"
SEND = {"Authorization": "Bearer key-send"}
READ = {"Authorization": "Bearer key-read"}


async def start(http: Http, **body: Any) -> dict[str, Any]:
    answer = await http.post("/v1/verifications", json={"to": TO, **body}, headers=SEND)
    assert answer.status == 201, await answer.text()
    document: dict[str, Any] = await answer.json()
    assert answer.headers["Location"] == f"/v1/verifications/{document['id']}"
    return document


async def test_one_is_begun_checked_and_seen(http: Http, gateway: FakeGateway) -> None:
    body = {
        "language": "de-AT",
        "length": 8,
        "ttl_seconds": 120,
        "domain": "shop.example",
        "reference": "login-1",
        "client_ip": "192.0.2.7",
        "template": "login",
    }
    begun = await start(http, **body)
    assert begun == {
        "id": "ver_1",
        "to": TO,
        "status": "pending",
        "length": 8,
        "attempts_left": 5,
        "sends_left": 4,
        "resend_at": "2026-11-22T10:00:30.125Z",
        "key": "key-send",
        "reference": "login-1",
        "created_at": "2026-11-22T10:00:00.125Z",
        "expires_at": "2026-11-22T10:02:00.125Z",
        "ended_at": None,
    }
    assert gateway.verifications.asked == [
        NewVerification(TO, "login", "de-AT", 8, 120, "shop.example", "login-1", "192.0.2.7")
    ]
    path = "/v1/verifications/ver_1"
    wrong = await http.post(f"{path}/check", json={"code": "654321"}, headers=SEND)
    assert await wrong.json() == {"id": "ver_1", "status": "pending", "attempts_left": 4}
    right = await http.post(f"{path}/check", json={"code": "123 456"}, headers=SEND)
    assert await right.json() == {"id": "ver_1", "status": "approved", "attempts_left": 3}
    assert gateway.verifications.codes == ["654321", "123456"]
    for headers in (SEND, READ):
        seen = await http.get(path, headers=headers)
        assert (await seen.json())["status"] == "approved"
    again = await http.post(f"{path}/check", json={"code": "123456"}, headers=SEND)
    assert again.status == 409
    assert (await again.json())["type"] == "urn:modemgw:problem:verification-over"


async def test_a_code_is_checked_by_its_number(http: Http) -> None:
    await start(http)
    body = {"to": TO, "code": "123456"}
    answer = await http.post("/v1/verifications/check", json=body, headers=SEND)
    assert (await answer.json())["status"] == "approved"
    body["to"] = "+447900000009"
    answer = await http.post("/v1/verifications/check", json=body, headers=SEND)
    assert answer.status == 404


async def test_they_are_sent_again_called_off_and_listed(http: Http) -> None:
    await start(http)
    await start(http)
    answer = await http.post("/v1/verifications/ver_1/resend", headers=SEND)
    assert (answer.status, (await answer.json())["sends_left"]) == (200, 3)
    answer = await http.delete("/v1/verifications/ver_2", headers=SEND)
    assert (answer.status, (await answer.json())["status"]) == (200, "canceled")
    listed = await http.get("/v1/verifications?status=canceled", headers=READ)
    assert [one["id"] for one in (await listed.json())["items"]] == ["ver_2"]


async def test_each_call_wants_its_scope(http: Http) -> None:
    await start(http)
    calls = [
        ("POST", "/v1/verifications", {"to": TO}, "read"),
        ("POST", "/v1/verifications/ver_1/check", {"code": "123456"}, "read"),
        ("POST", "/v1/verifications/check", {"to": TO, "code": "123456"}, "read"),
        ("POST", "/v1/verifications/ver_1/resend", None, "read"),
        ("DELETE", "/v1/verifications/ver_1", None, "read"),
        ("GET", "/v1/verifications", None, "send"),
        ("GET", "/v1/verifications/ver_1", None, "inbound"),
        ("GET", "/v1/stopped-prefixes", None, "send"),
        ("DELETE", "/v1/stopped-prefixes/+44770090", None, "read"),
    ]
    for method, path, body, scope in calls:
        headers = {"Authorization": f"Bearer key-{scope}"}
        answer = await http.request(method, path, json=body, headers=headers)
        assert answer.status == 403, (method, path)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": "nobody"}, "to"),
        ({"to": TO, "length": 3}, "length"),
        ({"to": TO, "length": 11}, "length"),
        ({"to": TO, "ttl_seconds": 29}, "ttl_seconds"),
        ({"to": TO, "language": "deutsch bitte"}, "language"),
        ({"to": TO, "domain": "https://shop.example"}, "domain"),
        ({"to": TO, "domain": "localhost"}, "domain"),
        ({"to": TO, "code": "123456"}, "code"),
    ],
)
async def test_what_is_wrong_is_named(http: Http, body: dict[str, Any], field: str) -> None:
    answer = await http.post("/v1/verifications", json=body, headers=SEND)
    assert answer.status == 422
    assert [e["field"] for e in (await answer.json())["errors"]] == [field]


@pytest.mark.parametrize("code", ["123", "12345678901", "secret", "", "12-34-5x"])
async def test_what_is_no_code_is_not_counted(http: Http, gateway: FakeGateway, code: str) -> None:
    await start(http)
    answer = await http.post("/v1/verifications/ver_1/check", json={"code": code}, headers=SEND)
    assert answer.status == 422
    assert gateway.verifications.codes == []


@pytest.mark.parametrize(
    ("refusal", "type"),
    [
        (TooManyCodes("enough", 12.2), "too-many-codes"),
        (TooManyTries("enough", 12.2), "too-many-codes"),
        (PrefixStopped("enough", 12.2), "prefix-stopped"),
    ],
)
async def test_limits_say_when_to_come_again(
    http: Http, gateway: FakeGateway, refusal: Exception, type: str
) -> None:
    gateway.verifications.refusal = refusal
    answer = await http.post("/v1/verifications", json={"to": TO}, headers=SEND)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "13")
    assert (await answer.json())["type"] == f"urn:modemgw:problem:{type}"


async def test_a_stopped_prefix_is_shown_and_lifted(http: Http) -> None:
    admin = {"Authorization": "Bearer key-admin"}
    answer = await http.get("/v1/stopped-prefixes", headers=READ)
    (stop,) = (await answer.json())["items"]
    assert (stop["prefix"], stop["sent"], stop["approved"]) == ("+44770090", 20, 0)
    path = "/v1/stopped-prefixes/+44770090"
    assert [(await http.delete(path, headers=admin)).status for _ in range(2)] == [204, 404]


# --- the clients


async def test_the_client_has_each_call(gateway: FakeGateway) -> None:
    http = HttpSection(listen="127.0.0.1:0")
    async with serve(gateway, bind(http), http) as url, Client(url, "key-admin") as client:
        begun = await client.start_verification(TO, language="de", length=None, ttl_seconds=60)
        assert (begun.to, begun.status, begun.sends_left) == (TO, "pending", 4)
        assert begun.expires_at.timestamp() == NOW + 60
        assert gateway.verifications.asked[0].language == "de"
        assert (await client.resend_verification(begun.id)).sends_left == 3
        wrong = await client.check_verification(begun.id, "654321")
        assert (wrong.approved, wrong.status, wrong.attempts_left) == (False, "pending", 4)
        assert (await client.check_number(TO, "123456")).approved
        with pytest.raises(Conflict):
            await client.check_verification(begun.id, "123456")
        other = await client.start_verification(TO)
        assert (await client.cancel_verification(other.id)).status == "canceled"
        assert (await client.verification(other.id)).id == other.id
        assert [v.id async for v in client.verifications(limit=1)] == ["ver_2", "ver_1"]
        assert [v.id async for v in client.verifications(status="approved")] == ["ver_1"]
        (stop,) = await client.stopped_prefixes()
        await client.lift_prefix(stop.prefix)
        assert await client.stopped_prefixes() == []
        with pytest.raises(NotFound):
            await client.lift_prefix(stop.prefix)
        gateway.verifications.refusal = TooManyCodes("enough", 12)
        with pytest.raises(TooManyRequests) as refused:
            await client.start_verification(TO)
        assert (refused.value.type, refused.value.retry_after_s) == ("too-many-codes", 12)


async def test_the_synchronous_client_has_them_too(gateway: FakeGateway) -> None:
    http = HttpSection(listen="127.0.0.1:0")

    def calls(url: str) -> list[str]:
        with SyncClient(url, "key-admin") as client:
            begun = client.start_verification(TO)
            checked = client.check_verification(begun.id, "123456")
            return [checked.status, *(v.status for v in client.verifications())]

    async with serve(gateway, bind(http), http) as url:
        assert await asyncio.to_thread(calls, url) == ["approved", "approved"]


# --- the page's example


async def test_the_web_shop_of_the_page_works(gateway: FakeGateway) -> None:
    page = (Path(__file__).parents[2] / "docs" / "verifications.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    send_code, enter_code = names["send_code"], names["enter_code"]
    http = HttpSection(listen="127.0.0.1:0")
    session: dict[str, str] = {}
    async with serve(gateway, bind(http), http) as url, Client(url, "key-send") as client:
        assert await send_code(client, session, "nobody", "192.0.2.7") == "this is no number"
        told = await send_code(client, session, TO, "192.0.2.7")
        assert told == "We have sent you a code."
        assert "4 more" in await enter_code(client, session, "654321")
        assert "proved" not in session
        assert "no code" in await enter_code(client, session, "what?")
        assert await enter_code(client, session, "123456") == "Welcome!"
        assert session["proved"] == TO
        assert await enter_code(client, session, "123456") == "Please ask for a new code."
        gateway.verifications.refusal = TooManyCodes("enough", 12)
        assert "12 seconds" in await send_code(client, session, TO, "192.0.2.7")
