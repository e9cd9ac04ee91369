"""What a modem has announced or handed over and nobody has kept yet."""

from __future__ import annotations

import asyncio
from collections import deque

from ..at import Cursor, Urc, UrcKind
from .pdus import ReceivedPdu, direct_pdu

_DIRECT_MOST = 20_000
"""So many direct PDUs wait in memory, some 10 MB; then the modem is not listened to any more."""
_REPORTS, _REPORTS_DUE = 4, 10_000
"""Reports that one part may bring, and how many are reckoned with at the most."""
_HINTS_KEPT = 500


class Arrivals:
    """Hints at messages in the modem's stores, and PDUs that it has handed over.

    It outlives the port: a status report that comes while the modem is being mended exists nowhere
    else.
    """

    def __init__(self) -> None:
        self.hints: dict[tuple[str, int], bool] = {}
        """Announced places; True: a report is said to be there."""
        self.direct: deque[ReceivedPdu] = deque()
        self.again: deque[ReceivedPdu] = deque()
        """Direct PDUs that could not be kept; they are offered again with the next sweep."""
        self.reports_due = 0
        """Direct PDUs that may come without being too many: those of parts that were accepted."""
        self.sweep_due = True
        self.wake = asyncio.Event()
        """Something waits in the modem's store."""
        self.handed_over = asyncio.Event()
        """Something is in `direct`."""

    @property
    def full(self) -> bool:
        """Whether to stop listening until some of it is kept; what comes is taken all the same."""
        return len(self.direct) + len(self.again) >= _DIRECT_MOST

    def ask_sweep(self) -> None:
        """Have the whole store looked through."""
        self.sweep_due = True
        self.wake.set()

    def accepted(self) -> None:
        """A part was accepted: some reports of it will come."""
        self.reports_due = min(_REPORTS_DUE, self.reports_due + _REPORTS)

    def hear(self, urc: Urc) -> None:
        """Take note of an unsolicited result code; never blocks."""
        if urc.kind is UrcKind.STORED:
            cursor = Cursor(urc.line)
            memory, index = cursor.string(), cursor.number()
            if memory and index is not None and index >= 0 and len(self.hints) < _HINTS_KEPT:
                self.hints[memory, index] = urc.name == "+CDSI"
            else:
                self.sweep_due = True
        elif urc.kind is UrcKind.DIRECT:
            # It exists nowhere else: the modem has acknowledged it, so it is never thrown away.
            self.direct.append(direct_pdu(urc))
            self.handed_over.set()
            return
        elif urc.kind is UrcKind.MEMORY_FULL:
            self.sweep_due = True
        else:
            return
        self.wake.set()
