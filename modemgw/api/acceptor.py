"""Takes connections from a listening socket, as many as there is room for.

asyncio's own server takes whatever comes. Out of descriptors it tries again without pause, a
traceback each time; here it is this one that pauses, and others wait in the system's queue.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket

from aiohttp import web

from modemgw.api.connections import Connections
from modemgw.api.handshakes import Handshakes

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Connections that are taken before something else has its turn."""
RETRY_S = 1.0
"""How long nobody is taken when the system had nothing left."""
TELL_S = 60.0
"""How often that is told at the most."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Hands the connections that come to `listening` to `connections`."""

    def __init__(
        self,
        listening: socket.socket,
        connections: Connections,
        manager: web.Server,
        tls: Handshakes | None = None,
    ) -> None:
        """`tls`: None for plain HTTP."""
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._connections = connections
        self._manager = manager
        self._tls = tls
        self._attaching: dict[asyncio.Task[None], socket.socket] = {}
        self._taking = False
        self._not_before = 0.0
        self._told = -TELL_S

    def open(self) -> None:
        """Begin to take connections."""
        self._listening.setblocking(False)
        self._connections.on_room = self._go_on
        self._go_on()

    def close(self) -> None:
        """Take no more, and let the address go."""
        self._connections.on_room = lambda: None
        self._pause()
        self._listening.close()
        for task in self._attaching:
            task.cancel()

    def _go_on(self) -> None:
        if not self._taking and self._loop.time() >= self._not_before:
            self._taking = True
            self._loop.add_reader(self._listening, self._take)

    def _pause(self) -> None:
        if self._taking:
            self._taking = False
            self._loop.remove_reader(self._listening)

    def _take(self) -> None:
        for _ in range(AT_ONCE):
            if not self._connections.make_room():
                if not self._connections.can_make_room:
                    self._pause()  # until one ends, or waits
                return
            try:
                taken, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._give_up_for_now(error)
                return
            taken.setblocking(False)
            task = self._loop.create_task(self._attach(taken))
            self._attaching[task] = taken
            task.add_done_callback(self._attached)

    def _give_up_for_now(self, error: OSError) -> None:
        """There is nothing left to take a connection with: one that waits may give it back."""
        now = self._loop.time()
        if now - self._told >= TELL_S:
            self._told = now
            log.warning(
                "no connection can be taken: %s; raise the limit of open files (LimitNOFILE=), "
                "or lower http.max_connections",
                error.strerror,
            )
        self._connections.close_one()
        self._not_before = now + RETRY_S
        self._pause()
        self._loop.call_at(self._not_before, self._connections.tell_room)

    def _attached(self, task: asyncio.Task[None]) -> None:
        taken = self._attaching.pop(task)
        if task.cancelled():  # perhaps before it had begun
            taken.close()

    async def _attach(self, taken: socket.socket) -> None:
        connection = self._connections.make(self._manager)
        connection.opening = asyncio.current_task()
        try:
            if self._tls is None:
                await self._loop.connect_accepted_socket(lambda: connection, taken)
            else:
                await self._tls.shake(taken, connection)
        except OSError as error:
            log.debug("a connection was lost at once: %s", error)
            taken.close()
            self._connections.forget(connection)
        except asyncio.CancelledError:
            self._connections.forget(connection)
            raise
        finally:
            connection.opening = None
