"""What is done about a part that was not accepted: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random

from modemgw.config import TypeSection
from modemgw.modem import ErrorClass, Verdict

LONGEST_WAIT_S = 900.0
"""Back-off never grows beyond this, where no type of messages says otherwise."""
COOLING_S = 60.0
"""How long a SIM that refused a message is left alone with it, if the verdict does not say."""
ADVISED_S = 10.0
"""What is waited before the second try, if the verdict does not say."""
ONCE_MORE_S = 5.0
"""How long what is tried once more only waits for that, if the verdict does not say."""


class Action(Enum):
    """What to do next."""

    ACCEPT = 1
    """The network has it after all."""
    LATER = 2
    """The same part again after `wait_s`, on any SIM that may carry it."""
    ELSEWHERE = 3
    """At once, on another SIM; this one may not have it for `wait_s`."""
    FAIL = 4
    """Never again."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and the wait that belongs to it in seconds."""

    action: Action
    wait_s: float = 0.0
    permanent: bool = False
    """With FAIL: the same message will not work later either."""


def backoff(
    base_s: float, refusals: int, random: Random, longest_s: float = LONGEST_WAIT_S
) -> float:
    """Exponential back-off: `base_s` doubled with each refusal after the first, ±20 %.

    `refusals` counts from 1. The result is at most `longest_s` (plus jitter).
    """
    wait = min(base_s * 2.0 ** min(refusals - 1, 16), longest_s)
    return wait * random.uniform(0.8, 1.2)


def decide(
    verdict: Verdict, refusals: int, policy: TypeSection, *, another_sim: bool, random: Random
) -> Decision:
    """What to do about a refusal.

    `refusals` counts this one. `another_sim`: a ready SIM other than this may carry the message.
    """
    kind = verdict.error_class
    if kind is ErrorClass.ACCEPTED:
        return Decision(Action.ACCEPT)
    if kind in (ErrorClass.RECIPIENT, ErrorClass.MESSAGE):
        # What only one SIM's network says of a message, another's may see otherwise: once.
        if verdict.also_other_sim and another_sim and refusals == 1:
            return Decision(Action.ELSEWHERE, COOLING_S)
        if verdict.once and refusals == 1:
            base_s = max(verdict.wait_s or ONCE_MORE_S, policy.retry_wait)
            first_s = backoff(base_s, 1, random, policy.retry_wait_max)
            return Decision(Action.LATER, first_s)
        return Decision(Action.FAIL, permanent=True)
    if refusals >= policy.max_attempts:
        return Decision(Action.FAIL)
    base_s = max(verdict.wait_s or ADVISED_S, policy.retry_wait)
    wait = backoff(base_s, refusals, random, policy.retry_wait_max)
    if kind in (ErrorClass.OTHER_SIM, ErrorClass.BARRED, ErrorClass.CONFIGURATION):
        wait = max(wait, COOLING_S)
        return Decision(Action.ELSEWHERE if another_sim else Action.LATER, wait)
    if kind is ErrorClass.MODEM or verdict.also_other_sim:
        return Decision(Action.ELSEWHERE if another_sim else Action.LATER, wait)
    return Decision(Action.LATER, wait)
