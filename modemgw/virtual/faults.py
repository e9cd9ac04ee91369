"""What can go wrong with one virtual modem, each fault by a method of its own.

A fault lasts until its count or time is used up, or until `clear`. Durations are seconds; None is
"for ever", which a restart of the modem (or unplugging it) ends.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.virtual.fates import Report
from modemgw.virtual.radio import Coverage
from modemgw.virtual.sim import PinState, Sim
from modemgw.virtual.store import Status, Stored

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem

_FILLER = bytes.fromhex("040B917407900900F000005280104103514003C8321B")
"""A DELIVER "Hel" from +447009900000, to fill stores with."""

_FLOOD_STEP_S = 0.02
_HEARD_AGAIN = 0.01
"""Seconds after the end of a hang at which it is surely over."""


_READS_SIM = frozenset(
    {"+CIMI", "+CRSM", "+CNUM", "+CCID", "+ICCID", "^ICCID", "#CCID", "+QCCID", "^SCID"}
    | {"!ICCID", "+ZGETICCID", "+CICCID"}
)


@dataclass(frozen=True, slots=True)
class AfterEntry:
    """What happens to the answer of a PDU after Ctrl-Z."""

    passed: bool
    """The service centre got the PDU."""
    hang: float = 0.0
    """Seconds for which the modem is dead then; 0: only the answer is lost, it goes on living."""


class Faults:
    """The faults of one modem, and the places where they bite."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
        self._floods = 0
        """How many have been begun or ended: each goes on while no other number is there."""
        self._begin()

    def clear(self) -> None:
        """Behave again. What has been lost stays lost; what waited in the network comes."""
        self._begin()
        self._modem.output.clear()
        if self._modem.sim is not None:
            self._modem.sim.barred_code = None
        self._modem.attach()

    def _begin(self) -> None:
        self._floods += 1
        self._silent_until = float("-inf")
        self._deaf_until = float("-inf")
        self._sim_busy_until = float("-inf")
        self._after_entry: deque[AfterEntry] = deque()
        self._answer_delays: deque[float] = deque()
        self._refusals: deque[int] = deque()
        self._sim_files_until = float("-inf")
        self._sim_files_code = 14
        self.keeps_echo = False
        """ATE0 is answered OK and not done."""
        self.without_smsc = 330
        """+CMS ERROR of a part for which no service centre is known."""
        self.smsc_unread = False
        """AT+CSCA? shows a service centre that sending knows nothing of until it is written."""
        self._lost_prompts = 0
        self._failures: dict[str, deque[str]] = {}
        self.dropped_cnmi = 0
        """How many AT+CNMI= are answered OK and not done."""
        self.reports: tuple[Report, ...] | None = None
        """What is reported of each part, unless its number has a fate of its own."""
        self.swallows = False
        """Sends are answered +CMGS, and no service centre ever sees them."""
        self.index_shown: int | None = None
        """The index that +CMTI and +CDSI show instead of the true one."""
        self.memory_shown: str | None = None
        """The store that +CMTI and +CDSI show instead of the true one."""

    # silence

    def hang(self, seconds: float | None = None) -> None:
        """Dead: hears nothing, says nothing, not even unsolicited results."""
        self._silent_until = self._until(seconds)
        if math.isfinite(self._silent_until) and seconds is not None:
            # The network could not reach it meanwhile and tries again now.
            self._modem.timers.call_later(seconds + _HEARD_AGAIN, self._modem.attach)

    def deafen(self, seconds: float | None = None) -> None:
        """Hears nothing, while unsolicited results go on."""
        self._deaf_until = self._until(seconds)

    def hang_after_prompt(self, *, passed: bool = False, seconds: float | None = None) -> None:
        """Next message: prompt, PDU taken, then dead. `passed`: the network has it."""
        hang = math.inf if seconds is None else seconds
        self._after_entry.append(AfterEntry(passed, hang))

    def lose_next_answer(self, count: int = 1, *, passed: bool = True) -> None:
        """The next answers to a PDU never come, while the modem goes on living."""
        self._after_entry.extend(AfterEntry(passed) for _ in range(count))

    def delay_answer(self, seconds: float, count: int = 1) -> None:
        """The next `count` messages take `seconds` more."""
        self._answer_delays.extend([seconds] * count)

    # the line

    def stick_prompt(self) -> None:
        """The prompt state without a prompt: deaf for commands until ESC."""
        self._modem.engine.enter_silently()

    def lose_prompt(self, count: int = 1) -> None:
        """The next prompts are not shown; the modem waits for the PDU all the same."""
        self._lost_prompts += count

    def garbage(self, octets: int = 64) -> None:
        """Random octets on the line, now."""
        self._modem.output.write(self._modem.random.randbytes(octets))

    def say(self, text: str) -> None:
        """These octets on the line, now (latin-1, with whatever line ends they have)."""
        self._modem.output.write(text.encode("latin-1"))

    def ring(self, times: int = 3, number: str = "+15550001234") -> None:
        """Somebody calls: RING (+CRING, +CLIP as set) every five seconds."""
        modem = self._modem
        modem.announce("+CRING: VOICE" if modem.parameters["+CRC"][0] else "RING")
        if modem.parameters["+CLIP"][0]:
            modem.announce(f'+CLIP: "{number}",145,"",,"",0')
        if times > 1:
            modem.timers.call_later(5.0, lambda: self.ring(times - 1, number))

    def split(self, seconds: float | None = 0.002) -> None:
        """Every octet comes alone, this time apart. None: in one piece again."""
        self._modem.output.split_seconds = seconds

    def storm(self, count: int = 500, line: str = "^RSSI: 20") -> None:
        """A flood of unsolicited results, now."""
        for _ in range(count):
            self._modem.announce(line)

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
        number, until = self._floods, self._until(seconds)
        octets = max(1, int(octets_per_second * _FLOOD_STEP_S))
        if text:
            count = max(1, octets // len(text))
            piece = "".join(text.replace("{n}", f"{n:08X}") for n in range(count)).encode("latin-1")
        else:
            piece = self._modem.random.randbytes(octets)

        def pour() -> None:
            if number == self._floods and self._modem.timers.monotonic() < until:
                self._modem.line.write(piece)
                self._modem.timers.call_later(_FLOOD_STEP_S, pour)

        pour()

    def interleave(self, lines: Sequence[str]) -> None:
        """These unsolicited results come inside the next answer: before, between and behind."""
        self._modem.output.interleave(lines)

    def lose_final(self, count: int = 1) -> None:
        """The next final results are not printed."""
        self._modem.output.lost_finals += count

    def stall(self, *, stalled: bool = True) -> None:
        """Stop reading: what the other side writes piles up in its kernel buffer."""
        self._modem.line.stall(stalled=stalled)

    def unplug(self) -> None:
        """The device goes away, power with it."""
        self._modem.power.cut()
        self._modem.line.unplug()

    def replug(self, *, link: str | None = None, boot: bool = True) -> None:
        """The device is back, as another tty. `link`: under another name in the directory, too."""
        self.revive()
        self._modem.line.plug(link)
        if boot:
            self._modem.power.boot()
        else:
            self._modem.power.start()

    # the modem

    def reboot(self) -> None:
        """A reset in mid-session: settings lost, banner, PIN asked again."""
        self.revive()
        self._modem.power.boot()

    def brown_out(self) -> None:
        """A reset in a blink, without a word: whatever was on its way is forgotten, settings are
        lost, the SIM asks for its PIN; the port stays."""
        self.revive()
        self._modem.power.start()

    def keep_echo(self, *, on: bool = True) -> None:
        """Echo cannot be switched off, though ATE0 is answered OK."""
        self.keeps_echo = on
        self._modem.engine.echo = True

    def forget_settings(self, *, text_mode: bool = False, keep_cnmi: bool = False) -> None:
        """A silent reset without a banner: echo back, CMEE 0, +CNMI gone unless `keep_cnmi`,
        perhaps text mode."""
        modem = self._modem
        cnmi = modem.parameters["+CNMI"]
        modem.engine.reset()
        modem.parameters.factory()
        if text_mode:
            modem.parameters["+CMGF"] = (1,)
        if keep_cnmi:
            modem.parameters["+CNMI"] = cnmi

    def lose_cnmi(self) -> None:
        """+CNMI falls back, everything else stays."""
        self._modem.parameters["+CNMI"] = (0, 0, 0, 0, 0)

    def fail_command(self, name: str, final: str = "ERROR", count: int = 1) -> None:
        """The next `count` runs of a command, such as +CMGL, end in `final`; empty: in silence."""
        self._failures.setdefault(name.upper(), deque()).extend([final] * count)

    def drop_cnmi(self, count: int = 1) -> None:
        """The next AT+CNMI= are answered OK and not done."""
        self.dropped_cnmi += count

    def fill_store(self, name: str = "SM", leave: int = 0) -> None:
        """Old messages fill the store but for `leave` slots."""
        store = self._modem.store_named(name)
        while store.size - len(store) > leave:
            store.add(Stored(self._modem.pdu_text(_FILLER), _FILLER, Status.READ))

    # the SIM

    def show(self, *, index: int | None = None, memory: str | None = None) -> None:
        """+CMTI and +CDSI show another index (-1) or store; None: the true one."""
        self.index_shown, self.memory_shown = index, memory

    def sim_busy(self, seconds: float | None = 10.0) -> None:
        """+CMS ERROR: 314 and +CME ERROR: 14 for a while."""
        self._sim_busy_until = self._until(seconds)

    def sim_unread(self, seconds: float | None = 10.0, code: int = 14) -> None:
        """+CPIN: READY, but reading the SIM's files ends in this +CME ERROR for a while."""
        self._sim_files_until, self._sim_files_code = self._until(seconds), code

    def lose_smsc(self, *, code: int = 330) -> None:
        """The service centre's address is gone from the SIM; parts are refused with `code`."""
        self._modem.inserted().smsc, self.without_smsc = "", code

    def miss_smsc(self) -> None:
        """The service centre is shown and not used, until it is written (Huawei E220)."""
        self.smsc_unread = True

    def remove_sim(self) -> Sim | None:
        """The SIM is taken out; insert it again with `insert_sim`."""
        return self._modem.insert(None)

    def insert_sim(self, sim: Sim) -> None:
        """A SIM is put in; what was in it before is out."""
        self._modem.insert(sim)

    def ask_pin(self, pin: str = "1234", tries: int = 3) -> None:
        """The SIM asks for `pin` now and after every restart."""
        sim = self._modem.inserted()
        sim.pin, sim.pin_tries, sim.pin_state = pin, tries, PinState.PIN
        self._modem.radio.changed()

    def block_pin(self) -> None:
        """Three wrong PINs have been tried: the SIM asks for its PUK."""
        sim = self._modem.inserted()
        sim.pin_tries, sim.pin_state = 0, PinState.PUK
        self._modem.radio.changed()

    # the network

    def cover(self, coverage: Coverage | str) -> None:
        """home, roaming, searching, denied or none."""
        self._modem.radio.cover(Coverage(coverage))

    def signal(self, rssi: int) -> None:
        """AT+CSQ's value, 0 to 31."""
        self._modem.radio.signal = rssi

    def refuse(self, code: int, count: int = 1) -> None:
        """The next `count` parts are refused with this +CMS ERROR."""
        self._refusals.extend([code] * count)

    def block(self, code: int | None = 41, after: int = 0) -> None:
        """The operator blocks the SIM, wherever it is put: every part is refused with this +CMS
        ERROR, once `after` more have gone through. None: no longer."""
        sim = self._modem.inserted()
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
        self.reports = (
            None
            if usual
            else tuple(Report(status, late + i * 0.5, before_answer=early) for i in range(copies))
        )

    def swallow(self, *, on: bool = True) -> None:
        """Sends look accepted and go nowhere."""
        self.swallows = on

    # where they bite

    def _until(self, seconds: float | None) -> float:
        if seconds is None or math.isinf(seconds):
            return math.inf
        scale = self._modem.settings.time_scale
        return self._modem.timers.monotonic() + seconds * scale

    def revive(self) -> None:
        """A restart ends silence, deafness and a busy SIM."""
        self._silent_until = self._deaf_until = self._sim_busy_until = float("-inf")

    @property
    def deaf(self) -> bool:
        now = self._modem.timers.monotonic()
        return now < self._silent_until or now < self._deaf_until

    @property
    def silent(self) -> bool:
        return self._modem.timers.monotonic() < self._silent_until

    @property
    def sim_busy_now(self) -> bool:
        return self._modem.timers.monotonic() < self._sim_busy_until

    def sim_files_problem(self, name: str) -> int | None:
        """The +CME ERROR of a command that has to read the SIM's files; None: it is run."""
        if name not in _READS_SIM or self._modem.timers.monotonic() >= self._sim_files_until:
            return None
        return self._sim_files_code

    def take_after_entry(self) -> AfterEntry | None:
        return self._after_entry.popleft() if self._after_entry else None

    def take_answer_delay(self) -> float:
        return self._answer_delays.popleft() if self._answer_delays else 0.0

    def take_refusal(self) -> int | None:
        if self._refusals:
            return self._refusals.popleft()
        return self._modem.inserted().refusal()

    def take_failure(self, name: str) -> str | None:
        """The final result that command `name` is to end in; None: let it run."""
        failures = self._failures.get(name)
        return failures.popleft() if failures else None

    def take_lost_prompt(self) -> bool:
        if not self._lost_prompts:
            return False
        self._lost_prompts -= 1
        return True

    def lose_answer(self, fault: AfterEntry) -> None:
        """The running command ends without a word, and perhaps the modem with it."""
        if fault.hang:
            self.hang(fault.hang)
        self._modem.dialogue.drop_answer()


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
