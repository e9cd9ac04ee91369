"""Budgets hold to the part: under many clients at once, and over `kill -9`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from labs.bank import bank_of
from labs.daemon import Daemon, daemon, until_ready, write_config
from labs.waiting import until

from modemgw.client import BudgetExhausted, Client, Retry, Unreachable
from modemgw.client.answers import BudgetLimit

pytestmark = pytest.mark.e2e

TEXT = "x" * 200
"""Two parts."""
ONCE = Retry(tries=1, first_s=0.1, longest_s=0.1, patience_s=30)


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[Daemon]:
    async with daemon(config) as one:
        await until_ready(one.url)
        yield one


async def day(client: Client) -> BudgetLimit:
    (budget,) = await client.budgets()
    (limit,) = budget.limits
    return limit


@pytest.mark.timeout(300)
async def test_fifty_clients_and_three_kills_never_exceed_a_budget_by_a_part(
    tmp_path: Path,
) -> None:
    limit = 601
    extra = f'[[budget]]\nid = "day"\nparts_per_day = {limit}\n'
    async with bank_of(tmp_path, 4, part_seconds=0.02) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        sent, goal, reached = 0, 0, asyncio.Event()

        async def work(url: str, key: str) -> None:
            nonlocal sent
            async with Client(url, key, retry=ONCE) as client:
                while True:
                    try:
                        await client.send(f"+99900000{sent:05d}", TEXT, type="transactional")
                    except (BudgetExhausted, Unreachable):
                        return
                    sent += 1
                    if sent == goal:
                        reached.set()

        for _ in range(3):
            async with running(config) as one:
                goal, reached = sent + 60, asyncio.Event()
                clients = [asyncio.create_task(work(one.url, one.key)) for _ in range(50)]
                async with asyncio.timeout(60):
                    await reached.wait()
                os.kill(one.process.pid, signal.SIGKILL)
                await asyncio.gather(*clients)
        assert 2 * sent < limit, "the daemon was to be killed before the budget was used up"
        async with running(config) as one:
            await asyncio.gather(*(work(one.url, one.key) for _ in range(50)))
            async with Client(one.url, one.key) as client:
                with pytest.raises(BudgetExhausted, match="the budget day has"):
                    await client.send("+999000099999", TEXT)
                stands = await day(client)
                assert stands.used + stands.reserved <= limit
                assert stands.left <= 1, "what is left holds no message of two parts"

                async def all_are_over() -> bool:
                    found = [m async for m in client.messages(limit=200)]
                    return all(m.status in ("sent", "delivered", "sending") for m in found)

                await until(all_are_over, 60)
                messages = [m async for m in client.messages(limit=200)]
                taken = sum(len(m.parts) for m in messages)
                assert taken == limit - stands.left, "what was accepted, and no part more"
                await until(lambda: bank.smsc.accepted_count >= taken - 3 * 4, 60)
                assert bank.smsc.accepted_count <= limit

                async def settled() -> bool:
                    stands = await day(client)
                    messages = [m async for m in client.messages(limit=200)]
                    doubtful = sum(len(m.parts) for m in messages if m.status == "sending")
                    return (stands.used, stands.reserved) == (taken - doubtful, doubtful)

                await until(settled, 60)


async def test_the_command_line_shows_budgets_and_readiness(tmp_path: Path) -> None:
    extra = '[[budget]]\nid = "shop"\nparts_per_month = 3\nmatch = { type = ["otp"] }\n'
    async with bank_of(tmp_path, 1) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        async with running(config) as one:
            code, _, err = await one.cli(
                "send", "--to", "+447700900111", "--text", "x", "--type", "otp", "--wait"
            )
            assert code == 0, err
            code, out, err = await one.cli("budgets", "--json")
            assert code == 0, err
            (budget,) = json.loads(out)
            assert budget["match"]["type"] == ["otp"]
            assert budget["limits"][0]["measure"] == "parts_per_month"
            assert budget["limits"][0]["left"] == "2"
            code, out, _ = await one.cli("budgets")
            assert code == 0
            assert "parts_per_month" in out
            code, out, err = await one.cli("send", "--to", "+447700900111", "--text", "x" * 400,
                                           "--type", "otp")  # fmt: skip
            assert code != 0
            assert "the budget shop has 2 of 3 left" in out + err
            code, out, err = await one.cli("readiness")
            assert code == 1, err
            assert "FAILED" in out
            assert "→" in out
            code, out, _ = await one.cli("readiness", "--json")
            assert code == 1
            assert {item["id"] for item in json.loads(out)["points"]} > {"types", "cost"}
