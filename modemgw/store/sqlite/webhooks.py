"""Rows of webhooks and their secrets; and which messages name an address of their own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from modemgw.store.contract.webhooks import Webhook, WebhookSecret
from modemgw.store.sqlite.rows import Rows

_COLUMNS = "id, url, events, description, enabled, created_at, disabled_reason, after_event"


class SqliteWebhooks(Rows):
    """Who asked to be told."""

    __slots__ = ()

    def all(self) -> list[Webhook]:
        """Every webhook, the oldest first."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM webhooks ORDER BY created_at, id")
        return [_webhook(self._db, row) for row in rows.fetchall()]

    def get(self, id: str) -> Webhook | None:
        """The webhook with this id."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?", (id,)).fetchone()
        return None if row is None else _webhook(self._db, row)

    def put(self, webhook: Webhook) -> None:
        """Keep a webhook, in place of the one with its id if there is one."""
        self._db.execute(
            f"INSERT OR REPLACE INTO webhooks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                webhook.id,
                webhook.url,
                json.dumps(webhook.events),
                webhook.description,
                webhook.enabled,
                webhook.created_at,
                webhook.disabled_reason,
                webhook.after_event,
            ),
        )
        self._db.execute("DELETE FROM webhook_secrets WHERE webhook = ?", (webhook.id,))
        self._db.executemany(
            "INSERT INTO webhook_secrets (webhook, place, secret, until) VALUES (?, ?, ?, ?)",
            [(webhook.id, i, s.secret, s.until) for i, s in enumerate(webhook.secrets)],
        )

    def delete(self, id: str) -> bool:
        """Forget a webhook and its secrets; False when there is none."""
        self._db.execute("DELETE FROM webhook_secrets WHERE webhook = ?", (id,))
        return self._db.execute("DELETE FROM webhooks WHERE id = ?", (id,)).rowcount == 1

    def any_callback(self) -> bool:
        """Whether any message names an address to call back."""
        found = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE callback_url IS NOT NULL)"
        ).fetchone()
        return bool(found[0])

    def callbacks(self, messages: Sequence[str]) -> dict[str, str]:
        """The addresses to call back, by message, of those with these ids that name one."""
        marks = ", ".join("?" * len(messages))
        rows = self._db.execute(
            f"SELECT id, callback_url FROM messages WHERE id IN ({marks}) "
            "AND +callback_url IS NOT NULL",
            tuple(messages),
        )
        return dict(rows.fetchall())


def _webhook(db: sqlite3.Connection, row: Sequence[Any]) -> Webhook:
    secrets = db.execute(
        "SELECT secret, until FROM webhook_secrets WHERE webhook = ? ORDER BY place", (row[0],)
    )
    return Webhook(
        id=row[0],
        url=row[1],
        events=tuple(json.loads(row[2])),
        description=row[3],
        enabled=bool(row[4]),
        created_at=row[5],
        disabled_reason=row[6],
        after_event=row[7],
        secrets=tuple(WebhookSecret(*secret) for secret in secrets),
    )
