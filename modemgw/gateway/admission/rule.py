"""A rule before acceptance, and the draft of a message that the rules look at and fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from modemgw.clock import SteadyClock
from modemgw.config import Config
from modemgw.gateway.admission.quota import Allowance
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.budgets.budgets import Budgets
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.templates.catalogue import Catalogue
from modemgw.gateway.templates.compiled import CompiledVariant
from modemgw.sms import Segmentation
from modemgw.store import Store, Transaction
from modemgw.store.records import (
    ErrorInfo,
    Key,
    Mailing,
    Message,
    MessageStatus,
    NewMailing,
    NewMessage,
    Part,
    PartStatus,
    Recipient,
)

NOBODY: Recipient = ("", "", "")
"""Stands for the recipient in what the messages of a mailing share."""


class Request(NamedTuple):
    """One call of a caller: a message, a batch, an automatic reply or a preview."""

    key: str
    """Name of the API key."""
    now: float
    """UTC seconds of the wall clock."""
    batch: str | None = None
    """The batch's id, if it is one."""
    automatic: bool = False
    """Whether it is an automatic reply."""
    ours: bool = False
    """Whether the gateway says what it says, and the key only who gets it."""
    idempotency: Idempotency | None = None
    send_at: float | None = None
    """When the messages of a batch are sent that say nothing else (UTC seconds)."""


class Deferral(NamedTuple):
    """Why a message waits though its sender would have it sent, and until when."""

    until: float
    """UTC seconds."""
    why: ErrorInfo


@dataclass(slots=True)
class Addressee:
    """One recipient on the way through the rules."""

    given: str
    """The number as the caller wrote it."""
    to: str = ""
    """The number as it is dialled; empty until it could be read."""
    route: str = ""
    """The id of the route that carries it."""
    deferral: Deferral | None = None
    """That it waits for a better time; None: it does not."""


Check = Callable[[Addressee], None]
"""Looks at one recipient, and may fill in what it finds. Raises Rejected."""


class Reservation(Protocol):
    """Something that each message of a draft takes one of, and has back if it is not accepted."""

    def take(self, to: str) -> None:
        """Take one for a message to this number. Raises TooMany or Rejected: nothing was taken."""
        ...

    def give_back(self, to: str) -> None:
        """The message to this number was not accepted after all."""
        ...


class Kept(Protocol):
    """What a reservation has to write with the messages that it was taken for."""

    def keep(self, mailing: Mailing) -> Callable[[Transaction], None]:
        """These messages are about to be accepted. Returns what belongs to their transaction."""
        ...

    def forget(self, mailing: Mailing) -> None:
        """They were not accepted after all."""
        ...


@dataclass(slots=True)
class Draft:
    """What is said to one recipient or to many, while the rules look at it.

    Each rule finds here what those before it have found, and adds what it finds itself. When there
    are no `problems` in the end, it can become a message.
    """

    request: Request
    new: NewMessage
    """What the caller asks for. Its `to` is one of those who get it, if it is not empty; who they
    are is told by Addressee."""
    variant: CompiledVariant | None = None
    """What has made the text, if a template has."""
    parts: Segmentation | None = None
    """The parts that the content makes."""
    send_at: float | None = None
    """UTC seconds before which it is not sent; None: at once."""
    expires_at: float = 0.0
    """UTC seconds after which it is not sent any more."""
    problems: list[FieldProblem] = field(default_factory=list)
    """What is wrong with it, whoever gets it."""
    checks: list[Check] = field(default_factory=list)
    """What the rules do for each recipient."""
    reservations: list[Reservation] = field(default_factory=list)
    """What each message takes."""
    kept: list[Kept] = field(default_factory=list)
    """What of that has to be written with the messages."""

    def check(self, given: str) -> Addressee:
        """A recipient whom this may be sent to. Raises Rejected with every field that is wrong."""
        one = Addressee(given)
        problems: tuple[FieldProblem, ...] = ()
        for check in self.checks:
            try:
                check(one)
            except Rejected as refusal:
                problems += refusal.problems
                if not one.to:  # then there is nobody to ask the other rules about
                    break
        if problems or self.problems:
            raise Rejected([*problems, *self.problems])
        return one

    def admit(self, given: str) -> Addressee:
        """A recipient whom this will be sent to: as `check`, and what it takes is reserved.

        Raises Rejected, or TooMany when nothing is wrong but a limit is reached.
        """
        one = Addressee(given)
        try:
            for check in self.checks:
                check(one)
        except Rejected:
            one = self.check(given)  # says all that is wrong
        if self.problems:
            raise Rejected(self.problems)
        taken = self.reservations
        for reservation in taken:
            try:
                reservation.take(one.to)
            except Exception:
                give_back(taken[: taken.index(reservation)], one.to)
                raise
        return one

    def message(self, recipient: Recipient = NOBODY, deferral: Deferral | None = None) -> Message:
        """The message as it will be stored; only of a draft without problems."""
        assert self.parts is not None, "a draft without problems has a content"
        new, request, (id, to, route) = self.new, self.request, recipient
        send_at, why = (self.send_at, None) if deferral is None else deferral
        template = None if self.variant is None else self.variant.of.template
        return Message(
            id=id,
            to=to,
            text=text_sent(new, self.parts),
            data=new.data,
            ports=new.ports,
            type=new.type,
            status=MessageStatus.QUEUED if send_at is None else MessageStatus.SCHEDULED,
            encoding=self.parts.alphabet.value,
            message_class=new.message_class,
            receipt=new.receipt,
            parts=_unsent(len(self.parts.parts)),
            error=why,
            route=route,
            modem=new.modem,
            key=request.key,
            reference=new.reference,
            callback_url=new.callback_url,
            batch=request.batch,
            tags=new.tags,
            created_at=request.now,
            updated_at=request.now,
            send_at=send_at,
            expires_at=self.expires_at,
            template=None if template is None else template.name,
            template_version=None if template is None else template.version,
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may use besides the configuration."""

    store: Store
    clock: SteadyClock
    consents: ConsentRegister = field(default_factory=ConsentRegister)
    """Who has opted out."""
    templates: Catalogue = field(default_factory=Catalogue)
    """The templates in force."""
    budgets: Budgets | None = None
    """What budgets have left; None: there are none."""


class Rule:
    """One thing that decides whether, and as what, a message is accepted.

    A rule says only what it has to say: everything here does nothing until it is overridden. A rule
    is made once and lives as long as the gateway; all of it is called in the event loop.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings

    def configure(self, config: Config) -> None:
        """Go by this configuration: at the start, and whenever there is another one."""

    async def load(self) -> None:
        """Learn from the store what must be known; awaited after each `configure`."""

    async def groups(
        self, mailing: NewMailing
    ) -> Sequence[tuple[NewMessage, Sequence[int]]] | None:
        """Recipients who cannot share a draft, though they were given one content: each group by
        its places in `mailing.to`, with a content whose `to` is one of them. None: all can.
        """
        return None

    def common(self, draft: Draft) -> None:
        """Look at what all recipients share, once however many they are; fill in what is found.

        Raises Rejected: the other rules are asked all the same, so that all is told at once.
        """

    def each(self, draft: Draft) -> Check | None:
        """What is done for each recipient; None: it does not matter who they are."""
        return None

    def reservation(self, draft: Draft) -> Reservation | None:
        """What each message takes, after no rule had anything against it; None: nothing."""
        return None

    def in_transaction(self, request: Request, answer: Any) -> Callable[[Transaction], None] | None:
        """What is written in the transaction that accepts the messages, before them.

        `answer`: what the caller will be told (Accepted, AcceptedBatch), None for a reply. What is
        returned may raise StoreConflict: then nothing is accepted, and what was reserved is given
        back.
        """
        return None

    def at_sending(self, job: Job) -> None:
        """Look at a message again, each time that it is taken for sending.

        Raises Rejected, and the message ends with the first of the problems as its error;
        TooMany, and the message waits so long; or NotYet, and it is scheduled anew. It is not asked
        about a message of which the network has a part already: half of it would be worse than all
        of it.
        """

    async def key_seen(self, key: Key) -> None:
        """A key is let in that was not looked up for a while: new to this run, it may be, or
        another one of its name. Awaited before anything is accepted from it.
        """

    def allowances(self, key: str) -> Sequence[Allowance]:
        """What is left of the limits on a key, by its name; nothing where it has none."""
        return ()

    def replies_left(self, to: str) -> int | None:
        """How many more automatic replies a number may have in this hour; None: it says nothing."""
        return None

    def clock_set(self, by_s: float) -> None:
        """The wall clock was set `by_s` seconds ahead, and the store's dates of this run with it.

        The steady clock knows it already: its `ahead_s` is the new one.
        """

    def forget_idle(self, now: float) -> None:
        """Drop from memory what does not matter any more at `now` (UTC seconds)."""


def unknown(field: str, named: str, there_are: Iterable[str]) -> FieldProblem:
    """The problem with a field that names something which is not configured."""
    known = ", ".join(sorted(there_are)) or "none"
    return FieldProblem(field, f"there is no {field} {named!r}; there is {known}", "unknown")


def give_back(reservations: Sequence[Reservation], to: str) -> None:
    """The message to a recipient was not accepted after all: nobody has taken these."""
    for reservation in reversed(reservations):
        reservation.give_back(to)


def text_sent(new: NewMessage, parts: Segmentation) -> str | None:
    """The text as it goes out: with what transliteration changed."""
    if new.data is not None or not parts.changes:
        return None if new.data is not None else new.text
    return "".join(part.text or "" for part in parts.parts)


@lru_cache(maxsize=256)
def _unsent(count: int) -> tuple[Part, ...]:
    return tuple(Part(i, PartStatus.QUEUED) for i in range(1, count + 1))
