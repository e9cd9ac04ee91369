"""Power-up, banner, readiness, restart and switching off of one virtual modem."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from modemgw.virtual.personalities import Chatter

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem


class Power:
    """Whether the modem runs, and how far it has come up."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
        self._boot_number = 0
        self._silenced: set[str] = set()
        self._awake_at = self._sim_at = float("-inf")
        self.on = False
        self.sms_ready = False
        self.sent = 0
        """Parts sent since power-up."""
        self.boots = 0
        """Restarts since the bank began."""

    @property
    def boot_seconds(self) -> float:
        own = self._modem.settings.boot_seconds
        return self._modem.personality.boot_seconds if own is None else own

    @property
    def _stretch(self) -> float:
        """How much slower or faster than its make this modem starts."""
        natural = self._modem.personality.boot_seconds
        return self.boot_seconds / natural if natural else 1.0

    @property
    def sim_ready(self) -> bool:
        """The SIM has been read after power-up."""
        return self._modem.timers.monotonic() >= self._sim_at

    @property
    def awake(self) -> bool:
        """Far enough up to hear commands."""
        return self.on and self._modem.timers.monotonic() >= self._awake_at

    def start(self) -> None:
        """Up and ready at once, without a banner: the modem has been running for long."""
        self._reset_state()
        self.on = self.sms_ready = True
        self._awake_at = self._sim_at = float("-inf")
        self._boot_number += 1
        self._modem.radio.changed()
        self._begin_chatter()

    def boot(self) -> None:
        """Power comes: everything volatile is gone, the banner runs, SMS is ready at the end."""
        self._reset_state()
        self.boots += 1
        self.on = True
        self.sms_ready = False
        self._boot_number += 1
        number = self._boot_number
        modem = self._modem
        lines = modem.personality.boot_lines
        stretch = self._stretch

        now, real = modem.timers.monotonic(), stretch * modem.settings.time_scale
        self._awake_at = now + modem.personality.wake_seconds * real
        self._sim_at = now + modem.personality.sim_seconds * real

        def say(line: str) -> None:
            if number == self._boot_number and self.on:
                pin = modem.sim.pin_state.value if modem.sim else "NOT INSERTED"
                modem.announce(line.format(pin=pin))

        def ready() -> None:
            if number == self._boot_number and self.on:
                self.sms_ready = True
                modem.radio.changed()
                self._begin_chatter()

        for after, line in lines:
            modem.timers.call_later(after * stretch, partial(say, line))
        modem.timers.call_later(self.boot_seconds, ready)

    def pin_given(self) -> None:
        """The right PIN came: the messages of the SIM are read now, and registration begins."""
        self.sms_ready = False
        number = self._boot_number

        def ready() -> None:
            if number == self._boot_number and self.on:
                self.sms_ready = True
                self._modem.radio.changed()

        seconds = self._modem.personality.after_pin_seconds * self._stretch
        self._modem.timers.call_later(seconds, ready)

    def _reset_state(self) -> None:
        modem = self._modem
        for port in modem.ports:
            port.engine.reset()
            port.parameters.restore()
            port.memories[:] = [modem.personality.default_store] * 3
            port.sender.reset()
            port.receiver.reset()
            port.ussd.reset()
        modem.radio.reset()
        self._silenced.clear()
        self.sent = 0
        if modem.sim is not None:
            modem.sim.power_up()
            modem.smsc.attach(modem.sim, None)

    def leave(self, *, off: bool = False) -> None:
        """Restart by command (the port may vanish meanwhile), or switch off for good."""
        modem = self._modem
        if off and modem.personality.off_line:
            modem.announce(modem.personality.off_line)
        self.cut()
        if off:
            return
        if modem.personality.reset_unplugs:
            modem.line.unplug()
            modem.timers.call_later(self.boot_seconds / 2, self._come_back)
        else:
            self.boot()

    def _come_back(self) -> None:
        self._modem.line.plug()
        self.boot()

    def cut(self) -> None:
        """Power goes."""
        self._boot_number += 1
        self.on = False
        self.sms_ready = False
        if self._modem.sim is not None:
            self._modem.smsc.attach(self._modem.sim, None)

    # chatter

    def _begin_chatter(self) -> None:
        for chatter in self._modem.personality.chatter:
            self._chat(chatter, self._boot_number)

    def _chat(self, chatter: Chatter, number: int) -> None:
        def say() -> None:
            if number == self._boot_number and chatter.line not in self._silenced:
                self._modem.announce(chatter.line)
                self._chat(chatter, number)

        self._modem.timers.call_later(chatter.every_seconds, say)

    def silence_chatter(self, line: str) -> None:
        """A command line (upper case, without AT) may switch periodic results off."""
        for chatter in self._modem.personality.chatter:
            if chatter.silenced_by and line == chatter.silenced_by:
                self._silenced.add(chatter.line)
