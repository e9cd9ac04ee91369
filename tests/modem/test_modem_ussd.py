"""USSD: every way of writing it, menus, time-outs."""

from __future__ import annotations

import asyncio

import pytest
from modem_rig import RigMaker

from modemgw.modem import UssdError
from modemgw.modem.ussd import decode_ussd, pack_ussd


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim800", "wavecom-fastrack"])
async def test_a_balance_is_read_from_any_make(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        answer = await r.modem.ussd("*100#")
        assert answer.text == "Your balance is 12.34."
        assert not answer.more


async def test_a_menu_is_walked_through(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        menu = await r.modem.ussd("*101#")
        assert menu.more
        assert menu.text.startswith("1 Balance")
        answer = await r.modem.ussd("1")
        assert not answer.more
        assert answer.text == "Your balance is 12.34."


async def test_a_menu_can_be_left(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await r.modem.ussd("*101#")
        await r.modem.ussd_cancel()
        assert r.commands()[-1] == "AT+CUSD=2" or "AT+CUSD=2" in r.commands()
        await r.submit()


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim800"])
async def test_a_long_answer_in_another_script_is_read(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        answer = await r.modem.ussd("*102#")
        assert answer.text.startswith("Ваш баланс 12.34 €")


async def test_an_answer_with_line_ends_and_quotes_is_read_whole(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        assert (await r.modem.ussd("*105#")).text == 'Line one\nLine "two"'


async def test_an_unknown_request_is_said_to_be_unsupported(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(UssdError, match="support"):
            await r.modem.ussd("*999#")


async def test_no_answer_in_time_cancels_the_dialogue_and_sending_goes_on(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(UssdError, match=r"within 0\.2 s"):
            await r.modem.ussd("*106#", timeout_s=0.2)
        assert "AT+CUSD=2" in r.commands()
        await r.submit()


async def test_two_requests_at_once_are_refused(rig: RigMaker) -> None:
    async with rig(bank={"ussd_seconds": 0.3}) as r:
        await r.ready()
        first = asyncio.create_task(r.modem.ussd("*100#"))
        await asyncio.sleep(0.05)
        with pytest.raises(UssdError, match="another"):
            await r.modem.ussd("*100#")
        assert (await first).text


async def test_a_modem_that_is_not_there_has_no_ussd(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.unplug()) as r:
        with pytest.raises(UssdError, match="absent"):
            await r.modem.ussd("*100#")


def test_packed_requests_are_those_of_the_field() -> None:
    # Captured requests of Huawei sticks; the second one has seven spare bits filled with CR.
    assert pack_ussd("*100#") == "AA180C3602"
    assert pack_ussd("*100*1#") == "AA180CA68A8D1A"


@pytest.mark.parametrize(
    ("text", "dcs", "packed", "shown"),
    [
        ("Plain text", 15, False, "Plain text"),
        ("AA180C3602", 15, True, "*100#"),
        ("AA180CA68A8D1A", 15, True, "*100*1#"),
        ("00420061006C0061006E00630065", 72, False, "Balance"),
        ("00420061006C0061006E00630065", None, False, "Balance"),
        ("12345678", 15, False, "12345678"),
        ("Face", 15, False, "Face"),
        ("", None, False, ""),
    ],
)
def test_answers_are_decoded_by_scheme_profile_and_look(
    text: str, dcs: int | None, packed: bool, shown: str
) -> None:
    assert decode_ussd(text, dcs, packed=packed) == shown
