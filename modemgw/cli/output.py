"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modemgw.cli.say import say, say_json
from modemgw.client import Answer, answers
from modemgw.plain import printable

WIDE = 200
"""Columns when the output goes to a file or a pipe."""

STYLES = {
    "delivered": "green",
    "done": "green",
    "running": "cyan",
    "sent": "green",
    "ready": "green",
    "sending": "cyan",
    "queued": "cyan",
    "scheduled": "cyan",
    "undelivered": "red",
    "failed": "red",
    "expired": "red",
    "quarantined": "red",
    "absent": "red",
    "unknown": "yellow",
    "paused": "yellow",
    "recovering": "yellow",
    "canceled": "dim",
}


def console() -> Console:
    """Standard output as it is now; as wide as needed unless it is a terminal."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else WIDE, highlight=False)


def print_json(document: Any) -> None:
    """One JSON document; of answers all that came."""
    say_json(_as_it_came(document), indent=2)


def _as_it_came(document: Any) -> Any:
    match document:
        case Answer():
            return document.document
        case list():
            return [_as_it_came(item) for item in document]
    return document


def cell(value: object) -> Text:
    """A table's cell: never read as markup, coloured if it is a status."""
    text = "-" if value is None or value == "" else printable(str(value))
    return Text(text, style=STYLES.get(text, ""))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """A table of cells."""
    result = Table(
        box=SIMPLE_HEAD, title=printable(title) or None, title_justify="left", pad_edge=False
    )
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*(value if isinstance(value, Text) else cell(value) for value in row))
    return result


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], nothing: str) -> None:
    """A table on standard output, or the words for an empty one."""
    if rows:
        console().print(table(columns, rows))
    else:
        say(nothing)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values of one thing."""
    grid = Table.grid(padding=(0, 2))
    for name, value in fields:
        grid.add_row(Text(name, style="bold"), value if isinstance(value, Text) else cell(value))
    console().print(grid)


def local_time(moment: datetime | str | None) -> str:
    """A moment, or a time as the API writes it, in this machine's time zone, to the second."""
    if moment is None:
        return "-"
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def content(item: answers.Message | answers.Inbound) -> str:
    """The text, or the octets in hexadecimal."""
    if item.data is not None and item.text is None:
        return f"0x{item.data.hex()}"
    return item.text or ""


def clip(text: str, width: int = 40) -> str:
    """At most `width` characters of `text`."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
