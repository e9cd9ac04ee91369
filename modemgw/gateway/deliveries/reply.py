"""An automatic reply: a text that the configuration has, filled in."""

from __future__ import annotations

from modemgw.config.handler_texts import HandlerText
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.fields import fields_of
from modemgw.gateway.deliveries.outcome import Never, Outcome
from modemgw.store import Payload


class Reply:
    """Answers the sender through the modem that received."""

    def __init__(self, text: str, answering: Answering) -> None:
        self._text = HandlerText(text)
        self._answering = answering

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        try:
            text = self._text.render(fields_of(payload))
        except ValueError as error:
            return Never("its text cannot be made of this", str(error), code="template")
        return await self._answering.answer(payload, text)

    async def close(self) -> None:
        """See Kind."""
