"""/v1/consents and /v1/privacy, in front of the real gateway without modems."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.client import Client, InvalidRequest, NotFound
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store.records import Inbound
from modemgw.store.sqlite import FILE_NAME, create_key

Http = TestClient[Any, Any]
ANNA, BOB, EVE = "+447700900111", "+447700900222", "+447700900333"
LIST = f"""number,state,source,evidence,at
{ANNA},opted_out,old-system,page 3,2026-01-05T10:00:00Z
07700 900222,opted_in,old-system,,2026-01-05T10:00:00+01:00
"""


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Gateway]:
    directory = {"data_dir": str(tmp_path), "drain_timeout": 1, "allow_no_modems": True}
    async with Gateway.open(parse({"gateway": directory})) as gateway:
        yield gateway


@pytest.fixture
async def api(real: Gateway, tmp_path: Path) -> AsyncIterator[Http]:
    token = create_key(tmp_path / FILE_NAME, "root", ["admin"])
    async with TestClient(TestServer(create_app(real))) as http:
        http.session.headers["Authorization"] = f"Bearer {token}"
        http.token = token  # type: ignore[attr-defined]
        yield http


@pytest.fixture
async def client(api: Http) -> AsyncIterator[Client]:
    async with Client(str(api.make_url("/")), api.token) as opened:  # type: ignore[attr-defined]
        yield opened


async def call(http: Http, method: str, path: str, status: int = 200, **more: Any) -> Any:
    async with http.request(method, path, **more) as answer:
        body = await answer.json(content_type=None) if answer.status != 204 else None
        assert answer.status == status, body
        return body


async def advertise(http: Http, to: str, status: int = 202, **more: Any) -> Any:
    body = {"to": to, "text": "Buy now", "type": "promotional", **more}
    return await call(http, "POST", "/v1/messages", status, json=body)


async def audited(http: Http) -> list[tuple[str, str | None, str | None]]:
    records = (await call(http, "GET", "/v1/audit"))["items"]
    return [(r["action"], r["target"], r["detail"]) for r in records]


async def test_a_decision_is_recorded_gone_by_and_kept_with_what_came_before(api: Http) -> None:
    made = await call(
        api,
        "POST",
        "/v1/consents",
        201,
        json={
            "number": "07700 900111",
            "state": "opted_in",
            "source": "web-form",
            "evidence": "order 7",
            "at": "2026-01-05T10:00:00Z",
        },
    )
    TypeAdapter(answers.Consent).validate_python(made, strict=True)
    assert (made["number"], made["scope"], made["key"]) == (ANNA, None, "root")
    assert made["at"] == "2026-01-05T10:00:00.000Z"
    await advertise(api, ANNA)
    await call(
        api,
        "POST",
        "/v1/consents",
        201,
        json={"number": ANNA, "state": "opted_out", "source": "phone"},
    )
    refused = await advertise(api, ANNA, 422)
    assert refused["type"] == "urn:modemgw:problem:opted-out"
    assert refused["errors"] == [
        {"field": "to", "detail": "has opted out of such messages", "code": "opted-out"}
    ]
    of = await call(api, "GET", f"/v1/consents/{ANNA}")
    TypeAdapter(answers.ConsentsOfNumber).validate_python(of, strict=True)
    assert (of["state"], of["erased"]) == ("opted_out", False)
    assert [one["source"] for one in of["history"]] == ["phone", "web-form"]
    assert [one["source"] for one in of["standing"]] == ["phone"]


async def test_a_decision_from_before_the_one_that_stands_is_history(api: Http) -> None:
    out = {"number": ANNA, "state": "opted_out", "source": "phone", "at": "2026-02-01T00:00:00Z"}
    earlier = out | {"state": "opted_in", "at": "2026-01-01T00:00:00Z"}
    await call(api, "POST", "/v1/consents", 201, json=out)
    await call(api, "POST", "/v1/consents", 201, json=earlier)
    await advertise(api, ANNA, 422)
    of = await call(api, "GET", f"/v1/consents/{ANNA}")
    assert (of["state"], len(of["history"])) == ("opted_out", 2)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"number": "nobody"}, "number"),
        ({"number": "60777"}, "number"),
        ({"state": "maybe"}, "state"),
        ({"source": ""}, "source"),
        ({"at": "2099-01-01T00:00:00Z"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"scope": "x" * 65}, "scope"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_named(api: Http, wrong: dict[str, Any], field: str) -> None:
    body = {"number": ANNA, "state": "opted_in", "source": "x"} | wrong
    problem = await call(api, "POST", "/v1/consents", 422, json=body)
    assert [error["field"] for error in problem["errors"]] == [field]


async def test_scopes_are_tags_of_messages(api: Http) -> None:
    out = {"number": ANNA, "state": "opted_out", "source": "x", "scope": "news"}
    await call(api, "POST", "/v1/consents", 201, json=out)
    await advertise(api, ANNA)
    await advertise(api, ANNA, tags=["sale"])
    await advertise(api, ANNA, 422, tags=["sale", "news"])
    found = await call(api, "GET", "/v1/consents", params={"scope": "news"})
    assert [one["scope"] for one in found["items"]] == ["news"]
    assert (await call(api, "GET", "/v1/consents", params={"scope": ""}))["items"] == []


async def test_a_list_is_looked_at_before_it_is_recorded(api: Http, client: Client) -> None:
    dry = await client.import_consents(LIST, dry_run=True)
    assert (dry.dry_run, dry.rows, dry.new) == (True, 2, 2)
    assert [one async for one in client.consents()] == []
    report = await client.import_consents(LIST)
    assert (report.dry_run, report.rows, report.new) == (False, 2, 2)
    again = await client.import_consents(LIST)
    assert (again.new, again.unchanged) == (0, 2)
    assert [(c.number, c.state) async for c in client.consents(state="opted_out")] == [
        (ANNA, "opted_out")
    ]
    assert len((await client.consent(BOB)).history) == 1
    await advertise(api, ANNA, 422)
    assert ("consents.import", None, "2 new, 0 changed, 0 kept, 0 unchanged, 0 refused") in (
        await audited(api)
    )


async def test_a_list_lets_nobody_in_who_has_opted_out_unless_that_is_said(client: Client) -> None:
    await client.record_consent(ANNA, "opted_out", "phone", at="2026-02-01T00:00:00Z")
    rows = (
        f"number;state;at\n{ANNA};opted_in;2026-03-01T00:00:00Z\n{BOB};opted_in;\n"
        f"{BOB};opted_out;\n{BOB};opted_in;\n"
    )
    for dry_run in (True, False):
        report = await client.import_consents(rows, dry_run=dry_run)
        assert [(r.line, r.number) for r in report.refused_rows] == [(2, ANNA), (5, BOB)]
        assert (report.new, report.changed, report.refused) == (1, 1, 2)
    assert (await client.consent(ANNA)).state == "opted_out"
    report = await client.import_consents(rows, again=True)
    assert (await client.consent(ANNA)).state == "opted_in"
    assert [r.detail for r in report.refused_rows] == [
        "has opted out, and the row does not say that it is later"
    ] * 2


@pytest.mark.parametrize(
    ("sheet", "fields"),
    [
        ("number,colour\n", ["lines[1].state", "lines[1].colour"]),
        ("", ["lines[1].number", "lines[1].state"]),
        (
            f"number,state,at\nnobody,opted_in,\n{ANNA},in,today\n{BOB},opted_out,\n",
            ["lines[2].number", "lines[3].state", "lines[3].at"],
        ),
        (f"number,state\n{ANNA},opted_in,too,many\n", ["lines[2].more"]),
    ],
)
async def test_of_a_wrong_list_nothing_is_recorded(
    client: Client, sheet: str, fields: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        await client.import_consents(sheet)
    assert [error.field for error in refusal.value.problem.errors or ()] == fields
    assert [one async for one in client.consents()] == []


async def test_a_list_that_is_no_csv_is_refused(api: Http) -> None:
    await call(api, "POST", "/v1/consents/import", 415, json={})
    csv_type = {"Content-Type": "text/csv"}
    await call(api, "POST", "/v1/consents/import", 400, data=b"\xff\xfe", headers=csv_type)


async def test_what_is_exported_can_be_imported(client: Client) -> None:
    await client.import_consents(LIST)
    await client.record_consent(
        EVE, "opted_out", "phone", scope="news", evidence='says "no", twice\n'
    )
    sheet = b"".join([part async for part in client.export_consents()])
    rows = list(csv.DictReader(io.StringIO(sheet.decode())))
    assert [(r["number"], r["state"], r["scope"]) for r in rows] == [
        (ANNA, "opted_out", ""),
        (BOB, "opted_in", ""),
        (EVE, "opted_out", "news"),
    ]
    assert rows[2]["evidence"] == 'says "no", twice\n'
    report = await client.import_consents(sheet)
    assert report.unchanged + report.kept == 3


async def test_an_erased_number_stays_opted_out_and_no_list_lets_it_in(
    api: Http, client: Client
) -> None:
    await client.record_consent(ANNA, "opted_out", "phone")
    await client.erase_consent(ANNA)
    of = await client.consent(ANNA)
    assert (of.state, of.erased, of.history) == ("opted_out", True, ())
    await advertise(api, ANNA, 422)
    report = await client.import_consents(f"number,state\n{ANNA},opted_in\n", again=True)
    assert "was erased" in report.refused_rows[0].detail
    assert ANNA not in str(await audited(api))
    await client.record_consent(ANNA, "opted_in", "web-form", evidence="asked for it again")
    await advertise(api, ANNA)
    with pytest.raises(NotFound):
        await client.consent(BOB)


async def test_scopes_of_keys(api: Http) -> None:
    keys = {}
    for scope in ("send", "read"):
        made = await call(api, "POST", "/v1/keys", 201, json={"name": scope, "scopes": [scope]})
        keys[scope] = {"Authorization": f"Bearer {made['key']}"}
    body = {"number": ANNA, "state": "opted_in", "source": "x"}
    await call(api, "POST", "/v1/consents", 201, json=body, headers=keys["send"])
    await call(api, "POST", "/v1/consents", 403, json=body, headers=keys["read"])
    await call(api, "GET", f"/v1/consents/{ANNA}", headers=keys["read"])
    await call(api, "GET", "/v1/consents/export", 403, headers=keys["read"])
    await call(api, "DELETE", f"/v1/consents/{ANNA}", 403, headers=keys["send"])
    await call(api, "POST", "/v1/privacy/export", 403, json={"number": ANNA}, headers=keys["send"])


async def test_everything_about_a_number_is_exported_and_erased(
    api: Http, client: Client, real: Gateway
) -> None:
    queued = await advertise(api, ANNA, reference="anna-1")
    await advertise(api, BOB)
    stored = Inbound(
        id="in_1", sender=ANNA, to=None, text="my secret", data=None, encoding="gsm7",
        parts_total=1, parts=(), complete=True, modem="m1", sim="s1", sent_at=None,
        received_at=1_795_000_000.0,
    )  # fmt: skip

    def keep(tx: Any) -> None:
        tx.inbound.add(stored, [])
        tx.events.emit("inbound.received", {"id": "in_1", "from": ANNA, "to": None})

    await real._store.write(keep)
    await client.record_consent(ANNA, "opted_out", "phone", evidence="said so")

    export = await client.export_privacy("07700 900111")
    assert export.number == ANNA
    assert [m["id"] for m in export.holdings["messages"]] == [queued["id"]]
    assert [m["text"] for m in export.holdings["inbound"]] == ["my secret"]
    assert [c["evidence"] for c in export.holdings["consents"]] == ["said so"]
    assert len(export.holdings["events"]) == 2

    dry = await client.erase_privacy(ANNA, dry_run=True)
    assert (dry.found["messages"], dry.found["inbound"], dry.opted_out) == (1, 1, True)
    assert (await client.message(queued["id"])).status == "queued"

    done = await client.erase_privacy(ANNA)
    assert (done.canceled, done.opted_out) == (1, True)
    assert "7 days" in " ".join(done.stays)
    message = await client.message(queued["id"])
    assert (message.status, message.to, message.text) == ("canceled", "", None)
    inbound = await client.inbound("in_1")
    assert (inbound.from_, inbound.text) == ("", None)
    rest = await client.export_privacy(ANNA)
    assert {name: rows for name, rows in rest.holdings.items() if rows and name != "events"} == {}
    await advertise(api, ANNA, 422)
    assert len([m async for m in client.messages(to=BOB)]) == 1
    records = await audited(api)
    assert [action for action, *_ in records[:4]] == [
        "privacy.export",
        "privacy.erase",
        "privacy.erase",
        "privacy.export",
    ]
    assert len({target for _, target, _ in records[:4]}) == 1
    assert ANNA not in str(records)
