"""A serial server: pyserial's own RFC 2217 manager, or raw TCP, before a port of the bank."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from typing import Any, cast

from serial.rfc2217 import PortManager


class _Line:
    """What PortManager wants of a serial port: its settings, kept; a pseudo-terminal has none."""

    cts = dsr = cd = True
    ri = False

    def __init__(self) -> None:
        self.baudrate, self.bytesize, self.parity, self.stopbits = 9600, 7, "E", 2
        self.rtscts = self.xonxoff = False
        self.dtr = self.rts = self.break_condition = False

    def reset_input_buffer(self) -> None:
        raise AssertionError("what came while nobody listened must not be thrown away")

    reset_output_buffer = reset_input_buffer


class SerialServer:
    """Serves one client at a time until closed."""

    def __init__(self, device: str, *, rfc2217: bool, address: str = "127.0.0.1") -> None:
        self.line = _Line()
        self._device, self._rfc2217 = device, rfc2217
        self._listener = socket.create_server((address, 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends = threading.Event()
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """The client is thrown out."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._ends.set()
        self.hang_up()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._ends.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            self._client, _ = self._listener.accept()
            try:
                self._serve_one(self._client)
            except OSError:  # the client or the device is gone
                pass
            finally:
                self._client.close()
                self._client = None

    def _serve_one(self, client: socket.socket) -> None:
        fd = os.open(self._device, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(fd)
            self._pump(client, fd)
        except termios.error:  # gone between the two
            pass
        finally:
            os.close(fd)

    def _pump(self, client: socket.socket, fd: int) -> None:
        class Connection:
            write = staticmethod(client.sendall)

        manager = (
            PortManager(cast(Any, self.line), cast(Any, Connection())) if self._rfc2217 else None
        )
        while not self._ends.is_set():
            sources: list[Any] = [client, fd]
            ready = select.select(sources, [], [], 0.05)[0]
            if client in ready:
                data = client.recv(4096)
                if not data:
                    return
                os.write(fd, b"".join(manager.filter(data)) if manager else data)
            if fd in ready:
                data = os.read(fd, 4096)
                client.sendall(b"".join(manager.escape(data)) if manager else data)


@contextlib.contextmanager
def serving(device: str, *, rfc2217: bool) -> Iterator[SerialServer]:
    server = SerialServer(device, rfc2217=rfc2217)
    try:
        yield server
    finally:
        server.close()
