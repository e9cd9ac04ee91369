"""As which user of the machine a handler's program runs."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

NEEDED = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7}
"""Capabilities (capabilities(7)) that it takes to begin a program as somebody, and to end it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user, with what a program of theirs is to find in its environment."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    shell: str

    @property
    def environment(self) -> dict[str, str]:
        """What says who one is."""
        shell = self.shell or "/bin/sh"
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "SHELL": shell}


def account(name: str) -> Account | None:
    """The account with a name; None when that is who we are already.

    Raises ValueError, in words for who wrote the configuration, if there is none or if this process
    may not become it.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise ValueError(f"there is no user {name!r} on this machine") from error
    if entry.pw_uid == os.geteuid():
        return None
    if missing := _missing_capabilities():
        raise ValueError(
            f"to run something as {name!r} the daemon must be root or have "
            f"{', '.join(NEEDED)}; it lacks {', '.join(missing)} (see docs/handlers.md)"
        )
    groups = tuple(os.getgrouplist(name, entry.pw_gid))
    return Account(name, entry.pw_uid, entry.pw_gid, groups, entry.pw_dir, entry.pw_shell)


def _missing_capabilities() -> list[str]:
    effective = _effective()
    return [name for name, bit in NEEDED.items() if not effective >> bit & 1]


def _effective() -> int:
    """The capabilities in force, by what the kernel says: a try could end us (seccomp)."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    lines = (line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(next(lines, "CapEff: 0").split()[1], 16)
