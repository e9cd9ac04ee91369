"""Server-Sent Events (WHATWG HTML 9.2.6), line by line. No I/O."""

from __future__ import annotations

import json
from typing import Any


class StreamReader:
    """Makes events of the lines of a stream, and knows how far it came."""

    def __init__(self, after: int | None = None) -> None:
        self.place = after
        """The last id that was told, with an event or without; an event counts when it is whole."""
        self._id = after
        self._data: list[str] = []

    def begin(self) -> None:
        """A new connection: what the one before has left unfinished will come again."""
        self._data, self._id = [], self.place

    def feed(self, line: bytes) -> dict[str, Any] | None:
        """One line, and the event that it completes, if it does. Raises ValueError for nonsense."""
        text = line.decode().rstrip("\r\n")
        if not text:
            data, self._data, self.place = self._data, [], self._id
            return json.loads("\n".join(data)) if data else None
        field, _, value = text.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                self._data.append(value)
            case "id" if value.isascii() and value.isdecimal():
                self._id = int(value)
        return None
