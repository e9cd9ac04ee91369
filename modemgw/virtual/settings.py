"""What a virtual bank is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_MODEMS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class BankSettings:
    """The make-up of a bank. Durations are seconds of virtual time (see `time_scale`)."""

    modems: int = 1
    personality: str | Sequence[str] = "generic"
    """One name for all, or several that the modems take in turn."""
    second_port: bool = False
    """Each modem has a second AT port, at modem0.2 and so on."""
    loses_when_closed: bool = False
    """What a modem says while nobody has its port open is gone, as with USB; else it waits."""
    part_seconds: float = 1.0
    """Radio time of one part, from Ctrl-Z to +CMGS. 0: the answer comes at once."""
    part_jitter: float = 0.0
    """Share of `part_seconds` by which a part may be faster or slower, 0 to 1."""
    more_to_send_factor: float = 0.5
    """Share of `part_seconds` that a following part takes while AT+CMMS keeps the link up."""
    prompt_seconds: float = 0.0
    """From AT+CMGS to the prompt."""
    receipt_seconds: float = 2.0
    """From the acceptance of a part to its status report."""
    ussd_seconds: float = 1.0
    """From AT+CUSD to +CUSD."""
    boot_seconds: float | None = None
    """From power-up to "SMS ready"; None: what the personality says."""
    ready_at_start: bool = True
    """The modems have been up for a while when the bank starts; else they boot with a banner."""
    retry_seconds: float = 60.0
    """After this time the SMSC tries a delivery again that a modem has not acknowledged."""
    acknowledge_seconds: float = 15.0
    """How long a modem waits for AT+CNMA (TR2M of TS 24.011: 12 to 20 s)."""
    time_scale: float = 1.0
    """Multiplies every delay: 0.1 is ten times as fast."""
    seed: int = 0
    pin: str | None = None
    """Ask for this SIM PIN at power-up."""
    puk: str = "12345678"
    first_number: str = "+447700900001"
    """Number of the first SIM; the others count up from it."""
    smsc: str = "+447700900999"
    """Service centre address on every SIM."""
    operator: str = "Virtual"
    plmn: str = "00101"
    """MCC and MNC of the network (001 01 is the test network)."""
    smsc_clock_offset: float = 0.0
    """Seconds by which the service centre's clock is ahead of this machine's."""
    smsc_zone_minutes: int = 0
    """Its time zone, minutes east of UTC, in quarters of an hour."""
    history: int = 1_000_000
    """How many accepted parts the SMSC remembers."""

    def __post_init__(self) -> None:
        if not 1 <= self.modems <= MAX_MODEMS:
            raise ValueError(f"modems must be 1 to {MAX_MODEMS}, not {self.modems}")
        for name in ("part_seconds", "prompt_seconds", "receipt_seconds", "retry_seconds"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, not {getattr(self, name)}")
        if self.time_scale <= 0:
            raise ValueError(f"time_scale must be more than 0, not {self.time_scale}")
        if not 0 <= self.part_jitter <= 1:
            raise ValueError(f"part_jitter must be 0 to 1, not {self.part_jitter}")
        if self.pin is not None and not (self.pin.isdigit() and 4 <= len(self.pin) <= 8):
            raise ValueError("pin must be 4 to 8 digits")
        if not self.first_number.removeprefix("+").isdigit():
            raise ValueError(f"first_number must be digits, not {self.first_number!r}")
        if not self.personality:
            raise ValueError("personality must name at least one")

    def personality_of(self, index: int) -> str:
        """The name of the personality of modem `index`."""
        if isinstance(self.personality, str):
            return self.personality
        return self.personality[index % len(self.personality)]

    def number_of(self, index: int) -> str:
        """The number of the SIM that modem `index` begins with."""
        digits = self.first_number.removeprefix("+")
        return f"+{int(digits) + index:0{len(digits)}d}"
