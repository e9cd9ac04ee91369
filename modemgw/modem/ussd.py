"""USSD: a request to the network and its answer (AT+CUSD, TS 27.007 7.15)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..at import AtChannel, AtError, Charset, CommandFailed, Urc
from ..sms.gsm7 import gsm7, septet_count
from .errors import UssdError, UssdUntypable
from .profiles import Profile
from .ussd_text import MOST_SEPTETS, decode_ussd, pack_ussd
from .verdict import classify

_GSM7_DCS = 15
_LEAST_COMMAND_S = 30.0
"""Some modems say OK only when the network has answered."""
_LINE = re.compile(r"\+CUSD:\s*(?:(\d)\s*(?:,|$))?\s*(.*)", re.DOTALL)
_QUOTED = re.compile(r'"(.*)"\s*(?:,\s*(\d{1,3})?)?\s*', re.DOTALL)
_BARE = re.compile(r'"?(.*?)(?:,\s*(15|17|68|72)\s*)?', re.DOTALL)
"""Without its quotes a text may well end in `,5`: only the usual schemes are taken for one."""
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

    def __init__(
        self, channel: AtChannel, profile: Profile, charset: Charset = Charset.GSM
    ) -> None:
        """`charset`: what AT+CSCS is."""
        self._channel = channel
        self._profile = profile
        self._charset = charset
        self._answer: asyncio.Future[str] | None = None
        self._open = False

    def hear(self, urc: Urc) -> None:
        """A +CUSD line has come by itself."""
        self._answered(urc.line)

    def _answered(self, line: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(line)

    async def request(self, text: str, timeout_s: float) -> UssdAnswer:
        """Send a request, or the reply to a menu, and wait for what the network says.

        Raises UssdUntypable, and UssdError; the dialogue is then cancelled, because an open one may
        block SMS.
        """
        forms = tuple(self._forms(text))
        if self._answer is not None:
            raise UssdError("another USSD request is under way on this modem")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(forms, max(timeout_s, _LEAST_COMMAND_S))
                line = await self._answer
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
        return self._read(line)

    async def cancel(self) -> None:
        """End the dialogue, if there is one."""
        self._open = False
        try:
            await self._channel.command("AT+CUSD=2")
        except CommandFailed:
            return
        except AtError as error:
            raise UssdError(f"the modem was lost: {error}") from error

    def _forms(self, text: str) -> Iterator[str]:
        """The ways to write a request, the profile's first. Raises UssdUntypable."""
        check_ussd(text)
        packs = self._profile.ussd == "packed"
        written = self._charset.write(text)
        if written is None and not packs:
            raise UssdUntypable(
                "this modem's line has no way to write one of these characters; digits, letters, "
                "* and # always have one"
            )
        packed = f'"{pack_ussd(text)}",{_GSM7_DCS}'
        if packs:
            yield packed
        if written is not None:
            yield f'"{written}",{_GSM7_DCS}'
            if not packs:
                yield packed
            yield f'"{written}"'

    async def _send(self, forms: Iterable[str], command_s: float) -> None:
        """In the way of the profile; refused, in the other ways modems know."""
        problem: CommandFailed | None = None
        for form in forms:
            try:
                response = await self._channel.command(f"AT+CUSD=1,{form}", timeout_s=command_s)
            except CommandFailed as error:
                problem = problem or error
                if error.code.number not in (None, 3, 4, 50, 25, 27, 100):
                    break
            else:
                # The answer may come before the OK; a farewell (2) may stand beside it.
                said = [line for line in response.lines if line.startswith("+CUSD:")]
                if said:
                    self._answered(next((line for line in said if "," in line), said[-1]))
                return
        assert problem is not None
        raise problem

    def _read(self, line: str) -> UssdAnswer:
        found = _LINE.match(line)
        status = int(found[1]) if found is not None and found[1] else None
        if status in _OUTCOMES:
            raise UssdError(_OUTCOMES[status])
        rest = found[2] if found is not None else ""
        parts = _QUOTED.fullmatch(rest) or _BARE.fullmatch(rest)
        assert parts is not None
        dcs = int(parts[2]) if parts[2] else None
        self._open = status == 1
        return UssdAnswer(
            decode_ussd(
                parts[1],
                dcs if dcs is None or dcs < 256 else None,
                packed=self._profile.ussd == "packed",
                charset=self._charset,
            ),
            self._open,
            line,
        )


def check_ussd(text: str) -> None:
    """Raises UssdUntypable for what no modem could send: 1 to 182 GSM characters are a request.

    TS 23.038 6.1.2.3, TS 27.007 7.15.
    """
    for character in text:
        if not character.isprintable() or character == '"':
            raise UssdUntypable(f"a USSD request cannot hold {character!a}")
    try:
        septets = septet_count(gsm7().codes(text))
    except UnicodeEncodeError as error:
        raise UssdUntypable(
            f"{text[error.start]!r} is not in the GSM alphabet that USSD requests are written in"
        ) from None
    if not 1 <= septets <= MOST_SEPTETS:
        raise UssdUntypable(
            f"a USSD request has 1 to {MOST_SEPTETS} characters of the GSM alphabet, not {septets}"
        )
