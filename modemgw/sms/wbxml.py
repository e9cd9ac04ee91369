"""WBXML, the binary form of XML that WAP push uses (WAP-192-WBXML)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from modemgw.sms.wsp import UTF_8, Reader, decoded


class _Token(IntEnum):
    """Tokens that mean the same in every document (7.1); those of tags and attributes are 05 on."""

    SWITCH_PAGE = 0x00
    END = 0x01
    ENTITY = 0x02
    STRING = 0x03
    LITERAL = 0x04
    EXTENSION_STRING = 0x40
    INSTRUCTION = 0x43
    EXTENSION_REFERENCE = 0x80
    STRING_REFERENCE = 0x83
    EXTENSION = 0xC0
    OPAQUE = 0xC3


_ATTRIBUTES: Final = 0x80
_CONTENT: Final = 0x40
_UNPAGED: Final = 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the tokens of one kind of document stand for; all are of code page 0."""

    tags: Mapping[int, str]
    attributes: Mapping[int, tuple[str, str]]
    """An attribute, and how its value begins."""
    values: Mapping[int, str]
    """Pieces of values that are often used."""


@dataclass(slots=True)
class Tag:
    """An element: opaque values of attributes (dates) are kept as octets."""

    name: str
    attributes: dict[str, str | bytes] = field(default_factory=dict)
    text: str = ""


def decode_wbxml(octets: bytes, vocabulary: Vocabulary) -> list[Tag]:
    """The elements of a document, each before those inside it; PduError when it is cut off.

    What the vocabulary does not know is passed over.
    """
    return _Document(Reader(octets, "WBXML"), vocabulary).read()


class _Document:
    def __init__(self, reader: Reader, vocabulary: Vocabulary) -> None:
        self._reader = reader
        self._vocabulary = vocabulary
        reader.octet()  # the version
        if not reader.uintvar():  # the document type, or 0 and where its name is
            reader.uintvar()
        self._charset = reader.uintvar() or UTF_8
        self._strings = reader.take(reader.uintvar())
        self._page = _UNPAGED

    def read(self) -> list[Tag]:
        found: list[Tag] = []
        open_: list[Tag] = []
        while not found or open_:
            token = self._reader.octet()
            if token == _Token.END:
                if open_:
                    open_.pop()
            elif token == _Token.INSTRUCTION:
                self._attributes(Tag(""))
            elif token == _Token.SWITCH_PAGE:
                self._page = self._reader.octet()
            elif (text := self._text(token)) is not None:
                if open_:
                    open_[-1].text += text if isinstance(text, str) else ""
            else:
                tag = self._tag(token)
                found.append(tag)
                if token & _ATTRIBUTES:
                    self._attributes(tag)
                if token & _CONTENT:
                    open_.append(tag)
        return found

    def _tag(self, token: int) -> Tag:
        code = token & 0x3F
        if code == _Token.LITERAL:
            return Tag(self._string(self._reader.uintvar()))
        known = self._vocabulary.tags if self._page == _UNPAGED else {}
        return Tag(known.get(code, ""))

    def _attributes(self, tag: Tag) -> None:
        """Read them up to their END."""
        page, name, value = _UNPAGED, "", ""
        while (token := self._reader.octet()) != _Token.END:
            if token == _Token.SWITCH_PAGE:
                page = self._reader.octet()
            elif (piece := self._text(token)) is not None:
                if isinstance(piece, bytes):
                    tag.attributes[name] = piece
                    continue
                value += piece
                tag.attributes[name] = value
            elif token < 0x80:
                name, value = self._attribute(token, page)
                tag.attributes[name] = value
            else:
                value += self._vocabulary.values.get(token, "") if page == _UNPAGED else ""
                tag.attributes[name] = value
        tag.attributes.pop("", None)

    def _attribute(self, token: int, page: int) -> tuple[str, str]:
        if token == _Token.LITERAL:
            return self._string(self._reader.uintvar()), ""
        return self._vocabulary.attributes.get(token, ("", "")) if page == _UNPAGED else ("", "")

    def _text(self, token: int) -> str | bytes | None:
        """What a token that means the same everywhere stands for; None: it is no such token."""
        match token:
            case _Token.STRING:
                return self._reader.inline(self._charset)
            case _Token.STRING_REFERENCE:
                return self._string(self._reader.uintvar())
            case _Token.ENTITY:
                code = self._reader.uintvar()
                fit = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
                return chr(code) if fit else "\ufffd"
            case _Token.OPAQUE:
                return self._reader.take(self._reader.uintvar())
        if (token & 0x3F) > 2 or token < _Token.EXTENSION_STRING:
            return None
        if token & 0xC0 == _Token.EXTENSION_STRING:
            self._reader.inline(self._charset)
        elif token & 0xC0 == _Token.EXTENSION_REFERENCE:
            self._reader.uintvar()
        return ""

    def _string(self, offset: int) -> str:
        """A string of the table."""
        octets = self._strings[offset:]
        if self._charset in (1000, 1015):
            return decoded(octets, self._charset).partition("\0")[0]
        return decoded(octets.partition(b"\0")[0], self._charset)
