"""Connections: how many there are, and how long each may keep the gateway waiting.

A connection waits while it owes the gateway something: a request, the rest of its headers or of its
body. Those that wait give way to new ones when all places are taken, the longest first, so that
nobody keeps others out by being slow; one whose request is being answered keeps its place.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractAccessLogger
from pydantic_core import to_json

from modemgw.api.headers import SERVER, mark
from modemgw.api.problems import CONTENT_TYPE, Problem, from_http, path_of
from modemgw.config import HttpSection

log = logging.getLogger(__name__)

MIN_RATE = 16 << 10
"""Octets a second: what takes longer than its time limit must come, or be taken, as fast."""
MAX_HEAD = 64 << 10
"""Octets of a request's headers."""
LINGER_S = 3.0
"""How long what is left of a refused body is read, so that the client sees the answer."""


class _AccessLogger(AbstractAccessLogger):
    """One DEBUG line a request: no query string (it has numbers), no body."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        self.logger.debug(
            "%s %s -> %d in %.1f ms",
            request.method,
            path_of(request),
            response.status,
            time * 1000,
        )

    @property
    def enabled(self) -> bool:
        return self.logger.isEnabledFor(logging.DEBUG)


class Connections:
    """All connections of a server. Call `sweep` now and then."""

    def __init__(self, http: HttpSection, *, room: Callable[[], int]) -> None:
        """`room`: for how many connections there is room; asked at every `sweep`."""
        self._http = http
        self._find_room = room
        self._room = room()
        self._open: dict[Connection, None] = {}
        self._waiting: dict[Connection, None] = {}
        """Those that may give way, the longest waiting first."""
        self.on_room: Callable[[], None] = lambda: None
        """Called when there may be room that was not there."""

    def tell_room(self) -> None:
        """Somebody may come in again."""
        self.on_room()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def sweep_s(self) -> float:
        """How often `sweep` has something to find."""
        http = self._http
        return min(1.0, min(http.header_timeout, http.send_timeout) / 4)

    def make(self, manager: web.Server) -> Connection:
        """A new connection, which has its place from now on until `forget`."""
        connection = Connection(manager, self, idle_timeout_s=self._http.idle_timeout)
        self._open[connection] = None
        self.wait(connection)
        return connection

    def make_room(self) -> bool:
        """Whether there is a place; if not, the connection that has waited longest is closed."""
        if len(self._open) < self._room:
            return True
        self.close_one()
        return False

    @property
    def can_make_room(self) -> bool:
        """Whether a connection waits that may give way."""
        return bool(self._waiting)

    def close_one(self) -> None:
        """Close the connection that has waited longest, if one waits."""
        for connection in self._waiting:
            if connection.give_way():
                del self._waiting[connection]
                return

    def wait(self, connection: Connection) -> None:
        """`connection` may give way from now on."""
        if connection not in self._open:
            return
        self._waiting[connection] = None
        if len(self._waiting) == 1:
            self.on_room()

    def work(self, connection: Connection) -> None:
        """`connection` keeps its place."""
        self._waiting.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """`connection` has ended."""
        self._waiting.pop(connection, None)
        if self._open.pop(connection, self) is None:
            self.on_room()

    def sweep(self, now: float) -> None:
        """End what has taken too long. `now`: by the loop's clock."""
        self._room = self._find_room()
        for connection in list(self._open):
            connection.check(now, self._http)
        self.on_room()


class Connection(web.RequestHandler):
    """One connection. What is no HTTP gets problem details too, and does not fill the log."""

    __slots__ = (
        "_body",
        "_ending",
        "_gone",
        "_head",
        "_head_since",
        "_line",
        "_others",
        "_stuck",
        "_under_way",
        "opening",
    )

    def __init__(self, manager: web.Server, others: Connections, *, idle_timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            manager,
            loop=loop,
            logger=log,
            access_log=log,
            access_log_class=_AccessLogger,
            keepalive_timeout=idle_timeout_s,
            lingering_time=LINGER_S,
        )
        self._others = others
        self._line: asyncio.Transport | None = None
        self._under_way = 0
        """Requests whose headers are there and whose answers are not."""
        self._head_since: float | None = None
        """Since when a request's headers are awaited; None between requests."""
        self._head = 0
        """Octets of headers that are not complete."""
        self._body: StreamReader | None = None
        """What is left of a body whose request was answered already."""
        self._stuck: tuple[float, int] | None = None
        """Since when the client does not take what is for it, and how many octets that was."""
        self._ending: float | None = None
        """Since when it is being closed."""
        self.opening: asyncio.Task[None] | None = None
        """What brings it about, to be cancelled when it gives way: a TLS handshake takes time."""
        self._gone: asyncio.Event | None = None

    @property
    def gone(self) -> asyncio.Event:
        """Set when the client has left: who makes it wait need wait no longer."""
        if self._gone is None:
            self._gone = asyncio.Event()
        return self._gone

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._head_since = self._loop.time()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._others.forget(self)
        if self._gone is not None:
            self._gone.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before, is_body = self._request_count, self._is_body()  # the last of it, perhaps
        super().data_received(data)
        if self._request_count != before:
            self._under_way += self._request_count - before
            self._head, self._head_since = 0, None
            self._others.work(self)
        elif not self._under_way and not is_body:
            self._await_head(len(data))

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._line is not None:
            self._stuck = (self._loop.time(), self._line.get_write_buffer_size())
            self._others.wait(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stuck = None
        if self._under_way:
            self._others.work(self)

    # --- what aiohttp calls

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            resp = from_http(resp, request).response()  # nobody has seen it on its way
        mark(resp.headers)  # those of a stream went out before, with the same
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._under_way -= 1
            self._body = None if request.content.is_eof() else request.content
            if not self._under_way and self._line is not None and not self._line.is_closing():
                self._others.wait(self)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status < 500:
            log.debug("a request that is not valid HTTP: %s", exc)
            problem = Problem("bad-request", (message or "").partition("\n")[0].rstrip(":"))
        elif isinstance(exc, UnicodeEncodeError):  # aiohttp wanted to repeat a header's value
            log.debug("a request with headers that are not UTF-8")
            problem = Problem("bad-request", "the headers are not UTF-8")
        else:
            log.error("a request failed", exc_info=exc)
            problem = Problem("internal-error", "the gateway's log says more")
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        response = problem.response()
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        # After the answer aiohttp reads the rest of the body: that it is broken was said already.
        if isinstance(sys.exc_info()[1], web.RequestPayloadError):
            return
        super().log_exception(*args, **kwargs)

    # --- what the others call

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While more of the request is awaited, the connection may give way."""
        self._others.wait(self)
        try:
            yield
        finally:
            if self._line is not None and not self._line.is_closing():
                self._others.work(self)

    def give_way(self) -> bool:
        """Close at once, for one that wants in; False if that cannot be yet."""
        if self._line is not None:
            self._line.abort()  # under TLS a mere close would wait for the client
        elif self.opening is not None:
            self.opening.cancel()
        else:
            return False
        log.debug("a connection that waits gives way to a new one")
        return True

    def check(self, now: float, http: HttpSection) -> None:
        """End what has taken longer than `http` allows. `now`: by the loop's clock."""
        line = self._line
        if line is None:
            return
        if line.is_closing():
            self._ending = now if self._ending is None else self._ending
            if now - self._ending > http.send_timeout:
                line.abort()
        elif self._stuck is not None:
            since, octets = self._stuck
            if now - since > http.send_timeout + octets / MIN_RATE:
                log.debug("a client that does not read its answer is dropped")
                line.abort()
        elif self._head_since is not None and now - self._head_since > http.header_timeout:
            detail = f"the headers did not come within {http.header_timeout:g} s"
            self._refuse(Problem("request-timeout", detail) if self._head else None)

    def _is_body(self) -> bool:
        """Whether what comes belongs to a request that was answered before it was all there."""
        if self._body is not None and self._body.is_eof():
            self._body = None
        return self._body is not None

    def _await_head(self, octets: int) -> None:
        self._head += octets
        if self._head_since is None:
            self._head_since = self._loop.time()
        if self._head > MAX_HEAD:
            detail = f"the headers may have {MAX_HEAD:,} octets at most"
            self._refuse(Problem("headers-too-large", detail))

    def _refuse(self, problem: Problem | None) -> None:
        """Say why, if there is anybody to say it to, and close. No request is under way."""
        if problem is not None and self._line is not None:
            self._line.write(raw_answer(problem))
        self.force_close()


def raw_answer(problem: Problem) -> bytes:
    """The whole answer, for one of whom no request could be read; the connection is closed."""
    body = to_json(problem.document())
    return (
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
        f"Server: {SERVER}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
