"""The way down: TPDUs wait at the service centre until their SIM's mobile takes them.

TS 23.040 clause 10 (absence, memory full, alert), TS 24.011 clause 7.3 (answers).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from modemgw.virtual.sim import Sim
from modemgw.virtual.timers import Timers

_log = logging.getLogger(__name__)

_TAIL = 9
"""Digits by which a number in national form is recognised."""


class Rp(Enum):
    """How a mobile answers a delivery (TS 24.011 7.3)."""

    ACK = "acknowledged"
    MEMORY_FULL = "RP-ERROR 22"
    NO_ANSWER = "RP-ERROR or silence"


class Mobile(Protocol):
    """What the network reaches over the air: a modem with a SIM in it."""

    index: int

    def reachable(self) -> bool:
        """Registered, with power, and heard."""

    def receive(self, tpdu: bytes, done: Callable[[Rp], None]) -> None:
        """A TPDU arrives. `done` is called once, now or later."""


@dataclass(slots=True)
class Subscriber:
    """A SIM of this network, where it is, and what waits for it."""

    sim: Sim
    mobile: Mobile | None = None
    waiting: deque[bytes] = field(default_factory=deque)
    busy: bool = False
    memory_full: bool = False
    """MCEF of TS 23.040 10: nothing is tried until RP-SMMA."""


@dataclass(slots=True)
class _Offer:
    """A TPDU that a mobile has been offered."""

    answered: bool = False
    inline: bool = True
    """The mobile has not yet returned from taking it."""


class Delivery:
    """Every SIM's queue. Order is kept within one SIM; one TPDU at a time is on its way."""

    def __init__(self, timers: Timers, retry_seconds: float) -> None:
        self._timers = timers
        self._retry_seconds = retry_seconds
        self._by_digits: dict[str, Subscriber] = {}
        self._by_iccid: dict[str, Subscriber] = {}
        self._tails: set[str] = set()

    def enrol(self, sim: Sim) -> None:
        """A SIM of this network exists, in a modem or in a drawer."""
        subscriber = Subscriber(sim)
        self._by_digits[sim.number.removeprefix("+")] = subscriber
        self._by_iccid[sim.iccid] = subscriber
        self._tails.add(sim.number[-_TAIL:])

    def attach(self, sim: Sim, mobile: Mobile | None) -> None:
        """The SIM is now in `mobile` (None: switched off); what waited for it is delivered."""
        subscriber = self._by_iccid[sim.iccid]
        if subscriber.mobile is not mobile:
            subscriber.mobile = mobile
            subscriber.busy = False
            # A location update tells the network that the mobile is there (alert, 23.040 10.2).
            subscriber.memory_full = False
        self._go_on(subscriber)

    def memory_available(self, sim: Sim) -> None:
        """RP-SMMA: there is room again."""
        subscriber = self._by_iccid[sim.iccid]
        subscriber.memory_full = False
        self._go_on(subscriber)

    def subscriber(self, sim: Sim) -> Subscriber:
        """What is known of a SIM; KeyError if it was never enrolled."""
        return self._by_iccid[sim.iccid]

    def may_know(self, number: str) -> bool:
        """False: no SIM has this number in any form. Cheap, for what is asked of every part."""
        return number.removeprefix("+").lstrip("0")[-_TAIL:] in self._tails

    def find(self, number: str) -> Subscriber | None:
        """The subscriber with this number, in international or national form."""
        digits = number.removeprefix("+")
        if digits.startswith("00"):
            digits = digits[2:]
        found = self._by_digits.get(digits)
        if found is None and digits.startswith("0"):
            tail = digits[1:]
            found = next((s for d, s in self._by_digits.items() if d.endswith(tail)), None)
        return found

    def enqueue(self, subscriber: Subscriber, tpdu: bytes) -> None:
        """Deliver as soon as the mobile takes it."""
        subscriber.waiting.append(tpdu)
        self._go_on(subscriber)

    def _go_on(self, subscriber: Subscriber) -> None:
        while self._deliver_one(subscriber):
            pass

    def _deliver_one(self, subscriber: Subscriber) -> bool:
        """Offer the oldest TPDU; True if it was answered at once and another may follow."""
        mobile = subscriber.mobile
        if not subscriber.waiting or subscriber.busy or subscriber.memory_full:
            return False
        if mobile is None or not mobile.reachable():
            return False
        subscriber.busy = True
        offer = _Offer()

        def done(answer: Rp) -> None:
            if offer.answered or subscriber.mobile is not mobile:
                return
            offer.answered = True
            self._answered(subscriber, answer)
            if not offer.inline:
                self._go_on(subscriber)

        mobile.receive(subscriber.waiting[0], done)
        offer.inline = False
        return offer.answered

    def _answered(self, subscriber: Subscriber, answer: Rp) -> None:
        subscriber.busy = False
        if answer is Rp.ACK:
            subscriber.waiting.popleft()
        elif answer is Rp.MEMORY_FULL:
            subscriber.memory_full = True
            _log.debug("SIM %s has no room for messages", subscriber.sim.iccid)
        else:
            # Taken as busy until the retry, so that nothing overtakes it at once.
            subscriber.busy = True
            mobile = subscriber.mobile

            def again() -> None:
                if subscriber.mobile is mobile:
                    subscriber.busy = False
                    self._go_on(subscriber)

            self._timers.call_later(self._retry_seconds, again)
