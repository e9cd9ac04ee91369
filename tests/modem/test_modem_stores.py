"""Where messages are received into, and what happens when there is no room or no answer yet."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from labs.channel import OK, ScriptedPort
from labs.clock import LoopClock, in_virtual_time
from labs.modem import RigMaker
from labs.timings import QUICK

from modemgw.modem.initialise import initialise
from modemgw.modem.patience import Patience
from modemgw.modem.profiles import GENERIC
from modemgw.modem.stores import Usage, candidates, named_stores, usage_of
from modemgw.virtual import Bank
from modemgw.virtual.store import Status, Stored

SENDER = "+447911000001"
DRAFT = bytes.fromhex("0100058121436500000341E110")


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("+CPMS: 0,0,0,0,0,0", Usage(0, 0)),
        ("+CPMS: 3,20,3,20,7,255", Usage(7, 255)),
        ("+CPMS: 0,0,3,23,3,23", Usage(3, 0)),
        ("+CPMS: 3,20", Usage(3, 20)),
        ("+CPMS: 3,20,3,20", Usage(3, 20)),
        ('+CPMS: "SM",3,20,"SM",3,20,"ME",9,100', Usage(9, 100)),
        ("+CPMS:", None),
        ('+CPMS: "SM"', None),
    ],
)
def test_the_usage_of_the_receiving_store_is_read(line: str, usage: Usage | None) -> None:
    assert usage_of(line) == usage


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('+CPMS: ("TA"),("TA")', ("TA",)),
        ('+CPMS: ("TA"),("TA"),("TA")', ("TA",)),
        ('+CPMS: ("ME","SM","MT"),("ME","SM","MT"),("SM","MT")', ("SM", "MT")),
        ('+CPMS: (("SM","BM","SR"),("SM"))', ("SM",)),
        ('+CPMS: ("SM_P","ME_P"),("SM_P","ME_P"),("SM_P","ME_P")', ("SM_P", "ME_P")),
        ('+CPMS: ("ME","SR"),("ME"),("ME","SR")', ("ME",)),
        ('+CPMS: ("MT"),(),("MT","SM")', ("MT",)),
        ("+CPMS: ME", ("ME",)),
        ("+CPMS:", ("SM", "ME", "MT")),
        (None, ("SM", "ME", "MT")),
    ],
)
def test_what_the_modem_names_is_tried(line: str | None, names: tuple[str, ...]) -> None:
    readable, receiving = named_stores(None if line is None else (line,))
    assert candidates(("SM", "ME", "MT"), readable, receiving) == names


@in_virtual_time
async def test_a_store_of_an_odd_name_is_received_into() -> None:
    port = ScriptedPort(
        {
            b"AT+CPMS?\r": b'\r\n+CPMS: "TA",0,10,"TA",0,10\r\n' + OK,
            b"AT+CPMS=?\r": b'\r\n+CPMS: ("TA"),("TA")\r\n' + OK,
            b'AT+CPMS="TA","TA","TA"\r': b"\r\n+CMS ERROR: 302\r\n",
            b'AT+CPMS="TA","TA"\r': b"\r\n+CPMS: 0,10,0,10\r\n" + OK,
            b"AT+CMGF=0\r": OK,
        }
    )
    port.answers = _Otherwise(port.answers)
    setup = await initialise(port.channel, GENERIC, None, Patience(LoopClock(), 60, 1))
    assert setup.stores == ("TA",)


class _Otherwise(dict[bytes, object]):
    """A modem that refuses what it does not know."""

    def get(self, key: bytes, default: object = None) -> object:
        return super().get(key, b"\r\nERROR\r\n")


def no_slots(*names: str) -> object:
    def before(bank: Bank) -> None:
        for name in names:
            bank.modems[0].body.storage.named(name).size = 0  # type: ignore[misc]

    return before


def drafts(*names: str) -> object:
    def before(bank: Bank) -> None:
        modem = bank.modems[0]
        for name in names:
            store = modem.body.storage.named(name)
            while not store.full:
                store.add(Stored(modem.body.pdu_text(DRAFT), DRAFT, Status.UNSENT))

    return before


@pytest.mark.parametrize("before", [no_slots("SM"), drafts("SM")], ids=["no slots", "drafts"])
async def test_a_store_without_room_is_left_for_another(rig: RigMaker, before: object) -> None:
    async with rig(before=before, bank={"personality": "generic"}) as r:
        await r.ready()
        await r.until(lambda: r.virtual.line.memories[2] == "ME")
        r.bank.smsc.inject(SENDER, r.virtual.number, "hello")
        await r.until(lambda: r.sink.of_kind(0))
        assert r.modem.status.alarm is None
        assert not r.sink.alarms


async def test_a_modem_that_does_not_know_the_question_tells_by_the_choice(rig: RigMaker) -> None:
    def before(bank: Bank) -> None:
        modem = bank.modems[0]
        modem.body.personality = replace(modem.body.personality, answers={"+CPMS?": ("+CSQ: 1",)})
        drafts("SM")(bank)  # type: ignore[operator]

    async with rig(before=before) as r:
        await r.ready()
        await r.until(lambda: r.virtual.line.memories[2] == "ME")


@pytest.mark.parametrize("spoil", [no_slots, drafts])
async def test_without_any_room_a_person_is_told(rig: RigMaker, spoil: object) -> None:
    async with rig(before=spoil("SM", "ME")) as r:  # type: ignore[operator]
        await r.ready()
        await r.until(lambda: r.modem.status.alarm)
        assert "nothing can be received" in r.sink.alarms[0]  # type: ignore[operator]
        assert len(r.sink.alarms) == 1
        await r.submit()
        # Somebody makes room.
        store = r.virtual.body.storage.named("ME")
        store.size = 10
        store.clear()
        await r.until(lambda: r.modem.status.alarm is None)
        r.bank.smsc.inject(SENDER, r.virtual.number, "hello")
        await r.until(lambda: r.sink.of_kind(0))
        assert r.sink.alarms[1:] == [None]


@pytest.mark.parametrize("error", ["+CMS ERROR: 515", "+CMS ERROR: 314", "+CME ERROR: 14", "ERROR"])
async def test_an_announced_message_that_cannot_be_read_yet_is_read_soon(
    rig: RigMaker, error: str
) -> None:
    async with rig(timings=replace(QUICK, sweep=60.0)) as r:
        await r.ready()
        await r.until(lambda: r.commands().count("AT+CMGL=4") >= 2)
        r.faults.fail_command("+CMGR", error, 3)
        started = asyncio.get_running_loop().time()
        r.bank.smsc.inject(SENDER, r.virtual.number, "hello")
        await r.until(lambda: r.sink.of_kind(0), 3)
        assert asyncio.get_running_loop().time() - started < 2


async def test_a_sweep_that_cannot_be_done_yet_is_done_soon(rig: RigMaker) -> None:
    def before(bank: Bank) -> None:
        bank.smsc.inject(SENDER, bank.modems[0].number, "old")
        bank.modems[0].faults.fail_command("+CMGL", "+CMS ERROR: 314", 3)

    async with rig(timings=replace(QUICK, sweep=60.0), before=before) as r:
        await r.ready()
        await r.until(lambda: r.sink.of_kind(0), 3)


async def test_a_place_that_can_never_be_read_is_not_asked_for_ever(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.faults.fail_command("+CMGR", "+CMS ERROR: 500", 1000)
        r.virtual.line.announce('+CMTI: "SM",3')
        await r.until(lambda: "AT+CMGR=3" in r.commands())
        await r.until(
            lambda: not r.modem._arrivals.hints and r.commands().count("AT+CMGR=3") >= 6, 8
        )
