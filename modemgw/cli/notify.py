"""Tells systemd how the service is (sd_notify(3)): a datagram to $NOTIFY_SOCKET, nothing more."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


class Notifier:
    """Does nothing when no service manager asked to be told."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of Linux's abstract names.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s: float | None = None
        """How often the service manager wants to hear from us, if it does."""
        if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
            microseconds = environment.get("WATCHDOG_USEC", "")
            if microseconds.isdecimal() and int(microseconds):
                self.watchdog_s = int(microseconds) / 1e6

    def tell(self, state: str) -> None:
        """Send one state, such as `READY=1`; a manager that does not listen is no fault of ours."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(state.encode(), self._address)
        except OSError as error:
            log.warning("the service manager cannot be told %s: %s", state, error)

    async def keep_alive(self, stalled: Callable[[], str | None]) -> None:
        """Feed the watchdog at half its period, for as long as the event loop turns.

        Not while `stalled` has a reason: then only a restart helps.
        """
        while self.watchdog_s is not None:
            if stalled() is None:
                self.tell("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)
