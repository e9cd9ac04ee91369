"""The message stores that one modem can name (TS 27.005 3.2.2): its own, its SIM's, and both."""

from __future__ import annotations

from modemgw.virtual.errors import CmsError
from modemgw.virtual.personalities import Personality
from modemgw.virtual.slot import Slot
from modemgw.virtual.store import AnyStore, CombinedStore, MessageStore


class Storage:
    """SM is on the SIM and comes and goes with it; the others are the modem's."""

    def __init__(self, make: Personality, slot: Slot) -> None:
        self._make = make
        self._slot = slot
        self._own = {
            name: MessageStore(name, size, make.index_base)
            for name, size in make.stores.items()
            if name != "SM"
        }

    def named(self, name: str) -> AnyStore:
        """The store `name`; +CMS ERROR 302 if this modem has none."""
        if name == "SM":
            return self._slot.inserted().store
        if name == "MT" and self._make.combined_store:
            return CombinedStore(self._slot.inserted().store, self._own["ME"])
        store = self._own.get(name)
        if store is None:
            raise CmsError(302)
        return store
