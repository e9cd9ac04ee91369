"""The serial port of a modem: a tty (or PTY), raw, exclusive, and never blocking the loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import stat
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serial
import serial_asyncio_fast

from ..threads import DaemonThreads
from .channel import AtChannel
from .errors import PortError
from .lockfile import claim, holder, lock_path, release
from .network import network_address, open_network
from .wire import Port

log = logging.getLogger(__name__)

_UNIX98_PTY_MAJORS = range(136, 144)
OPEN_TIMEOUT_S = 15.0
CLOSE_TIMEOUT_S = 3.0
"""A close is waited for so long; the kernel may take 30 s, or for ever with a dead stick."""
_hanging: set[str] = set()
"""Devices of which an abandoned try to open them has not come back."""
PORTS = DaemonThreads("ports", 128)
"""Where ports are opened and closed: one that hangs there keeps only its own modem waiting."""


class _Tty(serial.Serial):
    """pyserial's settings with plain non-blocking I/O.

    pyserial repeats a write that would block until it succeeds: a modem that has stopped reading
    would hold the event loop, and the whole bank with it. Here it is left to the transport.
    """

    on_error: Callable[[OSError], None] = staticmethod(lambda error: None)
    lock: Path | None = None
    _closing = False

    @property
    def _number(self) -> int:
        return -1 if self.fd is None else self.fd

    def read(self, size: int = 1) -> bytes:
        try:
            data = os.read(self._number, size)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise serial.SerialException(f"the port is gone: {error.strerror}") from error
        if not data:
            raise serial.SerialException("the port is gone: end of file")
        return data

    def write(self, data: Any, /) -> int | None:
        try:
            return os.write(self._number, data)
        except BlockingIOError:
            raise
        except OSError as error:
            # Nothing can be written any more; the transport is told that all was.
            self.on_error(error)
            return len(data)

    def close(self) -> None:
        """Begin to close: the driver of a USB stick that is gone may take half a minute."""
        if self.is_open and not self._closing:
            self._closing = True
            PORTS.submit(self._close)

    def _close(self) -> None:
        if self.fd is not None:
            # What is not yet written could hold close() for 30 s.
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self.fd, termios.TCIOFLUSH)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.fd, termios.TIOCNXCL)
        with contextlib.suppress(OSError):
            super().close()
        self.is_open = False
        if self.lock is not None:
            release(self.lock)
            self.lock = None

    def _reset_input_buffer(self) -> None:
        """Keep what came while nobody listened, as after a crash: a status report is said once."""

    def flush(self) -> None:
        """Never drain: on a dead port that would not return."""


class SerialPort:
    """An open port. Made by `open_serial`."""

    def __init__(self, transport: Any, tty: _Tty) -> None:
        self._transport = transport
        self._tty = tty

    def write(self, data: bytes) -> None:
        """Queue octets for the modem; what a dead port is given is lost."""
        self._transport.write(data)

    async def close(self) -> None:
        """Throw away what is not yet written, and close; wait at most CLOSE_TIMEOUT_S for it."""
        if not self._transport.is_closing():
            self._transport.abort()
        self._tty.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + CLOSE_TIMEOUT_S
        while self._tty.is_open:
            # The port is free only after that.
            if loop.time() >= end:
                log.warning(
                    "%s is not closed after %g s; it is left to the kernel",
                    self._tty.port,
                    CLOSE_TIMEOUT_S,
                )
                return
            await asyncio.sleep(0.002)


def check_device(device: str) -> None:
    """Raises PortError for what can never be opened, whatever is plugged in."""
    if "://" in device:
        network_address(device)
    elif not (device.startswith("/") and device.isprintable()):
        raise PortError(
            f"{device!r} cannot be opened; a device is an absolute path such as /dev/ttyUSB2, or a "
            "port of a serial server: socket://host:port (raw), rfc2217://host:port"
        )


async def open_serial(device: str, channel: AtChannel, *, baud_rate: int = 115_200) -> Port:
    """Open `device` for `channel`: a path, 8N1 raw with DTR and RTS on, or a serial server's URL.

    A tty is ours alone: flock and a lock file for well-behaved programs, TIOCEXCL for others.
    Raises PortError with a sentence a person can act on.
    """
    if "://" in device:
        return await open_network(device, channel, baud_rate=baud_rate)
    if device in _hanging:
        raise PortError(f"{device}: an earlier try to open it still hangs in its driver")
    opening = asyncio.get_running_loop().run_in_executor(PORTS, _open, device, baud_rate)
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            tty = await asyncio.shield(opening)
    except TimeoutError as error:
        _abandon(opening, device)
        raise PortError(f"{device}: opening it took more than {OPEN_TIMEOUT_S:g} s") from error
    except asyncio.CancelledError:
        _abandon(opening, device)
        raise
    transport, _ = await serial_asyncio_fast.connection_for_serial(
        asyncio.get_running_loop(), lambda: channel, tty
    )
    tty.on_error = lambda error: transport.abort()
    port = SerialPort(transport, tty)
    channel.attach(port)
    return port


def _abandon(opening: asyncio.Future[_Tty], device: str) -> None:
    """A try that nobody waits for any more keeps its thread until it ends: one a device."""
    _hanging.add(device)
    opening.add_done_callback(lambda _: _hanging.discard(device))
    opening.add_done_callback(_close_unwanted)


def _close_unwanted(opening: asyncio.Future[_Tty]) -> None:
    """A port that opens when nobody waits any more would stay locked for as long as we live."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _open(device: str, baud_rate: int) -> _Tty:
    try:
        mode = os.stat(device)
    except FileNotFoundError as error:
        raise PortError(f"{device} does not exist: no modem plugged in?", missing=True) from error
    except OSError as error:
        raise PortError(f"{device}: {error.strerror}", missing=True) from error
    if not stat.S_ISCHR(mode.st_mode):
        raise PortError(f"{device} is not a tty; a modem's port looks like /dev/ttyUSB2")
    try:
        tty = _Tty(device, baud_rate, timeout=0, write_timeout=0, exclusive=True)
    except serial.SerialException as error:
        raise _explained(device, error) from error
    except termios.error as error:
        raise PortError(f"{device} is not a tty, or its modem is just leaving: {error}") from error
    if os.major(mode.st_rdev) not in _UNIX98_PTY_MAJORS:
        # On a PTY the flag would outlive a killed daemon for as long as the other end is open.
        with contextlib.suppress(OSError):
            fcntl.ioctl(tty.fileno(), termios.TIOCEXCL)
        tty.lock = _locked(device, tty)
    return tty


def _locked(device: str, tty: _Tty) -> Path | None:
    lock = lock_path(device)
    other = holder(lock, device)
    if other is not None:
        tty.close()
        raise PortError(f"{device} is in use by process {other} (says {lock})")
    return lock if claim(lock) else None


def _explained(device: str, error: serial.SerialException) -> PortError:
    number = error.errno if isinstance(error.errno, int) else None
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            f"{device}: permission denied; the user of modemgw must be in the group of the device "
            "(dialout on Debian)"
        )
    if number in (errno.EBUSY, errno.EWOULDBLOCK, errno.EAGAIN):
        return PortError(f"{device} is in use by another program (ModemManager, smsd or getty?)")
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortError(f"{device} does not exist any more", missing=True)
    if number == errno.ENOTTY or "configure port" in str(error):
        return PortError(f"{device} is not a tty; a modem's port looks like /dev/ttyUSB2")
    return PortError(f"{device}: {error}")
