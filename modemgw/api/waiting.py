"""`Prefer: wait=N` (RFC 7240): an answer about a message that waits until its status is final.

A preference is no demand: what is malformed is ignored (RFC 7240, 2), more than MAX_WAIT_S is taken
as MAX_WAIT_S, and where no place is left to wait the answer comes at once. `Preference-Applied`
says what was heeded.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from modemgw.api.connections import Connection
from modemgw.api.endpoint import CLOSING, key_of
from modemgw.api.parts import ACCESS, EVENTS, MESSAGES
from modemgw.api.problems import Problem
from modemgw.config import HttpSection
from modemgw.gateway import GatewayError
from modemgw.gateway.outgoing.life import is_settled
from modemgw.store import StoreUnavailable
from modemgw.store.records import Message

MAX_WAIT_S = 60
PREFER = "Prefer"
APPLIED = "Preference-Applied"

_MAX_LENGTH = 1000
"""Characters of preferences that are looked at."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Waits:
    """Who waits: so many of a key, and so many of all, that others always get in."""

    def __init__(self, http: HttpSection) -> None:
        self._most = min(http.max_waits, http.max_connections // 4)
        self._most_per_key = http.max_waits_per_key
        self._by_key: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_key.total()

    @contextmanager
    def place(self, key: str) -> Iterator[bool]:
        """A place for the API key `key` to wait in; False when there is none."""
        if self._by_key[key] >= self._most_per_key or len(self) >= self._most:
            yield False
            return
        self._by_key[key] += 1
        try:
            yield True
        finally:
            self._by_key[key] -= 1
            if not self._by_key[key]:
                del self._by_key[key]


WAITS: Final = web.AppKey("waits", Waits)


def wait_of(request: web.Request) -> int | None:
    """How many seconds the client wants to wait at the most; None when it does not say so.

    The first `wait` counts, as RFC 7240 has it; a malformed one is as good as none.
    """
    if PREFER not in request.headers:
        return None
    text = ",".join(request.headers.getall(PREFER))
    text = _QUOTED.sub(_plain, text) if len(text) <= _MAX_LENGTH else '"'
    if '"' in text:
        return None
    for preference in text.split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            digits = value.strip()
            if not (digits.isascii() and digits.isdecimal()):
                return None
            return min(int(digits), MAX_WAIT_S)
    return None


def _plain(quoted: re.Match[str]) -> str:
    """A quoted string as it is if that is a word, so that no comma in it parts preferences."""
    return quoted[1] if quoted[1].isalnum() else "-"


async def waited_for(request: web.Request, id: str) -> tuple[Message, dict[str, str]]:
    """The message, once it is settled or the client's patience is over, and headers that say so.

    Raises NotFound, StoreUnavailable, and Problem when the key is revoked meanwhile.
    """
    wait_s = wait_of(request)
    if wait_s is None:
        return await request.app[MESSAGES].get(id), {}
    key = key_of(request)
    with request.app[WAITS].place(key.name) as there_is_room:
        if not there_is_room:
            return await request.app[MESSAGES].get(id), {}
        return await _settled(request, id, wait_s), {APPLIED: f"wait={wait_s}"}


async def waited_for_accepted(
    request: web.Request, accepted: Message
) -> tuple[Message, dict[str, str]]:
    """As `waited_for`, for a message that was just accepted: that is told, whatever happens."""
    if wait_of(request) is None:
        return accepted, {}
    try:
        return await waited_for(request, accepted.id)
    except (GatewayError, StoreUnavailable, Problem):
        return accepted, {}


async def _settled(request: web.Request, id: str, wait_s: int) -> Message:
    """The message when it is settled, when time is up, or when nobody can or will wait on."""
    app = request.app
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    with app[EVENTS].watch(id) as watch, app[ACCESS].watch(key_of(request)) as revoked:
        ends = [app[CLOSING], revoked, *_gone(request)]
        while True:
            watch.news.clear()
            message = await app[MESSAGES].get(id)
            # Of one that is `sent`, the last word may be that no receipt is awaited any more.
            told_final = watch.latest is not None and watch.latest.data.get("final") is True
            left_s = until - loop.time()
            if is_settled(message) or told_final or left_s <= 0:
                return message
            await _first((watch.news, *ends), left_s)
            if revoked.is_set():
                raise Problem("unauthorized", "this API key was revoked while it waited")
            if any(end.is_set() for end in ends):
                return message


def _gone(request: web.Request) -> Sequence[asyncio.Event]:
    """What is set when the client leaves, if this server's connections tell."""
    connection = request.protocol
    return (connection.gone,) if isinstance(connection, Connection) else ()


async def _first(happenings: Sequence[asyncio.Event], within_s: float) -> None:
    """Return with the first of these, or when time is up."""
    tasks = [asyncio.ensure_future(happening.wait()) for happening in happenings]
    try:
        await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
