"""People opt out, and in again, by SMS; from then on it is gone by."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.client import Client, InvalidRequest
from modemgw.config.opt_out_words import SHIPPED
from modemgw.gateway import Gateway, InboundQuery, Rejected
from modemgw.gateway.deliveries.trying import Sample
from modemgw.store import ConsentState
from modemgw.store.records import Inbound, MessageStatus
from modemgw.virtual import Bank

ANNA, BOB = "+447700900555", "+447700900666"
OUT, IN = ConsentState.OPTED_OUT, ConsentState.OPTED_IN


def answers(bank: Bank) -> list[tuple[str, str | None, int]]:
    return [(p.destination, p.text, p.modem_index) for p in bank.smsc.accepted]


async def received(gateway: Gateway, count: int) -> list[Inbound]:
    """So many received messages, the newest first."""
    found: list[Inbound] = []

    async def all_there() -> bool:
        found[:] = (await gateway.inbounds.find(InboundQuery())).items
        return len(found) == count

    await until(all_there, 20)
    return found


async def states(gateway: Gateway, number: str) -> list[tuple[ConsentState, str, str | None]]:
    of = await gateway.consents.of(number)
    return [(one.state, one.source, one.inbound) for one in of.history]


def codes(refusal: pytest.ExceptionInfo[Rejected]) -> list[str]:
    return [problem.code for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("number", "text", "language"),
    [
        ("+447700900555", "Stop!", "en"),
        ("+33639980001", "Arrêt", "fr"),
        ("+4915123456789", " stopp. ", "de"),
        ("+34612345678", "BAJA", "es"),
        ("+306912345678", "διαγραφή", "el"),
        ("+79161234567", "Отписаться", "ru"),
        ("+966512345678", "إيقاف", "ar"),
        ("+919812345678", "बंद करें", "hi"),
        ("+4915123456780", "STOP", "de"),
        ("+85251234567", "stop", "en"),
    ],
)
async def test_a_stop_is_obeyed_and_confirmed_in_its_language(
    tmp_path: Path, number: str, text: str, language: str
) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        bank.smsc.inject(number, bank.settings.number_of(1), text)
        await bank.smsc.wait_accepted(1, 20)
        (message,) = await received(gateway, 1)
        assert message.keyword == "stop"
        assert await states(gateway, number) == [(OUT, "sms", message.id)]
        with pytest.raises(Rejected) as refusal:
            await send(gateway, number, "Buy now", type="promotional")
        assert codes(refusal) == ["opted-out"]
        assert answers(bank) == [(number, SHIPPED[language].stopped, 1)]


async def test_each_change_is_confirmed_once_and_handlers_do_not_get_the_words(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, handler=[{"reply": "thank you"}])
        async with gateway_on(config) as gateway:
            own, english = bank.settings.number_of(0), SHIPPED["en"]
            for count, (text, answer) in enumerate(
                [
                    ("STOP", english.stopped),
                    ("stop", None),
                    ("START", english.started),
                    ("start!", None),
                    ("please stop it", "thank you"),
                    ("HELP", english.helped),
                ],
                1,
            ):
                before = len(bank.smsc.accepted)
                bank.smsc.inject(ANNA, own, text)
                await received(gateway, count)
                if answer is not None:
                    await bank.smsc.wait_accepted(before + 1, 20)
                    assert answers(bank)[-1] == (ANNA, answer, 0)
            assert [one[0] for one in await states(gateway, ANNA)] == [IN, IN, OUT, OUT]
            await send(gateway, ANNA, "Buy now", type="promotional")
            await bank.smsc.wait_accepted(5, 20)
            assert len(bank.smsc.accepted) == 5


@pytest.mark.parametrize("text", ["please STOP it", "I can't stop", "stopping", "STOP 2 of 3?", ""])
async def test_a_sentence_opts_nobody_out(tmp_path: Path, text: str) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        bank.smsc.inject(ANNA, bank.settings.number_of(0), text)
        (message,) = await received(gateway, 1)
        assert message.keyword is None
        await status(gateway, await send(gateway, ANNA, "Buy now", type="promotional"), "delivered")
        assert len(bank.smsc.accepted) == 1


@pytest.mark.parametrize("sender", ["STOPPER", "60777"])
async def test_names_and_short_codes_opt_nobody_out_and_get_no_answer(
    tmp_path: Path, sender: str
) -> None:
    async with bank_of(tmp_path, 1) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        bank.smsc.inject(sender, bank.settings.number_of(0), "STOP")
        bank.smsc.inject(ANNA, bank.settings.number_of(0), "STOP")
        await bank.smsc.wait_accepted(1, 20)
        assert {m.sender: m.keyword for m in await received(gateway, 2)} == {
            sender: None,
            ANNA: "stop",
        }
        await asyncio.sleep(0.3)
        assert [to for to, *_ in answers(bank)] == [ANNA]


async def test_a_handler_for_the_very_word_answers_in_the_gateways_place(tmp_path: Path) -> None:
    handlers = [{"match": {"keyword": "Help"}, "reply": "Call us."}]
    async with bank_of(tmp_path, 1) as bank:
        async with gateway_on(config_of(tmp_path, bank, handler=handlers)) as gateway:
            bank.smsc.inject(ANNA, bank.settings.number_of(0), "HELP")
            await bank.smsc.wait_accepted(1, 20)
            bank.smsc.inject(ANNA, bank.settings.number_of(0), "STOP")
            await bank.smsc.wait_accepted(2, 20)
            await received(gateway, 2)
        assert answers(bank) == [(ANNA, "Call us.", 0), (ANNA, SHIPPED["en"].stopped, 0)]


async def test_a_trial_of_handlers_knows_whose_the_words_are(tmp_path: Path) -> None:
    handlers = [
        {"id": "all", "reply": "hi"},
        {"id": "stop", "match": {"keyword": "STOP"}, "reply": "bye"},
    ]
    async with (
        bank_of(tmp_path, 1) as bank,
        gateway_on(config_of(tmp_path, bank, handler=handlers)) as gateway,
    ):
        for text, taken in (("stop!", []), ("STOP", ["stop"]), ("stop it", ["all", "stop"])):
            found = gateway.trials.matches(Sample(ANNA, text=text))
            assert [m.handler.id for m in found if m.found is not None] == taken, text


async def test_what_no_handler_takes_is_answered_though_one_has_the_word(tmp_path: Path) -> None:
    handlers = [{"match": {"keyword": "STOP", "from_prefix": ["+33"]}, "reply": "bye"}]
    async with bank_of(tmp_path, 1) as bank:
        async with gateway_on(config_of(tmp_path, bank, handler=handlers)):
            bank.smsc.inject(ANNA, bank.settings.number_of(0), "STOP")
            await bank.smsc.wait_accepted(1, 20)
            bank.smsc.inject("+33639980001", bank.settings.number_of(0), "STOP")
            await bank.smsc.wait_accepted(2, 20)
        assert [text for _, text, _ in answers(bank)] == [SHIPPED["en"].stopped, "bye"]


async def test_switched_off_the_words_are_words(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(
            tmp_path, bank, opt_out={"enabled": False}, handler=[{"reply": "thank you"}]
        )
        async with gateway_on(config) as gateway:
            bank.smsc.inject(ANNA, bank.settings.number_of(0), "STOP")
            await bank.smsc.wait_accepted(1, 20)
            assert (await received(gateway, 1))[0].keyword is None
        assert answers(bank) == [(ANNA, "thank you", 0)]


async def test_who_opts_out_between_acceptance_and_sending_is_not_sent_it(tmp_path: Path) -> None:
    """Also after a restart in between, and the message says why."""
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, opt_out={"confirm": False})
        async with gateway_on(config) as gateway:
            later: dict[str, Any] = {"type": "promotional", "send_at": time.time() + 3}
            stopped = await send(gateway, ANNA, "Buy now", **later)
            order = await send(gateway, ANNA, "Your order", **(later | {"type": "transactional"}))
            other = await send(gateway, BOB, "Buy now", **later)
            bank.smsc.inject(ANNA, bank.settings.number_of(0), "STOP")
            await received(gateway, 1)
        async with gateway_on(config) as gateway:
            ended = await status(gateway, stopped, MessageStatus.FAILED)
            assert ended.error is not None
            assert ended.error.code == "opted-out"
            assert ended.parts[0].attempts == ()
            await status(gateway, order, MessageStatus.DELIVERED)
            await status(gateway, other, MessageStatus.DELIVERED)
        assert sorted(to for to, *_ in answers(bank)) == [ANNA, BOB]


@pytest.mark.e2e
@pytest.mark.timeout(240)
async def test_over_three_kills_every_stop_is_obeyed_and_confirmed_once(tmp_path: Path) -> None:
    """Some are cut short between the STOP and its confirmation: that goes out after the restart."""
    numbers = [f"+4477009{i:05}" for i in range(1000, 1060)]
    async with bank_of(tmp_path, 2, part_seconds=0.02) as bank:
        own = [bank.settings.number_of(n) for n in range(2)]
        config = write_config(tmp_path, bank.devices)
        for turn in range(3):
            async with daemon(config) as running:  # killed with -9 when this is left
                await until_ready(running.url)
                for n in range(turn, len(numbers), 3):
                    bank.smsc.inject(numbers[n], own[n % 2], "Stop")
                await bank.smsc.wait_accepted(bank.smsc.accepted_count + 4, 60)
        async with daemon(config) as running:
            async with Client(running.url, running.key) as client:
                seen: list[tuple[str, str, str]] = []

                async def settled() -> bool:
                    sent = [m async for m in client.messages(limit=200)]
                    seen[:] = sorted((m.to[-2:], m.status, m.parts[0].status) for m in sent)
                    moving = [m for m in sent if m.status in ("queued", "sending")]
                    in_doubt = [m for m in moving if m.parts[0].status == "ambiguous"]
                    return len(sent) == len(numbers) and len(moving) == len(in_doubt) <= 6

                await until(settled, 60, lambda: seen)
                out = [one.number async for one in client.consents(state="opted_out", limit=200)]
                assert sorted(out) == numbers
                sent = Counter([m.to async for m in client.messages(limit=200)])
                assert sent == Counter(numbers)
                for number in numbers[:3]:
                    with pytest.raises(InvalidRequest):
                        await client.send(number, "Buy now", type="promotional")
            await running.end()
        taken = Counter(part.destination for part in bank.smsc.accepted)
        assert max(taken.values()) == 1
        assert len(taken) >= len(numbers) - 6, "but for what was in the air at a kill"
