"""The command that a modem is busy with, and those that wait for their turn.

The slot is held by the command, not by the task that waits for it: when the task is cancelled the
modem is still busy, so its late answer still belongs to that command and can never be taken for the
next one's. After a timeout nothing but a resync is let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .commands import kind_of, must_be_typable, name_of
from .deadline import Deadline
from .dialogue import Dialogue, Question
from .errors import AtError, CommandTimeout, OutOfSync
from .exchange import Exchange
from .turns import Turns
from .wire import Wire


class Slot:
    """Holds one exchange at a time."""

    def __init__(
        self,
        wire: Wire,
        *,
        expired: Callable[[Exchange], None],
        on_timeout: Callable[[str], None],
    ) -> None:
        """`expired` is called for a command that has had its time, `on_timeout` with the reason
        for which one was given up.
        """
        self.wire = wire
        self.dialogue = Dialogue()
        self.current: Exchange | None = None
        self.deadline = Deadline(lambda: self.current, expired)
        self.in_sync = True
        """Whether the next answer can only be that to the next command."""
        self.gap_s = 0.0
        """Rest between an answer and the next command, for modems that drop it otherwise."""
        self._turns = Turns()
        self._on_timeout = on_timeout
        self._loop = asyncio.get_running_loop()
        self._resyncs = 0

    async def take(self, text: str, *, urgent: bool) -> Exchange:
        """Wait for the turn of `text`. Raises NotACommand, OutOfSync, ChannelClosed."""
        must_be_typable(text)
        self.need_sync()
        resyncs = self._resyncs
        await self._turns.take(urgent=urgent)
        try:
            self.need_sync()
            if self.gap_s:
                await asyncio.sleep(self.gap_s)
                self.need_sync()
                if resyncs != self._resyncs:
                    raise OutOfSync("the modem was resynchronised meanwhile")
        except BaseException:
            if resyncs == self._resyncs:
                self._turns.end()
            raise
        return self.exchange(Question(text, kind_of(name_of(text))))

    def exchange(self, question: Question) -> Exchange:
        """A question with nobody's answer yet."""
        return Exchange(question, self._loop)

    def start(self, exchange: Exchange, timeout_s: float | None) -> None:
        """Send the command whose turn it is, and wait for so long; None: the caller does."""
        self.current = exchange
        self.dialogue.ask(exchange.question)
        if timeout_s is not None:
            self.deadline.set(exchange, timeout_s)
        self.wire.command(exchange.question.text, traced=exchange.traced)

    def shut(self) -> None:
        """No answer is listened for, but the turn is not over."""
        self.current = None
        self.dialogue.end()

    def release(self) -> None:
        """The next one's turn."""
        self.shut()
        self._turns.end()

    def finish(self, exchange: Exchange) -> None:
        """The modem has done with `exchange`."""
        if self.current is exchange:
            self.release()

    def seize(self) -> None:
        """Take the turn from all others, to find back into step; only after `fail_all`."""
        self._turns.seize()
        self._resyncs += 1
        self.in_sync = False

    def give_up(self, exchange: Exchange, reason: str) -> None:
        """No answer is expected any more; one that comes all the same would be mistaken."""
        self.in_sync = False
        self.finish(exchange)
        exchange.fail(CommandTimeout(reason))
        self.wire.remark(reason)
        self._on_timeout(reason)

    def lost_end(self, exchange: Exchange, reason: str) -> None:
        """The answer is there and its final result is not: it is taken, and step is lost."""
        self.in_sync = False
        self.finish(exchange)
        exchange.succeed()
        self._on_timeout(reason)

    def fail_all(self, error: AtError) -> None:
        """Fail everybody who waits for an answer or for a turn."""
        self._turns.fail(error)
        exchange = self.current
        if exchange is not None:
            self.finish(exchange)
            exchange.fail(error)

    def need_sync(self) -> None:
        """Raises ChannelClosed, or OutOfSync when a late answer could be taken for the next."""
        self.wire.need_open()
        if not self.in_sync:
            raise OutOfSync("the modem is being resynchronised")
