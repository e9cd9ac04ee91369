"""/v1/keys and /v1/audit: in front of the real gateway without modems, and of one in memory."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.fake_gateway import FakeGateway
from labs.waiting import until
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import ENDPOINTS, create_app
from modemgw.api.endpoint import Endpoint
from modemgw.config import HttpSection, parse
from modemgw.gateway import Allowance, Gateway, NewKey
from modemgw.gateway import keys as rules
from modemgw.store.records import KeyLimits
from modemgw.store.sqlite import FILE_NAME, create_key, transaction

Http = TestClient[Any, Any]
PLACE = "127.0.0.1"


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Gateway]:
    directory = {"data_dir": str(tmp_path), "drain_timeout": 1, "allow_no_modems": True}
    async with Gateway.open(parse({"gateway": directory})) as gateway:
        yield gateway


@pytest.fixture
async def api(real: Gateway, tmp_path: Path) -> AsyncIterator[Http]:
    """A client with the key `root`, which may do everything."""
    token = create_key(tmp_path / FILE_NAME, "root", ["admin"])
    headers = {"Authorization": f"Bearer {token}"}
    proxied = HttpSection(trusted_proxies=(PLACE,))
    async with TestClient(TestServer(create_app(real, proxied)), headers=headers) as client:
        yield client


async def call(http: Http, method: str, path: str, status: int = 200, body: Any = None) -> Any:
    async with http.request(method, path, json=body) as answer:
        document = await answer.json()
        assert answer.status == status, document
        return document


async def make(api: Http, name: str, *scopes: str, **about: Any) -> answers.NewApiKey:
    body = {"name": name, "scopes": scopes or ["send"], **about}
    made = await call(api, "POST", "/v1/keys", 201, body)
    return TypeAdapter(answers.NewApiKey).validate_python(made, strict=True)


def shown_by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def status(api: Http, token: str, path: str = "/v1/preview") -> int:
    body = {"to": "+447946000001", "text": "x"}
    async with api.post(path, json=body, headers=shown_by(token)) as answer:
        return answer.status


async def records(api: Http, **filters: str) -> list[answers.AuditRecord]:
    async with api.get("/v1/audit", params=filters) as answer:
        assert answer.status == 200, await answer.text()
        page = TypeAdapter(answers.AuditRecords).validate_python(await answer.json(), strict=True)
        return page["items"]


# --- the life of a key


async def test_a_key_is_told_once_and_shown_without_what_opens_doors(api: Http) -> None:
    limits = {"per_minute": 60, "per_day": 5000}
    made = await make(
        api, "shop", "send", "read", limits=limits, expires_at="2099-01-01T00:00:00+01:00"
    )
    assert made["webhook_secret"].startswith("whsec_")
    assert await status(api, made["key"]) == 200
    seen = await call(api, "GET", "/v1/keys/shop")
    assert TypeAdapter(answers.ApiKey).validate_python(seen, strict=True) == {
        "name": "shop",
        "scopes": ["send", "read"],
        "state": "active",
        "limits": {"per_minute": 60, "per_hour": None, "per_day": 5000},
        "expires_at": "2098-12-31T23:00:00.000Z",
        "created_at": made["created_at"],
        "last_used_at": seen["last_used_at"],
        "revoked_at": None,
        "templates_only": False,
        "templates": [],
        "has_webhook_secret": True,
    }
    page = await call(api, "GET", "/v1/keys")
    assert [key["name"] for key in page["items"]] == ["root", "shop"]
    for told in (seen, page, await records(api)):
        assert made["key"] not in json.dumps(told)
        assert made["webhook_secret"] not in json.dumps(told)


async def test_where_a_new_key_is_to_be_found_is_told(api: Http) -> None:
    async with api.post("/v1/keys", json={"name": "a.b", "scopes": ["read"]}) as answer:
        place = answer.headers["Location"]
    assert (await call(api, "GET", place))["name"] == "a.b"


async def test_a_rotated_key_is_another_one_and_the_one_before_ends(api: Http) -> None:
    made = await make(api, "shop")
    first = await call(api, "POST", "/v1/keys/shop/rotate", body={"grace_seconds": 60})
    assert await status(api, made["key"]) == 200
    assert await status(api, first["key"]) == 200
    async with api.post("/v1/keys/shop/rotate") as answer:  # a body is not wanted
        second = await answer.json()
    assert [await status(api, one["key"]) for one in (made, first, second)] == [401, 401, 200]
    assert second["name"] == "shop"
    assert "webhook_secret" not in second


async def test_a_revoked_key_ends_at_once_with_its_streams_and_deleting_is_idempotent(
    api: Http,
) -> None:
    made = await make(api, "shop", "read", "send")
    stream = await api.get("/v1/events", headers=shown_by(made["key"]))
    assert stream.status == 200
    revoked = await call(api, "DELETE", "/v1/keys/shop")
    assert revoked["state"] == "revoked"
    await asyncio.wait_for(stream.read(), 10)
    assert await status(api, made["key"]) == 401
    assert await call(api, "DELETE", "/v1/keys/shop") == revoked
    assert await call(api, "GET", "/v1/keys/shop") == revoked


async def test_a_stream_ends_when_its_key_is_rotated_without_a_grace(api: Http) -> None:
    made = await make(api, "shop", "read")
    stream = await api.get("/v1/events", headers=shown_by(made["key"]))
    await call(api, "POST", "/v1/keys/shop/rotate", body={"grace_seconds": 0})
    await asyncio.wait_for(stream.read(), 10)


async def test_the_last_use_is_shown(api: Http) -> None:
    made = await make(api, "shop")
    assert made["last_used_at"] is None
    await status(api, made["key"])

    async def used() -> bool:
        return (await call(api, "GET", "/v1/keys/root"))["last_used_at"] is not None

    await until(used)


async def test_the_webhook_secret_is_told_when_it_is_made(api: Http, real: Gateway) -> None:
    made = await make(api, "shop")
    renewed = await call(api, "POST", "/v1/keys/shop/webhook-secret")
    assert renewed["name"] == "shop"
    assert renewed["webhook_secret"] != made["webhook_secret"]
    kept = await real._store.look_up(lambda view: view.keys.webhook_secret("shop"))
    assert kept == renewed["webhook_secret"]


@pytest.mark.parametrize(
    ("method", "path", "body", "wanted", "slug"),
    [
        ("POST", "/v1/keys", {"name": "root", "scopes": ["read"]}, 409, "name-in-use"),
        ("DELETE", "/v1/keys/root", None, 409, "last-admin-key"),
        ("GET", "/v1/keys/none", None, 404, "not-found"),
        ("DELETE", "/v1/keys/none", None, 404, "not-found"),
        ("POST", "/v1/keys/none/rotate", {}, 404, "not-found"),
        ("POST", "/v1/keys/none/webhook-secret", None, 404, "not-found"),
        ("POST", "/v1/keys/gone/rotate", {}, 409, "conflict"),
        ("POST", "/v1/keys", {"name": "a/b", "scopes": ["read"]}, 422, "invalid-fields"),
        ("POST", "/v1/keys", {"name": "a", "scopes": []}, 422, "invalid-fields"),
        ("POST", "/v1/keys", {"name": "a", "scopes": ["root"]}, 422, "invalid-fields"),
        (
            "POST",
            "/v1/keys",
            {"name": "a", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
            422,
            "invalid-fields",
        ),
        (
            "POST",
            "/v1/keys",
            {"name": "a", "scopes": ["read"], "limits": {"per_second": 1}},
            422,
            "invalid-fields",
        ),
        ("POST", "/v1/keys/root/rotate", {"grace_seconds": -1}, 422, "invalid-fields"),
    ],
)
async def test_what_cannot_be_done_says_why(
    api: Http, method: str, path: str, body: Any, wanted: int, slug: str
) -> None:
    await make(api, "gone")
    await call(api, "DELETE", "/v1/keys/gone")
    problem = await call(api, method, path, wanted, body)
    assert problem["type"] == f"urn:modemgw:problem:{slug}"
    assert len(await call(api, "GET", "/v1/keys"))


@pytest.mark.parametrize(
    "endpoint",
    [e for e in ENDPOINTS if e.tag in ("keys", "audit")],
    ids=lambda e: f"{e.method} {e.path}",
)
async def test_only_admins_manage_keys(api: Http, endpoint: Endpoint) -> None:
    made = await make(api, "half", "send", "read", "inbound")
    path = endpoint.path.format(name="half")
    async with api.request(endpoint.method, path, json={}, headers=shown_by(made["key"])) as answer:
        assert answer.status == 403
    assert (await call(api, "GET", "/v1/keys/half"))["state"] == "active"


# --- limits


async def test_what_is_left_of_a_keys_limits_is_told_with_every_answer(api: Http) -> None:
    made = await make(api, "few", "send", "read", limits={"per_minute": 2})
    headers = shown_by(made["key"])
    told = []
    for n in range(3):
        body = {"to": f"+44794600000{n}", "text": "x"}
        async with api.post("/v1/messages", json=body, headers=headers) as answer:
            told.append((answer.status, answer.headers["RateLimit"].partition(";t=")[0]))
            assert answer.headers["RateLimit-Policy"] == '"per_minute";q=2;w=60;qu="messages"'
            retry_after = answer.headers.get("Retry-After")
    assert told == [
        (202, '"per_minute";r=1'),
        (202, '"per_minute";r=0'),
        (429, '"per_minute";r=0'),
    ]
    assert retry_after is not None
    assert 50 <= int(retry_after) <= 60
    async with api.get("/v1/messages", headers=headers) as answer:
        assert answer.headers["RateLimit"].startswith('"per_minute";r=0;t=')
    async with api.get("/v1/events", headers=headers) as answer:
        assert answer.headers["RateLimit"].startswith('"per_minute";r=0;t=')
    async with api.get("/v1/keys") as answer:
        assert "RateLimit" not in answer.headers
        assert "RateLimit-Policy" not in answer.headers


async def test_a_key_of_the_command_line_is_limited_as_well(api: Http, tmp_path: Path) -> None:
    """Another process has made it while the gateway runs."""
    with transaction(tmp_path / FILE_NAME) as tx:
        new = NewKey("few", ("send",), KeyLimits(per_day=1))
        token = rules.create(tx, new, tx.now).token
    assert await status(api, token, "/v1/messages") == 202
    assert await status(api, token, "/v1/messages") == 429


async def test_the_fields_are_structured_fields(http: Http, gateway: FakeGateway) -> None:
    gateway.sending.left["key-read"] = [
        Allowance("per_minute", 60, 60.0, 12, 8.2),
        Allowance("per_day", 5000, 86400.0, 0, 40_210.0),
    ]
    async with http.get("/v1/messages", headers=shown_by("key-read")) as answer:
        assert answer.headers["RateLimit"] == '"per_minute";r=12;t=9, "per_day";r=0;t=40210'
        assert answer.headers["RateLimit-Policy"] == (
            '"per_minute";q=60;w=60;qu="messages", "per_day";q=5000;w=86400;qu="messages"'
        )


# --- what admins did


async def test_what_admins_did_is_on_record(api: Http) -> None:
    await make(api, "shop", "send", "read")
    await call(api, "POST", "/v1/keys/shop/rotate", body={"grace_seconds": 60})
    await call(api, "DELETE", "/v1/keys/root", 409)
    await call(api, "POST", "/v1/modems/m9/pause", 404)
    await call(api, "POST", "/v1/keys", 422, {"name": "", "scopes": []})
    assert [
        (r["key"], r["address"], r["action"], r["target"], r["outcome"], r["detail"])
        for r in await records(api)
    ] == [
        ("root", PLACE, "keys.create", None, "invalid-fields", None),
        ("root", PLACE, "modems.pause", "m9", "not-found", None),
        ("root", PLACE, "keys.delete", "root", "last-admin-key", None),
        ("root", PLACE, "keys.rotate", "shop", "done", "grace 60 s"),
        ("root", PLACE, "keys.create", "shop", "done", "scopes send read"),
    ]


async def test_records_are_filtered_and_come_in_pages(api: Http) -> None:
    for name in ("a", "b", "c"):
        await make(api, name)
    await call(api, "DELETE", "/v1/keys/b")
    assert [r["target"] for r in await records(api, action="keys.create")] == ["c", "b", "a"]
    assert [r["action"] for r in await records(api, target="b")] == ["keys.delete", "keys.create"]
    assert await records(api, key="nobody") == []
    assert await records(api, outcome="conflict") == []
    assert len(await records(api, since="2020-01-01T00:00:00Z")) == 4
    assert await records(api, until="2020-01-01T00:00:00Z") == []
    seen, query = [], {"limit": "3"}
    while True:
        async with api.get("/v1/audit", params=query) as answer:
            page = await answer.json()
        seen += [(r["action"], r["target"]) for r in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [("keys.delete", "b"), *(("keys.create", name) for name in "cba")]
    await call(api, "GET", "/v1/audit?cursor=1.5~99x", 422)


async def test_who_asked_is_the_client_behind_the_proxy(api: Http) -> None:
    async with api.post(
        "/v1/keys",
        json={"name": "a", "scopes": ["read"]},
        headers={"X-Forwarded-For": "192.0.2.7"},
    ) as answer:
        assert answer.status == 201
    assert [r["address"] for r in await records(api)] == ["192.0.2.7"]


async def test_who_may_not_is_not_on_record_and_cannot_fill_it(api: Http) -> None:
    made = await make(api, "half", "read")
    headers = shown_by(made["key"])
    async with api.post("/v1/modems/m1/pause", headers=headers) as answer:
        assert answer.status == 403
    assert [r["action"] for r in await records(api)] == ["keys.create"]


async def test_of_a_ussd_code_no_digit_is_on_record(http: Http, gateway: FakeGateway) -> None:
    async with http.post(
        "/v1/modems/m1/ussd", json={"code": "*123*4711#"}, headers=shown_by("key-admin")
    ) as answer:
        assert answer.status == 200
    assert gateway.audit.records == [
        ("modems.ussd", "key-admin", PLACE, "m1", "done", "*xxx*xxxx#")
    ]


async def test_what_fails_is_logged_once_and_on_record(
    http: Http,
    gateway: FakeGateway,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: str) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(gateway.modems, "pause", broken)
    caplog.set_level(logging.ERROR)
    async with http.post("/v1/modems/m1/pause", headers=shown_by("key-admin")) as answer:
        assert answer.status == 500
    assert [record[4] for record in gateway.audit.records] == ["internal-error"]
    assert len(caplog.records) == 1


def test_whatever_admins_change_has_a_name_on_record() -> None:
    changing = [e for e in ENDPOINTS if e.method != "GET" and ("admin" in e.scopes or e.recorded)]
    assert len(changing) > 8
    names = [endpoint.action for endpoint in changing]
    assert None not in names
    assert len(set(names)) == len(names)
    assert {"keys.create", "keys.rotate", "keys.delete", "modems.pause", "handlers.replay"} <= {
        *names
    }
    assert {e.action for e in ENDPOINTS if e not in changing} == {None}


# --- wrong keys


async def test_a_wrong_key_is_held_back_by_its_address_and_a_missing_one_is_not(
    gateway: FakeGateway,
) -> None:
    app = create_app(cast(Any, gateway), HttpSection(trusted_proxies=(PLACE,)))
    async with TestClient(TestServer(app)) as http:
        for headers in ({}, shown_by("key-read"), shown_by("wrong")):
            await http.get("/v1/messages", headers=headers)
        assert gateway.access.held_back == [PLACE]
        forwarded = {**shown_by("wrong"), "X-Forwarded-For": "192.0.2.7"}
        await http.get("/v1/messages", headers=forwarded)
        assert gateway.access.held_back == [PLACE, "192.0.2.7"]


async def test_who_shows_a_right_key_does_not_wait_behind_wrong_ones(
    api: Http, real: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    monkeypatch.setattr(real.access, "hold_back", lambda _: go_on.wait())
    wrong = [asyncio.create_task(status(api, "mgw_wrong")) for _ in range(20)]
    for _ in range(5):
        await call(api, "GET", "/v1/keys")
    assert not any(task.done() for task in wrong)
    go_on.set()
    assert set(await asyncio.gather(*wrong)) == {401}
