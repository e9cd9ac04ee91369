"""The parts of a gateway that this door needs, and how an endpoint gets at the one it asks.

A part that is added gets a protocol, a place in `Parts`, a key, and a line in `hand_over`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from modemgw.gateway import (
    Accepted,
    AcceptedBatch,
    AlertQuery,
    Allowance,
    AuditQuery,
    BatchChange,
    BatchPlan,
    BatchPreview,
    BatchQuery,
    BatchView,
    BudgetView,
    ConsentRow,
    ConsentsOf,
    ConversationQuery,
    CreatedWebhook,
    DeliveryQuery,
    Erasure,
    Export,
    HandlerView,
    Idempotency,
    ImportReport,
    InboundQuery,
    Issued,
    Match,
    MessageQuery,
    ModemView,
    NewConsent,
    NewKey,
    NewVerification,
    Preview,
    Replay,
    Sample,
    SimView,
    TemplatePreview,
    Trial,
    TypeView,
    VerificationQuery,
    VerificationView,
    WebhookChange,
    WebhookView,
)
from modemgw.gateway.bus import Watch
from modemgw.gateway.supervision import Keeper
from modemgw.gateway.templates.compiled import CompiledTemplate
from modemgw.gateway.upkeep.readiness.finding import Item
from modemgw.modem import AtAnswer, TraceLine, UssdAnswer
from modemgw.store import (
    Alert,
    AuditRecord,
    Consent,
    ConsentQuery,
    Delivery,
    KeyRow,
    StoppedPrefix,
    Template,
    TemplateContent,
    UsageQuery,
    UsageSum,
)
from modemgw.store.contract.keys import KeyState
from modemgw.store.records import (
    Conversation,
    ConversationItem,
    Event,
    Inbound,
    Key,
    Message,
    NewMessage,
    Page,
)


class Sending(Protocol):
    """Takes what is to be sent."""

    async def send(
        self, new: NewMessage, *, key: str, idempotency: Idempotency | None = None
    ) -> Accepted:
        """Accept a message: when this returns it is committed.

        Raises Rejected (with every field that is wrong), TooMany, IdempotencyConflict,
        Unavailable.
        """
        ...

    async def send_batch(
        self,
        news: Iterable[NewMessage],
        *,
        key: str,
        plan: BatchPlan,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        """Accept what can be accepted of a batch, in one transaction.

        Raises IdempotencyConflict, Unavailable.
        """
        ...

    async def add_to_batch(
        self,
        id: str,
        news: Iterable[NewMessage],
        *,
        key: str,
        more: bool,
        idempotency: Idempotency | None = None,
    ) -> AcceptedBatch:
        """Add messages to a batch that was said to have more.

        Raises NotFound, Conflict, IdempotencyConflict, Unavailable.
        """
        ...

    async def preview_batch(
        self, news: Iterable[NewMessage], *, key: str, plan: BatchPlan
    ) -> BatchPreview:
        """What a batch would be sent as; sends nothing, and uses up no limit."""
        ...

    def preview(self, new: NewMessage, *, key: str) -> Preview:
        """What a message would be sent as; sends nothing. Raises Rejected as `send` would."""
        ...

    def allowances(self, key: str, /) -> Sequence[Allowance]:
        """What is left of the limits on a key, by its name; nothing where it has none."""
        ...


class Messages(Protocol):
    """Shows and cancels what was accepted."""

    async def get(self, id: str, /) -> Message:
        """A message and its history. Raises NotFound."""
        ...

    async def find(self, query: MessageQuery, /) -> Page[Message]:
        """A page of messages, newest first. Raises Rejected for a cursor that is not ours."""
        ...

    async def cancel(self, id: str, /) -> Message:
        """Cancel a message of which nothing can have gone out. Raises NotFound, Conflict."""
        ...


class Batches(Protocol):
    """Shows, holds back and calls off what was sent together. Each verb on one raises NotFound."""

    async def get(self, id: str, /) -> BatchView:
        """A batch, and how far its messages came."""
        ...

    async def find(self, query: BatchQuery, /) -> Page[BatchView]:
        """A page of batches, newest first. Raises Rejected for a cursor that is not ours."""
        ...

    async def messages(self, id: str, query: MessageQuery, /) -> Page[Message]:
        """A page of a batch's messages, newest first. Raises Rejected (cursor)."""
        ...

    async def pause(self, id: str, /) -> BatchView:
        """Hold back what has not begun. Raises Conflict, Unavailable."""
        ...

    async def resume(self, id: str, /) -> BatchView:
        """Go on with a batch. Raises Conflict, Unavailable."""
        ...

    async def cancel(self, id: str, /) -> BatchView:
        """Take back what has not begun. Raises Conflict, Unavailable."""
        ...

    async def change(self, id: str, change: BatchChange, /) -> BatchView:
        """Change its name or pace, or end it. Raises Conflict, Unavailable."""
        ...


class Inbounds(Protocol):
    """Shows what was received, and remembers what was read of it."""

    async def get(self, id: str, /) -> Inbound:
        """A received message. Raises NotFound."""
        ...

    async def find(self, query: InboundQuery, /) -> Page[Inbound]:
        """A page of received messages, newest first. Raises Rejected for a foreign cursor."""
        ...

    async def mark(self, id: str, read: bool, /) -> Inbound:
        """Mark a message as read, or as not read. Raises NotFound, StoreUnavailable."""
        ...


class Conversations(Protocol):
    """Shows what was sent to a number and received from it, as one."""

    async def find(self, query: ConversationQuery, /) -> Page[Conversation]:
        """A page of conversations, newest first; it may be short and yet not be the last.

        Raises Rejected for a foreign cursor.
        """
        ...

    async def items(self, number: str, query: ConversationQuery, /) -> Page[ConversationItem]:
        """A page of a conversation, newest first. Raises NotFound, Rejected (foreign cursor)."""
        ...

    async def mark_read(self, number: str, through: str | None, /) -> int:
        """Mark what was received from a number as read; returns how many were not before.

        Raises NotFound, Rejected (`through`), StoreUnavailable.
        """
        ...


class Consents(Protocol):
    """Records and shows who may be sent what. What records it raises Unavailable as well."""

    def checked(self, new: NewConsent, /) -> NewConsent:
        """A decision with its number as it is recorded. Raises Rejected."""
        ...

    def pseudonym(self, given: str, /) -> str:
        """What stands for a number where it must not be told. Raises Rejected."""
        ...

    async def record(self, new: NewConsent, /) -> Consent:
        """Record a decision. Raises Rejected."""
        ...

    async def of(self, given: str, /) -> ConsentsOf:
        """What is known of a number. Raises NotFound, Rejected."""
        ...

    async def find(self, query: ConsentQuery, /) -> Page[Consent]:
        """A page of decisions that stand, the newest first. Raises Rejected."""
        ...

    async def erase(self, given: str, /) -> None:
        """Forget what a number has decided; who has opted out stays so. Raises NotFound."""
        ...

    async def bring_in(
        self, rows: Sequence[ConsentRow], /, *, again: bool = False, dry_run: bool = False
    ) -> ImportReport:
        """Record the decisions of a list whose rows are `checked`."""
        ...

    def all(self) -> AsyncIterator[Sequence[Consent]]:
        """Every decision that stands, part by part."""
        ...


class Privacy(Protocol):
    """Shows and erases what is kept about a number."""

    async def export(self, given: str, /) -> Export:
        """Everything about a number. Raises Rejected."""
        ...

    async def erase(self, given: str, /, *, dry_run: bool = False) -> Erasure:
        """Erase everything about a number that is done with. Raises Rejected, Unavailable."""
        ...


class Events(Protocol):
    """Tells what happens."""

    def groups(self, after: int | None = None) -> AsyncIterator[list[Event]]:
        """Events with an id above `after` (default: from now on), as many at a time as there are,
        then live, without end."""
        ...

    @property
    def newest(self) -> int:
        """The id of the last event there was."""
        ...

    def watch(self, message: str, /) -> AbstractContextManager[Watch]:
        """What is told of the message with this id, while this is open."""
        ...


class Delivering(Protocol):
    """Shows what somebody outside gets, and has it made once more."""

    async def deliveries(self, query: DeliveryQuery, /) -> Page[Delivery]:
        """A page of one's deliveries, newest first. Raises NotFound, Rejected (cursor)."""
        ...

    async def replay(self, id: str, wanted: Replay, /) -> int:
        """Have ended deliveries made once more; returns how many. Raises NotFound, Rejected."""
        ...


class Handlers(Delivering, Protocol):
    """Shows the handlers and what they get, and has it made once more."""

    async def all(self) -> list[HandlerView]:
        """Every handler, and how many of its deliveries have not been made."""
        ...


class Trials(Protocol):
    """Shows what handlers would do with something made up."""

    def matches(self, sample: Sample, /) -> list[Match]:
        """Which of them would take it, in their order."""
        ...

    async def test(self, id: str, sample: Sample, /) -> Trial:
        """Have one do what it does; nothing is sent. Raises NotFound, Rejected (`on`)."""
        ...


class Webhooks(Delivering, Protocol):
    """Shows the webhooks and what they get; makes and changes them."""

    async def all(self) -> list[WebhookView]:
        """Every webhook, the oldest first."""
        ...

    async def one(self, id: str, /) -> WebhookView:
        """One webhook. Raises NotFound."""
        ...

    async def create(
        self,
        *,
        url: str,
        events: Sequence[str],
        description: str | None,
        enabled: bool,
        key: str,
        idempotency: Idempotency | None,
    ) -> CreatedWebhook | bytes:
        """Tell `url` of these events from now on; or the first answer to the same request.

        Raises Rejected (`url`, `events[i]`), IdempotencyConflict.
        """
        ...

    async def change(self, id: str, change: WebhookChange, /) -> WebhookView:
        """Change a webhook. Raises NotFound, Rejected."""
        ...

    async def delete(self, id: str, /) -> None:
        """Forget a webhook; what is pending for it is dead. Raises NotFound."""
        ...

    async def rotate(self, id: str, /) -> str:
        """Give a webhook another secret, which is returned. Raises NotFound."""
        ...

    async def test(self, id: str, /) -> Delivery:
        """Post a test event to a webhook and say how that ended. Raises NotFound, Conflict."""
        ...


class Templates(Protocol):
    """Shows, keeps and tries templates. What changes them raises Unavailable as well."""

    def all(self) -> list[CompiledTemplate]:
        """Every template as it is now, by name."""
        ...

    def one(self, name: str, /) -> CompiledTemplate:
        """A template as it is now. Raises NotFound."""
        ...

    async def versions(self, name: str, /) -> list[Template]:
        """Every version of a template, the newest first. Raises NotFound."""
        ...

    async def version(self, name: str, version: int, /) -> CompiledTemplate:
        """A version of a template, also of one that was deleted. Raises NotFound."""
        ...

    async def create(
        self,
        name: str,
        content: TemplateContent,
        *,
        key: str,
        idempotency: Idempotency | None,
    ) -> CompiledTemplate | bytes:
        """Keep a new template; or the first answer to the same request.

        Raises Rejected, TemplateExists, IdempotencyConflict.
        """
        ...

    async def put(
        self, name: str, content: TemplateContent, *, key: str, expected: int | None
    ) -> CompiledTemplate:
        """Keep another version of a template; `expected`: the one that there must be now.

        Raises NotFound, Rejected, Conflict (it comes from a file), Outdated.
        """
        ...

    async def delete(self, name: str, *, key: str, expected: int | None) -> None:
        """Delete a template. Raises NotFound, Conflict (it comes from a file), Outdated."""
        ...

    def preview(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        language: str | None,
        to: str | None,
    ) -> TemplatePreview:
        """What a template says with these values. Raises NotFound, Rejected."""
        ...


class Modems(Protocol):
    """Shows and controls the modems. Each verb on one modem raises NotFound."""

    def views(self) -> list[ModemView]:
        """Every modem as it is now."""
        ...

    def view(self, id: str, /) -> ModemView:
        """A modem as it is now."""
        ...

    def pause(self, id: str, /) -> ModemView:
        """Send nothing more through a modem."""
        ...

    def resume(self, id: str, /) -> ModemView:
        """Let a paused modem work again."""
        ...

    def restart(self, id: str, /) -> ModemView:
        """Let a modem begin anew with its identification."""
        ...

    async def ussd(self, id: str, code: str, timeout_s: float, /) -> UssdAnswer:
        """Send a USSD request. Raises Conflict (not ready), Rejected, ModemError."""
        ...

    async def end_ussd(self, id: str, /) -> None:
        """End a modem's USSD dialogue, if there is one. Raises Conflict, ModemError."""
        ...

    async def by_hand(self, id: str, command: str, timeout_s: float, /) -> AtAnswer:
        """Type an AT command. Raises Conflict (no open port), Rejected, ModemError."""
        ...

    def signal(self, id: str, /) -> list[tuple[float, int | None]]:
        """Times and dBm of the last polls of a modem's signal, oldest first."""
        ...

    def trace(self, id: str, /, *, texts: bool = False, after: int = 0) -> list[TraceLine]:
        """What was last said on a modem's port, after a line's id; masked, see `texts`."""
        ...


class Sims(Protocol):
    """Shows the SIMs: those in modems now, and those that were seen before."""

    async def all(self) -> list[SimView]:
        """Every SIM that was ever seen, by ICCID. Raises StoreUnavailable."""
        ...

    async def one(self, iccid: str, /) -> SimView:
        """One SIM. Raises NotFound, StoreUnavailable."""
        ...

    async def ask_balance(self, iccid: str, /) -> SimView:
        """Ask the network for its balance now.

        Raises NotFound, Conflict, ModemError, StoreUnavailable.
        """
        ...


class Alerts(Protocol):
    """Shows what a person must see to, and keeps it from notifying anybody for a time."""

    async def find(self, query: AlertQuery, /) -> Page[Alert]:
        """A page of alerts, that raised last first. Raises Rejected for a foreign cursor."""
        ...

    async def one(self, id: str, /) -> Alert:
        """One alert. Raises NotFound, StoreUnavailable."""
        ...

    async def silence(self, id: str, seconds: float, /) -> Alert:
        """Notify nobody of it for so long; 0 ends that. Raises NotFound, StoreUnavailable."""
        ...


class Budgets(Protocol):
    """Shows what may be spent, and how much of it is taken."""

    def views(self) -> list[BudgetView]:
        """Every budget, in the order of the configuration."""
        ...


class Usage(Protocol):
    """Adds up what was sent."""

    async def sums(self, query: UsageQuery, /) -> list[UsageSum]:
        """The sums, in the order of what they are told apart by. Raises Rejected."""
        ...


class Types(Protocol):
    """Shows what is done with each type of messages."""

    def all(self) -> list[TypeView]:
        """Every type, what is most urgent first."""
        ...

    def one(self, name: str, /) -> TypeView:
        """One type. Raises NotFound."""
        ...


class Verifications(Protocol):
    """Proves numbers by codes. What sends or changes something raises Unavailable as well."""

    async def start(
        self, new: NewVerification, /, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Send a code to a number; or the first answer to the same request.

        Raises Rejected, TooManyCodes, TooManyTries, PrefixStopped, TooMany, IdempotencyConflict.
        """
        ...

    async def resend(
        self, id: str, /, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Send a code once more. Raises NotFound, Over, and as `start`."""
        ...

    async def check(
        self, id: str, code: str, /, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Try a code. Raises NotFound, Over, TooManyTries, IdempotencyConflict."""
        ...

    async def check_number(
        self, to: str, code: str, /, *, key: Key, idempotency: Idempotency | None = None
    ) -> VerificationView | bytes:
        """Try a code for a number. Raises Rejected, and as `check`."""
        ...

    async def cancel(self, id: str, /, *, key: Key) -> VerificationView:
        """Call a verification off. Raises NotFound, Over."""
        ...

    async def get(self, id: str, /, *, key: Key) -> VerificationView:
        """One verification that the key may see. Raises NotFound."""
        ...

    async def find(self, query: VerificationQuery, /) -> Page[VerificationView]:
        """A page of verifications, newest first. Raises Rejected for a cursor that is not ours."""
        ...

    async def stopped(self) -> Sequence[StoppedPrefix]:
        """The prefixes to which no code goes now."""
        ...

    async def lift(self, prefix: str, /) -> None:
        """Let codes go to a prefix again. Raises NotFound."""
        ...


class Checklist(Protocol):
    """Looks whether all is ready for production."""

    async def items(self) -> list[Item]:
        """Every point, in the order of the checklist. Raises StoreUnavailable."""
        ...


class Access(Protocol):
    """Knows who may come in."""

    async def authenticate(self, token: str, /) -> Key | None:
        """The key with this token, if it is in force. Raises StoreUnavailable."""
        ...

    async def hold_back(self, address: str, /) -> None:
        """Wait before a wrong token that came from `address` is refused."""
        ...

    def watch(self, key: Key, /) -> AbstractContextManager[asyncio.Event]:
        """An event that is set when `key` is no longer in force, for as long as this is open."""
        ...


class Keys(Protocol):
    """Shows and changes the API keys. What changes them raises Unavailable as well."""

    async def all(self) -> list[KeyRow]:
        """Every key, oldest first, also those that are revoked or have expired."""
        ...

    async def one(self, name: str, /) -> KeyRow:
        """The key of this name. Raises NotFound."""
        ...

    def state(self, row: KeyRow, /) -> KeyState:
        """How a key stands now."""
        ...

    async def create(self, new: NewKey, /, *, by: Key) -> Issued:
        """Make a key, which can do no more than `by`. Raises Rejected, NameInUse."""
        ...

    async def rotate(self, name: str, grace_s: float, /) -> Issued:
        """Give a key another token. Raises NotFound, Conflict."""
        ...

    async def revoke(self, name: str, /) -> KeyRow:
        """Revoke a key. Raises NotFound, LastAdmin."""
        ...

    async def renew_webhook_secret(self, name: str, /) -> str:
        """Have a key's callbacks signed with another secret. Raises NotFound, Conflict."""
        ...


class Audit(Protocol):
    """The record of what admins did."""

    async def record(
        self,
        action: str,
        *,
        key: str | None,
        address: str,
        target: str | None = None,
        outcome: str = "done",
        detail: str | None = None,
    ) -> None:
        """Put on record what was done, or why it was not."""
        ...

    async def find(self, query: AuditQuery, /) -> Page[AuditRecord]:
        """A page of records, newest first. Raises Rejected for a cursor that is not ours."""
        ...


class Health(Protocol):
    """Says how the gateway does."""

    @property
    def ready(self) -> bool:
        """Whether a modem can send."""
        ...

    @property
    def accepting(self) -> str | None:
        """Why new work is refused, or None when it is not."""
        ...

    @property
    def stalled(self) -> str | None:
        """Why only a restart helps, or None."""
        ...

    @property
    def alarms(self) -> dict[str, str]:
        """What a person must see to though messages may be sent, by modem."""
        ...

    @property
    def troubles(self) -> list[str]:
        """What does not work as it should though the gateway runs: a line each."""
        ...


class Figures(Protocol):
    """Counts."""

    def registry(self) -> CollectorRegistry:
        """The figures for Prometheus, as they are now."""
        ...


class Parts(Protocol):
    """A gateway, as far as this door needs it."""

    @property
    def sending(self) -> Sending: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def inbounds(self) -> Inbounds: ...
    @property
    def consents(self) -> Consents: ...
    @property
    def privacy(self) -> Privacy: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def events(self) -> Events: ...
    @property
    def handlers(self) -> Handlers: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def templates(self) -> Templates: ...
    @property
    def modems(self) -> Modems: ...
    @property
    def sims(self) -> Sims: ...
    @property
    def budgets(self) -> Budgets: ...
    @property
    def checklist(self) -> Checklist: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def types(self) -> Types: ...
    @property
    def verifications(self) -> Verifications: ...
    @property
    def access(self) -> Access: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def health(self) -> Health: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def keeper(self) -> Keeper: ...


SENDING: Final[web.AppKey[Sending]] = web.AppKey("sending")
MESSAGES: Final[web.AppKey[Messages]] = web.AppKey("messages")
BATCHES: Final[web.AppKey[Batches]] = web.AppKey("batches")
INBOUNDS: Final[web.AppKey[Inbounds]] = web.AppKey("inbounds")
CONSENTS: Final[web.AppKey[Consents]] = web.AppKey("consents")
PRIVACY: Final[web.AppKey[Privacy]] = web.AppKey("privacy")
CONVERSATIONS: Final[web.AppKey[Conversations]] = web.AppKey("conversations")
EVENTS: Final[web.AppKey[Events]] = web.AppKey("events")
HANDLERS: Final[web.AppKey[Handlers]] = web.AppKey("handlers")
TRIALS: Final[web.AppKey[Trials]] = web.AppKey("trials")
WEBHOOKS: Final[web.AppKey[Webhooks]] = web.AppKey("webhooks")
TEMPLATES: Final[web.AppKey[Templates]] = web.AppKey("templates")
MODEMS: Final[web.AppKey[Modems]] = web.AppKey("modems")
SIMS: Final[web.AppKey[Sims]] = web.AppKey("sims")
ALERTS: Final[web.AppKey[Alerts]] = web.AppKey("alerts")
CHECKLIST: Final[web.AppKey[Checklist]] = web.AppKey("checklist")
BUDGETS: Final[web.AppKey[Budgets]] = web.AppKey("budgets")
USAGE: Final[web.AppKey[Usage]] = web.AppKey("usage")
TYPES: Final[web.AppKey[Types]] = web.AppKey("types")
VERIFICATIONS: Final[web.AppKey[Verifications]] = web.AppKey("verifications")
ACCESS: Final[web.AppKey[Access]] = web.AppKey("access")
KEYS: Final[web.AppKey[Keys]] = web.AppKey("keys")
AUDIT: Final[web.AppKey[Audit]] = web.AppKey("audit")
HEALTH: Final[web.AppKey[Health]] = web.AppKey("health")
FIGURES: Final[web.AppKey[Figures]] = web.AppKey("figures")


def hand_over(gateway: Parts, app: web.Application) -> None:
    """Give the endpoints of `app` each part to ask."""
    app[SENDING] = gateway.sending
    app[MESSAGES] = gateway.messages
    app[BATCHES] = gateway.batches
    app[INBOUNDS] = gateway.inbounds
    app[CONSENTS] = gateway.consents
    app[PRIVACY] = gateway.privacy
    app[CONVERSATIONS] = gateway.conversations
    app[EVENTS] = gateway.events
    app[HANDLERS] = gateway.handlers
    app[TRIALS] = gateway.trials
    app[WEBHOOKS] = gateway.webhooks
    app[TEMPLATES] = gateway.templates
    app[MODEMS] = gateway.modems
    app[SIMS] = gateway.sims
    app[ALERTS] = gateway.alerts
    app[BUDGETS] = gateway.budgets
    app[CHECKLIST] = gateway.checklist
    app[USAGE] = gateway.usage
    app[TYPES] = gateway.types
    app[VERIFICATIONS] = gateway.verifications
    app[ACCESS] = gateway.access
    app[KEYS] = gateway.keys
    app[AUDIT] = gateway.audit
    app[HEALTH] = gateway.health
    app[FIGURES] = gateway.figures
