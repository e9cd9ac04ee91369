"""One command at a time to one modem.

The slot of a command is held by the command, not by the task that waits for it: when the task is
cancelled the modem is still busy, so its late answer still belongs to that command and can never be
taken for the next one's. After a timeout nothing but `resync` is let through.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..clock import Clock
from .commands import kind_of, name_of
from .dialogue import Answered, Dialogue, Echoed, Finished, Happening, Question
from .errors import (
    AtError,
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    NoPrompt,
    NotACommand,
    NothingSent,
    OutOfSync,
)
from .exchange import Exchange, Phase, Probe, Response
from .flood import LASTING_S, FloodGate
from .parser import Prompt
from .results import OK, Final
from .trace import Trace, masked
from .turns import Turns
from .urc import Urc

log = logging.getLogger(__name__)

ESC, CTRL_Z = b"\x1b", b"\x1a"
LATE_OK_S = 5.0
"""After `+CMGS: mr` the message is accepted; an OK that is not there by then was lost."""
LONE_ANSWER_S = 1.0
_LISTINGS = 10
"""A listing that goes on for this many times its time is a modem that runs in circles."""
ABORT_S = 2.0
_TEXT_QUIET_S, _TEXT_AT_MOST_S = 0.5, 2.0
"""A USSD text is printed in one go: when nothing comes for so long, or it has not ended so long
after its beginning, its end is missing."""
_UNTYPABLE = re.compile(r"[^ -~]")
_A_MOMENT_S = 0.001
BLAME_S = 2.0
"""An error so soon after the modem was asked something while it sent may be the asking's doing."""


class Port(Protocol):
    """The way out to a modem."""

    def write(self, data: bytes) -> None:
        """Queue octets; never blocks."""
        ...

    async def close(self) -> None:
        """Let the port go; never raises."""
        ...


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
        self._trace = trace
        self._on_urc = on_urc
        self._on_timeout = on_timeout
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._port: Port | None = None
        self._dialogue = Dialogue()
        self._current: Exchange | None = None
        self._turns = Turns()
        self._timer: asyncio.TimerHandle | None = None
        self._text_timer: asyncio.TimerHandle | None = None
        self._text_since = 0.0
        self._resyncs = 0
        self._may_ask = True
        self._lost: BaseException | None = None
        self.closed = self._loop.create_future()
        """Done when the port is gone; its result says why."""
        self.in_sync = True
        self.echo_seen = False
        """Set when the modem echoes; whoever has switched echo off learns that it has restarted.

        No PDU is typed while it is set.
        """
        self.echo_stays = False
        """The modem echoes whatever it is told: no echo is a sign of anything."""
        self.last_heard = clock.monotonic()
        self.last_answer: float | None = None
        self.gap_s = 0.0
        """Rest between an answer and the next command, for modems that drop it otherwise."""
        self.on_flood: Callable[[str], None] = lambda reason: None
        """Hears, once, that the modem floods its port and does not stop."""
        self._transport: asyncio.ReadTransport | None = None
        self._gate = FloodGate(clock.monotonic(), LASTING_S * patience)
        self._flood_told = False
        self._held, self._resting, self._listening = False, False, True
        """What the receiver wants, what the gate wants, and what the transport was told."""

    # The port's side

    def attach(self, port: Port) -> None:
        """Use `port` from now on."""
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is open; its transport can be told to stop listening for a moment."""
        if isinstance(transport, asyncio.ReadTransport):
            self._transport = transport

    def hold(self, held: bool) -> None:
        """Stop listening while more came unasked than can be kept, or listen again.

        What the modem says meanwhile waits in the driver, and in the modem (flow control).
        """
        if held is self._held:
            return
        self._held = held
        self._listen_or_not()
        if not held and self._current is not None:
            self._wait_anew(self._current)

    def _listen_or_not(self) -> None:
        wanted = not (self._held or self._resting)
        if wanted is self._listening or self._transport is None or self.closed.done():
            return
        self._listening = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Octets have come in."""
        now = self.last_heard = self._clock.monotonic()
        lines, happenings = self._dialogue.feed(data)
        urcs = [h for h in happenings if isinstance(h, Urc)]
        rest_s = self._gate.take(len(data), len(lines), urcs, now)
        if rest_s and not self._resting:
            self._resting = True
            self._listen_or_not()
            self._loop.call_later(rest_s, self._rested)
        self._take(lines, happenings)
        if self._dialogue.waits:
            self._wait_for_text()
        elif self._text_timer is not None:
            self._text_timer.cancel()
            self._text_timer = None

    @property
    def flooding(self) -> str | None:
        """What floods the port, while it is read slowly for that; None as a rule."""
        return self._gate.reason(self._clock.monotonic())

    def _rested(self) -> None:
        self._resting = False
        if self.closed.done():
            return
        self._listen_or_not()
        reason = self.flooding
        if (
            reason is not None
            and not self._flood_told
            and self._gate.lasting(self._clock.monotonic())
        ):
            self._flood_told = True
            self._trace.add(self._clock.time(), "=", reason)
            self.on_flood(reason)

    def _take(self, lines: list[str], happenings: list[Happening]) -> None:
        now = self._clock.time()
        traced = self._current is None or self._current.traced
        for line in lines:
            if traced or line != "OK":
                self._trace.add(now, "<", line)
        for happening in happenings:
            self._happened(happening)

    def _wait_for_text(self) -> None:
        """Look again at a text without an end when the modem has been quiet."""
        now = self._loop.time()
        if self._text_timer is None:
            self._text_since = now
        else:
            self._text_timer.cancel()
        at = min(now + _TEXT_QUIET_S, self._text_since + _TEXT_AT_MOST_S)
        self._text_timer = self._loop.call_at(at, self._text_over)

    def _text_over(self) -> None:
        self._text_timer = None
        self._take(*self._dialogue.flush())

    def connection_lost(self, exc: Exception | None) -> None:
        """The port is gone: the first fatal error fails everybody who waits."""
        if self.closed.done():
            return
        reason = str(exc) if exc else "the port was closed"
        self._trace.add(self._clock.time(), "=", reason)
        if self._timer is not None:
            self._timer.cancel()
        if self._text_timer is not None:
            self._text_timer.cancel()
        self.closed.set_result(reason)
        self._fail_all(ChannelClosed(reason))

    async def close(self) -> None:
        """Close the port. Whoever waits for an answer gets ChannelClosed."""
        if self._port is not None:
            port, self._port = self._port, None
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
        exchange = await self._begin(text, urgent=urgent)
        exchange.allowed_s = timeout_s or exchange.question.kind.timeout_s * self._patience
        exchange.ends_at = self._clock.monotonic() + _LISTINGS * exchange.allowed_s
        self._start(exchange, exchange.allowed_s)
        return await exchange.done

    async def ping(self) -> None:
        """AT, and OK: is anybody there? Leaves no trace. Raises what `command` raises."""
        exchange = await self._begin("AT", urgent=False)
        exchange.traced = False
        self._start(exchange, exchange.question.kind.timeout_s * self._patience)
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
        permit = asyncio.ensure_future(authorise)
        try:
            _must_be_typable(body)
            exchange = await self._begin(text, urgent=True)
        except BaseException as error:
            await _settle(permit, error)
            if isinstance(error, AtError):
                raise NothingSent(str(error), error) from error
            raise
        exchange.phase = Phase.PROMPT
        exchange.body, exchange.permit, exchange.body_s = body, permit, timeout_s
        exchange.probe = probe if self._may_ask else None
        exchange.question.wants_prompt = True
        self._start(exchange, prompt_s)
        permit.add_done_callback(lambda _: self._type(exchange))
        try:
            return await exchange.done
        except BaseException as error:
            if exchange.typed_at is not None:
                raise
            self._abort(exchange)
            await _settle(permit, error)
            if isinstance(error, CommandFailed | NothingSent) or not isinstance(error, AtError):
                raise
            raise NothingSent(str(error), error) from error

    def hasten(self, seconds: float) -> None:
        """Wait for the answer to the PDU that is out for so much longer at the most."""
        exchange = self._in_the_air
        if exchange is not None:
            until = self._loop.time() + seconds
            if until < exchange.gives_up_at:
                exchange.gives_up_at = until
                self._await_result(exchange)

    def ask_after(self) -> bool:
        """Ask the modem at once whether it still sends what it was given, unless it was just asked.

        False when nothing is in the air, or it is a modem that must not be asked.
        """
        exchange = self._in_the_air
        if exchange is None or exchange.probe is None:
            return False
        since = self._clock.monotonic() - exchange.asked_at
        if not exchange.asked or since > exchange.probe.every_s / 3:
            self._ask(exchange, exchange.probe)
        return True

    @property
    def sending(self) -> bool:
        """Whether a PDU is out and its answer is awaited."""
        return self._in_the_air is not None

    async def resync(self, *, tries: int = 3, answer_s: float = 1.0, quiet_s: float = 0.05) -> None:
        """Find back into step: ESC, drain, AT until OK, and an answer that only we can have caused.

        Everything that was waiting fails. Raises CommandTimeout when the modem stays silent.
        """
        self._fail_all(ChannelClosed("the channel is being resynchronised"))
        self._need_open()
        self._turns.seize()
        self._resyncs += 1
        self.in_sync = False
        try:
            self._write(ESC + b"\r", "<ESC>")
            await self._quiet(quiet_s, at_most_s=20 * quiet_s)
            if not await self._probe("AT", tries, answer_s):
                raise CommandTimeout(f"no answer to AT in {tries} tries")
            # A late answer to an older command may have passed for that OK; `+CMEE:` cannot.
            used = await self._probe("AT+CMEE?", tries + 1, answer_s)
            if not used:
                raise CommandTimeout("answers to AT, but to nothing else")
            if used > 1:
                # The answers to the other tries may still be on their way.
                await self._quiet(answer_s, at_most_s=4 * answer_s)
            self.in_sync = True
        finally:
            self._release()

    def write_blind(self, text: str) -> None:
        """Send a command to a modem that does not answer, on the chance that it listens.

        Raises NotACommand.
        """
        _must_be_typable(text)
        self._fail_all(ChannelClosed(f"{text} was sent blind"))
        self.in_sync = False
        if self._port is not None:
            self._write(text.encode("ascii") + b"\r", text)

    def abandon(self, reason: str) -> None:
        """The modem has restarted: no answer will come to what was asked before."""
        self._dialogue.reset()
        self._fail_all(ChannelClosed(reason))
        self.in_sync = False

    @property
    def silence_s(self) -> float:
        """Seconds since the modem was last heard."""
        return self._clock.monotonic() - self.last_heard

    @property
    def numeric(self) -> bool:
        """Whether `0` and `4` are taken for OK and ERROR (V.250 6.2.6), until ATV1 is sure."""
        return self._dialogue.numeric

    @numeric.setter
    def numeric(self, taken: bool) -> None:
        self._dialogue.numeric = taken

    # The slot

    async def _begin(self, text: str, *, urgent: bool) -> Exchange:
        _must_be_typable(text)
        self._need_sync()
        resyncs = self._resyncs
        await self._turns.take(urgent=urgent)
        try:
            self._need_sync()
            if self.gap_s:
                await asyncio.sleep(self.gap_s)
                self._need_sync()
                if resyncs != self._resyncs:
                    raise OutOfSync("the modem was resynchronised meanwhile")
        except BaseException:
            if resyncs == self._resyncs:
                self._turns.end()
            raise
        return Exchange(Question(text, kind_of(name_of(text))), self._loop)

    def _start(self, exchange: Exchange, timeout_s: float) -> None:
        self._current = exchange
        self._dialogue.ask(exchange.question)
        self._set_timer(exchange, timeout_s)
        text = exchange.question.text
        self._write(text.encode("ascii") + b"\r", text if exchange.traced else None)

    def _release(self) -> None:
        self._current = None
        self._dialogue.end()
        self._turns.end()

    def _finish(self, exchange: Exchange) -> None:
        if self._current is exchange:
            self._release()

    def _fail_all(self, error: AtError) -> None:
        self._turns.fail(error)
        exchange = self._current
        if exchange is not None:
            self._finish(exchange)
            exchange.fail(error)

    def _need_open(self) -> None:
        if self.closed.done():
            raise ChannelClosed(str(self.closed.result()))

    def _need_sync(self) -> None:
        self._need_open()
        if not self.in_sync:
            raise OutOfSync("the modem is being resynchronised")

    def _write(self, data: bytes, text: str | None) -> None:
        if text is not None:
            self._trace.add(self._clock.time(), ">", text)
        if self._port is not None:
            self._port.write(data)

    # What the modem says

    def _happened(self, happening: object) -> None:
        exchange = self._current
        if isinstance(happening, Urc):
            if happening.name == "+CMGS":
                self._may_ask = False  # it was sending after all: this one answers in between
            try:
                self._on_urc(happening)
            except Exception:
                # The lines behind it still count.
                log.exception("an unsolicited result code was not handled: %s", happening.name)
        elif isinstance(happening, Finished):
            self._answered()
            if exchange is not None:
                self._ended(exchange, happening.final)
        elif isinstance(happening, Prompt):
            if exchange is not None:
                self._prompted(exchange)
        elif isinstance(happening, Answered):
            self._answered()
            if exchange is not None:
                self._goes_on(exchange)
        elif isinstance(happening, Echoed):
            self.echo_seen = not self.echo_stays
            if self.echo_seen and exchange is not None and exchange.phase is Phase.SENT:
                self._echoed(exchange)

    def _goes_on(self, exchange: Exchange) -> None:
        """A line of the answer has come: how long the rest may take."""
        kind = exchange.question.kind
        if exchange.phase is Phase.SENT:
            self._set_timer(exchange, LATE_OK_S * self._patience)
        elif kind.lone_answer:
            self._set_timer(exchange, LONE_ANSWER_S * self._patience)
        elif kind.pdu_follows:
            left = exchange.ends_at - self._clock.monotonic()
            self._set_timer(exchange, max(0.0, min(exchange.allowed_s, left)))

    def _answered(self) -> None:
        self.last_answer = self._clock.time()

    def _prompted(self, exchange: Exchange) -> None:
        if exchange.phase is Phase.PROMPT:
            exchange.phase = Phase.OPEN
            exchange.due = None
            self._type(exchange)
        elif exchange.phase in (Phase.UNWANTED, Phase.ABORTING):
            self._escape(exchange)

    def _type(self, exchange: Exchange) -> None:
        """Type the PDU as soon as both are there: the prompt, and the permit to fill it.

        Here and not in the task that sends: it need not be waked until the answer has come.
        """
        permit = exchange.permit
        if permit is None or not permit.done() or exchange.phase is not Phase.OPEN:
            return
        if self._current is not exchange or exchange.done.done():
            return  # lost, refused or given up while the attempt was being committed
        if permit.cancelled():
            exchange.done.cancel()
        elif (refusal := permit.exception()) is not None:
            exchange.done.set_exception(refusal)
        elif self.echo_seen:
            # Reset behind our back, it may be in text mode, and would send the PDU's digits as the
            # text of a message to the number that is its length.
            exchange.fail(NothingSent("the modem echoes again: it was reset"))
        else:
            exchange.phase = Phase.SENT
            exchange.typed_at = self._clock.monotonic()
            exchange.question.body = exchange.body
            exchange.gives_up_at = self._loop.time() + exchange.body_s
            self._await_result(exchange)
            self._write(exchange.body.encode("ascii") + CTRL_Z, exchange.body)

    def _ended(self, exchange: Exchange, final: Final) -> None:
        if exchange.asked:
            just_now = self._clock.monotonic() - exchange.asked_at < BLAME_S * self._patience
            if final.error is not None and just_now and not final.error.by_network:
                self._may_ask = False
                self._forgotten(exchange, f"{final.error} when it was asked")
                return
            if final.error is None and not exchange.question.lines:
                self._forgotten(exchange, "it answers what it is asked")
                return
        phase, exchange.phase = exchange.phase, Phase.ANSWER
        if exchange.asked and self._current is exchange:
            self._let_pass(exchange.asked)
        else:
            self._finish(exchange)
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
                self._gate.accepted(self._clock.monotonic())
            exchange.done.set_result(Response(tuple(exchange.question.lines)))

    def _abort(self, exchange: Exchange) -> None:
        """Leave the prompt, now or as soon as it shows; the slot is free when the modem says so."""
        if self._current is not exchange:
            return
        if exchange.phase is Phase.OPEN:
            self._escape(exchange)
        elif exchange.phase is Phase.PROMPT:
            exchange.phase = Phase.UNWANTED

    def _escape(self, exchange: Exchange) -> None:
        exchange.phase = Phase.ABORTING
        self._dialogue.expect_prompt()
        self._write(ESC, "<ESC>")
        self._set_timer(exchange, ABORT_S * self._patience)

    # While a PDU is in the air

    @property
    def _in_the_air(self) -> Exchange | None:
        exchange = self._current
        if exchange is None or exchange.phase is not Phase.SENT or exchange.question.lines:
            return None
        return exchange

    def _await_result(self, exchange: Exchange) -> None:
        left = exchange.gives_up_at - self._loop.time()
        probe = exchange.probe
        self._set_timer(exchange, left if probe is None else min(left, probe.every_s))

    def _ask(self, exchange: Exchange, probe: Probe) -> None:
        exchange.asked += 1
        exchange.asked_at = self._clock.monotonic()
        exchange.question.aside = probe.text
        self._write(probe.text.encode("ascii") + b"\r", probe.text)
        self._await_result(exchange)

    def _echoed(self, exchange: Exchange) -> None:
        """Echo was off: reset, it has forgotten the PDU, or never took what it echoes for one."""
        if exchange.asked:
            self._forgotten(exchange, "it echoes what it is asked")
        else:
            self.ask_after()

    def _forgotten(self, exchange: Exchange, how: str) -> None:
        """The modem says by what it does that no result will come any more."""
        self._dialogue.end()
        self._give_up(
            exchange, f"{masked(exchange.question.text)}: the modem has forgotten it: {how}"
        )

    def _let_pass(self, answers: int) -> None:
        """The result is here, and the answers to what was asked before it follow: up to one that
        cannot be among them, nobody else has the slot."""
        question = Question("AT+CMEE?", kind_of("+CMEE"), stale=answers)
        exchange = Exchange(question, self._loop)
        self._start(exchange, question.kind.timeout_s * self._patience)

    def _give_up(self, exchange: Exchange, reason: str) -> None:
        """No answer is expected any more; one that comes all the same would be mistaken."""
        self.in_sync = False
        self._finish(exchange)
        exchange.fail(CommandTimeout(reason))
        self._trace.add(self._clock.time(), "=", reason)
        self._on_timeout(reason)

    # Time

    def _set_timer(self, exchange: Exchange, seconds: float) -> None:
        exchange.waits_s = seconds
        exchange.due = self._loop.time() + seconds
        self._look_at(exchange.due)

    def _look_at(self, at: float) -> None:
        """One timer for all commands: it goes off in vain sometimes, and is rarely set."""
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._look, at)

    def _wait_anew(self, exchange: Exchange) -> None:
        """Its answer could not be heard so far."""
        if exchange.due is not None:
            exchange.due = max(exchange.due, self._loop.time() + exchange.waits_s)

    def _look(self, at: float) -> None:
        self._timer = None
        exchange = self._current
        if exchange is None or exchange.due is None:
            return
        if self._held:
            self._wait_anew(exchange)
        if exchange.due > at:
            self._look_at(exchange.due)
        else:
            self._expired(exchange, exchange.waits_s)

    def _expired(self, exchange: Exchange, seconds: float) -> None:
        text = masked(exchange.question.text)
        if exchange.phase in (Phase.PROMPT, Phase.UNWANTED):
            # It may still come, so ESC and not AT: "AT" at a late prompt would be message text.
            self._escape(exchange)
            exchange.fail(NoPrompt(f"{text}: no prompt in {seconds:g} s"))
            return
        if exchange.question.kind.lone_answer and exchange.question.lines:
            self._ended(exchange, OK)
            return
        probe = exchange.probe
        if (
            probe is not None
            and self._in_the_air is exchange
            and exchange.gives_up_at - self._loop.time() > _A_MOMENT_S
        ):
            self._ask(exchange, probe)
            return
        if exchange.phase is Phase.SENT and exchange.question.lines:
            self.in_sync = False
            self._finish(exchange)
            if not exchange.done.done():
                exchange.done.set_result(Response(tuple(exchange.question.lines)))
            self._on_timeout(f"{text}: the OK after {exchange.question.lines[0]} was lost")
            return
        if exchange.typed_at is not None:
            seconds = round(self._clock.monotonic() - exchange.typed_at, 1)
        self._give_up(exchange, f"{text}: no answer in {seconds:g} s")

    async def _probe(self, text: str, tries: int, answer_s: float) -> int:
        """Ask until there is an answer that can only be ours. Returns the tries used, 0 = none.

        An error may be a late answer to something else, so it has to be given twice.
        """
        kind = kind_of(name_of(text))
        refused = False
        for attempt in range(1, tries + 1):
            self._need_open()
            exchange = self._current = Exchange(Question(text, kind), self._loop)
            self._dialogue.ask(exchange.question)
            self._write(text.encode("ascii") + b"\r", text)
            try:
                async with asyncio.timeout(answer_s):
                    response = await exchange.done
            except CommandFailed:
                if refused or not kind.prefixes:
                    return attempt
                refused = True
            except TimeoutError:
                continue
            else:
                if response.lines or not kind.prefixes:
                    return attempt
            finally:
                self._current = None
                self._dialogue.end()
        return 0

    async def _quiet(self, quiet_s: float, *, at_most_s: float) -> None:
        """Return when nothing has come for `quiet_s`, or the chatter does not end."""
        begin = self._clock.monotonic()
        end = begin + at_most_s
        while (now := self._clock.monotonic()) < end:
            rest = max(self.last_heard, begin) + quiet_s - now
            if rest <= 0:
                return
            await asyncio.sleep(min(rest, end - now))


def _must_be_typable(text: str) -> None:
    """One command, whatever it was made of: the last gate before the wire (V.250 5.2)."""
    found = _UNTYPABLE.search(text)
    if found is not None:
        raise NotACommand(text, f"U+{ord(found[0]):04X} has no place in a command; not sent")


async def _settle(permit: asyncio.Future[None], error: BaseException) -> None:
    """Let the authorisation end (unless we are cancelled) so that nobody finds it half done."""
    if isinstance(error, asyncio.CancelledError):
        permit.cancel()
        return
    if not permit.done():
        await asyncio.wait([permit])
    if not permit.cancelled():
        permit.exception()
