"""Quiet hours, duplicates and erased texts through the API, counted at the service centre.

The clock is set by hand: the nights on which clocks are changed are nights like any other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.bank import bank_of
from labs.gateway import TIMINGS, config_of
from labs.waiting import until

from modemgw.api.app import create_app
from modemgw.clock import Clock, SystemClock
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank

LONDON, NEW_YORK, RUSSIA, PERTH = "+447700900123", "+12125550123", "+79161234567", "+61891234567"
NIGHT: dict[str, Any] = {"promotional": {"quiet_hours": "21:00-08:00"}}


class HandClock(SystemClock):
    """The machine's clock, its wall time set by hand."""

    def __init__(self, at: str) -> None:
        self.set(at)

    def set(self, at: str) -> None:
        """Let it be this time, in UTC: `2026-09-21 22:30`."""
        wanted = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
        self._ahead_s = wanted - time.time()

    def time(self) -> float:
        return time.time() + self._ahead_s


class Api:
    """A gateway's API, asked with a key that may do anything."""

    def __init__(self, http: TestClient[Any, Any], bank: Bank) -> None:
        self._http = http
        self.bank = bank

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self._http.request(method, f"/v1/{path}", json=body, headers=headers)
        return answer.status, await answer.json()

    async def send(self, to: str, text: str = "Sale!", **more: Any) -> Any:
        body = {"to": to, "text": text, "type": "promotional", "receipt": False, **more}
        status, document = await self.ask("POST", "messages", body)
        assert status == 202, document
        return document

    async def show(self, message: Any) -> Any:
        return (await self.ask("GET", f"messages/{message['id']}"))[1]

    async def until_it_is(self, message: Any, status: str) -> Any:
        async def reached() -> bool:
            return bool((await self.show(message))["status"] == status)

        await until(reached, why=lambda: f"{message} becomes {status}")
        return await self.show(message)

    def sent(self, to: str) -> int:
        """How many messages the service centre has for a number."""
        return sum(one.destination == to for one in self.bank.smsc.messages)


@asynccontextmanager
async def api_on(tmp_path: Path, clock: Clock, **more: Any) -> AsyncIterator[Api]:
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, **more)
        config.gateway.data_dir.mkdir(exist_ok=True)
        key = create_key(config.gateway.data_dir / FILE_NAME, "all", ["send", "read", "admin"])
        async with Gateway.open(config, timings=TIMINGS, clock=clock) as gateway:
            headers = {"Authorization": f"Bearer {key}"}
            async with TestClient(TestServer(create_app(gateway)), headers=headers) as http:
                await until(lambda: gateway.health.ready, why="a modem can send")
                yield Api(http, bank)


@pytest.mark.parametrize(
    ("now", "to", "send_at"),
    [
        ("2026-09-21 22:30", LONDON, "2026-09-22T07:00:00.000Z"),
        ("2026-03-28 22:30", LONDON, "2026-03-29T07:00:00.000Z"),  # forward, an hour less
        ("2026-10-24 22:30", LONDON, "2026-10-25T08:00:00.000Z"),  # back, an hour more
        ("2026-03-08 03:00", NEW_YORK, "2026-03-08T12:00:00.000Z"),
        ("2026-11-01 03:00", NEW_YORK, "2026-11-01T13:00:00.000Z"),
        ("2026-01-10 14:00", PERTH, "2026-01-11T00:00:00.000Z"),  # Perth or Adelaide, so both
        ("2026-01-10 14:00", RUSSIA, "2026-01-11T06:00:00.000Z"),
        ("2026-01-11 07:00", RUSSIA, None),
        ("2026-09-21 22:30", NEW_YORK, None),
    ],
)
async def test_at_night_it_waits_for_the_morning_there(
    tmp_path: Path, now: str, to: str, send_at: str | None
) -> None:
    clock = HandClock(now)
    async with api_on(tmp_path, clock, type=NIGHT) as api:
        body = {"to": to, "text": "Sale!", "type": "promotional"}
        _, seen = await api.ask("POST", "preview", body)
        message = await api.send(to)
        assert (message["send_at"], seen["send_at"]) == (send_at, send_at)
        if send_at is None:
            assert (message["deferred"], seen["deferred"]) == (None, None)
            await api.until_it_is(message, "sent")
            return
        assert message["status"] == "scheduled"
        assert message["deferred"]["code"] == seen["deferred"]["code"] == "quiet-hours"
        assert message["error"] is None
        urgent = await api.send(to, "Your code is 1234", type="otp")
        await api.until_it_is(urgent, "sent")
        assert api.sent(to) == 1
        clock.set(send_at[:19])
        await api.send(NEW_YORK if to != NEW_YORK else LONDON, "x", type="otp")  # it looks
        found = await api.until_it_is(message, "sent")
        assert (found["deferred"], found["error"]) == (None, None)
        assert api.sent(to) == 2


async def test_what_cannot_wait_is_refused_and_each_of_a_batch_is_looked_at(
    tmp_path: Path,
) -> None:
    async with api_on(tmp_path, HandClock("2026-09-21 22:30"), type=NIGHT) as api:
        body = {"to": LONDON, "text": "Sale!", "type": "promotional", "validity": 3600}
        status, problem = await api.ask("POST", "messages", body)
        assert (status, problem["type"]) == (422, "urn:modemgw:problem:quiet-hours")
        (error,) = problem["errors"]
        assert (error["field"], error["code"]) == ("to", "quiet-hours")
        assert "Europe/London" in error["detail"]
        _, batch = await api.ask("POST", "batches", {**body, "to": [LONDON, NEW_YORK, RUSSIA]})
        assert (batch["accepted"], [one["index"] for one in batch["rejected"]]) == (1, [0, 2])
        del body["validity"]
        _, batch = await api.ask("POST", "batches", {**body, "to": [LONDON, NEW_YORK, RUSSIA]})
        assert (batch["accepted"], batch["rejected"]) == (3, [])
        await until(lambda: api.sent(NEW_YORK) == 2)
        _, progress = await api.ask("GET", f"batches/{batch['id']}")
        assert progress["counts"].get("scheduled") == 2
        assert api.sent(LONDON) == api.sent(RUSSIA) == 0


async def test_what_a_paused_modem_holds_back_into_the_night_waits_for_the_morning(
    tmp_path: Path,
) -> None:
    clock = HandClock("2026-09-21 19:58")
    async with api_on(tmp_path, clock, type=NIGHT) as api:
        await api.ask("POST", "modems/m0/pause")
        message = await api.send(LONDON)
        assert (message["status"], message["deferred"]) == ("queued", None)
        clock.set("2026-09-21 20:05")
        await api.ask("POST", "modems/m0/resume")
        await api.send(NEW_YORK, "Your code is 1234", type="otp")
        found = await api.until_it_is(message, "scheduled")
        assert found["send_at"] == "2026-09-22T07:00:00.000Z"
        assert found["deferred"]["code"] == "quiet-hours"
        assert api.sent(LONDON) == 0
        clock.set("2026-09-22 07:00")
        await api.send(NEW_YORK, "Your code is 5678", type="otp")
        await api.until_it_is(message, "sent")
        assert api.sent(LONDON) == 1


async def test_a_duplicate_is_refused_or_is_the_first_message_once_more(tmp_path: Path) -> None:
    body = {"to": LONDON, "text": "hello", "receipt": False}
    section: dict[str, Any] = {"window_seconds": 60}
    async with api_on(tmp_path, SystemClock(), duplicates=section) as api:
        _, first = await api.ask("POST", "messages", body)
        status, problem = await api.ask("POST", "messages", body)
        assert (status, problem["type"]) == (409, "urn:modemgw:problem:duplicate")
        assert first["id"] in problem["detail"]
        assert "it may be said again in" in problem["detail"]
        _, batch = await api.ask("POST", "batches", {**body, "to": [NEW_YORK, LONDON, NEW_YORK]})
        assert (batch["accepted"], batch["merged"]) == (1, [])
        assert {(one["index"], one["problem"]["status"]) for one in batch["rejected"]} == {
            (1, 409),
            (2, 409),
        }
        await api.until_it_is(first, "sent")
        await until(lambda: api.sent(NEW_YORK) == 1)
        assert api.sent(LONDON) == 1
    merging = {**section, "action": "merge"}
    async with api_on(tmp_path / "merging", SystemClock(), duplicates=merging) as api:
        answers = await asyncio.gather(*(api.ask("POST", "messages", body) for _ in range(20)))
        assert {status for status, _ in answers} == {202}
        assert len({document["id"] for _, document in answers}) == 1
        _, batch = await api.ask("POST", "batches", {**body, "to": [NEW_YORK, LONDON]})
        assert batch["merged"] == [{"index": 1, "id": answers[0][1]["id"]}]
        await until(lambda: api.sent(NEW_YORK) == 1)
        assert api.sent(LONDON) == 1


async def test_the_text_of_an_otp_is_gone_with_its_report(tmp_path: Path) -> None:
    async with api_on(tmp_path, SystemClock()) as api:
        otp = await api.send(LONDON, "Your code is 1234", type="otp", receipt=True)
        order = await api.send(LONDON, "Your order", type="transactional", receipt=True)
        assert otp["text"] == "Your code is 1234"
        assert (await api.until_it_is(otp, "delivered"))["text"] is None
        assert (await api.until_it_is(order, "delivered"))["text"] == "Your order"
