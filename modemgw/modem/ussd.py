"""USSD: a request to the network and its answer (AT+CUSD, TS 27.007 7.15)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UssdAnswer:
    """`more`: the network waits for a reply. `text` is empty when it only closed the dialogue."""

    text: str
    more: bool
    raw: str
