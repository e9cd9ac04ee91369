"""TP-SCTS, TP-DT and the absolute TP-VP: seven octets of swapped digits (TS 23.040 9.2.3.11).

The octets are kept as they came and read only when asked, so that an impossible date from a real
network costs nobody the message.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

_QUARTER: Final = dt.timedelta(minutes=15)


_NO_NUMBER: Final = 255


def _digits(octet: int) -> int:
    """Two swapped semi-octets as a number, 255 when one of them is no decimal digit."""
    tens, ones = octet & 0x0F, octet >> 4
    return 10 * tens + ones if tens < 10 and ones < 10 else _NO_NUMBER


def _swapped(number: int) -> int:
    return number // 10 | number % 10 << 4


_VALUES: Final = bytes(_digits(octet) for octet in range(256))
_OCTETS: Final = tuple(_swapped(number) for number in range(100))


def _zone(octet: int) -> dt.timezone | None:
    """The zone of the seventh octet: quarters of an hour, bit 3 the sign; None when it is none."""
    quarters = _VALUES[octet & 0xF7]
    if quarters == _NO_NUMBER:
        return None
    return dt.timezone(-quarters * _QUARTER if octet & 0x08 else quarters * _QUARTER)


_ZONES: Final = tuple(_zone(octet) for octet in range(256))


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A date, a time of day and a zone in quarters of an hour; years are 2000 to 2099."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 7:
            raise ValueError(f"a time stamp has 7 octets, not {len(self.raw)}")

    @classmethod
    def from_datetime(cls, moment: dt.datetime) -> "Timestamp":
        """The time stamp of an aware datetime, cut to seconds; ValueError when it cannot be
        written.

        A zone that is not a multiple of 15 minutes is moved to the next quarter below, the same
        moment.
        """
        offset = moment.utcoffset()
        if offset is None:
            raise ValueError("a time stamp needs a datetime with a time zone")
        quarters = offset // _QUARTER
        if not -80 < quarters < 80:  # three bits for the tens
            raise ValueError(f"a time stamp has no room for a zone of {offset}")
        if offset % _QUARTER:
            moment = moment.astimezone(dt.timezone(quarters * _QUARTER))
        if not 2000 <= moment.year <= 2099:
            raise ValueError(f"a time stamp has two digits for 2000 to 2099, not for {moment.year}")
        sign = 0x08 if quarters < 0 else 0
        return cls(
            bytes(
                (
                    _OCTETS[moment.year - 2000],
                    _OCTETS[moment.month],
                    _OCTETS[moment.day],
                    _OCTETS[moment.hour],
                    _OCTETS[moment.minute],
                    _OCTETS[moment.second],
                    _OCTETS[abs(quarters)] | sign,
                )
            )
        )

    @property
    def datetime(self) -> dt.datetime | None:
        """The moment, aware; None when the octets are no date, no time or no zone (see
        ``problem``).
        """
        raw = self.raw
        zone = _ZONES[raw[6]]
        year, month, day, hour, minute, second, _ = raw.translate(_VALUES)
        if zone is None or year == _NO_NUMBER:
            return None
        try:
            return dt.datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            return None

    @property
    def local(self) -> dt.datetime | None:
        """Date and time as written, naive: also there when only the zone is impossible."""
        moment = Timestamp(self.raw[:6] + b"\0").datetime
        return moment.replace(tzinfo=None) if moment is not None else None

    @property
    def problem(self) -> str | None:
        """What makes ``datetime`` None, or None."""
        if self.datetime is not None:
            return None
        if self.raw == bytes(7):
            return "all zero"
        if self.local is not None:
            return f"time zone octet {self.raw[6]:02X} is no number of quarters"
        swapped = self.raw[:6].hex()
        digits = " ".join(swapped[i + 1] + swapped[i] for i in range(0, 12, 2))
        return f"no such date and time: {digits} (yy mm dd hh mm ss)"

    def __str__(self) -> str:
        moment = self.datetime
        return (
            moment.isoformat()
            if moment is not None
            else f"{self.raw.hex().upper()} ({self.problem})"
        )
