"""/v1/templates and messages that are made of them, in front of the real gateway."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import ENDPOINTS, create_app
from modemgw.api.openapi.examples import TEMPLATE, TEMPLATE_PREVIEW
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key

CREATE = next(e for e in ENDPOINTS if (e.method, e.path) == ("POST", "/v1/templates")).example
HELLO = {
    "name": "hello",
    "variants": [
        {"language": "en", "text": "Hello {{ name }}"},
        {"language": "pt", "region": "BR", "text": "Bom dia {{ name }}"},
    ],
    "parameters": {"name": {"type": "string", "max_length": 20}},
}
CHANGED = {**HELLO, "variants": [{"language": "en", "text": "Hi {{ name }}!"}]}
del CHANGED["name"]
PARAMS = {"name": "Ann"}


@pytest.fixture
async def http(tmp_path):
    config = parse({"gateway": {"data_dir": tmp_path, "drain_timeout": 1}})
    token = create_key(tmp_path / FILE_NAME, "boss", ["admin"])
    async with Gateway.open(config) as gateway:
        headers = {"Authorization": f"Bearer {token}"}
        async with TestClient(TestServer(create_app(gateway)), headers=headers) as client:
            yield client


async def ask(http, method, path, status, kind: Any = answers.Problem, **options):
    answer = await http.request(method, path, **options)
    assert answer.status == status, await answer.text()
    if answer.status == 204:
        return None
    document = await answer.json()
    assert TypeAdapter(kind).validate_python(document, strict=True) == document
    return document


async def made(http, **more):
    return await ask(http, "POST", "/v1/templates", 201, answers.Template, json={**HELLO, **more})


def errors(problem):
    return {error["field"]: error["code"] for error in problem["errors"]}


async def test_the_documentation_shows_what_is_answered(http):
    shown = await ask(http, "POST", "/v1/templates", 201, answers.Template, json=CREATE)
    assert shown == {**TEMPLATE, "created_at": shown["created_at"]}
    body = {"params": {"name": "Ann", "order": "A-7"}, "language": "en"}
    path = "/v1/templates/order-shipped/preview"
    seen = await ask(http, "POST", path, 200, answers.TemplatePreview, json=body)
    assert seen == TEMPLATE_PREVIEW


async def test_its_life(http):
    answer = await http.post("/v1/templates", json=HELLO)
    assert answer.headers["Location"] == "/v1/templates/hello"
    first = await answer.json()
    path = "/v1/templates/hello"
    assert await ask(http, "GET", path, 200, answers.Template) == first
    listed = await ask(http, "GET", "/v1/templates", 200, answers.Templates)
    assert listed == {"items": [first], "next_cursor": None}
    second = await ask(http, "PUT", path, 200, answers.Template, json=CHANGED)
    assert (second["version"], second["variants"][0]["text"]) == (2, "Hi {{ name }}!")
    same = await ask(http, "PUT", path, 200, answers.Template, json=CHANGED)
    assert same == second
    assert await ask(http, "GET", f"{path}/versions/1", 200, answers.Template) == first
    await ask(http, "DELETE", path, 204)
    await ask(http, "GET", path, 404)
    await ask(http, "PUT", path, 404, json=CHANGED)
    await ask(http, "DELETE", path, 404)
    versions = await ask(http, "GET", f"{path}/versions", 200, answers.TemplateVersions)
    assert [(v["version"], v["deleted"], v["key"]) for v in versions["items"]] == [
        (3, True, "boss"), (2, False, "boss"), (1, False, "boss"),
    ]  # fmt: skip
    await ask(http, "GET", f"{path}/versions/3", 404)
    for none in ("0", "4", "x", "99999999999999999999"):
        await ask(http, "GET", f"{path}/versions/{none}", 404)
    assert (await made(http))["version"] == 4
    done = await ask(http, "GET", "/v1/audit", 200, answers.AuditRecords)
    assert [(r["action"], r["target"], r["outcome"]) for r in done["items"]] == [
        ("templates.create", "hello", "done"),
        ("templates.delete", "hello", "not-found"),
        ("templates.replace", "hello", "not-found"),
        ("templates.delete", "hello", "done"),
        ("templates.replace", "hello", "done"),
        ("templates.replace", "hello", "done"),
        ("templates.create", "hello", "done"),
    ]


async def test_a_template_is_changed_only_as_it_was_seen_if_so_asked(http):
    await made(http)
    path = "/v1/templates/hello"
    tag = (await http.get(path)).headers["ETag"]
    answer = await http.put(path, json=CHANGED, headers={"If-Match": tag})
    assert answer.status == 200
    newer = answer.headers["ETag"]
    assert (await http.get(path)).headers["ETag"] == newer != tag
    for stale in (tag, '"x"', f"W/{newer}"):
        headers = {"If-Match": stale}
        problem = await ask(http, "PUT", path, 412, json=CHANGED, headers=headers)
        assert problem["type"].endswith(":precondition-failed")
        await ask(http, "DELETE", path, 412, headers=headers)
    several = {"If-Match": f'"x", {newer}'}
    await ask(http, "PUT", path, 200, answers.Template, json=CHANGED, headers=several)
    await ask(http, "DELETE", path, 204, headers={"If-Match": "*"})
    await ask(http, "PUT", path, 404, json=CHANGED, headers={"If-Match": "*"})


async def test_a_name_is_given_once_and_a_request_done_once(http):
    headers = {"Idempotency-Key": "deploy-7"}
    first = await ask(
        http, "POST", "/v1/templates", 201, answers.Template, json=HELLO, headers=headers
    )
    again = await http.post("/v1/templates", json=HELLO, headers=headers)
    assert (again.status, await again.json()) == (201, first)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = {**HELLO, "description": "another"}
    problem = await ask(http, "POST", "/v1/templates", 422, json=other, headers=headers)
    assert problem["type"].endswith(":idempotency-key-reused")
    problem = await ask(http, "POST", "/v1/templates", 409, json=HELLO)
    assert problem["type"].endswith(":name-in-use")


async def test_what_is_wrong_with_a_template_is_told_by_field(http):
    body = {
        "name": "a b",
        "variants": [{"language": "en"}, {"language": "e", "text": "", "x": 1}],
        "parameters": {"a": {"type": "text", "max_length": 0}},
        "color": "red",
    }
    problem = await ask(http, "POST", "/v1/templates", 422, json=body)
    assert errors(problem) == {
        "name": "invalid",
        "variants[0].text": "missing",
        "variants[1].language": "too-short",
        "variants[1].text": "too-short",
        "variants[1].x": "unknown",
        "parameters.a.type": "not-a-choice",
        "parameters.a.max_length": "out-of-range",
        "color": "unknown",
    }
    text = "Hello {{ nme }}{% for x in y %}"
    wrong = {**HELLO, "variants": [{"language": "en", "text": text}]}
    problem = await ask(http, "POST", "/v1/templates", 422, json=wrong)
    assert errors(problem) == {"variants[0].text": "not-a-template"}
    wrong = {**HELLO, "variants": [{"language": "en", "text": "Hello {{ nme }}"}]}
    problem = await ask(http, "POST", "/v1/templates", 422, json=wrong)
    assert errors(problem) == {"variants[0].text": "undeclared"}
    assert "nme" in problem["detail"]


async def test_worst_cases_are_told_for_both_encodings_where_values_decide(http):
    shown = await made(http, allow_unicode=True)
    assert shown["variants"][0]["worst_case"] == [
        {"encoding": "gsm7", "parts": 1, "units": 26},
        {"encoding": "ucs2", "parts": 1, "units": 26},
    ]
    assert [w["code"] for w in shown["warnings"]] == ["may-be-ucs2", "may-be-ucs2"]


async def test_a_template_is_tried_without_a_message(http):
    await made(http, allow_unicode=True)
    path = "/v1/templates/hello/preview"

    async def tried(**body):
        return await ask(http, "POST", path, 200, answers.TemplatePreview, json=body)

    assert (await tried(params=PARAMS))["text"] == "Hello Ann"
    assert (await tried(params=PARAMS, language="pt"))["text"] == "Bom dia Ann"
    assert (await tried(params=PARAMS, to="+5511961234567"))["language"] == "pt-BR"
    emoji = await tried(params={"name": "🎉"})
    assert (emoji["encoding"], [w["code"] for w in emoji["warnings"]]) == ("ucs2", ["ucs2"])
    problem = await ask(http, "POST", path, 422, json={"params": {"nme": "Ann"}})
    assert errors(problem) == {"params.nme": "unknown", "params.name": "missing"}
    await ask(http, "POST", "/v1/templates/none/preview", 404, json={})


# --- messages


async def test_a_message_shows_which_template_made_it(http):
    await made(http)
    body = {"to": "+447700900123", "template": "hello", "params": PARAMS}
    sent = await ask(http, "POST", "/v1/messages", 202, answers.Message, json=body)
    assert (sent["text"], sent["template"], sent["template_version"]) == ("Hello Ann", "hello", 1)
    path = f"/v1/messages/{sent['id']}"
    assert await ask(http, "GET", path, 200, answers.Message) == sent
    seen = await ask(http, "POST", "/v1/preview", 200, answers.Preview, json=body)
    assert (seen["text"], seen["template"], seen["language"]) == ("Hello Ann", "hello", "en")
    assert (seen["template_version"], seen["warnings"]) == (1, [])


async def test_both_kinds_of_batches_take_templates(http):
    await made(http)
    shared = {
        "to": ["+447700900123", "nobody", "+5511961234567"],
        "template": "hello",
        "params": PARAMS,
    }
    batch = await ask(http, "POST", "/v1/batches", 202, answers.AcceptedBatch, json=shared)
    assert (batch["accepted"], [r["index"] for r in batch["rejected"]]) == (2, [1])
    rows = [
        {"to": "+447700900123", "template": "hello", "params": {"name": name}}
        for name in ("Ann", "🎉", "x" * 21)
    ]
    rows += [
        {"to": "+447700900123", "template": "hello"},
        {"to": "+447700900123", "template": "hello", "params": "Ann"},
        {"to": "+447700900123", "template": "hello", "params": dict.fromkeys(map(str, range(33)))},
        {"to": "+447700900123", "template": "hello", "params": PARAMS, "language": "pt-PT"},
    ]
    batch = await ask(
        http, "POST", "/v1/batches", 202, answers.AcceptedBatch, json={"messages": rows}
    )
    assert batch["accepted"] == 2
    assert {r["index"]: errors(r["problem"]) for r in batch["rejected"]} == {
        1: {"params.name": "not-encodable"},
        2: {"params.name": "too-long"},
        3: {"params.name": "missing"},
        4: {"params": "wrong-type"},
        5: {"params": "too-long"},
    }
    page = await ask(http, "GET", "/v1/messages", 200, answers.Messages)
    assert [m["text"] for m in page["items"]] == [
        "Bom dia Ann", "Hello Ann", "Bom dia Ann", "Hello Ann",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"template": "none"}, {"template": "unknown"}),
        ({"template": 7, "params": PARAMS}, {"template": "wrong-type"}),
        ({"template": "hello", "params": PARAMS, "text": "x"}, {"template": "contradiction"}),
        (
            {"template": "hello", "params": {"name": ["x"]}, "validity": 0, "to": "nobody"},
            {"validity": "out-of-range", "params.name": "wrong-type", "to": "invalid-number"},
        ),
        ({"params": PARAMS, "text": "x"}, {"params": "contradiction"}),
        ({"template": "hello", "params": "Ann"}, {"params": "wrong-type"}),
    ],
)
async def test_what_is_wrong_with_a_message_is_told_at_once(http, body, wrong):
    await made(http)
    problem = await ask(http, "POST", "/v1/messages", 422, json={"to": "+447700900123", **body})
    assert errors(problem) == wrong


async def test_a_key_for_templates_alone_gets_a_403_for_anything_else(http):
    await made(http)
    body = {"name": "app", "scopes": ["send", "read"], "templates_only": True}
    key = await ask(http, "POST", "/v1/keys", 201, answers.NewApiKey, json=body)
    assert (key["templates_only"], key["templates"]) == (True, [])
    app = {"Authorization": f"Bearer {key['key']}"}
    free = {"to": "+447700900123", "text": "free"}
    problem = await ask(http, "POST", "/v1/messages", 403, json=free, headers=app)
    assert problem["type"].endswith(":templates-only")
    assert errors(problem) == {"template": "templates-only"}
    await ask(http, "POST", "/v1/preview", 403, json=free, headers=app)
    by = {"to": "+447700900123", "template": "hello", "params": PARAMS}
    await ask(http, "POST", "/v1/messages", 202, answers.Message, json=by, headers=app)
    both = {"messages": [free, by]}
    batch = await ask(
        http, "POST", "/v1/batches", 202, answers.AcceptedBatch, json=both, headers=app
    )
    (rejected,) = batch["rejected"]
    assert rejected["problem"]["type"].endswith(":templates-only")
    assert (await ask(http, "GET", "/v1/templates", 200, answers.Templates, headers=app))["items"]
    await ask(http, "PUT", "/v1/templates/hello", 403, json=CHANGED, headers=app)

    body = {"name": "some", "scopes": ["send"], "templates": ["other"]}
    key = await ask(http, "POST", "/v1/keys", 201, answers.NewApiKey, json=body)
    assert (key["templates_only"], key["templates"]) == (True, ["other"])
    some = {"Authorization": f"Bearer {key['key']}"}
    problem = await ask(http, "POST", "/v1/messages", 403, json=by, headers=some)
    assert errors(problem) == {"template": "template-not-allowed"}
    body = {"name": "none", "scopes": ["send"], "templates": ["a b"]}
    problem = await ask(http, "POST", "/v1/keys", 422, json=body)
    assert errors(problem) == {"templates": "invalid"}
