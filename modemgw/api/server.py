"""Binds the address and runs the application on it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from modemgw.api.app import create_app
from modemgw.api.problems import Problem
from modemgw.config import HttpSection
from modemgw.gateway import Gateway

log = logging.getLogger(__name__)

BACKLOG = 1024
SHUTDOWN_S = 5.0
"""How long answers that are under way may take when the server ends."""


class ListenError(Exception):
    """The address cannot be listened on; one sentence says why and what would help."""


class _AccessLogger(AbstractAccessLogger):
    """One DEBUG line a request: no query string (it has numbers), no body."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        self.logger.debug(
            "%s %s -> %d in %.1f ms", request.method, request.path, response.status, time * 1000
        )

    @property
    def enabled(self) -> bool:
        return self.logger.isEnabledFor(logging.DEBUG)


class _Connection(web.RequestHandler):
    """Answers what is no HTTP with problem details too, and does not fill the log with it."""

    __slots__ = ()

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


def bind(http: HttpSection) -> socket.socket:
    """A socket that listens on the configured address; who connects early waits.

    Raises ListenError.
    """
    path = http.unix_path
    return _bind_tcp(*http.host_port) if path is None else _bind_unix(path)


def url_of(bound: socket.socket) -> str:
    """Where clients find it: `http://HOST:PORT` or `unix:/path`."""
    name = bound.getsockname()
    if bound.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if bound.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}"


def is_private(bound: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    if bound.family == socket.AF_UNIX:
        return True
    return ip_address(bound.getsockname()[0]).is_loopback


def _bind_tcp(host: str, port: int) -> socket.socket:
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: there is no address {host!r}") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenError(_why(where, error)) from error
    return bound


def _bind_unix(path: Path) -> socket.socket:
    where = f"unix:{path}"
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        bound.bind(str(path))
        path.chmod(0o660)
        bound.listen(BACKLOG)
    except ListenError:
        bound.close()
        raise
    except OSError as error:
        bound.close()
        raise ListenError(_why(where, error)) from error
    return bound


def _remove_stale(path: Path) -> None:
    """Removes the socket of a server that is gone. Raises ListenError if one still answers."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"cannot listen on unix:{path}: the file exists and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(
        f"cannot listen on unix:{path}: another process does; is modemgw running already?"
    )


def _why(where: str, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            reason = "the address is in use; is modemgw running already?"
        case errno.EACCES | errno.EPERM:
            reason = "permission denied; take a port above 1023, or a directory that is writable"
        case errno.EADDRNOTAVAIL:
            reason = "this machine has no such address"
        case errno.ENOENT:
            reason = "the directory does not exist"
        case _:
            reason = error.strerror or str(error)
    return f"cannot listen on {where}: {reason} (http.listen)"


@asynccontextmanager
async def serve(
    gateway: Gateway, bound: socket.socket, *, max_body_bytes: int
) -> AsyncIterator[str]:
    """Serves the API of `gateway` on `bound` until left; yields the URL.

    On leaving no new request is taken, and those under way get SHUTDOWN_S seconds.
    """
    url = url_of(bound)
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(
        create_app(gateway, max_body_bytes=max_body_bytes), shutdown_timeout=SHUTDOWN_S
    )
    await runner.setup()
    manager = runner.server
    assert manager is not None

    def connection() -> _Connection:
        return _Connection(
            manager, loop=loop, logger=log, access_log=log, access_log_class=_AccessLogger
        )

    listening = await loop.create_server(connection, sock=bound, backlog=BACKLOG)
    try:
        yield url
    finally:
        listening.close()
        await runner.cleanup()
        if url.startswith("unix:"):
            with suppress(FileNotFoundError):
                os.unlink(url.removeprefix("unix:"))
