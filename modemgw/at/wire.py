"""The open port of one modem: octets out, each line of them traced, and what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..clock import Clock
from .errors import ChannelClosed
from .trace import Trace

ESC, CTRL_Z = b"\x1b", b"\x1a"


class Port(Protocol):
    """The way out to a modem."""

    def write(self, data: bytes) -> None:
        """Queue octets; never blocks."""
        ...

    async def close(self) -> None:
        """Let the port go; never raises."""
        ...


@dataclass(slots=True)
class Echo:
    """Whether the modem repeats what it is told (V.250 6.2.4)."""

    seen: bool = False
    """Set when the modem echoes; whoever has switched echo off learns that it has restarted.

    No PDU is typed while it is set.
    """
    stays: bool = False
    """The modem cannot be kept from echoing: an echo is no sign that it has restarted."""


class Wire:
    """What goes out to one modem. Belongs to one port and dies with it."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self.clock = clock
        self.port: Port | None = None
        self.echo = Echo()
        self.last_heard = clock.monotonic()
        """When octets came in last (monotonic)."""
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the port is gone; its result says why."""
        self._trace = trace

    def write(self, data: bytes, text: str | None) -> None:
        """Send `data`; the trace shows it as `text`, or not at all (None)."""
        if text is not None:
            self._trace.add(self.clock.time(), ">", text)
        if self.port is not None:
            self.port.write(data)

    def command(self, text: str, *, traced: bool = True) -> None:
        """Send one command line (V.250 5.2.1)."""
        self.write(text.encode("ascii") + b"\r", text if traced else None)

    def heard(self, lines: Iterable[str]) -> None:
        """Lines have come in."""
        now = self.clock.time()
        for line in lines:
            self._trace.add(now, "<", line)

    def remark(self, text: str) -> None:
        """Leave a remark in the trace."""
        self._trace.add(self.clock.time(), "=", text)

    def need_open(self) -> None:
        """Raises ChannelClosed when the port is gone."""
        if self.closed.done():
            raise ChannelClosed(self.closed.result())
