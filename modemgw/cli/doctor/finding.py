"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or as long as it might."""
    PROBLEM = "problem"
    """Something does not work because of it."""
    SKIPPED = "skipped"
    """It could not be looked at; `remedy` says what that would take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    about: str
    """The check: `clock`, `disk`, `modem m1` …"""
    level: Level
    what: str
    remedy: str | None = None


def ok(about: str, what: str) -> Finding:
    """All is well."""
    return Finding(about, Level.OK, what)


def warning(about: str, what: str, remedy: str) -> Finding:
    """It could be better."""
    return Finding(about, Level.WARNING, what, remedy)


def problem(about: str, what: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(about, Level.PROBLEM, what, remedy)


def skipped(about: str, what: str, remedy: str) -> Finding:
    """It could not be looked at."""
    return Finding(about, Level.SKIPPED, what, remedy)
