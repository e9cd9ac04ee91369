"""Lock files by the old custom of UUCP, which gammu, smstools and minicom still look at.

/run/lock/LCK..ttyUSB2 holds the process number of the owner as ten characters of ASCII.
"""

from __future__ import annotations

import os
from pathlib import Path

LOCKS = Path("/run/lock")


def lock_path(device: str, directory: Path = LOCKS) -> Path:
    """Where the lock of `device` is; links are followed, because they have many names."""
    return directory / f"LCK..{Path(device).resolve().name}"


def holder(lock: Path) -> int | None:
    """The living process other than ours that holds `lock`; None when it is free or stale."""
    try:
        pid = int(lock.read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    if pid <= 0 or pid == os.getpid():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return pid
    return pid


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
