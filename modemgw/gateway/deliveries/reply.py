"""An automatic reply: accepted in the transaction that ends its delivery, so sent once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.errors import Rejected, TooMany, Unavailable
from modemgw.store import Payload, StoreConflict, Transaction
from modemgw.store.records import Inbound, NewMessage

Accept = Callable[[NewMessage, Callable[[Transaction], None]], Awaitable[None]]
"""Accepts a message; in the same transaction, before that, it does what is handed along."""


class Reply:
    """Answers the sender through the modem that received."""

    def __init__(self, text: str, accept: Accept) -> None:
        self._text = text
        self._accept = accept

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        assert payload.inbound is not None, "it is asked about received messages only"
        return await self.answer(payload.inbound, payload)

    async def answer(self, message: Inbound, payload: Payload) -> Outcome:
        """Answer a received message, which ends the delivery `payload`."""
        if not message.sender.lstrip("+").isdecimal():
            return Never("its sender is not a number that can be answered", repr(message.sender))
        try:
            await self._accept(
                NewMessage(to=message.sender, text=self._text, modem=message.modem),
                lambda tx: tx.deliveries.taken(payload),
            )
        except StoreConflict:  # an earlier try had gone through after all
            return Taken(recorded=True)
        except Rejected as refusal:
            return Never("the reply cannot be sent", str(refusal))
        except TooMany as refusal:
            return Retry("as many messages as may be were sent to that number", str(refusal))
        except Unavailable as refusal:
            return Retry(str(refusal))
        return Taken(recorded=True)

    async def close(self) -> None:
        """See Kind."""
