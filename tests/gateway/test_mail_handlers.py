"""Mail of what was received: to everybody once, whatever the server says, and nothing but mail."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import trustme
from labs.certificates import write
from labs.post_office import PASSWORD, USER, PostOffice, free_port, post_office
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import Shop, message, shop

from modemgw.config import Config, ConfigError, SmtpSection, parse
from modemgw.gateway.deliveries import mail_server
from modemgw.gateway.deliveries.letter import letter
from modemgw.store import Payload, Transaction

TO = {"email": ("a@example.org",)}
BOTH = {"email": ("a@example.org", "b@example.org")}


def smtp(port: int, **more: Any) -> SmtpSection:
    return SmtpSection(
        **{"host": "127.0.0.1", "tls": "none", "port": port, "from": "sms@example.org", **more}
    )


async def problem(one: Shop) -> str:
    (told,) = await one.store.read(
        lambda view: (
            raw(view)
            .execute("SELECT problem FROM delivery_outcomes ORDER BY n DESC LIMIT 1")
            .fetchone()
        )
    )
    return str(told)


def starts(*addresses: str, answer: str) -> Any:
    """What refuses these recipients."""
    return lambda recipient: answer if recipient in addresses else "250 OK"


# --- the mail


async def test_a_message_is_mailed(tmp_path: Path) -> None:
    async with post_office() as (office, port), shop(tmp_path, BOTH, smtp=smtp(port)) as one:
        await one.receive(message("héllo ☃\nनमस्ते", to="+447700900001", received_at=1_790_000_000.0))
        await one.until(("delivered", 1))
    (taken,) = office.letters
    assert (taken.sender, taken.to) == ("sms@example.org", ["a@example.org", "b@example.org"])
    assert taken.mail["From"] == "sms@example.org"
    assert taken.mail["To"] == "a@example.org, b@example.org"
    assert taken.mail["Subject"] == "SMS from +447700900555"
    assert taken.mail["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    assert taken.mail["Auto-Submitted"] == "auto-generated"
    assert taken.text.startswith("héllo ☃\nनमस्ते\n")
    assert "To: +447700900001\n" in taken.text
    assert "Received: 2026-09-21T14:13:20Z" in taken.text
    assert re.fullmatch(rb"[\x00-\x7f]+", taken.octets), "no server has to know 8BITMIME"


async def test_subject_and_body_are_of_ones_own(tmp_path: Path) -> None:
    section = {
        **TO,
        "subject": "{{ keyword|upper }} ☃ {{ from }}",
        "body": "[{{ rest }}] {{ sim }}",
    }
    async with post_office() as (office, port), shop(tmp_path, section, smtp=smtp(port)) as one:
        await one.receive(message("order 7 of {{ id }}"))
        await one.until(("delivered", 1))
    (taken,) = office.letters
    assert taken.mail["Subject"] == "ORDER ☃ +447700900555"
    assert taken.text.rstrip() == "[7 of {{ id }}] 1"


async def test_octets_are_attached(tmp_path: Path) -> None:
    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        await one.receive(message(None, data=b"\x00\xff"))
        await one.until(("delivered", 1))
    (attached,) = office.letters[0].mail.iter_attachments()
    assert attached.get_content() == b"\x00\xff"


async def test_a_call_is_mailed(tmp_path: Path) -> None:
    section = {**TO, "on": "call"}
    async with post_office() as (office, port), shop(tmp_path, section, smtp=smtp(port)) as one:

        def call(tx: Transaction) -> None:
            data = {"modem": "m1", "sim": "1", "from": "+441", "name": "Ann"}
            tx.events.emit("call.received", data)

        await one.store.write(call)
        await one.until(("delivered", 1))
    assert office.letters[0].mail["Subject"] == "Call from +441 (Ann)"


@pytest.mark.parametrize(
    "evil",
    [
        "x\r\nBcc: evil@example.org\r\n\r\nbody",
        "x\nBcc: evil@example.org",
        "x\rBcc: evil@example.org",
        "x\u2028Bcc: evil@example.org\x0b\x0c\x85Bcc: evil@example.org",
        "x\0y",
        "=?utf-8?q?=0aBcc:_evil@example.org?=",
        "\r\n.\r\nMAIL FROM:<evil@example.org>\r\n",
        "☃" * 500,
        "x" * 5000,
    ],
)
async def test_nothing_that_was_received_becomes_a_header_or_a_command(
    tmp_path: Path, evil: str
) -> None:
    section = {**TO, "subject": "{{ text }}", "body": "{{ text }}"}
    async with post_office() as (office, port), shop(tmp_path, section, smtp=smtp(port)) as one:
        await one.receive(message(evil))
        await one.until(("delivered", 1))
    (taken,) = office.letters
    assert taken.to == ["a@example.org"]
    assert Counter(taken.mail.keys()) == Counter(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
         "Content-Transfer-Encoding", "MIME-Version"]
    )  # fmt: skip
    assert len(str(taken.mail["Subject"])) <= 200
    if evil.startswith("=?"):
        assert taken.mail["Subject"] == evil, "and nothing is read in it that it does not say"
    lines = taken.octets.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)


def test_a_mail_is_the_same_octets_at_each_try() -> None:
    def made(tries: int, since: float, **more: Any) -> bytes:
        one = message("héllo", **more)
        payload = Payload(7, "h", "inbound.received", 0.0, {}, one, tries, "a/b", tries, since)
        return letter(payload, sender="s@x.org", to=["a@x.org"], subject="☃", body="héllo")

    assert made(0, 1.0) == made(3, 1.0)
    assert b"Message-ID: <in_1.dlv_7.1000@x.org>" in made(0, 1.0)
    assert made(0, 1.0) != made(0, 2.0), "a replay is a mail of its own"
    assert made(0, 1.0, data=b"x") == made(1, 1.0, data=b"x")


# --- what the server says


async def test_what_is_refused_for_now_is_tried_again_with_the_same_id(tmp_path: Path) -> None:
    answers = ["451 greylisted", "250 OK"]
    seen: list[str] = []

    def data(taken: Any) -> str:
        seen.append(taken.mail["Message-ID"])
        return answers.pop(0)

    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        office.data = data
        await one.receive(message())
        await one.until(("pending", 1))
        assert "451 greylisted" in await problem(one)
        await one.again()
        await one.until(("delivered", 2))
        assert len(office.letters) == 1
        assert len(set(seen)) == 1


@pytest.mark.parametrize("command", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "state"), [("550 no", "dead"), ("452 full", "pending"), ("421 bye", "pending")]
)
async def test_4xx_is_for_now_and_5xx_for_good(
    tmp_path: Path, command: str, answer: str, state: str
) -> None:
    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        setattr(office, command, lambda what: answer)
        await one.receive(message())
        await one.until((state, 1))
        setattr(office, command, lambda what: "250 OK")
        await one.receive(message())
        await one.again()
        again = ("dead", 1) if state == "dead" else ("delivered", 2)
        await one.until(again, ("delivered", 1))


async def test_who_has_the_mail_does_not_get_it_again_while_it_is_tried_for_others(
    tmp_path: Path,
) -> None:
    async with post_office() as (office, port), shop(tmp_path, BOTH, smtp=smtp(port)) as one:
        office.rcpt = starts("b@example.org", answer="450 mailbox busy")
        await one.receive(message())
        await one.until(("pending", 1))
        assert [taken.to for taken in office.letters] == [["a@example.org"]]
        office.rcpt = lambda recipient: "250 OK"
        await one.again()
        await one.until(("delivered", 2))
        assert [taken.to for taken in office.letters] == [["a@example.org"], ["b@example.org"]]
        assert len({taken.mail["Message-ID"] for taken in office.letters}) == 1


async def test_who_is_refused_for_good_is_told_of_and_is_not_tried_again(tmp_path: Path) -> None:
    three = {"email": ("a@example.org", "b@example.org", "c@example.org")}
    refused = {"b@example.org": "550 unknown", "c@example.org": "450 busy"}
    asked: list[str] = []

    def rcpt(recipient: str) -> str:
        asked.append(recipient)
        return refused.get(recipient, "250 OK")

    async with post_office() as (office, port), shop(tmp_path, three, smtp=smtp(port)) as one:
        office.rcpt = rcpt
        await one.receive(message())
        await one.until(("pending", 1))
        del refused["c@example.org"], asked[:]
        await one.again()
        await one.until(("dead", 2))
        assert asked == ["c@example.org"]
        assert "refuses it for b@example.org" in await problem(one)
        assert Counter(to for taken in office.letters for to in taken.to) == {
            "a@example.org": 1,
            "c@example.org": 1,
        }


async def test_a_mail_whose_answer_is_lost_is_sent_again_under_its_id(tmp_path: Path) -> None:
    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        office.hang_up = True
        await one.receive(message())
        await one.until(("pending", 1))
        await one.again()
        await one.until(("delivered", 2))
        first, second = office.letters
        assert first.octets == second.octets


async def test_300_mails_to_a_server_that_is_down_at_first(tmp_path: Path) -> None:
    port = free_port()
    office = PostOffice()
    stutters = iter(range(10_000))

    def data(taken: Any) -> str:
        n = next(stutters)
        return "451 later" if n % 7 == 3 else "250 OK"

    office.data = data
    async with shop(tmp_path, TO, smtp=smtp(port)) as one:
        for n in range(300):
            await one.receive(message(f"number {n}", sender=f"+4477009{n:05d}"))
        await until(lambda: one.handlers.subscribers["h1"].failures)
        async with post_office(port, office=office):

            async def all_taken() -> bool:
                one.clock.now += 20
                one.handlers.wake()
                await asyncio.sleep(0.02)
                return {state for state, _ in await one.states()} == {"delivered"}

            await until(all_taken)
    texts = Counter(taken.text.splitlines()[0] for taken in office.letters)
    assert texts == Counter(f"number {n}" for n in range(300)), "none lost, none doubled"
    assert len({taken.mail["Message-ID"] for taken in office.letters}) == 300
    assert office.most_open <= 4
    assert office.connections < 100, "connections are used again"


async def test_a_connection_that_the_server_has_closed_costs_no_try(tmp_path: Path) -> None:
    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        for count in (1, 2):
            await one.receive(message())
            await one.until(*[("delivered", 1)] * count)
            kind = one.handlers.subscribers["h1"].kind
            for client, _ in kind._server._idle:
                client.transport.abort()
        assert office.connections == 2


async def test_an_idle_connection_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server, "IDLE_S", 0.05)
    async with post_office() as (office, port), shop(tmp_path, TO, smtp=smtp(port)) as one:
        await one.receive(message())
        await one.until(("delivered", 1))
        await until(lambda: office.open == 0)


async def test_a_server_that_says_nothing_is_a_failure(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with shop(tmp_path, TO, {"reply": "x"}, smtp=smtp(port, timeout=0.2)) as one:
            await one.receive(message())
            await one.until(("pending", 1), ("delivered", 1))
            assert f"no connection to the mail server at 127.0.0.1:{port}" in await problem(one)


async def test_another_server_is_gone_by_after_a_reload(tmp_path: Path) -> None:
    async with post_office() as (old, port), post_office() as (new, other):
        async with shop(tmp_path, TO, smtp=smtp(port)) as one:
            await one.receive(message())
            await one.until(("delivered", 1))
            section = one.handlers.subscribers["h1"].section
            await one.handlers.follow(Config(handler=(section,), smtp=smtp(other)))
            await one.receive(message())
            await one.until(("delivered", 1), ("delivered", 1))
        assert (len(old.letters), len(new.letters)) == (1, 1)


# --- who it is, and who we are


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(tmp_path: Path, authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*write(tmp_path, authority.issue_cert("localhost", "127.0.0.1")))
    return context


@pytest.fixture
def known(tmp_path: Path, authority: trustme.CA) -> dict[str, Any]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    return {
        "host": "localhost",
        "ca_file": tmp_path / "ca.pem",
        "user": USER,
        "password_file": secret,
    }


@pytest.mark.parametrize("how", ["starttls", "tls"])
async def test_mail_goes_with_tls_and_a_login(
    tmp_path: Path, tls: ssl.SSLContext, known: dict[str, Any], how: str
) -> None:
    async with (
        post_office(tls=tls, at_once=how == "tls", login=True) as (office, port),
        shop(tmp_path / "db", TO, smtp=smtp(port, tls=how, **known)) as one,
    ):
        for count in (1, 2):
            await one.receive(message())
            await one.until(*[("delivered", 1)] * count)
    assert (len(office.letters), office.connections) == (2, 1)


async def test_a_server_that_is_somebody_else_gets_neither_mail_nor_password(
    tmp_path: Path, tls: ssl.SSLContext, known: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    stranger = {**known, "ca_file": None}
    async with (
        post_office(tls=tls) as (office, port),
        shop(tmp_path / "db", TO, smtp=smtp(port, tls="starttls", **stranger)) as one,
    ):
        await one.receive(message())
        await one.until(("pending", 1))
    assert office.letters == []
    async with (
        post_office() as (office, port),  # no STARTTLS there
        shop(tmp_path / "db", TO, smtp=smtp(port, tls="starttls", **known)) as one,
    ):
        await one.again()
        await one.until(("pending", 2))
    assert office.letters == []


async def test_a_password_that_is_wrong_is_told_of_and_never_shown(
    tmp_path: Path, tls: ssl.SSLContext, known: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="modemgw")
    known["password_file"].write_text("correct horse")
    async with (
        post_office(tls=tls, login=True) as (_, port),
        shop(tmp_path / "db", TO, smtp=smtp(port, tls="starttls", **known)) as one,
    ):
        await one.receive(message())
        await one.until(("pending", 1))
        told = await problem(one)
        assert "does not accept the user and password of [smtp]" in told
        known["password_file"].write_text(PASSWORD)
        await one.again()
        await one.until(("delivered", 2))
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("modemgw")]
    assert "correct horse" not in told + "".join(ours)


# --- the configuration

SMTP: dict[str, Any] = {"host": "mail.example.org", "from": "sms@example.org"}
LOGIN: dict[str, Any] = {**SMTP, "user": "u", "password": "secret-word"}
MAILS = {"email": "a@example.org"}


def test_ports_follow_from_tls() -> None:
    config = parse({"smtp": SMTP, "handler": [MAILS]})
    assert config.smtp is not None
    assert (config.smtp.listens_at, config.handler[0].email) == (587, ("a@example.org",))
    assert SmtpSection(**SMTP, tls="tls").listens_at == 465
    assert SmtpSection(**SMTP, tls="none").listens_at == 25


@pytest.mark.parametrize(
    ("smtp", "handler", "wanted"),
    [
        (None, MAILS, r"\[smtp\] with host and from"),
        (SMTP, {"email": []}, "needs at least one address"),
        (SMTP, {"email": "A <a@example.org>"}, "an address such as"),
        (SMTP, {"email": "a@example.org\r\nBcc: b@x.org"}, "an address such as"),
        (SMTP, {"email": "ä@example.org"}, "an address such as"),
        ({**SMTP, "from": "x"}, MAILS, "smtp.from: this must be an address such as"),
        ({**SMTP, "host": "a b"}, MAILS, "a host's name or an address"),
        ({**SMTP, "user": "u"}, MAILS, "user goes with password"),
        ({**SMTP, "password": "secret-word"}, MAILS, "user goes with password"),
        (
            {**SMTP, "user": "u", "password": "secret-word", "password_file": "/x"},
            MAILS,
            "not both",
        ),
        ({**SMTP, "user": "u", "password": "secret-word", "tls": "none"}, MAILS, "for all to read"),
        ({**SMTP, "user": "u", "password": 7}, MAILS, "smtp.password"),
        ({**SMTP, "colour": 1}, MAILS, "there is no such key; there is host, .* from,"),
        (SMTP, {**MAILS, "subject": "{{ nothing }}"}, "there is no nothing"),
    ],
)
def test_what_cannot_be_is_refused_without_secrets(smtp: Any, handler: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted) as refused:
        parse({"handler": [handler]} | ({} if smtp is None else {"smtp": smtp}))
    assert "secret-word" not in str(refused.value)


def test_a_password_may_be_in_the_clear_on_this_machine() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        SmtpSection(**{**SMTP, "host": host}, user="u", password="p", tls="none")


def test_a_password_file_that_cannot_be_used_is_told_of(tmp_path: Path) -> None:
    section = SmtpSection(**SMTP, user="u", password_file=tmp_path / "none")
    with pytest.raises(ConfigError, match=r"password_file .*none cannot be read: No such file"):
        section.read_password()
    for content in ("", "a\nb\n"):
        (tmp_path / "none").write_text(content)
        with pytest.raises(ConfigError, match="must hold one line"):
            section.read_password()
