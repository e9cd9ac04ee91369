"""Modems behind a serial server: their port is a TCP connection, raw (`socket://`) or by RFC 2217.

Never blocks the loop: a server that stops reading fills a buffer of ours, and the channel's own
timeouts find out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from urllib.parse import urlsplit

from .channel import AtChannel
from .errors import PortError
from .rfc2217 import ComPort, Rfc2217
from .wire import Port

RAW, RFC2217 = "socket", "rfc2217"
CONNECT_S, NEGOTIATE_S = 15.0, 5.0
_DEAD_AFTER_S = 30
"""So long after a server has vanished without a word the connection counts as lost."""


class NetworkPort(asyncio.Protocol):
    """A connection to a serial server. Made by `open_network`."""

    def __init__(self, channel: AtChannel, telnet: Rfc2217 | None) -> None:
        self._channel = channel
        self._telnet = telnet
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self.settled = asyncio.get_running_loop().create_future()
        """Done when the line is set up, or cannot be: its result is None or what is wrong."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server has taken the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._channel.connection_made(transport)
        _notice_silence(transport.get_extra_info("socket"))
        if self._telnet is None:
            self._settle(None)
        else:
            transport.write(self._telnet.take_replies())

    def data_received(self, data: bytes) -> None:
        """Octets of the modem, and what the server has to say itself."""
        telnet = self._telnet
        if telnet is not None:
            data = telnet.received(data)
            if replies := telnet.take_replies():
                self._send(replies)
            if telnet.com_port is ComPort.SET:
                self._settle(None)
            elif telnet.com_port is ComPort.REFUSED:
                self._settle("the server does not let its port be set (RFC 2217)")
            if self._held and not telnet.suspended:
                held, self._held = bytes(self._held), bytearray()
                self._send(held)
        if data:
            self._channel.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server, or the way to it, is gone."""
        reason = f"the serial server is gone: {exc or 'it closed the connection'}"
        self._settle(reason)
        self._channel.connection_lost(ConnectionError(reason))

    def write(self, data: bytes) -> None:
        """Queue octets for the modem; what a lost connection is given is lost."""
        if self._telnet is not None:
            data = self._telnet.wrapped(data)
            if self._telnet.suspended:
                self._held += data
                return
        self._send(data)

    async def close(self) -> None:
        """Close at once; what is not yet written is thrown away."""
        if self._transport is not None:
            self._transport.abort()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _settle(self, problem: str | None) -> None:
        if not self.settled.done():
            self.settled.set_result(problem)


async def open_network(device: str, channel: AtChannel, *, baud_rate: int) -> Port:
    """Connect `channel` to `socket://host:port` or `rfc2217://host:port`.

    By RFC 2217 the line is set to `baud_rate` and 8N1, with DTR and RTS on.
    Raises PortError with a sentence a person can act on.
    """
    scheme, host, number = network_address(device)
    telnet = Rfc2217(baud_rate) if scheme == RFC2217 else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            _, port = await loop.create_connection(
                lambda: NetworkPort(channel, telnet), host, number
            )
    except TimeoutError as error:
        raise PortError(f"{device}: no connection in {CONNECT_S:g} s") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise PortError(f"{device}: no connection to the serial server: {reason}") from error
    try:
        async with asyncio.timeout(NEGOTIATE_S):
            problem = await port.settled
    except TimeoutError:
        problem = "the server does not speak RFC 2217; a raw one is socket://host:port"
    except asyncio.CancelledError:
        await port.close()
        raise
    if problem is not None:
        await port.close()
        raise PortError(f"{device}: {problem}")
    channel.attach(port)
    return port


def network_address(device: str) -> tuple[str, str, int]:
    """Scheme, host and port in the URL of a serial server's port.

    Raises PortError for one that cannot be opened.
    """
    try:
        url = urlsplit(device)
        scheme, host, number = url.scheme, url.hostname, url.port
        (host or "").encode("idna")
    except ValueError:
        scheme, host, number = "", None, None
    if scheme not in (RAW, RFC2217) or not host or not number or not device.isprintable():
        raise PortError(
            f"{device!r} cannot be opened; a port in the network is {RAW}://host:port or "
            f"{RFC2217}://host:port"
        )
    return scheme, host, number


def _notice_silence(connection: socket.socket) -> None:
    """Have the kernel find out that the server is gone, when nothing is said for long."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _DEAD_AFTER_S // 3)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _DEAD_AFTER_S // 6)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)
        milliseconds = 1000 * _DEAD_AFTER_S
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
