"""How the gateway does: whether it can send, whether it takes messages, and what is amiss."""

from __future__ import annotations

from modemgw.gateway.fleet.fleet import Fleet
from modemgw.gateway.outgoing.outbox import Outbox
from modemgw.gateway.supervision import Keeper
from modemgw.store import Store


class Health:
    """Asked each time; nothing is kept."""

    def __init__(self, store: Store, *, outbox: Outbox, fleet: Fleet, keeper: Keeper) -> None:
        self._store = store
        self._outbox = outbox
        self._fleet = fleet
        self._keeper = keeper

    @property
    def ready(self) -> bool:
        """Whether a modem can send."""
        return self._fleet.ready

    @property
    def accepting(self) -> str | None:
        """Why new work is refused, or None when it is not."""
        return self._store.problem or self._outbox.not_yet

    @property
    def stalled(self) -> str | None:
        """Why only a restart helps, or None: the database's writer hangs or is dead."""
        return self._store.stalled

    @property
    def alarms(self) -> dict[str, str]:
        """What a person must see to though messages may be sent, by modem."""
        return self._fleet.views.alarms

    @property
    def troubles(self) -> list[str]:
        """What does not work as it should though the gateway runs: a line each."""
        return [*self._keeper.troubles(), *self._outbox.punctuality.troubles()]
