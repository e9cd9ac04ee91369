"""Modems as doors see them: how they do, and what an administrator may have them do."""

from __future__ import annotations

from collections.abc import Callable

from modemgw.gateway.errors import Conflict, FieldProblem, Rejected
from modemgw.gateway.fleet.fleet import Fleet
from modemgw.gateway.fleet.modem_views import ModemView
from modemgw.modem import (
    AtAnswer,
    AtUntypable,
    PortClosed,
    TraceLine,
    UssdAnswer,
    UssdUntypable,
)


class Modems:
    """The modems of the fleet, by their ids."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def views(self) -> list[ModemView]:
        """Every modem as it is now."""
        return self._fleet.views.views()

    def view(self, id: str) -> ModemView:
        """A modem as it is now. Raises NotFound."""
        return self._fleet.views.view(id)

    def pause(self, id: str) -> ModemView:
        """Send nothing more through a modem. Raises NotFound."""
        self._fleet.pause(id)
        return self._fleet.views.view(id)

    def resume(self, id: str) -> ModemView:
        """Let a paused modem work again. Raises NotFound."""
        self._fleet.resume(id)
        return self._fleet.views.view(id)

    def restart(self, id: str) -> ModemView:
        """Let a modem begin anew with its identification. Raises NotFound."""
        self._fleet.modem(id).restart()
        return self._fleet.views.view(id)

    async def ussd(self, id: str, code: str, timeout_s: float) -> UssdAnswer:
        """Send a USSD request. Raises NotFound, Conflict (not ready), Rejected, ModemError."""
        try:
            return await self._fleet.ready_modem(id).ussd(code, timeout_s=timeout_s)
        except UssdUntypable as error:
            raise Rejected([FieldProblem("code", str(error), "untypable")]) from error

    async def end_ussd(self, id: str) -> None:
        """End a modem's USSD dialogue, if there is one. Raises NotFound, Conflict, ModemError."""
        await self._fleet.ready_modem(id).ussd_cancel()

    async def by_hand(self, id: str, command: str, timeout_s: float) -> AtAnswer:
        """Type an AT command. Raises NotFound, Conflict (no open port), Rejected, ModemError."""
        try:
            return await self._fleet.modem(id).by_hand(command, timeout_s)
        except AtUntypable as error:
            raise Rejected([FieldProblem("command", str(error), "untypable")]) from error
        except PortClosed as error:
            raise Conflict(f"modem {id}: {error}") from error

    def signal(self, id: str) -> list[tuple[float, int | None]]:
        """Times and dBm of the last polls of a modem's signal, oldest first. Raises NotFound."""
        return self._fleet.modem(id).signal_history

    def trace(self, id: str, *, texts: bool = False, after: int = 0) -> list[TraceLine]:
        """What was last said on a modem's port, `after` a line's id, oldest first. Raises NotFound.

        PINs are masked always, PDUs and USSD strings unless `texts`.
        """
        return self._fleet.modem(id).trace.lines(texts=texts, after=after)

    def follow_trace(self, id: str, tap: Callable[[TraceLine], None]) -> None:
        """Hand every line on a modem's port to `tap` as well, masked. Raises NotFound."""
        self._fleet.modem(id).trace.tap = tap
