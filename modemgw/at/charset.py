"""The character set of strings on the line (AT+CSCS, TS 27.007 5.5): text <-> what is in quotes.

The channel hands out octets one to one (ISO 8859-1); which characters they are, the set in force
says. Names of operators, names in the SIM and USSD texts are written in it; PDUs are not.
"""

from __future__ import annotations

from enum import StrEnum

from ..sms.gsm7 import gsm7

_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class Charset(StrEnum):
    """The sets that modems have. IRA is ASCII; what else there is, is read like it."""

    GSM = "GSM"
    IRA = "IRA"
    UCS2 = "UCS2"

    @classmethod
    def called(cls, name: str) -> Charset:
        """The set that AT+CSCS? names; IRA for one that we do not know."""
        try:
            return cls(name.strip('" ').upper())
        except ValueError:
            return cls.IRA

    def read(self, string: str) -> str:
        """The text of a string that a modem has written.

        Modems err: what the set cannot be is read as UTF-8, or else as ISO 8859-1.
        """
        octets = string.encode("latin-1", "replace")
        if self is Charset.UCS2 and (text := _from_ucs2(string)) is not None:
            return text
        if self is Charset.GSM and octets.isascii():
            return gsm7().decode(octets)
        try:
            return octets.decode()
        except UnicodeDecodeError:
            return string

    def write(self, text: str) -> str | None:
        """`text` as it is typed in quotes; None where the set or the quotes cannot hold it."""
        if self is Charset.UCS2:
            return text.encode("utf-16-be", "surrogatepass").hex().upper()
        if self is Charset.GSM:
            try:
                text = gsm7().encode(text).decode("ascii")
            except UnicodeEncodeError:
                return None
        typable = text.isascii() and text.isprintable() and '"' not in text
        return text if typable else None


def _from_ucs2(string: str) -> str | None:
    if len(string) % 4 or not _HEXADECIMAL.issuperset(string):
        return None
    return bytes.fromhex(string).decode("utf-16-be", "replace")
