"""No control character from outside reaches a terminal or a log, by whatever way it comes."""

from __future__ import annotations

import ast
import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import modemgw.cli
from modemgw.cli import main
from modemgw.cli.demo_view import Lines, Snapshot
from modemgw.cli.logs import PlainFormatter
from modemgw.client import ApiError, Client, answers
from modemgw.plain import printable, printable_json, printable_lines

EVIL = "\x1b]0;owned\x07\x1b[2J\r\nforged\x9b31m\x7f\u202e\u2028\ud800end"
"""Escape sequences of 7 and 8 bits, a line of its own, a turned line, half a character."""
AT = "2026-11-22T10:00:00.000Z"
SCTS = "62112201000000"


def harmless(text: str, *, lines: bool = True) -> bool:
    return all(c.isprintable() or c in "\u200c\u200d" or (lines and c == "\n") for c in text)


@given(st.text(st.characters()))
def test_no_text_can_control_anything(text: str) -> None:
    assert harmless(printable(text), lines=False)
    assert harmless(printable_lines(text))
    assert harmless(printable(EVIL + text), lines=False)


@given(
    st.recursive(st.text(st.characters()), lambda t: st.lists(t) | st.dictionaries(st.text(), t))
)
def test_json_says_the_same_and_controls_nothing(document: object) -> None:
    assert harmless(printable_json(document), lines=False)
    assert json.loads(printable_json(document)) == document
    assert json.loads(printable_json(document, indent=2)) == document
    assert harmless(printable_json(document, indent=2))


def test_what_people_write_stays_as_it_is() -> None:
    for text in ("Grüße 👋 и привет", "👩‍👩‍👧 ❤️", "می‌خواهم", "日本語", "ไทย", "שלום"):
        assert printable(text) == text
        assert printable_json(text) == f'"{text}"'
    assert printable("a\u00a0b\tc\r") == "a b c "
    assert printable("one\ntwo") == "one⏎two"


# --- the log


def logged(log: logging.Logger, say: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainFormatter("%(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.propagate = False  # what is no text cannot be told to the process that gathers the results
    try:
        say(log)  # type: ignore[operator]
    finally:
        log.propagate = True
        log.removeHandler(handler)
    return stream.getvalue()


def test_a_record_is_one_line_and_a_traceback_cannot_look_like_another_record() -> None:
    log = logging.getLogger("modemgw.test.plain")

    def say(log: logging.Logger) -> None:
        log.error("the modem said %s", EVIL)
        try:
            raise ValueError(f"{EVIL}\nERROR modemgw: forged")
        except ValueError:
            log.exception(EVIL, stack_info=True)

    text = logged(log, say)
    assert harmless(text)
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("ERROR")] == [lines[0], lines[1]]
    assert all(line.startswith("  ") for line in lines[2:])
    assert "forged" in lines[0]


def test_every_command_logs_like_that() -> None:
    """What a library says in a command that sets up no log of its own, too."""
    code = (
        "import logging, sys\n"
        "from modemgw.cli import main\n"
        "sys.argv = ['modemgw', 'config', 'show', '--config', '/nowhere']\n"
        "import modemgw.cli.options as options\n"
        "options.load = lambda file: logging.getLogger('lib').warning('a\\x1b[2J\\nb') or exit()\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.endswith("WARNING lib: a�[2J⏎b\n")


# --- commands

ERROR = {"code": "cms-42", "detail": EVIL, "permanent": False}
ATTEMPT = {
    "n": 1,
    "state": "refused",
    "modem": EVIL,
    "sim": EVIL,
    "reference": 1,
    "started_at": AT,
    "ended_at": AT,
    "duplicate_risk": False,
    "error": ERROR,
    "receipt": None,
}
MESSAGE = {
    "id": "msg_1",
    "to": EVIL,
    "text": EVIL,
    "data": None,
    "type": "otp",
    "status": "failed",
    "encoding": "gsm7",
    "receipt": True,
    "parts": [
        {
            "index": 1,
            "status": "failed",
            "modem": EVIL,
            "submitted_at": None,
            "receipt": None,
            "attempts": [ATTEMPT],
        }
    ],
    "error": ERROR,
    "route": EVIL,
    "key": EVIL,
    "reference": EVIL,
    "cost": None,
    "created_at": AT,
    "send_at": None,
    "deferred": {"code": "quiet-hours", "detail": EVIL},
    "expires_at": AT,
}
INBOUND: dict[str, Any] = {
    "id": "in_1",
    "from": EVIL,
    "to": EVIL,
    "text": EVIL,
    "data": None,
    "encoding": "gsm7",
    "class": None,
    "parts": [],
    "parts_total": 1,
    "complete": True,
    "problem": EVIL,
    "modem": EVIL,
    "sim": EVIL,
    "sent_at": AT,
    "received_at": AT,
}
SPECIAL = {
    "mwi": [{"type": EVIL, "active": True, "count": 2, "store": True, "profile": 1}],
    "wap_push": {
        **dict.fromkeys(("content_type", "title", "href", "action", "id"), EVIL),
        "created_at": AT,
        "expires_at": AT,
    },
    "mms": {
        **dict.fromkeys(("transaction_id", "location", "from", "subject", "class"), EVIL),
        "version": "1.0",
        "size": 7,
        "expires_at": AT,
    },
}
SPECIALS = [INBOUND | {"kind": EVIL, name: about} for name, about in SPECIAL.items()]
MODEM = {
    "id": "m1",
    "state": "ready",
    "since": AT,
    "step": None,
    "reason": EVIL,
    "held": None,
    "alarm": EVIL,
    "device": EVIL,
    "manufacturer": EVIL,
    "model": EVIL,
    "revision": EVIL,
    "profile": "generic",
    "imei": EVIL,
    "sim": {"iccid": EVIL, "imsi": EVIL, "number": EVIL},
    "operator": EVIL,
    "registration": "home",
    "signal_dbm": -70,
    "queue": 0,
    "sent": 0,
    "received": 0,
    "refused": 0,
    "ambiguous": 0,
    "timeouts": 0,
    "errors": 0,
    "resets": 0,
    "storage": None,
    "last_answer_at": AT,
    "routes": [EVIL],
}


EVENT = {"id": 1, "type": "inbound.received", "at": AT, "data": {"id": "in_1", "modem": EVIL}}


MATCHED = {
    "handler": EVIL,
    "kind": EVIL,
    "matches": True,
    "stopped_by": EVIL,
    "keyword": EVIL,
    "rest": EVIL,
    "groups": {EVIL: EVIL},
}


def problem(detail: str) -> Any:
    return {"type": "about:blank", "title": "Conflict", "status": 409, "detail": detail}


class EvilClient:
    """A daemon all of whose answers hold what a terminal must not see."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def __aenter__(self) -> EvilClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def _each(self, *items: object):
        for item in items:
            yield item

    def messages(self, **_: object):
        return self._each(answers.Message(MESSAGE))

    def inbounds(self, **_: object):
        return self._each(*map(answers.Inbound, (INBOUND, *SPECIALS)))

    def conversations(self, **_: object):
        last = {"direction": "received", "at": AT, "message": None, "inbound": SPECIALS[1]}
        return self._each(answers.Conversation({"number": EVIL, "unread": 1, "last": last}))

    def conversation(self, *_: object, **__: object):
        sent = {"direction": "sent", "at": AT, "message": MESSAGE, "inbound": None}
        items = [
            {"direction": "received", "at": AT, "message": None, "inbound": inbound}
            for inbound in (INBOUND, *SPECIALS)
        ]
        return self._each(*map(answers.ConversationItem, (*items, sent)))

    async def mark_inbound(self, *_: object, **__: object):
        return answers.Inbound(INBOUND | {"id": EVIL})

    async def mark_conversation(self, *_: object, **__: object):
        raise ApiError(problem(EVIL))

    def events(self, **_: object):
        return self._each(answers.Event(EVENT))

    async def message(self, *_: object):
        return answers.Message(MESSAGE)

    async def send(self, *_: object, **__: object):
        return answers.Message(MESSAGE)

    async def wait(self, *_: object, on_change: Any = None):
        on_change(answers.Message(MESSAGE))
        return answers.Message(MESSAGE)

    async def inbound(self, identifier: str):
        _, n = identifier.split("_")
        return answers.Inbound([INBOUND, *SPECIALS][int(n) - 1])

    async def handlers(self):
        about = {"id": EVIL, "kind": "exec", "pending": 1, "claimed": 0, "dead": 0}
        match = {"keyword": EVIL, "from": [EVIL], "modem": []}
        return [answers.Handler(about | {"problem": EVIL, "match": match})]

    async def match_handlers(self, **_: object):
        return [answers.MatchedHandler(MATCHED)]

    async def test_handler(self, *_: object, **__: object):
        sent = {"to": EVIL, "text": EVIL, "data": None, "parts": 1, "encoding": EVIL}
        about = {"problem": EVIL, "detail": EVIL, "output": EVIL, "answer": EVIL, "sends": [sent]}
        known = {"outcome": "taken", "took_ms": 1, "exit_code": 0, "http_status": 200}
        return answers.HandlerTest(MATCHED | about | known)

    def deliveries(self, *_: object, **__: object):
        outcome = {"at": AT, "code": "failed", "problem": EVIL, "took_ms": 5}
        delivery = {
            "id": "dlv_1",
            "inbound": "in_1",
            "event": "inbound.received",
            "state": "dead",
            "tries": 1,
            "next_at": None,
            "created_at": AT,
            "outcomes": [outcome],
        }
        return self._each(answers.Delivery(delivery))

    async def replay(self, *_: object, **__: object):
        raise ApiError(problem(EVIL))

    async def modems(self):
        return [answers.Modem(MODEM)]

    async def modem(self, *_: object):
        return answers.Modem(MODEM)

    async def ussd(self, *_: object, **__: object):
        return answers.Ussd({"text": f"1 Balance\n2 {EVIL}", "more": True})

    async def trace(self, *_: object, **__: object):
        return [answers.TraceLine({"at": AT, "direction": "<", "text": EVIL})]

    async def control_modem(self, *_: object):
        raise ApiError(problem(f"modem m1 is recovering: {EVIL}"))

    async def cancel(self, *_: object):
        raise ApiError(problem(EVIL))


COMMANDS = [
    ["messages", "list"],
    ["messages", "list", "--json"],
    ["messages", "show", "msg_1"],
    ["messages", "show", "msg_1", "--json"],
    ["messages", "cancel", "msg_1"],
    ["inbound", "list"],
    ["inbound", "list", "--json"],
    ["inbound", "show", "in_1"],
    ["inbound", "show", "in_1", "--json"],
    ["inbound", "show", "in_2"],
    ["inbound", "show", "in_3"],
    ["inbound", "show", "in_4"],
    ["inbound"],
    ["inbound", "--json"],
    ["inbound", "--follow"],
    ["inbound", "--follow", "--json"],
    ["inbound", "tail"],
    ["inbound", "tail", "--json"],
    ["inbound", "read", "in_1"],
    ["inbound", "read", "in_1", "--json"],
    ["conversations"],
    ["conversations", "--json"],
    ["conversations", "Bank"],
    ["conversations", "Bank", "--json"],
    ["conversations", "Bank", "--read"],
    ["listen", "--forward-to", "127.0.0.1:1"],
    ["handlers", "list"],
    ["handlers", "list", "--json"],
    ["handlers", "test", "h1", "--from", "x"],
    ["handlers", "test", "h1", "--from", "x", "--json"],
    ["handlers", "test", "--match", "--from", "x"],
    ["handlers", "test", "--match", "--from", "x", "--json"],
    ["handlers", "deliveries", "h1"],
    ["handlers", "deliveries", "h1", "--json"],
    ["handlers", "replay", "h1"],
    ["modems", "list"],
    ["modems", "list", "--json"],
    ["modems", "show", "m1"],
    ["modems", "show", "m1", "--json"],
    ["modems", "ussd", "m1", "*100#"],
    ["modems", "ussd", "m1", "*100#", "--json"],
    ["modems", "trace", "m1"],
    ["modems", "trace", "m1", "--json"],
    ["modems", "pause", "m1"],
    ["send", "--to", "+447700900123", "--text", "x"],
    ["send", "--to", "+447700900123", "--text", "x", "--wait"],
    ["send", "--to", "+447700900123", "--text", "x", "--wait", "--json"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_what_could_control_the_terminal(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.cli.options.Client", EvilClient)
    result = CliRunner().invoke(main, [*command, "--key", "k", "--url", "http://x"])
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert harmless(result.output)
    assert result.output
    if command[1:2] != ["ussd"]:
        assert not any(line.startswith("forged") for line in result.output.splitlines())
    if "--json" in command and "send" not in command:
        assert _holds(json.loads(result.stdout)), "a program gets all of it"


def _holds(document: object) -> bool:
    if isinstance(document, dict):
        return any(map(_holds, document.values()))
    if isinstance(document, list):
        return any(map(_holds, document))
    return isinstance(document, str) and EVIL in document


def test_the_demo_shows_nothing_that_could(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().show(
        Snapshot([answers.Message(MESSAGE)], [answers.Modem(MODEM)], [answers.Inbound(INBOUND)])
    )
    assert harmless(capsys.readouterr().out)


@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize(
    "pdu",
    [
        # TP-OA: the name A, CR, LF, B, ESC, LF
        f"00040BD0C18642B851000000{SCTS}00",
        # TP-UD in UCS-2: ESC [ 2 J, CSI in eight bits, a turned line
        f"00040B91447700091032F40008{SCTS}0C001B005B0032004A009B202E",
        "\x1b[2J not a PDU \x9b",
    ],
)
def test_a_decoded_pdu_shows_nothing_that_could(pdu: str, as_json: list[str]) -> None:
    result = CliRunner().invoke(main, ["pdu", "decode", *as_json], input=f"{pdu}\n")
    assert harmless(result.output)
    assert ("TP-MTI" in result.output) is ("not a PDU" not in pdu)


def test_a_problem_that_quotes_something_from_outside_shows_nothing_that_could() -> None:
    @main.command("evil-problem")
    def command() -> None:
        raise click.ClickException(f"one line\n{EVIL}")

    try:
        result = CliRunner().invoke(main, ["evil-problem"])
    finally:
        del main.commands["evil-problem"]
    assert harmless(result.output)
    assert result.output.startswith("Error: one line\n")


def test_commands_print_in_no_other_way() -> None:
    for file in Path(modemgw.cli.__file__).parent.glob("*.py"):
        if file.name == "say.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("click.echo", "click.secho", "print"), f"{file.name}"


def test_the_client_that_is_imitated_is_the_real_one() -> None:
    for name in vars(EvilClient):
        if not name.startswith("_"):
            assert hasattr(Client, name)
