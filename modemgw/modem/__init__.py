"""One modem: identify, initialise, send, receive, acknowledge, recover."""

from ..at import ErrorCode, TraceLine, masked
from .by_hand import AtAnswer, check_command
from .calls import Call
from .errors import (
    AtUntypable,
    ByHandError,
    ModemError,
    NotSubmitted,
    PortClosed,
    SubmitAmbiguous,
    SubmitRefused,
    UssdError,
    UssdUntypable,
)
from .found import Found
from .identify import SimIdentity
from .locator import Locator
from .modem import Modem
from .pdus import ReceivedPdu
from .pin_guard import PinGuard, PinMemory, PinOutcome, PinTry, SimPlace
from .scanning import scan
from .sending import Submitted
from .sink import ModemSink
from .states import ModemState
from .status import ModemStatus
from .timings import Timings
from .ussd import UssdAnswer, check_ussd
from .verdict import ErrorClass, Verdict, classify

__all__ = [
    "AtAnswer",
    "AtUntypable",
    "ByHandError",
    "Call",
    "ErrorClass",
    "ErrorCode",
    "Found",
    "Locator",
    "Modem",
    "ModemError",
    "ModemSink",
    "ModemState",
    "ModemStatus",
    "NotSubmitted",
    "PinGuard",
    "PinMemory",
    "PinOutcome",
    "PinTry",
    "PortClosed",
    "ReceivedPdu",
    "SimIdentity",
    "SimPlace",
    "SubmitAmbiguous",
    "SubmitRefused",
    "Submitted",
    "Timings",
    "TraceLine",
    "UssdAnswer",
    "UssdError",
    "UssdUntypable",
    "Verdict",
    "check_command",
    "check_ussd",
    "classify",
    "masked",
    "scan",
]
