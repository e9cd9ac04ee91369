"""What is set on one AT port, and what its other parts print with."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.virtual.engine import LineEngine
from modemgw.virtual.parameters import Parameters
from modemgw.virtual.results import Results
from modemgw.virtual.textmode import TextMode


@dataclass(frozen=True, slots=True)
class Session:
    """Shared by the parts of one line; the parts of another line have their own."""

    engine: LineEngine
    results: Results
    parameters: Parameters
    text: TextMode
    memories: list[str]
    """mem1, mem2, mem3 of AT+CPMS."""
