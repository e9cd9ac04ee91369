"""Parts -> the message: any order, doubles, gaps (TS 23.040 9.2.3.24.1)."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from modemgw.sms.dcs import DATA, GSM7, UCS2, Alphabet
from modemgw.sms.gsm7 import gsm7
from modemgw.sms.user_data import UserData, decode_ucs2
from modemgw.sms.value import value

GAP: Final = "[…]"
"""Stands in a text for the parts that are missing there."""


@value
class Assembled:
    """A message put together; ``missing`` lists the sequence numbers that did not come.

    ``text`` is None when any part is binary; ``data`` joins the octets (of a text: UTF-16 or
    septets) as they are.
    """

    alphabet: Alphabet
    text: str | None
    data: bytes
    missing: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Whether every part is there."""
        return not self.missing


def collate(parts: Iterable[UserData]) -> list[list[UserData]]:
    """Sort parts of several messages into one list for each, by reference, its width, and total.

    Parts without concatenation are messages of their own. Order within and of the lists is as
    given. Only the references are looked at: parts of different senders are for the caller to keep
    apart.
    """
    messages: list[list[UserData]] = []
    known: dict[tuple[int, int, bool], list[UserData]] = {}
    for part in parts:
        place = part.concatenation
        if place is None:
            messages.append([part])
            continue
        key = (place.reference, place.total, place.wide)
        if key not in known:
            known[key] = []
            messages.append(known[key])
        known[key].append(part)
    return messages


def assemble(parts: Iterable[UserData]) -> Assembled:
    """Put one message together: any order, of doubles the first counts, gaps are marked.

    ValueError for no parts, or for parts of more than one message (see ``collate``).
    """
    placed: dict[int, UserData] = {}
    message: tuple[int, int, bool] | None = None
    for number, part in enumerate(parts):
        place = part.concatenation
        if place is None:
            key, sequence = (0, 1, False), 1
        else:
            key, sequence = (place.reference, place.total, place.wide), place.sequence
        if (number and key != message) or (number and place is None):
            raise ValueError("the parts belong to more than one message")
        message = key
        placed.setdefault(sequence, part)
    if message is None:
        raise ValueError("no parts to assemble")
    slots = [placed.get(sequence) for sequence in range(1, message[1] + 1)]
    missing = tuple([n for n, part in enumerate(slots, 1) if part is None])
    data = b"".join([part.data for part in slots if part is not None])
    alphabets = {part.alphabet for part in placed.values()}
    if DATA in alphabets:
        return Assembled(DATA, None, data, missing)
    text = placed[1].text if len(slots) == 1 else _text(slots)
    return Assembled(UCS2 if UCS2 in alphabets else GSM7, text, data, missing)


def _text(slots: list[UserData | None]) -> str:
    """Neighbours in the same alphabet are joined before they are decoded.

    Some senders split a pair of surrogates or an escape over two parts.
    """
    pieces = []
    for coding, run in groupby(slots, _coding):
        if coding is None:
            pieces.append(GAP)
            continue
        alphabet, shifts = coding
        data = b"".join([part.data for part in run if part is not None])
        pieces.append(decode_ucs2(data) if alphabet is UCS2 else gsm7(*shifts).decode(data))
    return "".join(pieces)


def _coding(part: UserData | None) -> tuple[Alphabet, tuple[int, int]] | None:
    return None if part is None else (part.alphabet, part.shifts)
