"""Verifications on the real daemon: what goes out is counted at the virtual service centre."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from labs.bank import bank_of
from labs.daemon import Daemon, daemon, until_ready, write_config
from labs.receiver import receiver
from labs.waiting import until

from modemgw.client import NEVER, Client, ClientError, Conflict, TooManyRequests, answers
from modemgw.virtual import Bank

pytestmark = pytest.mark.e2e

TO = "+447900000001"
CROWD = 50
HOLD = '[type.otp]\nambiguous = "hold"\n'
"""So that nothing is sent twice over a kill."""


def code_in(text: str | None) -> str:
    """The code that a person reads."""
    assert text is not None
    found = re.search(r"[0-9]{6}", text)
    assert found, text
    return found[0]


async def killed(running: Daemon) -> None:
    """The daemon has ended: by the crowd if it came so far, else by this."""
    if running.process.returncode is None:
        running.process.kill()
    await running.process.wait()


async def text_to(bank: Bank, to: str) -> str:
    """The newest text that came to a number."""

    def texts() -> list[str]:
        return [m.text for m in bank.smsc.messages if m.destination == to and m.text]

    await until(texts)
    return texts()[-1]


@pytest.mark.timeout(240)
async def test_a_code_goes_out_comes_back_and_is_nowhere_else(tmp_path: Path) -> None:
    extra = '[verifications]\ndomain = "shop.example"\nbrand = "Shop"\n'
    async with bank_of(tmp_path, 1) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        async with daemon(config) as running, Client(running.url, running.key) as client:
            await until_ready(running.url)
            status, out, err = await running.cli("verifications", "start", TO, "--json")
            assert status == 0, err
            begun = answers.Verification(json.loads(out))
            text = await text_to(bank, TO)
            code = code_in(text)
            assert text == (
                f"Shop: Your verification code is {code}. It is valid for 10 min. "
                f"Do not share it.\n@shop.example #{code}"
            )
            (message,) = [m async for m in client.messages()]
            # Masked while it waits; the text of an OTP is erased once its fate is known.
            assert message.text in (None, text.replace(code, "******"))
            shown = ""
            for words in (
                ("messages", "list"),
                ("messages", "show", message.id, "--json"),
                ("verifications", "list"),
                ("verifications", "show", begun.id),
                ("verifications", "stopped"),
            ):
                status, out, err = await running.cli(*words)
                assert status == 0, err
                shown += out
            wrong = f"{(int(code) + 1) % 10**6:06d}"
            status, out, _ = await running.cli("verifications", "check", begun.id, wrong)
            assert (status, out) == (1, f"{begun.id} is pending; 4 more may be tried\n")
            status, out, _ = await running.cli("verifications", "check", TO, code)
            assert (status, out) == (0, f"{begun.id} is approved\n")
            status, _, err = await running.cli("verifications", "check", begun.id, code)
            assert status == 1
            assert "approved already" in err
            other = await client.start_verification("+447900000002")
            status, out, _ = await running.cli("verifications", "cancel", other.id)
            assert (status, out) == (0, f"{other.id} is canceled\n")
            status, _, err = await running.cli("verifications", "resend", other.id)
            assert status == 1
            assert "canceled" in err
            status, _, err = await running.cli("verifications", "lift", "+4479")
            assert status == 1
            assert "not stopped" in err
        kept = b"".join(file.read_bytes() for file in (tmp_path / "data").glob("modemgw.db*"))
        for place in (shown.encode(), kept, running.log.read_bytes()):
            assert code.encode() not in place
        assert begun.id.encode() in kept


@pytest.mark.timeout(240)
async def test_webhooks_are_told_in_order_and_without_the_code(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank, receiver() as there:
        config = write_config(tmp_path, bank.paths)
        async with daemon(config) as running, Client(running.url, running.key) as client:
            await until_ready(running.url)
            await client.create_webhook(there.url, ["verification.*", "message.*"])
            begun = await client.start_verification(TO, reference="login-1")
            code = code_in(await text_to(bank, TO))
            assert (await client.check_verification(begun.id, code)).approved
            wanted = ["verification.started", "verification.approved"]
            fates = ["message.queued", "message.sent", "message.delivered"]
            await there.until(5)
        told = there.told()
        assert [one for one in told if one in wanted] == wanted
        assert [one for one in told if one in fates] == fates
        assert there.told("reference") == [("login-1",)] * 5
        assert all(code.encode() not in request.body for request in there.got)


@pytest.mark.timeout(240)
async def test_of_a_thousand_numbers_of_one_prefix_twenty_get_a_code(tmp_path: Path) -> None:
    """An attack of 50 clients at a time, and everybody else goes on."""
    extra = "[verifications]\nsends = { prefix = 0 }\n"
    async with bank_of(tmp_path, 4) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        async with daemon(config) as running, Client(running.url, running.key, retry=NEVER) as c:
            await until_ready(running.url)
            numbers = iter([f"+44790000{n:04}" for n in range(1000)])
            refused: Counter[str] = Counter()
            begun: list[str] = []

            async def attack() -> None:
                for to in numbers:
                    try:
                        begun.append((await c.start_verification(to)).to)
                    except TooManyRequests as error:
                        refused[error.type] += 1

            await asyncio.gather(*(attack() for _ in range(CROWD)))
            honest = await c.start_verification("+447900010001")
            code = code_in(await text_to(bank, honest.to))
            assert (await c.check_verification(honest.id, code)).approved
            await until(lambda: len(bank.smsc.messages) >= 21)
            (stop,) = await c.stopped_prefixes()
            told = 0
            async for event in c.events(after=0, types=["verification.*"]):
                told += event.type == "verification.prefix_stopped"
                if event.type == "verification.approved":
                    break
        got_out = [m.destination for m in bank.smsc.messages if m.destination != honest.to]
        assert sorted(got_out) == sorted(begun)
        assert len(got_out) == 20
        assert refused == {"prefix-stopped": 980}
        assert (stop.prefix, stop.sent, stop.approved, told) == ("+44790000", 20, 0, 1)


@pytest.mark.timeout(240)
async def test_messages_are_never_one_too_many_over_kills(tmp_path: Path) -> None:
    most = 100
    extra = (
        f"{HOLD}[verifications]\nsends = {{ number = 0, key = {most}, prefix = 0 }}\n"
        "max_sends = 20\nresend_after = 0\nguard = { unapproved = 0 }\n"
    )
    async with bank_of(tmp_path, 4) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        async with daemon(config) as first:
            pass  # makes the key that all runs count by
        key = first.key

        async def crowd(running: Daemon, enough: int) -> None:
            """50 clients ask for codes to 30 numbers, until enough are accepted or none is."""
            accepted = 0

            async def one(n: int) -> None:
                nonlocal accepted
                async with Client(running.url, key, retry=NEVER) as client:
                    for turn in range(20):
                        to = f"+4479{n % 30:02}{turn % 2:06}"
                        try:
                            await client.start_verification(to)
                            accepted += 1
                        except TooManyRequests:
                            continue
                        except ClientError:
                            return
                        if accepted >= enough:
                            await killed(running)

            await asyncio.gather(*(one(n) for n in range(CROWD)))

        for _ in range(3):
            async with daemon(config) as running:
                await crowd(running, most // 8)
                await killed(running)
        async with daemon(config) as running, Client(running.url, key) as client:
            await until_ready(running.url)
            await crowd(running, 10**6)
            with pytest.raises(TooManyRequests, match=f"this API key has had {most}"):
                await client.start_verification("+447955000000")
            listed = [v async for v in client.verifications(limit=200)]
            assert sum(20 - v.sends_left for v in listed) == most

            async def settled() -> bool:
                found = [m async for m in client.messages(limit=200)]
                return len(found) == most and all(m.status != "queued" for m in found)

            await until(settled)
            ambiguous = [m async for m in client.messages(status="sending")]
        assert most - len(ambiguous) <= len(bank.smsc.messages) <= most


@pytest.mark.timeout(240)
async def test_tries_are_never_one_too_many_over_kills(tmp_path: Path) -> None:
    most = 20
    extra = f"[verifications]\nmax_attempts = {most}\nattempts = {{ number = 0 }}\nttl = 3600\n"
    async with bank_of(tmp_path, 1) as bank:
        config = write_config(tmp_path, bank.paths, extra=extra)
        async with daemon(config) as running, Client(running.url, running.key) as client:
            begun = await client.start_verification(TO)
            code = code_in(await text_to(bank, TO))
            key = running.key
        seen: list[answers.CheckedVerification] = []

        async def crowd(running: Daemon, enough: int) -> None:
            """50 clients try codes, each another one, and the daemon is killed among them."""

            async def one(n: int) -> None:
                async with Client(running.url, key, retry=NEVER) as client:
                    for turn in range(10):
                        tried = (int(code) + 1 + 10 * n + turn) % 10**6
                        try:
                            checked = await client.check_verification(begun.id, f"{tried:06d}")
                        except ClientError:
                            return
                        seen.append(checked)
                        if len(seen) >= enough:
                            await killed(running)

            await asyncio.gather(*(one(n) for n in range(CROWD)))

        for enough in (3, 6, 9):
            async with daemon(config) as running:
                await crowd(running, enough)
                await killed(running)
        async with daemon(config) as running, Client(running.url, key) as client:
            await crowd(running, 10**6)
            assert (await client.check_verification(begun.id, code)).status == "locked"
            assert (await client.verification(begun.id)).attempts_left == 0
            with pytest.raises(TooManyRequests):
                await client.start_verification(TO)
        assert "approved" not in {checked.status for checked in seen}
        left = [checked.attempts_left for checked in seen if checked.status == "pending"]
        assert len(set(left)) == len(left) <= most - 1, "each try was counted, and told once"


@pytest.mark.timeout(240)
async def test_the_right_code_is_right_for_one_of_fifty(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank:
        config = write_config(tmp_path, bank.paths)
        async with daemon(config) as running, Client(running.url, running.key) as client:
            begun = await client.start_verification(TO)
            code = code_in(await text_to(bank, TO))

            async def one() -> str:
                try:
                    return (await client.check_verification(begun.id, code)).status
                except Conflict as error:
                    return error.type

            seen = Counter(await asyncio.gather(*(one() for _ in range(CROWD))))
            assert seen == {"approved": 1, "verification-over": CROWD - 1}
            (again, *others) = await asyncio.gather(
                *(client.start_verification(TO) for _ in range(CROWD))
            )
            assert {again.id} == {other.id for other in others}
            assert again.id != begun.id
        await until(lambda: len(bank.smsc.messages) == 2)
