"""What the far end saw: parts as the service centre accepted them, and the messages they make."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from modemgw import sms


@dataclass(frozen=True, slots=True, eq=False)
class AcceptedPart:
    """One SMS-SUBMIT that the service centre took charge of."""

    at: float
    """When, on the monotonic clock."""
    wall_at: float
    """When, in seconds since the epoch."""
    modem_index: int
    iccid: str
    sender: str
    destination: str
    tpdu: bytes
    """As it went over the air, with the modem's own TP-MR."""
    reference: int
    """TP-MR."""
    submit: sms.Submit

    @property
    def text(self) -> str | None:
        """The text of this part alone; None when it is binary."""
        return self.submit.user_data.text

    @property
    def data(self) -> bytes:
        """The octets behind the user data header."""
        return self.submit.user_data.data

    @property
    def concatenation(self) -> sms.Concatenation | None:
        return self.submit.user_data.concatenation


@dataclass(slots=True, eq=False)
class Message:
    """What a recipient reads: the parts of one message, as far as they have come."""

    sender: str
    destination: str
    at: float
    """When its first part was accepted, on the monotonic clock."""
    parts: list[AcceptedPart] = field(default_factory=list)

    def _assembled(self) -> sms.Assembled:
        return sms.assemble([part.submit.user_data for part in self.parts])

    @property
    def text(self) -> str | None:
        """The whole text, gaps marked; None when it is binary."""
        if len(self.parts) == 1 and self.parts[0].concatenation is None:
            return self.parts[0].text
        return self._assembled().text

    @property
    def data(self) -> bytes | None:
        """The whole payload of a binary message; None when it is text."""
        assembled = self._assembled()
        return assembled.data if assembled.text is None else None

    @property
    def alphabet(self) -> sms.Alphabet:
        return self._assembled().alphabet

    @property
    def complete(self) -> bool:
        """Every part is there."""
        concatenation = self.parts[0].concatenation
        return concatenation is None or self._assembled().complete


class Mailbox:
    """Accepted parts in their order, and the messages that they make."""

    def __init__(self, history: int) -> None:
        self._history = history
        self.accepted: list[AcceptedPart] = []
        self.messages: list[Message] = []
        self.count = 0
        """Parts accepted since the start, forgotten ones too."""
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._open: dict[tuple[object, ...], tuple[Message, set[int]]] = {}

    def add(self, part: AcceptedPart) -> None:
        self.accepted.append(part)
        self.count += 1
        concatenation = part.concatenation
        if concatenation is None:
            self.messages.append(Message(part.sender, part.destination, part.at, [part]))
        else:
            self._add_to_open(part, concatenation)
        if len(self.accepted) > self._history:
            # Trimmed by halves, so that it costs nothing per message.
            del self.accepted[: self._history // 2]
            del self.messages[: -self._history // 2]
        if self._waiters:
            self._wake()

    def _wake(self) -> None:
        for waiter in [w for w in self._waiters if w[0] <= self.count]:
            self._waiters.remove(waiter)
            if not waiter[1].done():
                waiter[1].set_result(None)

    async def wait(self, count: int, timeout_s: float) -> None:
        """Return once `count` parts have come since the start; TimeoutError after `timeout_s`."""
        if self.count >= count:
            return
        waiter = (count, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout_s):
                await waiter[1]
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _add_to_open(self, part: AcceptedPart, concatenation: sms.Concatenation) -> None:
        key = (
            part.sender,
            part.destination,
            concatenation.reference,
            concatenation.total,
            concatenation.wide,
        )
        message, seen = self._open.get(key, (None, set[int]()))
        if message is None or concatenation.sequence in seen:
            # The same sequence number again begins another message: a resend shows as a second one.
            message, seen = Message(part.sender, part.destination, part.at), set()
            self._open[key] = (message, seen)
            self.messages.append(message)
        message.parts.append(part)
        seen.add(concatenation.sequence)
        if len(seen) == concatenation.total:
            del self._open[key]

    def clear(self) -> None:
        """Forget what was accepted; the count goes on."""
        self.accepted.clear()
        self.messages.clear()
        self._open.clear()
