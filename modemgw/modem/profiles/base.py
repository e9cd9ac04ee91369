"""What may differ from one family of modems to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ..error_tables import Row

_NO_ERRORS: Mapping[int, Row] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Profile:
    """One family. Every default is what TS 27.005 and TS 27.007 lead one to expect."""

    name: str
    makers: tuple[str, ...] = ()
    """Words of AT+CGMI, case folded; a part of a word is another maker's name."""
    models: tuple[str, ...] = ()
    """Beginnings of AT+CGMM, case folded and without the maker; empty: all of these makers."""
    quiet: tuple[str, ...] = ()
    """Commands that stop chatter and bring message URCs to this port; errors are ignored."""
    iccid: tuple[str, ...] = ("AT+CCID", "AT+ICCID", "AT^ICCID?", "AT+QCCID", "AT#CCID", "AT^SCID")
    pin_tries: tuple[str, ...] = ("AT+CPINR",)
    """Commands that tell how often a PIN may still be tried."""
    cnmi: tuple[str, ...] = ()
    """Settings to try before those that are made up from AT+CNMI=?."""
    service: int = 0
    """AT+CSMS. 0: the modem acknowledges by itself; 1: direct messages want AT+CNMA from us."""
    stores: tuple[str, ...] = ("SM", "ME", "MT")
    """Message stores, best first."""
    list_all: tuple[str, ...] = ("4", '"ALL"')
    """The argument of AT+CMGL for everything, in PDU mode."""
    more_to_send: bool = True
    """Whether AT+CMMS is worth a try."""
    ussd: Literal["plain", "packed"] = "plain"
    """How a USSD request is written: as text, or as packed septets in hexadecimal."""
    reset: tuple[str, ...] = ("AT+CFUN=1,1",)
    boot_s: float = 30.0
    """From a reset to the first answer, at most."""
    submit_s: float = 180.0
    """From Ctrl-Z to the result, at most: giving up sooner makes doubts where there were none."""
    gap_s: float = 0.0
    """Rest between an answer and the next command."""
    cms_errors: Mapping[int, Row] = field(default_factory=lambda: _NO_ERRORS)
    """+CMS ERROR numbers of this vendor."""

    def fits(self, maker: str, model: str) -> bool:
        """Whether this profile is for a modem that calls itself so (case folded)."""
        if self.makers and not self._made_by(maker):
            return False
        return not self.models or self._bare(model).startswith(self.models)

    def _made_by(self, maker: str) -> bool:
        words = _words(maker)
        return any(
            words[at : at + len(name)] == name
            for name in map(_words, self.makers)
            for at in range(len(words))
        )

    def _bare(self, model: str) -> str:
        """`quectel_m26` is an `m26`."""
        for name in self.makers:
            if model.startswith(name) and not model[len(name) : len(name) + 1].isalnum():
                return model[len(name) :].lstrip(" _-")
        return model


def _words(text: str) -> list[str]:
    """`simcom_ltd` is two words, and so is `u-blox`."""
    return re.findall(r"[^\W_]+", text)
