"""[[modem]]: which modems there are, and where or by what they are found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from modemgw.config.balance import BalanceSection
from modemgw.config.base import Identifier, Number, Section, shaped
from modemgw.config.errors import ConfigError
from modemgw.config.limits import Limits

Pin = Annotated[str, shaped(r"[0-9]{4,8}", "a PIN: 4 to 8 digits, in quotes")]
Channels = Annotated[
    str, shaped(r"[0-9]{1,5}(-[0-9]{1,5})?", 'a channel or a range of them: "50", "4370-4399"')
]


class ModemMatch(Section):
    """Finds a modem by what it is, not by its ttyUSB number. Exactly one key."""

    imei: Annotated[str, shaped(r"[0-9]{14,16}", "an IMEI: 14 to 16 digits")] | None = None
    iccid: str | None = None
    """18 to 20 digits; some issuers have A to F among them."""
    usb_path: (
        Annotated[str, shaped(r"[0-9]+-[0-9]+(\.[0-9]+)*", "a place on the USB, such as 1-1.2")]
        | None
    ) = None

    @field_validator("iccid")
    @classmethod
    def _iccid(cls, iccid: str | None) -> str | None:
        if iccid is not None and not re.fullmatch(r"[0-9A-Fa-f]{18,20}[Ff]?", iccid):
            raise ValueError(
                "an ICCID has 18 to 20 digits (with some issuers A to F among them), as "
                f"`modemgw modems scan` shows it, not {iccid!r}"
            )
        return iccid

    @model_validator(mode="after")
    def _exactly_one(self) -> ModemMatch:
        if sum(v is not None for v in (self.imei, self.iccid, self.usb_path)) != 1:
            raise ValueError("give exactly one of imei, iccid, usb_path")
        return self


class ModemSection(Section):
    """[[modem]]"""

    id: Identifier
    device: str | None = None
    """A path, or a port of a serial server: socket://host:port, rfc2217://host:port."""
    match: ModemMatch | None = None
    pin: Annotated[Pin | None, Field(repr=False)] = None
    pin_file: Path | None = None
    number: Number | None = None
    smsc: Number | None = None
    """Service centre to use instead of the SIM's own."""
    profile: str = "auto"
    routes: tuple[Identifier, ...] = ("default",)
    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    limits: Limits = Limits()
    balance: BalanceSection = BalanceSection()
    """How the credit of its SIM is asked for, over what [balance] says."""
    roaming: bool = True
    """False: nothing is sent while the SIM roams."""
    calls: Literal["reject", "ignore"] = "reject"
    """What is done with voice calls: hung up on, or left to ring. Either way they are told of."""
    broadcasts: tuple[Channels, ...] = ()
    """Channels of cell broadcast that are listened to: `"50"`, `"4370-4399"`."""
    baud_rate: Annotated[int, Field(ge=300, le=4_000_000)] = 115_200
    usb_reauthorize: bool = False
    """Let the recovery ladder power-cycle the device's USB authorisation (needs the rights)."""

    @model_validator(mode="after")
    def _device_or_match(self) -> ModemSection:
        if (self.device is None) == (self.match is None):
            raise ValueError(
                'give exactly one of device = "/dev/…" and match = { imei = "…" } '
                "(or iccid, usb_path)"
            )
        if self.pin is not None and self.pin_file is not None:
            raise ValueError("give pin or pin_file, not both")
        return self

    def read_pin(self) -> str | None:
        """The SIM's PIN, from the file if there is one. Raises ConfigError if it is unreadable."""
        if self.pin_file is None:
            return self.pin
        try:
            pin = self.pin_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                [f"modem {self.id}: pin_file {self.pin_file} cannot be read: {error}"]
            ) from error
        if not (pin.isdecimal() and 4 <= len(pin) <= 8):
            raise ConfigError(
                [f"modem {self.id}: pin_file {self.pin_file} must hold 4 to 8 digits"]
            )
        return pin
