"""/v1/batches by HTTP: what is said of a batch, asked of it, and shown."""

from __future__ import annotations

from typing import Any

import pytest

from modemgw.gateway import BatchPlan

SEND = {"Authorization": "Bearer key-send"}
READ = {"Authorization": "Bearer key-read"}
TO = "+447700900001"
B1 = {
    "id": "b1",
    "name": "offers",
    "state": "running",
    "key": "app",
    "created_at": "2026-11-22T10:00:00.125Z",
    "send_at": None,
    "rate_per_minute": 60,
    "more": False,
    "paused_at": None,
    "canceled_at": None,
    "ended_at": None,
    "accepted": 3,
    "rejected": 1,
    "counts": {"queued": 2, "delivered": 1},
    "progress": {"waiting": 2, "sending": 0, "left": 1, "percent": 33.3},
}


def fields(problem: dict[str, Any]) -> dict[str, str]:
    return {error["field"]: error["code"] for error in problem["errors"]}


async def test_a_batch_is_shown_with_how_far_it_came(http):
    answer = await http.get("/v1/batches/b1", headers=READ)
    assert await answer.json() == B1
    assert (await http.get("/v1/batches/b2", headers=READ)).status == 404


@pytest.mark.parametrize(
    "form", [{"to": [TO], "text": "x"}, {"messages": [{"to": TO, "text": "x"}]}]
)
async def test_both_forms_say_how_a_batch_is_sent(http, gateway, form):
    plan = {
        "name": "offers",
        "send_at": "2026-11-24T08:00:00Z",
        "rate_per_minute": 60,
        "more": True,
    }
    answer = await http.post("/v1/batches", json=form | plan, headers=SEND)
    assert answer.status == 202, await answer.text()
    assert gateway.sending.plans == [BatchPlan("offers", 1_795_507_200.0, 60, True)]
    answer = await http.post("/v1/batches", json=form, headers=SEND)
    assert answer.status == 202
    assert gateway.sending.plans[1] == BatchPlan()


@pytest.mark.parametrize("bad", [{}, {"to": [TO, ""]}, {"messages": [{"to": TO, "text": "x"}, {}]}])
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": ""}, "too-short"),
        ({"name": "x" * 101}, "too-long"),
        ({"rate_per_minute": 0}, "out-of-range"),
        ({"rate_per_minute": 60_001}, "out-of-range"),
        ({"rate_per_minute": "60"}, "wrong-type"),
        ({"more": "yes"}, "wrong-type"),
        ({"rate": 60}, "unknown"),
    ],
)
async def test_what_is_wrong_about_the_batch_itself_is_named(http, bad, wrong, code):
    form = {"to": [TO], "text": "x"} if "messages" not in bad else {}
    answer = await http.post("/v1/batches", json=form | bad | wrong, headers=SEND)
    assert answer.status == 422, await answer.text()
    (name,) = wrong
    assert fields(await answer.json())[name] == code


@pytest.mark.parametrize(
    "form",
    [
        {"to": [TO, "x"], "text": "x"},
        {"messages": [{"to": TO, "text": "x"}, {"to": "x", "text": "x"}]},
    ],
)
async def test_messages_are_added_and_name_neither_a_name_nor_a_pace(http, gateway, form):
    answer = await http.post("/v1/batches/b1/messages", json=form | {"more": True}, headers=SEND)
    assert answer.status == 202
    assert answer.headers["Location"] == "/v1/batches/b1"
    document = await answer.json()
    assert (document["id"], document["accepted"]) == ("b1", 1)
    assert [item["index"] for item in document["rejected"]] == [1]
    assert gateway.sending.plans[-1].more
    for name, value in (("name", "x"), ("rate_per_minute", 5)):
        answer = await http.post("/v1/batches/b1/messages", json=form | {name: value}, headers=SEND)
        assert fields(await answer.json()) == {name: "unknown"}
    answer = await http.post("/v1/batches/b2/messages", json=form, headers=SEND)
    assert answer.status == 404


async def test_a_preview_names_what_is_wrong_and_sends_nothing(http, gateway):
    body = {"messages": [{"to": TO, "text": "x"}, {"to": "x", "text": "y"}, {"to": TO, "color": 1}]}
    answer = await http.post("/v1/preview/batch", json=body, headers=SEND)
    assert answer.status == 200
    document = await answer.json()
    rejected = document.pop("rejected")
    assert document == {
        "accepted": 1,
        "parts": 1,
        "most_parts": 1,
        "encodings": {"gsm7": 1},
        "cost": None,
    }
    assert [(r["index"], fields(r["problem"])) for r in rejected] == [
        (1, {"to": "invalid-number"}),
        (2, {"color": "unknown"}),
    ]
    assert gateway.sending.sent == []


async def test_batches_are_listed_by_name_and_state(http, gateway):
    answer = await http.get("/v1/batches?name=offers&state=running&limit=7", headers=READ)
    assert await answer.json() == {"items": [B1], "next_cursor": None}
    (query,) = gateway.batches.queries
    assert (query.name, query.state, query.limit) == ("offers", "running", 7)
    answer = await http.get("/v1/batches?state=asleep", headers=READ)
    assert answer.status == 422
    assert fields(await answer.json()).keys() == {"state"}


async def test_messages_of_a_batch_are_listed(http, gateway):
    await http.post("/v1/messages", json={"to": TO, "text": "x"}, headers=SEND)
    answer = await http.get("/v1/batches/b1/messages?status=queued&limit=3", headers=READ)
    assert [m["to"] for m in (await answer.json())["items"]] == [TO]
    query = gateway.messages.queries[-1]
    assert (query.batch, query.status, query.limit) == ("b1", "queued", 3)
    assert (await http.get("/v1/batches/b2/messages", headers=READ)).status == 404


async def test_a_batch_is_paused_gone_on_with_and_canceled_and_that_is_on_record(http, gateway):
    for verb, state in (("pause", "paused"), ("resume", "running"), ("cancel", "canceled")):
        answer = await http.post(f"/v1/batches/b1/{verb}", headers=SEND)
        assert (answer.status, (await answer.json())["state"]) == (200, state)
        assert (await http.post(f"/v1/batches/b1/{verb}", headers=READ)).status == 403
        assert (await http.post(f"/v1/batches/b2/{verb}", headers=SEND)).status == 404
    answer = await http.post("/v1/batches/b1/pause", headers=SEND)
    assert answer.status == 409
    done = [(what, how) for what, _, _, target, how, _ in gateway.audit.records if target == "b1"]
    assert done == [
        ("batches.pause", "done"),
        ("batches.resume", "done"),
        ("batches.cancel", "done"),
        ("batches.pause", "conflict"),
    ]


async def test_what_is_given_is_changed_and_the_rest_stays(http, gateway):
    for change in (
        {"rate_per_minute": 30},
        {"rate_per_minute": None, "name": "x"},
        {"more": False},
    ):
        answer = await http.patch("/v1/batches/b1", json=change, headers=SEND)
        assert answer.status == 200
        assert gateway.batches.changes[-1] == change
    answer = await http.patch("/v1/batches/b1", json={"more": True}, headers=SEND)
    assert answer.status == 422
