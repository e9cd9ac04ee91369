"""What was sent and what it cost, as doors ask for it."""

from __future__ import annotations

from dataclasses import replace

from modemgw.gateway.errors import FieldProblem, Rejected
from modemgw.store import Store, UsageQuery, UsageSum


class Usage:
    """Adds up what was counted while it was sent: no message is looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sums(self, query: UsageQuery) -> list[UsageSum]:
        """The sums, in the order of what they are told apart by.

        Raises Rejected when there are more than the query's `limit`, StoreUnavailable.
        """
        more = replace(query, limit=query.limit + 1)
        found = await self._store.read(lambda view: view.usage.sums(more))
        if len(found) > query.limit:
            problem = (
                f"these are more than {query.limit:,} sums: tell fewer things apart, or ask for "
                "fewer days with since and until"
            )
            raise Rejected([FieldProblem("by", problem, "too-long")])
        return found
