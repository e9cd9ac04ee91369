"""USSD: a request to the network and its answer (AT+CUSD, TS 27.007 7.15)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from ..at import AtChannel, AtError, CommandFailed, Cursor, Urc
from ..sms.gsm7 import gsm7
from ..sms.septets import pack, unpack
from .errors import UssdError
from .profiles import Profile
from .verdict import classify

_GSM7_DCS = 15
_CR = 13
_MOST_DIGITS = 182
_OUTCOMES = {
    3: "another client of the modem has answered",
    4: "the network or the modem does not support this request",
    5: "the network did not answer in time",
}


@dataclass(frozen=True, slots=True)
class UssdAnswer:
    """`more`: the network waits for a reply. `raw` is the line as the modem gave it."""

    text: str
    more: bool
    raw: str


class UssdDialogue:
    """USSD over one channel; one dialogue at a time."""

    def __init__(self, channel: AtChannel, profile: Profile) -> None:
        self._channel = channel
        self._profile = profile
        self._answer: asyncio.Future[Urc] | None = None
        self._open = False

    def hear(self, urc: Urc) -> None:
        """A +CUSD line has come."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(urc)

    async def request(self, text: str, timeout_s: float) -> UssdAnswer:
        """Send a request, or the reply to a menu, and wait for what the network says.

        Raises UssdError; the dialogue is then cancelled, because an open one may block SMS.
        """
        if not text or len(text) > _MOST_DIGITS:
            raise UssdError(f"a USSD request has 1 to {_MOST_DIGITS} characters")
        if self._answer is not None:
            raise UssdError("another USSD request is under way on this modem")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(text)
                urc = await self._answer
        except TimeoutError:
            await self.cancel()
            raise UssdError(f"no USSD answer within {timeout_s:g} s") from None
        except CommandFailed as error:
            meaning = classify(error.code, profile=None, elapsed_s=0).meaning
            raise UssdError(
                f"the modem refused the USSD request: {error.code} ({meaning})"
            ) from error
        except AtError as error:
            raise UssdError(f"the modem was lost during the USSD request: {error}") from error
        finally:
            self._answer = None
        return self._read(urc)

    async def cancel(self) -> None:
        """End the dialogue, if there is one."""
        self._open = False
        try:
            await self._channel.command("AT+CUSD=2")
        except CommandFailed:
            return
        except AtError as error:
            raise UssdError(f"the modem was lost: {error}") from error

    async def _send(self, text: str) -> None:
        """In the way of the profile; refused, in the other ways modems know."""
        problem: CommandFailed | None = None
        for form in _forms(text, self._profile.ussd):
            try:
                await self._channel.command(f"AT+CUSD=1,{form}")
            except CommandFailed as error:
                problem = problem or error
                if error.code.number not in (None, 3, 4, 50, 25, 27, 100):
                    break
            else:
                return
        assert problem is not None
        raise problem

    def _read(self, urc: Urc) -> UssdAnswer:
        cursor = Cursor(urc.line)
        status = cursor.number()
        if status in _OUTCOMES:
            raise UssdError(_OUTCOMES[status])
        first, last = urc.line.find('"'), urc.line.rfind('"')
        text = urc.line[first + 1 : last] if 0 <= first < last else ""
        dcs = urc.line[last + 1 :].strip(" ,") if last >= 0 else ""
        self._open = status == 1
        return UssdAnswer(
            decode_ussd(
                text,
                int(dcs) if dcs.isdecimal() else None,
                packed=self._profile.ussd == "packed",
            ),
            self._open,
            urc.line,
        )


def _forms(text: str, way: str) -> Iterator[str]:
    plain, packed = f'"{text}"', f'"{pack_ussd(text)}"'
    for form in (packed, plain) if way == "packed" else (plain, packed):
        yield f"{form},{_GSM7_DCS}"
    yield plain


def pack_ussd(text: str) -> str:
    """Packed septets in hexadecimal. Seven spare bits hold a CR, lest they read as @ (23.038)."""
    septets = gsm7().encode(text)
    if len(septets) % 8 == 7:
        septets += bytes([_CR])
    return pack(septets).hex().upper()


def decode_ussd(text: str, dcs: int | None, *, packed: bool) -> str:
    """The text of a +CUSD string by its coding scheme (TS 23.038 5) and, where that lies, its look.

    `packed`: this modem writes 7-bit texts as packed septets in hexadecimal.
    """
    octets = _octets(text)
    if octets is None:
        return text
    wide = dcs is not None and _is_ucs2(dcs)
    if (wide or _looks_ucs2(octets)) and len(octets) % 2 == 0:
        return octets.decode("utf-16-be", "replace")
    if packed and not wide:
        return gsm7().decode(unpack(octets, len(octets) * 8 // 7)).rstrip("\r")
    return text


def _octets(text: str) -> bytes | None:
    if len(text) < 2 or len(text) % 2:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _is_ucs2(dcs: int) -> bool:
    return dcs == 0x11 or (dcs & 0xC0 == 0x40 and dcs & 0x0C == 0x08)


def _looks_ucs2(octets: bytes) -> bool:
    """Texts of the first 256 characters have a zero in every other octet; balances are such."""
    high = octets[::2]
    return len(octets) >= 4 and high.count(0) * 2 >= len(high)
