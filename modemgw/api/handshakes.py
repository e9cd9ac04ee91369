"""TLS for a connection that was just taken, and a word to those who come without it."""

from __future__ import annotations

import asyncio
import socket
from asyncio.sslproto import SSLProtocol
from typing import Final

from modemgw.api.connections import LINGER_S, Connection, raw_answer
from modemgw.api.problems import Problem
from modemgw.api.tls import Tls
from modemgw.config import HttpSection

WRITE_BUFFER: Final = 64 << 10
"""Octets that are kept for a client before it is waited for: as many as without TLS."""
READ_BUFFER: Final = 32 << 10
"""Octets that are read at a time; a record of TLS has half as many."""


class PlainHttp(ConnectionError):
    """The client speaks HTTP without TLS."""


class Handshakes:
    """Brings TLS about, within the time that headers may take."""

    def __init__(self, tls: Tls, http: HttpSection) -> None:
        self._tls = tls
        self._timeout_s = http.header_timeout
        self._shutdown_s = http.send_timeout
        self._loop = asyncio.get_running_loop()
        # asyncio has 256 KiB in memory for each connection, however idle it is, and no way to say
        # otherwise: with 500 event streams that is more than all the rest of the gateway.
        SSLProtocol.max_size = READ_BUFFER

    async def shake(self, taken: socket.socket, connection: Connection) -> None:
        """Connect `connection` to `taken` by TLS. Raises OSError: then it was never connected."""
        async with asyncio.timeout(self._timeout_s):
            await self._something(taken)
            if taken.recv(1, socket.MSG_PEEK).isalpha():  # a record of TLS begins with its type, 22
                await self._tell_plain(taken)
                raise PlainHttp("plain HTTP where HTTPS is spoken")
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: connection,
                taken,
                ssl=self._tls.context,
                ssl_handshake_timeout=self._timeout_s,
                ssl_shutdown_timeout=self._shutdown_s,
            )
        transport.set_write_buffer_limits(WRITE_BUFFER)

    async def _something(self, taken: socket.socket) -> None:
        """Returns when there is something to read, and nothing was kept for it before."""
        ready = self._loop.create_future()

        def arrived() -> None:
            self._loop.remove_reader(taken)
            if not ready.done():
                ready.set_result(None)

        self._loop.add_reader(taken, arrived)
        try:
            await ready
        finally:
            self._loop.remove_reader(taken)

    async def _tell_plain(self, taken: socket.socket) -> None:
        """Say what would be right, and see to it that the client can read it."""
        problem = Problem(
            "bad-request", "this port speaks HTTPS: write https:// where http:// was written"
        )
        async with asyncio.timeout(LINGER_S):
            await self._loop.sock_sendall(taken, raw_answer(problem))
            taken.shutdown(socket.SHUT_WR)
            while await self._loop.sock_recv(taken, 1 << 16):
                pass
