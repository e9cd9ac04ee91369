"""TP-VPF and TP-VP, the validity period of an SMS-SUBMIT (TS 23.040 9.2.3.3, 9.2.3.12)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from modemgw.sms.timestamp import Timestamp

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY


class ValidityFormat(IntEnum):
    """The two bits of TP-VPF; 0 means that there is no TP-VP."""

    ENHANCED = 1
    RELATIVE = 2
    ABSOLUTE = 3


def _relative_seconds(octet: int) -> int:
    """What a relative TP-VP stands for (9.2.3.12.1)."""
    if octet <= 143:
        return (octet + 1) * 5 * _MINUTE
    if octet <= 167:
        return 12 * _HOUR + (octet - 143) * 30 * _MINUTE
    if octet <= 196:
        return (octet - 166) * _DAY
    return (octet - 192) * _WEEK


def _relative_octet(seconds: float) -> int:
    """The smallest relative TP-VP that lasts at least so long."""
    if not 0 < seconds <= 63 * _WEEK:
        raise ValueError(
            f"a validity of {seconds} s: it is more than 0 s and at most 63 weeks ({63 * _WEEK} s)"
        )
    if seconds <= 12 * _HOUR:
        return -int(-seconds // (5 * _MINUTE)) - 1
    if seconds <= _DAY:
        return 143 - int((12 * _HOUR - seconds) // (30 * _MINUTE))
    if seconds <= 30 * _DAY:
        return 166 - int(-seconds // _DAY)
    return max(192 - int(-seconds // _WEEK), 197)


@dataclass(frozen=True, slots=True)
class Validity:
    """How long the service centre is to keep trying: one octet when relative, else seven."""

    format: ValidityFormat
    raw: bytes

    def __post_init__(self) -> None:
        size = 1 if self.format is ValidityFormat.RELATIVE else 7
        if len(self.raw) != size:
            name, unit = self.format.name.lower(), "octet" if size == 1 else "octets"
            raise ValueError(f"the {name} TP-VP has {size} {unit}, not {len(self.raw)}")

    @classmethod
    def relative(cls, seconds: float) -> "Validity":
        """From the moment the centre takes the message, rounded up to the next step (9.2.3.12.1).

        Steps are 5 minutes up to 12 hours, 30 minutes up to a day, days up to 30, weeks up to 63;
        ValueError beyond.
        """
        return _RELATIVE[_relative_octet(seconds)]

    @classmethod
    def absolute(cls, until: Timestamp) -> "Validity":
        """Until a moment (9.2.3.12.2)."""
        return cls(ValidityFormat.ABSOLUTE, until.raw)

    @classmethod
    def enhanced(cls, seconds: int | None = None, *, single_shot: bool = False) -> "Validity":
        """In the enhanced format, single shot for one try only (9.2.3.12.3).

        Up to 255 s and up to 99:59:59 are exact, more is rounded up to a relative step; None leaves
        the period to the centre.
        """
        indicator = 0x40 if single_shot else 0
        if seconds is None:
            value = bytes((indicator,))
        elif 0 < seconds <= 255:
            value = bytes((indicator | 2, seconds))
        elif 255 < seconds < 100 * _HOUR:
            parts = (seconds // _HOUR, seconds // _MINUTE % 60, seconds % 60)
            value = bytes((indicator | 3, *(part // 10 | part % 10 << 4 for part in parts)))
        else:
            value = bytes((indicator | 1, _relative_octet(seconds)))
        return cls(ValidityFormat.ENHANCED, value.ljust(7, b"\0"))

    @property
    def seconds(self) -> int | None:
        """The period from submission where it is known; None when absolute, absent, reserved or no
        number.
        """
        if self.format is ValidityFormat.RELATIVE:
            return _relative_seconds(self.raw[0])
        if self.format is ValidityFormat.ABSOLUTE or self.extended:
            return None
        kind = self.raw[0] & 7
        if kind == 1:
            return _relative_seconds(self.raw[1])
        if kind == 2:  # 0 is reserved
            return self.raw[1] or None
        if kind == 3:
            digits = [(octet & 0x0F, octet >> 4) for octet in self.raw[1:4]]
            if all(tens <= 9 and ones <= 9 for tens, ones in digits):
                hours, minutes, seconds = (10 * tens + ones for tens, ones in digits)
                return hours * _HOUR + minutes * _MINUTE + seconds
        return None

    @property
    def time(self) -> Timestamp | None:
        """The moment of an absolute validity, else None."""
        return Timestamp(self.raw) if self.format is ValidityFormat.ABSOLUTE else None

    @property
    def single_shot(self) -> bool:
        """Whether the centre is to try once only."""
        return self.format is ValidityFormat.ENHANCED and bool(self.raw[0] & 0x40)

    @property
    def extended(self) -> bool:
        """Whether a further functionality indicator follows the first, so that the period is not
        read.
        """
        return self.format is ValidityFormat.ENHANCED and bool(self.raw[0] & 0x80)


_RELATIVE: Final = [Validity(ValidityFormat.RELATIVE, bytes((octet,))) for octet in range(256)]
