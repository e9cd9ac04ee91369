"""A text comes in, a handler answers, the answer goes out once."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status
from labs.waiting import until

from modemgw.gateway import InboundQuery
from modemgw.gateway.admission.limits import REPLIES
from modemgw.virtual import AcceptedPart, Bank

REPLY = {"handler": [{"match": {"keyword": "STATUS"}, "reply": "all is well"}]}
SENDER = "+447700900555"


def answers(bank: Bank) -> list[tuple[str, str | None, int]]:
    return [(p.destination, p.text, p.modem_index) for p in bank.smsc.accepted]


async def test_a_keyword_is_answered_once_by_the_sim_that_received_it(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank:
        config = config_of(tmp_path, bank, **REPLY)
        async with gateway_on(config) as gateway:
            bank.smsc.inject(SENDER, bank.settings.number_of(1), "status please")
            bank.smsc.inject(SENDER, bank.settings.number_of(0), "something else")
            await bank.smsc.wait_accepted(1, 20)

            async def both() -> bool:
                return len((await gateway.inbounds.find(InboundQuery())).items) == 2

            await until(both, 10)
        async with gateway_on(config):
            await asyncio.sleep(0.5)
        assert answers(bank) == [(SENDER, "all is well", 1)]


async def test_a_message_that_the_network_repeats_is_answered_once(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1) as bank:
        async with gateway_on(config_of(tmp_path, bank, **REPLY)) as gateway:
            own = bank.settings.number_of(0)
            bank.smsc.inject(SENDER, own, "STATUS " + "x" * 200, order=[2, 1, 2, 1, 1])
            await bank.smsc.wait_accepted(1, 20)
            await asyncio.sleep(0.5)
            assert len((await gateway.inbounds.find(InboundQuery())).items) == 1
        assert answers(bank) == [(SENDER, "all is well", 0)]


async def test_messages_between_two_of_our_own_sims_arrive(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        text = "Ping! Þetta er löng skeyti. " * 12
        sent = await send(gateway, bank.settings.number_of(1), text, modem="m0")
        await status(gateway, sent, "delivered")

        async def came() -> bool:
            found = (await gateway.inbounds.find(InboundQuery())).items
            return [(m.text, m.sender, m.modem) for m in found] == [
                (text, bank.settings.number_of(0), "m1")
            ]

        await until(came, 10)


async def test_machines_that_answer_each_other_do_not_go_on_for_ever(tmp_path: Path) -> None:
    async with bank_of(tmp_path, 1, part_seconds=0, receipt_seconds=0.01) as bank:
        config = config_of(tmp_path, bank, handler=[{"reply": "who is there?"}])
        asked = count(1)  # a text of its own each time: the same one would be a repetition

        def answer(part: AcceptedPart) -> None:
            bank.smsc.inject(part.destination, bank.settings.number_of(0), f"who? {next(asked)}")

        bank.smsc.on_accept = answer
        async with gateway_on(config) as gateway:
            bank.smsc.inject(SENDER, bank.settings.number_of(0), "hello")
            await bank.smsc.wait_accepted(REPLIES.per_minute, 20)

            async def put_off() -> bool:
                page = await gateway.inbounds.find(InboundQuery(limit=100))
                return len(page.items) > REPLIES.per_minute

            await until(put_off, 10)
            assert len(bank.smsc.accepted) == REPLIES.per_minute
