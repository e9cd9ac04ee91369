from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from labs.fake_gateway import DELIVERED, NOW

from modemgw.store.records import MessageStatus, NewMessage, Part, PartStatus

SEND = {"Authorization": "Bearer key-send"}
READ = {"Authorization": "Bearer key-read"}


def fields(problem):
    return {error["field"]: error["code"] for error in problem["errors"]}


async def test_a_message_is_accepted_with_202_and_its_location(http, gateway):
    answer = await http.post(
        "/v1/messages", json={"to": "+447700900001", "text": "Hello €"}, headers=SEND
    )
    assert answer.status == 202
    document = await answer.json()
    assert document["id"] == "msg1"
    assert document["text"] == "Hello €"
    assert document["status"] == "queued"
    assert document["created_at"] == "2026-11-22T10:00:00.125Z"
    assert answer.headers["Location"] == "/v1/messages/msg1"
    assert gateway.sending.sent == [(NewMessage(to="+447700900001", text="Hello €"), "key-send")]


async def test_every_option_reaches_the_gateway_in_its_own_terms(http, gateway):
    body = {
        "to": "+447700900001",
        "data": base64.b64encode(b"\x00\xff").decode(),
        "ports": {"destination": 2948, "source": 9200},
        "type": "otp",
        "route": "default",
        "modem": "m1",
        "encoding": "binary",
        "transliterate": True,
        "class": 0,
        "validity": 300,
        "send_at": "2026-11-22T11:00:00.125+01:00",
        "receipt": False,
        "reference": "order 7",
        "callback_url": "https://example.org/sms",
        "max_parts": 3,
        "tags": ["a", "b"],
    }
    answer = await http.post("/v1/messages", json=body, headers=SEND)
    assert answer.status == 202, await answer.text()
    assert gateway.sending.sent[0][0] == NewMessage(
        to="+447700900001",
        data=b"\x00\xff",
        ports=(2948, 9200),
        type="otp",
        route="default",
        modem="m1",
        encoding="binary",
        transliterate=True,
        message_class=0,
        validity_s=300,
        send_at=NOW,
        receipt=False,
        reference="order 7",
        callback_url="https://example.org/sms",
        max_parts=3,
        tags=("a", "b"),
    )
    document = await answer.json()
    assert document["data"] == body["data"]
    assert document["ports"] == body["ports"]
    assert document["class"] == 0
    assert document["send_at"] == "2026-11-22T10:00:00.125Z"


async def test_every_wrong_field_is_named_at_once_in_shape_and_meaning(http):
    body = {
        "to": "nobody",
        "text": "x",
        "route": "nowhere",
        "class": 4,
        "validity": "300",
        "send_at": "tomorrow",
        "callback_url": "ftp://x",
        "colour": "red",
        "data": "!",
    }
    answer = await http.post("/v1/messages", json=body, headers=SEND)
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["type"] == "urn:modemgw:problem:invalid-fields"
    assert fields(problem) == {
        "to": "invalid-number",
        "route": "unknown-route",
        "class": "out-of-range",
        "validity": "wrong-type",
        "send_at": "invalid",
        "callback_url": "invalid",
        "colour": "unknown",
        "data": "invalid",
    }


async def test_what_the_gateway_refuses_is_a_problem_with_its_fields(http):
    answer = await http.post("/v1/messages", json={"to": "5", "route": "nowhere"}, headers=SEND)
    assert answer.status == 422
    assert fields(await answer.json()) == {
        "to": "invalid-number",
        "route": "unknown-route",
        "text": "content",
    }


async def test_a_missing_recipient_does_not_hide_what_else_is_wrong(http):
    answer = await http.post("/v1/messages", json={"text": "x", "route": "nowhere"}, headers=SEND)
    assert fields(await answer.json()) == {"to": "missing", "route": "unknown-route"}


@pytest.mark.parametrize(
    "when", ["1795341600", "2026-11-22T10:00:00", "2026-02-30T10:00:00Z", "2026-11-22"]
)
async def test_a_time_without_date_or_zone_is_refused(http, when):
    answer = await http.post(
        "/v1/messages", json={"to": "+4477", "text": "x", "send_at": when}, headers=SEND
    )
    assert fields(await answer.json()) == {"send_at": "invalid"}


async def test_bad_json_is_told_with_line_and_column(http):
    answer = await http.post(
        "/v1/messages",
        data=b'{\n "to": "+447700900001",\n "text": }',
        headers=SEND | {"Content-Type": "application/json"},
    )
    assert answer.status == 400
    problem = await answer.json()
    assert problem["type"] == "urn:modemgw:problem:invalid-json"
    assert (problem["line"], problem["column"]) == (3, 10)


@pytest.mark.parametrize("body", [b"", b"\xff", b'{"to": "\\ud83d"}', b"[" * 5000])
async def test_what_is_no_json_at_all_is_a_400(http, body):
    for path in ("/v1/messages", "/v1/batches", "/v1/preview"):
        answer = await http.post(
            path, data=body, headers=SEND | {"Content-Type": "application/json"}
        )
        assert answer.status == 400, path
        assert (await answer.json())["type"] == "urn:modemgw:problem:invalid-json"


@pytest.mark.parametrize("body", ["[]", "null", "7", '"x"'])
async def test_json_that_is_no_object_is_a_422(http, body):
    for path in ("/v1/messages", "/v1/batches", "/v1/preview"):
        answer = await http.post(
            path, data=body.encode(), headers=SEND | {"Content-Type": "application/json"}
        )
        assert answer.status == 422, path
        assert fields(await answer.json()) == {"body": "wrong-type"}


async def test_a_form_is_refused_with_a_word_on_what_would_be_right(http):
    answer = await http.post("/v1/messages", data={"to": "+447700900001"}, headers=SEND)
    assert answer.status == 415
    assert "application/json" in (await answer.json())["detail"]


async def test_a_body_that_does_not_say_what_it_is_counts_as_json(http):
    answer = await http.post(
        "/v1/messages",
        data=json.dumps({"to": "+447700900001", "text": "x"}).encode(),
        headers=SEND,
        skip_auto_headers=["Content-Type"],
    )
    assert answer.status == 202


async def test_a_body_that_is_too_large_is_a_413_with_the_limit(http):
    answer = await http.post(
        "/v1/messages",
        data=io.BytesIO(b" " * (1 << 20) + b"{}"),
        headers=SEND | {"Content-Type": "application/json"},
    )
    assert answer.status == 413
    assert "1,048,576" in (await answer.json())["detail"]


async def test_the_same_idempotency_key_gets_the_first_answer_again(http, gateway):
    headers = SEND | {"Idempotency-Key": "abc"}
    body = {"to": "+447700900001", "text": "once"}
    first = await http.post("/v1/messages", json=body, headers=headers)
    second = await http.post("/v1/messages", json=body, headers=headers)
    assert first.status == second.status == 202
    assert await first.read() == await second.read()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(gateway.sending.sent) == 1


async def test_the_same_idempotency_key_with_another_body_is_refused(http):
    headers = SEND | {"Idempotency-Key": "abc"}
    await http.post("/v1/messages", json={"to": "+447700900001", "text": "a"}, headers=headers)
    answer = await http.post(
        "/v1/messages", json={"to": "+447700900001", "text": "b"}, headers=headers
    )
    assert answer.status == 422
    assert (await answer.json())["type"] == "urn:modemgw:problem:idempotency-key-reused"


async def test_an_idempotency_key_that_is_too_long_is_named(http):
    answer = await http.post(
        "/v1/messages",
        json={"to": "+447700900001", "text": "a"},
        headers=SEND | {"Idempotency-Key": "k" * 256},
    )
    assert fields(await answer.json()) == {"Idempotency-Key": "invalid"}


async def test_when_nothing_is_accepted_it_is_a_503_that_says_why(http, gateway):
    gateway.health.accepting = "the disk is full"
    answer = await http.post(
        "/v1/messages", json={"to": "+447700900001", "text": "a"}, headers=SEND
    )
    assert answer.status == 503
    assert (await answer.json())["detail"] == "the disk is full"
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_limit_that_is_reached_is_a_429_that_says_when_to_try_again(http, gateway):
    gateway.sending.limit = 1
    body: dict[str, Any] = {"to": "+447700900001", "text": "a"}
    assert (await http.post("/v1/messages", json=body, headers=SEND)).status == 202
    answer = await http.post("/v1/messages", json=body, headers=SEND)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "8")
    body = {"to": ["+447700900001"], "text": "a"}
    answer = await http.post("/v1/batches", json=body, headers=SEND)
    rejected = (await answer.json())["rejected"]
    assert [r["problem"]["type"] for r in rejected] == ["urn:modemgw:problem:too-many-messages"]


async def test_a_message_shows_its_parts_attempts_and_receipts(http, gateway):
    gateway.messages.add(
        NewMessage(to="+447700900001", text="x"),
        status=MessageStatus.DELIVERED,
        part=Part(1, PartStatus.DELIVERED, (DELIVERED,)),
    )
    answer = await http.get("/v1/messages/msg1", headers=READ)
    part = (await answer.json())["parts"][0]
    assert part["status"] == "delivered"
    assert (part["modem"], part["sim"], part["reference"]) == ("m1", "8944000000000000001", 17)
    assert part["submitted_at"] == "2026-11-22T10:00:01.125Z"
    assert part["receipt"]["status"] == 0
    assert part["receipt"]["discharge_time"] == "2026-11-22T10:00:01.125Z"
    assert [attempt["state"] for attempt in part["attempts"]] == ["accepted"]


async def test_lists_are_pages_that_a_cursor_links(http, gateway):
    for n in range(3):
        gateway.messages.add(NewMessage(to="+447700900001", text=str(n)))
    first = await (await http.get("/v1/messages?limit=2", headers=READ)).json()
    assert [m["text"] for m in first["items"]] == ["2", "1"]
    query = {"limit": "2", "cursor": first["next_cursor"]}
    second = await (await http.get("/v1/messages", params=query, headers=READ)).json()
    assert [m["text"] for m in second["items"]] == ["0"]
    assert second["next_cursor"] is None


async def test_the_filters_of_a_list_reach_the_gateway(http, gateway):
    answer = await http.get(
        "/v1/messages?status=sent&to=+447700900001&type=otp"
        "&since=2026-11-22T10:00:00.125+00:00&until=2026-11-22T10:00:01.125Z",
        headers=READ,
    )
    assert answer.status == 200, await answer.text()
    query = gateway.messages.queries[0]
    assert (query.status, query.to, query.type) == ("sent", "+447700900001", "otp")
    assert (query.since, query.until) == (NOW, NOW + 1)


async def test_wrong_and_unknown_parameters_of_a_list_are_named(http):
    answer = await http.get("/v1/messages?status=lost&limit=0&color=red", headers=READ)
    assert answer.status == 422
    assert fields(await answer.json()) == {
        "status": "not-a-choice",
        "limit": "out-of-range",
        "color": "unknown",
    }


async def test_a_queued_message_is_canceled_and_another_is_a_conflict(http, gateway):
    gateway.messages.add(NewMessage(to="+447700900001", text="x"))
    gateway.messages.add(NewMessage(to="+447700900001", text="x"), status=MessageStatus.SENT)
    answer = await http.delete("/v1/messages/msg1", headers=SEND)
    assert (await answer.json())["status"] == "canceled"
    answer = await http.delete("/v1/messages/msg2", headers=SEND)
    assert answer.status == 409
    assert (await http.delete("/v1/messages/msg3", headers=SEND)).status == 404


async def test_a_preview_sends_nothing(http, gateway):
    answer = await http.post("/v1/preview", json={"to": "+447700900001", "text": "é"}, headers=SEND)
    assert await answer.json() == {
        "encoding": "gsm7",
        "parts": 1,
        "characters_left": 150,
        "units": [10],
        "characters_changed": [["é", "e"]],
        "send_at": "2026-11-22T10:00:30.125Z",
        "expires_at": "2026-11-22T10:01:00.125Z",
        "deferred": {"code": "quiet-hours", "detail": "it is quiet there"},
        "cost": {"amount": "0.045", "currency": "EUR", "estimated": True},
        "text": None,
        "template": None,
        "template_version": None,
        "language": None,
        "warnings": [],
    }
    assert gateway.sending.sent == []


async def test_a_batch_of_messages_takes_the_good_and_names_the_bad_by_position(http, gateway):
    body = {
        "messages": [
            {"to": "+447700900001", "text": "a"},
            {"to": 7, "text": "b", "colour": "red"},
            {"to": "nobody", "text": "c"},
            {"to": "+447700900002", "text": "d"},
        ]
    }
    answer = await http.post("/v1/batches", json=body, headers=SEND)
    assert answer.status == 202, await answer.text()
    document = await answer.json()
    assert (document["id"], document["accepted"]) == ("b1", 2)
    assert [(r["index"], fields(r["problem"])) for r in document["rejected"]] == [
        (1, {"to": "wrong-type", "colour": "unknown"}),
        (2, {"to": "invalid-number"}),
    ]
    assert [new.text for new, _ in gateway.sending.sent] == ["a", "d"]
    assert answer.headers["Location"] == "/v1/batches/b1"


async def test_a_batch_sends_one_text_to_many(http, gateway):
    body = {"to": ["+447700900001", 5, "+447700900002"], "text": "same", "type": "promotional"}
    document = await (await http.post("/v1/batches", json=body, headers=SEND)).json()
    assert document["accepted"] == 2
    assert [(r["index"], fields(r["problem"])) for r in document["rejected"]] == [
        (1, {"to": "wrong-type"})
    ]
    assert [(new.to, new.type) for new, _ in gateway.sending.sent] == [
        ("+447700900001", "promotional"),
        ("+447700900002", "promotional"),
    ]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (rb'{"\u006dessages": [{"to": "+44", "text": "a"}, {"to": "+44", "text": "b"}]}', "ab"),
        (b'{"to": ["+44"], "text": "a", "reference": "messages"}', "a"),
        (b'{"to": ["+44"], "text": "a", "tags": ["messages"]}', "a"),
    ],
)
async def test_the_kind_of_a_batch_is_what_its_fields_say_however_written(
    http, gateway, body, texts
):
    json = {"Content-Type": "application/json"}
    answer = await http.post("/v1/batches", data=body, headers=SEND | json)
    assert answer.status == 202, await answer.text()
    assert "".join(new.text for new, _ in gateway.sending.sent) == texts


async def test_a_number_that_json_has_not_is_wrong_in_a_batch_too(http):
    body = b'{"to": ["+44", 5], "text": "a", "validity": NaN}'
    json = {"Content-Type": "application/json"}
    answer = await http.post("/v1/batches", data=body, headers=SEND | json)
    assert answer.status == 422
    assert "validity" in fields(await answer.json())


async def test_a_batch_that_is_wrong_as_a_whole_is_a_422(http):
    for body, wrong in (
        ({"to": ["+447700900001"], "text": 5}, {"text": "wrong-type"}),
        ({"messages": []}, {"messages": "too-short"}),
        ({"messages": [{"text": "x"}]}, {"messages[0].to": "missing"}),
        ({}, {"to": "missing"}),
        ({"messages": 5}, {"messages": "wrong-type"}),
        ({"messages": [{"to": "+44", "text": "x"}], "text": "y"}, {"text": "unknown"}),
    ):
        answer = await http.post("/v1/batches", json=body, headers=SEND)
        assert answer.status == 422, body
        assert fields(await answer.json()) == wrong


async def test_a_batch_of_more_than_ten_thousand_is_refused(http):
    body = {"to": ["+447700900001"] * 10_001, "text": "x"}
    answer = await http.post("/v1/batches", json=body, headers=SEND)
    assert fields(await answer.json()) == {"to": "too-long"}


async def test_a_batch_with_an_idempotency_key_is_taken_once(http, gateway):
    headers = SEND | {"Idempotency-Key": "abc"}
    body = {"to": ["+447700900001", "x"], "text": "once"}
    first = await http.post("/v1/batches", json=body, headers=headers)
    second = await http.post("/v1/batches", json=body, headers=headers)
    assert await first.read() == await second.read()
    assert (await second.json())["rejected"][0]["index"] == 1
    assert len(gateway.sending.sent) == 1
