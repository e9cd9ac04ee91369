"""The way from a modem to its line, and what may befall octets and answers on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.virtual.modem import VirtualModem


class Output:
    """Octets out: as they are, one by one, or not at all."""

    def __init__(self, modem: VirtualModem) -> None:
        self._modem = modem
        self._trickle: deque[int] = deque()
        self.clear()

    def clear(self) -> None:
        """Everything passes again; octets on their way are not lost."""
        self.split_seconds: float | None = None
        self.lost_finals = 0
        self._interleaved: list[str] = []

    def interleave(self, lines: Sequence[str]) -> None:
        """These unsolicited results come inside the next answer."""
        self._interleaved.extend(lines)

    def finish(self, information: list[bytes], final: str) -> None:
        """Print information text and final result, and end the command."""
        if self._interleaved or self.lost_finals:
            self._finish_badly(information, final)
        else:
            self._modem.engine.finish(final, b"".join(information))

    def _finish_badly(self, information: list[bytes], final: str) -> None:
        engine = self._modem.engine
        pieces = list(information)
        interleaved = [engine.text(line) for line in self._interleaved]
        self._interleaved.clear()
        for place, piece in enumerate(interleaved):
            pieces.insert(min(2 * place, len(pieces)), piece)
        if self.lost_finals:
            self.lost_finals -= 1
            self.write(b"".join(pieces))
            engine.idle()
        else:
            engine.finish(final, b"".join(pieces))

    def write(self, data: bytes) -> None:
        """Octets for the line."""
        if self._modem.faults.silent:
            return
        if self.split_seconds is None and not self._trickle:
            self._modem.line.write(data)
            return
        idle = not self._trickle
        self._trickle += data
        if idle:
            self._next_octet()

    def _next_octet(self) -> None:
        if self.split_seconds is None:
            rest = bytes(self._trickle)
            self._trickle.clear()
            self._modem.line.write(rest)
            return
        if self._trickle:
            self._modem.line.write(bytes((self._trickle.popleft(),)))
            if self._trickle:
                self._modem.timers.call_later(self.split_seconds, self._next_octet)
