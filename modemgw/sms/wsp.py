"""How WSP writes values (WAP-230-WSP clause 8.4), which MMS and WAP push have in common."""

from typing import Final

from modemgw.sms.errors import PduError

_CHARSETS: Final = {
    3: "ascii",
    4: "latin-1",
    17: "shift_jis",
    106: "utf-8",
    1000: "utf-16-be",
    1015: "utf-16",
    2025: "gb2312",
    2026: "big5",
    2252: "cp1252",
}
"""By their numbers at IANA (MIBenum); a text in another is read as UTF-8."""
UTF_8: Final = 106

_QUOTE: Final = 0x7F
"""Before a text that begins with an octet of 80 or more."""
_LENGTH_FOLLOWS: Final = 31
_MOST_OCTETS: Final = 6
"""Of a number: enough for every size and time."""


class Reader:
    """Reads octets from left to right; PduError naming `field` where they end too soon."""

    __slots__ = ("_at", "_end", "_octets", "field")

    def __init__(self, octets: bytes, field: str, at: int = 0, end: int | None = None) -> None:
        self._octets = octets
        self._at = at
        self._end = len(octets) if end is None else end
        self.field = field

    @property
    def left(self) -> int:
        """How many octets are left."""
        return self._end - self._at

    def wrong(self, problem: str) -> PduError:
        """What to raise when what was read cannot be."""
        return PduError(self.field, self._at, problem)

    def octet(self) -> int:
        """The next octet."""
        return self.take(1)[0]

    def peek(self) -> int:
        """The next octet, which stays."""
        octet = self.octet()
        self._at -= 1
        return octet

    def take(self, count: int) -> bytes:
        """The next octets."""
        if count > self.left:
            raise PduError(self.field, self._end, f"the octets end before {count} more")
        start, self._at = self._at, self._at + count
        return self._octets[start : self._at]

    def within(self, count: int) -> "Reader":
        """A reader of the next octets alone, which are passed over here."""
        start = self._at
        self.take(count)
        return Reader(self._octets, self.field, start, self._at)

    def uintvar(self) -> int:
        """An unsigned integer of at most 32 bits, seven an octet (8.1.2)."""
        number = 0
        for _ in range(5):
            octet = self.octet()
            number = number << 7 | octet & 0x7F
            if octet < 0x80:
                return number
        raise self.wrong("a uintvar of more than five octets")

    def text(self) -> str:
        """A text up to its NUL: a quoted one loses the quote."""
        octets = self._until_nul()
        if octets[:1] in (b"\x7f", b'"'):
            octets = octets[1:]
        return octets.decode("utf-8", "replace")

    def inline(self, charset: int) -> str:
        """A text up to its NUL in a charset, as WBXML has it."""
        if charset not in (1000, 1015):
            return decoded(self._until_nul(), charset)
        units = bytearray()
        while (unit := self.take(2)) != b"\0\0":
            units += unit
        return decoded(bytes(units), charset)

    def _until_nul(self) -> bytes:
        stop = self._octets.find(b"\0", self._at, self._end)
        if stop < 0:
            raise PduError(self.field, self._end, "a text has no NUL at its end")
        octets = self._octets[self._at : stop]
        self._at = stop + 1
        return octets

    def value_length(self) -> int:
        """How many octets a value takes that says so (8.4.2.2)."""
        octet = self.octet()
        if octet < _LENGTH_FOLLOWS:
            return octet
        if octet == _LENGTH_FOLLOWS:
            return self.uintvar()
        raise self.wrong(f"{octet:02X} is no length of a value")

    def long_integer(self) -> int:
        """An integer that is preceded by how many octets it takes (8.4.2.1)."""
        count = self.octet()
        if not 1 <= count <= _MOST_OCTETS:
            raise self.wrong(f"a number of {count} octets, 1 to {_MOST_OCTETS} make sense")
        return int.from_bytes(self.take(count), "big")

    def integer(self) -> int:
        """A short integer, in the octet that has its highest bit set, or a long one."""
        if self.peek() >= 0x80:
            return self.octet() & 0x7F
        return self.long_integer()

    def encoded_text(self) -> str:
        """A text, with or without its charset (OMA-MMS-ENC 7.3, Encoded-string-value)."""
        if self.peek() > _LENGTH_FOLLOWS:
            return self.text()
        value = self.within(self.value_length())
        charset = value._charset() if value.left else UTF_8
        octets = value.take(value.left)
        wide = charset in (1000, 1015)
        octets = octets.removesuffix(b"\0\0" if wide else b"\0")
        if not wide and octets[:1] == bytes((_QUOTE,)):
            octets = octets[1:]
        return decoded(octets, charset)

    def _charset(self) -> int:
        """Its number, in one or two octets. Some write a small one as a bare octet, or none."""
        first = self.peek()
        if first >= 0x80 or first in (1, 2):
            return self.integer()
        return self.octet() if first < 32 else UTF_8

    def pass_over(self) -> None:
        """Whatever value comes next, by its first octet (8.4.1.2)."""
        first = self.peek()
        if first <= _LENGTH_FOLLOWS:
            self.take(self.value_length())
        elif first < 0x80:
            self.text()
        else:
            self.octet()


def decoded(octets: bytes, charset: int) -> str:
    """A text in a charset, by its number; what is none of its characters shows as U+FFFD."""
    return octets.decode(_CHARSETS.get(charset, "utf-8"), "replace")
