"""A modem that answers anything: nothing it says may break its keeper."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

import pytest
from labs.clock import LoopClock, in_virtual_time
from labs.modem import Remembered

from modemgw.at import AtChannel, Port, PortError
from modemgw.config import ModemSection
from modemgw.modem import Modem, NotSubmitted, SubmitAmbiguous, SubmitRefused, Timings
from modemgw.modem.pin_guard import PinGuard

PDU = "07915155000000F006400B915155001032F4528010410351405280104103124000"
PHRASES = [
    *("OK", "OK", "OK", "OK", "OK", "ERROR", "+CME ERROR: 10", "+CME ERROR: SIM busy", "0", "4"),
    *("+CMS ERROR: 500", "+CMS ERROR: ", "+CME ERROR: -1", "COMMAND NOT SUPPORT", "> ", ">"),
    *("+CPIN: READY", "+CPIN: SIM PIN", "+CPIN: SIM PUK", "+CPIN: NOT INSERTED", "+CPIN:"),
    *("+CMEE: 1", "+CFUN: 1", "+CFUN: 4", "RDY", "^SYSSTART", "+WIND: 3", "START", "RING"),
    *("+CREG: 2,1", "+CREG: 1", "+CREG: ,", "+CEREG: 2,5", '+CREG: 1,"00C3","A1"', "+CSQ: 20,99"),
    *(
        "+CSQ: 99,99",
        "+CSQ: x",
        '+COPS: 0,0,"Net",7',
        "+COPS: 0",
        '+CPMS: ("SM","ME"),("SM"),("SM")',
    ),
    *(
        "+CPMS: 3,20,3,20,3,20",
        "+CPMS: (((",
        "+CNMI: (0-3),(0-3),(0,2),(0-2),(0,1)",
        "+CNMI: 2,1,0,1,0",
    ),
    *("+CNMI: 2", "+CNMI:", "+CSCA: ", "+CMMS: (0-2)", "+CCID: 8999901000000000013", "+CCID: 12"),
    *("001010000000001", "359999000000018", "Maker", '+CNUM: "","+447700900001",145', "+CNUM: ,,"),
    *(
        '+CMTI: "SM",3',
        '+CMTI: "SM",-1',
        "+CMTI:",
        '+CDSI: "SR",1',
        "+CDS: 25",
        "+CMT: ,24",
        "+CMT:",
    ),
    *(
        PDU,
        PDU.lower(),
        PDU[:-1],
        "00",
        "00FFFF",
        f"+CMGL: 1,1,,25\r\n{PDU}",
        "+CMGL: ,,,",
        "+CMGL: x",
    ),
    *(f"+CMGR: 1,,25\r\n{PDU}", "+CMGR: 0,,0", f"+CMGL: 1,1,,25\r\n{PDU}+CMGL: 2,1,,25\r\n{PDU}"),
    *(
        "+CMGS: 7",
        "+CMGS: 300",
        "+CMGS:",
        '+CUSD: 0,"text",15',
        '+CUSD: 1,"open',
        "+CUSD: 4",
        "\x00\xff",
    ),
    *(
        '+CRSM: 144,0,"98999910000000000031"',
        "+CRSM: 106,130",
        "^SMMEMFULL",
        "+CUSD:",
        '"',
        "(",
        ",",
    ),
]


SANE = {
    "AT+CMEE?": ["+CMEE: 1"],
    "AT+CGMI": ["Maker"],
    "AT+CGSN": ["359999000000018"],
    "AT+CFUN?": ["+CFUN: 1"],
    "AT+CPIN?": ["+CPIN: READY"],
    "AT+CIMI": ["001010000000001"],
    "AT+CCID": ["+CCID: 8999901000000000013"],
    "AT+CPMS=?": ['+CPMS: ("SM","ME"),("SM"),("SM")'],
    "AT+CNMI?": ["+CNMI: 2,1,0,1,0"],
    "AT+CREG?": ["+CREG: 2,1"],
    "AT+CMGL=4": ["+CMGL: 3,1,,25", PDU],
    "AT+CMGR=3": ["+CMGR: 1,,25", PDU],
}


class HostilePort:
    """A modem that to a share of what it hears says random phrases, late, or nothing at all."""

    def __init__(self, channel: AtChannel, chance: random.Random, madness: float) -> None:
        self._channel = channel
        self._chance = chance
        self._madness = madness

    def write(self, data: bytes) -> None:
        chance, loop = self._chance, asyncio.get_running_loop()
        if chance.random() > self._madness:
            self._sane(data)
        elif chance.random() < 0.02:
            loop.call_soon(self._channel.connection_lost, OSError("fell off the bus"))
        elif chance.random() < 0.8:
            said = [chance.choice(PHRASES) for _ in range(chance.randrange(1, 5))]
            if chance.random() < 0.7:
                said.append("OK")
            self._say(said, chance.choice([0.0, 0.01, 0.5, 3.0]))

    def _sane(self, data: bytes) -> None:
        text = data.decode("latin-1").strip("\r")
        if text.startswith("AT+CMGS="):
            asyncio.get_running_loop().call_soon(self._channel.data_received, b"\r\n> ")
        elif data.endswith(b"\x1a"):
            self._say(["+CDS: 25", PDU, "+CMGS: 7", "OK"], 0.5)
        elif text.startswith("AT"):
            self._say([*SANE.get(text, []), "OK"], 0.0)

    def _say(self, lines: list[str], after_s: float) -> None:
        answer = "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1")
        asyncio.get_running_loop().call_later(after_s, self._channel.data_received, answer)

    async def close(self) -> None:
        await asyncio.sleep(0)


class Anything:
    """A sink that fails now and then."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def received(self, *_: object) -> None:
        if self._chance.random() < 0.3:
            raise OSError("disk full")

    def state_changed(self, *_: object) -> None:
        """Nobody looks."""

    def called(self, *_: object) -> None:
        """Nor here."""

    def broadcast(self, *_: object) -> None:
        """Nor here."""

    def alarmed(self, *_: object) -> None:
        """Nor here."""


async def nothing() -> None:
    pass


@pytest.mark.parametrize("madness", [0.02, 0.1, 0.4, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_keeper_outlives_hours_of_nonsense(
    seed: int, madness: float, caplog: pytest.LogCaptureFixture
) -> None:
    @in_virtual_time
    async def live() -> None:
        chance = random.Random(seed)
        opened = 0

        async def open_hostile(device: str, channel: AtChannel, *, baud_rate: int) -> Port:
            nonlocal opened
            opened += 1
            if chance.random() < 0.1:
                raise PortError("it does not open", missing=chance.random() < 0.5)
            return HostilePort(channel, chance, madness)

        modem = Modem(
            ModemSection(id="m1", device="hostile://", pin="4711"),
            Anything(chance),
            clock=LoopClock(),
            random=chance,
            open_port=open_hostile,
            timings=Timings(quarantine=(30.0,)),
            pins=PinGuard(Remembered()),
        )
        task = asyncio.create_task(modem.run())
        outcomes: set[str] = set()
        for _ in range(400):
            await asyncio.sleep(chance.choice([0.1, 1.0, 30.0]))
            with contextlib.suppress(NotSubmitted, SubmitRefused, SubmitAmbiguous):
                await modem.submit(bytes(20), authorise=nothing())
            outcomes.add(modem.status.state)
            assert not task.done(), task
        assert opened > 0
        assert len(outcomes) > 1
        if madness < 0.1:
            assert modem.status.sent > 50
            assert modem.status.received > 50
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with caplog.at_level(logging.ERROR):
        live()
    unexpected = [r for r in caplog.records if "could not be kept" not in r.message]
    assert not unexpected, unexpected[0].exc_info or unexpected[0].message
