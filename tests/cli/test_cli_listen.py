"""`modemgw listen`: a program on this machine gets what happens as a webhook would bring it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from click.testing import CliRunner
from labs.daemon import Daemon, command, daemon, environment, until_ready, write_config
from labs.waiting import until

from modemgw.cli import main
from modemgw.client import Client, webhook
from modemgw.client.webhook import WebhookEvent
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEXT = "a secret text"
TO = "+447700900111"


@pytest.fixture
async def bank(tmp_path) -> AsyncIterator[Bank]:
    settings = BankSettings(modems=1, part_seconds=0.05, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        yield bank


@dataclass
class Receiver:
    """The program that is being written."""

    url: str = ""
    secret: str = SECRET
    answer: Callable[[web.Request], Awaitable[web.Response]] | None = None
    got: list[WebhookEvent] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        event = webhook.verify(await request.read(), request.headers, self.secret)
        assert request.content_type == "application/json"
        self.got.append(event)
        self.ids.append(request.headers["webhook-id"])
        return web.Response() if self.answer is None else await self.answer(request)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    app = web.Application()
    app.router.add_post("/hook", one.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield one
    await runner.cleanup()


@dataclass
class Listening:
    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@asynccontextmanager
async def listening(running: Daemon, url: str, *options: str, key: str | None = None):
    """The command until it is left by Ctrl-C, which is no failure."""
    process = await asyncio.create_subprocess_exec(
        *command("listen", "--forward-to", url, "--after", "0", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(MODEMGW_URL=running.url, MODEMGW_KEY=key or running.key),
    )
    one = Listening(process)

    async def read(stream, lines):
        while line := await stream.readline():
            lines.append(line.decode().rstrip())

    readers = asyncio.gather(read(process.stdout, one.lines), read(process.stderr, one.errors))
    try:
        yield one
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(10):
            assert await process.wait() == 0, one.errors
            await readers
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        readers.cancel()
        await asyncio.gather(readers, return_exceptions=True)


async def sent(running: Daemon, **more) -> str:
    async with Client(running.url, running.key) as client:
        message = await client.send(TO, TEXT, wait=30, **more)
        assert message.status == "delivered"
        return message.id


async def test_what_happens_comes_as_a_webhook_would_bring_it(bank, tmp_path, receiver):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        identifier = await sent(running)
        async with listening(running, receiver.url, "--secret", SECRET) as one:
            await until(lambda: "message.delivered" in receiver.types)
            bank.smsc.inject("+447700900222", bank.modems[0].number, "an answer")
            await until(lambda: "inbound.received" in receiver.types)
            await until(lambda: len(one.lines) == len(receiver.got))
        of_message = [event for event in receiver.got if event.type.startswith("message.")]
        assert [e.type for e in of_message] == [
            "message.queued", "message.sent", "message.delivered",
        ]  # fmt: skip
        async with Client(running.url, running.key) as client:
            whole = await client.message(identifier)
            assert [event.message for event in of_message] == [whole] * 3, "as GET gives it"
            (event,) = [event for event in receiver.got if event.type == "inbound.received"]
            assert event.inbound == await client.inbound(event.inbound.id)
            assert event.inbound.text == "an answer"
        assert receiver.got[0].type == "modem.ready"
        assert receiver.got[0].data["modem"] == "m1"
        assert len(set(receiver.ids)) == len(receiver.ids)
        shown = "\n".join(one.lines)
        assert f"message.delivered {identifier} -> 200 in " in shown
        for private in (TEXT, TO, TO[1:], "an answer", "900222"):
            assert private not in shown
        assert SECRET not in shown
        assert not any("secret" in line for line in one.errors), "its owner knows it"


async def test_a_secret_is_made_and_told_at_the_start(bank, tmp_path, receiver):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        async with listening(running, receiver.url, "--types", "message.*") as one:
            await until(lambda: len(one.errors) == 2)
            receiver.secret = one.errors[1].rpartition(" ")[2]
            assert receiver.secret.startswith("whsec_")
            await sent(running)
            await until(lambda: len(receiver.got) == 3)


async def test_a_type_that_there_is_not_is_said(bank, tmp_path):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        code, _, err = await running.cli("listen", "--forward-to", "x", "--types", "mesage.sent")
        assert code == 1
        assert "message.sent" in err


async def test_only_what_is_wanted_comes(bank, tmp_path, receiver):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        await sent(running)
        wanted = await sent(running, reference="order 7")
        options = ("--secret", SECRET, "--types", "message.*", "--reference", "order 7")
        async with listening(running, receiver.url, *options):
            await until(lambda: len(receiver.got) == 3)
        assert {event.message.id for event in receiver.got} == {wanted}


async def test_a_key_that_may_see_one_side_gets_that(bank, tmp_path, receiver):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        await sent(running)
        key = create_key(tmp_path / "data" / FILE_NAME, "in", ["inbound"])
        async with listening(running, receiver.url, "--secret", SECRET, key=key):
            bank.smsc.inject("+447700900222", bank.modems[0].number, "an answer")
            await until(lambda: receiver.got)
        assert receiver.types == ["inbound.received"]


async def test_what_the_program_answers_is_told_and_the_next_comes(bank, tmp_path, receiver):
    behaviours = iter(["500", "302", "hang", "close", "flood"])

    async def answer(request: web.Request) -> web.Response:
        match next(behaviours, "200"):
            case "hang":
                await asyncio.sleep(30)
            case "close":
                assert request.transport is not None
                request.transport.abort()
            case "flood":
                return web.Response(body=b"x" * 10_000_000)
            case "302":
                return web.Response(status=302, headers={"Location": receiver.url})
            case status:
                return web.Response(status=int(status))
        return web.Response()

    receiver.answer = answer
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        await sent(running)
        await sent(running)
        options = ("--secret", SECRET, "--types", "message.*", "--timeout", "1")
        async with listening(running, receiver.url, *options) as one:
            await until(lambda: len(one.lines) == 6)
        ends = [line.partition(" -> ")[2] for line in one.lines]
        assert [end.split(" ")[0] for end in ends] == ["500", "302", "no", "no", "200", "200"]
        assert len(receiver.got) == 6, "none is sent again, and no redirect is followed"


async def test_a_program_that_is_not_there_yet_is_told(bank, tmp_path):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        async with listening(running, "localhost:1/hook", "--secret", SECRET) as one:
            await until(lambda: one.lines)
        assert "-> no answer: " in one.lines[0]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--forward-to", "ftp://x"], "http://localhost"),
        (["--forward-to", "http://"], "http://localhost"),
        (["--forward-to", "localhost:port"], "http://localhost"),
        (["--forward-to", "localhost:1", "--secret", "x"], "whsec_"),
        ([], "--forward-to"),
    ],
)
def test_what_is_wrong_with_the_options_is_said(options, why):
    result = CliRunner().invoke(main, ["listen", "--key", "k", *options])
    assert result.exit_code == 2
    assert why in result.output
