"""How commands print: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from modemgw.cli.options import csv_wanted
from modemgw.cli.say import say, say_json, say_lines
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


class Shown(str):
    """What people see of something; `whole` is what a program gets of it."""

    __slots__ = ("whole",)

    def __new__(cls, text: str, whole: str) -> Shown:
        made = super().__new__(cls, text)
        made.whole = whole
        return made

    whole: str


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
    """A table on standard output, or the words for an empty one; CSV where --csv asks for it."""
    if csv_wanted():
        _print_csv(columns, rows)
    elif rows:
        console().print(table(columns, rows))
    else:
        say(nothing)


def _print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """RFC 4180 but for its line ends, with a line of names; nothing in it controls a terminal."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(column.replace(" ", "_") for column in columns)
    writer.writerows([v.whole if isinstance(v, Shown) else v for v in row] for row in rows)
    say_lines(written.getvalue().removesuffix("\n"))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Names and values of one thing."""
    grid = Table.grid(padding=(0, 2))
    for name, value in fields:
        grid.add_row(Text(name, style="bold"), value if isinstance(value, Text) else cell(value))
    console().print(grid)


def local_time(moment: datetime | str | None) -> str:
    """A moment, or a time as the API writes it, in this machine's time zone, to the second.

    Programs get it in UTC (RFC 3339).
    """
    if moment is None:
        return Shown("-", "")
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return Shown(
        at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )


def content(item: answers.Message | answers.Inbound) -> str:
    """The text, or the octets in hexadecimal."""
    if item.data is not None and item.text is None:
        return f"0x{item.data.hex()}"
    return item.text or ""


def clip(text: str, width: int = 40) -> str:
    """At most `width` characters of `text`; programs get all of it."""
    return text if len(text) <= width else Shown(f"{text[: width - 1]}…", text)
