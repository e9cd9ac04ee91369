"""Error codes of modems and networks, and the class of each.

Sources: TS 24.011 table 8.4 and annex E-2 (0-127), TS 23.040 9.2.3.22 (128-255), TS 27.005 3.2.5
(300-511), TS 27.007 9.2 (+CME ERROR). The classes are the judgement of this project. Numbers from
512 belong to the vendors: see `profiles`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """What to do about an error."""

    SAME_SIM = "same_sim"  # the same SIM, later
    BUSY = "busy"  # the same SIM, soon: it is at something else, and the network was not asked
    OTHER_SIM = "other_sim"  # another SIM now, this one cools
    RECIPIENT = "recipient"  # permanent: the number
    MESSAGE = "message"  # permanent: the message as it is encoded
    MODEM = "modem"  # the modem needs recovery
    BARRED = "barred"  # the SIM is barred, blocked or without credit
    CONFIGURATION = "configuration"  # a person must change something
    AMBIGUOUS = "ambiguous"  # may have been sent
    STORAGE = "storage"  # about the inbound side, or a memory
    ACCEPTED = "accepted"  # the network has it


@dataclass(frozen=True, slots=True)
class Row:
    """One code. `wait_s` before the same SIM again; `other_sim`: another one may try at once."""

    error_class: ErrorClass
    meaning: str
    wait_s: float = 0
    other_sim: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class LateRow:
    """What a code means when it comes this late after Ctrl-Z."""

    after_s: float
    row: Row


_C = ErrorClass


def same(wait_s: float, meaning: str, *, other: bool = False, once: bool = False) -> Row:
    """The same SIM after `wait_s`."""
    return Row(_C.SAME_SIM, meaning, wait_s, other, once)


def busy(wait_s: float, meaning: str) -> Row:
    """The same SIM after `wait_s`; it says nothing of its health for a minute."""
    return Row(_C.BUSY, meaning, wait_s)


def other(meaning: str, *, once: bool = False) -> Row:
    """Another SIM, at once."""
    return Row(_C.OTHER_SIM, meaning, 0, True, once)


def message(meaning: str, *, other: bool = False, once: bool = False) -> Row:
    """The message is at fault; with `once` a second try (without receipt, validity…) may do."""
    return Row(_C.MESSAGE, meaning, 0, other, once)


def barred(meaning: str, *, other: bool = True) -> Row:
    """The SIM may not send."""
    return Row(_C.BARRED, meaning, 0, other)


def modem(meaning: str) -> Row:
    """The modem is ill; its part goes elsewhere."""
    return Row(_C.MODEM, meaning, 0, True)


def config(meaning: str) -> Row:
    """Somebody must set something right; another modem may work meanwhile."""
    return Row(_C.CONFIGURATION, meaning, 0, True)


def storage(meaning: str) -> Row:
    """A memory is full or empty; the sweep sees to it."""
    return Row(_C.STORAGE, meaning, 5, True)


def recipient(meaning: str, *, other: bool = False) -> Row:
    """No SIM will reach this number."""
    return Row(_C.RECIPIENT, meaning, 0, other)


CMS: dict[int, Row] = {
    1: recipient("unassigned number; if every recipient gets it, the SMSC address is wrong"),
    8: barred("operator determined barring"),
    10: barred("call barred; prepaid SIMs without credit say so too"),
    17: same(30, "network failure", other=True),
    21: other("short message transfer rejected: no credit, spam filter or screening", once=True),
    22: same(60, "memory capacity exceeded or congestion"),
    27: same(300, "destination out of order"),
    28: barred("the sender is unknown to the service centre"),
    29: barred("facility rejected"),
    30: barred("the sender is unknown to its home network"),
    38: same(120, "network out of order", other=True),
    41: same(30, "temporary failure; also not registered, roaming, or a blocked SIM", other=True),
    42: same(60, "congestion"),
    47: same(60, "resources unavailable"),
    50: barred("SMS is not part of this SIM's plan"),
    69: message(
        "requested facility not implemented: try without receipt or validity", other=True, once=True
    ),
    81: same(5, "invalid short message transfer reference"),
    95: message("invalid message, unspecified"),
    96: message("invalid mandatory information"),
    97: message("message type unknown or not implemented"),
    98: same(5, "message not compatible with the protocol state", once=True),
    99: message("information element unknown or not implemented"),
    111: same(10, "protocol error, unspecified", once=True),
    127: same(60, "interworking, unspecified", other=True),
    128: message("telematic interworking not supported"),
    129: message("short message type 0 not supported"),
    130: message("cannot replace short message"),
    143: message("unspecified TP-PID error"),
    144: message("data coding scheme (alphabet) not supported"),
    145: message("message class not supported"),
    159: message("unspecified TP-DCS error"),
    160: message("command cannot be actioned"),
    161: message("command unsupported"),
    175: message("unspecified TP-Command error"),
    176: message("TPDU not supported"),
    192: same(60, "service centre busy"),
    193: barred("no service centre subscription"),
    194: same(120, "service centre system failure"),
    195: recipient("invalid short message entity address"),
    196: recipient("destination barred", other=True),
    197: Row(_C.ACCEPTED, "rejected as a duplicate: the service centre has the first copy"),
    198: message("TP-VPF not supported: try without validity", once=True),
    199: message("TP-VP not supported: try without validity", once=True),
    208: storage("SIM storage full"),
    209: storage("no SMS storage in the SIM"),
    210: modem("error in the mobile station"),
    211: storage("memory capacity exceeded"),
    212: same(10, "SIM toolkit busy"),
    213: storage("SIM data download error"),
    255: same(30, "unspecified error cause", other=True),
    # Siemens numbers in the hole of TS 27.005; other vendors leave them empty.
    256: same(10, "operation temporarily not allowed"),
    257: barred("call barred"),
    258: same(10, "phone busy"),
    259: same(5, "aborted by the user"),
    260: recipient("invalid dial string"),
    261: same(10, "supplementary service not executed"),
    262: barred("SIM blocked"),
    263: message("invalid block"),
    300: Row(_C.MODEM, "failure of the modem", 10, True, once=True),
    301: same(5, "the SMS service of the modem is in use by another port or program"),
    302: same(10, "operation not allowed: not ready, not registered, or a call is on", other=True),
    303: config("operation not supported"),
    304: message("invalid PDU mode parameter; or octets were lost on the line", once=True),
    305: config("invalid text mode parameter: the modem fell back to text mode"),
    310: modem("SIM not inserted"),
    311: config("SIM PIN required: the modem was reset"),
    312: config("PH-SIM PIN required: the modem is locked to another SIM"),
    313: modem("SIM failure"),
    314: busy(2, "SIM busy"),
    315: config("SIM wrong"),
    316: barred("SIM PUK required"),
    317: config("SIM PIN2 required"),
    318: config("SIM PUK2 required"),
    320: modem("memory failure"),
    321: storage("invalid memory index"),
    322: storage("memory full"),
    330: config("SMSC address unknown: set `smsc` for this modem"),
    331: same(30, "no network service", other=True),
    332: Row(_C.AMBIGUOUS, "network timeout"),
    340: storage("no +CNMA acknowledgement expected"),
    341: modem("non-volatile memory failure"),
    350: Row(_C.AMBIGUOUS, "no answer from the network"),
    500: same(10, "unknown error", other=True, once=True),
} | {number: same(60, "application specific error", once=True) for number in range(224, 255)}

LATE_CMS: dict[int, LateRow] = {
    331: LateRow(30, Row(_C.AMBIGUOUS, "no network service, long after the PDU was taken")),
    500: LateRow(30, Row(_C.AMBIGUOUS, "unknown error, long after the PDU was taken")),
}

CME: dict[int, Row] = {
    0: modem("phone failure"),
    1: modem("no connection to phone"),
    2: modem("link to phone reserved"),
    3: same(10, "operation not allowed", other=True),
    4: config("operation not supported"),
    5: config("PH-SIM PIN required: the modem is locked to another SIM"),
    6: config("PH-FSIM PIN required: the modem is locked to its first SIM"),
    7: config("PH-FSIM PUK required: the modem is locked to its first SIM"),
    10: modem("SIM not inserted"),
    11: config("SIM PIN required"),
    12: barred("SIM PUK required"),
    13: modem("SIM failure"),
    14: busy(2, "SIM busy"),
    15: config("SIM wrong"),
    16: config("incorrect password"),
    17: config("SIM PIN2 required"),
    18: config("SIM PUK2 required"),
    20: storage("memory full"),
    21: storage("invalid index"),
    22: storage("not found"),
    23: modem("memory failure"),
    24: message("text string too long"),
    25: message("invalid characters in text string"),
    26: recipient("dial string too long"),
    27: recipient("invalid characters in dial string"),
    30: same(30, "no network service", other=True),
    31: Row(_C.AMBIGUOUS, "network timeout"),
    32: barred("only emergency calls are allowed"),
    48: config("hidden key required"),
    49: config("EAP method not supported"),
    50: config("incorrect parameters"),
    51: config("command disabled"),
    52: same(5, "aborted"),
    53: config("not attached: restricted"),
    54: config("not attached: emergency only"),
    55: config("restricted"),
    56: recipient("only fixed dialling numbers are allowed by this SIM", other=True),
    57: same(30, "temporarily out of service", other=True),
    58: config("language or alphabet not supported"),
    59: config("unexpected data"),
    60: same(30, "system failure", other=True),
    61: config("data missing"),
    62: barred("call barred"),
    63: config("message waiting indication failure"),
    100: same(10, "unknown error", other=True, once=True),
    102: barred("IMSI unknown in the home network"),
    103: barred("illegal mobile station"),
    104: barred("IMSI unknown in the visited network"),
    105: barred("IMEI not accepted"),
    106: barred("illegal equipment"),
    107: config("packet services not allowed"),
    108: barred("no services allowed"),
    111: other("network (PLMN) not allowed"),
    112: other("location area not allowed"),
    113: other("roaming not allowed in this area"),
    116: same(60, "switching centre temporarily not reachable", other=True),
    117: same(60, "network failure", other=True),
    118: same(60, "circuit switched services unavailable", other=True),
    122: same(60, "congestion", other=True),
    177: barred("operator determined barring"),
    256: Row(_C.MODEM, "operation temporarily not allowed", 10, True, once=True),
    257: Row(_C.MODEM, "call barred", 10, True, once=True),
    258: Row(_C.MODEM, "phone busy", 10, True, once=True),
    259: Row(_C.MODEM, "aborted by the user", 10, True, once=True),
    260: Row(_C.MODEM, "invalid dial string", 10, True, once=True),
    261: Row(_C.MODEM, "supplementary service not executed", 10, True, once=True),
    262: Row(_C.MODEM, "SIM blocked, or a bad contact", 10, True, once=True),
    263: Row(_C.MODEM, "invalid block", 10, True, once=True),
    515: busy(1, "initialisation or selection in progress"),
    765: message("invalid input value"),
    767: modem("operation failed"),
    769: modem("no control of the module"),
    770: barred("SIM invalid: rejected by the network"),
    771: same(5, "call setup in progress"),
    772: modem("SIM powered down"),
    773: config("SIM file not present"),
} | {
    number: config("the modem is locked to an operator (personalisation key required)")
    for number in range(40, 48)
}
