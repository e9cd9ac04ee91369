"""A bank of virtual modems on pseudo-terminals, with a network behind them."""

from __future__ import annotations

import logging
from datetime import timedelta, timezone
from pathlib import Path
from random import Random
from types import TracebackType

from modemgw import sms
from modemgw.virtual.body import Body
from modemgw.virtual.modem import VirtualModem
from modemgw.virtual.personalities import Personality, personality_named
from modemgw.virtual.port import PortError, PtyPort, UsbCable
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.sim import PinState, Sim, make_iccid, make_imei
from modemgw.virtual.smsc import Smsc
from modemgw.virtual.store import MessageStore
from modemgw.virtual.timers import LoopTimers

_log = logging.getLogger(__name__)


class Bank:
    """`async with Bank(settings, directory) as bank:` runs the modems at `bank.paths`.

    Everything happens in the running event loop. `PortError` when a port cannot be made.
    """

    def __init__(self, settings: BankSettings, directory: Path) -> None:
        self.settings = settings
        self.directory = directory
        self.modems: list[VirtualModem] = []
        self._cables: list[UsbCable] = []
        self._sims = settings.modems

    @property
    def paths(self) -> list[Path]:
        """The links by which clients open the modems."""
        return [cable.ports[0].link for cable in self._cables]

    @property
    def second_paths(self) -> list[Path]:
        """The links of the second AT ports, if there are any."""
        return [port.link for cable in self._cables for port in cable.ports[1:]]

    @property
    def devices(self) -> list[str]:
        """The ttys behind the links at this moment; empty where unplugged."""
        return [cable.ports[0].device for cable in self._cables]

    async def __aenter__(self) -> Bank:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PortError(f"cannot make {self.directory}: {error.strerror}") from error
        self._timers = LoopTimers(self.settings.time_scale)
        self._random = Random(self.settings.seed)  # noqa: S311 - faults, not secrets
        self.smsc = Smsc(
            self._timers,
            receipt_seconds=self.settings.receipt_seconds,
            retry_seconds=self.settings.retry_seconds,
            history=self.settings.history,
        )
        self.smsc.clock_offset = self.settings.smsc_clock_offset
        self.smsc.zone = timezone(timedelta(minutes=self.settings.smsc_zone_minutes))
        try:
            for index in range(self.settings.modems):
                self._add(index)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Unplug everything and remove the links."""
        self._timers.close()
        for cable in self._cables:
            cable.unplug()

    def _add(self, index: int) -> None:
        personality = personality_named(self.settings.personality_of(index))
        sim = self.new_sim(index + 1, self.settings.number_of(index), personality)
        ports = [self._port(index, number) for number in range(1 + self.settings.second_port)]
        cable = UsbCable(ports)
        self._cables.append(cable)
        body = Body(
            index,
            personality,
            self.settings,
            imei=make_imei(personality.type_allocation, index + 1),
            sim=sim,
            smsc=self.smsc,
            timers=self._timers,
            random=Random(self._random.random()),  # noqa: S311
            cable=cable,
        )
        modem = VirtualModem(body, ports)
        self.modems.append(modem)
        cable.plug()
        if self.settings.ready_at_start:
            modem.power.start()
        else:
            modem.power.boot()

    def _port(self, index: int, number: int) -> PtyPort:
        """The pseudo-terminal of AT port `number` of a modem."""
        return PtyPort(
            self.directory / (f"modem{index}.{number + 1}" if number else f"modem{index}"),
            lambda data: self.modems[index].lines[number].received(data),
            loses_when_closed=self.settings.loses_when_closed,
        )

    def broadcast(
        self, channel: int, text: str, *, serial: int = 0x4000, language: str | None = None
    ) -> None:
        """Have the cell say something on a channel (0 to 65535) to every modem in it, once.

        ValueError: it is too long, or a number is out of range.
        """
        for page in sms.encode_broadcast(channel, text, serial=serial, language=language):
            for modem in self.modems:
                modem.body.hear(channel, page)

    def swap_sims(self, first: VirtualModem, second: VirtualModem) -> None:
        """Exchange what is in two SIM slots."""
        one, other = first.body.insert(None), second.body.insert(None)
        first.body.insert(other)
        second.body.insert(one)

    def insert_new_sim(self, modem: VirtualModem, number: str | None = None) -> Sim:
        """Put a SIM in that was in no modem before; its number is the next one by default."""
        self._sims += 1
        sim = self.new_sim(
            self._sims, number or self.settings.number_of(self._sims - 1), modem.personality
        )
        modem.body.insert(sim)
        return sim

    def new_sim(self, serial: int, number: str, personality: Personality) -> Sim:
        """A SIM of this bank's network, known to its service centre, in no modem yet."""
        pin = self.settings.pin
        sim = Sim(
            iccid=make_iccid(serial),
            imsi=f"{self.settings.plmn}{serial:010d}",
            number=number,
            smsc=self.settings.smsc,
            store=MessageStore("SM", personality.stores["SM"], personality.index_base),
            pin=pin,
            puk=self.settings.puk,
            pin_state=PinState.PIN if pin is not None else PinState.READY,
        )
        self.smsc.enrol(sim)
        return sim
