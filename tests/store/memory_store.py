"""A store in memory that keeps the contract: the worked example of another backend.

It has the nouns that tests/store/contract asks for. A unit of work gets a copy of everything and
the copy becomes the state when the unit has succeeded: the shortest way to whole or not at all.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from memory_batches import MemoryBatches, StoredBatch
from pydantic_core import to_json

from modemgw.clock import Clock
from modemgw.gateway.outgoing import life
from modemgw.histogram import Histogram
from modemgw.store import (
    Alert,
    AlertQuery,
    AnsweredBefore,
    AttemptKey,
    AuditQuery,
    AuditRecord,
    Bucket,
    BudgetHold,
    BudgetPeriod,
    BudgetUse,
    CodeMessage,
    Consent,
    ConsentQuery,
    ConsentState,
    Counts,
    Gap,
    KeyRow,
    Lease,
    LeaseHeld,
    Said,
    Silence,
    StoppedPrefix,
    StoreConflict,
    Template,
    TemplateContent,
    UsageQuery,
    UsageSum,
    Use,
    Verification,
    VerificationQuery,
    Webhook,
)
from modemgw.store.contract.consents import Erased, lets_in, mark_of
from modemgw.store.contract.keys import SLACK_S
from modemgw.store.contract.messages import Stand
from modemgw.store.contract.templates import Source
from modemgw.store.contract.verifications import Tally
from modemgw.store.records import (
    NO_LIMITS,
    OPEN_STATUSES,
    Attempt,
    AttemptState,
    Cost,
    ErrorInfo,
    Event,
    Inbound,
    Key,
    KeyLimits,
    Mailing,
    Message,
    MessageStatus,
    Page,
    Part,
    RetryAt,
)

T = TypeVar("T")


class Retired(NamedTuple):
    """A token that a key had before."""

    hash: bytes
    at: float
    until: float


@dataclass(frozen=True)
class StoredKey:
    row: KeyRow
    hash: bytes
    webhook_secret: str
    retired: tuple[Retired, ...] = ()


@dataclass
class State:
    """All that is kept. One that outlives a store is what a restart finds."""

    messages: dict[int, Message] = field(default_factory=dict)
    attempts: dict[AttemptKey, Attempt] = field(default_factory=dict)
    inbound: dict[int, Inbound] = field(default_factory=dict)
    answers: dict[tuple[str, str], AnsweredBefore] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)
    verifications: dict[int, Verification] = field(default_factory=dict)
    code_messages: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    stops: dict[str, StoppedPrefix] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)
    audit: list[AuditRecord] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    silences: dict[tuple[str, str], float] = field(default_factory=dict)
    usage: list[tuple[Bucket, Counts, Cost | None]] = field(default_factory=list)
    free_parts: dict[tuple[str, str, int], int] = field(default_factory=dict)
    batches: dict[str, StoredBatch] = field(default_factory=dict)
    consents: dict[tuple[str, str], tuple[int, Consent]] = field(default_factory=dict)
    consent_history: list[Consent] = field(default_factory=list)
    consent_marks: set[bytes] = field(default_factory=set)
    last_consent: int = 0
    budget_uses: dict[BudgetPeriod, BudgetUse] = field(default_factory=dict)
    budget_holds: dict[tuple[str, BudgetPeriod, str], BudgetHold] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    last_message: int = 0
    last_inbound: int = 0
    erased: frozenset[str] = frozenset()
    recent: dict[bytes, Said] = field(default_factory=dict)
    gaps: dict[int, str] = field(default_factory=dict)
    """Sets by the numbers of received messages that are incomplete."""
    last_verification: int = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        """What is in the tables are values: the tables alone are copied."""
        return replace(self, **{name: copy.copy(table) for name, table in vars(self).items()})


_S = MessageStatus
_WELL = (_S.QUEUED, _S.SENT, _S.DELIVERED)


class Messages:
    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now

    def insert(self, accepted: Iterable[Mailing]) -> int:
        first = self._state.last_message + 1
        for mailing in accepted:
            for id, to, route in mailing.recipients:
                self._state.last_message += 1
                message = mailing.common._replace(id=id, to=to, route=route)
                self._state.messages[self._state.last_message] = message
        return first

    def number_of(self, id: str) -> int | None:
        return next((n for n, m in self._state.messages.items() if m.id == id), None)

    def status(self, n: int) -> MessageStatus | None:
        message = self._state.messages.get(n)
        return None if message is None else message.status

    def compare_and_set(
        self, n: int, old: MessageStatus, new: MessageStatus, error: ErrorInfo | None
    ) -> bool:
        message = self._state.messages.get(n)
        if message is None or message.status is not old:
            return False
        if error is None and new not in _WELL:
            error = message.error
        message = message._replace(status=new, error=error, updated_at=self._now)
        over = life.is_settled(message) and (new is not _S.UNDELIVERED or len(message.parts) == 1)
        if over and message.type in self._state.erased:
            message = message._replace(text=None, data=None)
        self._state.messages[n] = message
        return True

    def erase_ended(self, types: Collection[str]) -> None:
        self._state.erased = frozenset(types)

    def set_send_at(self, n: int, at: float) -> None:
        self._state.messages[n] = self._state.messages[n]._replace(send_at=at)

    def of_number(self, n: int, stand: Stand) -> Message | None:
        message = self._state.messages.get(n)
        if message is None:
            return None
        parts = []
        for part in message.parts:
            keys = [k for k in self._state.attempts if (k.message, k.part) == (n, part.index)]
            tries = tuple(self._state.attempts[k] for k in sorted(keys, key=lambda k: k.n))
            parts.append(Part(part.index, stand(tries, message.status), tries))
        return message._replace(parts=tuple(parts))

    def get(self, id: str, stand: Stand) -> Message | None:
        n = self.number_of(id)
        return None if n is None else self.of_number(n, stand)


class Attempts:
    def __init__(self, state: State) -> None:
        self._state = state

    def begin(
        self,
        key: AttemptKey,
        *,
        modem: str,
        sim: str,
        to: str,
        started_at: float,
        duplicate_risk: bool,
        receipt_asked: bool,
    ) -> None:
        if key in self._state.attempts:
            raise ValueError("this attempt was begun before")
        self._state.attempts[key] = Attempt(
            key.n, AttemptState.SUBMITTING, modem, sim, None, started_at, None, None, None,
            duplicate_risk,
        )  # fmt: skip

    def finish(
        self,
        key: AttemptKey,
        state: AttemptState,
        *,
        reference: int | None = None,
        error: ErrorInfo | None = None,
        ended_at: float,
        retry: RetryAt | None = None,
    ) -> bool:
        begun = self._state.attempts[key]
        if begun.state is AttemptState.SUBMITTING:
            self._state.attempts[key] = replace(
                begun, state=state, reference=reference, error=error, ended_at=ended_at, retry=retry
            )
        return begun.state is AttemptState.SUBMITTING

    def set_cost(self, key: AttemptKey, cost: Cost) -> None:
        self._state.attempts[key] = replace(self._state.attempts[key], cost=cost)

    def interrupted(self, error: ErrorInfo) -> list[AttemptKey]:
        found = [
            key for key, a in self._state.attempts.items() if a.state is AttemptState.SUBMITTING
        ]
        for key in found:
            self._state.attempts[key] = replace(
                self._state.attempts[key], state=AttemptState.AMBIGUOUS, error=error
            )
        return found


class InboundMessages:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, inbound: Inbound, parts: Sequence[int], *, set_key: str | None = None) -> int:
        self._state.last_inbound += 1
        self._state.inbound[self._state.last_inbound] = inbound
        if set_key is not None:
            self._state.gaps[self._state.last_inbound] = set_key
        return self._state.last_inbound

    def get(self, id: str) -> Inbound | None:
        return next((one for one in self._state.inbound.values() if one.id == id), None)

    def gaps(self, set_key: str) -> list[Gap]:
        numbers = [n for n, key in self._state.gaps.items() if key == set_key]
        return [Gap(n, self._state.inbound[n], ()) for n in sorted(numbers, reverse=True)]

    def fill(self, n: int, inbound: Inbound, parts: Sequence[int]) -> None:
        self._state.inbound[n] = inbound
        if inbound.complete:
            self._state.gaps.pop(n, None)

    def former(self, inbound: Inbound) -> Inbound | None:
        same = [
            one
            for one in self._state.inbound.values()
            if one.replaced_by is None
            and (one.sim, one.sender, one.replace_type)
            == (inbound.sim, inbound.sender, inbound.replace_type)
        ]
        return same[-1] if same else None

    def mark_replaced(self, id: str, by: str) -> None:
        self._change(id, replaced_by=by)

    def mark_read(self, id: str, read: bool) -> bool:
        return self._change(id, read=read)

    def mark_all_read(self, sender: str, through: int | None, limit: int) -> int:
        unread = [
            one
            for n, one in self._state.inbound.items()
            if one.sender == sender and not one.read and (through is None or n <= through)
        ]
        unread.sort(key=lambda one: one.received_at)
        return sum(self.mark_read(one.id, True) for one in unread[:limit])

    def _change(self, id: str, **about: Any) -> bool:
        for n, one in self._state.inbound.items():
            if one.id == id:
                self._state.inbound[n] = replace(one, **about)
                return True
        return False


class Retention:
    def __init__(self, state: State) -> None:
        self._state = state

    def delete_messages(self, after: int, before: float, limit: int) -> int | None:
        old = [n for n, m in self._state.messages.items() if n > after and m.created_at < before]
        for n in old[:limit]:
            if self._state.messages[n].status not in OPEN_STATUSES:
                del self._state.messages[n]
        return old[:limit][-1] if old else None

    def delete_recent(self, before: float, after: float, limit: int) -> int:
        oldest = list(self._state.recent.items())[:limit]
        gone = [digest for digest, said in oldest if not before <= said.at <= after]
        for digest in gone:
            del self._state.recent[digest]
        return len(gone)

    def delete_verifications(self, after: int, before: float, limit: int) -> int | None:
        kept = self._state.verifications
        old = [n for n, v in kept.items() if n > after and v.created_at < before][:limit]
        for n in old:
            if kept[n].status != "pending":
                del kept[n]
        return old[-1] if old else None


class Events:
    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now

    def emit(self, type: str, data: dict[str, Any]) -> None:
        to_json(data)
        last = self._state.events[-1].id if self._state.events else 0
        self._state.events.append(Event(last + 1, type, self._now, data))

    def emit_all(self, type: str, datas: Iterable[dict[str, Any]]) -> None:
        for data in datas:
            self.emit(type, data)

    def after(self, id: int, limit: int) -> list[Event]:
        return [event for event in self._state.events if event.id > id][:limit]


class Answers:
    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, key: str, idempotency_key: str) -> AnsweredBefore | None:
        return self._state.answers.get((key, idempotency_key))

    def remember(self, key: str, idempotency_key: str, fingerprint: str, body: bytes) -> None:
        before = self.find(key, idempotency_key)
        if before is not None:
            raise before
        self._state.answers[key, idempotency_key] = AnsweredBefore(fingerprint, body)


class Leases:
    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now

    def get(self, what: str) -> Lease | None:
        return self._state.leases.get(what)

    def take(self, what: str, holder: str, for_s: float) -> Lease:
        held = self.get(what)
        if held is not None and held.holder != holder and held.until > self._now:
            raise LeaseHeld(held)
        lease = self._state.leases[what] = Lease(what, holder, self._now + for_s)
        return lease

    def give_back(self, what: str, holder: str) -> None:
        held = self.get(what)
        if held is not None and held.holder == holder:
            del self._state.leases[what]


class Webhooks:
    def __init__(self, state: State) -> None:
        self._state = state

    def all(self) -> list[Webhook]:
        return sorted(self._state.webhooks.values(), key=lambda w: (w.created_at, w.id))

    def get(self, id: str) -> Webhook | None:
        return self._state.webhooks.get(id)

    def put(self, webhook: Webhook) -> None:
        self._state.webhooks[webhook.id] = webhook

    def delete(self, id: str) -> bool:
        return self._state.webhooks.pop(id, None) is not None

    def any_callback(self) -> bool:
        return any(m.callback_url is not None for m in self._state.messages.values())

    def callbacks(self, messages: Sequence[str]) -> dict[str, str]:
        return {
            m.id: m.callback_url
            for m in self._state.messages.values()
            if m.id in messages and m.callback_url is not None
        }


class Recent:
    def __init__(self, state: State) -> None:
        self._state = state

    def find(self, digests: Collection[bytes], since: float, until: float) -> dict[bytes, Said]:
        return {
            digest: said
            for digest in digests
            if (said := self._state.recent.get(digest)) and since <= said.at <= until
        }

    def remember(self, said: Iterable[tuple[bytes, str]], at: float) -> None:
        for digest, id in said:
            self._state.recent.pop(digest, None)
            self._state.recent[digest] = Said(id, at)


class Verifications:
    def __init__(self, state: State) -> None:
        self._state = state
        self._all = state.verifications

    def get(self, id: str) -> Verification | None:
        return next((v for v in self._all.values() if v.id == id), None)

    def latest(self, key: str, number: str) -> Verification | None:
        found = [v for v in self._all.values() if (v.key, v.number) == (key, number)]
        return found[-1] if found else None

    def find(self, query: VerificationQuery) -> Page[Verification]:
        at, _, n = (query.cursor or "inf~0").partition("~")
        before = float(at), int(n)
        found = [
            (v.created_at, n, v)
            for n, v in self._all.items()
            if all(
                getattr(query, name) in (None, getattr(v, name))
                for name in ("number", "status", "key", "reference")
            )
            and (query.since is None or v.created_at >= query.since)
            and (query.until is None or v.created_at < query.until)
            and (v.created_at, n) < before
        ]
        found.sort(key=lambda one: one[:2], reverse=True)
        shown = found[: query.limit]
        more = f"{shown[-1][0]!r}~{shown[-1][1]}" if len(found) > len(shown) else None
        return Page(tuple(v for _, _, v in shown), more)

    def next_expiry(self) -> float | None:
        return min((v.expires_at for v in self._pending()), default=None)

    def overdue(self, now: float, limit: int) -> list[Verification]:
        due = [v for v in self._pending() if v.expires_at <= now]
        return sorted(due, key=lambda v: v.expires_at)[:limit]

    def waiting_messages(self) -> list[CodeMessage]:
        found = []
        for message in self._state.messages.values():
            id, places = self._state.code_messages.get(message.id, ("", ()))
            verification = self.get(id)
            if verification is not None and message.status in OPEN_STATUSES:
                waiting = CodeMessage(
                    message.id, verification, message.text, places, message.expires_at
                )
                found.append(waiting)
        return found

    def allowed_at(
        self, what: str, by: str, name: str | bytes, most: int, span_s: float, now: float
    ) -> float:
        times = sorted(
            use.at
            for use in self._state.uses
            if use.what == what and getattr(use, by) == name and use.at > now - span_s
        )
        return now if len(times) < most else times[-most] + span_s

    def tally(self, prefix: str, since: float) -> Tally:
        found = [v for v in self._all.values() if v.prefix == prefix and v.created_at >= since]
        return Tally(len(found), sum(v.status == "approved" for v in found))

    def stopped(self, prefix: str) -> StoppedPrefix | None:
        return self._state.stops.get(prefix)

    def all_stopped(self, now: float) -> list[StoppedPrefix]:
        found = [stop for stop in self._state.stops.values() if stop.until > now]
        return sorted(found, key=lambda stop: -stop.since)

    def insert(self, verification: Verification) -> None:
        names = [(v.key, v.number) for v in self._pending()]
        if (verification.key, verification.number) in names and verification.status == "pending":
            raise StoreConflict("there is a pending verification of this number")
        self._state.last_verification += 1
        self._all[self._state.last_verification] = verification

    def update(self, verification: Verification) -> None:
        for n, before in self._all.items():
            if before.id == verification.id:
                self._all[n] = verification

    def add_message(self, message: str, verification: str, places: Sequence[int]) -> None:
        self._state.code_messages[message] = verification, tuple(places)

    def count(self, use: Use) -> None:
        self._state.uses.append(use)

    def forget_uses(self, before: float) -> int:
        kept = [use for use in self._state.uses if use.at >= before]
        forgotten, self._state.uses = len(self._state.uses) - len(kept), kept
        return forgotten

    def stop(self, stop: StoppedPrefix) -> None:
        self._state.stops[stop.prefix] = stop

    def lift(self, prefix: str) -> bool:
        return self._state.stops.pop(prefix, None) is not None

    def _pending(self) -> list[Verification]:
        return [v for v in self._all.values() if v.status == "pending"]


class Templates:
    def __init__(self, state: State) -> None:
        self._state = state

    def all(self) -> list[Template]:
        newest = {template.name: template for template in self._state.templates}
        return [newest[name] for name in sorted(newest) if newest[name].content is not None]

    def get(self, name: str, version: int | None = None) -> Template | None:
        found = (t for t in self.versions(name) if version in (None, t.version))
        return next(found, None)

    def versions(self, name: str) -> list[Template]:
        return [one for one in reversed(self._state.templates) if one.name == name]

    def add(
        self,
        name: str,
        content: TemplateContent | None,
        *,
        source: Source,
        at: float,
        key: str | None,
    ) -> Template:
        made = Template(name, len(self.versions(name)) + 1, content, source, at, key)
        self._state.templates.append(made)
        return made


class Keys:
    def __init__(self, state: State) -> None:
        self._state = state

    def _tokens(self, now: float) -> Iterator[tuple[bytes, KeyRow, float | None]]:
        for key in self._state.keys.values():
            if key.row.in_force(now):
                yield key.hash, key.row, key.row.expires_at
                for old in key.retired:
                    if old.at < now + SLACK_S and old.until > now:
                        end = key.row.expires_at
                        yield old.hash, key.row, old.until if end is None else min(end, old.until)

    def find(self, hash_: bytes, now: float) -> Key | None:
        for token, row, ends_at in self._tokens(now):
            if token == hash_:
                scopes = frozenset(row.scopes)
                return Key(
                    row.name, scopes, row.created_at, row.limits, ends_at, token,
                    row.templates_only, row.templates,
                )  # fmt: skip
        return None

    def in_force(self, now: float) -> set[bytes]:
        return {token for token, _, _ in self._tokens(now)}

    def get(self, name: str) -> KeyRow | None:
        key = self._state.keys.get(name)
        return None if key is None else key.row

    def all(self) -> list[KeyRow]:
        rows = [key.row for key in self._state.keys.values()]
        return sorted(rows, key=lambda row: (row.created_at, row.name))

    def webhook_secret(self, name: str) -> str | None:
        key = self._state.keys.get(name)
        return None if key is None else key.webhook_secret

    def insert(
        self,
        name: str,
        hash_: bytes,
        scopes: Iterable[str],
        at: float,
        *,
        limits: KeyLimits = NO_LIMITS,
        expires_at: float | None = None,
        webhook_secret: str,
        templates_only: bool = False,
        templates: Iterable[str] = (),
    ) -> None:
        if self._unrevoked(name) is not None:
            raise StoreConflict(f"there is a key named {name!r}")
        row = KeyRow(
            name, tuple(scopes), at, limits=limits, expires_at=expires_at,
            templates_only=templates_only, templates=tuple(templates),
        )  # fmt: skip
        self._state.keys[name] = StoredKey(row, hash_, webhook_secret)

    def rotate(self, name: str, hash_: bytes, at: float, until: float) -> bool:
        key = self._unrevoked(name)
        if key is not None:
            before = [old._replace(until=min(old.until, until)) for old in key.retired]
            retired = [old for old in (*before, Retired(key.hash, at, until)) if old.until > at]
            self._state.keys[name] = replace(key, hash=hash_, retired=tuple(retired))
        return key is not None

    def revoke(self, name: str, at: float) -> bool:
        key = self._unrevoked(name)
        if key is not None:
            row = replace(key.row, revoked_at=at)
            self._state.keys[name] = replace(key, row=row, retired=())
        return key is not None

    def replace_webhook_secret(self, name: str, secret: str) -> bool:
        key = self._unrevoked(name)
        if key is not None:
            self._state.keys[name] = replace(key, webhook_secret=secret)
        return key is not None

    def used(self, uses: Mapping[str, float]) -> None:
        for name, at in uses.items():
            key = self._state.keys.get(name)
            if key is not None and key.row.created_at <= at:
                row = replace(key.row, last_used_at=at)
                self._state.keys[name] = replace(key, row=row)

    def forget_retired(self, now: float) -> int:
        forgotten = 0
        for name, key in list(self._state.keys.items()):
            kept = tuple(old for old in key.retired if old.until > now)
            forgotten += len(key.retired) - len(kept)
            self._state.keys[name] = replace(key, retired=kept)
        return forgotten

    def _unrevoked(self, name: str) -> StoredKey | None:
        key = self._state.keys.get(name)
        return None if key is None or key.row.revoked_at is not None else key


class Audit:
    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now

    def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None,
        outcome: str,
        detail: str | None = None,
    ) -> None:
        self._state.audit.append(
            AuditRecord(self._now, key, address, action, target, outcome, detail)
        )

    def find(self, query: AuditQuery) -> Page[AuditRecord]:
        at, _, n = (query.cursor or "inf~0").partition("~")
        before = float(at), int(n)
        found = [
            (record.at, n, record)
            for n, record in enumerate(self._state.audit)
            if all(
                getattr(query, name) in (None, getattr(record, name))
                for name in ("key", "action", "target", "outcome")
            )
            and (query.since is None or record.at >= query.since)
            and (query.until is None or record.at < query.until)
            and (record.at, n) < before
        ]
        found.sort(key=lambda one: one[:2], reverse=True)
        shown = found[: query.limit]
        more = f"{shown[-1][0]!r}~{shown[-1][1]}" if len(found) > len(shown) else None
        return Page(tuple(record for _, _, record in shown), more)


class Alerts:
    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now

    def get(self, id: str) -> Alert | None:
        alert = self._state.alerts.get(id)
        if alert is None:
            return None
        until = self._state.silences.get((alert.alert, alert.subject))
        return replace(alert, silenced_until=until)

    def find(self, query: AlertQuery) -> Page[Alert]:
        at, _, n = (query.cursor or "inf~0").partition("~")
        before = float(at), int(n)
        found = [
            (alert.raised_at, n, id)
            for n, (id, alert) in enumerate(self._state.alerts.items(), 1)
            if all(
                getattr(query, name) in (None, getattr(alert, name))
                for name in ("alert", "severity", "subject", "modem")
            )
            and query.raised in (None, alert.cleared_at is None)
            and (query.since is None or alert.raised_at >= query.since)
            and (query.until is None or alert.raised_at < query.until)
            and (alert.raised_at, n) < before
        ]
        found.sort(reverse=True)
        shown = found[: query.limit]
        more = f"{shown[-1][0]!r}~{shown[-1][1]}" if len(found) > len(shown) else None
        return Page(tuple(one for _, _, id in shown if (one := self.get(id))), more)

    def standing(self) -> list[Alert]:
        found = [one for id in self._state.alerts if (one := self.get(id)) is not None]
        return sorted((a for a in found if a.cleared_at is None), key=lambda a: a.raised_at)

    def silences(self) -> list[Silence]:
        return [Silence(*key, until) for key, until in self._state.silences.items()]

    def raise_(self, alert: Alert) -> None:
        self._state.alerts.setdefault(alert.id, alert)

    def clear(self, id: str, at: float) -> bool:
        alert = self._state.alerts.get(id)
        if alert is None or alert.cleared_at is not None:
            return False
        self._state.alerts[id] = replace(alert, cleared_at=at)
        return True

    def silence(self, silence: Silence) -> None:
        kept = {key: until for key, until in self._state.silences.items() if until > self._now}
        self._state.silences = {**kept, (silence.alert, silence.subject): silence.until}

    def delete_cleared(self, before: float) -> int:
        old = [
            id
            for id, alert in self._state.alerts.items()
            if alert.cleared_at is not None and alert.cleared_at < before
        ]
        for id in old:
            del self._state.alerts[id]
        return len(old)


class Usage:
    def __init__(self, state: State) -> None:
        self._state = state

    def count(self, bucket: Bucket, counts: Counts, cost: Cost | None = None) -> None:
        self._state.usage.append((bucket, counts, cost))

    def take_free(self, sim: str, tariff: str, month: int, most: int) -> bool:
        used = self.free_used(sim, tariff, month)
        if used < most:
            self._state.free_parts[sim, tariff, month] = used + 1
        return used < most

    def free_used(self, sim: str, tariff: str, month: int) -> int:
        return self._state.free_parts.get((sim, tariff, month), 0)

    def sums(self, query: UsageQuery) -> list[UsageSum]:
        counted: dict[tuple[Any, ...], Counts] = {}
        amounts: dict[tuple[Any, ...], dict[str, Decimal]] = {}
        for bucket, counts, cost in self._state.usage:
            of = tuple(getattr(bucket, name) for name in query.by)
            if (
                any(getattr(bucket, name) != value for name, value in query.only.items())
                or (query.since is not None and bucket.day < query.since)
                or (query.until is not None and bucket.day >= query.until)
            ):
                continue
            counted[of] = Counts(
                *(a + b for a, b in zip(counts, counted.get(of, Counts()), strict=True))
            )
            charged = amounts.setdefault(of, {})
            if cost is not None:
                charged[cost.currency] = charged.get(cost.currency, Decimal()) + cost.amount
        return [
            UsageSum(of, counted[of], tuple(Cost(a, c) for c, a in sorted(amounts[of].items())))
            for of in sorted(counted)[: query.limit]
        ]


class Consents:
    KEY = b"of this store"

    def __init__(self, state: State) -> None:
        self._state = state

    def current(self, number: str, scope: str = "") -> Consent | None:
        found = self._state.consents.get((number, scope))
        return None if found is None else found[1]

    def standing(self, number: str) -> list[Consent]:
        found = (one for (whose, _), (_, one) in self._state.consents.items() if whose == number)
        return sorted(found, key=lambda one: one.scope)

    def history(self, number: str) -> list[Consent]:
        return [one for one in reversed(self._state.consent_history) if one.number == number]

    def find(self, query: ConsentQuery) -> Page[Consent]:
        at, _, n = (query.cursor or "inf~0").partition("~")
        before = float(at), int(n)
        found = [
            (one.recorded_at, n, one)
            for n, one in self._state.consents.values()
            if all(
                getattr(query, name) in (None, getattr(one, name))
                for name in ("number", "scope", "state")
            )
            and (one.recorded_at, n) < before
        ]
        found.sort(key=lambda one: one[:2], reverse=True)
        shown = found[: query.limit]
        more = f"{shown[-1][0]!r}~{shown[-1][1]}" if len(found) > len(shown) else None
        return Page(tuple(one for _, _, one in shown), more)

    def after(self, n: int, limit: int) -> list[tuple[int, Consent]]:
        found = sorted(self._state.consents.values(), key=lambda one: one[0])
        return [one for one in found if one[0] > n][:limit]

    def erased(self) -> Erased:
        return Erased(self.KEY, frozenset(self._state.consent_marks))

    def record(self, consents: Iterable[Consent], *, stands: bool = True) -> None:
        for one in consents:
            self._state.consent_history.append(one)
            if stands:
                self._state.last_consent += 1
                numbered = (self._state.last_consent, one)
                self._state.consents[one.number, one.scope] = numbered
                if lets_in(one):
                    self._state.consent_marks.discard(mark_of(self.KEY, one.number))

    def erase(self, number: str) -> int:
        stands = self.current(number)
        if stands is not None and stands.state is ConsentState.OPTED_OUT:
            self._state.consent_marks.add(mark_of(self.KEY, number))
        for one in self.standing(number):
            del self._state.consents[number, one.scope]
        kept = [one for one in self._state.consent_history if one.number != number]
        count = len(self._state.consent_history) - len(kept)
        self._state.consent_history = kept
        return count


class Budgets:
    def __init__(self, state: State) -> None:
        self._state = state

    def uses(self) -> list[BudgetUse]:
        return sorted(self._state.budget_uses.values())

    def holds(self) -> list[BudgetHold]:
        return sorted(self._state.budget_holds.values())

    def holds_of(self, message: str) -> list[BudgetHold]:
        return [hold for hold in self.holds() if hold.message == message]

    def over(self) -> list[str]:
        open_ = {m.id for m in self._state.messages.values() if m.status in OPEN_STATUSES}
        return sorted({hold.message for hold in self.holds()} - open_)

    def reserve(self, holds: Iterable[BudgetHold]) -> list[BudgetUse]:
        taken = {}
        for hold in holds:
            place = hold.message, hold.of, hold.sim
            before = self._state.budget_holds.get(place)
            more = hold.quantity + (0 if before is None else before.quantity)
            self._state.budget_holds[place] = hold._replace(quantity=more)
            taken[hold.of] = self._add(hold.of, hold.quantity, 0)
        return list(taken.values())

    def count(self, of: BudgetPeriod, used: int) -> None:
        self._add(of, 0, used)

    def settle(self, hold: BudgetHold, used: int) -> None:
        self._state.budget_holds.pop((hold.message, hold.of, hold.sim), None)
        self._add(hold.of, -hold.quantity, used)

    def tell(self, of: BudgetPeriod, mark: int) -> bool:
        use = self._add(of, 0, 0)
        if use.told < mark:
            self._state.budget_uses[of] = use._replace(told=mark)
        return use.told < mark

    def drop(self, before: int) -> None:
        for of, use in list(self._state.budget_uses.items()):
            if of.period < before and not use.reserved:
                del self._state.budget_uses[of]

    def _add(self, of: BudgetPeriod, reserved: int, used: int) -> BudgetUse:
        use = self._state.budget_uses.get(of, BudgetUse(of, 0, 0, 0))
        use = use._replace(reserved=use.reserved + reserved, used=use.used + used)
        self._state.budget_uses[of] = use
        return use


class Unit:
    """What a unit of work, or a query, is handed."""

    def __init__(self, state: State, now: float) -> None:
        self.now = now
        self.messages = Messages(state, now)
        self.batches = MemoryBatches(state.batches, state.messages)
        self.attempts = Attempts(state)
        self.inbound = InboundMessages(state)
        self.retention = Retention(state)
        self.events = Events(state, now)
        self.answers = Answers(state)
        self.leases = Leases(state, now)
        self.webhooks = Webhooks(state)
        self.recent = Recent(state)
        self.templates = Templates(state)
        self.verifications = Verifications(state)
        self.keys = Keys(state)
        self.audit = Audit(state, now)
        self.usage = Usage(state)
        self.consents = Consents(state)
        self.alerts = Alerts(state, now)
        self.budgets = Budgets(state)


class MemoryStore:
    """Keeps `state` up to date. Its units are run in the loop, one after the other."""

    problem: str | None = None
    stalled: str | None = None

    def __init__(self, state: list[State], clock: Clock) -> None:
        self.commits = Histogram(())
        self._durable = state
        """Of one element: what a crash leaves."""
        self._clock = clock
        self._listeners: list[Callable[[list[Event]], None]] = []
        events = state[0].events
        self.last_event = events[-1].id if events else 0

    async def __aenter__(self) -> MemoryStore:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.sleep(0)  # what was submitted is committed

    @property
    def last_progress(self) -> float:
        return self._clock.monotonic()

    def write(
        self,
        work: Callable[[Any], T],
        *,
        keep: bool = False,
        then: Callable[[T], None] | None = None,
    ) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        loop.call_soon(self._run, work, then, done)
        return done

    def _run(
        self, work: Callable[[Any], T], then: Callable[[T], None] | None, done: asyncio.Future[T]
    ) -> None:
        state = copy.deepcopy(self._durable[0])
        try:
            result = work(Unit(state, self._clock.time()))
        except Exception as error:
            if not done.done():
                done.set_exception(error)
            return
        self._durable[0] = state
        if then is not None:
            then(result)
        if not done.done():
            done.set_result(result)
        if events := [event for event in state.events if event.id > self.last_event]:
            self.last_event = events[-1].id
            for listener in self._listeners:
                listener(events)

    async def read(self, query: Callable[[Any], T]) -> T:
        await asyncio.sleep(0)
        return query(Unit(self._durable[0], self._clock.time()))

    look_up = read

    def on_events(self, listener: Callable[[list[Event]], None]) -> None:
        self._listeners.append(listener)
