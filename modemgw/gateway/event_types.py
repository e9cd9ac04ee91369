"""The types of events that there are, and the patterns that stand for several of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from modemgw.gateway.errors import FieldProblem

EVENT_TYPES = (
    "message.queued",
    "message.sent",
    "message.delivered",
    "message.undelivered",
    "message.failed",
    "message.expired",
    "message.canceled",
    "message.unknown",
    "batch.paused",
    "batch.resumed",
    "batch.canceled",
    "batch.completed",
    "inbound.received",
    "consent.opted_out",
    "consent.opted_in",
    "consent.help",
    "inbound.completed",
    "call.received",
    "broadcast.received",
    "modem.ready",
    "modem.lost",
    "modem.recovering",
    "modem.quarantined",
    "sim.blocked",
    "sim.restored",
    "sim.quota",
    "budget.warned",
    "budget.exhausted",
    "budget.shock",
    "target.missed",
    "target.met",
    "alert.raised",
    "alert.cleared",
    "webhook.disabled",
    "handler.loop",
    "verification.started",
    "verification.approved",
    "verification.expired",
    "verification.locked",
    "verification.canceled",
    "verification.prefix_stopped",
)
"""Every type; one that is added is told to whom a pattern of its family was set up for before."""
EVERYTHING = "*"
PATTERNS = (EVERYTHING, *dict.fromkeys(f"{t.partition('.')[0]}.*" for t in EVENT_TYPES))
"""All there are, and all of each family."""


def fits(pattern: str, type: str) -> bool:
    """Whether a type of event is what `pattern` asks for: it, all of its family, or everything."""
    return pattern in (type, EVERYTHING, f"{type.partition('.')[0]}.*")


def unknown_types(patterns: Sequence[str], field: str = "events") -> list[FieldProblem]:
    """What is wrong with a list of types and patterns; empty if nothing is."""
    return [
        FieldProblem(f"{field}[{n}]", _unknown(pattern), "unknown")
        for n, pattern in enumerate(patterns)
        if pattern not in EVENT_TYPES and pattern not in PATTERNS
    ]


def _unknown(pattern: str) -> str:
    shown = repr(pattern[:64])
    if close := difflib.get_close_matches(pattern[:64], (*EVENT_TYPES, *PATTERNS), n=1, cutoff=0.7):
        shown += f" (is {close[0]} meant?)"
    return f"there is no event type {shown}; there are {_listed()}, and {', '.join(PATTERNS)}"


def _listed() -> str:
    """Every type, those of a family together: `sim.blocked .restored .quota`."""
    families: dict[str, list[str]] = {}
    for type in EVENT_TYPES:
        family, _, name = type.partition(".")
        families.setdefault(family, []).append(name)
    return ", ".join(f"{family}.{' .'.join(names)}" for family, names in families.items())
