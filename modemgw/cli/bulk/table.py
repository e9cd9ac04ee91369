"""A CSV file: how it is written, its columns, and its rows one after another.

Nothing is guessed silently that could spoil a text: what is not UTF-8 is told with its line. The
file is read as often as it is needed, and never held.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK: Final = 1 << 20
_SAMPLE_ROWS: Final = 20


class Unreadable(Exception):
    """The file is no table, or not written as it seems; the text says what would be right."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    line: int
    """Of the file, from 1: where it begins."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file that was looked at."""

    path: Path
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    encoding: str
    delimiter: str
    columns: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Every row but the header and those that are empty. Raises Unreadable."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter, strict=True)
            line = 1
            try:
                for number, values in enumerate(reader):
                    begins, line = line, reader.line_num + 1
                    if number and any(value.strip() for value in values):
                        yield Row(begins, tuple(value.strip() for value in values))
            except csv.Error as error:
                raise Unreadable(f"line {reader.line_num}: {error}") from error


def look_at(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Find out how a file is written. Raises Unreadable, OSError."""
    with path.open("rb") as file:
        head = file.read(4)
    if encoding is None:
        encoding = next((name for bom, name in _BOMS if head.startswith(bom)), "utf-8")
    digest = _read_through(path, encoding)
    if delimiter is None:
        delimiter = _delimiter(path, encoding)
    with path.open(encoding=encoding, newline="") as file:
        header = next(csv.reader(file, delimiter=delimiter), [])
    return Table(path, digest, encoding, delimiter, _columns(header))


def _read_through(path: Path, encoding: str) -> str:
    """The digest of a file all of which is in this encoding."""
    digest = hashlib.sha256()
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise Unreadable(f"there is no encoding {encoding!r}; utf-8, cp1252 … are") from error
    lines = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                line = lines + error.object[: error.start].count(b"\n")
                raise Unreadable(
                    f"line {line} is not {encoding.upper()} "
                    f"(byte 0x{error.object[error.start]:02X}); a file of Excel is often "
                    "cp1252: look at it, then say --csv-encoding cp1252, or latin-1 …"
                ) from error
            if "\0" in text:
                line = lines + text[: text.index("\0")].count("\n")
                raise Unreadable(
                    f"line {line} holds a NUL character: is this a CSV file, and is it {encoding}?"
                )
            lines += block.count(b"\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise Unreadable(f"the file breaks off amid a character of {encoding}") from error
    return digest.hexdigest()


def _delimiter(path: Path, encoding: str) -> str:
    """What separates the columns: that which gives the first rows as many as the header, and most.

    One column needs none.
    """
    best, most = ",", 1
    for delimiter in DELIMITERS:
        with path.open(encoding=encoding, newline="") as file:
            rows = [
                row
                for row, _ in zip(
                    csv.reader(file, delimiter=delimiter), range(_SAMPLE_ROWS), strict=False
                )
            ]
        widths = [len(row) for row in rows if row]
        if widths and widths[0] > most and widths.count(widths[0]) * 2 > len(widths):
            best, most = delimiter, widths[0]
    return best


def _columns(header: list[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in header)
    if not any(columns):
        raise Unreadable("line 1 is empty: it must name the columns")
    if twice := [name for name in dict.fromkeys(columns) if name and columns.count(name) > 1]:
        raise Unreadable(f"line 1 names a column twice: {', '.join(twice)}")
    return columns
