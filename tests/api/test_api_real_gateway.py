"""The API in front of the real gateway, whose modem is not there: what the fake cannot prove."""

from __future__ import annotations

import asyncio
import io
import json

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.loop_lag import LAG_S, lag
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key, revoke_key

BODY = {"to": "07700 900123", "text": "Grüße €"}


@pytest.fixture
async def http(tmp_path):
    config = parse(
        {
            "gateway": {"data_dir": tmp_path, "drain_timeout": 1},
            "modem": [{"id": "m1", "device": str(tmp_path / "none")}],
            "route": [{"id": "uk", "match": {"to_prefix": ["+44"]}}],
        }
    )
    token = create_key(tmp_path / FILE_NAME, "app", ["admin"])
    async with Gateway.open(config) as gateway:
        headers = {"Authorization": f"Bearer {token}"}
        async with TestClient(TestServer(create_app(gateway)), headers=headers) as client:
            yield client


async def get(http, path, kind, status=200):
    answer = await http.get(path)
    assert answer.status == status, await answer.text()
    return TypeAdapter(kind).validate_python(await answer.json(), strict=True)


async def post(http, path, body, kind, status=202, **headers):
    answer = await http.post(path, json=body, headers=headers)
    assert answer.status == status, await answer.text()
    return TypeAdapter(kind).validate_python(await answer.json(), strict=True)


def fields(problem):
    return {error["field"] for error in problem["errors"]}


async def test_a_message_is_normalised_stored_shown_and_canceled(http):
    message = await post(http, "/v1/messages", BODY, answers.Message)
    assert (message["to"], message["status"], message["encoding"]) == (
        "+447700900123",
        "queued",
        "gsm7",
    )
    assert message["route"] == "uk"
    assert message["key"] == "app"
    assert await get(http, f"/v1/messages/{message['id']}", answers.Message) == message
    answer = await http.delete(f"/v1/messages/{message['id']}")
    assert (await answer.json())["status"] == "canceled"
    answer = await http.delete(f"/v1/messages/{message['id']}")
    assert answer.status == 409


async def test_every_option_is_kept(http):
    body = {
        "to": "+447700900123",
        "data": "AAH/",
        "ports": {"destination": 2948, "source": 9200},
        "type": "otp",
        "route": "uk",
        "modem": "m1",
        "class": 1,
        "send_at": "2040-01-01T00:00:00Z",
        "receipt": False,
        "reference": "r",
        "callback_url": "http://example.org/",
        "tags": ["a"],
    }
    refused = await post(http, "/v1/messages", body, answers.Problem, 422)
    assert fields(refused) == {"send_at"}
    body["send_at"] = "2026-01-01T00:00:00Z"
    message = await post(http, "/v1/messages", body, answers.Message)
    kept = {k: v for k, v in body.items() if k != "send_at"}
    assert {k: v for k, v in message.items() if k in kept} == kept


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (
            {"to": "nobody", "text": "", "route": "x", "modem": "y"},
            {"to", "text", "route", "modem"},
        ),
        ({"to": "+447700900123", "text": "x", "data": "AA=="}, {"data"}),
        ({"to": "+447700900123"}, {"text"}),
        ({"to": "+447700900123", "text": "привет", "encoding": "gsm7"}, {"text"}),
        ({"to": "+447700900123", "text": "x" * 200, "max_parts": 1}, {"text"}),
        ({"to": "+447700900123", "text": "x", "encoding": "binary"}, {"encoding"}),
        ({"text": 5, "route": "x", "modem": "y"}, {"to", "text", "route", "modem"}),
    ],
)
async def test_what_is_wrong_is_named_field_by_field(http, body, wrong):
    for path in ("/v1/messages", "/v1/preview"):
        assert fields(await post(http, path, body, answers.Problem, 422)) == wrong


async def test_the_same_request_again_is_answered_from_the_store(http):
    first = await http.post("/v1/messages", json=BODY, headers={"Idempotency-Key": "k"})
    again = await http.post("/v1/messages", json=BODY, headers={"Idempotency-Key": "k"})
    assert await first.read() == await again.read()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await http.post(
        "/v1/messages", json={**BODY, "text": "x"}, headers={"Idempotency-Key": "k"}
    )
    assert other.status == 422
    batch = {"to": [BODY["to"], "x"], "text": "y"}
    first = await http.post("/v1/batches", json=batch, headers={"Idempotency-Key": "b"})
    again = await http.post("/v1/batches", json=batch, headers={"Idempotency-Key": "b"})
    assert (first.status, again.status) == (202, 202)
    assert await first.read() == await again.read()
    page = await get(http, "/v1/messages", answers.Messages)
    assert len(page["items"]) == 2


async def test_two_equal_requests_at_once_make_one_message(http):
    async def send():
        answer = await http.post("/v1/messages", json=BODY, headers={"Idempotency-Key": "k"})
        return answer.status, await answer.read()

    first, second = await asyncio.gather(send(), send())
    assert first == second
    page = await get(http, "/v1/messages", answers.Messages)
    assert len(page["items"]) == 1


async def test_a_batch_is_sorted_and_counted(http):
    body = {"messages": [BODY, {"to": "nobody", "text": "x"}, {"to": 5}, {**BODY, "class": 0}]}
    batch = await post(http, "/v1/batches", body, answers.AcceptedBatch)
    assert batch["accepted"] == 2
    assert [(r["index"], fields(r["problem"])) for r in batch["rejected"]] == [
        (1, {"to"}),
        (2, {"to"}),
    ]
    counted = await get(http, f"/v1/batches/{batch['id']}", answers.Batch)
    assert counted["counts"] == {"queued": 2}
    await get(http, "/v1/batches/none", answers.Problem, 404)


async def test_lists_are_filtered_and_paged(http):
    ids = []
    for n in range(5):
        body = {**BODY, "text": str(n), "type": "otp" if n % 2 else "promotional"}
        ids.append((await post(http, "/v1/messages", body, answers.Message))["id"])
    seen, path = [], "/v1/messages?limit=2"
    while path:
        page = await get(http, path, answers.Messages)
        seen += [m["id"] for m in page["items"]]
        path = page["next_cursor"] and f"/v1/messages?limit=2&cursor={page['next_cursor']}"
    assert seen == ids[::-1]
    page = await get(http, "/v1/messages?type=otp&status=queued", answers.Messages)
    assert [m["id"] for m in page["items"]] == [ids[3], ids[1]]
    page = await get(http, "/v1/messages?status=failed", answers.Messages)
    assert page["items"] == []
    page = await get(http, "/v1/messages?until=2020-01-01T00:00:00Z", answers.Messages)
    assert page["items"] == []
    assert fields(await get(http, "/v1/messages?cursor=x", answers.Problem, 422)) == {"cursor"}
    assert fields(await get(http, "/v1/inbound?cursor=x", answers.Problem, 422)) == {"cursor"}
    assert (await get(http, "/v1/inbound", answers.Inbounds))["items"] == []


async def test_events_are_replayed_from_the_store(http):
    message = await post(http, "/v1/messages", BODY, answers.Message)
    async with http.get("/v1/events?after=0") as stream:
        async with asyncio.timeout(5):
            while True:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    event = TypeAdapter(answers.Event).validate_python(json.loads(line[6:]))
                    if event["type"] == "message.queued":
                        break
    assert event["data"]["id"] == message["id"]


async def test_modems_figures_and_readiness_are_told(http):
    modems = await get(http, "/v1/modems", answers.Modems)
    assert [(m["id"], m["state"]) for m in modems["items"]] == [("m1", "absent")]
    await get(http, "/v1/modems/m1/trace", answers.Trace)
    await get(http, "/v1/modems/m2", answers.Problem, 404)
    answer = await http.post("/v1/modems/m1/ussd", json={"code": "*100#"})
    assert answer.status == 409
    answer = await http.post("/v1/modems/m1/at", json={"command": "AT+CSQ"})
    assert answer.status == 409
    assert (await get(http, "/v1/modems/m1/signal", answers.Signal))["items"] == []
    await get(http, "/v1/modems/m2/signal", answers.Problem, 404)
    assert (await http.get("/readyz")).status == 503
    assert b"modemgw" in await (await http.get("/metrics")).read()


async def test_a_revoked_key_is_forgotten(http, tmp_path, monkeypatch):
    assert (await http.get("/v1/modems")).status == 200
    assert revoke_key(tmp_path / FILE_NAME, "app")
    monkeypatch.setattr("modemgw.gateway.access.CACHE_S", 0.0)
    assert (await http.get("/v1/modems")).status == 401


async def test_a_batch_of_the_largest_texts_lets_others_in_between(http):
    texts = [chr(0x105 + n % 100) * 30_000 for n in range(250)]
    body = {
        "messages": [
            {"to": "+447700900123", "text": t, "transliterate": True, "max_parts": 1} for t in texts
        ]
    }
    raw = io.BytesIO(json.dumps(body, ensure_ascii=False).encode())
    async with lag() as longest:
        answer = await http.post(
            "/v1/batches", data=raw, headers={"Content-Type": "application/json"}
        )
    assert answer.status == 202
    assert (await answer.json())["accepted"] == 0
    assert longest[0] < LAG_S


async def test_a_stream_ends_when_its_key_is_revoked(http, tmp_path, monkeypatch):
    monkeypatch.setattr("modemgw.gateway.access.CACHE_S", 0.0)
    monkeypatch.setattr("modemgw.gateway.access.LOOK_EVERY_S", 0.05)
    async with http.get("/v1/events?after=0") as stream:
        await post(http, "/v1/messages", BODY, answers.Message)
        assert revoke_key(tmp_path / FILE_NAME, "app")
        async with asyncio.timeout(5):
            await stream.content.read()
    assert (await http.get("/v1/events")).status == 401
