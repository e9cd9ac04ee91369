"""/v1/webhooks, in front of a gateway in memory."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from labs.fake_gateway import FakeGateway
from pydantic import TypeAdapter

from modemgw.api.app import ENDPOINTS

ADMIN = {"Authorization": "Bearer key-admin"}
BODY = {"url": "http://127.0.0.1:5000/sms", "events": ["message.*", "inbound.received"]}
OF_WEBHOOKS = [(e.method, e.path) for e in ENDPOINTS if e.path.startswith("/v1/webhooks")]

Http = TestClient[Any, Any]


async def ask(http: Http, method: str, path: str, status: int, **options: Any) -> Any:
    headers = {**ADMIN, **options.pop("headers", {})}
    answer = await http.request(method, path, headers=headers, **options)
    body = await answer.json() if answer.status != 204 else None
    assert answer.status == status, body
    return body


async def create(http: Http, **more: Any) -> Any:
    return await ask(http, "POST", "/v1/webhooks", 201, json={**BODY, **more})


async def test_its_life(http: Http) -> None:
    answer = await http.post("/v1/webhooks", headers=ADMIN, json={**BODY, "description": "shop"})
    made = await answer.json()
    assert answer.status == 201
    assert answer.headers["Location"] == "/v1/webhooks/whk_1"
    assert made.pop("secret").startswith("whsec_")
    assert made == {
        "id": "whk_1",
        **BODY,
        "description": "shop",
        "enabled": True,
        "created_at": "2026-11-22T10:00:00.125Z",
        "disabled_reason": None,
        "pending": 0,
        "dead": 0,
        "problem": None,
    }
    # Its secret is not shown again.
    assert await ask(http, "GET", "/v1/webhooks/whk_1", 200) == made
    listed = await ask(http, "GET", "/v1/webhooks", 200)
    assert listed == {"items": [made], "next_cursor": None}
    rotated = await ask(http, "POST", "/v1/webhooks/whk_1/rotate", 200)
    assert rotated == {**made, "secret": "whsec_c2Vjb25k"}
    await ask(http, "DELETE", "/v1/webhooks/whk_1", 204)
    await ask(http, "GET", "/v1/webhooks/whk_1", 404)


async def test_what_is_left_out_of_a_change_stays(http: Http) -> None:
    made = await create(http, description="shop")
    made.pop("secret")
    path = "/v1/webhooks/whk_1"
    assert await ask(http, "PATCH", path, 200, json={}) == made
    paused = await ask(http, "PATCH", path, 200, json={"enabled": False})
    assert paused == {**made, "enabled": False}
    renamed = await ask(http, "PATCH", path, 200, json={"description": None, "events": ["*"]})
    assert renamed == {**made, "enabled": False, "description": None, "events": ["*"]}
    moved = await ask(http, "PATCH", path, 200, json={"url": "https://hooks.example/"})
    assert moved["url"] == "https://hooks.example/"


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"url": "hooks.example"}, "url", "http:// or https://"),
        ({"url": "http://169.254.169.254/latest"}, "url", "link-local"),
        ({"url": "http://0x7f.1/"}, "url", "write 127.0.0.1"),
        ({"url": "http://me:secret@localhost/"}, "url", "user name"),
        ({"url": 7}, "url", "string"),
        ({"events": ["message.*", "message.send"]}, "events[1]", "message.sent"),
        ({"events": ["sms.received"]}, "events[0]", "inbound.received"),
        ({"events": []}, "events", "at least 1"),
        ({"events": "*"}, "events", "array"),
        ({"description": "x" * 256}, "description", "255"),
        ({"enabled": "yes"}, "enabled", "boolean"),
        ({"secret": "whsec_AAAA"}, "secret", "no such field"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_is_wrong_is_named_with_what_would_be_right(
    http: Http, method: str, wrong: dict[str, Any], field: str, said: str
) -> None:
    await create(http)
    path, body = ("/v1/webhooks", BODY) if method == "POST" else ("/v1/webhooks/whk_1", {})
    problem = await ask(http, method, path, 422, json={**body, **wrong})
    assert [e["field"] for e in problem["errors"]] == [field]
    assert said in problem["errors"][0]["detail"]
    assert len((await ask(http, "GET", "/v1/webhooks", 200))["items"]) == 1


@pytest.mark.parametrize("field", ["url", "events", "enabled"])
async def test_null_is_no_value_of_what_must_be_there(http: Http, field: str) -> None:
    await create(http)
    problem = await ask(http, "PATCH", "/v1/webhooks/whk_1", 422, json={field: None})
    assert problem["errors"][0]["field"] == field


async def test_all_that_is_wrong_is_told_at_once(http: Http) -> None:
    body = {"url": "http://[::ffff:169.254.169.254]/", "events": ["a.b", "*", "c.d"]}
    problem = await ask(http, "POST", "/v1/webhooks", 422, json=body)
    assert [e["field"] for e in problem["errors"]] == ["url", "events[0]", "events[2]"]


async def test_created_once_with_one_idempotency_key(http: Http) -> None:
    headers = {"Idempotency-Key": "deploy-7"}
    first = await ask(http, "POST", "/v1/webhooks", 201, json=BODY, headers=headers)
    again = await http.post("/v1/webhooks", json=BODY, headers={**ADMIN, **headers})
    assert (await again.json(), again.status) == (first, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = {**BODY, "url": "http://127.0.0.1:5001/"}
    problem = await ask(http, "POST", "/v1/webhooks", 422, json=other, headers=headers)
    assert problem["type"].endswith("idempotency-key-reused")
    assert len((await ask(http, "GET", "/v1/webhooks", 200))["items"]) == 1


async def test_deliveries_say_what_was_answered(http: Http) -> None:
    await create(http)
    path = "/v1/webhooks/whk_1/deliveries"
    page = await ask(http, "GET", path, 200)
    delivery = page["items"][0]
    assert (delivery["id"], delivery["webhook"], delivery["state"]) == ("dlv_7", "whk_1", "dead")
    assert delivery["outcomes"] == [
        {
            "at": "2026-11-22T10:00:01.125Z",
            "code": "failed",
            "problem": "it answered HTTP 500",
            "took_ms": 12,
            "http_status": 500,
            "answer": "Traceback …",
        }
    ]
    assert (await ask(http, "GET", f"{path}?state=delivered", 200))["items"] == []
    problem = await ask(http, "GET", f"{path}?state=lost", 422)
    assert problem["errors"][0]["field"] == "state"


async def test_replay_by_id_and_by_time(http: Http, gateway: FakeGateway) -> None:
    await create(http)
    path = "/v1/webhooks/whk_1/replay"
    body: dict[str, Any] = {"deliveries": ["dlv_7", "dlv_9"]}
    assert await ask(http, "POST", path, 200, json=body) == {"replayed": 2}
    body = {"since": "2026-11-22T10:00:00Z", "state": "delivered"}
    assert await ask(http, "POST", path, 200, json=body) == {"replayed": 1}
    of, wanted = gateway.webhooks.replays[-1]
    assert (of, wanted.since, wanted.until, wanted.state) == (
        "whk_1",
        1_795_341_600.0,
        None,
        "delivered",
    )


async def test_a_test_event_answers_with_how_it_went(http: Http) -> None:
    await create(http)
    delivery = await ask(http, "POST", "/v1/webhooks/whk_1/test", 200)
    assert (delivery["event"], delivery["outcomes"][0]["http_status"]) == ("webhook.test", 500)
    await ask(http, "PATCH", "/v1/webhooks/whk_1", 200, json={"enabled": False})
    problem = await ask(http, "POST", "/v1/webhooks/whk_1/test", 409)
    assert "enable it first" in problem["detail"]


@pytest.mark.parametrize(("method", "path"), OF_WEBHOOKS)
async def test_all_of_it_is_for_admins_and_for_webhooks_that_there_are(
    http: Http, method: str, path: str
) -> None:
    path = path.format(id="whk_99")
    bodies: dict[tuple[str, str], Any] = {("POST", "/v1/webhooks"): BODY}
    body = bodies.get((method, path), {})
    for scope in ("send", "read", "inbound", "send-read-inbound"):
        headers = {"Authorization": f"Bearer key-{scope}"}
        answer = await http.request(method, path, headers=headers, json=body)
        assert answer.status == 403
        assert "admin" in (await answer.json())["detail"]
    if "whk_99" in path:
        problem = await ask(http, method, path, 404, json=body)
        assert "whk_99" in problem["detail"]


async def test_what_is_answered_is_what_is_documented(http: Http) -> None:
    kinds: dict[str, Any] = {f"{e.method} {e.path}": e.answer for e in ENDPOINTS}
    for call, status, body in (
        ("POST /v1/webhooks", 201, BODY),
        ("GET /v1/webhooks", 200, None),
        ("GET /v1/webhooks/{id}", 200, None),
        ("PATCH /v1/webhooks/{id}", 200, {"enabled": True}),
        ("POST /v1/webhooks/{id}/rotate", 200, None),
        ("POST /v1/webhooks/{id}/test", 200, None),
        ("GET /v1/webhooks/{id}/deliveries", 200, None),
        ("POST /v1/webhooks/{id}/replay", 200, {"state": "dead"}),
    ):
        method, path = call.split()
        document = await ask(http, method, path.format(id="whk_1"), status, json=body)
        TypeAdapter(kinds[call]).validate_python(document, strict=True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://localhost/", "http:// or https://"),
        ("http://", "must name a host"),
        ("http://a b/", "no space"),
        ("http://me:secret@localhost/", "user name or password"),
        ("http://2130706433/", "write 127.0.0.1"),
        ("http://localhost/" + "x" * 2000, "2,000 characters"),
    ],
)
async def test_a_callback_url_is_looked_at_when_the_message_comes(
    http: Http, url: str, said: str
) -> None:
    body = {"to": "+447700900123", "text": "hello", "callback_url": url}
    problem = await ask(http, "POST", "/v1/messages", 422, json=body)
    assert [e["field"] for e in problem["errors"]] == ["callback_url"]
    assert said in problem["errors"][0]["detail"]
    body["callback_url"] = "http://127.0.0.1:5000/fate?order=7"
    message = await ask(http, "POST", "/v1/messages", 202, json=body)
    assert message["callback_url"] == body["callback_url"]
