"""Runs the application on the socket that it is given."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from aiohttp import web

from modemgw.api import descriptors
from modemgw.api.acceptor import Acceptor
from modemgw.api.app import create_app
from modemgw.api.connections import Connections
from modemgw.api.handshakes import Handshakes
from modemgw.api.listening import ListenError, bind, is_private, url_of
from modemgw.api.parts import Parts
from modemgw.api.tls import Tls
from modemgw.config import HttpSection

__all__ = ["ListenError", "bind", "is_private", "serve", "url_of"]

SHUTDOWN_S = 5.0
"""How long answers that are under way may take when the server ends."""


@asynccontextmanager
async def serve(
    gateway: Parts, bound: socket.socket, http: HttpSection, tls: Tls | None = None
) -> AsyncIterator[str]:
    """Serves the API of `gateway` on `bound` until left; yields the URL.

    `tls`: the certificate that is shown, which is watched meanwhile; None for plain HTTP.
    On leaving no new request is taken, and those under way get SHUTDOWN_S seconds.
    """
    url = url_of(bound, tls=tls is not None)
    descriptors.raise_limit(http.max_connections, len(gateway.modems.views()))
    runner = web.AppRunner(create_app(gateway, http), shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    assert runner.server is not None
    connections = Connections(
        http, room=lambda: descriptors.room(http.max_connections, len(gateway.modems.views()))
    )
    handshakes = None if tls is None else Handshakes(tls, http)
    acceptor = Acceptor(bound, connections, runner.server, handshakes)
    acceptor.open()
    beside: dict[str, Callable[[], Awaitable[None]]] = {"connections": partial(_sweep, connections)}
    if tls is not None:
        beside["certificate"] = tls.watch
    tasks = [
        asyncio.create_task(gateway.keeper.keep(name, work), name=name)
        for name, work in beside.items()
    ]
    try:
        yield url
    finally:
        acceptor.close()
        for task in tasks:
            task.cancel()
        await runner.cleanup()
        if url.startswith("unix:"):
            with suppress(FileNotFoundError):
                os.unlink(url.removeprefix("unix:"))


async def _sweep(connections: Connections) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(connections.sweep_s)
        connections.sweep(loop.time())
