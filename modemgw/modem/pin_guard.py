"""Which PINs were tried, and what came of it: remembered where a crash does not forget it.

A SIM is blocked after three wrong PINs in a row. So a try is written down before it is made, and
who finds one whose outcome nobody knows has to take it for a wrong one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

log = logging.getLogger(__name__)

_ALL_TRIES = 3
_ROUNDS = 20_000
_OPEN_FOR_A_KNOWN_PIN = 2
"""A PIN that this SIM has taken before may be typed once more after a try that was cut short."""


@dataclass(frozen=True, slots=True)
class SimPlace:
    """A SIM as far as it is known before it is opened: its modem, and its ICCID if readable."""

    modem: str
    iccid: str | None

    def may_be(self, other: SimPlace) -> bool:
        """Whether the two may be the same SIM."""
        if self.iccid is not None and other.iccid is not None:
            return self.iccid == other.iccid
        return self.modem == other.modem


class PinOutcome(StrEnum):
    """What the SIM last said of a PIN."""

    UNKNOWN = "unknown"
    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class PinTry:
    """What is remembered of one PIN at one SIM. The PIN itself is not: `hash` is salted."""

    salt: bytes
    hash: bytes
    place: SimPlace
    outcome: PinOutcome = PinOutcome.UNKNOWN
    open: int = 0
    """Tries since `outcome` of which nobody knows what came."""

    def is_of(self, place: SimPlace, pin: str) -> bool:
        """Whether it is about this PIN, at what may be this SIM."""
        return self.place.may_be(place) and hmac.compare_digest(self.hash, _hash(pin, self.salt))


class PinMemory(Protocol):
    """What remembers tries of PINs, whatever happens to the process."""

    async def read(self) -> list[PinTry]:
        """All of them."""
        ...

    async def keep(self, tried: PinTry) -> None:
        """Remember it, in place of the one with the same salt. Returns when it would survive a loss
        of power; raises when it would not."""
        ...


class PinGuard:
    """Says whether a PIN may be typed. One for all modems: a SIM may move between them."""

    def __init__(self, memory: PinMemory) -> None:
        self._memory = memory
        self._tries: list[PinTry] | None = None
        self._reading = asyncio.Lock()

    async def why_not(self, place: SimPlace, pin: str, left: int | None) -> str | None:
        """Why `pin` must not be typed now, in a sentence for people; None: it may be.

        `left` is how many tries the modem says that the SIM has left. With all of them left, no
        wrong PIN was typed since somebody last gave the right one. Raises what the memory raises.
        """
        for known in await self._known(place, pin):
            if known.outcome is PinOutcome.REFUSED:
                return (
                    "the SIM refused this PIN before; it is not tried again, because the third "
                    "wrong one blocks the SIM: correct `pin`"
                )
            most = _OPEN_FOR_A_KNOWN_PIN if known.outcome is PinOutcome.ACCEPTED else 1
            if known.open >= most and left != _ALL_TRIES:
                return (
                    "this PIN was typed before, and nobody knows what the SIM said: daemon or "
                    "modem stopped in the midst of it; it is not tried again, because the third "
                    "wrong one blocks the SIM: give the SIM another PIN in a phone, and set `pin`"
                )
        return None

    async def begin(self, place: SimPlace, pin: str) -> None:
        """It is about to be typed. Once this returns, the try counts, whatever happens.

        Raises what the memory raises: then it must not be typed.
        """
        known = await self._known(place, pin)
        if known:
            tried = replace(known[0], place=place, open=known[0].open + 1)
        else:
            salt = secrets.token_bytes(16)
            tried = PinTry(salt, _hash(pin, salt), place, open=1)
        await self._memory.keep(tried)
        self._note(tried)

    async def refused(self, place: SimPlace, pin: str) -> None:
        """The SIM said no: never again."""
        await self._settle(place, pin, PinOutcome.REFUSED)

    async def accepted(self, place: SimPlace, pin: str) -> None:
        """The SIM took it."""
        await self._settle(place, pin, PinOutcome.ACCEPTED)

    async def not_tried(self, place: SimPlace, pin: str) -> None:
        """The modem did not give it to the SIM: the try that was begun does not count."""
        for known in (await self._known(place, pin))[:1]:
            await self._outcome(replace(known, open=max(0, known.open - 1)))

    async def works(self, place: SimPlace, pin: str) -> None:
        """The SIM is open: if `pin` was typed and its answer lost, it was accepted."""
        try:
            known = await self._known(place, pin)
        except Exception:
            log.exception("what came of a PIN could not be looked up")
            return
        if any(tried.open for tried in known):
            await self.accepted(place, pin)

    async def _settle(self, place: SimPlace, pin: str, outcome: PinOutcome) -> None:
        for known in await self._known(place, pin):
            await self._outcome(replace(known, outcome=outcome, open=0))

    async def _outcome(self, tried: PinTry) -> None:
        self._note(tried)
        try:
            await self._memory.keep(tried)
        except Exception:
            # The try itself is on record, and counts until more is known.
            log.exception("what came of a PIN could not be written down")

    async def _known(self, place: SimPlace, pin: str) -> list[PinTry]:
        async with self._reading:
            if self._tries is None:
                self._tries = await self._memory.read()
        return [tried for tried in self._tries if tried.is_of(place, pin)]

    def _note(self, tried: PinTry) -> None:
        others = [t for t in self._tries or () if t.salt != tried.salt]
        self._tries = [tried, *others]


def _hash(pin: str, salt: bytes) -> bytes:
    """Slow, but ten thousand PINs are few: it keeps a PIN out of sight, no more."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, _ROUNDS)
