"""What a message costs: what was kept with its accepted parts, and an estimate of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from modemgw.gateway.fleet.tariffs import Tariffs, total
from modemgw.store import Payload
from modemgw.store.records import OPEN_STATUSES, AttemptState, Cost, Message, Page, Part, PartStatus

_IN_DOUBT = frozenset({PartStatus.SUBMITTING, PartStatus.AMBIGUOUS})

_WITH_THE_NETWORK = frozenset(
    {AttemptState.SUBMITTING, AttemptState.ACCEPTED, AttemptState.AMBIGUOUS}
)


def with_cost(message: Message, tariffs: Tariffs) -> Message:
    """The message with what it and its parts cost, as far as tariffs say.

    It costs what its parts do; nothing is said of a sum in several currencies. What has come to an
    end costs what the network accepted of it, which may be nothing.
    """
    if not tariffs and not any(a.cost for part in message.parts for a in part.attempts):
        return message
    estimate = _of_one(message, tariffs)
    parts = tuple(replace(part, cost=_of_part(part, message, estimate)) for part in message.parts)
    costs = [part.cost for part in parts if part.cost is not None]
    cost = total(costs)
    if not costs and estimate is not None and _came_to_nothing(message):
        cost = Cost(Decimal(), estimate.currency)
    return message._replace(parts=parts, cost=cost)


def page_with_cost(page: Page[Message], tariffs: Tariffs) -> Page[Message]:
    """A page of messages, each as `with_cost` has it."""
    return replace(page, items=tuple(with_cost(one, tariffs) for one in page.items))


def told(tell: Callable[[Payload], bytes], tariffs: Tariffs) -> Callable[[Payload], bytes]:
    """As `tell`, of messages with what they cost."""

    def tell_with_cost(payload: Payload) -> bytes:
        if payload.message is not None:
            payload = replace(payload, message=with_cost(payload.message, tariffs))
        return tell(payload)

    return tell_with_cost


def _came_to_nothing(message: Message) -> bool:
    """Whether it is over, and the network accepted nothing of it."""
    states = {attempt.state for part in message.parts for attempt in part.attempts}
    return message.status not in OPEN_STATUSES and AttemptState.ACCEPTED not in states


def _of_part(part: Part, message: Message, estimate: Cost | None) -> Cost | None:
    """Every try of it that was accepted is paid; one that is still to be made is estimated."""
    costs = [attempt.cost for attempt in part.attempts if attempt.cost is not None]
    waits = part.status is PartStatus.QUEUED and message.status in OPEN_STATUSES
    if estimate is not None and (waits or part.status in _IN_DOUBT):
        costs.append(estimate)
    return total(costs)


def _of_one(message: Message, tariffs: Tariffs) -> Cost | None:
    """What a part will cost: on the SIM that has others of the message, else at the most."""
    last = [part.last for part in message.parts if part.last is not None]
    sims = [attempt.sim for attempt in last if attempt.state in _WITH_THE_NETWORK]
    if sims:
        price = tariffs.price(sims[-1], message.to)
        return None if price is None else price.of(1, estimated=True)
    return tariffs.estimate(message.route, message.to, 1, modem=message.modem)
