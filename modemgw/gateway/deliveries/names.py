"""Looks up the names of hosts that are posted to, in threads of their own."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from modemgw.threads import DaemonThreads

Lookup = Callable[[str, int, int], list[tuple[Any, ...]]]
"""From host, port and family to what `socket.getaddrinfo` returns."""


def look_up(host: str, port: int, family: int) -> list[tuple[Any, ...]]:
    """Ask the system. Raises OSError; ValueError for what is no name."""
    return socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )


class Names(AbstractResolver):
    """A name server that is silent holds up nobody but those who ask for a name by the same one.

    `at_once` names are looked up at the same time. Who waits for longer than `timeout_s` gets an
    OSError, as for a name that there is not.
    """

    def __init__(
        self, at_once: int, timeout_s: float | None = None, lookup: Lookup = look_up
    ) -> None:
        self._threads = DaemonThreads("names of hosts", at_once)
        self._timeout_s = timeout_s
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises OSError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._lookup, host, port, family
                )
        except TimeoutError as error:
            problem = f"{host}: no answer from the name server within {self._timeout_s:g} s"
            raise OSError(errno.EHOSTUNREACH, problem) from error
        except ValueError as error:  # also UnicodeError: not even to be asked for
            raise OSError(errno.EINVAL, f"{host}: this is no name of a host") from error
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, protocol, _, address in found
            if isinstance(address[0], str)
        ]

    async def close(self) -> None:
        """Nobody asks any more; nobody waits for what is being looked up."""
        self._threads.shutdown(cancel_futures=True)
