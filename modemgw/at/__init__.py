"""AT commands (V.250, TS 27.005, TS 27.007): a sans-IO parser and a channel over a serial port."""

from .channel import AtChannel, Port
from .charset import Charset
from .cursor import Cursor
from .errors import (
    AtError,
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    NotACommand,
    NothingSent,
    OutOfSync,
    PortError,
)
from .exchange import Response
from .port import check_device, open_serial
from .results import ErrorCode
from .trace import Trace, TraceLine
from .urc import Urc, UrcKind

__all__ = [
    "AtChannel",
    "AtError",
    "ChannelClosed",
    "Charset",
    "CommandFailed",
    "CommandTimeout",
    "Cursor",
    "ErrorCode",
    "NotACommand",
    "NothingSent",
    "OutOfSync",
    "Port",
    "PortError",
    "Response",
    "Trace",
    "TraceLine",
    "Urc",
    "UrcKind",
    "check_device",
    "open_serial",
]
