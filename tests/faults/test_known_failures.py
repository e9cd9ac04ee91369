"""Failures that other gateways are known for, and faults that need a person."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.clock import now
from labs.gateway import config_of, send, status
from labs.waiting import until
from labs.ward import POLICIES, SCALED, judge, ward

from modemgw.config import ModemMatch, ModemSection
from modemgw.gateway import Gateway, InboundQuery
from modemgw.gateway.fleet import fleet
from modemgw.gateway.incoming.intake import Intake
from modemgw.modem import Found, Locator, probing, session
from modemgw.modem.probing import PortCandidate
from modemgw.modem.profiles import GENERIC
from modemgw.store.records import MessageStatus

S = MessageStatus


async def test_three_errors_in_a_row_do_not_take_a_modem_out(tmp_path: Path) -> None:
    # Another gateway gives a modem up for an hour after the third.
    async with ward(tmp_path) as w:
        for strike in (
            lambda: w.faults.refuse(500, 3),
            lambda: w.faults.lose_next_answer(2, passed=True),
            lambda: w.faults.hang(1.0),
            w.faults.reboot,
            w.faults.reboot,
        ):
            strike()
            await asyncio.sleep(1.0)
        sent = len(w.moments(0))

        async def at_work() -> bool:
            return len(w.moments(0)) > sent + 2

        await until(at_work, 15, "m0 is at work again")
        judge(w.bank, await w.settled())


async def test_nothing_but_the_pdu_is_typed_into_an_open_prompt(tmp_path: Path) -> None:
    # Another gateway answers +CMTI with AT+CMGR, and sends "AT+CMGR=1" as the text.
    async with bank_of(tmp_path, 1, prompt_seconds=0.15) as bank:
        config = config_of(tmp_path, bank)
        async with Gateway.open(config, timings=SCALED) as gateway:
            texts = [f"text {i}" for i in range(10)]
            sent = [await send(gateway, f"+44770010{i:04d}", text) for i, text in enumerate(texts)]
            for i in range(10):
                bank.smsc.inject("+447911000001", bank.modems[0].number, f"in {i}")
                bank.modems[0].faults.storm(3, "RING")
                await asyncio.sleep(0.05)
            for message in sent:
                await status(gateway, message, S.DELIVERED)
            assert [p.text for p in bank.smsc.accepted] == texts
            lines = [line.text for line in gateway.modems.trace("m0") if line.direction == ">"]
            opened = [i for i, text in enumerate(lines) if text.startswith("AT+CMGS=")]
            assert opened
            assert not [lines[i + 1] for i in opened[:-1] if lines[i + 1].startswith("AT")]


async def test_a_direct_message_that_was_not_kept_before_the_end_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Acknowledged at once, a +CMT is lost for good when the daemon dies before it is kept.
    direct = replace(GENERIC, service=1, cnmi=("2,2,0,1,0",))
    monkeypatch.setattr(session, "by_name", lambda name: direct)
    again = {"acknowledge_seconds": 0.5, "retry_seconds": 0.5}
    async with bank_of(tmp_path, 1, **again) as bank:
        config = config_of(tmp_path, bank)
        own = config.modem[0].model_copy(update={"profile": "generic"})
        config = config.model_copy(update={"modem": (own,)})
        came = asyncio.Event()

        async def never_kept(*_: object) -> None:
            came.set()
            await asyncio.Event().wait()

        with monkeypatch.context() as patch:
            patch.setattr(Intake, "received", never_kept)
            async with Gateway.open(config, timings=SCALED) as gateway:
                await until(_ready(gateway), 10)
                bank.smsc.inject("+447911000001", bank.modems[0].number, "precious")
                async with asyncio.timeout(5):
                    await came.wait()
                assert "AT+CNMA" not in [line.text for line in gateway.modems.trace("m0")]
        sim = bank.modems[0].body.slot.inserted()
        assert bank.smsc.waiting_for(sim) + len(sim.store) == 1
        async with Gateway.open(config, timings=SCALED) as gateway:

            async def here() -> bool:
                return bool((await gateway.inbounds.find(InboundQuery())).items)

            await until(here, 10, "the service centre sends it again")
            await asyncio.sleep(1.2)
            found = (await gateway.inbounds.find(InboundQuery())).items
            assert [m.text for m in found] == ["precious"]


def _ready(gateway: Gateway):
    async def ready() -> bool:
        return gateway.health.ready

    return ready


async def test_seventy_seconds_of_silence_are_waited_for_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    # Another gateway takes 60 s for failure and sends the same text again. Here a fiftieth of it.
    scale = 1 / 50
    patient = replace(SCALED, submit=GENERIC.submit_s * scale)
    async with bank_of(tmp_path, 2) as bank:
        config = config_of(tmp_path, bank, type=POLICIES)
        async with Gateway.open(config, timings=patient) as gateway:
            for modem in bank.modems:
                modem.faults.delay_answer(70 * scale, 10)
            messages = [
                await send(gateway, f"+44770010{i:04d}", type=kind)
                for i, kind in enumerate(["otp", "transactional"])
            ]
            for message in messages:
                await status(gateway, message, S.DELIVERED)
            await asyncio.sleep(0.5)
            assert Counter(p.destination for p in bank.smsc.accepted) == {m.to: 1 for m in messages}
            assert sum(m.status.timeouts for m in gateway.modems.views()) == 0


@pytest.mark.parametrize("passed", [True, False], ids=["sent", "not sent"])
async def test_a_part_that_a_modem_has_forgotten_is_at_an_end_within_the_minute(
    tmp_path: Path, *, passed: bool
) -> None:
    # A fiftieth of the product's times: the answer may take 180 s, the modem is asked after 20.
    scale = 1 / 50
    patient = replace(SCALED, submit=180 * scale * 5, probe=20 * scale)
    async with bank_of(tmp_path, 2) as bank:
        config = config_of(tmp_path, bank, type=POLICIES)
        async with Gateway.open(config, timings=patient) as gateway:
            await until(_ready(gateway), 10)
            for modem in bank.modems:
                modem.faults.lose_next_answer(passed=passed)
                modem.faults.report(copies=0)
            lost = [await send(gateway, f"+44770010{i:04d}", type="transactional") for i in (1, 2)]
            behind = [await send(gateway, f"+44770010{i:04d}") for i in (3, 4)]
            began = now()
            for message in behind:
                await status(gateway, message, S.SENT)
            assert now() - began < 60 * scale + 2, "and not 180"
            copies = Counter(p.destination for p in bank.smsc.accepted)
            assert copies == Counter({m.to: int(passed) for m in lost} | {m.to: 1 for m in behind})
            assert sum(m.status.ambiguous for m in gateway.modems.views()) == 2


async def test_a_modem_without_a_prompt_does_not_take_message_after_message(
    tmp_path: Path,
) -> None:
    eager = replace(SCALED, quarantine=(60.0,), steady=0.3)
    async with bank_of(tmp_path, 2) as bank:
        config = config_of(tmp_path, bank)
        async with Gateway.open(config, timings=eager) as gateway:

            async def both() -> bool:
                return all(m.status.state == "ready" for m in gateway.modems.views())

            await until(both, 10)
            bank.modems[0].faults.lose_prompt(1000)
            number = 0

            async def left_alone() -> bool:
                nonlocal number
                number += 1
                message = await send(gateway, f"+44770010{number:04d}")
                await status(gateway, message, S.DELIVERED)
                return gateway.modems.view("m0").status.state == "quarantined"

            await until(left_alone, 30, "it is not ready for ever")
            assert gateway.modems.view("m0").status.timeouts <= 8
            copies = Counter(p.destination for p in bank.smsc.accepted)
            assert set(copies.values()) == {1}
            assert len(copies) == number


async def test_a_lost_answer_is_not_waited_for_once_the_report_has_come(tmp_path: Path) -> None:
    # Else the lane would be dead for the minutes that an answer may take. A message that is read
    # from the modem's store only after the answer must not keep the report waiting either.
    patient = replace(SCALED, submit=120.0, reported=1.0)
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank, type=POLICIES)
        async with Gateway.open(config, timings=patient) as gateway:
            await until(_ready(gateway), 10)
            bank.modems[0].faults.lose_next_answer()
            lost = await send(gateway, "+447700100001", type="otp")
            await bank.smsc.wait_accepted(1, 10)
            bank.smsc.inject("+447911000001", bank.modems[0].number, "stored meanwhile")
            behind = await send(gateway, "+447700100002")
            began = now()
            await status(gateway, behind, S.DELIVERED)
            assert now() - began < 10, "and not 120"
            found = await status(gateway, lost, S.DELIVERED)
            assert [a.duplicate_risk for a in found.parts[0].attempts] == [False]
            copies = Counter(p.destination for p in bank.smsc.accepted)
            assert copies == {lost.to: 1, behind.to: 1}
            assert gateway.modems.view("m0").status.ambiguous == 1


async def test_an_answer_soon_after_its_report_is_still_the_answer(tmp_path: Path) -> None:
    patient = replace(SCALED, submit=120.0, reported=2.0)
    async with bank_of(tmp_path, 1) as bank:
        config = config_of(tmp_path, bank)
        async with Gateway.open(config, timings=patient) as gateway:
            bank.modems[0].faults.report(early=True)
            bank.modems[0].faults.delay_answer(0.7)
            message = await send(gateway, "+447700100001")
            found = await status(gateway, message, S.DELIVERED)
            assert found.parts[0].attempts[0].state == "accepted"
            assert gateway.modems.view("m0").status.timeouts == 0


@pytest.mark.parametrize("silently", [False, True], ids=["at a restart", "in silence"])
async def test_a_sim_that_wants_its_puk_is_left_alone_and_said_so(
    tmp_path: Path, silently: bool
) -> None:
    async with ward(tmp_path, bank={"pin": "1234"}) as w:
        w.faults.block_pin()
        if not silently:
            w.faults.reboot()
        await w.state("pin", within_s=5)

        async def said() -> bool:
            return "PUK" in (w.status.reason or "")

        await until(said, 5, "the reason says PUK")
        await asyncio.sleep(0.5)
        assert w.status.state == "pin"
        sim = w.modem.body.slot.inserted()
        assert (sim.pin_tries, sim.puk_tries) == (0, 10), "nothing was tried"
        others = len(w.moments(1))
        judge(w.bank, await w.settled())
        assert len(w.moments(1)) > others, "the others carry on"


async def test_a_changed_pin_is_tried_once_and_the_rest_is_left_to_a_person(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path, bank={"pin": "1234"}) as w:
        w.faults.ask_pin("9999")
        w.faults.reboot()
        await w.state("pin", within_s=5)
        await asyncio.sleep(1.0)
        w.faults.reboot()
        await asyncio.sleep(1.5)
        assert w.modem.body.slot.inserted().pin_tries == 2
        assert "PIN" in (w.status.reason or "")
        judge(w.bank, await w.settled())


@pytest.mark.parametrize("passed", [True, False], ids=["sent", "not sent"])
async def test_doubt_without_a_report_is_held_or_sent_once_more_and_shown(
    tmp_path: Path, passed: bool
) -> None:
    async with bank_of(tmp_path, 2) as bank:
        config = config_of(tmp_path, bank, type=POLICIES, gateway={"receipt_timeout": 2.0})
        async with Gateway.open(config, timings=SCALED) as gateway:
            for modem in bank.modems:
                modem.faults.report(copies=0)
                modem.faults.lose_next_answer(passed=passed)
            held = await send(gateway, "+447700100001", type="transactional")
            retried = await send(gateway, "+447700100002", type="otp")
            await status(gateway, held, S.UNKNOWN)
            found = await status(gateway, retried, S.SENT)
            copies = Counter(p.destination for p in bank.smsc.accepted)
            assert copies[held.to] == int(passed)
            assert copies[retried.to] == 1 + int(passed)
            attempts = found.parts[0].attempts
            assert [a.duplicate_risk for a in attempts] == [False, True]


async def test_a_bank_that_is_found_by_imei_is_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a search of its own for each modem, they would find each other's ports in use.
    asked: list[str] = []

    def ports() -> list[PortCandidate]:
        return [PortCandidate(str(p)) for p in sorted((tmp_path / "bank").glob("modem*"))]

    async with bank_of(tmp_path, 6) as bank:
        config = config_of(tmp_path, bank)
        sections = tuple(
            ModemSection(id=own.id, match=ModemMatch(imei=modem.imei))
            for own, modem in zip(config.modem, reversed(bank.modems), strict=True)
        )
        config = config.model_copy(update={"modem": sections})
        with monkeypatch.context() as patch:
            patch.setattr(fleet, "Locator", partial(Locator, ports=ports))
            patch.setattr(probing, "probe", _counted(asked))
            async with Gateway.open(config, timings=SCALED) as gateway:

                async def ready() -> bool:
                    return all(m.status.state == "ready" for m in gateway.modems.views())

                await until(ready, 10, "all are found and ready")
        assert sorted(asked) == sorted(str(p) for p in bank.paths), "each port is asked once"


def _counted(asked: list[str]) -> Callable[..., Awaitable[Found]]:
    probe = probing.probe

    async def counting(candidate: PortCandidate, **how: Any) -> Found:
        asked.append(candidate.device)
        return await probe(candidate, **how)

    return counting
