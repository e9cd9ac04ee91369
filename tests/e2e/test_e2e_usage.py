"""The sum of what is counted is that of what was sent, whatever ends the daemon."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from labs import usage
from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config

from modemgw.client import Client
from modemgw.config import load
from modemgw.gateway.fleet.price_list import Prefixes
from modemgw.store.sqlite import FILE_NAME

pytestmark = pytest.mark.e2e

TARIFFS = """
[[tariff]]
id = "home"
price = "0.045"
currency = "EUR"
free_parts = 20
[[tariff]]
id = "abroad"
to_prefix = ["+33"]
price = "1.10"
currency = "SEK"
"""
KILLS = 3
EACH = 60


async def counted(url: str, key: str) -> usage.Counted:
    async with Client(url, key) as client:
        return {
            (
                (one.day.toordinal() - 719_163) if one.day else None,
                one.sim,
                one.key,
                one.type,
                one.prefix,
            ): (
                one.parts,
                one.accepted,
                one.delivered,
                one.failed,
                int(sum(amount.amount for amount in one.amounts) * 1_000_000),
            )
            for one in await client.usage(usage.EVERYTHING)
        }


@pytest.mark.timeout(300)
async def test_after_three_kills_usage_is_the_sum_over_the_messages(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 4, part_seconds=0.02, receipt_seconds=0.02) as bank:
        config = write_config(tmp_path, bank.paths, extra=TARIFFS)
        for kill in range(KILLS):
            async with daemon(config) as running, Client(running.url, running.key) as client:
                await until_ready(running.url)
                before = bank.smsc.accepted_count
                for n in range(EACH):
                    to = f"{'+33' if n % 3 else '+44'}7009{kill:02d}{n:03d}"
                    await client.send(to, "a" * (200 if n % 5 == 0 else 10), type="otp")
                await bank.smsc.wait_accepted(before + EACH // 3, 60)
                running.process.kill()
                await running.process.wait()
        async with daemon(config) as running, Client(running.url, running.key) as client:
            async with asyncio.timeout(120):
                while True:
                    found = [m async for m in client.messages(limit=1000)]
                    if not any(m.status in ("queued", "scheduled") for m in found):
                        break
                    await asyncio.sleep(0.2)
            await asyncio.sleep(0.5)
            assert len(found) == KILLS * EACH
            told = await counted(running.url, running.key)
            costs = [m.cost async for m in client.messages(limit=1000)]
            assert all(cost is not None for cost in costs)
            assert await running.end() == 0
        with closing(sqlite3.connect(tmp_path / "data" / FILE_NAME)) as db:
            expected = usage.of_attempts(db, Prefixes(load(config).tariff))
            free = dict(db.execute("SELECT sim, sum(used) FROM free_parts GROUP BY sim").fetchall())
            paid = dict(
                db.execute(
                    "SELECT sim, count(*) FROM attempts WHERE currency = 'EUR' AND cost = 0 "
                    "GROUP BY sim"
                ).fetchall()
            )
        assert free == paid, "a free part is taken for each that costs nothing"
        assert max(free.values()) <= 20
        assert told == expected
        assert sum(c[1] for c in told.values()) <= bank.smsc.accepted_count


async def test_the_command_adds_up(tmp_path: Path) -> None:
    async with (
        bank_of(tmp_path, 1) as bank,
        daemon(write_config(tmp_path, bank.paths, extra=TARIFFS)) as running,
    ):
        await until_ready(running.url)
        for to in ("+33700900123", "+447700900111"):
            code, _, err = await running.cli("send", "--to", to, "--text", "x", "--wait")
            assert code == 0, err
        code, out, _ = await running.cli("usage", "--by", "prefix,type", "--json")
        assert code == 0
        assert [(one["prefix"], one["amounts"]) for one in json.loads(out)] == [
            ("+33", [{"amount": "1.10", "currency": "SEK"}]),
            ("+44", [{"amount": "0.00", "currency": "EUR"}]),
        ]
        code, out, _ = await running.cli("usage", "--by", "prefix", "--csv")
        assert list(csv.reader(io.StringIO(out))) == [
            ["prefix", "parts", "accepted", "delivered", "failed", "amount_EUR", "amount_SEK"],
            ["+33", "1", "1", "1", "0", "", "1.10"],
            ["+44", "1", "1", "1", "0", "0.00", ""],
        ]
        code, table, _ = await running.cli("usage")
        assert code == 0
        assert "1.10" in table
        code, table, _ = await running.cli("sims", "list")
        assert "1.10 SEK (+1)" in table
        code, out, _ = await running.cli("usage", "--since", "2100-01-01")
        assert (code, out) == (0, "Nothing was sent.\n")
        code, _, err = await running.cli("usage", "--by", "modem")
        assert code == 2
        assert "'modem' is none of sim, key, type, prefix, day" in err
        (message,) = json.loads(
            (await running.cli("messages", "list", "--limit", "1", "--json"))[1]
        )
        code, shown, _ = await running.cli("messages", "show", message["id"])
        assert "0.00 EUR" in shown
