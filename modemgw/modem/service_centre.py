"""The service centre that parts are sent through (TS 27.005 3.3.1: AT+CSCA)."""

from __future__ import annotations

from dataclasses import dataclass

from ..at import Cursor
from ..sms import Address
from .identify import ask
from .patience import Line

_INTERNATIONAL = 145


@dataclass(frozen=True, slots=True)
class ServiceCentre:
    """Its address in the words of AT+CSCA: digits with or without +, and the type of number."""

    number: str
    kind: int = _INTERNATIONAL

    def is_same(self, other: ServiceCentre | None) -> bool:
        """Whether the digits are the same; modems put the + as they like."""
        return other is not None and self.number.lstrip("+") == other.number.lstrip("+")

    @property
    def address(self) -> Address | None:
        """What a PDU names it by; None when it is no number."""
        digits = self.number.lstrip("+")
        if not digits.isdecimal():
            return None
        return Address.parse(f"+{digits}" if self.kind == _INTERNATIONAL else digits)


async def read_service_centre(line: Line) -> ServiceCentre | None:
    """What the SIM holds; None when that is nothing, or cannot be read."""
    for answer in await ask(line, "AT+CSCA?") or ():
        cursor = Cursor(answer)
        number, kind = cursor.string(), cursor.number()
        if number and number.strip("+0"):
            plus = _INTERNATIONAL if number.startswith("+") else 129
            return ServiceCentre(number, plus if kind is None else kind)
    return None


async def holds_no_service_centre(line: Line) -> bool:
    """Whether the SIM says that it holds none, and not merely nothing."""
    return await ask(line, "AT+CSCA?") is not None and await read_service_centre(line) is None


async def write_service_centre(line: Line, centre: ServiceCentre) -> bool:
    """Write it to the SIM, which wears out by it. False when the modem refuses."""
    return await ask(line, f'AT+CSCA="{centre.number}",{centre.kind}') is not None
