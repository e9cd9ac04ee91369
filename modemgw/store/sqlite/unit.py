"""What a unit of work writes through, and a query reads through: the nouns on one connection."""

from __future__ import annotations

import sqlite3

from modemgw.store.sqlite.alerts import SqliteAlerts
from modemgw.store.sqlite.attempts import SqliteAttempts
from modemgw.store.sqlite.audit import SqliteAudit
from modemgw.store.sqlite.batches import SqliteBatches
from modemgw.store.sqlite.budgets import SqliteBudgets
from modemgw.store.sqlite.centres import RememberedCentres, SqliteCentres
from modemgw.store.sqlite.consents import SqliteConsents
from modemgw.store.sqlite.conversations import SqliteConversations
from modemgw.store.sqlite.deliveries import SqliteDeliveries
from modemgw.store.sqlite.events import SqliteAnswers, SqliteEvents, SqliteUnmatchedReports
from modemgw.store.sqlite.inbound import SqliteInboundMessages
from modemgw.store.sqlite.keys import SqliteKeys
from modemgw.store.sqlite.leases import SqliteLeases
from modemgw.store.sqlite.messages import SqliteMessages
from modemgw.store.sqlite.pins import SqlitePinTries
from modemgw.store.sqlite.privacy import SqlitePrivacy
from modemgw.store.sqlite.recent import SqliteRecent
from modemgw.store.sqlite.redating import SqliteDates
from modemgw.store.sqlite.retention import SqliteRetention
from modemgw.store.sqlite.rows import Rows
from modemgw.store.sqlite.sim_state import SqliteSimState
from modemgw.store.sqlite.templates import SqliteTemplates
from modemgw.store.sqlite.usage import SqliteUsage
from modemgw.store.sqlite.verifications import SqliteVerifications
from modemgw.store.sqlite.webhooks import SqliteWebhooks


class SqliteView:
    """Verbs that read. Made once for each reading connection."""

    __slots__ = (
        "alerts",
        "answers",
        "attempts",
        "audit",
        "batches",
        "budgets",
        "centres",
        "connection",
        "consents",
        "conversations",
        "dates",
        "deliveries",
        "events",
        "inbound",
        "keys",
        "leases",
        "messages",
        "pins",
        "privacy",
        "recent",
        "sim_state",
        "templates",
        "usage",
        "verifications",
        "webhooks",
    )

    def __init__(self, db: sqlite3.Connection) -> None:
        self.connection = db
        self.centres = SqliteCentres(db)
        self.attempts = SqliteAttempts(db)
        self.pins = SqlitePinTries(db)
        self.messages = SqliteMessages(db)
        self.batches = SqliteBatches(db)
        self.consents = SqliteConsents(db)
        self.deliveries = SqliteDeliveries(db)
        self.sim_state = SqliteSimState(db)
        self.dates = SqliteDates(db)
        self.inbound = SqliteInboundMessages(db)
        self.conversations = SqliteConversations(db)
        self.events = SqliteEvents(db)
        self.answers = SqliteAnswers(db)
        self.keys = SqliteKeys(db)
        self.audit = SqliteAudit(db)
        self.leases = SqliteLeases(db)
        self.alerts = SqliteAlerts(db)
        self.usage = SqliteUsage(db)
        self.privacy = SqlitePrivacy(db)
        self.budgets = SqliteBudgets(db)
        self.webhooks = SqliteWebhooks(db)
        self.recent = SqliteRecent(db)
        self.templates = SqliteTemplates(db)
        self.verifications = SqliteVerifications(db)


class SqliteTransaction:
    """All verbs. Made once for the writing connection, renewed for each group of units."""

    __slots__ = (
        "_nouns",
        "alerts",
        "answers",
        "attempts",
        "audit",
        "batches",
        "budgets",
        "centres",
        "connection",
        "consents",
        "conversations",
        "dates",
        "deliveries",
        "events",
        "inbound",
        "keys",
        "leases",
        "messages",
        "now",
        "pins",
        "privacy",
        "recent",
        "retention",
        "sim_state",
        "templates",
        "unmatched",
        "usage",
        "verifications",
        "webhooks",
    )

    def __init__(self, db: sqlite3.Connection, now: float = 0.0) -> None:
        self.connection = db
        self.now = now
        self.centres = RememberedCentres(db, now)
        self.attempts = SqliteAttempts(db, now)
        self.pins = SqlitePinTries(db, now)
        self.messages = SqliteMessages(db, now)
        self.batches = SqliteBatches(db, now)
        self.retention = SqliteRetention(db, now)
        self.consents = SqliteConsents(db, now)
        self.deliveries = SqliteDeliveries(db, now)
        self.sim_state = SqliteSimState(db, now)
        self.dates = SqliteDates(db, now, on_redated=self.centres.forget)
        self.inbound = SqliteInboundMessages(db, now)
        self.conversations = SqliteConversations(db, now)
        self.events = SqliteEvents(db, now)
        self.answers = SqliteAnswers(db, now)
        self.unmatched = SqliteUnmatchedReports(db, now)
        self.keys = SqliteKeys(db, now)
        self.audit = SqliteAudit(db, now)
        self.leases = SqliteLeases(db, now)
        self.alerts = SqliteAlerts(db, now)
        self.usage = SqliteUsage(db, now)
        self.privacy = SqlitePrivacy(db, now)
        self.budgets = SqliteBudgets(db, now)
        self.webhooks = SqliteWebhooks(db, now)
        self.recent = SqliteRecent(db, now)
        self.templates = SqliteTemplates(db, now)
        self.verifications = SqliteVerifications(db, now)
        self._nouns: tuple[Rows, ...] = tuple(
            noun for name in self.__slots__ if isinstance(noun := getattr(self, name, None), Rows)
        )

    def forget(self) -> None:
        """Something was undone: nothing that is remembered of the rows counts."""
        for noun in self._nouns:
            noun.forget()

    def renew(self, now: float) -> None:
        """Another group begins, at this time (UTC seconds)."""
        self.now = now
        self.events.emitted = []
        self.usage.counted = []
        for noun in self._nouns:
            noun.now = now
