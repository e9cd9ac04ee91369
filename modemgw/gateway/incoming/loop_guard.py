"""Whether something may answer a received message automatically: two machines must not go on.

Whatever answers by itself (a handler, a keyword such as STOP) asks `LoopGuard.may_answer` first,
in the event loop, and hands its answer to `Admission.reply`, which counts it: in the transaction
that accepts it, so that a restart changes nothing. Nobody else needs to count or to tell.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import phonenumbers

from modemgw.clock import Clock
from modemgw.config import Config
from modemgw.gateway.admission.numbering import NumberError, normalise
from modemgw.gateway.following import Rest, nothing_left
from modemgw.store import Store
from modemgw.store.records import Message

logger = logging.getLogger(__name__)

LOOP = "handler.loop"
"""The event that says once an hour that a sender is not answered any more."""
HOUR_S = 3600.0
TEXTS_KEPT = 4
"""Answers to one number by which what comes back is known …"""
NUMBERS_KEPT = 10_000
"""… and numbers, the latest."""
FORWARDS_KEPT = 500
"""Texts that were sent on, the latest."""
_LOOPS = frozenset({"echo", "loop"})
_COSTLY = frozenset({phonenumbers.PhoneNumberType.PREMIUM_RATE})


class Received(Protocol):
    """What may be answered: an `Inbound`, or somebody who called."""

    @property
    def sender(self) -> str:
        """As the network gave it; empty when it was withheld."""
        ...

    @property
    def text(self) -> str | None:
        """What it says, if it says something."""
        ...


class Answers(Protocol):
    """What accepts the answers and counts them: `Admission`."""

    def replies_left(self, to: str) -> int:
        """How many more a number, as it is dialled, may have in this hour."""
        ...

    def on_reply(self, listener: Callable[[Message], None]) -> None:
        """Call `listener` with each that was accepted."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not answered."""

    code: str
    """For programs: no-number, short-code, premium-rate, own-number; echo and loop for what is
    taken for a machine that answers; back and ring for what would be sent on in a circle."""
    detail: str
    """For a person, without anything of the message."""

    def __str__(self) -> str:
        return self.detail

    @property
    def is_loop(self) -> bool:
        """Whether a machine seems to answer what this gateway has answered."""
        return self.code in _LOOPS


class LoopGuard:
    """Knows what must not be answered automatically. `own_numbers`: those of the SIMs here."""

    def __init__(
        self,
        config: Config,
        *,
        answers: Answers,
        own_numbers: Callable[[], Iterable[str]],
        store: Store,
        clock: Clock,
    ) -> None:
        self._region = config.gateway.default_region
        self._per_hour = config.replies.per_hour
        self._answers = answers
        self._own_numbers = own_numbers
        self._store = store
        self._clock = clock
        self._said: OrderedDict[str, deque[tuple[float, bytes]]] = OrderedDict()
        """By number: when it was answered, and a digest of what."""
        self._sent_on: deque[tuple[float, str]] = deque(maxlen=FORWARDS_KEPT)
        self._told: dict[str, float] = {}
        """When it was told of a number that it is not answered any more."""
        answers.on_reply(self._answered)

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._region = config.gateway.default_region
        self._per_hour = config.replies.per_hour
        return nothing_left()

    def may_answer(self, inbound: Received) -> Reason | None:
        """Why this must not be answered; None if it may be.

        Where a machine is taken to answer, the event `handler.loop` says so, once an hour of each
        sender. What several ask for at the same moment may still be one too many: `Admission.reply`
        refuses that with TooMany, and who asks again then is told why.
        """
        reason = self.judge(inbound)
        if reason is not None and reason.is_loop:
            self._tell(inbound.sender, reason)
        return reason

    def judge(self, inbound: Received) -> Reason | None:
        """As `may_answer`, but nobody is told: for somebody who only wants to know."""
        number, reason = _answerable(inbound.sender, self._region)
        if reason is not None:
            return reason
        if any(_same(own, number, self._region) for own in self._own_numbers()):
            return Reason("own-number", "it comes from a SIM of this gateway")
        if self._is_echo(number, inbound.text):
            return Reason("echo", "it says what it was answered with: a machine may be answering")
        if self._answers.replies_left(number) <= 0:
            return Reason(
                "loop",
                f"its sender has had {self._per_hour} automatic answers within an hour: "
                "a machine may be answering",
            )
        return None

    def may_forward(self, inbound: Received, to: str) -> Reason | None:
        """Why this must not be sent on to a number; None if it may be.

        What comes back ends as what this gateway has sent on: others may send it on in a ring. The
        event `handler.loop` says so then.
        """
        reason = self.judge_forward(inbound, to)
        if reason is not None and reason.code == "ring":
            self._tell(inbound.sender, reason)
        return reason

    def judge_forward(self, inbound: Received, to: str) -> Reason | None:
        """As `may_forward`, but nobody is told."""
        if any(_same(own, to, self._region) for own in self._own_numbers()):
            return Reason("own-number", "it is a SIM of this gateway")
        if _answerable(inbound.sender, self._region)[0] == to:
            return Reason("back", "it is who sent it")
        since = self._clock.time() - HOUR_S
        text = inbound.text
        if text and any(at > since and text.endswith(said) for at, said in self._sent_on):
            return Reason("ring", "it was sent on before, and comes back")
        return None

    def forwarded(self, text: str) -> None:
        """A text that says who sent it was sent on: it is known when it comes back."""
        self._sent_on.append((self._clock.time(), text))

    def forget_idle(self, now: float) -> None:
        """See Forgetful."""
        while self._said and next(iter(self._said.values()))[-1][0] <= now - HOUR_S:
            self._said.popitem(last=False)
        while self._sent_on and self._sent_on[0][0] <= now - HOUR_S:
            self._sent_on.popleft()
        self._told = {number: at for number, at in self._told.items() if at > now - HOUR_S}

    def _answered(self, message: Message) -> None:
        if message.text is None:
            return
        said = self._said.setdefault(message.to, deque(maxlen=TEXTS_KEPT))
        said.append((self._clock.time(), _digest(message.text)))
        self._said.move_to_end(message.to)
        if len(self._said) > NUMBERS_KEPT:
            self._said.popitem(last=False)

    def _is_echo(self, number: str, text: str | None) -> bool:
        said = self._said.get(number)
        if said is None or text is None:
            return False
        since, digest = self._clock.time() - HOUR_S, _digest(text)
        return any(at > since and before == digest for at, before in said)

    def _tell(self, sender: str, reason: Reason) -> None:
        now = self._clock.time()
        if now - HOUR_S < self._told.get(sender, 0.0) <= now:
            return
        self._told[sender] = now
        logger.warning("a sender is not answered any more for now: %s", reason.detail)
        data = {"from": sender, "reason": reason.detail}
        self._store.write(lambda tx: tx.events.emit(LOOP, data), keep=True)


@lru_cache(maxsize=4096)
def _answerable(sender: str, region: str) -> tuple[str, Reason | None]:
    """The number as it is dialled; and why nobody must answer it, whatever it says."""
    try:
        number = normalise(sender, region)
    except NumberError:
        return "", Reason("no-number", "its sender is not a number that can be answered")
    if not number.startswith("+"):
        return number, Reason("short-code", "its sender is a short code")
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:  # a test bed's
        return number, None
    if kind in _COSTLY:
        return number, Reason("premium-rate", "its sender is a number that costs extra")
    return number, None


def _same(given: str, number: str, region: str) -> bool:
    return _answerable(given, region)[0] == number


def _digest(text: str) -> bytes:
    plain = " ".join(text.casefold().split())
    return hashlib.blake2b(plain.encode(errors="replace"), digest_size=8).digest()
