"""What can go wrong with one virtual modem, each fault by a method of its own.

A fault is plugged into the part that it befalls: a field there, which that part alone acts on. No
part knows this file.

A fault lasts until its count or time is used up, or until `clear`. Durations are seconds; None is
"for ever", which a restart of the modem (or unplugging it) ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from modemgw.virtual.body import Body
from modemgw.virtual.fates import Report
from modemgw.virtual.line import Line
from modemgw.virtual.power import NEVER
from modemgw.virtual.radio import Coverage
from modemgw.virtual.receiving import ReceivingFaults
from modemgw.virtual.results import ResultFaults
from modemgw.virtual.sending import AfterEntry, SendingFaults
from modemgw.virtual.sim import PinState, Sim
from modemgw.virtual.slot import SlotFaults
from modemgw.virtual.store import Status, Stored

_FILLER = bytes.fromhex("040B917407900900F000005280104103514003C8321B")
"""A DELIVER "Hel" from +447009900000, to fill stores with."""

_FLOOD_STEP_S = 0.02


class Faults:
    """The faults of one modem and of one of its AT ports."""

    def __init__(self, body: Body, line: Line) -> None:
        self._body = body
        self._line = line
        self._floods = 0
        """How many have been begun or ended: each goes on while no other number is there."""

    def clear(self) -> None:
        """Behave again. What has been lost stays lost; what waited in the network comes."""
        body, line = self._body, self._line
        self._floods += 1
        body.power.hung_until = line.deaf_until = NEVER
        body.slot.faults = SlotFaults()
        line.output.split_seconds = None
        line.results.faults = ResultFaults()
        line.sender.faults = SendingFaults()
        line.receiver.faults = ReceivingFaults()
        line.dialogue.failures.clear()
        line.parameters.ignored_changes.clear()
        line.engine.keeps_echo = False
        if body.slot.sim is not None:
            body.slot.sim.barred_code = None
        body.attach()

    # silence

    def hang(self, seconds: float | None = None) -> None:
        """Dead: hears nothing, says nothing, not even unsolicited results."""
        self._body.hang(seconds)

    def deafen(self, seconds: float | None = None) -> None:
        """Hears nothing, while unsolicited results go on."""
        self._line.deaf_until = self._body.timers.moment_in(seconds)

    def hang_after_prompt(self, *, passed: bool = False, seconds: float | None = None) -> None:
        """Next message: prompt, PDU taken, then dead. `passed`: the network has it."""
        hang = math.inf if seconds is None else seconds
        self._line.sender.faults.after_entry.append(AfterEntry(passed, hang))

    def lose_next_answer(self, count: int = 1, *, passed: bool = True) -> None:
        """The next answers to a PDU never come, while the modem goes on living."""
        self._line.sender.faults.after_entry.extend(AfterEntry(passed) for _ in range(count))

    def delay_answer(self, seconds: float, count: int = 1) -> None:
        """The next `count` messages take `seconds` more."""
        self._line.sender.faults.delays.extend([seconds] * count)

    # the line

    def stick_prompt(self) -> None:
        """The prompt state without a prompt: deaf for commands until ESC."""
        self._line.engine.enter_silently()

    def lose_prompt(self, count: int = 1) -> None:
        """The next prompts are not shown; the modem waits for the PDU all the same."""
        self._line.sender.faults.lost_prompts += count

    def garbage(self, octets: int = 64) -> None:
        """Random octets on the line, now."""
        self._line.output.write(self._body.random.randbytes(octets))

    def say(self, text: str) -> None:
        """These octets on the line, now (latin-1, with whatever line ends they have)."""
        self._line.output.write(text.encode("latin-1"))

    def ring(self, times: int = 3, number: str = "+15550001234") -> None:
        """Somebody calls: RING (+CRING, +CLIP as set) every five seconds."""
        line = self._line
        line.announce("+CRING: VOICE" if line.parameters["+CRC"][0] else "RING")
        if line.parameters["+CLIP"][0]:
            line.announce(f'+CLIP: "{number}",145,"",,"",0')
        if times > 1:
            line.timers.call_later(5.0, lambda: self.ring(times - 1, number))

    def split(self, seconds: float | None = 0.002) -> None:
        """Every octet comes alone, this time apart. None: in one piece again."""
        self._line.output.split_seconds = seconds

    def storm(self, count: int = 500, line: str = "^RSSI: 20") -> None:
        """A flood of unsolicited results, now."""
        for _ in range(count):
            self._line.announce(line)

    def flood(
        self,
        text: str = "",
        seconds: float | None = None,
        octets_per_second: int = 1_000_000,
    ) -> None:
        """The line carries this over and over, as fast as USB does; without `text` random octets.

        `{n}` in it is another number in eight hexadecimal digits each time. Neither a reset nor
        unplugging ends it, but `clear` and another flood do.
        """
        self._floods += 1
        number, until = self._floods, self._body.timers.moment_in(seconds)
        octets = max(1, int(octets_per_second * _FLOOD_STEP_S))
        if text:
            count = max(1, octets // len(text))
            piece = "".join(text.replace("{n}", f"{n:08X}") for n in range(count)).encode("latin-1")
        else:
            piece = self._body.random.randbytes(octets)

        def pour() -> None:
            if number == self._floods and self._body.timers.monotonic() < until:
                self._line.wire.write(piece)
                self._body.timers.call_later(_FLOOD_STEP_S, pour)

        pour()

    def interleave(self, lines: Sequence[str]) -> None:
        """These unsolicited results come inside the next answer: before, between and behind."""
        self._line.results.faults.interleaved.extend(lines)

    def lose_final(self, count: int = 1) -> None:
        """The next final results are not printed."""
        self._line.results.faults.lost_finals += count

    def stall(self, *, stalled: bool = True) -> None:
        """Stop reading: what the other side writes piles up in its kernel buffer."""
        self._line.wire.stall(stalled=stalled)

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

    # the modem

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

    def fail_command(self, name: str, final: str = "ERROR", count: int = 1) -> None:
        """The next `count` runs of a command, such as +CMGL, end in `final`; empty: in silence."""
        self._line.dialogue.failures.setdefault(name.upper(), deque()).extend([final] * count)

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

    def sim_busy(self, seconds: float | None = 10.0) -> None:
        """+CMS ERROR: 314 and +CME ERROR: 14 for a while."""
        self._body.slot.faults.busy_until = self._body.timers.moment_in(seconds)

    def sim_unread(self, seconds: float | None = 10.0, code: int = 14) -> None:
        """+CPIN: READY, but reading the SIM's files ends in this +CME ERROR for a while."""
        slot = self._body.slot.faults
        slot.unread_until, slot.unread_code = self._body.timers.moment_in(seconds), code

    def lose_smsc(self, *, code: int = 330) -> None:
        """The service centre's address is gone from the SIM; parts are refused with `code`."""
        self._body.slot.inserted().smsc = ""
        self._line.sender.faults.without_smsc = code

    def miss_smsc(self) -> None:
        """The service centre is shown and not used, until it is written (Huawei E220)."""
        self._line.sender.faults.smsc_unread = True

    def remove_sim(self) -> Sim | None:
        """The SIM is taken out; insert it again with `insert_sim`."""
        return self._body.insert(None)

    def insert_sim(self, sim: Sim) -> None:
        """A SIM is put in; what was in it before is out."""
        self._body.insert(sim)

    def ask_pin(self, pin: str = "1234", tries: int = 3) -> None:
        """The SIM asks for `pin` now and after every restart."""
        sim = self._body.slot.inserted()
        sim.pin, sim.pin_tries, sim.pin_state = pin, tries, PinState.PIN
        self._body.radio.changed()

    def block_pin(self) -> None:
        """Three wrong PINs have been tried: the SIM asks for its PUK."""
        sim = self._body.slot.inserted()
        sim.pin_tries, sim.pin_state = 0, PinState.PUK
        self._body.radio.changed()

    # the network

    def cover(self, coverage: Coverage | str) -> None:
        """home, roaming, searching, denied or none."""
        self._body.radio.cover(Coverage(coverage))

    def signal(self, rssi: int) -> None:
        """AT+CSQ's value, 0 to 31."""
        self._body.radio.signal = rssi

    def refuse(self, code: int, count: int = 1) -> None:
        """The next `count` parts are refused with this +CMS ERROR."""
        self._line.sender.faults.refusals.extend([code] * count)

    def block(self, code: int | None = 41, after: int = 0) -> None:
        """The operator blocks the SIM, wherever it is put: every part is refused with this +CMS
        ERROR, once `after` more have gone through. None: no longer."""
        sim = self._body.slot.inserted()
        sim.barred_code, sim.barred_after = code, after

    def report(
        self,
        *,
        status: int = 0,
        late: float = 0.0,
        copies: int = 1,
        early: bool = False,
        usual: bool = False,
    ) -> None:
        """From now on parts of this modem are reported so: `copies` 0 is never, `early` is before
        +CMGS, `late` is seconds; `usual` ends it."""
        self._line.sender.faults.reports = (
            None
            if usual
            else tuple(Report(status, late + i * 0.5, before_answer=early) for i in range(copies))
        )

    def swallow(self, *, on: bool = True) -> None:
        """Sends look accepted and go nowhere."""
        self._line.sender.faults.swallows = on


INJECTABLE: tuple[str, ...] = (
    "clear",
    "hang",
    "deafen",
    "hang_after_prompt",
    "lose_next_answer",
    "delay_answer",
    "stick_prompt",
    "lose_prompt",
    "garbage",
    "say",
    "ring",
    "fail_command",
    "report",
    "show",
    "split",
    "storm",
    "flood",
    "interleave",
    "lose_final",
    "stall",
    "unplug",
    "replug",
    "reboot",
    "forget_settings",
    "brown_out",
    "keep_echo",
    "lose_cnmi",
    "drop_cnmi",
    "fill_store",
    "sim_busy",
    "sim_unread",
    "lose_smsc",
    "miss_smsc",
    "remove_sim",
    "ask_pin",
    "block_pin",
    "cover",
    "signal",
    "refuse",
    "block",
    "swallow",
)
"""Names of the methods that the control socket may call."""
