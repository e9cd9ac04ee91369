"""The memory of tried PINs, in the database."""

from __future__ import annotations

from modemgw.modem import PinOutcome, PinTry, SimPlace
from modemgw.store import PinRow, Store


class StoredPins:
    """See `modemgw.modem.PinMemory`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self) -> list[PinTry]:
        return [
            PinTry(
                row.salt,
                row.hash,
                SimPlace(row.modem, row.iccid),
                PinOutcome(row.outcome),
                row.open,
            )
            for row in await self._store.read(lambda view: view.pins.read())
        ]

    async def keep(self, tried: PinTry) -> None:
        place = tried.place
        row = PinRow(tried.salt, tried.hash, place.modem, place.iccid, tried.outcome, tried.open)
        await self._store.write(lambda tx: tx.pins.keep(row))
