"""The modem that faults befall, and the AT port of it."""

from __future__ import annotations

from modemgw.virtual.body import Body
from modemgw.virtual.line import Line


class Befallen:
    """What every family of faults gets at."""

    def __init__(self, body: Body, line: Line) -> None:
        self._body = body
        self._line = line
