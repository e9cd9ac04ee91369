"""What is wrong with a modem behind an open port."""

from __future__ import annotations

import asyncio
import logging

from ..at import AtChannel, AtError, ChannelClosed, CommandFailed
from .ladder import Cause, Fault

log = logging.getLogger(__name__)


class Diagnosis:
    """The fault that waits to be mended: the first one counts until it is forgotten."""

    def __init__(self, name: str, channel: AtChannel) -> None:
        self._name = name
        self._channel = channel
        self.forget()

    def forget(self) -> None:
        """Whatever was wrong is mended, or will show again."""
        self._fault: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()

    def note(self, fault: Fault) -> None:
        """Something is wrong: `fail` raises it."""
        if not self._fault.done():
            self._fault.set_result(fault)

    @property
    def pending(self) -> Fault | None:
        """The fault that waits. Whatever else is wrong comes of a flood, if there is one."""
        if self._channel.flooding is not None:
            return Fault(Cause.FLOODING, self._channel.flooding)
        return self._fault.result() if self._fault.done() else None

    @property
    def sound(self) -> bool:
        """Whether nothing waits to be mended, and the port is there."""
        return not self._fault.done() and not self._channel.closed.done()

    def of(self, error: BaseException) -> Fault | None:
        """The fault to mend when the work has ended with `error`; None: the port itself is gone."""
        if self._channel.closed.done():
            return None
        known = self.pending
        if known is not None:
            return known
        first = error
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if isinstance(first, Fault):
            return first
        if isinstance(first, CommandFailed):
            return Fault(Cause.REFUSING, f"the modem refused {first}")
        if isinstance(first, AtError):
            return Fault(Cause.SILENT, str(first))
        log.error("modem %s: unexpected", self._name, exc_info=first)
        return Fault(Cause.MISTAKE, f"unexpected: {first}")

    async def pause(self, seconds: float) -> None:
        """Wait, and no longer than until something is wrong. Raises the fault, if there is one."""
        await asyncio.wait([self._fault, self._channel.closed], timeout=seconds)
        if self._fault.done():
            raise self._fault.result()

    async def fail(self) -> None:
        """Raise the next fault, or ChannelClosed when the port is gone."""
        await asyncio.wait([self._fault, self._channel.closed], return_when=asyncio.FIRST_COMPLETED)
        if self._fault.done():
            raise self._fault.result()
        raise ChannelClosed(str(self._channel.closed.result()))
