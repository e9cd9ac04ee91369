"""The rows of a file in chunks, each of them one request: the same file gives the same chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from modemgw.cli.bulk.composing import Bad, Good, Recipe
from modemgw.client import message_body

MOST_ROWS: Final = 10_000
"""The gateway takes no more in one request."""
MOST_BYTES: Final = 4_000_000
"""Of what the rows say, as JSON: the gateway takes 16 MB, and a chunk is held in memory."""
_FRAME: Final = 32
"""Octets around what a row says."""


@dataclass(slots=True)
class Chunk:
    """Some rows, in their order."""

    index: int
    good: list[Good] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    last: bool = False

    def asked(self, recipe: Recipe) -> dict[str, Any]:
        """The messages, as arguments of Client.send_batch."""
        if recipe.is_same_for_all:
            return {**recipe.said, "to": [row.to for row in self.good]}
        shared = message_body(**recipe.said)
        return {"messages": [{**shared, **row.body, "to": row.to} for row in self.good]}


def chunks(found: Iterable[Good | Bad], most_rows: int = MOST_ROWS) -> Iterator[Chunk]:
    """All rows; a chunk has a good one at least, unless there is none in the file."""
    chunk, size = Chunk(0), 0
    for one in found:
        if isinstance(one, Bad):
            chunk.bad.append(one)
            continue
        octets = len(one.to) + _FRAME + (len(json.dumps(one.body)) if one.body else 0)
        if chunk.good and (len(chunk.good) == most_rows or size + octets > MOST_BYTES):
            yield chunk
            chunk, size = Chunk(chunk.index + 1), 0
        chunk.good.append(one)
        size += octets
    chunk.last = True
    yield chunk
