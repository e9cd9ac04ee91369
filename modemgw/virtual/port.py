"""A modem's line as a pseudo-terminal with a stable name."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import select
import tty
from collections.abc import Callable, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)

_READ_OCTETS = 65536
_LOOK_S = 0.02
OUTPUT_LIMIT = 65536
"""Octets that wait for a reader; a modem drops what nobody reads, too."""


class PortError(Exception):
    """The bank cannot make a port. The text says which and why."""


class PtyPort:
    """One pseudo-terminal and the symbolic link that leads to it.

    Clients may come and go without a hang-up; `unplug` closes the line, and they see it die. As a
    rule what is said while nobody has it open waits in the line, as it does in one with buffers.
    """

    def __init__(
        self, link: Path, received: Callable[[bytes], None], *, loses_when_closed: bool = False
    ) -> None:
        """`loses_when_closed`: what is said while nobody has it open is gone, as with USB."""
        self.link = link
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._master = -1
        self._slave = -1
        self._output = bytearray()
        self._stalled = False
        self._loses = loses_when_closed
        self._reading = False
        self.device = ""
        """The tty behind the link, such as /dev/pts/7; empty while unplugged."""

    def plug(self, link: str | None = None) -> None:
        """Appear as a new tty, under the old link or under another in the same directory."""
        if self._master >= 0:
            return
        if link is not None:
            self.link = self.link.with_name(link)
        try:
            self._master, self._slave = os.openpty()
        except OSError as error:
            raise PortError(f"cannot open a pseudo-terminal: {error.strerror}") from error
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._make_link()
        self._stalled = False
        if self._loses:
            # Without an end of ours the line knows whether anybody has the other one open.
            os.close(self._slave)
            self._slave = -1
            self._listen_once_open(self._master)
        else:
            self._listen()

    @property
    def _nobody_there(self) -> bool:
        """Whether no client has the line open, as far as that can be known."""
        if self._slave >= 0:
            return False
        poll = select.poll()
        poll.register(self._master, 0)
        return bool(poll.poll(0))

    def _listen(self) -> None:
        if self._master >= 0 and not self._stalled and not self._reading:
            self._reading = True
            self._loop.add_reader(self._master, self._readable)

    def _deafen(self) -> None:
        self._reading = False
        self._loop.remove_reader(self._master)

    def _listen_once_open(self, master: int) -> None:
        """A closed line is ready to be read all the time, with nothing in it: look now and then."""
        if master != self._master or master < 0:
            return
        if self._nobody_there:
            self._loop.call_later(_LOOK_S, self._listen_once_open, master)
        else:
            self._listen()

    def _make_link(self) -> None:
        # By renaming, so that the link is never seen half made and an old one is replaced.
        fresh = self.link.with_name(f".{self.link.name}.new")
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.device)
            fresh.replace(self.link)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            self._close()
            raise PortError(f"cannot make the link {self.link}: {error.strerror}") from error

    def unplug(self) -> None:
        """Vanish: the link goes, and whoever has the tty open gets an end of file or EIO."""
        if self._master < 0:
            return
        self._close()
        self.link.unlink(missing_ok=True)

    def _close(self) -> None:
        self._deafen()
        self._loop.remove_writer(self._master)
        os.close(self._master)
        if self._slave >= 0:
            os.close(self._slave)
        self._master = self._slave = -1
        self._output.clear()
        self.device = ""

    def stall(self, *, stalled: bool) -> None:
        """Stop (or go on) reading what clients write."""
        if self._master < 0 or stalled == self._stalled:
            return
        self._stalled = stalled
        if stalled:
            self._deafen()
        elif self._loses:
            self._listen_once_open(self._master)
        else:
            self._listen()

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._deafen()
            if self._loses and error.errno == errno.EIO:
                self._listen_once_open(self._master)
            else:
                _log.error("%s: cannot read: %s", self.link, error.strerror)
            return
        if data:
            self._received(data)

    def write(self, data: bytes) -> None:
        """Send to whoever has the tty open; what does not fit waits, up to `OUTPUT_LIMIT`."""
        if self._master < 0:
            return
        if self._nobody_there:
            self._output.clear()
            return
        if not self._output:
            written = self._write_now(data)
            if written == len(data):
                return
            data = data[written:]
            self._loop.add_writer(self._master, self._writable)
        self._output += data[: OUTPUT_LIMIT - len(self._output)]

    def _write_now(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._master, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            _log.error("%s: cannot write: %s", self.link, error.strerror)
            return len(data)

    def _writable(self) -> None:
        del self._output[: self._write_now(self._output)]
        if not self._output:
            self._loop.remove_writer(self._master)


class UsbCable:
    """What is pulled when a modem is unplugged: all its ports. The first is the modem's own."""

    def __init__(self, ports: Sequence[PtyPort]) -> None:
        self.ports = ports

    def unplug(self) -> None:
        for port in self.ports:
            port.unplug()

    def plug(self, link: str | None = None) -> None:
        """Every port appears; `link` is the first one's, the others keep theirs."""
        self.ports[0].plug(link)
        for port in self.ports[1:]:
            port.plug()
