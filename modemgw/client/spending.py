"""What may be spent."""

from __future__ import annotations

from modemgw.client.answers import Budget
from modemgw.client.transport import Transport


class Spending(Transport):
    """Calls about budgets."""

    async def budgets(self) -> list[Budget]:
        """Every budget and how it stands, in the order of the configuration."""
        return [Budget(item) for item in (await self._get("v1/budgets"))["items"]]
