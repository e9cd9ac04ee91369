"""Binds the address and runs the application on it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from modemgw.api import descriptors
from modemgw.api.acceptor import Acceptor
from modemgw.api.app import create_app
from modemgw.api.connections import Connections
from modemgw.api.parts import Parts
from modemgw.config import HttpSection

BACKLOG = 1024
SHUTDOWN_S = 5.0
"""How long answers that are under way may take when the server ends."""


class ListenError(Exception):
    """The address cannot be listened on; one sentence says why and what would help."""


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
async def serve(gateway: Parts, bound: socket.socket, http: HttpSection) -> AsyncIterator[str]:
    """Serves the API of `gateway` on `bound` until left; yields the URL.

    On leaving no new request is taken, and those under way get SHUTDOWN_S seconds.
    """
    url = url_of(bound)
    descriptors.raise_limit(http.max_connections, len(gateway.modems.views()))
    runner = web.AppRunner(create_app(gateway, http), shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    assert runner.server is not None
    connections = Connections(
        http, room=lambda: descriptors.room(http.max_connections, len(gateway.modems.views()))
    )
    acceptor = Acceptor(bound, connections, runner.server)
    acceptor.open()
    sweeping = asyncio.create_task(
        gateway.keeper.keep("connections", partial(_sweep, connections)), name="connections"
    )
    try:
        yield url
    finally:
        acceptor.close()
        sweeping.cancel()
        await runner.cleanup()
        if url.startswith("unix:"):
            with suppress(FileNotFoundError):
                os.unlink(url.removeprefix("unix:"))


async def _sweep(connections: Connections) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(connections.sweep_s)
        connections.sweep(loop.time())
