"""Lock files by the old custom of UUCP, which gammu, smstools and minicom still look at.

/run/lock/LCK..ttyUSB2 holds the process number of the owner as ten characters of ASCII.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

LOCKS = Path("/run/lock")
_TICK_S = 1.0
"""What the two clocks may differ by."""


def lock_path(device: str, directory: Path = LOCKS) -> Path:
    """Where the lock of `device` is; links are followed, because they have many names."""
    return directory / f"LCK..{Path(device).resolve().name}"


def holder(lock: Path, device: str | None = None, *, proc: Path = Path("/proc")) -> int | None:
    """The living process other than ours that holds `lock`; None when it is free or stale.

    A number is used again: a process that began after the lock was written did not write it, unless
    it is seen to have `device` open (the clock may have been set since).
    """
    try:
        pid = int(lock.read_bytes().split()[0])
        written = lock.stat().st_mtime
    except (OSError, ValueError, IndexError):
        return None
    if pid <= 0 or pid == os.getpid():
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except OSError:
        pass
    began = _began(pid, proc)
    if began is not None and began > written + _TICK_S and not _has_open(pid, device, proc):
        return None
    return pid


def _began(pid: int, proc: Path) -> float | None:
    """When a process began, on the wall clock; None where that is not told. See proc(5)."""
    try:
        # The name, in brackets, may hold anything.
        fields = (proc / str(pid) / "stat").read_text("latin-1").rpartition(")")[2].split()
        uptime = float((proc / "uptime").read_text().split()[0])
        return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _has_open(pid: int, device: str | None, proc: Path) -> bool:
    """Whether a process is seen to have the device open; another user's may not be looked into."""
    if device is None:
        return False
    try:
        wanted = os.stat(device).st_rdev
        descriptors = list((proc / str(pid) / "fd").iterdir())
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if descriptor.stat().st_rdev == wanted:
                return True
        except OSError:
            continue
    return False


def claim(lock: Path) -> bool:
    """Write our own lock over a stale one. False where the directory does not let us: others then
    see only flock and TIOCEXCL.
    """
    try:
        lock.unlink(missing_ok=True)
        with lock.open("x", encoding="ascii") as stream:
            stream.write(f"{os.getpid():10d}\n")
    except OSError:
        return False
    return True


def release(lock: Path) -> None:
    """Remove our lock."""
    try:
        if int(lock.read_bytes().split()[0]) == os.getpid():
            lock.unlink()
    except (OSError, ValueError, IndexError):
        return
