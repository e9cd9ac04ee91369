"""Sending on what came in: whole, to each number, in the transaction that ends its delivery."""

from __future__ import annotations

from collections.abc import Sequence

from modemgw.config.handler_texts import HandlerText
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.fields import fields_of
from modemgw.gateway.deliveries.matching import of_payload
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.errors import Rejected, TooMany, Unavailable
from modemgw.store import Payload, StoreConflict
from modemgw.store.records import NewMessage

PREFIX = "{{ from }}: "
"""Before a text, where the configuration does not say."""
CALL = (
    "Call from {{ from or 'an unknown number' }}{% if name %} ({{ name }}){% endif %} at "
    "{{ received_at|time('%H:%M') }} UTC"
)
"""What is said of a call then."""


class Forward:
    """Sends on to `numbers`. They get it by the routes that there are, like any message."""

    def __init__(self, numbers: Sequence[str], prefix: str, answering: Answering) -> None:
        self._numbers = numbers
        self._prefix = HandlerText(prefix)
        self._answering = answering

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        if payload.inbound is not None and payload.inbound.encoding == "raw":
            return Never("it could not be decoded: there is nothing to send on")
        try:
            content = self._content(payload)
        except ValueError as error:
            return Never("its text cannot be made of this", str(error), code="template")
        came, guard = of_payload(payload), self._answering.guard
        wrong: list[str] = []
        code = "refused"
        news: list[NewMessage] = []
        for number in self._numbers:
            if (reason := guard.may_forward(came, number)) is not None:
                code = reason.code
                wrong.append(f"{number}: {reason.detail}")
            else:
                news.append(content._replace(to=number))
        if not news:
            return Never("it can be sent on to nobody", "; ".join(wrong), code=code)
        try:
            wrong += await self._answering.accept_all(news, lambda tx: tx.deliveries.taken(payload))
        except StoreConflict:  # an earlier try had gone through after all
            return Taken(recorded=True)
        except Rejected as refusal:
            return Never("it cannot be sent on", "; ".join([*wrong, str(refusal)]))
        except TooMany as refusal:
            return Retry("as many messages as may be were sent to that number", str(refusal))
        except Unavailable as refusal:
            return Retry(str(refusal))
        if content.text is not None and content.text != came.text:
            guard.forwarded(content.text)
        return Taken(recorded=True)

    async def close(self) -> None:
        """See Kind."""

    def _content(self, payload: Payload) -> NewMessage:
        """What is sent on. Raises ValueError."""
        came = of_payload(payload)
        if came.data is not None:
            return NewMessage(to="", data=came.data, ports=came.ports)
        return NewMessage(to="", text=self._prefix.render(fields_of(payload)) + (came.text or ""))
