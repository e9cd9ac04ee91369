from __future__ import annotations

import json
import logging
import re

import pytest
from labs.fake_gateway import INBOUND, FakeGateway

from modemgw.api.app import ENDPOINTS
from modemgw.api.problem_types import PROBLEM_TYPES
from modemgw.gateway import Gateway
from modemgw.gateway.fleet.lanes import Held
from modemgw.store import StoreUnavailable

ADMIN = {"Authorization": "Bearer key-admin"}


@pytest.mark.parametrize("path", ["/v1/messages", "/metrics", "/v1/events", "/nothing"])
async def test_nothing_answers_without_a_key(http, path):
    answer = await http.get(path)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["type"] == "urn:modemgw:problem:unauthorized"


async def test_health_and_readiness_answer_without_a_key(http, gateway):
    assert (await http.get("/healthz")).status == 200
    assert (await http.head("/healthz")).status == 200
    assert (await (await http.get("/readyz")).json()) == {"ready": True, "detail": None}
    gateway.health.alarms["m1"] = "it has no room"
    answer = await http.get("/readyz")
    assert answer.status == 200
    assert (await answer.json())["detail"] == "modem m1: it has no room"
    gateway.health.ready = False
    answer = await http.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["detail"] == "no modem can send"
    gateway.health.ready, gateway.health.accepting = True, "the disk is full"
    assert (await (await http.get("/readyz")).json())["detail"] == "the disk is full"
    assert (await http.get("/healthz")).status == 200, "a restart would not help"
    gateway.health.stalled = "the database has not answered for 10 s"
    answer = await http.get("/healthz")
    assert answer.status == 503
    assert (await answer.json())["detail"] == gateway.health.stalled


async def test_a_database_that_cannot_be_read_is_a_503_that_says_why(http, gateway, monkeypatch):
    async def unreadable(*_):
        raise StoreUnavailable("the database cannot be read: database is locked")

    monkeypatch.setattr(gateway.messages, "find", unreadable)
    answer = await http.get("/v1/messages", headers={"Authorization": "Bearer key-admin"})
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    assert "is locked" in (await answer.json())["detail"]


async def test_what_fails_in_the_background_is_told_with_readiness(http, gateway):
    gateway.health.troubles = ["deliveries has failed", "lane m1 has failed"]
    answer = await http.get("/readyz")
    assert answer.status == 200
    told = "deliveries has failed; lane m1 has failed"
    assert await answer.json() == {"ready": True, "detail": told}
    gateway.health.ready = False
    answer = await http.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["detail"] == f"no modem can send; {told}"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_a_browser_can_open_the_documentation(http, path):
    assert (await http.get(path)).status == 200
    assert (await http.head(path)).status == 200


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic key-admin", "Bearer ", "key-admin"])
async def test_a_key_that_is_not_known_is_a_401(http, header):
    answer = await http.get("/v1/messages", headers={"Authorization": header})
    assert answer.status == 401


async def test_a_key_without_the_scope_is_a_403_that_names_it(http):
    headers = {"Authorization": "Bearer key-read"}
    answer = await http.post("/v1/messages", json={}, headers=headers)
    assert answer.status == 403
    problem = await answer.json()
    assert problem["type"] == "urn:modemgw:problem:missing-scope"
    assert "send" in problem["detail"]
    assert 'scope="send"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.scopes], ids=lambda e: f"{e.method} {e.path}"
)
async def test_every_endpoint_wants_its_scope(http, endpoint):
    others = {"send", "read", "inbound"} - set(endpoint.scopes)
    headers = {"Authorization": f"Bearer key-{'-'.join(sorted(others)) or 'none'}"}
    path = re.sub(r"\{\w+\}", "x", endpoint.path)
    answer = await http.request(endpoint.method, path, headers=headers)
    assert answer.status == 403


async def test_paths_and_methods_that_do_not_exist_are_problems(http):
    answer = await http.get("/v2/messages", headers=ADMIN)
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    answer = await http.put("/v1/messages", headers=ADMIN)
    assert (answer.status, answer.content_type) == (405, "application/problem+json")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_a_fault_of_ours_is_a_500_that_tells_nothing_and_is_logged(http, gateway, caplog):
    def fail(*_):
        raise RuntimeError("secret +447700900001")

    gateway.modems.views = fail
    answer = await http.get("/v1/modems", headers=ADMIN)
    assert (answer.status, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in await answer.text()
    assert "GET /v1/modems failed" in caplog.text


async def test_texts_and_numbers_stay_out_of_the_log(http, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"to": "+447700900001", "text": "top secret"}
    await http.post("/v1/messages", json=body, headers=ADMIN)
    await http.post("/v1/messages", json={**body, "class": 9}, headers=ADMIN)
    await http.get("/v1/messages?to=%2B447700900001", headers=ADMIN)
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("modemgw"))
    assert "top secret" not in ours
    assert "447700900001" not in ours


async def test_received_messages_are_shown(http, gateway):
    headers = {"Authorization": "Bearer key-inbound"}
    answer = await http.get("/v1/inbound?from=%2B447700900111", headers=headers)
    item = (await answer.json())["items"][0]
    assert (item["from"], item["text"], item["complete"]) == ("+447700900111", "STOP", True)
    assert item["received_at"] == "2026-11-22T10:00:00.125Z"
    assert gateway.inbounds.queries[0].from_ == "+447700900111"
    assert await (await http.get(f"/v1/inbound/{INBOUND.id}", headers=headers)).json() == item
    assert (await http.get("/v1/inbound/other", headers=headers)).status == 404


@pytest.mark.parametrize("code", ["Â", '*100#"', "*100#\rAT", "\x1a", "\x1b", "при", "€" * 92, ""])
async def test_a_ussd_code_that_no_line_can_carry_is_an_invalid_field(http, gateway, code):
    answer = await http.post("/v1/modems/m1/ussd", json={"code": code}, headers=ADMIN)
    assert answer.status == 422
    (error,) = (await answer.json())["errors"]
    assert error["field"] == "code"
    assert gateway.modems.calls == []


async def test_modems_are_shown_and_controlled(http, gateway):
    answer = await http.get("/v1/modems", headers=ADMIN)
    modem = (await answer.json())["items"][0]
    assert modem["state"] == "ready"
    assert modem["sim"]["iccid"] == "8944000000000000001"
    assert (modem["signal_dbm"], modem["queue"]) == (-71, 7)
    assert modem["storage"] == {"used": 3, "size": 50}
    assert modem["held"] is None
    gateway.modems.held = Held("limits", 1_795_341_600.0)
    answer = await http.get("/v1/modems/m1", headers=ADMIN)
    assert (await answer.json())["held"] == {"why": "limits", "until": "2026-11-22T10:00:00.000Z"}
    for verb in ("pause", "resume", "restart"):
        assert (await http.post(f"/v1/modems/m1/{verb}", headers=ADMIN)).status == 200
    answer = await http.post("/v1/modems/m1/ussd", json={"code": "*100#"}, headers=ADMIN)
    assert await answer.json() == {"text": "Balance: 3.50", "more": False}
    assert gateway.modems.calls == [
        ("pause", "m1"),
        ("resume", "m1"),
        ("restart", "m1"),
        ("ussd", "m1", "*100#", 30.0),
    ]
    assert (await http.get("/v1/modems/m9", headers=ADMIN)).status == 404


async def test_metrics_are_in_the_format_of_prometheus(http):
    answer = await http.get("/metrics", headers=ADMIN)
    assert answer.content_type == "text/plain"
    assert "modemgw_messages_total 0.0" in await answer.text()


async def test_the_openapi_document_describes_every_endpoint_and_resolves(http):
    text = await (await http.get("/openapi.json", headers=ADMIN)).text()
    document = json.loads(text)
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, m in document["paths"].items() for method in m}
    assert {(e.method, e.path) for e in ENDPOINTS} < described
    for reference in re.findall(r'"\$ref":"#/components/([^"]+)"', text):
        kind, name = reference.split("/")
        assert name in document["components"][kind], reference
    assert len(document["components"]["responses"]) == len(PROBLEM_TYPES)
    identifiers = [o["operationId"] for m in document["paths"].values() for o in m.values()]
    assert len(identifiers) == len(set(identifiers))
    assert "class" in document["components"]["schemas"]["MessageBody"]["properties"]


async def test_the_openapi_document_says_what_every_operation_may_answer(http):
    document = await (await http.get("/openapi.json")).json()
    for endpoint in ENDPOINTS:
        statuses = set(document["paths"][endpoint.path][endpoint.method.lower()]["responses"])
        wanted = {str(endpoint.status), "400", "408", "417", "431", "500"}
        if not endpoint.public:
            wanted |= {"401", "503"}
        if endpoint.scopes:
            wanted.add("403")
        if endpoint.body is not None:
            wanted |= {"413", "415", "422"}
        if "{id}" in endpoint.path:
            wanted.add("404")
        assert wanted <= statuses, endpoint.path


def test_the_gateway_of_these_tests_can_do_nothing_that_the_real_one_cannot():
    verbs = {n for n, v in vars(FakeGateway).items() if callable(v) and not n.startswith("_")}
    assert verbs - {"add", "happen"} <= set(dir(Gateway))
