"""Answering the sender: what every handler does that has something to say to it.

An answer is accepted in the transaction that ends its delivery, so it goes out once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from modemgw.gateway.admission.results import Accepted, Idempotency
from modemgw.gateway.deliveries.matching import Came, of_payload
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.errors import Rejected, TooMany, Unavailable
from modemgw.store import Payload, StoreConflict, Transaction
from modemgw.store.records import NewMessage

LONGEST = 1600
"""Characters of an answer; what is longer is cut off."""
_CUT = "..."
"""Stands for what was cut off: a real ellipsis would double the price."""

Accept = Callable[[NewMessage, Callable[[Transaction], None]], Awaitable[None]]
"""Accepts an answer; in the same transaction, before that, it does what is handed along."""
AcceptAll = Callable[[Sequence[NewMessage], Callable[[Transaction], None]], Awaitable[list[str]]]
"""Accepts what is sent on, in one transaction as well. Returns what is wrong with those that
cannot be sent; raises Rejected when none can."""


class Send(Protocol):
    """Accepts what a handler's own code sends: see Admission.send."""

    async def __call__(
        self,
        new: NewMessage,
        /,
        *,
        key: str,
        idempotency: Idempotency | None = None,
        automatic: bool = False,
    ) -> Accepted:
        """Raises Rejected, TooMany, Unavailable."""
        ...


class Reason(Protocol):
    """Why something is not answered."""

    @property
    def code(self) -> str:
        """For programs."""
        ...

    @property
    def detail(self) -> str:
        """For a person, without anything of the message."""
        ...


class Guard(Protocol):
    """Keeps machines from answering each other: modemgw.gateway.incoming.loop_guard."""

    def may_answer(self, inbound: Came, /) -> Reason | None:
        """Why this must not be answered; None if it may be."""
        ...

    def judge(self, inbound: Came, /) -> Reason | None:
        """The same, and nobody is told of it."""
        ...

    def may_forward(self, inbound: Came, to: str, /) -> Reason | None:
        """Why this must not be sent on to a number; None if it may be."""
        ...

    def judge_forward(self, inbound: Came, to: str, /) -> Reason | None:
        """The same, and nobody is told of it."""
        ...

    def forwarded(self, text: str, /) -> None:
        """A text that says who sent it was sent on."""
        ...


@dataclass(frozen=True, slots=True)
class Answering:
    """What handlers answer and send on with."""

    accept: Accept
    accept_all: AcceptAll
    send: Send
    guard: Guard

    async def answer(self, payload: Payload, text: str) -> Outcome:
        """Answer the sender with a text, through the modem that received. Nothing for no text."""
        if not text.strip():
            return Taken()
        came = of_payload(payload)
        if (reason := self.guard.may_answer(came)) is not None:
            return Never(reason.detail, repr(came.sender), code=reason.code)
        try:
            await self.accept(
                NewMessage(to=came.sender, text=bounded(text), modem=came.modem),
                lambda tx: tx.deliveries.taken(payload),
            )
        except StoreConflict:  # an earlier try had gone through after all
            return Taken(recorded=True)
        except Rejected as refusal:
            return Never("the reply cannot be sent", str(refusal))
        except TooMany as refusal:
            if (reason := self.guard.may_answer(came)) is not None:
                return Never(reason.detail, repr(came.sender), code=reason.code)
            return Retry("as many messages as may be were sent to that number", str(refusal))
        except Unavailable as refusal:
            return Retry(str(refusal))
        return Taken(recorded=True)


def bounded(text: str) -> str:
    """A text of LONGEST characters at the most."""
    return text if len(text) <= LONGEST else text[: LONGEST - len(_CUT)].rstrip() + _CUT
