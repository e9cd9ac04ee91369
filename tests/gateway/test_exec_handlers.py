"""Programs of handlers: what they are told, what they may say, and what bounds them."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import sys
from pathlib import Path
from typing import Any

import pytest
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import Shop, message, shop

from modemgw.config import ConfigError, parse
from modemgw.gateway.deliveries.account import account
from modemgw.gateway.errors import TooMany, Unavailable
from modemgw.store import Transaction
from modemgw.store.records import NewMessage

PYTHON = sys.executable
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"exec": ("/bin/sh", "-c", script), **more}


def answers(script: str, **more: Any) -> dict[str, Any]:
    return shell(script, output="reply", **more)


async def problem(one: Shop) -> str:
    (told,) = await one.store.read(
        lambda view: (
            raw(view)
            .execute("SELECT problem FROM delivery_outcomes ORDER BY n DESC LIMIT 1")
            .fetchone()
        )
    )
    return str(told)


async def answer(one: Shop) -> NewMessage:
    """The only answer, which is kept a moment after the delivery has ended."""
    await until(lambda: one.replies)
    (reply,) = one.replies
    return reply


# --- what it is told


async def variables(tmp_path: Path, **more: Any) -> dict[str, str]:
    """What a program finds in its environment of a message."""
    said = tmp_path / "said"
    script = (
        f"import json, os; json.dump({{k: v for k, v in os.environ.items() if "
        f"k.startswith('MODEMGW_')}}, open({str(said)!r}, 'w'))"
    )
    async with shop(tmp_path, {"exec": (PYTHON, "-X", "utf8", "-c", script)}) as one:
        await one.receive(message(**more))
        await one.until(("delivered", 1))
    found: dict[str, str] = json.loads(said.read_text())
    found.pop("MODEMGW_CONTEXTS", None)  # of the tests themselves
    return {name.removeprefix("MODEMGW_"): value for name, value in found.items()}


async def test_a_program_finds_the_message_in_its_environment(tmp_path: Path) -> None:
    found = await variables(tmp_path, text="héllo $(id) ☃", to="+447700900001", message_class=0)
    assert found == {
        "DELIVERY": "dlv_1",
        "HANDLER": "h1",
        "EVENT": "inbound.received",
        "ID": "in_1",
        "KIND": "text",
        "FROM": "+447700900555",
        "TO": "+447700900001",
        "TEXT": "héllo $(id) ☃",
        "CLASS": "0",
        "MODEM": "m1",
        "SIM": "1",
        "RECEIVED_AT": "0.0",
    }


async def test_octets_are_there_as_hexadecimal(tmp_path: Path) -> None:
    found = await variables(tmp_path, text=None, data=b"\x00\xff", ports=(5000, 1))
    assert (found["DATA"], found["PORT"]) == ("00ff", "5000")
    assert "TEXT" not in found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a\0b", "ab"), ("x" * 100_000, None)],
    ids=["NUL", "long"],
)
async def test_what_no_variable_can_hold_keeps_no_message_from_the_program(
    tmp_path: Path, text: str, wanted: str | None
) -> None:
    assert (await variables(tmp_path, text=text)).get("TEXT") == wanted


async def test_a_call_is_told_of_as_well(tmp_path: Path) -> None:
    said = tmp_path / "said"
    section = shell(f'echo "$MODEMGW_EVENT $MODEMGW_FROM" >{said}; cat >>{said}', on="call")
    async with shop(tmp_path, section) as one:

        def call(tx: Transaction) -> None:
            tx.events.emit("call.received", {"modem": "m1", "sim": "1", "from": "+441"})

        await one.store.write(call)
        await one.until(("delivered", 1))
    first, rest = said.read_text().split("\n")
    assert first == "call.received +441"
    assert json.loads(rest)["data"]["from"] == "+441"


# --- what it says


async def test_what_a_program_prints_is_the_answer(tmp_path: Path) -> None:
    async with shop(tmp_path, answers("echo; echo 'all is well ☃'; echo no >&2; echo")) as one:
        await one.receive(message())
        reply = await answer(one)
        assert (reply.to, reply.text, reply.modem) == ("+447700900555", "all is well ☃", "m1")


async def test_what_it_prints_is_no_template_and_no_answer_where_nobody_asked(
    tmp_path: Path,
) -> None:
    sections = [
        answers("echo '{{ text }}'"),
        shell("echo no"),
        answers("true"),
        answers("echo ' '"),
    ]
    async with shop(tmp_path, *sections) as one:
        await one.receive(message())
        await one.until(*[("delivered", 1)] * 4)
        await answer(one)
        assert [reply.text for reply in one.replies] == ["{{ text }}"]


async def test_a_program_that_fails_has_answered_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path, answers("echo half of it; exit 1")) as one:
        await one.receive(message())
        await one.until(("pending", 1))
        assert one.replies == []


async def test_an_answer_that_cannot_be_accepted_now_is_made_again(tmp_path: Path) -> None:
    async with shop(tmp_path, answers("echo yes")) as one:
        one.refuse += [Unavailable("the disk is full"), TooMany("no", 9.0)]
        await one.receive(message())
        for tries in (1, 2):
            await one.until(("pending", tries))
            await one.again()
        await one.until(("delivered", 3))
        await answer(one)


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("printf '\\377'", "what is not UTF-8"),
        ("head -c 2000 /dev/zero | tr '\\0' x", "more than 1000 octets"),
        ("yes", "more than 1000 octets"),
        ("yes & sleep 60", "more than 1000 octets"),
    ],
)
async def test_what_is_no_answer_is_never_sent(tmp_path: Path, script: str, wanted: str) -> None:
    async with shop(tmp_path, answers(script, output_bytes=1000)) as one:
        await one.receive(message())
        await one.until(("dead", 1))
        assert wanted in await problem(one)
        assert one.replies == []


async def test_an_answer_of_just_the_limit_is_sent(tmp_path: Path) -> None:
    script = "head -c 1000 /dev/zero | tr '\\0' x"
    async with shop(tmp_path, answers(script, output_bytes=1000)) as one:
        await one.receive(message())
        assert (await answer(one)).text == "x" * 1000


async def test_an_answer_is_not_waited_for_from_what_runs_on(tmp_path: Path) -> None:
    async with shop(tmp_path, answers("echo yes; sleep 60 &", timeout=50)) as one:
        await one.receive(message())
        async with asyncio.timeout(30):
            await answer(one)


async def test_who_is_no_number_is_not_answered(tmp_path: Path) -> None:
    async with shop(tmp_path, answers("echo yes")) as one:
        await one.receive(message(sender="ACME"))
        await one.until(("dead", 1))
        assert one.replies == []


# --- what bounds it


async def test_a_program_gets_no_more_memory_than_it_may(tmp_path: Path) -> None:
    eats = "import sys\ntry: bytearray(1 << 33)\nexcept MemoryError: sys.exit(42)"
    section = {"exec": (PYTHON, "-c", eats), "memory_mb": 512}
    async with shop(tmp_path, section) as one:
        await one.receive(message())
        await one.until(("pending", 1))
        assert "ended with 42" in await problem(one)


async def test_nothing_of_a_command_is_read_by_a_shell(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = f"import sys; open({str(said)!r}, 'w').write(repr(sys.argv[1:]))"
    arguments = ("$(id)", "a b", "'", "-c", "; exit 1", "*")
    async with shop(
        tmp_path, {"exec": (PYTHON, "-c", script, *arguments), "memory_mb": 512}
    ) as one:
        await one.receive(message())
        await one.until(("delivered", 1))
    assert said.read_text() == repr(list(arguments))


async def test_a_program_that_is_not_there_is_told_of_with_a_limit_too(tmp_path: Path) -> None:
    async with shop(tmp_path, {"exec": ("/nowhere/at/all",), "memory_mb": 512}) as one:
        await one.receive(message())
        await one.until(("pending", 1))
        assert (await problem(one)).startswith("/nowhere/at/all cannot be run")


@AS_ROOT
@pytest.mark.parametrize("more", [{}, {"memory_mb": 512}])
async def test_a_program_runs_as_who_it_should(tmp_path: Path, more: dict[str, Any]) -> None:
    nobody = pwd.getpwnam("nobody")
    script = 'read -r line; echo "$(id -u) $(id -g) $(id -G) $HOME $USER ${#line}"'
    async with shop(tmp_path, answers(script, user="nobody", **more)) as one:
        await one.receive(message())
        text = (await answer(one)).text
    assert text is not None
    groups = " ".join(map(str, os.getgrouplist("nobody", nobody.pw_gid)))
    assert text.rpartition(" ")[0] == (
        f"{nobody.pw_uid} {nobody.pw_gid} {groups} {nobody.pw_dir} nobody"
    )
    assert int(text.rpartition(" ")[2]) > 100, "and gets the message"


@AS_ROOT
async def test_somebody_elses_program_is_ended_too(tmp_path: Path) -> None:
    async with shop(tmp_path, shell("sleep 60", user="nobody", timeout=0.3)) as one:
        await one.receive(message())
        await one.until(("pending", 1))


def test_who_may_not_become_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="there is no user 'nobody-at-all' on this machine"):
        account("nobody-at-all")
    monkeypatch.setattr("modemgw.gateway.deliveries.account._effective", lambda: 1 << 6)
    with pytest.raises(ValueError, match="it lacks CAP_KILL, CAP_SETUID"):
        account("nobody")
    own = pwd.getpwuid(os.geteuid()).pw_name
    assert account(own) is None, "that one is us already"


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ({"reply": "x", "user": "nobody"}, "user goes with exec and python only"),
        ({"python": "a:b", "output": "reply"}, "output goes with exec only"),
        ({"webhook": "http://x/", "memory_mb": 64}, "memory_mb goes with exec and python only"),
        ({"exec": ["x"], "memory_mb": 1}, "greater than or equal to 16"),
        ({"exec": ["x"], "user": "a b"}, "the name of a user"),
        ({"exec": ["x"], "subject": "x"}, "subject goes with email only"),
    ],
)
def test_what_makes_no_sense_is_refused(section: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        parse({"handler": [section]})
