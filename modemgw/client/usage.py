"""What was sent and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict, Unpack

from modemgw.client.answers import UsageSum
from modemgw.client.outgoing import moment
from modemgw.client.transport import Transport

Dimension = Literal["sim", "key", "type", "prefix", "day"]
"""What use is told apart by."""


class UsageFilters(TypedDict, total=False):
    """What to add up. Days are of UTC: dates, or times in them."""

    since: date | datetime | str | None
    until: date | datetime | str | None
    """Before this day; a time in a day has that day counted as well."""
    sim: str | None
    key: str | None
    type: str | None
    prefix: str | None


class Usage(Transport):
    """Calls about what was sent."""

    async def usage(
        self,
        by: Sequence[Dimension] = (),
        **filters: Unpack[UsageFilters],
    ) -> list[UsageSum]:
        """What was sent and what it cost, added up and told apart by these, in their order."""
        query: dict[str, Any] = {"by": ",".join(by) or None, **filters}
        for name in ("since", "until"):
            when = query.get(name)
            if isinstance(when, datetime):
                query[name] = moment(when)
        return [UsageSum(item) for item in (await self._get("v1/usage", **query))["items"]]
