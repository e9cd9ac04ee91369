"""Noise on the line: octets and results that nobody has asked for."""

from __future__ import annotations

from collections.abc import Sequence

from modemgw.virtual.body import Body
from modemgw.virtual.calls import Call
from modemgw.virtual.faults.befallen import Befallen
from modemgw.virtual.line import Line

_FLOOD_STEP_S = 0.02


class NoiseFaults(Befallen):
    """Faults of the line between modem and host."""

    def __init__(self, body: Body, line: Line) -> None:
        super().__init__(body, line)
        self._floods = 0
        """How many have been begun or ended: each goes on while no other number is there."""

    def end_flood(self) -> None:
        """The line is quiet again."""
        self._floods += 1

    def garbage(self, octets: int = 64) -> None:
        """Random octets on the line, now."""
        self._line.output.write(self._body.random.randbytes(octets))

    def say(self, text: str) -> None:
        """These octets on the line, now (latin-1, with whatever line ends they have)."""
        self._line.output.write(text.encode("latin-1"))

    def ring(
        self, times: int = 3, number: str | None = "+15550001234", every_s: float = 5.0
    ) -> None:
        """Somebody calls: RING (+CRING, +CLIP as set) so often, unless he is turned away."""
        self._body.calls.come(Call(number), times=times, every_s=every_s)

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

    def stall(self, *, stalled: bool = True) -> None:
        """Stop reading: what the other side writes piles up in its kernel buffer."""
        self._line.wire.stall(stalled=stalled)
