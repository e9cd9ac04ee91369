"""Modems, USSD and traces."""

from __future__ import annotations

from datetime import datetime

from modemgw.client.answer import Answer


class Sim(Answer):
    """The subscription in a modem."""

    iccid: str
    imsi: str | None
    number: str | None


class Storage(Answer):
    """How full the modem's memory for received messages is."""

    used: int
    size: int


class Held(Answer):
    """What keeps a modem from sending though it is ready."""

    why: str
    """`limits`: those of its SIM; `refused`: the network refuses the SIM."""
    until: datetime
    """When it may send, or make a try."""


class Modem(Answer):
    """A modem, its SIM and how they do."""

    id: str
    state: str
    step: int | None
    """Of the recovery ladder, while recovering."""
    reason: str | None
    """Why it is not ready."""
    since: datetime
    device: str | None
    profile: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    sim: Sim | None
    operator: str | None
    registration: str
    signal_dbm: int | None
    queue: int
    """Parts that wait for it."""
    sent: int
    received: int
    errors: int
    refused: int
    ambiguous: int
    timeouts: int
    resets: int
    recoveries: int
    storage: Storage | None
    alarm: str | None
    """What a person must see to."""
    last_answer_at: datetime | None
    ready_since: datetime | None
    routes: tuple[str, ...]
    weight: int
    held: Held | None


class Ussd(Answer):
    """The network's answer to a USSD request."""

    text: str
    more: bool
    """It waits for an answer, such as `1`."""


class AtAnswer(Answer):
    """What a modem answered to an AT command."""

    lines: tuple[str, ...]
    """Without the echo and the result."""
    ok: bool
    result: str
    """`OK`, or an error such as `+CME ERROR: 30`."""
    meaning: str | None
    """What the error means."""


class SignalSample(Answer):
    """The signal when a modem was asked for it."""

    at: datetime
    dbm: int | None
    """None: it knew none, so without a network."""


class TraceLine(Answer):
    """One line that went over the wire of a modem; message texts and PINs are masked."""

    id: int
    """Grows from line to line."""
    at: datetime
    direction: str
    """`>` to the modem, `<` from it, `=` a remark."""
    text: str
