"""Whether the file that is written to is still the one that the next start will open.

SQLite goes on with the file that it has open when somebody removes, replaces or overwrites it: what
is committed from then on is lost at the end, in silence.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

from modemgw.store.errors import StoreUnavailable

_HEADER = struct.Struct(">16sHBB4xII28xI")
"""Of the header (sqlite.org/fileformat2.html, 1.3): magic, page size, write and read version,
change counter, size in pages, user version."""
_MAGIC = b"SQLite format 3\0"
_WAL = 2
_LOOKS = 3
_PAUSE_S = 0.02
"""Another process may be writing the header just now: a bad one is looked at again."""
_ADVICE = "stop modemgw, put the database back (or restore a backup), and start it again"


class Presence:
    """Remembers a database file, and tells when the one at its path is another.

    Make it before the first connection and close it after the last: closing a descriptor of the
    database drops the locks that SQLite holds on it (fcntl(2)).
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._wal = f"{path}-wal"
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._file = _identity(os.fstat(self._descriptor))
        self._log: tuple[int, int] | None = None
        self._size = 0
        self._last: tuple[int, int] | None = None
        """Change counter and size in pages, as last seen."""
        self.mark = 0
        """A random number that the database bears (`PRAGMA user_version`)."""
        self._marks = {0}

    def remember(self, mark: int) -> None:
        """Take the file as it is now for ours. `mark`: its user version, as a connection sees it.

        Call when it is open; and anew when every connection was closed in between.
        """
        header = os.pread(self._descriptor, _HEADER.size, 0)
        self.mark = mark
        # The file itself may bear another until the log is copied into it.
        self._marks = {mark, *([_HEADER.unpack(header)[6]] if len(header) == _HEADER.size else ())}
        self._log = self._last = None
        self._size = 0

    def glance(self) -> None:
        """The cheap part of `require`, for every commit: is it there, and has it not shrunk?"""
        try:
            found = os.stat(self._path)
            if _identity(found) == self._file and found.st_size >= self._size:
                return
        except OSError:
            pass
        self.require()

    def require(self) -> None:
        """Raises StoreUnavailable when what is committed would not be found at the next start."""
        problem = self._look()
        for _ in range(_LOOKS):
            if problem is None:
                return
            time.sleep(_PAUSE_S)
            problem = self._look()
        if problem is not None:
            raise StoreUnavailable(f"{problem}; {_ADVICE}")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _look(self) -> str | None:
        try:
            found = os.stat(self._path)
        except OSError as error:
            return f"the database {self._path} is gone while it is in use ({error.strerror})"
        if _identity(found) != self._file:
            return f"the database {self._path} was replaced by another file while it is in use"
        return self._look_at_header(found.st_size) or self._look_at_log()

    def _look_at_header(self, size: int) -> str | None:
        header = os.pread(self._descriptor, _HEADER.size, 0)
        if len(header) < _HEADER.size:
            return f"the database {self._path} was emptied while it is in use"
        magic, page, write, read, counter, pages, mark = _HEADER.unpack(header)
        if magic != _MAGIC or (write, read) != (_WAL, _WAL) or mark not in self._marks:
            return f"the database {self._path} was overwritten while it is in use"
        if self._last is not None:
            # The counter never goes back but when it wraps around; only VACUUM, which counts,
            # makes a database smaller.
            gone_on = (counter - self._last[0]) & 0xFFFFFFFF
            if gone_on >= 1 << 31 or (gone_on == 0 and pages < self._last[1]):
                return f"the database {self._path} was overwritten by an older copy of itself"
        # Smaller than the header tells is nothing: a checkpoint that a reader stops leaves out
        # pages that were written again since. But only VACUUM makes a file smaller than it was.
        told = pages * (65536 if page == 1 else page)
        vacuumed = self._last is not None and counter != self._last[0] and size >= told
        if size < self._size and not vacuumed:
            return f"the database {self._path} was cut short while it is in use"
        self._last, self._size = (counter, pages), size
        return None

    def _look_at_log(self) -> str | None:
        try:
            found = _identity(os.stat(self._wal))
        except FileNotFoundError:
            found = None
        except OSError as error:
            return f"the database's log {self._wal} cannot be seen ({error.strerror})"
        if self._log is None:
            self._log = found
        if found != self._log:
            return f"the database's log {self._wal} was removed or replaced while it is in use"
        return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
