"""The machine as the checks see it: its files, its users, its services."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 10.0
"""How long a program that is asked may take."""

Run = Callable[[tuple[str, ...]], str | None]
"""Runs a program; its output, or None when it is not there, fails or takes too long."""


def run(command: tuple[str, ...]) -> str | None:
    """See Run."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the checks' own words, no shell
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class User:
    """Who the daemon runs as, and the groups that he is in."""

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, file: Path, wanted: int) -> bool:
        """Whether he may read (4), write (2) or both (6) a file. Raises OSError."""
        if self.uid == 0:
            return True
        status = file.stat()
        if status.st_uid == self.uid:
            allowed = status.st_mode >> 6
        elif status.st_gid in self.groups:
            allowed = status.st_mode >> 3
        else:
            allowed = status.st_mode
        return allowed & wanted == wanted


@dataclass(frozen=True, slots=True)
class Machine:
    """Where things are; tests have another root."""

    root: Path = Path("/")
    run: Run = field(default=run)

    def path(self, *parts: str) -> Path:
        """A path below the root."""
        return self.root.joinpath(*parts)

    def service(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a systemd unit; empty where there is no systemd, or no such unit."""
        asked = ",".join(("LoadState", *properties))
        shown = self.run(("systemctl", "show", unit, f"--property={asked}"))
        found = dict(line.partition("=")[::2] for line in (shown or "").splitlines() if "=" in line)
        return found if found.get("LoadState") == "loaded" else {}

    def processes(self) -> Iterator[tuple[int, str]]:
        """The number and the name of every process that can be seen."""
        for entry in sorted(self.path("proc").glob("[0-9]*")):
            try:
                yield int(entry.name), (entry / "comm").read_text().strip()
            except (OSError, ValueError):
                continue  # it has just ended

    def who_has_open(self, file: Path) -> list[tuple[int, str]]:
        """The processes that have a file open, as far as this user may see."""
        found = []
        for pid, name in self.processes():
            try:
                opened = list(self.path("proc", str(pid), "fd").iterdir())
            except OSError:
                continue
            for descriptor in opened:
                try:
                    if descriptor.resolve() == file:
                        found.append((pid, name))
                        break
                except OSError:
                    continue
        return found


def user_named(name: str, extra_groups: tuple[str, ...] = ()) -> User | None:
    """A user of this machine, also a member of these groups; None when there is none."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    groups = set(os.getgrouplist(name, entry.pw_gid))
    for group in extra_groups:
        try:
            groups.add(grp.getgrnam(group).gr_gid)
        except KeyError:
            continue
    return User(name, entry.pw_uid, frozenset(groups))


def this_user() -> User:
    """Who runs this."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return User(name, uid, frozenset({os.getegid(), *os.getgroups()}))


def group_name(gid: int) -> str:
    """A group's name, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
