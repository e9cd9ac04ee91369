"""One command at a time to one modem, and whatever it says by itself.

The parts: `wire` (octets out), `listening` (when to read), `dialogue` (who said what), `slot` (the
one command that is out), `submission` (the prompt and the PDU), `resync` (back into step).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ..clock import Clock
from .commands import must_be_typable
from .deadline import QuietTimer
from .dialogue import Answered, Echoed, Finished, Happening
from .errors import ChannelClosed, CommandFailed, NoPrompt, NothingSent
from .exchange import Exchange, Phase, Probe, Response
from .listening import Listening
from .parser import Prompt
from .results import OK, Final
from .resync import resync
from .slot import Slot
from .submission import Submission
from .trace import Trace, masked
from .urc import Urc
from .wire import Echo, Port, Wire

log = logging.getLogger(__name__)

LONE_ANSWER_S = 1.0
_LISTINGS = 10
"""A listing that goes on for this many times its time is a modem that runs in circles."""
_TEXT_QUIET_S, _TEXT_AT_MOST_S = 0.5, 2.0
"""A USSD text is printed in one go: when nothing comes for so long, or it has not ended so long
after its beginning, its end is missing."""


class AtChannel(asyncio.Protocol):
    """Commands out, answers in, URCs to `on_urc`. Belongs to one port and dies with it."""

    def __init__(
        self,
        *,
        clock: Clock,
        trace: Trace,
        on_urc: Callable[[Urc], None],
        on_timeout: Callable[[str], None] = lambda reason: None,
        patience: float = 1.0,
    ) -> None:
        """`patience` multiplies the times that commands are given."""
        self._clock = clock
        self._on_urc = on_urc
        self._patience = patience
        self._wire = Wire(clock, trace)
        self._listening = Listening(clock, patience=patience, on_lasting=self._floods)
        self._slot = Slot(self._wire, expired=self._expired, on_timeout=on_timeout)
        self._dialogue = self._slot.dialogue
        self._submission = Submission(self._slot, patience)
        self._text_timer = QuietTimer(
            _TEXT_QUIET_S * patience, _TEXT_AT_MOST_S * patience, self._text_over
        )
        self.closed: asyncio.Future[Any] = self._wire.closed
        """Done when the port is gone; its result says why."""
        self.echo: Echo = self._wire.echo
        self.last_answer: float | None = None
        """When the modem answered last (wall clock)."""
        self.on_flood: Callable[[str], None] = lambda reason: None
        """Hears, once, that the modem floods its port and does not stop."""

    # The port's side

    def attach(self, port: Port) -> None:
        """Use `port` from now on."""
        self._wire.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is open; its transport can be told to stop listening for a moment."""
        if isinstance(transport, asyncio.ReadTransport):
            self._listening.use(transport)

    def data_received(self, data: bytes) -> None:
        """Octets have come in."""
        self._wire.last_heard = now = self._clock.monotonic()
        if self._listening.deaf:
            return
        lines, happenings = self._dialogue.feed(data)
        urcs = [h for h in happenings if isinstance(h, Urc)]
        if urcs or not lines:
            self._listening.take(len(data), len(lines), urcs, now)
        self._take(lines, happenings)
        if self._dialogue.waits:
            self._text_timer.begin()
        else:
            self._text_timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """The port is gone: the first fatal error fails everybody who waits."""
        if self.closed.done():
            return
        reason = str(exc) if exc else "the port was closed"
        self._wire.remark(reason)
        self._listening.end()
        self._slot.deadline.cancel()
        self._text_timer.cancel()
        self.closed.set_result(reason)
        self._slot.fail_all(ChannelClosed(reason))

    async def close(self) -> None:
        """Close the port. Whoever waits for an answer gets ChannelClosed."""
        port, self._wire.port = self._wire.port, None
        if port is not None:
            self.connection_lost(None)
            await port.close()

    # Our side

    async def command(
        self, text: str, *, timeout_s: float | None = None, urgent: bool = False
    ) -> Response:
        """Send a command, printable ASCII, and wait for its answer.

        Raises CommandFailed (an error result), NotACommand (nothing was typed), CommandTimeout,
        OutOfSync, ChannelClosed.
        """
        exchange = await self._slot.take(text, urgent=urgent)
        exchange.allowed_s = timeout_s or exchange.question.kind.timeout_s * self._patience
        exchange.ends_at = self._clock.monotonic() + _LISTINGS * exchange.allowed_s
        self._slot.start(exchange, exchange.allowed_s)
        return await exchange.done

    async def by_hand(self, text: str, *, turn_s: float, timeout_s: float) -> Response:
        """A command that a person typed: all lines that are no URC belong to its answer.

        Raises what `command` raises, and TimeoutError when it was not its turn within `turn_s`:
        then nothing was typed.
        """
        async with asyncio.timeout(turn_s):
            exchange = await self._slot.take(text, urgent=False)
        question = exchange.question
        question.kind = replace(question.kind, free_text=True)
        exchange.allowed_s = timeout_s
        exchange.ends_at = self._clock.monotonic() + _LISTINGS * timeout_s
        self._slot.start(exchange, timeout_s)
        return await exchange.done

    async def ping(self) -> None:
        """AT, and OK: is anybody there? Leaves no trace. Raises what `command` raises."""
        exchange = await self._slot.take("AT", urgent=False)
        exchange.traced = False
        self._slot.start(exchange, exchange.question.kind.timeout_s * self._patience)
        await exchange.done

    async def submit(
        self,
        text: str,
        body: str,
        *,
        authorise: Awaitable[None],
        prompt_s: float,
        timeout_s: float,
        probe: Probe | None = None,
    ) -> Response:
        """A command with a prompt (+CMGS, +CMGW): `body` and Ctrl-Z follow `>` and `authorise`.

        `probe`: while there is no answer, the modem is asked whether it has forgotten.
        Raises CommandFailed; NothingSent when nothing was typed; what `authorise` raised;
        CommandTimeout and ChannelClosed after Ctrl-Z: the outcome is unknown.
        """
        return await self._submission.run(
            text,
            body,
            authorise=authorise,
            prompt_s=prompt_s,
            timeout_s=timeout_s,
            probe=probe,
        )

    def hasten(self, seconds: float) -> None:
        """Wait for the answer to the PDU that is out for so much longer at the most."""
        self._submission.hasten(seconds)

    def ask_after(self) -> bool:
        """Ask the modem at once whether it still sends what it was given, unless it was just asked.

        False when nothing is in the air, or it is a modem that must not be asked.
        """
        return self._submission.ask_after()

    @property
    def sending(self) -> bool:
        """Whether a PDU is out and its answer is awaited."""
        return self._submission.in_the_air is not None

    async def resync(self, *, tries: int = 3, answer_s: float = 1.0, quiet_s: float = 0.05) -> None:
        """Find back into step: ESC, drain, AT until OK, and an answer that only we can have caused.

        Everything that was waiting fails. Raises CommandTimeout when the modem stays silent.
        """
        await resync(self._slot, tries=tries, answer_s=answer_s, quiet_s=quiet_s)

    def write_blind(self, text: str) -> None:
        """Send a command to a modem that does not answer, on the chance that it listens.

        Raises NotACommand.
        """
        must_be_typable(text)
        self._slot.fail_all(ChannelClosed(f"{text} was sent blind"))
        self._slot.in_sync = False
        if self._wire.port is not None:
            self._wire.command(text)

    def abandon(self, reason: str) -> None:
        """The modem has restarted: no answer will come to what was asked before."""
        self._dialogue.reset()
        self._slot.fail_all(ChannelClosed(reason))
        self._slot.in_sync = False

    def hold(self, held: bool) -> None:
        """Stop listening while more came unasked than can be kept, or listen again.

        What the modem says meanwhile waits in the driver, and in the modem (flow control).
        """
        if held is self._listening.held:
            return
        self._listening.hold(held)
        self._slot.deadline.stopped = held
        if not held and self._slot.current is not None:
            self._slot.deadline.again(self._slot.current)

    # What is known of the modem

    @property
    def in_sync(self) -> bool:
        """Whether commands are let through; after a timeout only `resync` is."""
        return self._slot.in_sync

    @property
    def flooding(self) -> str | None:
        """What floods the port, while it is read slowly for that; None as a rule."""
        return self._listening.flooding

    @property
    def silence_s(self) -> float:
        """Seconds since the modem was last heard."""
        return self._clock.monotonic() - self._wire.last_heard

    @property
    def gap_s(self) -> float:
        """Rest between an answer and the next command, for modems that drop it otherwise."""
        return self._slot.gap_s

    @gap_s.setter
    def gap_s(self, seconds: float) -> None:
        self._slot.gap_s = seconds

    @property
    def numeric(self) -> bool:
        """Whether `0` and `4` are taken for OK and ERROR (V.250 6.2.6), until ATV1 is sure."""
        return self._dialogue.numeric

    @numeric.setter
    def numeric(self, taken: bool) -> None:
        self._dialogue.numeric = taken

    # What the modem says

    def _take(self, lines: list[str], happenings: list[Happening]) -> None:
        current = self._slot.current
        if current is not None and not current.traced:
            lines = [line for line in lines if line != "OK"]
        self._wire.heard(lines)
        for happening in happenings:
            self._happened(happening)

    def _text_over(self) -> None:
        """A text without an end: the modem has been quiet for so long that none will come."""
        self._take(*self._dialogue.flush())

    def _floods(self, reason: str) -> None:
        self._wire.remark(reason)
        self.on_flood(reason)

    def _happened(self, happening: Happening) -> None:
        exchange = self._slot.current
        if isinstance(happening, Urc):
            if happening.name == "+CMGS":
                self._submission.still_sending()
            try:
                self._on_urc(happening)
            except Exception:
                # The lines behind it still count.
                log.exception("an unsolicited result code was not handled: %s", happening.name)
        elif isinstance(happening, Finished):
            self.last_answer = self._clock.time()
            if exchange is not None:
                self._ended(exchange, happening.final)
        elif isinstance(happening, Prompt):
            if exchange is not None:
                self._submission.prompted(exchange)
        elif isinstance(happening, Answered):
            self.last_answer = self._clock.time()
            if exchange is not None:
                self._goes_on(exchange)
        elif isinstance(happening, Echoed):
            self.echo.seen = not self.echo.stays
            if self.echo.seen and exchange is not None and exchange.phase is Phase.SENT:
                self._submission.echoed(exchange)

    def _goes_on(self, exchange: Exchange) -> None:
        """A line of the answer has come: how long the rest may take."""
        kind = exchange.question.kind
        if exchange.phase is Phase.SENT:
            self._submission.reference_came(exchange)
        elif kind.lone_answer:
            self._slot.deadline.set(exchange, LONE_ANSWER_S * self._patience)
        elif kind.pdu_follows:
            left = exchange.ends_at - self._clock.monotonic()
            self._slot.deadline.set(exchange, max(0.0, min(exchange.allowed_s, left)))

    def _ended(self, exchange: Exchange, final: Final) -> None:
        if self._submission.has_forgotten(exchange, final):
            return
        phase, exchange.phase = exchange.phase, Phase.ANSWER
        self._submission.done(exchange)
        if phase in (Phase.UNWANTED, Phase.ABORTING):
            exchange.fail(NothingSent("the command was aborted"))
        elif final.error is not None:
            typed = exchange.typed_at
            after_s = None if typed is None else self._clock.monotonic() - typed
            text = masked(exchange.question.text)
            exchange.fail(CommandFailed(text, final.error, after_s))
        elif phase is Phase.PROMPT:
            exchange.fail(NoPrompt("the modem answered without asking for the PDU"))
        elif phase is Phase.OPEN:
            exchange.fail(NothingSent("the modem answered without taking the PDU"))
        elif not exchange.done.done():
            if phase is Phase.SENT:
                self._listening.accepted()
            exchange.succeed()

    def _expired(self, exchange: Exchange) -> None:
        if exchange.question.kind.lone_answer and exchange.question.lines:
            self._ended(exchange, OK)
            return
        if self._submission.expired(exchange):
            return
        seconds = exchange.waits_s
        if exchange.typed_at is not None:
            seconds = round(self._clock.monotonic() - exchange.typed_at, 1)
        text = masked(exchange.question.text)
        self._slot.give_up(exchange, f"{text}: no answer in {seconds:g} s")
