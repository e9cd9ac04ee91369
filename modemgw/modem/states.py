"""The life of a modem as a table: which event leads from which state to which."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from ..clock import Clock


class ModemState(StrEnum):
    """Where a modem is in its life."""

    ABSENT = "absent"
    OPENING = "opening"
    IDENTIFYING = "identifying"
    PIN = "pin"
    INITIALISING = "initialising"
    REGISTERING = "registering"
    READY = "ready"
    SENDING = "sending"
    RECOVERING = "recovering"
    QUARANTINED = "quarantined"
    PAUSED = "paused"


class ModemEvent(StrEnum):
    """What moves a modem from state to state."""

    FOUND = "found"  # its device is there
    LOST = "lost"  # its device is gone
    OPENED = "opened"  # the port is ours and the modem answers
    IDENTIFIED = "identified"  # maker, model and IMEI are known
    LOCKED = "locked"  # the SIM is missing, or wants a PIN
    UNLOCKED = "unlocked"  # the SIM can be used
    INITIALISED = "initialised"
    REGISTERED = "registered"  # with a network that may be used
    UNREGISTERED = "unregistered"
    SUBMIT = "submit"
    SUBMITTED = "submitted"  # whatever came of it
    FAULT = "fault"
    RESTART = "restart"  # begin anew with identification
    RESYNCED = "resynced"  # in step again, with all settings in place
    EXHAUSTED = "exhausted"  # no step of the ladder helped
    PAUSE = "pause"
    RESUME = "resume"


class IllegalTransition(Exception):
    """The event cannot happen in this state: a mistake in the code, not in the modem."""


_S, _E = ModemState, ModemEvent
TRANSITIONS: dict[tuple[ModemState, ModemEvent], ModemState] = {
    (_S.ABSENT, _E.FOUND): _S.OPENING,
    (_S.OPENING, _E.OPENED): _S.IDENTIFYING,
    (_S.IDENTIFYING, _E.IDENTIFIED): _S.PIN,
    (_S.PIN, _E.LOCKED): _S.PIN,
    (_S.PIN, _E.UNLOCKED): _S.INITIALISING,
    (_S.INITIALISING, _E.INITIALISED): _S.REGISTERING,
    (_S.REGISTERING, _E.REGISTERED): _S.READY,
    (_S.REGISTERING, _E.UNREGISTERED): _S.REGISTERING,
    (_S.READY, _E.REGISTERED): _S.READY,
    (_S.READY, _E.UNREGISTERED): _S.REGISTERING,
    (_S.READY, _E.SUBMIT): _S.SENDING,
    (_S.SENDING, _E.SUBMITTED): _S.READY,
    (_S.SENDING, _E.UNREGISTERED): _S.REGISTERING,
    (_S.READY, _E.PAUSE): _S.PAUSED,
    (_S.SENDING, _E.PAUSE): _S.PAUSED,
    (_S.REGISTERING, _E.PAUSE): _S.PAUSED,
    (_S.PAUSED, _E.RESUME): _S.REGISTERING,
    (_S.RECOVERING, _E.RESYNCED): _S.REGISTERING,
    (_S.RECOVERING, _E.EXHAUSTED): _S.QUARANTINED,
}
_AT_WORK = (
    _S.OPENING,
    _S.IDENTIFYING,
    _S.PIN,
    _S.INITIALISING,
    _S.REGISTERING,
    _S.READY,
    _S.SENDING,
    _S.PAUSED,
    _S.RECOVERING,
)
for _state in _AT_WORK:
    TRANSITIONS[_state, _E.FAULT] = _S.RECOVERING
    TRANSITIONS[_state, _E.LOST] = _S.ABSENT
    if _state is not _S.OPENING:
        TRANSITIONS[_state, _E.RESTART] = _S.IDENTIFYING
TRANSITIONS[_S.QUARANTINED, _E.LOST] = _S.ABSENT


def next_state(state: ModemState, event: ModemEvent) -> ModemState:
    """The state after `event`. Raises IllegalTransition when the table has none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"{event} cannot happen while {state}") from None


class Machine:
    """A state that moves by events only, and tells `changed(old, new, reason)` when it does."""

    def __init__(
        self, clock: Clock, changed: Callable[[ModemState, ModemState, str | None], None]
    ) -> None:
        self._clock = clock
        self._changed = changed
        self.state = ModemState.ABSENT
        self.reason: str | None = None
        self.since = clock.time()

    def on(self, event: ModemEvent, reason: str | None = None) -> None:
        """Move. `reason` is one sentence for people on why the modem is not ready."""
        old, self.state = self.state, next_state(self.state, event)
        self.reason = reason
        if self.state is not old:
            self.since = self._clock.time()
            self._changed(old, self.state, reason)


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = [f"    {old} --> {new}: {event}" for (old, event), new in TRANSITIONS.items()]
    return "\n".join(["stateDiagram-v2", *lines])
