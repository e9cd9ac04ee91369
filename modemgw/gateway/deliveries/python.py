"""A Python function of the operator's: `package.module:function`, called with the message.

It is called in a process that is not ours (workers.py), so that whatever it does is its own affair.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from modemgw.gateway.deliveries.answering import Answering
from modemgw.gateway.deliveries.errands import Errands
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.payload import document
from modemgw.gateway.deliveries.workers import Calling, CannotCall, WorkerEnded, Workers
from modemgw.store import Payload, Store

logger = logging.getLogger(__name__)


class Python:
    """Has a function called; what it returns does not matter, what it raises is a failure.

    One that does not come back within the handler's timeout is ended with its process.
    """

    def __init__(self, calling: Calling, answering: Answering, store: Store) -> None:
        self._target = calling.target
        self._answering = answering
        self._store = store
        self._workers = Workers(calling)

    def warm(self) -> None:
        """See Warming."""
        self._workers.warm()

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind. Cancelled, it ends the process that calls the function."""
        try:
            worker = await self._workers.take()
        except CannotCall as error:
            return Retry(str(error))
        except WorkerEnded as error:
            return Retry(f"the process of {self._target} {error}", error.detail)
        except OSError as error:
            return Retry(f"no process can be begun for {self._target}: {error.strerror}")
        call = {
            "call": document(payload),
            "inbound": payload.inbound is not None,
            "delivery": payload.id,
        }
        errands = Errands(payload, self._answering, self._store)
        ends = True
        try:
            heard = await worker.call(call, errands.answer)
            ends = bool(heard.get("ends", False))
        except WorkerEnded as error:
            return Retry(f"the process of {self._target} {error}", error.detail)
        finally:
            if ends:
                await worker.end()
                self._workers.warm()
            else:
                self._workers.give_back(worker)
        failed = heard.get("failed")
        return Taken() if failed is None else self._failure(failed)

    async def close(self) -> None:
        """See Kind."""
        await self._workers.close()

    def _failure(self, failed: Mapping[str, Any]) -> Retry | Never:
        """Its words, and the traceback, may be the message's: they are for who looks for them."""
        logger.debug("%s: %s", self._target, failed.get("trace"))
        where = failed.get("where")
        problem = f"{self._target} raised {failed.get('kind')}{f' in {where}' if where else ''}"
        says = str(failed.get("says", ""))
        return Never(problem, says) if failed.get("never") is True else Retry(problem, says)
