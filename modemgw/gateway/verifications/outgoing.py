"""The codes of messages that are on their way: kept in memory alone, put in when one is sent.

What the store has of such a message, and so whatever is listed, posted or logged of it, has `*` in
place of the code. After a restart the codes are made anew from what the store has.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.verifications.codes import Codes
from modemgw.gateway.verifications.texts import Masked, unmask
from modemgw.store import CodeMessage

SLACK_S = 3600.0
"""What is not sent any more is kept in mind so much longer."""
_OVER = FieldProblem("verification", "it has ended before its code was sent", "verification-over")


@dataclass(slots=True)
class _Waiting:
    text: str | None
    """With the code; None: it is not worth sending any more."""
    verification: str
    until: float
    """UTC seconds after which it is not sent anyway."""


class Outgoing:
    """The messages with codes that have not been sent, by their ids."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._of: dict[str, set[str]] = {}
        """The messages of each verification."""

    def add(self, message: str, verification: str, text: str | None, until: float) -> None:
        """A message is to be sent as `text`; None: not at all."""
        self._waiting[message] = _Waiting(text, verification, until)
        self._of.setdefault(verification, set()).add(message)

    def drop(self, message: str) -> None:
        """The message was not accepted after all."""
        waiting = self._waiting.pop(message, None)
        if waiting is not None:
            messages = self._of[waiting.verification]
            messages.discard(message)
            if not messages:
                del self._of[waiting.verification]

    def take_up(self, found: Iterable[CodeMessage], codes: Codes) -> None:
        """Know what the last run left."""
        for one in found:
            verification, text = one.verification, None
            if verification.status == "pending" and one.text is not None:
                code = codes.code(verification.salt, verification.length)
                text = unmask(Masked(one.text, one.places), code)
            self.add(one.message, verification.id, text, one.expires_at)

    def end(self, verification: str) -> None:
        """A verification has ended: what is not sent yet need not go out."""
        for message in self._of.get(verification, ()):
            self._waiting[message].text = None

    def reveal(self, job: Job) -> None:
        """Put the code into a message, if it is one with a code and is worth sending."""
        waiting = self._waiting.get(job.id)
        if waiting is not None and waiting.text is not None:
            job.content = job.content._replace(text=waiting.text)

    def at_sending(self, job: Job) -> None:
        """Put the code into a message that is taken for sending. Raises Rejected: it is over.

        Costs any other message one look into a dictionary.
        """
        waiting = self._waiting.get(job.id)
        if waiting is None:
            return
        if waiting.text is None:
            raise Rejected([_OVER])
        self.reveal(job)

    def forget_idle(self, now: float, on_their_way: Callable[[], Container[str]]) -> None:
        """Forget what is not sent any more at `now` (UTC seconds).

        `on_their_way` has the ids of all messages that still want a modem: whatever a clock says,
        none of these is sent without its code. It is called only when it matters.
        """
        over = [m for m, one in self._waiting.items() if one.until + SLACK_S < now]
        waiting = on_their_way() if over else ()
        for message in over:
            if message not in waiting:
                self.drop(message)
