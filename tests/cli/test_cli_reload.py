"""SIGHUP to the real daemon, in front of a virtual bank: the bank changes, no message suffers."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
from collections import Counter
from typing import Any

import pytest
from labs.daemon import daemon, until_ready

from modemgw.client import Client
from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

BULK = '[[route]]\nid = "bulk"\nmatch = { type = ["promotional"] }\n[[route]]\nid = "default"\n'


def write(directory, bank, modems, *, per_hour, extra=""):
    """A configuration with these modems of the bank, by number from 1."""
    sections = "".join(
        f'[[modem]]\nid = "m{n}"\ndevice = "{bank.paths[n - 1]}"\n{more}\n'
        for n, more in modems.items()
    )
    file = directory / "modemgw.toml"
    file.write_text(
        f'[gateway]\ndata_dir = "{directory}/data"\n[http]\nlisten = "127.0.0.1:0"\n'
        f"[sim_limits]\nper_hour = {per_hour}\n{sections}{extra}"
    )
    return file


async def hang_up(running, *words):
    """Send SIGHUP; returns what is logged until these words have come."""
    before = running.log.stat().st_size
    running.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(60):
        while not all(word in (told := running.log.read_text()[before:]) for word in words):
            await asyncio.sleep(0.02)
    return told


def is_free(path):
    """Whether somebody else can have a port."""
    try:
        with open(path, "rb", opener=_opener) as port:
            fcntl.flock(port, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _opener(path, flags):
    return os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


async def modems_of(running):
    code, out, err = await running.cli("modems", "list", "--json")
    assert code == 0, err
    return {m["id"]: m["state"] for m in json.loads(out)}


async def test_the_bank_changes_while_messages_wait(tmp_path):
    settings = BankSettings(modems=4, part_seconds=0.02, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        two = {1: "", 2: 'routes = ["default", "bulk"]'}
        file = write(tmp_path, bank, two, per_hour=5, extra=BULK)
        async with daemon(file) as running:
            await until_ready(running.url)
            async with Client(running.url, running.key) as client:
                for n in range(65):
                    kind: Any = "promotional" if n % 2 else "transactional"
                    await client.send("+447700900111", f"message {n}", type=kind)
                await bank.smsc.wait_accepted(10, timeout_s=60)

                # A file that is wrong changes nothing, and no secret of it is logged.
                write(tmp_path, bank, {3: 'pin = "4711"\nprofile = "toaster"'}, per_hour=99)
                told = await hang_up(running, "not reloaded: ")
                assert "toaster" in told
                assert "4711" not in told
                assert set(await modems_of(running)) == {"m1", "m2"}
                assert bank.smsc.accepted_count == 10

                # m1 goes, m3 and m4 come, the limits rise, the route that many wait for is gone.
                write(tmp_path, bank, {2: "", 3: "", 4: ""}, per_hour=20)
                told = await hang_up(running, "m1: removed", "m4: added", "have another")
                assert "route bulk: removed" in told
                assert bank.smsc.accepted_count >= 10
                assert [is_free(path) for path in bank.paths] == [True, False, False, False]
                await bank.smsc.wait_accepted(65, timeout_s=60)
                last = await client.send("+447700900111", "one too many")
                assert list(await modems_of(running)) == ["m2", "m3", "m4"]
                await asyncio.sleep(0.5)
                assert (await client.message(last["id"]))["status"] == "queued"
            texts = Counter(m.text for m in bank.smsc.messages)
            assert texts == Counter(f"message {n}" for n in range(65))
            sent = Counter(part.modem_index for part in bank.smsc.accepted)
            assert sent == {0: 5, 1: 20, 2: 20, 3: 20}
            assert await running.end() == 0
        assert "Traceback" not in running.log.read_text()


async def test_it_ends_though_a_reload_is_under_way(tmp_path):
    settings = BankSettings(modems=1, part_seconds=2, receipt_seconds=60)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        file = write(tmp_path, bank, {1: ""}, per_hour=0)
        async with daemon(file) as running:
            await until_ready(running.url)
            async with Client(running.url, running.key) as client:
                message = await client.send("+447700900111", "x")
                async with asyncio.timeout(60):
                    while (await client.message(message["id"]))["status"] != "sending":
                        await asyncio.sleep(0.05)
            write(tmp_path, bank, {}, per_hour=0)
            file.write_text(file.read_text().replace("[http]", "allow_no_modems = true\n[http]"))
            running.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.3)
            assert await running.end() == 0
        assert "Traceback" not in running.log.read_text()
        assert bank.smsc.accepted_count == 1


async def test_an_empty_file_is_not_taken_for_the_wish_to_have_no_modems(tmp_path):
    settings = BankSettings(modems=1, part_seconds=0.02, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        file = write(tmp_path, bank, {1: ""}, per_hour=0)
        async with daemon(file) as running:
            await until_ready(running.url)
            file.write_text("")
            told = await hang_up(running, "not reloaded: ")
            assert "allow_no_modems = true" in told
            assert await modems_of(running) == {"m1": "ready"}
            assert await running.end() == 0
