"""One part, from AT+CMGS to its TP-MR (TS 27.005 3.5.1)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from ..at import (
    AtChannel,
    AtError,
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    Cursor,
    NothingSent,
    Response,
)
from ..sms import Address, pack_pdu
from .errors import NotSubmitted, SubmitAmbiguous, SubmitRefused
from .identify import ask
from .profiles import Profile
from .timings import Timings
from .verdict import ErrorClass, classify


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
        smsc: str | None,
        more_to_send: bool,
    ) -> None:
        self._channel = channel
        self._profile = profile
        self._prompt_s = timings.prompt
        self._submit_s = timings.submit if timings.submit is not None else profile.submit_s
        self._smsc = Address.parse(smsc) if smsc is not None else None
        self._more_to_send = more_to_send
        self._link_kept = False

    async def submit(
        self, tpdu: bytes, *, authorise: Awaitable[None], more: bool = False
    ) -> Submitted:
        """Send one SMS-SUBMIT. See `Modem.submit`."""
        if more and self._more_to_send and not self._link_kept:
            try:
                self._more_to_send = await ask(self._channel, "AT+CMMS=1") is not None
            except AtError as error:
                dispose(authorise)
                raise NotSubmitted(str(error)) from error
            except BaseException:
                dispose(authorise)
                raise
        # The modem falls back by itself, a second or more after the last part (3.5.6).
        self._link_kept = more
        try:
            response = await self._channel.submit(
                f"AT+CMGS={len(tpdu)}",
                pack_pdu(tpdu, self._smsc),
                authorise=authorise,
                prompt_s=self._prompt_s,
                timeout_s=self._submit_s,
            )
        except NothingSent as error:
            self._link_kept = False
            raise NotSubmitted(str(error)) from error
        except CommandFailed as error:
            self._link_kept = False
            raise self._refused(error) from error
        except (CommandTimeout, ChannelClosed) as error:
            raise SubmitAmbiguous(f"no answer after the PDU: {error}") from error
        return Submitted(_reference(response))

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
