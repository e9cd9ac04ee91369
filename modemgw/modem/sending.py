"""One part, from AT+CMGS to its TP-MR (TS 27.005 3.5.1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass

from ..at import (
    AtChannel,
    AtError,
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    Cursor,
    ErrorCode,
    NoPrompt,
    NothingSent,
    Probe,
    Response,
)
from ..sms import Address, pack_pdu
from .errors import NotSubmitted, PromptMissing, SubmitAmbiguous, SubmitRefused
from .identify import ask
from .initialise import Setup, holds
from .profiles import Profile
from .service_centre import holds_no_service_centre, write_service_centre
from .timings import Timings
from .verdict import ErrorClass, classify

log = logging.getLogger(__name__)

_NO_SERVICE_CENTRE = 330
_PERHAPS_NO_SERVICE_CENTRE = frozenset({1, 21, 28, 38, 514})
"""What networks and modems say of a part without a service centre, and of other things too."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The network has the part. `reference` is the TP-MR (0 to 255) that its report will bear."""

    reference: int


class Sender:
    """Sends parts over one channel."""

    def __init__(
        self,
        channel: AtChannel,
        profile: Profile,
        timings: Timings,
        *,
        setup: Setup,
    ) -> None:
        self._channel = channel
        self._profile = profile
        self._prompt_s = timings.prompt
        self._submit_s = timings.submit if timings.submit is not None else profile.submit_s
        self._probe = Probe(profile.probe, timings.probe) if profile.probe is not None else None
        self._service_centre = setup.service_centre
        self._written = False
        self._smsc: Address | None = None
        if setup.smsc_in_pdu:
            self._name_service_centre()
        self._more_to_send = setup.more_to_send
        self._link_kept = False

    async def submit(
        self, tpdu: bytes, *, authorise: Awaitable[None], more: bool = False
    ) -> Submitted:
        """Send one SMS-SUBMIT. See `Modem.submit`."""
        permit = asyncio.ensure_future(authorise)
        while True:
            try:
                return await self._try(tpdu, permit, more=more)
            except SubmitRefused as refused:
                if not await self._mend_service_centre(refused.code):
                    raise

    async def _try(self, tpdu: bytes, permit: asyncio.Future[None], *, more: bool) -> Submitted:
        if not self._link_kept:
            try:
                if self._channel.echo.stays and await holds(self._channel, "AT+CMGF?", 1):
                    # No echo will tell of a reset. In text mode it would send the PDU's digits as
                    # the text of a message to the number that is its length.
                    permit.cancel()
                    raise NotSubmitted("the modem is in text mode: it was reset")
                if more and self._more_to_send:
                    self._more_to_send = await ask(self._channel, "AT+CMMS=1") is not None
            except AtError as error:
                permit.cancel()
                raise NotSubmitted(str(error)) from error
            except BaseException:
                permit.cancel()
                raise
        # The modem falls back by itself, a second or more after the last part (3.5.6).
        self._link_kept = more
        try:
            response = await self._channel.submit(
                f"AT+CMGS={len(tpdu)}",
                pack_pdu(tpdu, self._smsc),
                authorise=permit,
                prompt_s=self._prompt_s,
                timeout_s=self._submit_s,
                probe=self._probe,
            )
        except NothingSent as error:
            self._link_kept = False
            missing = isinstance(error, NoPrompt)
            raise (PromptMissing if missing else NotSubmitted)(str(error)) from error
        except CommandFailed as error:
            self._link_kept = False
            raise self._refused(error) from error
        except (CommandTimeout, ChannelClosed) as error:
            raise SubmitAmbiguous(f"no answer after the PDU: {error}") from error
        return Submitted(_reference(response))

    async def check_service_centre(self) -> None:
        """Give the modem back a service centre that it has lost. Raises AtError."""
        if await holds_no_service_centre(self._channel):
            await self._give_back_service_centre()

    async def _mend_service_centre(self, code: ErrorCode | None) -> bool:
        """Whether a part that was refused with `code` lacked a service centre, and now has one."""
        if code is None or code.kind != "CMS":
            return False
        try:
            lacking = code.number == _NO_SERVICE_CENTRE or (
                code.number in _PERHAPS_NO_SERVICE_CENTRE
                and await holds_no_service_centre(self._channel)
            )
            return lacking and await self._give_back_service_centre()
        except AtError:
            return False

    async def _give_back_service_centre(self) -> bool:
        """Written to the SIM once, which wears out; after that each PDU names it."""
        centre = self._service_centre
        if centre is None or self._smsc is not None:
            return False
        if not self._written:
            self._written = True
            log.warning("the modem has no service centre; it is given %s again", centre.number)
            if await write_service_centre(self._channel, centre):
                return True
        return self._name_service_centre()

    def _name_service_centre(self) -> bool:
        """Have every PDU name it from now on. False when that cannot be."""
        centre = self._service_centre
        self._smsc = centre.address if centre is not None else None
        return self._smsc is not None

    def _refused(self, error: CommandFailed) -> SubmitRefused | SubmitAmbiguous:
        typed = error.after_s is not None
        elapsed = error.after_s if error.after_s is not None else 0.0
        verdict = classify(error.code, profile=self._profile, elapsed_s=elapsed)
        if typed and verdict.error_class is ErrorClass.AMBIGUOUS:
            return SubmitAmbiguous(f"{error.code} ({verdict.meaning})", error.code)
        return SubmitRefused(error.code, verdict)


def _reference(response: Response) -> int:
    for line in response.lines:
        reference = Cursor(line).number()
        if reference is not None and 0 <= reference <= 255:
            return reference
    raise SubmitAmbiguous("the modem said OK but no message reference")


def dispose(authorise: Awaitable[None]) -> None:
    """Let go of an authorisation that nobody will wait for."""
    close = getattr(authorise, "close", None) or getattr(authorise, "cancel", None)
    if close is not None:
        close()
