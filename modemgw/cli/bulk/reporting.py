"""The report: a line for each row of the file, with what became of it."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

HEADER: Final = ("row", "to", "id", "status", "error")
BAD: Final = "skipped"
"""Of rows that are wrong themselves."""
REFUSED: Final = "refused"
"""Of rows that a limit stood in the way of."""
NOT_SENT: Final = "not sent"
"""Of rows that are fine and that the gateway has not got (yet)."""


class Fate(NamedTuple):
    """What became of a message."""

    id: str
    status: str
    error: str = ""


class Line(NamedTuple):
    """A row and its fate."""

    row: int
    to: str
    id: str = ""
    status: str = NOT_SENT
    error: str = ""


def write(path: Path, lines: Iterable[Line]) -> Mapping[str, int]:
    """Write the report, whole or not at all. Returns how many rows have which status."""
    counts: dict[str, int] = {}
    unfinished = path.with_name(f"{path.name}.part")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for line in lines:
            writer.writerow(map(_harmless, line))
            counts[line.status] = counts.get(line.status, 0) + 1
    unfinished.replace(path)
    return counts


def _harmless(value: object) -> object:
    """What a spreadsheet would take for a formula is text; numbers keep their +."""
    if isinstance(value, str) and value.startswith(("=", "@", "-", "\t", "\r")):
        return f"'{value}"
    return value


def fates(newest_first: Iterable[Fate]) -> Iterator[Fate]:
    """The fates in the order of the rows."""
    return reversed(list(newest_first))
