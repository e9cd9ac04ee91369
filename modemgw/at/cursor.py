"""A typed cursor over the parameters of one result line: `+CPMS: "SM",3,(0-20),("A","B")`.

Grammar: V.250 5.4.2 and TS 27.007; lenient as modems demand: missing quotes, extra spaces, omitted
parameters. Every reader moves on by one parameter; past the end everything is omitted (None).
"""

from __future__ import annotations


class Cursor:
    """Reads parameters one after the other."""

    __slots__ = ("_at", "_fields")

    def __init__(self, line: str) -> None:
        """`line` with or without its `+NAME:`."""
        self._fields = split(parameters(line))
        self._at = 0

    def __len__(self) -> int:
        """How many parameters are left."""
        return len(self._fields) - self._at

    def raw(self) -> str | None:
        """The next parameter as it stands; None when omitted or past the end."""
        if self._at >= len(self._fields):
            return None
        field = self._fields[self._at]
        self._at += 1
        return field or None

    def skip(self, count: int = 1) -> Cursor:
        """Pass over parameters."""
        self._at += count
        return self

    def string(self) -> str | None:
        """A string, its quotes removed; bare words are taken too."""
        field = self.raw()
        return None if field is None else field.strip('"')

    def number(self) -> int | None:
        """A decimal number; None when omitted or no number."""
        field = self.raw()
        if field is None:
            return None
        try:
            return int(field.strip('" '))
        except ValueError:
            return None

    def numbers(self) -> frozenset[int]:
        """A set of numbers as test commands list them: `(0-3)`, `(0,1,5-7)`, `(2)` or `2`."""
        field = self.raw() or ""
        found: set[int] = set()
        for item in field.strip("() ").split(","):
            low, dash, high = item.strip().partition("-")
            try:
                first = int(low)
                found.update(range(first, min(int(high), first + 4096) + 1) if dash else (first,))
            except ValueError:
                continue
        return frozenset(found)

    def strings(self) -> tuple[str, ...]:
        """A list of strings, however deep it is bracketed: `("SM","ME")`."""
        field = self.raw() or ""
        items = (
            item.strip().strip('"') for item in field.replace("(", "").replace(")", "").split(",")
        )
        return tuple(item for item in items if item)


def parameters(line: str) -> str:
    """What follows `+NAME:`; the line itself if it has no name."""
    name, colon, rest = line.partition(":")
    return rest.strip() if colon and '"' not in name and name[:1] in "+^#$*%!&_" else line.strip()


def split(text: str) -> list[str]:
    """Cut at the commas that are in neither quotes nor brackets.

    A quote that is never closed encloses nothing, lest it swallow what follows.
    """
    if '"' not in text and "(" not in text:
        return [field.strip() for field in text.split(",")] if text else []
    fields: list[str] = []
    depth, quoted, start = 0, False, 0
    unclosed = text.rindex('"') if text.count('"') % 2 else -1
    for at, character in enumerate(text):
        if character == '"' and at != unclosed:
            quoted = not quoted
        elif quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth <= 0:
            fields.append(text[start:at].strip())
            start = at + 1
    fields.append(text[start:].strip())
    return fields
