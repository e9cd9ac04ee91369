"""A virtual bank in a process of its own that notes the moments of every part.

    python bank_process.py DIRECTORY '{"modems": 8, "part_seconds": 0.25}'

The second argument holds fields of `BankSettings`. Beside the usual verbs the control socket knows
`parts` (what each modem noted), `reset_parts`, `hints` (when each +CMTI went out), `inject_all`
(many messages from outside at once), and `report` (status reports in any order).
"""

import asyncio
import datetime
import json
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

from modemgw import sms
from modemgw.virtual import AcceptedPart, Bank, BankSettings
from modemgw.virtual.control import ControlServer
from modemgw.virtual.line import Line
from modemgw.virtual.output import Wire
from modemgw.virtual.sending import Purpose, Sender

COMMANDED, TYPED, BUSY, ANSWERED = range(4)
"""Places in a part's note: AT+CMGS came, Ctrl-Z came, radio seconds used, the network took it.
Moments are on the monotonic clock, which all processes of one machine share."""


class NotingSender(Sender):
    """A sender that notes when each part came; what it does stays the same."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.body, line.session, line.running, line.receiver, port=line)
        self.notes: list[list[float | None]] = []
        self._commanded = 0.0

    def open_entry(self, purpose: Purpose, **how: Any) -> Any:
        if purpose is Purpose.SEND:
            self._commanded = time.monotonic()
        return super().open_entry(purpose, **how)

    def entered(self, body: bytes) -> None:
        before = self.busy_seconds
        note: list[float | None] = [self._commanded, time.monotonic(), 0.0, None]
        self.notes.append(note)
        super().entered(body)
        note[BUSY] = self.busy_seconds - before


class NotingWire:
    """A modem's wire that notes when each +CMTI went out; what it does stays the same."""

    def __init__(self, wire: Wire, hints: list[float]) -> None:
        self._wire = wire
        self._hints = hints

    def write(self, data: bytes) -> None:
        if b"+CMTI" in data:
            self._hints.append(time.monotonic())
        self._wire.write(data)

    def stall(self, *, stalled: bool) -> None:
        self._wire.stall(stalled=stalled)


class BenchControl(ControlServer):
    """The control socket with the benchmarks' verbs."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self._senders = [NotingSender(modem.line) for modem in bank.modems]
        for modem, sender in zip(bank.modems, self._senders, strict=True):
            modem.line.sender = sender
        self._hints: list[float] = []
        for modem in bank.modems:
            modem.line.output._wire = NotingWire(modem.line.output._wire, self._hints)
        bank.smsc.on_accept = self._note_accepted
        self._verbs |= {
            "hints": self._all_hints,
            "inject_all": self._inject_all,
            "parts": self._parts,
            "reset_parts": self._reset_parts,
            "report": self._report,
        }

    def _note_accepted(self, part: AcceptedPart) -> None:
        self._senders[part.modem_index].notes[-1][ANSWERED] = part.at

    async def _all_hints(self) -> list[float]:
        return self._hints

    async def _inject_all(self, count: int, first: int, text: str) -> None:
        """So many messages at once, each from a sender of its own, to the modems in turn."""
        for n in range(first, first + count):
            to = self._bank.modems[n % len(self._bank.modems)].number
            self._bank.smsc.inject(f"+44770{n:07d}", to, f"{text} {n}")

    async def _parts(self) -> list[list[list[float | None]]]:
        return [sender.notes for sender in self._senders]

    async def _reset_parts(self) -> None:
        for sender in self._senders:
            sender.notes = []

    async def _report(
        self, seed: int, skew_seconds: float, statuses: dict[str, int], since: int = 0
    ) -> int:
        """A final report for every accepted part, shuffled; its TP-ST by the part's text.

        The service centre's clock is `skew_seconds` ahead.
        """
        parts = self._bank.smsc.accepted[since:]
        Random(seed).shuffle(parts)
        numbers = {modem.iccid: modem.number for modem in self._bank.modems}
        for part in parts:
            now = time.time() + skew_seconds
            report = sms.StatusReport(
                reference=part.reference,
                recipient=part.submit.destination,
                scts=_timestamp(part.wall_at + skew_seconds),
                discharge=_timestamp(now),
                status=statuses[part.text or ""],
            )
            self._bank.smsc.inject_tpdu(numbers[part.iccid], report.encode())
        return len(parts)


def _timestamp(moment: float) -> sms.Timestamp:
    return sms.Timestamp.from_datetime(datetime.datetime.fromtimestamp(moment, datetime.UTC))


async def _run(directory: Path, settings: BankSettings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Bank(settings, directory) as bank, BenchControl(bank):
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), BankSettings(**json.loads(sys.argv[2]))))
