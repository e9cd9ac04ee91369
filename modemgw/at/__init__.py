"""AT commands (V.250, TS 27.005, TS 27.007): a sans-IO parser and a channel over a serial port."""

from .channel import AtChannel
from .charset import Charset
from .cursor import Cursor
from .errors import (
    AtError,
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    NoPrompt,
    NotACommand,
    NothingSent,
    OutOfSync,
    PortError,
)
from .exchange import Probe, Response
from .port import check_device, open_serial
from .results import ErrorCode
from .trace import Trace, TraceLine, masked
from .urc import Urc, UrcKind
from .wire import Port

__all__ = [
    "AtChannel",
    "AtError",
    "ChannelClosed",
    "Charset",
    "CommandFailed",
    "CommandTimeout",
    "Cursor",
    "ErrorCode",
    "NoPrompt",
    "NotACommand",
    "NothingSent",
    "OutOfSync",
    "Port",
    "PortError",
    "Probe",
    "Response",
    "Trace",
    "TraceLine",
    "Urc",
    "UrcKind",
    "check_device",
    "masked",
    "open_serial",
]
