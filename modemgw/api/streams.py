"""Who follows the events: so many and no more, and each event is rendered once for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic_core import to_json

from modemgw.api import render
from modemgw.api.problems import Problem
from modemgw.config import HttpSection
from modemgw.store.records import Event

PACE_S = 0.001
"""Between two looks of one stream, for each stream there is: all together look that often."""
KEPT = 4096
"""Rendered events that are kept for those who have not come so far."""
RETRY_AFTER_S = 5


class Streams:
    """The event streams of a server."""

    def __init__(self, http: HttpSection) -> None:
        self._most = min(http.max_streams, max(1, http.max_connections // 2))
        self._most_per_key = http.max_streams_per_key
        self._by_key: Counter[str] = Counter()
        self._rendered: dict[int, bytes] = {}

    @contextmanager
    def place(self, key: str) -> Iterator[None]:
        """A place for a stream of the API key `key`. Raises Problem when there is none."""
        for taken, most, whose in (
            (self._by_key[key], self._most_per_key, f"the API key {key!r}"),
            (self._by_key.total(), self._most, "all API keys together"),
        ):
            if taken >= most:
                raise Problem(
                    "too-many-streams",
                    f"{whose} may have {most} event streams at a time",
                    headers={"Retry-After": str(RETRY_AFTER_S)},
                )
        self._by_key[key] += 1
        try:
            yield
        finally:
            self._by_key[key] -= 1
            if not self._by_key[key]:
                del self._by_key[key]

    @property
    def pace_s(self) -> float:
        """How long a stream pauses after each look, so that many cost no more than some do."""
        return PACE_S * self._by_key.total()

    def encode(self, event: Event) -> bytes:
        """`event` as one Server-Sent Event."""
        found = self._rendered.get(event.id)
        if found is None:
            found = self._rendered[event.id] = _encode(event)
            if len(self._rendered) > KEPT:
                del self._rendered[next(iter(self._rendered))]
        return found


def _encode(event: Event) -> bytes:
    data = to_json(render.event(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), data)
