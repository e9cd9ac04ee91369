"""A program with everything that it has started, as Linux shows it in /proc."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    session: int
    started: int
    """In clock ticks since the machine's start: tells it from a later one with its number."""


class Family:
    """Everything of the session that `leader` leads, and its descendants in sessions of their own.

    Who has left both, as a daemon does, is no part of it any more.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._known: set[_Process] = set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all who are there; those who were there before are not forgotten."""
        there = set(_processes())
        self._known = {p for p in self._known if _same(p, there)} | self._members(there)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._leader, number)  # at one blow: a fork does not escape it
        for process in self._known:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)

    def _members(self, there: set[_Process]) -> set[_Process]:
        found = {p for p in there if p.pid == self._leader or p.session == self._leader}
        while more := {p for p in there - found if p.parent in {f.pid for f in found}}:
            found |= more
        return found


def _same(process: _Process, there: set[_Process]) -> bool:
    """Whether it still lives; its parent may have died since."""
    return any((p.pid, p.started) == (process.pid, process.started) for p in there)


def _processes() -> list[_Process]:
    found = []
    for entry in os.listdir(PROC):
        if not entry.isdecimal():
            continue
        try:
            stat = (PROC / entry / "stat").read_bytes()
        except OSError:  # it has just ended
            continue
        # The name, in brackets, may hold anything; the fields behind it are numbers.
        fields = stat.rpartition(b")")[2].split()
        found.append(_Process(int(entry), int(fields[1]), int(fields[3]), int(fields[19])))
    return found
