"""`modemgw send --csv` and `modemgw batches` with a real daemon: the SMSC of the bank counts."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from labs.daemon import Daemon, command, daemon, environment, until_ready, write_config

from modemgw.client import Client
from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    settings = BankSettings(modems=2, part_seconds=0.02, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        yield bank


def number(n: int) -> str:
    return f"+99900000{n:05d}"


def list_of(tmp_path: Path, count: int, *more: str) -> Path:
    path = tmp_path / "guests.csv"
    rows = [f"{number(n)},Guest {n}" for n in range(count)]
    path.write_text("\n".join(["to,name", *rows, *more]) + "\n")
    return path


def report_of(path: Path) -> list[dict[str, str]]:
    with path.with_name(f"{path.name}.report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


async def send(running: Daemon, path: Path, *more: str) -> tuple[int, str, str]:
    found: tuple[int, str, str] = await running.cli(
        "send", "--csv", path, "--text", "Dear {name}", *more
    )
    return found


async def test_a_file_is_sent_and_what_became_of_each_row_is_reported(
    bank: Bank, tmp_path: Path
) -> None:
    path = list_of(tmp_path, 25)
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        code, out, err = await send(running, path, "--dry-run")
        assert (code, out) == (0, ""), err
        assert "25 rows: 25 good, 0 bad; 25 SMS" in err
        code, out, err = await send(running, path, "--wait", "--name", "party", "--chunk", "10")
        assert code == 0, err
        assert "25" in out
        assert sorted((m.destination, m.text) for m in bank.smsc.messages) == [
            (number(n), f"Dear Guest {n}") for n in range(25)
        ]
        report = report_of(path)
        assert [(r["row"], r["to"], r["status"]) for r in report] == [
            (str(n + 2), number(n), "delivered") for n in range(25)
        ]
        async with Client(running.url, running.key) as client:
            for row in report[:3]:
                assert (await client.message(row["id"])).to == row["to"]
        code, out, _ = await running.cli("batches", "list", "--name", "party", "--json")
        (batch,) = json.loads(out)
        assert (batch["accepted"], batch["state"], batch["more"]) == (25, "done", False)
        code, out, err = await send(running, path, "--wait", "--name", "party", "--chunk", "10")
        assert code == 0
        assert "was sent before" in err
        assert len(bank.smsc.messages) == 25
        code, out, err = await send(running, path, "--name", "again", "--wait", "--json")
        assert (code, json.loads(out)["rows"]) == (0, {"delivered": 25})


async def test_bad_rows_are_named_and_nothing_is_sent_unless_they_are_to_be_skipped(
    bank: Bank, tmp_path: Path
) -> None:
    path = list_of(
        tmp_path, 3, "nobody,Bob", "+4470000,Eve", f"{number(0)},Ann", f"{number(7)}", ",Kim"
    )
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        code, out, err = await send(running, path)
        assert (code, out) == (1, "")
        for line, said in (
            (5, "'nobody' is not a phone number"),
            (6, "to: '+4470000'"),
            (7, "line 2 has the same number"),
            (8, "it has 1 field"),
            (9, "to is empty"),
        ):
            assert f"line {line}: {said}" in err
        assert "5 rows of 8 cannot be sent, so nothing was sent" in err
        assert [r["status"] for r in report_of(path)] == ["not sent"] * 3 + ["skipped"] * 5
        assert bank.smsc.accepted_count == 0
        code, out, err = await send(running, path, "--skip-bad", "--wait")
        assert code == 0, err
        assert Counter(m.destination for m in bank.smsc.messages) == {
            number(n): 1 for n in range(3)
        }
        assert [r["status"] for r in report_of(path)] == (["delivered"] * 3 + ["skipped"] * 5)
        code, _, err = await running.cli("send", "--csv", path, "--text", "Dear {nick}")
        assert (code, "there is no column 'nick'" in err) == (2, True)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("journal_is_kept", [True, False])
async def test_killed_on_the_way_it_goes_on_and_sends_nothing_twice(
    bank: Bank, tmp_path: Path, journal_is_kept: bool
) -> None:
    path = list_of(tmp_path, 200)
    arguments = ["--chunk", "10", "--name", "party"]
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        for how in (signal.SIGINT, signal.SIGKILL, signal.SIGKILL):
            sending = await asyncio.create_subprocess_exec(
                *command("send", "--csv", path, "--text", "Dear {name}", *arguments),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=environment(MODEMGW_URL=running.url, MODEMGW_KEY=running.key),
            )
            await _until_more_is_accepted(running)
            if sending.returncode is None:
                sending.send_signal(how)
            _, said = await sending.communicate()
            if how is signal.SIGINT and sending.returncode:
                assert b"the same command goes on" in said
            if not journal_is_kept:
                for journal in tmp_path.glob("*.journal"):
                    journal.unlink()
        code, _, err = await send(running, path, "--wait", *arguments)
        assert code == 0, err
        assert Counter(m.destination for m in bank.smsc.messages) == {
            number(n): 1 for n in range(200)
        }
        async with Client(running.url, running.key) as client:
            (batch,) = [batch async for batch in client.batches()]
            assert batch.accepted == 200
        assert [r["status"] for r in report_of(path)] == ["delivered"] * 200


async def _until_more_is_accepted(running: Daemon) -> None:
    async with Client(running.url, running.key) as client, asyncio.timeout(60):
        before: Any = await _accepted(client)
        while await _accepted(client) < min(before + 10, 200):
            await asyncio.sleep(0.005)


async def _accepted(client: Client) -> int:
    return sum([batch.accepted async for batch in client.batches()])


@pytest.mark.timeout(240)
async def test_the_daemon_is_killed_amid_a_file_and_what_it_has_promised_goes_out_once(
    bank: Bank, tmp_path: Path
) -> None:
    path = list_of(tmp_path, 300)
    config = write_config(tmp_path, bank.paths)
    async with daemon(config) as running:
        await until_ready(running.url)
        sending = asyncio.create_task(send(running, path, "--chunk", "3", "--rate", "6000"))
        await _until_more_is_accepted(running)
        api_key = running.key
        os.kill(running.process.pid, signal.SIGKILL)
        code, _, err = await sending
        assert code == 1, err
    async with daemon(config) as running:
        running.key = api_key  # what was answered before is known by the key that asked
        await until_ready(running.url)
        await send(running, path, "--chunk", "3", "--rate", "6000", "--wait", "--timeout", "40")
        report = report_of(path)
        taken = Counter(m.destination for m in bank.smsc.messages)
        assert max(taken.values()) == 1, "nothing is doubled"
        in_doubt = {r["to"] for r in report if r["status"] == "sending"}
        assert len(in_doubt) <= 2, "one part a modem"
        assert {number(n) for n in range(300)} - set(taken) <= in_doubt


async def test_batches_are_seen_and_controlled(bank: Bank, tmp_path: Path) -> None:
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        async with Client(running.url, running.key) as client:
            to = [number(n) for n in range(50)]
            id = (await client.send_batch(to=to, text="x", name="slow", rate_per_minute=1)).id
        code, out, err = await running.cli("batches", "pause", id)
        assert (code, "paused" in out) == (0, True), err
        code, out, _ = await running.cli("batches", "list", "--state", "paused")
        assert (code, id in out, "slow" in out) == (0, True, True)
        code, out, _ = await running.cli("batches", "resume", id, "--json")
        assert (code, json.loads(out)["state"]) == (0, "running")
        code, out, _ = await running.cli("batches", "change", id, "--rate", "2", "--name", "slower")
        assert (code, "2 a minute" in out, "slower" in out) == (0, True, True)
        code, _, err = await running.cli("batches", "change", id)
        assert (code, "--rate" in err) == (2, True)
        code, out, _ = await running.cli("batches", "cancel", id, "--json")
        assert (code, json.loads(out)["state"]) == (0, "canceled")
        async with Client(running.url, running.key) as client:
            batch = await client.wait_for_batch(id)
            assert batch.counts.get("canceled", 0) >= 48
            audit = [record.action async for record in client.audit()]
            assert {"batches.pause", "batches.resume", "batches.update", "batches.cancel"} <= set(
                audit
            )
        code, out, _ = await running.cli(
            "batches", "messages", id, "--status", "canceled", "--limit", "3", "--json"
        )
        assert [m["to"] for m in json.loads(out)] == [number(n) for n in (49, 48, 47)]
        code, out, _ = await running.cli("batches", "messages", id)
        assert (code, "canceled" in out) == (0, True)
        code, out, _ = await running.cli("batches", "show", id)
        assert (code, "canceled" in out) == (0, True)
        code, _, err = await running.cli("batches", "pause", id)
        assert (code, err.count("\n"), "canceled" in err) == (1, 1, True)


async def test_rows_have_the_values_of_a_template(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "guests.csv"
    path.write_text(
        f"to,name,nr,lang\n{number(1)},Ann,7,en\n{number(2)},Bea,x,en\n{number(3)},Rui,9,pt\n"
    )
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        async with Client(running.url, running.key) as client:
            await client.create_template(
                "table",
                variants=[
                    {"language": "en", "text": "Dear {{ name }}, table {{ table }}"},
                    {"language": "pt", "text": "Ola {{ name }}, mesa {{ table }}"},
                ],
                parameters={"name": {"type": "string"}, "table": {"type": "integer"}},
            )
        template = ("send", "--csv", path, "--template", "table", "--language", "{lang}")
        code, _, err = await running.cli(*template)
        assert (code, "the template wants table" in err) == (2, True), err
        code, _, err = await running.cli(*template, "--param", "table={nr}")
        assert code == 1
        assert "line 3: params.table" in err
        code, _, err = await running.cli(*template, "--param", "table={nr}", "--skip-bad", "--wait")
        assert code == 0, err
        assert sorted((m.destination, m.text) for m in bank.smsc.messages) == [
            (number(1), "Dear Ann, table 7"),
            (number(3), "Ola Rui, mesa 9"),
        ]
        assert [r["status"] for r in report_of(path)] == ["delivered", "skipped", "delivered"]
