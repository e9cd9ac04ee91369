"""What is known of one modem: as others see it, and as it is counted."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .identify import Identity, SimIdentity
from .states import ModemState

_HISTORY = 288


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """A snapshot. `since`, `last_answer` and `ready_since` are wall-clock seconds."""

    id: str
    state: ModemState
    step: int | None
    """The step of the recovery ladder, while recovering."""
    reason: str | None
    """Why the modem is not ready, in one sentence."""
    device: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    sim: SimIdentity | None
    operator: str | None
    registration: str
    signal_dbm: int | None
    since: float
    profile: str | None
    sent: int
    refused: int
    ambiguous: int
    timeouts: int
    resets: int
    recoveries: int
    received: int
    last_answer: float | None
    ready_since: float | None
    storage: tuple[int, int] | None
    """Messages in the receiving store when it was last looked at, and its size."""
    alarm: str | None = None
    """What a person must see to though the modem may work, in one sentence."""


@dataclass(slots=True)
class Counters:
    """Counted, and learned last, over the whole life of the process, across ports and resets."""

    sent: int = 0
    refused: int = 0
    ambiguous: int = 0
    timeouts: int = 0
    resets: int = 0
    recoveries: int = 0
    received: int = 0
    last_answer: float | None = None
    ready_since: float | None = None
    storage: tuple[int, int] | None = None
    alarm: str | None = None
    identity: Identity = field(default_factory=Identity)
    signal: deque[tuple[float, int | None]] = field(default_factory=lambda: deque(maxlen=_HISTORY))
    """Wall-clock time and dBm of the last polls."""
