"""AT commands that a person types: which may be, and what came of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..at import AtChannel, AtError, CommandFailed
from .errors import AtUntypable, ByHandError
from .verdict import classify

LONGEST = 400
"""Characters of a command line. V.250 5.2.1 asks modems to take 40; most take several hundred."""
TURN_S = 120.0
"""How long a command waits for a part that is in the air, and for what was asked before it."""

_LINE = re.compile(
    r"AT\s*(?P<basic>(?:[&\\%]?[A-Z]\d*|S\d+(?:=\d*|\?))*)\s*(?P<extended>[+^#$%*!@_].*)?",
    re.IGNORECASE,
)
"""V.250 5.2.2 and 5.4: basic commands stand behind each other, an extended one ends the line."""
_QUOTED = re.compile(r'"[^"]*"?')
_NAME = re.compile(r"[+^#$%*!@_][A-Z0-9_]*", re.IGNORECASE)
_LINE_LEAVERS = {"D": "dials", "A": "answers a call", "O": "goes to data mode"}
_PROMPTS = frozenset(
    {
        *("+CMGS", "+CMGW", "+CMGC", "+CNMA", "+CGDATA", "+CIPSEND", "+QISEND", "+QHTTPURL"),
        *("+QHTTPPOST", "+QFUPL", "+QFWRITE", "+USOWR", "+UDWNFILE", "+HTTPDATA", "+CCHSEND"),
        *("+CFTPPUT", "+FTPPUT", "#SD", "#SSEND", "#SSENDEXT"),
    }
)
"""Behind these a modem waits for data, or leaves command mode."""


@dataclass(frozen=True, slots=True)
class AtAnswer:
    """`lines` of the answer without echo and result; `meaning` of a `result` that is an error."""

    lines: tuple[str, ...]
    result: str
    meaning: str | None = None


def check_command(text: str) -> None:
    """Raises AtUntypable unless `text` is one AT command whose answer ends with a result.

    One that asks for a prompt (+CMGS), dials, answers calls or goes to data mode is refused: what
    the gateway types next would be taken for data.
    """
    if len(text) > LONGEST:
        raise AtUntypable(f"a command has {LONGEST} characters at most, not {len(text)}")
    if not (text.isascii() and text.isprintable()):
        raise AtUntypable("a command has printable ASCII characters and nothing else")
    if ";" in _QUOTED.sub("", text):
        raise AtUntypable("one command at a time, without `;`")
    line = _LINE.fullmatch(text.strip())
    if line is None:
        raise AtUntypable("a command begins with AT, as AT+CSQ does")
    for letter in re.sub(r"[&\\%][A-Z]|[^A-Z]", "", line["basic"].upper()):
        if letter in _LINE_LEAVERS:
            raise AtUntypable(f"AT{letter} {_LINE_LEAVERS[letter]}: the port is for commands alone")
    name = _NAME.match(line["extended"] or "")
    if name is not None and name[0].upper() in _PROMPTS and not text.rstrip().endswith("=?"):
        raise AtUntypable(
            f"AT{name[0].upper()} waits for data, which cannot be given here; "
            "messages are sent by POST /v1/messages"
        )


async def ask_by_hand(channel: AtChannel, text: str, timeout_s: float) -> AtAnswer:
    """Type a command when it is its turn, and wait `timeout_s` for its answer.

    Raises AtUntypable, and ByHandError when there was no turn or no answer.
    """
    check_command(text)
    try:
        response = await channel.by_hand(text.strip(), turn_s=TURN_S, timeout_s=timeout_s)
    except CommandFailed as error:
        meaning = classify(error.code, profile=None, elapsed_s=0).meaning
        return AtAnswer((), str(error.code), meaning)
    except TimeoutError:
        raise ByHandError(f"the modem was busy for {TURN_S:g} s: nothing was typed") from None
    except AtError as error:
        raise ByHandError(str(error)) from error
    return AtAnswer(response.lines, "OK")
