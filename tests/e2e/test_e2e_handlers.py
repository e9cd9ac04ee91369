"""Other people's code at work: it harms no other handler and no modem, and sends once."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from labs.bank import bank_of
from labs.daemon import daemon, run, until_ready, write_config
from labs.gateway import config_of, gateway_on, send
from labs.loop_lag import LAG_S, lag
from labs.waiting import until

from modemgw.gateway import DeliveryQuery
from modemgw.virtual import Bank

FUNCTIONS = "labs.functions"
HARMFUL: dict[str, dict[str, Any]] = {
    "raises": {"python": f"{FUNCTIONS}:broken"},
    "exits": {"python": f"{FUNCTIONS}:leaves_at_once"},
    "blocks": {"python": f"{FUNCTIONS}:blocks"},
    "loops": {"python": f"{FUNCTIONS}:loops"},
    "hangs": {"python": f"{FUNCTIONS}:waits"},
    "is deaf": {"python": f"{FUNCTIONS}:is_deaf"},
    "starts others": {"python": f"{FUNCTIONS}:starts_others"},
    "forks": {"python": f"{FUNCTIONS}:forks"},
    "floods": {"python": f"{FUNCTIONS}:floods"},
    "eats": {"python": f"{FUNCTIONS}:eats", "memory_mb": 512},
    "speaks nonsense": {"python": f"{FUNCTIONS}:says_without_end"},
    "a program hangs": {"exec": ["/bin/sh", "-c", "trap '' TERM; sleep 100 & wait"]},
    "a program floods": {"exec": ["/bin/sh", "-c", "yes & yes >&2"], "output": "reply"},
}
COUNT = 8


def answered(bank: Bank) -> Counter[str | None]:
    return Counter(p.text for p in bank.smsc.accepted)


@pytest.mark.parametrize("name", HARMFUL)
async def test_a_handler_that_misbehaves_harms_nobody(tmp_path: Path, name: str) -> None:
    """Everything that is sent, received and answered beside it is, and nothing of it is left."""
    mine = psutil.Process()
    before = set(mine.children(recursive=True))
    harmful = {"id": "harmful", "match": {"keyword": str(tmp_path / "told")}, "timeout": 1}
    sections = [{**harmful, **HARMFUL[name]}, {"match": {"keyword": "HELLO"}, "reply": "hello"}]
    async with (
        bank_of(tmp_path, 2, part_seconds=0.05) as bank,
        gateway_on(config_of(tmp_path, bank, handler=sections)) as gateway,
    ):
        for n in range(COUNT):
            own = bank.settings.number_of(n % 2)
            bank.smsc.inject(f"+4477009001{n:02d}", own, f"{tmp_path}/told")
            bank.smsc.inject(f"+4477009002{n:02d}", own, "hello")
        async with lag() as longest:
            for n in range(3 * COUNT):
                await send(gateway, f"+4477009003{n:02d}", f"number {n}")
            await bank.smsc.wait_accepted(4 * COUNT, 60)

            async def all_tried() -> bool:
                page = await gateway.handlers.deliveries(DeliveryQuery("harmful", limit=100))
                return len(page.items) == COUNT and all(d.tries or d.ended_at for d in page.items)

            await until(all_tried)
        assert longest[0] < LAG_S
        assert answered(bank) == Counter(
            ["hello"] * COUNT + [f"number {n}" for n in range(3 * COUNT)]
        )
        assert {view.status.state for view in gateway.modems.views()} <= {"ready", "sending"}
        assert not gateway.keeper.failures()
    gone, alive = psutil.wait_procs(set(mine.children(recursive=True)) - before, timeout=10)
    assert not alive, gone


MODULE = """
import time
from pathlib import Path

DIRECTORY = Path({directory!r})


def answer(message, gateway):
    ids = [gateway.reply("thank you"), gateway.send("+447700900700", "somebody wrote")]
    with (DIRECTORY / "calls").open("a") as calls:
        calls.write(" ".join(ids) + chr(10))
    while not (DIRECTORY / "go on").exists():
        time.sleep(0.01)
"""


@pytest.mark.e2e
async def test_what_a_function_sent_before_a_kill_is_not_sent_again_after_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "answering_module.py").write_text(MODULE.format(directory=str(tmp_path)))
    calls = tmp_path / "calls"
    handler = '[[handler]]\nid = "answers"\npython = "answering_module:answer"\n'
    async with bank_of(tmp_path, 1) as bank:
        file = write_config(tmp_path, bank.paths, extra=handler)
        async with daemon(file, PYTHONPATH=tmp_path) as first:
            await until_ready(first.url)
            bank.smsc.inject("+447700900555", bank.settings.number_of(0), "hello")
            await until(calls.exists)
            await bank.smsc.wait_accepted(2, 30)
            first.process.send_signal(signal.SIGKILL)
            await first.process.wait()
        async with daemon(file, PYTHONPATH=tmp_path) as second:
            await until(lambda: len(calls.read_text().splitlines()) == 2)
            (tmp_path / "go on").touch()

            async def delivered() -> bool:
                code, out, _ = await second.cli("handlers", "deliveries", "answers")
                return code == 0 and "delivered" in out

            await until(delivered)
            await asyncio.sleep(0.5)
            assert await second.end() == 0
    assert sorted(p.destination for p in bank.smsc.accepted) == ["+447700900555", "+447700900700"]
    assert len(set(calls.read_text().splitlines())) == 1, "the same messages in both tries"


@pytest.mark.e2e
async def test_a_daemon_that_ends_leaves_no_worker_behind(tmp_path: Path) -> None:
    handler = f'[[handler]]\npython = "{FUNCTIONS}:plain"\n'
    async with bank_of(tmp_path, 1) as bank:
        tests = Path(__file__).parents[1]
        file = write_config(tmp_path, bank.paths, extra=handler)
        async with daemon(file, PYTHONPATH=tests) as one:
            process = psutil.Process(one.process.pid)
            await until(lambda: [p for p in process.children() if "worker.py" in str(p.cmdline())])
            workers = process.children()
            assert await one.end() == 0
        assert not psutil.wait_procs(workers, timeout=5)[1]


@pytest.mark.e2e
async def test_what_the_configuration_asks_for_and_cannot_have_is_told_before_the_start(
    tmp_path: Path,
) -> None:
    handler = '[[handler]]\nid = "x"\nexec = ["true"]\nuser = "nobody-at-all"\n'
    smtp = (
        '[smtp]\nhost = "mail.example.org"\nfrom = "a@example.org"\nuser = "u"\n'
        f'password_file = "{tmp_path}/none"\nca_file = "{tmp_path}/none"\n'
    )
    async with bank_of(tmp_path, 1) as bank:
        file = write_config(tmp_path, bank.paths, extra=handler + smtp)
        for command in (("config", "check"), ("serve",)):
            code, _, err = await run(*command, "--config", file)
            assert code == 1
            assert "handler x: user: there is no user 'nobody-at-all' on this machine" in err
            assert "smtp: password_file" in err
            assert "smtp: ca_file" in err


async def test_a_message_that_a_function_sends_is_shown_as_whose_it_is(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank:
        section = {"id": "mine", "python": f"{FUNCTIONS}:sends_and_fails"}
        async with gateway_on(config_of(tmp_path, bank, handler=[section])) as gateway:
            told = tmp_path / "told"
            bank.smsc.inject("+447700900555", bank.settings.number_of(0), str(told))
            await until(lambda: told.exists() and told.read_text().endswith("\n"))
            ids = told.read_text().split()
            keys = [(await gateway.messages.get(id)).key for id in ids]
            assert keys == ["handler:mine"] * 3 + ["handler"]
            await bank.smsc.wait_accepted(4, 30)


async def test_a_sender_gets_no_more_answers_from_a_function_than_from_a_reply(
    tmp_path: Path,
) -> None:
    """The limit on automatic replies holds for whatever answers."""
    async with bank_of(tmp_path, 1, part_seconds=0) as bank:
        section = {"id": "mine", "python": f"{FUNCTIONS}:replies"}
        config = config_of(tmp_path, bank, handler=[section], replies={"per_hour": 3})
        async with gateway_on(config) as gateway:
            for n in range(6):
                bank.smsc.inject("+447700900555", bank.settings.number_of(0), f"hello {n}")
            await bank.smsc.wait_accepted(3, 30)

            async def three_given_up() -> bool:
                page = await gateway.handlers.deliveries(DeliveryQuery("mine"))
                return sum(1 for d in page.items if d.state == "dead") == 3

            await until(three_given_up)
            assert len(bank.smsc.accepted) == 3
