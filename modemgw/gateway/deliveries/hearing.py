"""What a program says on a pipe: read for as long as it runs, of which little is kept.

Pipes of our own and not asyncio's: those are read until everybody who holds them is gone, and what
a program leaves running in the background must not keep its delivery waiting.
"""

from __future__ import annotations

import asyncio
import os
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

READ_BYTES = 65536
"""Read at a time: as much as a pipe holds."""
PAUSE_S = 0.001
"""Between two reads while it floods, so that its talk cannot fill the event loop."""
TAIL_BYTES = 4096
"""So much of the end is kept of what is only for who looks for a fault."""


class Hearing(ABC):
    """One pipe. `write_end` is for the program; call `begin` when it has it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._read_end = self.write_end = -1

    def __enter__(self) -> Self:
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._read_end)
        os.close(self._read_end)
        if self.write_end >= 0:
            os.close(self.write_end)

    def begin(self) -> None:
        """Read; the program has its end of the pipe."""
        os.close(self.write_end)
        self.write_end = -1
        self._loop.add_reader(self._read_end, self._read)

    def read_rest(self) -> None:
        """Read what has been said by now."""
        for _ in range(1 + self.most // READ_BYTES):  # a pipe holds more than its size says
            if not self._read_once():
                return

    @property
    @abstractmethod
    def most(self) -> int:
        """So many octets are worth reading at the end."""

    @abstractmethod
    def keep(self, data: bytes) -> None:
        """Something was said."""

    def _read(self) -> None:
        if self._read_once() == READ_BYTES:
            self._loop.remove_reader(self._read_end)
            self._pause = self._loop.call_later(
                PAUSE_S, self._loop.add_reader, self._read_end, self._read
            )

    def _read_once(self) -> int:
        try:
            data = os.read(self._read_end, READ_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self._loop.remove_reader(self._read_end)
        self.keep(data)
        return len(data)


class Tail(Hearing):
    """Keeps the end."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()

    @property
    def most(self) -> int:
        """See Hearing."""
        return READ_BYTES

    def keep(self, data: bytes) -> None:
        """See Hearing."""
        self._kept += data
        del self._kept[:-TAIL_BYTES]

    def last_line(self) -> str:
        """The last line of what was said."""
        self.read_rest()
        return self._kept.decode(errors="replace").strip().rpartition("\n")[2]

    def forget(self) -> None:
        """What was said by now is of no interest any more."""
        self.read_rest()
        self._kept.clear()


class Head(Hearing):
    """Keeps all of it, up to `limit` octets; who says more is heard no further."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._kept = bytearray()
        self.full = asyncio.Event()
        """It has said more than `limit` octets."""

    @property
    def most(self) -> int:
        """See Hearing."""
        return self._limit

    def keep(self, data: bytes) -> None:
        """See Hearing."""
        self._kept += data
        if len(self._kept) > self._limit:
            del self._kept[self._limit :]
            self.full.set()

    def text(self) -> str:
        """What was said. Raises UnicodeDecodeError if it is not UTF-8."""
        self.read_rest()
        return self._kept.decode()
