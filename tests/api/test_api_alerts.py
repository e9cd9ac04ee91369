"""/v1/alerts and the client's calls about them, in front of a gateway in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from labs.fake_gateway import ALERT, NOW, FakeGateway
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.server import bind, serve
from modemgw.client import ApiError, Client
from modemgw.config import HttpSection
from modemgw.gateway import AlertQuery

READ = {"Authorization": "Bearer key-read"}
ADMIN = {"Authorization": "Bearer key-admin"}


async def test_alerts_are_listed(http: Any, gateway: FakeGateway) -> None:
    answer = await http.get("/v1/alerts", headers=READ)
    assert answer.status == 200
    page = TypeAdapter(answers.Alerts).validate_python(await answer.json(), strict=True)
    (shown,) = page["items"]
    assert (shown["id"], shown["state"], shown["subject"]) == ("alr_1", "raised", "m1")
    assert shown["silenced_until"] is None
    assert gateway.alerts.asked == [AlertQuery()]


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        ("state=raised", AlertQuery(raised=True)),
        ("state=cleared&limit=7", AlertQuery(raised=False, limit=7)),
        ("alert=disk&severity=critical", AlertQuery(alert="disk", severity="critical")),
        ("subject=m1&modem=m1&cursor=1.5~2", AlertQuery(subject="m1", modem="m1", cursor="1.5~2")),
        (
            "since=2026-11-22T10:00:00Z&until=2026-11-22T11:00:00Z",
            AlertQuery(since=1795341600.0, until=1795345200.0),
        ),
    ],
)
async def test_filters_are_handed_on(
    http: Any, gateway: FakeGateway, asked: str, query: AlertQuery
) -> None:
    assert (await http.get(f"/v1/alerts?{asked}", headers=READ)).status == 200
    assert gateway.alerts.asked == [query]


@pytest.mark.parametrize("asked", ["state=gone", "severity=loud", "limit=0", "cursor=x", "who=me"])
async def test_wrong_filters_are_refused(http: Any, asked: str) -> None:
    assert (await http.get(f"/v1/alerts?{asked}", headers=READ)).status == 422


async def test_an_admin_silences(http: Any) -> None:
    path = "/v1/alerts/alr_1/silence"
    assert (await http.post(path, json={"seconds": 60}, headers=READ)).status == 403
    answer = await http.post(path, json={"seconds": 60}, headers=ADMIN)
    assert answer.status == 200
    until = datetime.fromtimestamp(NOW + 60, UTC).isoformat(timespec="milliseconds")
    assert (await answer.json())["silenced_until"] == until.replace("+00:00", "Z")
    for body in ({}, {"seconds": -1}, {"seconds": "60"}, {"seconds": 1e9}):
        assert (await http.post(path, json=body, headers=ADMIN)).status == 422
    missing = await http.post("/v1/alerts/alr_9/silence", json={"seconds": 60}, headers=ADMIN)
    assert missing.status == 404


@pytest.fixture
async def client(gateway: FakeGateway) -> AsyncIterator[Client]:
    http = HttpSection(listen="127.0.0.1:0")
    async with serve(gateway, bind(http), http) as url, Client(url, "key-admin") as opened:
        yield opened


async def test_the_client_lists_shows_and_silences(client: Client, gateway: FakeGateway) -> None:
    found = [one async for one in client.alerts(state="raised", severity="warning", limit=5)]
    assert [one.reason for one in found] == [ALERT.reason]
    assert gateway.alerts.asked == [AlertQuery(raised=True, severity="warning", limit=5)]
    assert (await client.alert("alr_1")).raised_at == datetime.fromtimestamp(NOW, UTC)
    silenced = await client.silence_alert("alr_1", 60)
    assert silenced.silenced_until == datetime.fromtimestamp(NOW + 60, UTC)
    assert (await client.silence_alert("alr_1", 0)).silenced_until is None
    with pytest.raises(ApiError, match="alr_9"):
        await client.alert("alr_9")
