"""Rows of templates, and of which messages were made by them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from modemgw.store.contract.templates import Parameter, Source, Template, TemplateContent, Variant
from modemgw.store.records import Mailing, Message
from modemgw.store.sqlite.rows import Rows

_COLUMNS = "name, version, content, source, created_at, key"


class SqliteTemplates(Rows):
    """Templates."""

    __slots__ = ()

    def all(self) -> list[Template]:
        """The newest version of every template that is not deleted, by name."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM templates t WHERE content IS NOT NULL AND version = "
            "(SELECT max(version) FROM templates WHERE name = t.name) ORDER BY name"
        )
        return [_template(row) for row in rows.fetchall()]

    def get(self, name: str, version: int | None = None) -> Template | None:
        """A version of a template; None: the newest, be it that the template was deleted."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM templates WHERE name = ?1 AND (?2 IS NULL OR version = ?2) "
            "ORDER BY version DESC LIMIT 1",
            (name, version),
        ).fetchone()
        return None if row is None else _template(row)

    def versions(self, name: str) -> list[Template]:
        """Every version of a template, the newest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM templates WHERE name = ? ORDER BY version DESC", (name,)
        )
        return [_template(row) for row in rows.fetchall()]

    def add(
        self,
        name: str,
        content: TemplateContent | None,
        *,
        source: Source,
        at: float,
        key: str | None,
    ) -> Template:
        """Keep the next version of a template, made at `at` (UTC seconds); None: it is deleted."""
        (last,) = self._db.execute(
            "SELECT coalesce(max(version), 0) FROM templates WHERE name = ?", (name,)
        ).fetchone()
        made = Template(name, last + 1, content, source, at, key)
        kept = None if content is None else json.dumps(asdict(content))
        self._db.execute(
            f"INSERT INTO templates ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            (name, made.version, kept, source, at, key),
        )
        return made


def keep_uses(db: sqlite3.Connection, first: int, accepted: Iterable[Mailing]) -> None:
    """Keep by which templates messages were made, the first of which has the number `first`."""
    ranges: list[list[Any]] = []
    n = first
    for mailing in accepted:
        after = n + len(mailing.recipients)
        by = mailing.common.template, mailing.common.template_version
        if by[0] is not None and after > n:
            if ranges and (ranges[-1][1], *ranges[-1][2:]) == (n - 1, *by):
                ranges[-1][1] = after - 1
            else:
                ranges.append([n, after - 1, *by])
        n = after
    db.executemany(
        "INSERT INTO template_uses (first, last, template, version) VALUES (?, ?, ?, ?)", ranges
    )


def forget_uses(db: sqlite3.Connection, until: int) -> None:
    """Forget ranges up to the number `until` of which no message is left."""
    db.execute(
        "DELETE FROM template_uses WHERE first <= ?1 AND last <= ?1 AND NOT EXISTS "
        "(SELECT 1 FROM messages WHERE n BETWEEN first AND last)",
        (until,),
    )


def with_use(db: sqlite3.Connection, n: int, message: Message) -> Message:
    """The message number `n` with the template that made it, if one has."""
    row = db.execute(
        "SELECT last, template, version FROM template_uses WHERE first <= ? "
        "ORDER BY first DESC LIMIT 1",
        (n,),
    ).fetchone()
    if row is None or row[0] < n:
        return message
    return message._replace(template=row[1], template_version=row[2])


def _template(row: Sequence[Any]) -> Template:
    name, version, content, source, created_at, key = row
    kept = None if content is None else _content(json.loads(content))
    return Template(name, version, kept, source, created_at, key)


def _content(document: dict[str, Any]) -> TemplateContent:
    parameters = document["parameters"]
    return TemplateContent(
        variants=tuple(Variant(**variant) for variant in document["variants"]),
        parameters={name: Parameter(**about) for name, about in parameters.items()},
        allow_unicode=document["allow_unicode"],
        transliterate=document["transliterate"],
        description=document["description"],
    )
