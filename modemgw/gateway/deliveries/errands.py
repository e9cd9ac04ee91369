"""What a handler's function wants sent: read with suspicion, and accepted like anybody's message.

It was sent for one delivery, and is sent once however often that is tried: the first message to a
recipient is the first one at each try, whatever it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modemgw.config import MessageType
from modemgw.gateway.admission.limits import REPLIES_KEY
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.matching import of_payload
from modemgw.gateway.errors import Rejected, TooMany, Unavailable
from modemgw.store import Payload, Store
from modemgw.store.records import Message, NewMessage

Name = Annotated[str, Field(max_length=64)]
Port = Annotated[int, Field(ge=0, le=65535)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Reply(_Shape):
    """An answer to the sender."""

    reply: Literal[True]
    text: Annotated[str, Field(max_length=255 * 153)]
    type: MessageType = "transactional"
    reference: Annotated[str, Field(max_length=255)] | None = None


class _Message(_Shape):
    """A message to anybody: fields as in NewMessage."""

    to: Name
    text: Annotated[str, Field(max_length=255 * 153)] | None = None
    data: Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", max_length=2 * 255 * 140)] | None = None
    """In hexadecimal."""
    ports: Annotated[list[Port], Field(min_length=2, max_length=2)] | None = None
    type: MessageType = "transactional"
    route: Name | None = None
    modem: Name | None = None
    encoding: Literal["auto", "gsm7", "ucs2", "binary"] = "auto"
    transliterate: bool = False
    message_class: Annotated[int, Field(ge=0, le=3)] | None = None
    validity_s: Annotated[int, Field(ge=1, le=63 * 7 * 86400)] | None = None
    send_at: float | None = None
    receipt: bool = True
    reference: Annotated[str, Field(max_length=255)] | None = None
    max_parts: Annotated[int, Field(ge=1, le=255)] | None = None
    tags: Annotated[list[Name], Field(max_length=20)] = []

    def new_message(self) -> NewMessage:
        """What the gateway is asked to send."""
        fields = self.model_dump()
        fields["data"] = None if self.data is None else bytes.fromhex(self.data)
        fields["ports"] = None if self.ports is None else tuple(self.ports)
        fields["tags"] = tuple(self.tags)
        return NewMessage(**fields)


class Errands:
    """What is asked for during one try of a delivery, and how it is answered."""

    def __init__(self, payload: Payload, answering: Answering, store: Store) -> None:
        self._payload = payload
        self._store = store
        self._came = of_payload(payload)
        self._answering = answering
        self._sent: Counter[str] = Counter()
        """How many messages were asked for, by recipient."""

    async def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Do what was asked for, and say what came of it."""
        try:
            new = self._read(asked["send"])
        except (ValidationError, KeyError, TypeError) as error:
            return _refused("rejected", _what_is_wrong(error))
        key = asked.get("idempotency_key")
        if key is not None and not isinstance(key, str):
            return _refused("rejected", "idempotency_key: this must be a text")
        self._sent[new.to] += 1
        once = Idempotency(self._key(new.to, key), "", _id_of)
        automatic = new.to == self._came.sender
        if automatic and (reason := self._answering.guard.may_answer(self._came)) is not None:
            # Perhaps just because of what it was answered in the try before.
            before = await self._store.look_up(
                lambda view: view.answers.find(REPLIES_KEY, once.key)
            )
            if before is not None:
                return {"sent": before.body.decode()}
            return _refused("no-answer", reason.detail)
        try:
            accepted = await self._answering.send(
                new,
                key=REPLIES_KEY if automatic else f"{REPLIES_KEY}:{self._payload.subscriber}",
                idempotency=once,
                automatic=automatic,
            )
        except Rejected as refusal:
            return _refused("rejected", str(refusal))
        except TooMany as refusal:
            return _refused("too-many", str(refusal), refusal.retry_after_s)
        except Unavailable as refusal:
            return _refused("unavailable", str(refusal))
        if accepted.message is not None:
            return {"sent": accepted.message.id}
        assert accepted.replay is not None, "either it was accepted now, or before"
        return {"sent": accepted.replay.decode()}

    def _read(self, wanted: Any) -> NewMessage:
        if "reply" not in wanted:
            return _Message.model_validate(wanted).new_message()
        reply = _Reply.model_validate(wanted)
        return NewMessage(
            to=self._came.sender,
            text=reply.text,
            type=reply.type,
            modem=self._came.modem,
            reference=reply.reference,
        )

    def _key(self, to: str, given: str | None) -> str:
        """The same at each try; another one when the delivery is replayed."""
        try_of = f"{self._payload.id}@{self._payload.waiting_since:.3f}"
        if given is not None:
            return f"{try_of}/key/{given}"
        return f"{try_of}/{to}/{self._sent[to]}"


def _id_of(message: Message) -> bytes:
    return message.id.encode()


def _refused(code: str, says: str, retry_after_s: float | None = None) -> dict[str, Any]:
    return {"refused": {"code": code, "says": says, "retry_after_s": retry_after_s}}


def _what_is_wrong(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "this is no message"
    return "; ".join(
        f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)
    )
