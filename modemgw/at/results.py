"""Final results: how a command is over (V.250 5.7.1, TS 27.005 3.2.5, TS 27.007 9)."""

from __future__ import annotations

from dataclasses import dataclass

from .error_texts import number_of


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """Why a command failed. `kind` is CMS, CME, EXT, or ERROR (no reason given)."""

    kind: str
    number: int | None = None
    text: str | None = None

    @property
    def by_network(self) -> bool:
        """Whether it is a cause that only the network gives (TS 24.011, TS 23.040 9.2.3.22)."""
        return self.kind == "CMS" and self.number is not None and self.number < 256

    def __str__(self) -> str:
        if self.kind == "ERROR":
            return self.text or "ERROR"
        reason = self.number if self.number is not None else self.text
        return f"+{self.kind} ERROR: {reason}"


@dataclass(frozen=True, slots=True)
class Final:
    """A final result; `error` is None for OK."""

    error: ErrorCode | None = None


OK = Final()
_ERROR = Final(ErrorCode("ERROR"))
_WORDS = {
    "OK": OK,
    "ERROR": _ERROR,
    "COMMAND NOT SUPPORT": _ERROR,
    "COMMAND NOT SUPPORTED": _ERROR,
    "TOO MANY PARAMETERS": _ERROR,
    "NA": _ERROR,
}
_CODED = (("+CMS ERROR", "CMS"), ("+CME ERROR", "CME"), ("+EXT ERROR", "EXT"))
_DIGITS = {"0": OK, "4": _ERROR}


def final_result(line: str) -> Final | None:
    """The final result that `line` is, or None.

    NO CARRIER and its like end only dial commands, which a gateway does not use: no finals here.
    """
    known = _WORDS.get(line)
    if known is not None:
        return known
    if line.startswith("+"):
        for prefix, kind in _CODED:
            if line.startswith(prefix):
                return Final(_code(kind, line[len(prefix) :].lstrip(": ")))
    elif line.startswith(("ERROR", "MODEM ERROR")):
        # Also `ERROR+CNUM:…`, glued to the next line by some Huawei firmware.
        return Final(ErrorCode("ERROR", text=line))
    return None


def digit_result(line: str) -> Final | None:
    """The final result in the numeric form of ATV0, which a stranger's profile may have left on."""
    return _DIGITS.get(line)


def _code(kind: str, reason: str) -> ErrorCode:
    reason = reason.strip()
    if reason.isdecimal():
        return ErrorCode(kind, int(reason))
    return ErrorCode(kind, number_of(kind, reason), reason)
