"""What a modem prints: answers with their final result, and unsolicited results (V.250 5.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from modemgw.virtual.engine import LineEngine
from modemgw.virtual.output import Output
from modemgw.virtual.power import Power


@dataclass(slots=True)
class ResultFaults:
    """What may befall answers; faults are plugged in here."""

    lost_finals: int = 0
    """So many final results are not printed."""
    interleaved: list[str] = field(default_factory=list)
    """Unsolicited results that come inside the next answer."""


class Results:
    """The printer of one AT port."""

    def __init__(self, engine: LineEngine, output: Output, power: Power) -> None:
        self._engine = engine
        self._output = output
        self._power = power
        self.faults = ResultFaults()

    def finish(self, information: list[bytes], final: str) -> None:
        """Print information text and final result, and end the command."""
        if self.faults.interleaved or self.faults.lost_finals:
            self._finish_badly(information, final)
        else:
            self._engine.finish(final, b"".join(information))

    def _finish_badly(self, information: list[bytes], final: str) -> None:
        pieces = list(information)
        interleaved = [self._engine.text(line) for line in self.faults.interleaved]
        self.faults.interleaved.clear()
        for place, piece in enumerate(interleaved):
            pieces.insert(min(2 * place, len(pieces)), piece)
        if self.faults.lost_finals:
            self.faults.lost_finals -= 1
            self._output.write(b"".join(pieces))
            self._engine.idle()
        else:
            self._engine.finish(final, b"".join(pieces))

    def unsolicited(self, framed: bytes) -> None:
        """An unsolicited result code, already framed."""
        if self._power.on:
            self._engine.unsolicited(framed)

    def announce(self, line: str) -> None:
        """An unsolicited result code of one line."""
        self.unsolicited(self._engine.text(line))
