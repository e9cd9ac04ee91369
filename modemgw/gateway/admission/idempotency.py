"""The rule that a request is answered once: the same Idempotency-Key gets the first answer again.

The answer is written in the transaction that accepts the messages, so it is there exactly when they
are. Looking it up first would cost each request a read; so that is done only when a rule refuses
what may have been taken the first time: by other routes, say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modemgw.config import Config
from modemgw.gateway.admission.results import Idempotency
from modemgw.gateway.admission.rule import Request, Rule
from modemgw.gateway.errors import IdempotencyConflict
from modemgw.store import AnsweredBefore, Store, Transaction
from modemgw.store.records import Message


class IdempotencyRule(Rule):
    """Keeps the answer to a request that has an Idempotency-Key."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._erased = config.type.erased

    def in_transaction(self, request: Request, answer: Any) -> Callable[[Transaction], None] | None:
        """See Rule. What is returned raises AnsweredBefore."""
        asked = request.idempotency
        if asked is None:
            return None
        if isinstance(answer, Message) and answer.type in self._erased:
            # The answer is kept for days, and the text is to be gone when the message is over.
            answer = answer._replace(text=None, data=None)
        key, body = request.key, asked.render(answer)
        return lambda tx: tx.answers.remember(key, asked.key, asked.fingerprint, body)


async def answered_before(store: Store, request: Request) -> bytes | None:
    """The first answer to the same request, if there was one.

    Raises IdempotencyConflict when its Idempotency-Key was used for another request.
    """
    asked = request.idempotency
    if asked is None:
        return None
    before = await store.look_up(lambda view: view.answers.find(request.key, asked.key))
    return None if before is None else first_answer(before, asked)


def first_answer(before: AnsweredBefore, asked: Idempotency | None) -> bytes:
    """The answer to be given again. Raises IdempotencyConflict: it was to another request."""
    if asked is None or before.fingerprint != asked.fingerprint:
        raise IdempotencyConflict(
            "this Idempotency-Key was used for another request; use a new one"
        ) from before
    return before.body
