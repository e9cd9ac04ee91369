"""What a command may see of the modem that it is given to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from modemgw.virtual.broadcasts import Broadcasts
from modemgw.virtual.calls import Calls
from modemgw.virtual.engine import LineEngine
from modemgw.virtual.parameters import Parameters
from modemgw.virtual.personalities import Personality
from modemgw.virtual.power import Power
from modemgw.virtual.radio import Radio
from modemgw.virtual.receiving import Receiver
from modemgw.virtual.running import Running
from modemgw.virtual.sending import Sender
from modemgw.virtual.settings import BankSettings
from modemgw.virtual.slot import Slot
from modemgw.virtual.storage import Storage
from modemgw.virtual.textmode import TextMode
from modemgw.virtual.timers import Timers
from modemgw.virtual.ussd import UssdSession


class Device(Protocol):
    """A modem behind one of its AT ports. Commands are written against this and nothing else."""

    # the modem, whatever port it is driven by
    @property
    def personality(self) -> Personality: ...

    @property
    def settings(self) -> BankSettings: ...

    imei: str
    timers: Timers
    power: Power
    slot: Slot
    storage: Storage
    radio: Radio
    calls: Calls
    broadcasts: Broadcasts

    # this port
    parameters: Parameters
    memories: list[str]
    """mem1, mem2, mem3 of AT+CPMS."""
    phonebook: str
    """AT+CPBS."""
    text: TextMode
    engine: LineEngine
    running: Running
    receiver: Receiver
    sender: Sender
    ussd: UssdSession

    def announce(self, line: str) -> None:
        """An unsolicited result code of one line, on this port."""

    def commands(self) -> Iterable[str]:
        """The names of the commands that this make has."""
