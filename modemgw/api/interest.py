"""Which events a stream wants: `types=message.*,inbound.received` and `reference=order-7`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MAX_PATTERNS = 32
_PATTERN = re.compile(r"[a-z]+(?:_[a-z]+)*(?:\.(?:[a-z]+(?:_[a-z]+)*|\*))?|\*", re.ASCII)


def patterns_of(text: str) -> tuple[str, ...]:
    """The patterns in a comma list: a type, all of a family (`message.*`), or all (`*`).

    Raises ValueError that says what would be right. A type that there is not is none: those of a
    later version may be asked for.
    """
    patterns = tuple(dict.fromkeys(pattern.strip() for pattern in text.split(",")))
    if len(patterns) > MAX_PATTERNS:
        raise ValueError(f"these may be {MAX_PATTERNS} at most")
    for pattern in patterns:
        if not (_PATTERN.fullmatch(pattern) and ("." in pattern or pattern == "*")):
            raise ValueError(
                f"{pattern[:40]!r} is no type of event; right would be a list such as "
                "message.delivered,inbound.* or * for all"
            )
    return patterns


@lru_cache(4096)
def fits(pattern: str, type: str) -> bool:
    """Whether a type of event is what `pattern` asks for."""
    return (
        pattern == type or pattern == "*" or (pattern[-1] == "*" and type.startswith(pattern[:-1]))
    )


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
