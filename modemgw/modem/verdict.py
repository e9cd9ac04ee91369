"""What an error code means for the next try: a table lookup, no more.

One failure classifies the attempt. That k failures in a row classify the SIM, whatever the codes,
is the gateway's business: a single modem cannot know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ..at import ErrorCode
from .error_tables import CME, CMS, LATE_CMS, ErrorClass, Row

__all__ = ["ErrorClass", "Verdict", "classify"]


class _Profile(Protocol):
    @property
    def cms_errors(self) -> Mapping[int, Row]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait_s` is the least wait before another try on the same SIM, 0 = none advised.

    `also_other_sim`: another SIM may be tried at once. `once`: retry at most once, then take the
    message for bad.
    """

    error_class: ErrorClass
    wait_s: float
    also_other_sim: bool
    once: bool
    meaning: str


_UNKNOWN_CMS = Verdict(ErrorClass.SAME_SIM, 10, True, True, "unknown error of this modem")
_UNKNOWN_CME = Verdict(ErrorClass.SAME_SIM, 10, True, True, "unknown error of this modem")
_NO_REASON = Verdict(ErrorClass.SAME_SIM, 10, True, True, "refused without a reason")


def classify(code: ErrorCode | None, *, profile: _Profile | None, elapsed_s: float) -> Verdict:
    """The verdict on a refusal. Pure.

    `elapsed_s` is the time from Ctrl-Z to the answer: some codes mean "no" when they come at once,
    and "nobody knows" when they come late. `profile` knows what its vendor's codes from 512 mean.
    TS 24.011 8.2.5.4 (0-127), TS 23.040 9.2.3.22 (128-255), TS 27.005 3.2.5, TS 27.007 9.2.
    """
    if code is None or code.number is None:
        return _NO_REASON
    number = code.number
    if code.kind == "CMS":
        late = LATE_CMS.get(number)
        if late is not None and elapsed_s >= late.after_s:
            return _verdict(late.row)
        if number >= 256 and profile is not None and number in profile.cms_errors:
            return _verdict(profile.cms_errors[number])
        row = CMS.get(number)
        if row is not None:
            return _verdict(row)
        if number < 128:
            return replace(_verdict(CMS[41]), meaning=f"reserved cause, read as {CMS[41].meaning}")
        if number < 256:
            return replace(_verdict(CMS[255]), meaning=f"reserved, read as {CMS[255].meaning}")
        return _UNKNOWN_CMS
    if code.kind == "CME":
        row = CME.get(number)
        if row is not None:
            if row.error_class is ErrorClass.AMBIGUOUS and elapsed_s <= 0:
                return replace(_verdict(row), error_class=ErrorClass.SAME_SIM, wait_s=30)
            return _verdict(row)
        return _UNKNOWN_CME
    return _NO_REASON


def _verdict(row: Row) -> Verdict:
    return Verdict(row.error_class, row.wait_s, row.other_sim, row.once, row.meaning)
