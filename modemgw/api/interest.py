"""Which events a stream wants: `types=message.*,inbound.received` and `reference=order-7`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modemgw.gateway.event_types import fits, unknown_types


def patterns_of(text: str) -> tuple[str, ...]:
    """The patterns in a comma list: a type, all of a family (`message.*`), or all (`*`).

    Raises ValueError that says what is wrong and what would be right.
    """
    patterns = tuple(dict.fromkeys(pattern.strip() for pattern in text.split(",")))
    for problem in unknown_types(patterns):
        raise ValueError(problem.detail)
    return patterns


@dataclass(frozen=True, slots=True)
class Interest:
    """What a stream wants to see of all events."""

    types: tuple[str, ...] = ()
    """Patterns, of which one must fit; none: any type."""
    reference: str | None = None
    """Only what is told of messages with this reference."""

    def in_event(self, type: str, data: dict[str, Any]) -> bool:
        """Whether it wants this event."""
        if self.reference is not None and data.get("reference") != self.reference:
            return False
        return not self.types or any(fits(pattern, type) for pattern in self.types)
