"""A virtual SIM: who pays, what PIN opens it, and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modemgw.virtual.store import MessageStore

PIN_TRIES = 3
PUK_TRIES = 10


class PinState(StrEnum):
    """What AT+CPIN? answers (TS 27.007 8.3)."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    DEAD = "DEAD"


@dataclass(slots=True, kw_only=True)
class Sim:
    """The card. It moves between modems with its number, its messages and its counters."""

    iccid: str
    imsi: str
    number: str
    smsc: str
    store: MessageStore
    pin: str | None = None
    puk: str = "12345678"
    pin_tries: int = PIN_TRIES
    puk_tries: int = PUK_TRIES
    pin_state: PinState = PinState.READY
    reference: int = -1
    """TP-MR last used (EF_SMSS)."""
    balance: str = "Your balance is 12.34."
    barred_code: int | None = None
    """The operator has blocked this SIM: every send is refused with this +CMS ERROR ..."""
    barred_after: int = 0
    """... once so many more have gone through."""

    def refusal(self) -> int | None:
        """The +CMS ERROR with which the next send is refused because of the SIM, if it is."""
        if self.barred_code is not None and self.barred_after > 0:
            self.barred_after -= 1
            return None
        return self.barred_code

    def power_up(self) -> None:
        """The card forgets that its PIN was given."""
        if self.pin is not None and self.pin_state is PinState.READY:
            self.pin_state = PinState.PIN

    def next_reference(self) -> int:
        self.reference = (self.reference + 1) & 0xFF
        return self.reference

    def try_pin(self, pin: str) -> bool:
        """One try of the three; after the third failure the PUK is asked."""
        if pin == self.pin:
            self.pin_tries = PIN_TRIES
            self.pin_state = PinState.READY
            return True
        self.pin_tries = max(0, self.pin_tries - 1)
        if self.pin_tries == 0:
            self.pin_state = PinState.PUK
        return False

    def try_puk(self, puk: str, new_pin: str) -> bool:
        """One try of the ten; after the tenth failure the card is dead for good."""
        if puk == self.puk:
            self.pin = new_pin
            self.pin_tries = PIN_TRIES
            self.puk_tries = PUK_TRIES
            self.pin_state = PinState.READY
            return True
        self.puk_tries = max(0, self.puk_tries - 1)
        if self.puk_tries == 0:
            self.pin_state = PinState.DEAD
        return False


def luhn(digits: str) -> str:
    """The check digit that ends an ICCID (ITU-T E.118) or an IMEI (TS 23.003 annex B)."""
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if i % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def make_iccid(serial: int) -> str:
    """A 19-digit ICCID with its check digit; the issuer 89 999 01 does not exist."""
    body = f"8999901{serial:011d}"
    return body + luhn(body)


def make_imei(type_allocation: str, serial: int) -> str:
    """A 15-digit IMEI with its check digit."""
    body = f"{type_allocation}{serial:06d}"
    return body + luhn(body)
