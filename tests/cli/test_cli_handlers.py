"""The real daemon with handlers that would end it, hold it up, or write into its log."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest
from labs.daemon import daemon, until_ready, write_config

from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

SENDER = "+447700900222"
MODULE = """
import asyncio, os, sys, threading, time

def leaves(message): os.write(2, b""); sys.exit(3)
def interrupts(message): raise KeyboardInterrupt
def blocks(message): time.sleep(600)
async def blocks_a_loop(message): time.sleep(600)
async def cancels(message): raise asyncio.CancelledError
"""


@pytest.fixture
async def bank(tmp_path):
    settings = BankSettings(modems=1, part_seconds=0.05, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        yield bank


def handlers(*lines):
    return "".join(f"[[handler]]\n{line}\n" for line in lines)


async def test_it_outlives_its_handlers_and_ends_without_waiting_for_them(bank, tmp_path):
    (tmp_path / "awful_handlers.py").write_text(MODULE)
    names = ["leaves", "interrupts", "blocks", "blocks_a_loop", "cancels"]
    extra = handlers(
        *(f'python = "awful_handlers:{name}"' for name in names),
        'exec = ["/bin/sh", "-c", "sleep 600"]',
        'id = "answer"\nreply = "all is well"',
    )
    file = write_config(tmp_path, bank.paths, extra=extra)
    async with daemon(file, PYTHONPATH=tmp_path) as running:
        await until_ready(running.url)
        for n in range(3):
            bank.smsc.inject(SENDER, bank.modems[0].number, f"message {n}")
        async with asyncio.timeout(60):
            while len(bank.smsc.messages) < 3:
                await asyncio.sleep(0.05)
        log = running.log.read_text()
        assert "awful_handlers:leaves raised SystemExit" in log
        assert "awful_handlers:cancels raised CancelledError" in log
        begun = time.monotonic()
        assert await running.end() == 0
        assert time.monotonic() - begun < 10
        assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_process_itself_is_still_ended_by_its_signals(tmp_path, number):
    async with daemon(write_config(tmp_path, [])) as running:
        running.process.send_signal(number)
        async with asyncio.timeout(60):
            assert await running.process.wait() == 0


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_what_a_program_says_forges_no_log(bank, tmp_path, level):
    script = tmp_path / "talks"
    script.write_text("#!/bin/sh\n(cat; printf '\\n\\033[2J\\nERROR forged\\r') >&2\nexit 1\n")
    script.chmod(0o755)
    extra = handlers(f'exec = ["{script}"]')
    file = write_config(tmp_path, bank.paths, extra=extra)
    file.write_text(file.read_text().replace("[gateway]\n", f'[gateway]\nlog_level = "{level}"\n'))
    async with daemon(file) as running:
        await until_ready(running.url)
        bank.smsc.inject(SENDER, bank.modems[0].number, "my secret")
        async with asyncio.timeout(60):
            while "ended with 1" not in running.log.read_text():
                await asyncio.sleep(0.05)
        await running.end()
        log = running.log.read_text()
    assert all(c.isprintable() or c == "\n" for c in log)
    assert not any(line.startswith("ERROR forged") for line in log.splitlines())
    if level == "info":
        assert "my secret" not in log
        assert "forged" not in log
