"""The network: no coverage, refusals, reports that come otherwise."""

from __future__ import annotations

from modemgw.virtual.fates import Report
from modemgw.virtual.faults.befallen import Befallen
from modemgw.virtual.radio import Coverage


class NetworkFaults(Befallen):
    """Faults of the network that the modem is in."""

    def cover(self, coverage: Coverage | str) -> None:
        """home, roaming, searching, denied or none."""
        self._body.radio.cover(Coverage(coverage))

    def signal(self, rssi: int) -> None:
        """AT+CSQ's value, 0 to 31."""
        self._body.radio.signal = rssi

    def refuse(self, code: int, count: int = 1) -> None:
        """The next `count` parts are refused with this +CMS ERROR."""
        self._line.sender.faults.refusals.extend([code] * count)

    def block(self, code: int | None = 41, after: int = 0) -> None:
        """The operator blocks the SIM, wherever it is put: every part is refused with this +CMS
        ERROR, once `after` more have gone through. None: no longer."""
        sim = self._body.slot.inserted()
        sim.barred_code, sim.barred_after = code, after

    def report(
        self,
        *,
        status: int = 0,
        late: float = 0.0,
        copies: int = 1,
        early: bool = False,
        usual: bool = False,
    ) -> None:
        """From now on parts of this modem are reported so: `copies` 0 is never, `early` is before
        +CMGS, `late` is seconds; `usual` ends it."""
        self._line.sender.faults.reports = (
            None
            if usual
            else tuple(Report(status, late + i * 0.5, before_answer=early) for i in range(copies))
        )

    def swallow(self, *, on: bool = True) -> None:
        """Sends look accepted and go nowhere."""
        self._line.sender.faults.swallows = on
