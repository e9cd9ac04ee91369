"""Verifications as doors see them: begun, checked, sent once more, called off, listed."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from modemgw.clock import SteadyClock
from modemgw.config import Config
from modemgw.gateway.admission.admission import Admission
from modemgw.gateway.admission.idempotency import first_answer
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.errors import FieldProblem, NotFound, Rejected, Unavailable, foreign_cursor
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.identifiers import new_id
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.templates.catalogue import Catalogue
from modemgw.gateway.verifications import life, sending, texts
from modemgw.gateway.verifications.codes import SALT_BYTES, Codes
from modemgw.gateway.verifications.outgoing import Outgoing
from modemgw.gateway.verifications.recipients import prefix_of, problem_with
from modemgw.gateway.verifications.refusals import Moved, NoSuchVerification, Over
from modemgw.gateway.verifications.templated import Templated
from modemgw.gateway.verifications.views import NewVerification, VerificationView, view_of
from modemgw.store import (
    AnsweredBefore,
    StoppedPrefix,
    Store,
    StoreUnavailable,
    Transaction,
    Verification,
    VerificationQuery,
)
from modemgw.store.records import Key, Message, NewMessage, Page

T = TypeVar("T")

TAG = "verification"
"""The tag of every message with a code: routes may match it."""
ROUNDS = 100
"""So often somebody else may come first with the same number."""
CHUNK = 200
"""Verifications that expire in one transaction."""
LONGEST_WAIT_S = 30.0
"""Between two looks for verifications that have expired."""


class Verifications:
    """The verifications. Await `load` before anything is sent."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        sending: Admission,
        clock: SteadyClock,
        random: Random,
        pepper: bytes,
        on_their_way: Callable[[], Container[str]] = frozenset,
        templates: Catalogue | None = None,
        salt: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`pepper`: the secret that codes are made with; `salt`: that many random octets;
        `on_their_way`: the ids of the messages that still want a modem.
        """
        self._config = config
        self._section = config.verifications
        self._store = store
        self._sending = sending
        self._clock = clock
        self._random = random
        self._codes = Codes(pepper)
        self._templated = Templated(templates or Catalogue())
        self._salt = salt
        self._on_their_way = on_their_way
        self._outgoing = Outgoing()

    def follow(self, config: Config) -> Rest:
        """See Follower: other limits at once; what was begun keeps its length, end and tries."""
        self._config, self._section = config, config.verifications
        return nothing_left()

    async def load(self) -> None:
        """Know the codes of what the last run left to be sent."""
        found = await self._store.read(lambda view: view.verifications.waiting_messages())
        self._outgoing.take_up(found, self._codes)

    def take_up(self, job: Job) -> None:
        """Put the code into a message that the last run left, if it is one of ours."""
        self._outgoing.reveal(job)

    def at_sending(self, job: Job) -> None:
        """Put the code into a message that is taken for sending. Raises Rejected: it is over."""
        self._outgoing.at_sending(job)

    def forget_idle(self, now: float) -> None:
        """Drop from memory what does not matter any more at `now` (UTC seconds)."""
        self._outgoing.forget_idle(now, self._on_their_way)

    # --- what doors ask for

    async def start(
        self, new: NewVerification, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Send a code to a number; or the first answer to the same request.

        While one of this key and number is pending it goes on, with the code that it has: it is
        sent once more, unless that was done less than `verifications.resend_after` seconds ago.
        Raises Rejected, TooManyCodes, TooManyTries (it is locked), PrefixStopped, TooMany,
        IdempotencyConflict, Unavailable.
        """
        number = self._number(new)
        client = self._client(new)
        if new.template is not None:
            self._templated.check_key(key, new.template)
        for _ in range(ROUNDS):
            if (before := await self._answered_before(key, idempotency)) is not None:
                return before
            found = await self._store.look_up(
                lambda view: view.verifications.latest(key.name, number)
            )
            now = self._now()
            if found is not None and life.status_at(found, now) == "pending":
                if found.sent_at + self._section.resend_after > now:
                    return await self._answer_again(found, key, idempotency)
                wanted = replace(
                    found, template=new.template, language=new.language, domain=new.domain
                )
            else:
                wanted = self._new(new, number, client, key.name, now)
            with contextlib.suppress(Moved):
                return await self._send(found, wanted, key, idempotency)
        raise Unavailable(f"too many ask for a code to {number} at the same time")

    async def resend(
        self, id: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Send the code of a pending verification once more.

        Raises NotFound, Over, TooManyCodes, PrefixStopped, TooMany, IdempotencyConflict,
        Unavailable.
        """
        for _ in range(ROUNDS):
            if (before := await self._answered_before(key, idempotency)) is not None:
                return before
            found = await self._store.look_up(
                lambda view: _of(view.verifications.get(id), id, key, "admin")
            )
            _require_pending(found, self._now())
            with contextlib.suppress(Moved):
                return await self._send(found, found, key, idempotency)
        raise Unavailable("too many ask for this code at the same time")

    async def check(
        self, id: str, code: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Try a code; the answer's status is `approved` if it was right, this once.

        `code` has digits alone. Raises NotFound, Over (it was approved before, or called off),
        TooManyTries, IdempotencyConflict, Unavailable.
        """
        return await self._try(
            code, lambda tx: _of(tx.verifications.get(id), id, key, "admin"), key, idempotency
        )

    async def check_number(
        self, to: str, code: str, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """As `check`, of the newest verification of a number that this key has begun."""
        number = self._normalised(to)

        def newest(tx: Transaction) -> Verification:
            found = tx.verifications.latest(key.name, number)
            if found is None:
                raise NoSuchVerification("there is no verification of this number")
            return found

        return await self._try(code, newest, key, idempotency)

    async def cancel(self, id: str, *, key: Key) -> VerificationView:
        """Call a pending verification off: its code is good for nothing any more.

        Raises NotFound, Over, Unavailable.
        """
        now = self._now()

        def work(tx: Transaction) -> Verification:
            found = _of(tx.verifications.get(id), id, key, "admin")
            _require_pending(found, now)
            return life.end(tx, found, "canceled", now)

        ended = await self._write(work, lambda done: self._outgoing.end(done.id))
        return self._view(ended)

    async def get(self, id: str, *, key: Key) -> VerificationView:
        """One verification: of this key, or of any with the scope `read`. Raises NotFound."""
        found = await self._store.look_up(
            lambda view: _of(view.verifications.get(id), id, key, "read", "admin")
        )
        return self._view(found)

    async def find(self, query: VerificationQuery) -> Page[VerificationView]:
        """A page of verifications, newest first. Raises Rejected for a cursor that is not ours."""
        try:
            page = await self._store.read(lambda view: view.verifications.find(query))
        except (ValueError, OverflowError) as error:
            raise foreign_cursor() from error
        return Page(tuple(self._view(one) for one in page.items), page.next_cursor)

    async def stopped(self) -> Sequence[StoppedPrefix]:
        """The prefixes to which no code goes now, the last one first."""
        now = self._now()
        return await self._store.look_up(lambda view: view.verifications.all_stopped(now))

    async def lift(self, prefix: str) -> None:
        """Let codes go to a prefix again. Raises NotFound, Unavailable."""
        if not await self._write(lambda tx: tx.verifications.lift(prefix)):
            raise NotFound(f"the prefix {prefix!r} is not stopped")

    # --- in the background

    async def run(self) -> None:
        """Say of what has expired that it has, until cancelled."""
        while True:
            await self._clock.sleep(await self.expire())

    async def expire(self) -> float:
        """Say so now; returns after how many seconds the next one expires, or a look is due."""
        now = self._now()
        due = await self._store.look_up(lambda view: view.verifications.next_expiry())
        if due is not None and due <= now:
            ended = await self._store.write(lambda tx: _expire(tx, now))
            for id in ended:
                self._outgoing.end(id)
            return 0.0 if len(ended) == CHUNK else 1.0
        return LONGEST_WAIT_S if due is None else min(max(due - now, 1.0), LONGEST_WAIT_S)

    # --- within

    async def _send(
        self,
        found: Verification | None,
        wanted: Verification,
        key: Key,
        idempotency: Idempotency | None,
    ) -> VerificationView | bytes:
        """Accept a message with the code of `wanted`. Raises Moved: `found` is another by now."""
        now, section = self._now(), self._section
        code = self._codes.code(wanted.salt, wanted.length)
        ends_in_s = wanted.expires_at - now
        text = self._text(wanted, code, ends_in_s)
        masked = texts.mask(text, code)
        message = NewMessage(
            to=wanted.number,
            text=masked.text,
            type="otp",
            validity_s=max(1, int(ends_in_s)),
            reference=wanted.reference,
            tags=(TAG,),
        )
        accepted: list[str] = []

        def prepare(made: Message) -> Callable[[Transaction], None]:
            accepted.append(made.id)
            self._outgoing.add(made.id, wanted.id, text, made.expires_at)

            def first(tx: Transaction) -> None:
                sent = sending.accept(tx, wanted, found, section=section, now=now)
                tx.verifications.add_message(made.id, wanted.id, masked.places)
                if idempotency is not None:
                    answer = idempotency.render(self._view(sent))
                    tx.answers.remember(key.name, idempotency.key, idempotency.fingerprint, answer)

            return first

        try:
            await self._sending.send_beside(message, key=key.name, prepare=prepare)
        except BaseException as error:
            # Cancelled, it may be accepted all the same: then its code is wanted.
            if isinstance(error, Exception):
                for id in accepted:
                    self._outgoing.drop(id)
            if isinstance(error, AnsweredBefore):
                return first_answer(error, idempotency)
            raise
        return await self.get(wanted.id, key=key)

    async def _try(
        self,
        code: str,
        which: Callable[[Transaction], Verification],
        key: Key,
        idempotency: Idempotency | None,
    ) -> VerificationView | bytes:
        now, section = self._now(), self._section

        def work(tx: Transaction) -> Verification:
            if idempotency is not None:
                before = tx.answers.find(key.name, idempotency.key)
                if before is not None:
                    raise before
            tried = life.try_code(tx, which(tx), code, codes=self._codes, section=section, now=now)
            if idempotency is not None:
                answer = idempotency.render(self._view(tried))
                tx.answers.remember(key.name, idempotency.key, idempotency.fingerprint, answer)
            return tried

        def then(tried: Verification) -> None:
            if tried.status != "pending":
                self._outgoing.end(tried.id)

        try:
            return self._view(await self._write(work, then))
        except AnsweredBefore as before:
            return first_answer(before, idempotency)

    async def _answered_before(self, key: Key, idempotency: Idempotency | None) -> bytes | None:
        """The first answer to this request: it stands, whatever is refused by now.

        Raises IdempotencyConflict.
        """
        if idempotency is None:
            return None
        asked = idempotency.key
        before = await self._store.look_up(lambda view: view.answers.find(key.name, asked))
        return None if before is None else first_answer(before, idempotency)

    async def _answer_again(
        self, found: Verification, key: Key, idempotency: Idempotency | None
    ) -> VerificationView | bytes:
        """What was just sent is the answer to this request, too: nothing is sent."""
        view = self._view(found)
        if idempotency is not None:
            asked, answer = idempotency, idempotency.render(view)
            try:
                await self._write(
                    lambda tx: tx.answers.remember(key.name, asked.key, asked.fingerprint, answer)
                )
            except AnsweredBefore as before:
                return first_answer(before, idempotency)
        return view

    def _text(self, verification: Verification, code: str, ends_in_s: float) -> str:
        section, language = self._section, verification.language
        template = verification.template or section.template
        if template is None:
            languages = (language, section.language)
            text = texts.built_in(languages, code, ends_in_s, section.brand)
        else:
            about = {"code": code, "minutes": texts.minutes(ends_in_s), "brand": section.brand}
            text = self._templated.text(template, language, verification.number, about)
            if code not in text:
                detail = f"the text of {template!r} has no {{{{ code }}}} in it"
                raise Rejected([FieldProblem("template", detail, "no-code")])
        domain = verification.domain or section.domain
        return text if domain is None else texts.for_browsers(text, domain, code)

    def _new(
        self, new: NewVerification, number: str, client: bytes | None, key: str, now: float
    ) -> Verification:
        section = self._section
        return Verification(
            id=new_id("ver", now, self._random),
            key=key,
            number=number,
            prefix=prefix_of(number, section.guard.last_digits),
            client=client,
            status="pending",
            salt=self._salt(SALT_BYTES),
            length=new.length or section.length,
            attempts=0,
            max_attempts=section.max_attempts,
            sends=0,
            max_sends=section.max_sends,
            template=new.template,
            language=new.language,
            domain=new.domain,
            reference=new.reference,
            created_at=now,
            expires_at=now + (new.ttl_s or section.ttl),
            sent_at=now,
        )

    def _number(self, new: NewVerification) -> str:
        number = self._normalised(new.to)
        if (problem := problem_with(number, self._section)) is not None:
            raise Rejected([problem])
        return number

    def _normalised(self, to: str) -> str:
        try:
            return normalise(to, self._config.gateway.default_region)
        except NumberError as error:
            raise Rejected([FieldProblem("to", str(error), "invalid-number")]) from error

    def _client(self, new: NewVerification) -> bytes | None:
        if new.client_ip is None:
            return None
        try:
            return self._codes.client(new.client_ip)
        except ValueError as error:
            detail = "is no IP address, such as 192.0.2.7 or 2001:db8::7"
            raise Rejected([FieldProblem("client_ip", detail, "invalid")]) from error

    def _view(self, verification: Verification) -> VerificationView:
        return view_of(verification, self._clock.date(), self._section.resend_after)

    def _now(self) -> float:
        self._clock.look()
        return self._clock.date()

    async def _write(
        self, work: Callable[[Transaction], T], then: Callable[[T], None] | None = None
    ) -> T:
        try:
            return await self._store.write(work, then=then)
        except StoreUnavailable as error:
            raise Unavailable(str(error)) from error


def _of(found: Verification | None, id: str, key: Key, *scopes: str) -> Verification:
    """What a key may know of: its own, or all with one of these scopes.

    Raises NoSuchVerification, which says the same whether there is none or it is another key's.
    """
    if found is None or not (found.key == key.name or key.scopes.intersection(scopes)):
        raise NoSuchVerification(f"there is no verification {id!r}")
    return found


def _require_pending(verification: Verification, now: float) -> None:
    """Raises Over."""
    if (status := life.status_at(verification, now)) != "pending":
        raise Over(f"verification {verification.id!r} is {status} already")


def _expire(tx: Transaction, now: float) -> list[str]:
    overdue = tx.verifications.overdue(now, CHUNK)
    for verification in overdue:
        life.end(tx, verification, "expired", now)
    return [verification.id for verification in overdue]
