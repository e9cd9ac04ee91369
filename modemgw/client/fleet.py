"""Modems, SIMs, and whether the gateway can send."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal

from modemgw.client.answers import (
    AtAnswer,
    Checklist,
    Modem,
    Readiness,
    SignalSample,
    SimCard,
    TraceLine,
    Ussd,
)
from modemgw.client.errors import ApiError, Unreachable
from modemgw.client.retry import NEVER, is_worth_it
from modemgw.client.transport import Transport, segment

_TURN_S = 130
"""The gateway lets a command wait for two minutes for a part that is in the air."""


class Fleet(Transport):
    """Calls about modems and SIMs."""

    async def modems(self) -> list[Modem]:
        """Every modem."""
        return [Modem(item) for item in (await self._get("v1/modems"))["items"]]

    async def modem(self, identifier: str) -> Modem:
        """One modem."""
        return Modem(await self._get(f"v1/modems/{segment(identifier)}"))

    async def control_modem(
        self, identifier: str, verb: Literal["pause", "resume", "restart"]
    ) -> Modem:
        """Pause, resume or restart a modem."""
        return Modem(await self._post(f"v1/modems/{segment(identifier)}/{verb}"))

    async def sims(self) -> list[SimCard]:
        """Every SIM that was ever seen, by ICCID."""
        return [SimCard(item) for item in (await self._get("v1/sims"))["items"]]

    async def sim(self, iccid: str) -> SimCard:
        """One SIM."""
        return SimCard(await self._get(f"v1/sims/{segment(iccid)}"))

    async def ask_balance(self, iccid: str, *, timeout_s: float = 60.0) -> SimCard:
        """Ask the network for a SIM's balance now."""
        reply = await self._request(
            "POST", f"v1/sims/{segment(iccid)}/balance", timeout_s=timeout_s
        )
        return SimCard(reply.document)

    async def ussd(self, identifier: str, code: str, *, timeout_s: float = 30.0) -> Ussd:
        """Ask the network by USSD through a modem."""
        reply = await self._request(
            "POST",
            f"v1/modems/{segment(identifier)}/ussd",
            body={"code": code, "timeout_s": timeout_s},
            timeout_s=timeout_s + 10,
        )
        return Ussd(reply.document)

    async def end_ussd(self, identifier: str) -> None:
        """End the USSD dialogue of a modem, if there is one."""
        await self._request("DELETE", f"v1/modems/{segment(identifier)}/ussd", repeatable=True)

    async def at(self, identifier: str, command: str, *, timeout_s: float = 30.0) -> AtAnswer:
        """Type an AT command at a modem's port. An error that it answers with is not raised."""
        reply = await self._request(
            "POST",
            f"v1/modems/{segment(identifier)}/at",
            body={"command": command, "timeout_s": timeout_s},
            timeout_s=timeout_s + _TURN_S,
        )
        return AtAnswer(reply.document)

    async def signal(self, identifier: str) -> list[SignalSample]:
        """How a modem's signal was, the oldest first."""
        found = await self._get(f"v1/modems/{segment(identifier)}/signal")
        return [SignalSample(sample) for sample in found["items"]]

    async def trace(
        self, identifier: str, *, texts: bool = False, after: int | None = None
    ) -> list[TraceLine]:
        """The last lines between the gateway and a modem, those after the line with the id `after`.

        `texts` shows what was written.
        """
        found = await self._get(
            f"v1/modems/{segment(identifier)}/trace",
            texts="true" if texts else None,
            after=after,
        )
        return [TraceLine(line) for line in found["items"]]

    async def follow_trace(
        self, identifier: str, *, texts: bool = False, every_s: float = 0.5
    ) -> AsyncGenerator[TraceLine, None]:
        """As `trace`, and then each line as it comes, without end.

        Looks every `every_s` seconds. What cannot be reached for a while is asked again, once it
        has answered before; lines that the gateway has forgotten by then are missing.
        """
        last: int | None = None
        while True:
            try:
                lines = await self.trace(identifier, texts=texts, after=last)
            except (Unreachable, ApiError) as error:
                if last is None or not is_worth_it(error, repeatable=True):
                    raise
                lines = []
            for line in lines:
                yield line
            last = lines[-1].id if lines else last or 0
            await self._clock.sleep(every_s)

    async def checklist(self) -> Checklist:
        """Whether everything is as an application in production needs it."""
        return Checklist(await self._get("v1/readiness"))

    async def readiness(self) -> Readiness:
        """Whether a message could be sent now, asked once. Needs no key."""
        try:
            reply = await self._request("GET", "readyz", retry=NEVER)
        except ApiError as error:
            if error.status != 503:
                raise
            return Readiness({"ready": False, "detail": str(error)})
        return Readiness(reply.document)
