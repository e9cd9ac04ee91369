"""/v1/usage and what things cost: in front of a gateway in memory, and of the real one."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from time import time
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.fake_gateway import FakeGateway
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.api.server import bind, serve
from modemgw.client import Client, SyncClient
from modemgw.config import HttpSection, parse
from modemgw.gateway import Gateway
from modemgw.store import Counts, UsageQuery, UsageSum
from modemgw.store.records import Cost
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank, BankSettings

DAY = 20779  # 2026-11-22
SIM = "8944000000000000001"
FOUND = [
    UsageSum(
        (DAY, SIM),
        Counts(5, 4, 3, 1),
        (Cost(Decimal("0.18"), "EUR"), Cost(Decimal("3.000001"), "SEK")),
    ),
    UsageSum((DAY + 1, SIM), Counts(1, 1), ()),
]


@pytest.fixture
async def http(gateway: FakeGateway) -> AsyncIterator[TestClient[Any, Any]]:
    headers = {"Authorization": "Bearer key-read"}
    server = TestServer(create_app(cast(Any, gateway)))
    async with TestClient(server, headers=headers) as client:
        yield client


async def test_sums_are_rendered_with_a_field_for_whatever_is_told_apart(
    http: TestClient[Any, Any], gateway: FakeGateway
) -> None:
    gateway.usage.found = FOUND
    answer = await http.get("/v1/usage?by=day,sim")
    document = await answer.json()
    TypeAdapter(answers.UsageSums).validate_python(document, strict=True)
    assert document["items"][0] == {
        "day": "2026-11-22",
        "sim": SIM,
        "key": None,
        "type": None,
        "prefix": None,
        "parts": 5,
        "accepted": 4,
        "delivered": 3,
        "failed": 1,
        "amounts": [
            {"amount": "0.18", "currency": "EUR"},
            {"amount": "3.000001", "currency": "SEK"},
        ],
    }
    assert document["items"][1]["amounts"] == []


@pytest.mark.parametrize(("query", "headers"), [("&format=csv", {}), ("", {"Accept": "text/csv"})])
async def test_a_table_has_a_column_for_each_currency(
    http: TestClient[Any, Any], gateway: FakeGateway, query: str, headers: dict[str, str]
) -> None:
    gateway.usage.found = FOUND
    answer = await http.get(f"/v1/usage?by=day,sim{query}", headers=headers)
    assert (answer.content_type, answer.charset) == ("text/csv", "utf-8")
    assert list(csv.reader(io.StringIO(await answer.text()))) == [
        ["day", "sim", "parts", "accepted", "delivered", "failed", "amount_EUR", "amount_SEK"],
        ["2026-11-22", SIM, "5", "4", "3", "1", "0.18", "3.000001"],
        ["2026-11-23", SIM, "1", "1", "0", "0", "", ""],
    ]


async def test_the_format_that_is_asked_for_goes_before_what_is_accepted(
    http: TestClient[Any, Any],
) -> None:
    answer = await http.get("/v1/usage?format=json", headers={"Accept": "text/csv"})
    assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", UsageQuery()),
        ("by=type,type,key", UsageQuery(("type", "key"))),
        ("since=2026-11-22&until=2026-11-23", UsageQuery(since=DAY, until=DAY + 1)),
        # A time has its whole day counted.
        (
            "since=2026-11-22T23:00:00Z&until=2026-11-23T00:30:00Z",
            UsageQuery(since=DAY, until=DAY + 2),
        ),
        ("until=2026-11-23T01:00:00%2B01:00", UsageQuery(until=DAY + 1)),
        ("prefix=%2B44&key=shop", UsageQuery(only={"prefix": "+44", "key": "shop"})),
        ("prefix=+44", UsageQuery(only={"prefix": "+44"})),
        ("prefix=", UsageQuery(only={"prefix": ""})),
    ],
)
async def test_what_is_asked_for(
    http: TestClient[Any, Any], gateway: FakeGateway, query: str, asked: UsageQuery
) -> None:
    answer = await http.get(f"/v1/usage?{query}")
    assert answer.status == 200, await answer.text()
    assert gateway.usage.asked == [asked]


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("by=modem", "by", "one or more of sim, key, type, prefix, day"),
        ("by=", "by", "one or more of"),
        ("since=yesterday", "since", "or a date, such as 2026-11-22"),
        ("until=2026-02-30", "until", "there is no such date"),
        ("format=xml", "format", "json"),
        ("group=sim", "group", ""),
    ],
)
async def test_what_is_wrong_is_named(
    http: TestClient[Any, Any], query: str, field: str, said: str
) -> None:
    answer = await http.get(f"/v1/usage?{query}")
    assert answer.status == 422
    (error,) = (await answer.json())["errors"]
    assert error["field"] == field
    assert said in error["detail"]


# --- the real gateway


@asynccontextmanager
async def serving(place: Path, **more: Any) -> AsyncIterator[TestClient[Any, Any]]:
    settings = BankSettings(modems=1, part_seconds=0.01, receipt_seconds=0.05, boot_seconds=0.2)
    token = create_key(place / FILE_NAME, f"judge{time()}", ["read", "send"])
    async with Bank(settings, place / "bank") as bank:
        modem = {"id": "m0", "device": str(bank.paths[0])}
        gateway = {"data_dir": str(place), "drain_timeout": 1}
        async with Gateway.open(parse({"gateway": gateway, "modem": [modem], **more})) as opened:
            headers = {"Authorization": f"Bearer {token}"}
            server = TestServer(create_app(opened))
            async with TestClient(server, headers=headers) as http:
                yield http


async def delivered(http: TestClient[Any, Any], id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            document: dict[str, Any] = await (await http.get(f"/v1/messages/{id}")).json()
            if document["status"] == "delivered":
                return document
            await asyncio.sleep(0.02)


async def test_cost_is_estimated_at_first_and_what_it_was_in_the_end(tmp_path: Path) -> None:
    tariff = {"id": "home", "price": "0.045", "currency": "EUR", "free_parts": 1}
    body = {"to": "+447700900123", "text": "a" * 200}
    estimate = {"amount": "0.09", "currency": "EUR", "estimated": True}
    async with serving(tmp_path, tariff=[tariff]) as http:
        assert (await (await http.post("/v1/preview", json=body)).json())["cost"] == estimate
        accepted = await (await http.post("/v1/messages", json=body)).json()
        assert accepted["cost"] == estimate
        found = await delivered(http, accepted["id"])
        assert found["cost"] == {"amount": "0.045", "currency": "EUR", "estimated": False}
        assert [part["cost"]["amount"] for part in found["parts"]] == ["0.00", "0.045"]
        usage = (await (await http.get("/v1/usage?by=type,prefix")).json())["items"]
        assert [(one["type"], one["prefix"], one["delivered"]) for one in usage] == [
            ("transactional", "+44", 2)
        ]
        assert usage[0]["amounts"] == [{"amount": "0.045", "currency": "EUR"}]
        (sim,) = (await (await http.get("/v1/sims")).json())["items"]
        TypeAdapter(answers.SimCard).validate_python(sim, strict=True)
        (fits,) = sim["tariff"]
        del fits["month_ends_at"]
        assert fits == {
            "tariff": "home",
            "to_prefix": [],
            "price": "0.045",
            "currency": "EUR",
            "free_parts": 1,
            "free_parts_used": 1,
        }


async def test_lists_tell_what_their_messages_cost(tmp_path: Path) -> None:
    tariff = {"price": "0.045", "currency": "EUR"}
    body = {"messages": [{"to": "+447700900123", "text": "hello"}]}
    async with serving(tmp_path, tariff=[tariff]) as http:
        batch = await (await http.post("/v1/batches", json=body)).json()
        for path in ("/v1/messages", f"/v1/batches/{batch['id']}/messages"):
            (item,) = (await (await http.get(path)).json())["items"]
            assert item["cost"]["amount"] == "0.045"


async def test_without_a_tariff_nothing_is_said_of_cost(tmp_path: Path) -> None:
    body = {"to": "+447700900123", "text": "hello"}
    async with serving(tmp_path) as http:
        assert (await (await http.post("/v1/preview", json=body)).json())["cost"] is None
        accepted = await (await http.post("/v1/messages", json=body)).json()
        found = await delivered(http, accepted["id"])
        assert (accepted["cost"], found["cost"], found["parts"][0]["cost"]) == (None,) * 3
        (sim,) = (await (await http.get("/v1/sims")).json())["items"]
        assert sim["tariff"] is None


# --- the clients


async def test_the_clients_add_up(gateway: FakeGateway) -> None:
    gateway.usage.found = FOUND
    section = HttpSection(listen="127.0.0.1:0")
    async with serve(gateway, bind(section), section) as url:
        async with Client(url, "key-admin") as client:
            first, second = await client.usage(["day", "sim"], since="2026-11-22", prefix="+44")
        assert gateway.usage.asked == [
            UsageQuery(("day", "sim"), since=DAY, only={"prefix": "+44"})
        ]
        assert first.day is not None
        assert (first.day.isoformat(), first.sim, first.failed) == ("2026-11-22", SIM, 1)
        assert [(one.amount, one.currency) for one in first.amounts] == [
            (Decimal("0.18"), "EUR"),
            (Decimal("3.000001"), "SEK"),
        ]
        assert second.amounts == ()

        def add_up() -> int:
            with SyncClient(url, "key-admin") as blocking:
                return len(blocking.usage(["day", "sim"]))

        assert await asyncio.to_thread(add_up) == 2
