"""Bodies that want much of whoever looks at them: answered soon, and nobody else has to wait."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.loop_lag import LAG_S, lag

from modemgw.api.app import create_app
from modemgw.api.requests import MessageBody
from modemgw.config import HttpSection

SEND = {"Authorization": "Bearer key-send", "Content-Type": "application/json"}
ONE = '{"to":"+447700900001","text":"x"}'


@pytest.fixture
async def http(gateway):
    app = create_app(gateway, HttpSection(max_body_bytes=16 << 20))
    async with TestClient(TestServer(app)) as client:
        yield client


def fields(count, start='{"to":"+447700900001","text":"x"'):
    return start + "".join(f',"f{n}":{n}' for n in range(count)) + "}"


HOSTILE = {
    "items that are none": ("batches", '{"messages":[' + "0," * 2_000_000 + "0]}"),
    "empty items": ("batches", '{"messages":[' + "{}," * 1_300_000 + "{}]}"),
    "10,000 items with many fields": (
        "batches",
        '{"messages":[' + ",".join([fields(30, '{"a":0')] * 10_000) + "]}",
    ),
    "10,000 items with many ports": (
        "batches",
        '{"messages":['
        + ",".join(
            ['{"to":"+447700900001","text":"x","ports":' + fields(30, '{"a":0') + "}"] * 9999
        )
        + "]}",
    ),
    "10,000 items with bad tags": (
        "batches",
        '{"messages":['
        + ",".join(['{"to":"+447700900001","text":"x","tags":[' + "0," * 40 + "0]}"] * 10_000)
        + "]}",
    ),
    "recipients that are none": ("batches", '{"text":"x","to":[' + "0," * 2_000_000 + "0]}"),
    "10,000 bad recipients": ("batches", '{"text":"x","to":[' + "0," * 9_999 + "0]}"),
    "a million unknown fields of a batch": ("batches", fields(350_000, '{"to":["+44"],"text":"x"')),
    "unknown fields of a message": ("messages", fields(350_000)),
    "unknown fields to preview": ("preview", fields(350_000)),
    "tags": ("messages", ONE[:-1] + ',"tags":[' + "0," * 400_000 + "0]}"),
    "tags in tags": ("messages", ONE[:-1] + ',"tags":[' + "[" * 190 + "]" * 190 + "]}"),
    "ports": ("messages", ONE[:-1] + ',"ports":' + fields(400_000, '{"a":1') + "}"),
    "long names": ("messages", ONE[:-1] + "," + json.dumps("n" * 4_000_000) + ":1}"),
    "long names in a batch": (
        "batches",
        '{"messages":[' + ",".join(["{" + json.dumps("n" * 4_000) + ":1}"] * 900) + "]}",
    ),
    "a long number": ("messages", ONE[:-1] + ',"validity":' + "9" * 4_000_000 + "}"),
    "nothing but quotes": ("batches", '"' + '\\"' * 1_500_000 + "," * 600_000),
    "commas": ("messages", "," * 4_000_000),
    "brackets": ("batches", "[" * 4_000_000),
    "an object of objects": ("messages", '{"a":' * 800_000),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_what_is_wrong_with_a_body_is_told_soon_and_in_few_words(http, what):
    path, body = HOSTILE[what]
    body = body.encode()
    async with lag() as longest:
        began = time.process_time()
        answer = await http.post(f"/v1/{path}", data=io.BytesIO(body), headers=SEND)
        text = await answer.read()
        took = time.process_time() - began
    assert answer.status in (400, 413, 422), text[:300]
    assert answer.content_type == "application/problem+json"
    assert len(text) < 50_000
    assert took < 5
    assert longest[0] < LAG_S, longest


async def test_ten_thousand_items_that_are_all_wrong_but_one_are_each_told(http):
    items = [0] * 9_999 + [json.loads(ONE)]
    async with lag() as longest:
        answer = await http.post("/v1/batches", json={"messages": items}, headers=SEND)
        batch = await answer.json()
    assert (answer.status, batch["accepted"]) == (202, 1)
    assert [r["index"] for r in batch["rejected"]] == list(range(9_999))
    assert longest[0] < LAG_S, longest


async def test_ten_thousand_items_with_every_field_wrong_let_others_in_between(http):
    wrong: dict[str, Any] = {f.alias or n: [[]] for n, f in MessageBody.model_fields.items()}
    raw = json.dumps({"messages": [wrong] * 9_999 + [json.loads(ONE)]}).encode()
    async with lag() as longest:
        answer = await http.post("/v1/batches", data=io.BytesIO(raw), headers=SEND)
        body = await answer.read()
    assert answer.status == 202
    assert len(body) < 20_000_000
    assert longest[0] < LAG_S, longest


@pytest.mark.parametrize("bad", [0, 2, 5_000])
async def test_more_items_than_a_batch_may_have_are_too_many_however_many_are_wrong(http, bad):
    for body in (
        {"messages": [0] * bad + [json.loads(ONE)] * (10_001 - bad)},
        {"to": [0] * bad + ["+447700900001"] * (10_001 - bad), "text": "x"},
    ):
        answer = await http.post("/v1/batches", json=body, headers=SEND)
        assert answer.status == 422
        assert "10,000" in (await answer.json())["detail"]


async def test_unknown_fields_are_counted_where_they_are_many(http):
    answer = await http.post("/v1/messages", data=fields(100).encode(), headers=SEND)
    problem = await answer.json()
    assert answer.status == 422
    assert [e["code"] for e in problem["errors"]] == ["unknown"]
    assert "100 fields" in problem["detail"]


async def test_a_long_text_with_many_commas_is_a_text(http):
    body = {"to": "+447700900001", "text": "one, two, three, " * 500}
    assert (await http.post("/v1/messages", json=body, headers=SEND)).status == 202
    batch = {"messages": [{**body, "text": "a,b," * 300}] * 1000}
    answer = await http.post(
        "/v1/batches", data=io.BytesIO(json.dumps(batch).encode()), headers=SEND
    )
    assert (await answer.json())["accepted"] == 1000


async def test_the_limit_of_a_body_holds_where_it_comes_with_its_headers(gateway):
    app = create_app(gateway, HttpSection(max_body_bytes=1024))
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        body = b'{"to":"+447700900001","text":"x"}'.ljust(1500)
        head = "POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-send\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert (await reader.readline()).split()[1] == b"413"
        writer.close()
        await writer.wait_closed()
    assert gateway.sending.sent == []
