"""/v1/sims in front of the real gateway and virtual modems."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from pydantic import TypeAdapter

from modemgw.api import answers
from modemgw.api.app import create_app
from modemgw.config import parse
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank, BankSettings

GONE = "8944000000000000009"
"""A SIM that is in no modem."""


@asynccontextmanager
async def serving(place: Path, devices: list[Path], **more: Any) -> AsyncIterator[TestClient]:
    modems = [{"id": f"m{n}", "device": str(path)} for n, path in enumerate(devices)]
    gateway = {"data_dir": str(place), "drain_timeout": 1, "allow_no_modems": True}
    config = parse({"gateway": gateway, "modem": modems, **more})
    token = create_key(place / FILE_NAME, f"judge{time()}", ["read", "send"])
    async with Gateway.open(config) as opened:
        app = create_app(opened)
        headers = {"Authorization": f"Bearer {token}"}
        async with TestClient(TestServer(app), headers=headers) as client:
            yield client


def bank_of(place: Path, modems: int = 1) -> Bank:
    settings = BankSettings(
        modems=modems, part_seconds=0.01, receipt_seconds=0.05, boot_seconds=0.2
    )
    return Bank(settings, place / "bank")


async def sims_of(http: TestClient) -> dict[str, answers.SimCard]:
    answer = await http.get("/v1/sims")
    assert answer.status == 200, await answer.text()
    page = TypeAdapter(answers.SimCards).validate_python(await answer.json(), strict=True)
    assert [one["iccid"] for one in page["items"]] == sorted(one["iccid"] for one in page["items"])
    return {one["iccid"]: one for one in page["items"]}


async def until_in(http: TestClient, modem: str) -> answers.SimCard:
    async with asyncio.timeout(20):
        while True:
            answer = await http.get(f"/v1/modems/{modem}")
            if (await answer.json())["state"] in ("ready", "sending"):
                return next(s for s in (await sims_of(http)).values() if s["modem"] == modem)
            await asyncio.sleep(0.02)


async def sent(http: TestClient, count: int, text: str = "hello") -> None:
    ids = []
    for _ in range(count):
        answer = await http.post("/v1/messages", json={"to": "+447700900123", "text": text})
        assert answer.status == 202, await answer.text()
        ids.append((await answer.json())["id"])
    async with asyncio.timeout(20):
        for id in ids:
            while (await (await http.get(f"/v1/messages/{id}")).json())["status"] != "delivered":
                await asyncio.sleep(0.02)


def at(moment: str | None) -> float:
    assert moment is not None
    return datetime.fromisoformat(moment).timestamp()


async def test_a_sim_is_shown_with_what_it_has_used_of_its_plan(tmp_path: Path) -> None:
    limits = {"per_minute": 50, "per_day": 100}
    async with (
        bank_of(tmp_path) as bank,
        serving(tmp_path, bank.paths, sim_limits=limits) as http,
    ):
        before = await until_in(http, "m0")
        assert before["plan"]["per_minute"] == {"used": 0, "limit": 50, "resets_at": None}
        began = time()
        await sent(http, 3, "x" * 161)  # of two parts each
        sim = (await sims_of(http))[before["iccid"]]
        assert sim == await (await http.get(f"/v1/sims/{sim['iccid']}")).json() | {
            "last_seen_at": sim["last_seen_at"]
        }
        plan = sim["plan"]
        assert [plan[span]["used"] for span in ("per_minute", "per_hour", "per_day")] == [6, 6, 6]
        assert [plan[span]["limit"] for span in ("per_minute", "per_hour", "per_day")] == [
            50,
            None,
            100,
        ]
        assert plan["per_month"]["limit"] is None
        assert began - 1 <= at(plan["per_minute"]["resets_at"]) - 60 <= time()
        midnight = datetime.fromtimestamp(began, UTC).replace(hour=0, minute=0, second=0)
        assert 0 < at(plan["per_day"]["resets_at"]) - midnight.timestamp() <= 2 * 86400
        assert sim["breaker"] == {"state": "ok", "since": None, "next_probe_at": None}
        assert sim["centre_clock_ahead_s"] is not None
        assert abs(sim["centre_clock_ahead_s"]) < 5
        assert (sim["balance"], sim["tariff"]) == (None, None)
        assert began <= at(sim["last_seen_at"]) + 0.01 <= time() + 0.02
        modem = await (await http.get("/v1/modems/m0")).json()
        shown = {key: sim[key] for key in ("iccid", "imsi", "number")}
        assert shown == modem["sim"]


async def test_a_sim_that_has_left_is_shown_as_it_was_seen_last(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 2) as bank:
        async with serving(tmp_path, bank.paths) as http:
            first, second = await until_in(http, "m0"), await until_in(http, "m1")
            await sent(http, 2)
        async with serving(tmp_path, bank.paths[1:]) as http:  # what was m1 is m0 now
            here = await until_in(http, "m0")
            assert here["iccid"] == second["iccid"]
            sims = await sims_of(http)
            gone = sims[first["iccid"]]
            assert (gone["modem"], gone["number"], gone["imsi"]) == (
                None,
                first["number"],
                first["imsi"],
            )
            assert at(gone["last_seen_at"]) < at(here["last_seen_at"])
            used = [one["plan"]["per_hour"]["used"] for one in sims.values()]
            assert sum(used) == 2


async def test_a_barred_sim_says_since_when_and_when_it_is_tried(tmp_path: Path) -> None:
    async with serving(tmp_path, []):
        pass  # makes the database
    now = time()
    waits = {GONE: now + 900, "8944000000000000010": now - 5}
    db = sqlite3.connect(tmp_path / FILE_NAME)
    with db:
        for iccid, probe_at in waits.items():
            db.execute(
                "INSERT INTO sims (iccid, modem, seen_at) VALUES (?, 'm7', ?)", (iccid, now - 9)
            )
            db.execute(
                "INSERT INTO sim_state (sim, barred, failed, recipients, probes, probe_at, since) "
                "VALUES (?, 4, 4, '[\"+1\"]', 1, ?, ?)",
                (iccid, probe_at, now - 60),
            )
        db.execute("INSERT INTO service_centres (sim, ahead_s) VALUES (?, 7200.0)", (GONE,))
    db.close()
    async with serving(tmp_path, []) as http:
        sims = await sims_of(http)
        states = {iccid: sim["breaker"]["state"] for iccid, sim in sims.items()}
        assert states == {GONE: "barred", "8944000000000000010": "probing"}
        breaker = sims[GONE]["breaker"]
        assert abs(at(breaker["since"]) - now + 60) < 0.01
        assert abs(at(breaker["next_probe_at"]) - now - 900) < 1
        assert sims[GONE]["centre_clock_ahead_s"] == 7200.0
        assert sims[GONE]["number"] is None
        answer = await http.get("/v1/sims/8944000000000000011")
        assert answer.status == 404
        assert "8944000000000000011" in (await answer.json())["detail"]
