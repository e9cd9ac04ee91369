"""Commands with a prompt (+CMGS, +CMGW; TS 27.005 3.5.1): the prompt, the PDU, and the result.

The PDU is typed when both are there: the prompt, and the permit (the attempt is committed). From
then on it is in the air, and only the result says what became of it; meanwhile the modem may be
asked whether it still knows of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from .commands import kind_of, must_be_typable
from .dialogue import Question
from .errors import AtError, CommandFailed, NoPrompt, NothingSent
from .exchange import Exchange, Phase, Probe, Response
from .results import Final
from .slot import Slot
from .trace import masked
from .wire import CTRL_Z, ESC

LATE_OK_S = 5.0
"""After `+CMGS: mr` the message is accepted; an OK that is not there by then was lost."""
ABORT_S = 2.0
BLAME_S = 2.0
"""An error so soon after the modem was asked something while it sent may be the asking's doing."""
_A_MOMENT_S = 0.001


class Submission:
    """What a channel does beyond question and answer while the command has a prompt."""

    def __init__(self, slot: Slot, patience: float) -> None:
        self._slot = slot
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._may_ask = True

    async def run(
        self,
        text: str,
        body: str,
        *,
        authorise: Awaitable[None],
        prompt_s: float,
        timeout_s: float,
        probe: Probe | None,
    ) -> Response:
        """See `AtChannel.submit`."""
        permit = asyncio.ensure_future(authorise)
        try:
            must_be_typable(body)
            exchange = await self._slot.take(text, urgent=True)
        except BaseException as error:
            await _settle(permit, error)
            if isinstance(error, AtError):
                raise NothingSent(str(error), error) from error
            raise
        exchange.phase = Phase.PROMPT
        exchange.body, exchange.permit, exchange.body_s = body, permit, timeout_s
        exchange.probe = probe if self._may_ask else None
        exchange.question.wants_prompt = True
        self._slot.start(exchange, prompt_s)
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

    # The prompt

    def prompted(self, exchange: Exchange) -> None:
        """The modem asks for the PDU."""
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
        if self._slot.current is not exchange or exchange.done.done():
            return  # lost, refused or given up while the attempt was being committed
        if permit.cancelled():
            exchange.done.cancel()
        elif (refusal := permit.exception()) is not None:
            exchange.done.set_exception(refusal)
        elif self._slot.wire.echo.seen:
            # Reset behind our back, it may be in text mode, and would send the PDU's digits as the
            # text of a message to the number that is its length.
            exchange.fail(NothingSent("the modem echoes again: it was reset"))
        else:
            exchange.phase = Phase.SENT
            exchange.typed_at = self._slot.wire.clock.monotonic()
            exchange.question.body = exchange.body
            exchange.gives_up_at = self._loop.time() + exchange.body_s
            self._await_result(exchange)
            self._slot.wire.write(exchange.body.encode("ascii") + CTRL_Z, exchange.body)

    def _abort(self, exchange: Exchange) -> None:
        """Leave the prompt, now or as soon as it shows; the slot is free when the modem says so."""
        if self._slot.current is not exchange:
            return
        if exchange.phase is Phase.OPEN:
            self._escape(exchange)
        elif exchange.phase is Phase.PROMPT:
            exchange.phase = Phase.UNWANTED

    def _escape(self, exchange: Exchange) -> None:
        exchange.phase = Phase.ABORTING
        self._slot.dialogue.expect_prompt()
        self._slot.wire.write(ESC, "<ESC>")
        self._slot.deadline.set(exchange, ABORT_S * self._patience)

    # In the air

    @property
    def in_the_air(self) -> Exchange | None:
        """The command whose PDU is out and whose result is awaited."""
        exchange = self._slot.current
        if exchange is None or exchange.phase is not Phase.SENT or exchange.question.lines:
            return None
        return exchange

    def hasten(self, seconds: float) -> None:
        """See `AtChannel.hasten`."""
        exchange = self.in_the_air
        if exchange is not None:
            until = self._loop.time() + seconds
            if until < exchange.gives_up_at:
                exchange.gives_up_at = until
                self._await_result(exchange)

    def ask_after(self) -> bool:
        """See `AtChannel.ask_after`."""
        exchange = self.in_the_air
        if exchange is None or exchange.probe is None:
            return False
        since = self._slot.wire.clock.monotonic() - exchange.asked_at
        if not exchange.asked or since > exchange.probe.every_s / 3:
            self._ask(exchange, exchange.probe)
        return True

    def still_sending(self) -> None:
        """A result came on its own: the modem was sending after all, though asking said otherwise.

        A modem that answers in between is not asked again.
        """
        self._may_ask = False

    def reference_came(self, exchange: Exchange) -> None:
        """`+CMGS: mr` is there; OK follows."""
        self._slot.deadline.set(exchange, LATE_OK_S * self._patience)

    def echoed(self, exchange: Exchange) -> None:
        """Echo was off: reset, it has forgotten the PDU, or never took what it echoes for one."""
        if exchange.asked:
            self._forgotten(exchange, "it echoes what it is asked")
        else:
            self.ask_after()

    def has_forgotten(self, exchange: Exchange, final: Final) -> bool:
        """Whether a result is the answer to what was asked in between; then no other will come,
        and the command is given up.
        """
        if not exchange.asked:
            return False
        just_now = self._slot.wire.clock.monotonic() - exchange.asked_at
        if final.error is None:
            if exchange.question.lines:
                return False
            self._forgotten(exchange, "it answers what it is asked")
            return True
        if just_now < BLAME_S * self._patience and not final.error.by_network:
            self._may_ask = False
            self._forgotten(exchange, f"{final.error} when it was asked")
            return True
        return False

    def done(self, exchange: Exchange) -> None:
        """The result is here. The slot is free when what was asked in between is answered, too."""
        if exchange.asked and self._slot.current is exchange:
            self._let_pass(exchange.asked)
        else:
            self._slot.finish(exchange)

    def expired(self, exchange: Exchange) -> bool:
        """The prompt or the result is late. False: it is not for us to say what follows."""
        text = masked(exchange.question.text)
        if exchange.phase in (Phase.PROMPT, Phase.UNWANTED):
            # It may still come, so ESC and not AT: "AT" at a late prompt would be message text.
            seconds = exchange.waits_s
            self._escape(exchange)
            exchange.fail(NoPrompt(f"{text}: no prompt in {seconds:g} s"))
            return True
        probe = exchange.probe
        if (
            probe is not None
            and self.in_the_air is exchange
            and exchange.gives_up_at - self._loop.time() > _A_MOMENT_S
        ):
            self._ask(exchange, probe)
            return True
        if exchange.phase is Phase.SENT and exchange.question.lines:
            reference = exchange.question.lines[0]
            self._slot.lost_end(exchange, f"{text}: the OK after {reference} was lost")
            return True
        return False

    def _await_result(self, exchange: Exchange) -> None:
        left = exchange.gives_up_at - self._loop.time()
        probe = exchange.probe
        self._slot.deadline.set(exchange, left if probe is None else min(left, probe.every_s))

    def _ask(self, exchange: Exchange, probe: Probe) -> None:
        exchange.asked += 1
        exchange.asked_at = self._slot.wire.clock.monotonic()
        exchange.question.aside = probe.text
        self._slot.wire.command(probe.text)
        self._await_result(exchange)

    def _forgotten(self, exchange: Exchange, how: str) -> None:
        """The modem says by what it does that no result will come any more."""
        self._slot.dialogue.end()
        text = masked(exchange.question.text)
        self._slot.give_up(exchange, f"{text}: the modem has forgotten it: {how}")

    def _let_pass(self, answers: int) -> None:
        """The result is here, and the answers to what was asked before it follow: up to one that
        cannot be among them, nobody else has the slot.
        """
        question = Question("AT+CMEE?", kind_of("+CMEE"), stale=answers)
        self._slot.start(self._slot.exchange(question), question.kind.timeout_s * self._patience)


async def _settle(permit: asyncio.Future[None], error: BaseException) -> None:
    """Let the authorisation end (unless we are cancelled) so that nobody finds it half done."""
    if isinstance(error, asyncio.CancelledError):
        permit.cancel()
        return
    if not permit.done():
        await asyncio.wait([permit])
    if not permit.cancelled():
        permit.exception()
