"""The memory of tried PINs, in the database."""

from __future__ import annotations

from modemgw.modem import PinOutcome, PinTry, SimPlace
from modemgw.store import Store, pins


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
            for row in await self._store.read(pins.read)
        ]

    async def keep(self, tried: PinTry) -> None:
        place = tried.place
        row = pins.PinRow(
            tried.salt, tried.hash, place.modem, place.iccid, tried.outcome, tried.open
        )
        await self._store.write(lambda tx: pins.keep(tx, row))
