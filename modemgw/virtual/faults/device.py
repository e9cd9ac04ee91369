"""The device: unplugged, restarted, without its settings, with full stores."""

from __future__ import annotations

from modemgw.virtual.faults.befallen import Befallen
from modemgw.virtual.power import NEVER
from modemgw.virtual.receiving import ReceivingFaults
from modemgw.virtual.store import Status, Stored

_FILLER = bytes.fromhex("040B917407900900F000005280104103514003C8321B")
"""A DELIVER "Hel" from +447009900000, to fill stores with."""


class DeviceFaults(Befallen):
    """Faults of the modem as a device."""

    def unplug(self) -> None:
        """The device goes away, power with it."""
        self._body.power.cut()
        self._body.cable.unplug()

    def replug(self, *, link: str | None = None, boot: bool = True) -> None:
        """The device is back, as another tty. `link`: under another name in the directory, too."""
        self.revive()
        self._body.cable.plug(link)
        if boot:
            self._body.power.boot()
        else:
            self._body.power.start()

    def reboot(self) -> None:
        """A reset in mid-session: settings lost, banner, PIN asked again."""
        self.revive()
        self._body.power.boot()

    def brown_out(self) -> None:
        """A reset in a blink, without a word: whatever was on its way is forgotten, settings are
        lost, the SIM asks for its PIN; the port stays."""
        self.revive()
        self._body.power.start()

    def revive(self) -> None:
        """A restart ends silence, deafness and a busy SIM."""
        self._body.power.hung_until = self._line.deaf_until = NEVER
        self._body.slot.faults.busy_until = NEVER

    def keep_echo(self, *, on: bool = True) -> None:
        """Echo cannot be switched off, though ATE0 is answered OK."""
        self._line.engine.keeps_echo = on
        self._line.engine.echo = True

    def forget_settings(self, *, text_mode: bool = False, keep_cnmi: bool = False) -> None:
        """A silent reset without a banner: echo back, CMEE 0, +CNMI gone unless `keep_cnmi`,
        perhaps text mode."""
        parameters = self._line.parameters
        cnmi = parameters["+CNMI"]
        self._line.engine.reset()
        parameters.factory()
        if text_mode:
            parameters["+CMGF"] = (1,)
        if keep_cnmi:
            parameters["+CNMI"] = cnmi

    def lose_cnmi(self) -> None:
        """+CNMI falls back, everything else stays."""
        self._line.parameters["+CNMI"] = (0, 0, 0, 0, 0)

    def drop_cnmi(self, count: int = 1) -> None:
        """The next AT+CNMI= are answered OK and not done."""
        ignored = self._line.parameters.ignored_changes
        ignored["+CNMI"] = ignored.get("+CNMI", 0) + count

    def fill_store(self, name: str = "SM", leave: int = 0) -> None:
        """Old messages fill the store but for `leave` slots."""
        store = self._body.storage.named(name)
        while store.size - len(store) > leave:
            store.add(Stored(self._body.pdu_text(_FILLER), _FILLER, Status.READ))

    # the SIM

    def show(self, *, index: int | None = None, memory: str | None = None) -> None:
        """+CMTI and +CDSI show another index (-1) or store; None: the true one."""
        self._line.receiver.faults = ReceivingFaults(index, memory)
