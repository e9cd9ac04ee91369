"""What a unit of work may write through, and what a query may read through, noun by noun."""

from __future__ import annotations

from typing import Protocol

from modemgw.store.contract.alerts import Alerts, AlertsView
from modemgw.store.contract.attempts import Attempts, AttemptsView
from modemgw.store.contract.audit import Audit, AuditView
from modemgw.store.contract.batches import Batches, BatchesView
from modemgw.store.contract.budgets import Budgets, BudgetsView
from modemgw.store.contract.centres import Centres, CentresView
from modemgw.store.contract.consents import Consents, ConsentsView
from modemgw.store.contract.conversations import ConversationsView
from modemgw.store.contract.deliveries import Deliveries, DeliveriesView
from modemgw.store.contract.events import Answers, AnswersView, Events, EventsView, UnmatchedReports
from modemgw.store.contract.inbound import InboundMessages, InboundMessagesView
from modemgw.store.contract.keys import Keys, KeysView
from modemgw.store.contract.leases import Leases, LeasesView
from modemgw.store.contract.messages import Messages, MessagesView
from modemgw.store.contract.pins import PinTries, PinTriesView
from modemgw.store.contract.privacy import Privacy, PrivacyView
from modemgw.store.contract.recent import Recent, RecentView
from modemgw.store.contract.redating import Dates, DatesView
from modemgw.store.contract.retention import Retention
from modemgw.store.contract.sim_state import SimState, SimStateView
from modemgw.store.contract.templates import Templates, TemplatesView
from modemgw.store.contract.usage import Usage, UsageView
from modemgw.store.contract.verifications import Verifications, VerificationsView
from modemgw.store.contract.webhooks import Webhooks, WebhooksView


class View(Protocol):
    """What can be asked. Valid only while the query runs, in a thread of the store."""

    @property
    def centres(self) -> CentresView:
        """The clocks of service centres."""

    @property
    def attempts(self) -> AttemptsView:
        """Each try of one part on one SIM, with the receipt that answered it."""

    @property
    def pins(self) -> PinTriesView:
        """Tries of PINs."""

    @property
    def messages(self) -> MessagesView:
        """Messages to send."""

    @property
    def batches(self) -> BatchesView:
        """Messages that were sent together."""

    @property
    def consents(self) -> ConsentsView:
        """Who may be sent what."""

    @property
    def deliveries(self) -> DeliveriesView:
        """What must reach somebody outside, and how far each consumer has read."""

    @property
    def sim_state(self) -> SimStateView:
        """Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

    @property
    def dates(self) -> DatesView:
        """What was dated by a clock that was wrong."""

    @property
    def inbound(self) -> InboundMessagesView:
        """What came in: every PDU as it was, and the messages made of them."""

    @property
    def conversations(self) -> ConversationsView:
        """What was sent to a number and received from it, as one."""

    @property
    def events(self) -> EventsView:
        """The log of what happened."""

    @property
    def answers(self) -> AnswersView:
        """Answers kept for Idempotency-Key."""

    @property
    def keys(self) -> KeysView:
        """API keys."""

    @property
    def audit(self) -> AuditView:
        """What admins did."""

    @property
    def alerts(self) -> AlertsView:
        """What a person had to see to, and has."""

    @property
    def leases(self) -> LeasesView:
        """What one process alone may do."""

    @property
    def usage(self) -> UsageView:
        """What was sent and what it cost."""

    @property
    def privacy(self) -> PrivacyView:
        """Everything that is kept about one number."""

    @property
    def budgets(self) -> BudgetsView:
        """What budgets have given out."""

    @property
    def recent(self) -> RecentView:
        """What was said lately."""

    @property
    def webhooks(self) -> WebhooksView:
        """Who asked to be told of events by HTTP."""

    @property
    def templates(self) -> TemplatesView:
        """Texts by name."""

    @property
    def verifications(self) -> VerificationsView:
        """Codes that were sent to prove a number."""


class Transaction(View, Protocol):
    """What a unit of work writes through. Valid only while that unit runs."""

    @property
    def now(self) -> float:
        """UTC seconds at which the group began."""

    @property
    def centres(self) -> Centres:
        """The clocks of service centres."""

    @property
    def attempts(self) -> Attempts:
        """Each try of one part on one SIM, with the receipt that answered it."""

    @property
    def pins(self) -> PinTries:
        """Tries of PINs."""

    @property
    def messages(self) -> Messages:
        """Messages to send."""

    @property
    def batches(self) -> Batches:
        """Messages that were sent together."""

    @property
    def retention(self) -> Retention:
        """Letting old things go, a part at a time."""

    @property
    def consents(self) -> Consents:
        """Who may be sent what."""

    @property
    def deliveries(self) -> Deliveries:
        """What must reach somebody outside, and how far each consumer has read."""

    @property
    def sim_state(self) -> SimState:
        """Policy that outlives a restart: refusals of a SIM, pauses of modems, wrong dates."""

    @property
    def dates(self) -> Dates:
        """What was dated by a clock that was wrong."""

    @property
    def inbound(self) -> InboundMessages:
        """What came in: every PDU as it was, and the messages made of them."""

    @property
    def events(self) -> Events:
        """The log of what happened."""

    @property
    def answers(self) -> Answers:
        """Answers kept for Idempotency-Key."""

    @property
    def keys(self) -> Keys:
        """API keys, and what may be done to them."""

    @property
    def audit(self) -> Audit:
        """What admins did, and what they do now."""

    @property
    def unmatched(self) -> UnmatchedReports:
        """Status reports that no attempt was found for."""

    @property
    def alerts(self) -> Alerts:
        """What a person must see to now, and had to before."""

    @property
    def leases(self) -> Leases:
        """What one process alone may do."""

    @property
    def usage(self) -> Usage:
        """What was sent and what it cost."""

    @property
    def privacy(self) -> Privacy:
        """Everything that is kept about one number."""

    @property
    def budgets(self) -> Budgets:
        """What budgets have given out."""

    @property
    def recent(self) -> Recent:
        """What was said lately."""

    @property
    def webhooks(self) -> Webhooks:
        """Who asked to be told of events by HTTP."""

    @property
    def templates(self) -> Templates:
        """Texts by name."""

    @property
    def verifications(self) -> Verifications:
        """Codes that were sent to prove a number."""
