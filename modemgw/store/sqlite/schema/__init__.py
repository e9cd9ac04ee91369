"""The tables, as migrations that are applied once, in order, each in one transaction.

A migration that was released is never changed; a new one gets a file beside these and the last
place in STEPS. The name is what a database remembers it by.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from sqlite_utils import Database, Migrations

from modemgw.store.sqlite.schema import (
    m0001_messages,
    m0002_inbound,
    m0003_events_keys,
    m0004_pin_tries,
    m0005_indexes,
    m0006_sim_state,
    m0007_receipts_inbound,
    m0008_handlers,
    m0009_deliveries,
    m0009_sims,
    m0010_leases,
    m0011_lists,
    m0012_webhooks,
    m0013_keys,
    m0014_attempts_by_time,
    m0015_consents,
    m0016_templates,
    m0017_verifications,
    m0018_batches,
    m0019_inbound_kinds,
    m0022_types,
    m0023_balances,
    m0024_usage,
    m0025_budgets,
    m0026_alerts,
)

STEPS: Final[tuple[tuple[str, Callable[[Database], None]], ...]] = (
    ("0001_messages", m0001_messages.upgrade),
    ("0002_inbound", m0002_inbound.upgrade),
    ("0003_events_keys", m0003_events_keys.upgrade),
    ("0004_pin_tries", m0004_pin_tries.upgrade),
    ("0005_indexes", m0005_indexes.upgrade),
    ("0006_sim_state", m0006_sim_state.upgrade),
    ("0007_receipts_inbound", m0007_receipts_inbound.upgrade),
    ("0008_handlers", m0008_handlers.upgrade),
    ("0009_deliveries", m0009_deliveries.upgrade),
    ("0009_sims", m0009_sims.upgrade),
    ("0010_leases", m0010_leases.upgrade),
    ("0011_lists", m0011_lists.upgrade),
    ("0012_webhooks", m0012_webhooks.upgrade),
    ("0013_keys", m0013_keys.upgrade),
    ("0014_attempts_by_time", m0014_attempts_by_time.upgrade),
    ("0015_consents", m0015_consents.upgrade),
    ("0016_templates", m0016_templates.upgrade),
    ("0017_verifications", m0017_verifications.upgrade),
    ("0018_batches", m0018_batches.upgrade),
    ("0019_inbound_kinds", m0019_inbound_kinds.upgrade),
    ("0022_types", m0022_types.upgrade),
    ("0023_balances", m0023_balances.upgrade),
    ("0026_alerts", m0026_alerts.upgrade),
    ("0024_usage", m0024_usage.upgrade),
    ("0025_budgets", m0025_budgets.upgrade),
)
"""In the order in which they are applied."""

migrations = Migrations("modemgw")
for _name, _upgrade in STEPS:
    migrations(name=_name)(_upgrade)


def migrate(db: Database) -> None:
    """Bring the database to this version's schema; a no-op when it is there already."""
    migrations.apply(db)


def applied(db: sqlite3.Connection) -> list[str]:
    """Names of the migrations that a database has had, in order."""
    rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'modemgw'")
    return sorted(name for (name,) in rows)


def missing(db: sqlite3.Connection) -> list[str]:
    """Names of migrations that a database lacks, in order: it is from an older version."""
    return sorted(_ours() - set(applied(db)))


def unknown(db: sqlite3.Connection) -> list[str]:
    """Names of migrations that this version does not know: the database is from a newer one."""
    return sorted(set(applied(db)) - _ours())


def _ours() -> set[str]:
    empty = Database(memory=True)
    try:
        return {m.name for m in migrations.pending(empty)}
    finally:
        empty.close()
