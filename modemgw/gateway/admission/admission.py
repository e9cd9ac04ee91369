"""The way in for messages: looked at by the rules, committed, and answered once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway.admission.admitted import Admitted, give_all_back
from modemgw.gateway.admission.duplicates import Claims, DuplicateGuard, SaidBefore
from modemgw.gateway.admission.idempotency import answered_before, first_answer
from modemgw.gateway.admission.limits import FORWARDS_KEY, REPLIES_KEY
from modemgw.gateway.admission.quota import Allowance
from modemgw.gateway.admission.results import (
    AT_ONCE,
    Accepted,
    AcceptedBatch,
    BatchPlan,
    BatchPreview,
    Idempotency,
    Preview,
)
from modemgw.gateway.admission.rule import (
    Deferral,
    Draft,
    Request,
    Surroundings,
    text_sent,
)
from modemgw.gateway.admission.rules import RULES, Rules
from modemgw.gateway.budgets.budgets import Budgets
from modemgw.gateway.consent.register import ConsentRegister
from modemgw.gateway.errors import (
    Conflict,
    Duplicate,
    FieldProblem,
    Rejected,
    TooMany,
    Unavailable,
)
from modemgw.gateway.fleet.tariffs import Tariffs
from modemgw.gateway.following import Rest
from modemgw.gateway.identifiers import new_id, new_ids
from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.costs import with_cost
from modemgw.gateway.outgoing.job import Job
from modemgw.gateway.outgoing.outbox import Outbox
from modemgw.gateway.templates.catalogue import Catalogue
from modemgw.gateway.templates.filters import is_plain
from modemgw.sms import Alphabet
from modemgw.store import (
    AnsweredBefore,
    NewBatch,
    Span,
    Store,
    StoreConflict,
    StoreUnavailable,
    Transaction,
)
from modemgw.store.records import Key, Mailing, Message, NewMailing, NewMessage, Recipient

TURN_S = 0.02
"""How long the messages of a batch are looked at before others may do something."""

LOOK_EVERY = 16
"""So many recipients are looked at between two looks at the clock."""

_Write = Callable[[Transaction], None]

_Refused = tuple[int, Rejected | TooMany | Duplicate]
"""Its place in the request, and why."""


class Admission:
    """Accepts messages into the outbox, or says why not. Await `load` before the first one."""

    def __init__(
        self,
        config: Config,
        *,
        store: Store,
        outbox: Outbox,
        tariffs: Tariffs,
        clock: Clock,
        random: Random,
        consents: ConsentRegister,
        templates: Catalogue,
        budgets: Budgets | None = None,
    ) -> None:
        surroundings = Surroundings(store, outbox.clock, consents, templates, budgets)
        self._rules = Rules(RULES, config, surroundings)
        outbox.clock.follow(self._rules.clock_set)
        self._store = store
        self._outbox = outbox
        self._tariffs = tariffs
        self._clock = clock
        self._random = random
        self._duplicates = DuplicateGuard(config)
        self.counts: dict[str, int] = {}
        """How many messages this run has accepted, by type."""
        self._on_reply: list[Callable[[Message], None]] = []

    def follow(self, config: Config) -> Rest:
        """See Follower: the rules look by another configuration, and learn what that takes."""
        self._rules.configure(config)
        self._duplicates.configure(config)
        return self._load_anew()

    async def _load_anew(self) -> list[str]:
        await self.load()
        return []

    async def load(self) -> None:
        """Let the rules learn what they must know of the store."""
        await self._rules.load()

    def ask_again(self, job: Job) -> None:
        """Ask the rules about a message that is taken for sending.

        Raises Rejected (it is not sent any more), TooMany (it waits so long) or NotYet (until
        then).
        """
        self._rules.at_sending(job)

    async def key_seen(self, key: Key) -> None:
        """A key is let in: learn what its limits take, before anything is accepted from it.

        Raises StoreUnavailable.
        """
        await self._rules.key_seen(key)

    def allowances(self, key: str) -> list[Allowance]:
        """What is left of the limits on a key, by its name; nothing where it has none."""
        return self._rules.allowances(key)

    def forget_idle(self, now: float) -> None:
        """Drop from memory what does not matter any more at `now` (UTC seconds)."""
        self._rules.forget_idle(now)

    async def send(
        self,
        new: NewMessage,
        *,
        key: str,
        idempotency: Idempotency | None = None,
        automatic: bool = False,
    ) -> Accepted:
        """Accept a message: when this returns it is committed.

        `automatic`: it is an answer that no person has written; see Request. Raises Rejected (with
        every field that is wrong), TooMany, Duplicate, IdempotencyConflict, Unavailable.
        """
        request = Request(key, self._now(), automatic=automatic, idempotency=idempotency)
        try:
            message, admitted = self._admit(request, new)
        except (Rejected, TooMany):  # the first time it may have been taken: by other routes, say
            replay = await answered_before(self._store, request)
            if replay is None:
                raise
            return Accepted(None, replay)
        claims = None if automatic else self._duplicates.claims([admitted], key, request.now)
        try:
            try:
                await self._commit([admitted], request, message, claims=claims)
            except SaidBefore as said:
                message = await self._merged(said, request)
        except AnsweredBefore as before:
            return Accepted(None, first_answer(before, idempotency))
        if automatic:
            self._tell_of_reply(message)
        return Accepted(message)

    async def _merged(self, said: SaidBefore, request: Request) -> Message:
        """The first message of which another was a duplicate; it is the answer from now on.

        Raises Duplicate: duplicates are refused, or it is gone meanwhile; AnsweredBefore.
        """
        ((_, first),) = said.claims.take_out(said.found)
        message = None
        if self._duplicates.merges:
            message = await self._store.look_up(
                lambda view: view.messages.get(first.id, life.part_status)
            )
        if message is None:
            raise said.claims.refusal(first)
        message = with_cost(message, self._tariffs)
        if keep := _one_after_another(self._rules.in_transaction(request, message)):
            await self._store.write(keep)
        return message

    async def send_batch(
        self,
        news: Iterable[NewMessage],
        *,
        key: str,
        plan: BatchPlan = AT_ONCE,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        """Accept what can be accepted of a batch, in one transaction.

        Raises IdempotencyConflict, Unavailable.
        """
        now = self._now()
        id = new_id("bat", now, self._random)
        request = Request(key, now, batch=id, idempotency=idempotency, send_at=plan.send_at)
        new = NewBatch(id, key, now, plan.name, plan.send_at, plan.rate_per_minute, plan.more)
        return await self._take(
            request,
            news,
            lambda tx, *of_messages: tx.batches.insert(new, *of_messages),
            lambda span: self._outbox.batches.opened(new, span),
        )

    async def add_to_batch(
        self,
        id: str,
        news: Iterable[NewMessage],
        *,
        key: str,
        more: bool,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        """Add messages to a batch that was said to have more; `more`: there are others to come.

        Raises NotFound, Conflict (it takes none), IdempotencyConflict, Unavailable.
        """
        batch = await self._outbox.batches.kept(id)
        request = Request(
            key, self._now(), batch=id, idempotency=idempotency, send_at=batch.send_at
        )
        try:
            return await self._take(
                request,
                news,
                lambda tx, *of_messages: tx.batches.extend(id, *of_messages, more=more),
                lambda span: self._outbox.batches.extended(id, span, more=more),
            )
        except StoreConflict as conflict:
            raise Conflict(str(conflict)) from conflict

    async def _take(
        self,
        request: Request,
        news: Iterable[NewMessage],
        keep: Callable[[Transaction, int, int, int], None],
        committed: Callable[[Span | None], None],
    ) -> AcceptedBatch:
        """Accept what can be accepted of many.

        `keep` puts on record the first message's number, how many are accepted and how many not;
        `committed` is told where the messages are, before they are queued.
        """
        admitted: list[Admitted] = []
        try:
            refused = await self._admit_all(request, news, admitted)
        except BaseException:  # the caller may have left, too
            give_all_back(admitted)
            raise
        try:
            return await self._commit_many(request, admitted, refused, keep, committed)
        except AnsweredBefore as before:
            return AcceptedBatch("", 0, (), replay=first_answer(before, request.idempotency))

    async def _commit_many(
        self,
        request: Request,
        admitted: Sequence[Admitted],
        refused: list[_Refused],
        keep: Callable[[Transaction, int, int, int], None],
        committed: Callable[[Span | None], None],
    ) -> AcceptedBatch:
        """Promise what is no duplicate of what was accepted before."""
        claims = self._duplicates.claims(admitted, request.key, request.now)
        merged: list[tuple[int, str]] = []
        found = [] if claims is None else claims.take_out_repeated()
        while True:
            for position, first in found:
                if self._duplicates.merges:
                    merged.append((position, first.id))
                else:
                    assert claims is not None, "it has found them"
                    refused.append((position, claims.refusal(first)))
            accepted = sum(len(one.mailing.recipients) for one in admitted)
            batch = AcceptedBatch(request.batch or "", accepted, tuple(refused), tuple(merged))
            try:
                await self._commit(
                    admitted,
                    request,
                    batch,
                    claims=claims,
                    then=partial(_keep_counts, keep, accepted, len(refused)),
                    committed=partial(_tell_span, committed, accepted),
                )
            except SaidBefore as said:
                found = said.claims.take_out(said.found)
            else:
                return batch

    async def preview_batch(
        self, news: Iterable[NewMessage], *, key: str, plan: BatchPlan = AT_ONCE
    ) -> BatchPreview:
        """What a batch would be sent as; sends nothing, and uses up no limit."""
        request = Request(key, self._clock.time(), send_at=plan.send_at)
        refused: list[tuple[int, Rejected]] = []
        encodings: Counter[str] = Counter()
        accepted = parts = most = looked = 0
        turn = self._clock.monotonic() + TURN_S
        for new, to, places in await self._shared(news):
            draft = self._rules.draft(request, new)
            for index, given in zip(places, to, strict=True):
                try:
                    draft.check(given)
                except Rejected as refusal:
                    refused.append((index, refusal))
                else:
                    assert draft.parts is not None, "a draft without problems has a content"
                    count = len(draft.parts.parts)
                    accepted, parts, most = accepted + 1, parts + count, max(most, count)
                    encodings[draft.parts.alphabet.value] += 1
                looked += 1
                if looked % LOOK_EVERY == 0 and self._clock.monotonic() > turn:
                    await asyncio.sleep(0)  # let others in between
                    turn = self._clock.monotonic() + TURN_S
        return BatchPreview(accepted, parts, most, encodings, tuple(refused))

    async def reply(self, new: NewMessage, first: _Write) -> None:
        """Accept an automatic reply; `first` is done in the same transaction, before that.

        Raises Rejected, TooMany, Unavailable, or what `first` raises.
        """
        request = Request(REPLIES_KEY, self._now(), automatic=True)
        message, admitted = self._admit(request, new)
        await self._commit([admitted], request, None, first=[first])
        self._tell_of_reply(message)

    async def forward(self, news: Sequence[NewMessage], first: _Write) -> list[str]:
        """Accept what somebody sent, for others, in one transaction; `first` as with `reply`.

        Returns what is wrong with those that cannot be sent. Raises Rejected when none can be, or
        TooMany, Unavailable, or what `first` raises: then none is accepted.
        """
        request = Request(FORWARDS_KEY, self._now())
        admitted: list[Admitted] = []
        refused: list[Rejected] = []
        try:
            for new in news:
                try:
                    admitted.append(self._admit(request, new)[1])
                except Rejected as refusal:
                    refused.append(refusal)
        except BaseException:
            give_all_back(admitted)
            raise
        if not admitted:
            raise Rejected([problem for refusal in refused for problem in refusal.problems])
        await self._commit(admitted, request, None, first=[first])
        return [str(refusal) for refusal in refused]

    def _tell_of_reply(self, message: Message) -> None:
        for tell in self._on_reply:
            tell(message)

    def on_reply(self, listener: Callable[[Message], None]) -> None:
        """Call `listener` with each automatic reply that was accepted."""
        self._on_reply.append(listener)

    def replies_left(self, to: str) -> int:
        """How many more automatic replies a number, as it is dialled, may have in this hour."""
        return self._rules.replies_left(to)

    async def send_beside(
        self, new: NewMessage, *, key: str, prepare: Callable[[Message], _Write]
    ) -> Message:
        """Accept a message that the gateway words for a key, in one transaction with more.

        `prepare` gets the message before it is committed, and gives what is done in the same
        transaction, before it. Raises Rejected, TooMany, Unavailable, or what either raises.
        """
        request = Request(key, self._now(), ours=True)
        message, admitted = self._admit(request, new)
        try:
            first = prepare(message)
        except BaseException:
            admitted.give_back()
            raise
        await self._commit([admitted], request, message, first=[first])
        return message

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        """What a message would be sent as; sends nothing. Raises Rejected as `send` would."""
        draft = self._rules.draft(Request(key, self._clock.time()), new)
        one = draft.check(new.to)
        deferral = one.deferral
        parts = draft.parts
        assert parts is not None, "a draft without problems has a content"
        return Preview(
            encoding=parts.alphabet.value,
            parts=len(parts.parts),
            units=parts.units,
            units_left=parts.units_left,
            changes=parts.changes,
            send_at=draft.send_at if deferral is None else deferral.until,
            expires_at=draft.expires_at,
            deferred=None if deferral is None else deferral.why,
            cost=self._tariffs.estimate(one.route, one.to, len(parts.parts), modem=new.modem),
            text=text_sent(draft.new, parts),
            template=None if draft.variant is None else draft.variant.of.template,
            language=None if draft.variant is None else draft.variant.language,
            warnings=tuple(_warnings(draft)),
        )

    def _now(self) -> float:
        self._outbox.clock.look()
        return self._clock.time()

    def _admit(self, request: Request, new: NewMessage) -> tuple[Message, Admitted]:
        """A message that no rule has anything against. Raises Rejected, TooMany."""
        draft = self._rules.draft(request, new)
        one = draft.admit(new.to)
        id = new_id("msg", request.now, self._random)
        message = draft.message((id, one.to, one.route), one.deferral)
        if self._tariffs:
            message = with_cost(message, self._tariffs)
        taken = Admitted(Mailing.of(message), draft.reservations, [0], draft.send_at, draft.kept)
        return message, taken

    async def _admit_all(
        self, request: Request, news: Iterable[NewMessage], admitted: list[Admitted]
    ) -> list[_Refused]:
        """Put what no rule has anything against into `admitted`; returns what was refused, and why.

        What many recipients share is looked at once.
        """
        refused: list[_Refused] = []
        ids = new_ids("msg", request.now, self._random)
        looked = 0
        turn = self._clock.monotonic() + TURN_S
        for new, to, places in await self._shared(news):
            draft = self._rules.draft(request, new)
            by_deferral: dict[Deferral | None, tuple[list[Recipient], list[int]]] = {}
            for index, given in zip(places, to, strict=True):
                try:
                    one = draft.admit(given)
                    rows = by_deferral.get(one.deferral)
                    if rows is None:
                        rows = by_deferral[one.deferral] = [], []
                        mailing = Mailing(draft.message(deferral=one.deferral), rows[0])
                        taken = Admitted(
                            mailing, draft.reservations, rows[1], draft.send_at, draft.kept
                        )
                        admitted.append(taken)
                    rows[0].append((next(ids), one.to, one.route))
                    rows[1].append(index)
                except (Rejected, TooMany) as refusal:
                    refused.append((index, refusal))
                looked += 1
                if looked % LOOK_EVERY == 0 and self._clock.monotonic() > turn:
                    await asyncio.sleep(0)  # let others in between
                    turn = self._clock.monotonic() + TURN_S
        return refused

    async def _shared(
        self, news: Iterable[NewMessage]
    ) -> Iterable[tuple[NewMessage, Sequence[str], Sequence[int]]]:
        """What is said, to whom, and which places of the request they have."""
        if not isinstance(news, NewMailing):
            return ((new, (new.to,), (place,)) for place, new in enumerate(news))
        return [
            (content, [news.to[place] for place in places], places)
            for content, places in await self._rules.groups(news)
        ]

    async def _commit(
        self,
        admitted: Sequence[Admitted],
        request: Request,
        answer: Any,
        *,
        first: Sequence[_Write] = (),
        then: Callable[[Transaction, int], None] | None = None,
        committed: Callable[[int], None] | None = None,
        claims: Claims | None = None,
    ) -> None:
        """Promise messages. Raises Unavailable, or what the writing raises: then nothing is.

        SaidBefore alone leaves them what they have taken: some of them may yet be accepted.
        """
        try:
            steps = [*first, *self._rules.in_transaction(request, answer)]
            accepted = [one for one in admitted if one.mailing.recipients]
            steps += [write for one in accepted for write in one.writes()]
            if claims is not None:
                steps.append(claims.write)
            mailings = [one.mailing for one in accepted]
            await self._outbox.accept(
                mailings, first=_one_after_another(steps), then=then, committed=committed
            )
        except SaidBefore:
            for one in admitted:
                one.forget()
            raise
        except Exception as error:
            give_all_back(admitted)
            if isinstance(error, StoreUnavailable):
                raise Unavailable(str(error)) from error
            raise
        for mailing in mailings:
            type = mailing.common.type
            self.counts[type] = self.counts.get(type, 0) + len(mailing.recipients)


def _keep_counts(
    keep: Callable[[Transaction, int, int, int], None],
    accepted: int,
    refused: int,
    tx: Transaction,
    first: int,
) -> None:
    keep(tx, first, accepted, refused)


def _tell_span(committed: Callable[[Span | None], None], accepted: int, first: int) -> None:
    committed(Span(first, first + accepted - 1) if accepted else None)


def _one_after_another(steps: Sequence[_Write]) -> _Write | None:
    def write(tx: Transaction) -> None:
        for step in steps:
            step(tx)

    return write if steps else None


def _warnings(draft: Draft) -> Iterator[FieldProblem]:
    """What makes a message cost more than its sender may think."""
    new, variant, parts = draft.new, draft.variant, draft.parts
    if variant is not None and not new.transliterate and new.encoding == "auto":
        yield from variant.of.odd(variant, new.params or {})
    elif variant is None and new.text and parts is not None and parts.alphabet is Alphabet.UCS2:
        character = next((c for c in new.text if not is_plain(c)), None)
        if character is not None and new.encoding == "auto":
            detail = f"has {character!r}, so that it is sent as UCS-2, in more parts"
            yield FieldProblem("text", detail, "ucs2")
