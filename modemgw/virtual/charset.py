"""Strings in the character set of AT+CSCS (TS 27.007 5.5)."""

from __future__ import annotations

from modemgw.sms.gsm7 import gsm7

_UNKNOWN = ord("?")


def from_charset(charset: str, text: str) -> str:
    """A string as the terminal wrote it under AT+CSCS (TS 27.007 5.5); its characters are octets.

    What the set does not have reads as a question mark.
    """
    if charset == "UCS2":
        try:
            return bytes.fromhex(text).decode("utf-16-be")
        except ValueError:
            return text
    if charset == "GSM":
        octets = text.encode("latin-1", "replace")
        return gsm7().decode(bytes(o if o < 0x80 else _UNKNOWN for o in octets))
    return text.encode("ascii", "replace").decode("ascii")


def to_charset(charset: str, text: str) -> str:
    """A string as AT+CSCS wants it shown: code points of 23.038, ASCII, or UCS-2 in hex."""
    if charset == "UCS2":
        return text.encode("utf-16-be", "replace").hex().upper()
    if charset == "GSM":
        alphabet = gsm7()
        known = "".join(c if c in alphabet.characters else "?" for c in text)
        return alphabet.encode(known).decode("latin-1")
    return text.encode("ascii", "replace").decode("ascii")
