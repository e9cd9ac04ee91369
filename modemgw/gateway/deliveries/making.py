"""Making one delivery, and recording what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable
from random import Random

from modemgw.clock import Clock
from modemgw.gateway.deliveries.outcome import REFUSED, Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.subscriber import Subscriber
from modemgw.plain import printable
from modemgw.store import Payload, Store, StoreConflict, Transaction, Webhook

logger = logging.getLogger(__name__)

FAILING = 5
"""Failures in a row, after which a subscriber is failing: see Subscriber.pace_s."""


class Making:
    """Makes deliveries, one at a call. `changed` is told of a webhook that has changed by it."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        random: Random,
        changed: Callable[[Webhook | None], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._changed = changed
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """By kind and outcome (`taken`, `put-off`, `given-up`): the tries since the start."""

    async def make(self, subscriber: Subscriber, payload: Payload) -> None:
        """Make a delivery that was claimed. Raises what keeps its outcome from being recorded."""
        begun = self._clock.monotonic()
        outcome = await self._deliver(subscriber, payload)
        took_ms = round(1000 * (self._clock.monotonic() - begun))
        await self._record(subscriber, payload, outcome, took_ms)

    async def _deliver(self, subscriber: Subscriber, payload: Payload) -> Outcome:
        timeout = subscriber.timeout_s
        try:
            async with asyncio.timeout(timeout):
                return await subscriber.kind.deliver(subscriber.shown(payload))
        except TimeoutError:
            return Retry(f"no answer within {timeout:g} s", code="no-answer")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Retry("it was cancelled from within")
        except (Exception, SystemExit) as error:
            logger.debug("a delivery to %s failed", subscriber.id, exc_info=error)
            return Retry(f"unforeseen: {type(error).__name__}", str(error))

    async def _record(
        self, subscriber: Subscriber, payload: Payload, outcome: Outcome, took_ms: int
    ) -> None:
        if isinstance(outcome, Taken):
            subscriber.complaint, subscriber.failures = None, 0
            self.outcomes[subscriber.action, "taken"] += 1
            answer = outcome.answer
            if not outcome.recorded:
                with contextlib.suppress(StoreConflict):
                    await self._store.write(
                        lambda tx: tx.deliveries.taken(payload, took_ms, answer), keep=True
                    )
            return
        self._let_rest(subscriber, outcome)
        next_at = self._next_at(subscriber, payload, outcome)
        self.outcomes[subscriber.action, "given-up" if next_at is None else "put-off"] += 1
        self._tell(subscriber, payload, outcome, given_up=next_at is None)
        problem = printable(": ".join(filter(None, (outcome.problem, outcome.detail))))[:500]
        log = (outcome.code, problem, took_ms)

        def end(tx: Transaction) -> Webhook | None:
            if next_at is not None:
                tx.deliveries.put_off(payload, *log, next_at, outcome.answer)
                return None
            tx.deliveries.give_up(payload, *log, outcome.answer)
            return subscriber.given_up(tx, outcome)

        await self._store.write(end, keep=True, then=self._changed)

    def _let_rest(self, subscriber: Subscriber, outcome: Retry | Never) -> None:
        subscriber.failures += 1
        rest_s = outcome.rest_s if isinstance(outcome, Retry) else 0.0
        if subscriber.failures >= FAILING:
            rest_s = max(rest_s, subscriber.pace_s)
        if rest_s:
            until = self._clock.monotonic() + rest_s
            subscriber.rests_until = max(subscriber.rests_until, until)

    def _next_at(
        self, subscriber: Subscriber, payload: Payload, outcome: Retry | Never
    ) -> float | None:
        if isinstance(outcome, Never) or subscriber.once(payload):
            return None
        return subscriber.patience.next_at(
            payload.tries + 1,
            since=payload.waiting_since,
            now=self._clock.time(),
            random=self._random,
            refused=outcome.code == REFUSED,
            asked_s=outcome.rest_s,
        )

    def _tell(
        self, subscriber: Subscriber, payload: Payload, outcome: Retry | Never, *, given_up: bool
    ) -> None:
        """Log a failure: each that is the last, and of others each that is a new one."""
        problem, news = outcome.problem, outcome.problem != subscriber.complaint
        subscriber.complaint = problem
        logger.log(
            logging.WARNING if news or given_up else logging.DEBUG,
            "%s did not take %s (%s): %s",
            subscriber,
            payload.id if payload.inbound is None else payload.inbound.id,
            "given up" if given_up else "will be tried again",
            problem,
        )
        if outcome.detail:
            logger.debug("%s: %s", subscriber, outcome.detail)
