"""What a function that handles received messages is given, and may raise.

    from modemgw.handler import Gateway, Message

    def on_message(message: Message, gateway: Gateway) -> None:
        gateway.reply(f"Thank you, {message.sender}")

Such a function runs in a process of its own, and knows nothing else of the gateway: this package
needs nothing but Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Event", "Gateway", "GiveUp", "Message", "NotSent"]


@dataclass(frozen=True, slots=True)
class Message:
    """A received message. Times are UTC seconds since 1970-01-01T00:00:00Z."""

    id: str
    """The same at each try: compare it where a message must not be worked on twice."""
    sender: str
    """`from` in the API: a number with country code, a short code or a name."""
    to: str | None
    """The number of the SIM that it came to, where that is known."""
    text: str | None
    data: bytes | None
    """Octets of a binary message; then there is no text."""
    encoding: str
    """gsm7, ucs2, binary, or raw for what could not be decoded."""
    complete: bool
    """False: parts of it have not come; the gaps are marked in the text."""
    modem: str
    sim: str
    """ICCID."""
    sent_at: float | None
    """When the sender's service centre had it, by that one's clock; may be wrong."""
    received_at: float
    message_class: int | None = None
    """0 to 3; 0 is shown at once and not kept by phones."""
    ports: tuple[int, int] | None = None
    """Application ports: where to, where from."""
    kind: str = "text"
    """`text`, `flash`, `mwi`, `wap_push`, `mms_notification` …; `raw`: it could not be decoded."""
    details: Mapping[str, Any] | None = None
    """What it says beside its text, under `mwi`, `wap_push` or `mms`."""
    replaces: str | None = None
    """The id of the message whose place it takes."""
    parts_total: int = 1
    problem: str | None = None
    """Why it could not be decoded."""
    match: Mapping[str, Any] = field(default_factory=dict)
    """What the handler has found in it: `keyword`, `rest`, and `groups` of its pattern."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something else that happened, for handlers that ask for it."""

    type: str
    """Such as `call.received`."""
    at: float
    """UTC seconds."""
    data: Mapping[str, Any]


class NotSent(Exception):
    """The gateway did not accept a message; what it says names every field that is wrong.

    Where a function lets this pass, the delivery has failed as a reply would have: it is tried
    again after `too-many` and `unavailable`, and given up after the others.
    """

    def __init__(self, says: str, code: str, retry_after_s: float | None = None) -> None:
        super().__init__(says)
        self.code = code
        """`rejected`: never as it is; `no-answer`: nothing automatic may go to that sender;
        `too-many`: a limit is reached; `unavailable`: not now."""
        self.retry_after_s = retry_after_s
        """With `too-many`: after so many seconds one more is allowed."""


class GiveUp(Exception):
    """Raise it when another try is bound to fail: then the delivery is not tried again."""


Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks the gateway something and returns what it answers."""


class Gateway:
    """Sends, from within a function that handles one delivery.

    Each call returns when the message is committed, a few milliseconds later; so it may be called
    from a plain function and from a coroutine alike. When the delivery is tried again, what was
    sent in the try before is not sent again: the first message to a recipient is taken to be the
    first one, the second the second, whatever they say.
    """

    def __init__(self, delivery: str, ask: Ask) -> None:
        self.delivery = delivery
        """Of which delivery this is a try: `dlv_7`."""
        self._ask = ask

    def reply(
        self,
        text: str,
        *,
        type: Literal["otp", "transactional", "promotional"] = "transactional",
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Answer the sender through the modem that received; returns the id of the message.

        Raises NotSent, also where an answer would go to a machine or a name (`no-answer`).
        """
        return self._send(
            {"reply": True, "text": text, "type": type, "reference": reference}, idempotency_key
        )

    def send(
        self,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        ports: tuple[int, int] | None = None,
        type: Literal["otp", "transactional", "promotional"] = "transactional",
        route: str | None = None,
        modem: str | None = None,
        encoding: Literal["auto", "gsm7", "ucs2", "binary"] = "auto",
        transliterate: bool = False,
        message_class: int | None = None,
        validity: int | None = None,
        send_at: float | None = None,
        receipt: bool = True,
        reference: str | None = None,
        max_parts: int | None = None,
        tags: Sequence[str] = (),
        idempotency_key: str | None = None,
    ) -> str:
        """Have a text, or octets, sent to a number; returns the id of the message.

        `validity`: seconds after which it is not worth sending. `send_at`: UTC seconds. With an
        `idempotency_key` of yours, instead of the count of messages, it is sent once for this
        delivery however the tries differ. Raises NotSent.
        """
        wanted = {
            "to": to,
            "text": text,
            "data": None if data is None else data.hex(),
            "ports": ports,
            "type": type,
            "route": route,
            "modem": modem,
            "encoding": encoding,
            "transliterate": transliterate,
            "message_class": message_class,
            "validity_s": validity,
            "send_at": send_at,
            "receipt": receipt,
            "reference": reference,
            "max_parts": max_parts,
            "tags": list(tags),
        }
        return self._send(wanted, idempotency_key)

    def _send(self, wanted: dict[str, Any], idempotency_key: str | None) -> str:
        answer = self._ask({"send": wanted, "idempotency_key": idempotency_key})
        if (refusal := answer.get("refused")) is not None:
            raise NotSent(refusal["says"], refusal["code"], refusal.get("retry_after_s"))
        return str(answer["sent"])
