"""Handlers get what came in, at least once; replies go out exactly once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from labs.answering import answering
from labs.clock import FakeClock
from labs.raw_sql import raw

from modemgw.config import HandlerMatch, HandlerSection, SmtpSection
from modemgw.gateway.admission.results import Accepted, Idempotency
from modemgw.gateway.deliveries import Deliveries
from modemgw.gateway.deliveries.matching import find, of_message
from modemgw.gateway.deliveries.outcome import Taken
from modemgw.gateway.deliveries.patience import OF_HANDLERS
from modemgw.gateway.deliveries.reply import Reply
from modemgw.gateway.errors import FieldProblem, Rejected, Unavailable
from modemgw.store import AnsweredBefore, Payload, Store, Transaction
from modemgw.store.records import Inbound, NewMessage
from modemgw.store.sqlite import FILE_NAME, SqliteStore


def message(text: str = "STATUS now", sender: str = "+447700900555", **more: Any) -> Inbound:
    values: dict[str, Any] = {
        "id": "in_1",
        "sender": sender,
        "to": None,
        "text": text,
        "data": None,
        "encoding": "gsm7",
        "parts_total": 1,
        "parts": (),
        "complete": True,
        "modem": "m1",
        "sim": "1",
        "sent_at": None,
        "received_at": 0.0,
        **more,
    }
    return Inbound(**values)


def pending_for(tx: Transaction, n: int, *subscribers: str, at: float = 0.0) -> None:
    """The inbound message `n` is pending for these, as from a database of before."""
    raw(tx).executemany(
        "INSERT INTO deliveries (subscriber, type, inbound, state, tries, next_at, created_at) "
        "VALUES (?, 'inbound.received', ?, 'pending', 0, ?, 0)",
        [(subscriber, n, at) for subscriber in subscribers],
    )


class Shop:
    """Handlers over a real store."""

    def __init__(
        self,
        store: Store,
        clock: FakeClock,
        sections: list[HandlerSection],
        smtp: SmtpSection | None = None,
    ) -> None:
        self.store, self.clock = store, clock
        self.replies: list[NewMessage] = []
        self.refuse: list[Exception] = []
        self.sent: list[NewMessage] = []
        """What functions of handlers have sent."""
        self.answering = answering(self._reply, self._send)
        self.handlers = Deliveries(
            sections,
            store=store,
            answering=self.answering,
            smtp=smtp,
            clock=clock,
            random=Random(1),
        )
        self.n = 0

    async def _reply(self, new: NewMessage, then: Callable[[Transaction], None]) -> None:
        if self.refuse:
            raise self.refuse.pop(0)
        await self.store.write(then, then=lambda _: self.replies.append(new))

    async def _send(
        self,
        new: NewMessage,
        /,
        *,
        key: str,
        idempotency: Idempotency | None = None,
        automatic: bool = False,
    ) -> Accepted:
        """As the gateway does: once for each Idempotency-Key."""
        if self.refuse:
            raise self.refuse.pop(0)
        assert idempotency is not None
        asked, id = idempotency, f"msg_{len(self.sent) + 1}"
        try:
            await self.store.write(
                lambda tx: tx.answers.remember(key, asked.key, asked.fingerprint, id.encode()),
                then=lambda _: (self.replies if automatic else self.sent).append(new),
            )
        except AnsweredBefore as before:
            return Accepted(None, before.body)
        return Accepted(None, id.encode())

    async def receive(self, one: Inbound) -> int:
        self.n += 1
        n = self.n
        from dataclasses import replace

        def keep(tx: Transaction) -> None:
            tx.inbound.add(replace(one, id=f"in_{n}"), [])
            tx.events.emit("inbound.received", {"id": f"in_{n}"})

        await self.store.write(keep)
        return n

    async def states(self) -> list[tuple[str, int]]:
        return await self.store.read(
            lambda view: (
                raw(view)
                .execute("SELECT state, tries FROM deliveries ORDER BY inbound, subscriber")
                .fetchall()
            )
        )

    async def until(self, *wanted: tuple[str, int]) -> None:
        try:
            async with asyncio.timeout(60):
                while await self.states() != list(wanted):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            pytest.fail(f"{await self.states()} did not become {wanted}")

    async def again(self) -> None:
        """Time passes until the next try."""
        self.clock.now += 3600
        self.handlers.wake()


@asynccontextmanager
async def shop(
    tmp_path: Path, *sections: dict[str, Any], smtp: SmtpSection | None = None
) -> AsyncIterator[Shop]:
    """Handlers h1, h2, … where they have no other id."""
    clock = FakeClock()
    async with SqliteStore(tmp_path / FILE_NAME, clock=clock) as store:
        named = [{"id": f"h{place}", **section} for place, section in enumerate(sections, 1)]
        one = Shop(store, clock, [HandlerSection(**section) for section in named], smtp)
        task = asyncio.create_task(one.handlers.run())
        try:
            yield one
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await one.handlers.close()


@pytest.mark.parametrize(
    ("match", "one", "wanted"),
    [
        ({}, message("anything"), True),
        ({"keyword": "status"}, message("STATUS"), True),
        ({"keyword": "STATUS"}, message(" status please"), True),
        ({"keyword": "STATUS"}, message("STATUSES"), False),
        ({"keyword": "STATUS"}, message("my STATUS"), False),
        ({"keyword": "STATUS"}, message(""), False),
        ({"keyword": "STATUS"}, message(None, data=b"x"), False),  # type: ignore[arg-type]
        ({"keyword": "straße"}, message("STRASSE 5"), True),
        ({"from_prefix": ("+44",)}, message(), True),
        ({"from_prefix": ("+49",)}, message(), False),
        ({"modem": ("m2",)}, message(), False),
        ({"modem": ("m1",), "keyword": "STATUS"}, message(), True),
    ],
)
def test_a_handler_takes_what_matches(match: dict[str, Any], one: Inbound, wanted: bool) -> None:
    assert (find(HandlerMatch(**match), of_message(one)) is not None) is wanted


async def test_a_reply_goes_to_the_sender_through_the_same_modem_once(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "thanks"}) as one:
        await one.receive(message())
        await one.until(("delivered", 1))
        for _ in range(3):
            await one.again()
            await asyncio.sleep(0.02)
        assert one.replies == [NewMessage(to="+447700900555", text="thanks", modem="m1")]


async def test_a_reply_that_was_given_meanwhile_is_not_given_again(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "thanks"}) as one:
        n = await one.receive(message())
        await one.until(("delivered", 1))
        stale = Payload(n, "h1", "inbound.received", 0.0, {}, message(), 0, "host/run", 0.0, 0.0)
        assert await Reply("thanks", one.answering).deliver(stale) == Taken(recorded=True)
        assert len(one.replies) == 1
        assert await one.states() == [("delivered", 1)]


async def test_a_reply_that_cannot_be_accepted_now_is_tried_again(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "thanks"}) as one:
        one.refuse.append(Unavailable("the disk is full"))
        await one.receive(message())
        await one.until(("pending", 1))
        await one.again()
        await one.until(("delivered", 2))
        assert len(one.replies) == 1


async def test_a_reply_that_never_can_be_sent_is_dead_at_once(tmp_path: Path) -> None:
    async with shop(tmp_path, {"reply": "thanks"}) as one:
        one.refuse.append(Rejected([FieldProblem("to", "no", "no")]))
        await one.receive(message())
        await one.until(("dead", 1))
        await one.receive(message(sender="ACME"))
        await one.until(("dead", 1), ("dead", 1))
        assert one.replies == []


SCRIPT = "import sys; open({!r}, 'a').write(sys.stdin.read() + chr(10)); sys.exit({})"


async def test_a_program_gets_the_message_as_json_and_its_exit_code_counts(
    tmp_path: Path,
) -> None:
    said = tmp_path / "said"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(str(said), 3))
    async with shop(tmp_path, {"exec": (sys.executable, str(script))}) as one:
        await one.receive(message("héllo ☃"))
        await one.until(("pending", 1))
        script.write_text(SCRIPT.format(str(said), 0))
        await one.again()
        await one.until(("delivered", 2))
    lines = [json.loads(line) for line in said.read_text().splitlines()]
    assert [line["text"] for line in lines] == ["héllo ☃"] * 2
    assert lines[0]["from"] == "+447700900555"


async def test_a_program_that_is_not_there_or_hangs_is_a_failure(tmp_path: Path) -> None:
    hang = (sys.executable, "-c", "import time; time.sleep(60)")
    sections: list[dict[str, Any]] = [
        {"exec": ("/nowhere/at/all",)},
        {"exec": hang, "timeout": 0.3},
    ]
    async with shop(tmp_path, *sections) as one:
        await one.receive(message())
        await one.until(("pending", 1), ("pending", 1))


@asynccontextmanager
async def hook(answers: list[int]) -> AsyncIterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=answers.pop(0) if answers else 200)

    app = web.Application()
    app.router.add_post("/hook", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook")), got


async def test_a_webhook_is_tried_again_after_server_errors_until_it_takes_it(
    tmp_path: Path,
) -> None:
    async with (
        hook([500, 503, 429, 200]) as (url, got),
        shop(tmp_path, {"webhook": url}) as one,
    ):
        await one.receive(message())
        for tries in (1, 2, 3):
            await one.until(("pending", tries))
            await one.again()
        await one.until(("delivered", 4))
        assert [g["id"] for g in got] == ["in_1"] * 4


async def test_a_webhook_that_says_no_gets_the_message_never_again(tmp_path: Path) -> None:
    async with hook([404]) as (url, got), shop(tmp_path, {"webhook": url}) as one:
        await one.receive(message())
        await one.until(("dead", 1))
        await one.again()
        await asyncio.sleep(0.05)
        assert len(got) == 1


async def test_after_the_last_try_a_delivery_is_dead(tmp_path: Path) -> None:
    tries_of_all = OF_HANDLERS.tries
    assert tries_of_all is not None
    async with (
        hook([500] * (tries_of_all + 5)) as (url, got),
        shop(tmp_path, {"webhook": url}) as one,
    ):
        await one.receive(message())
        for tries in range(1, tries_of_all):
            await one.until(("pending", tries))
            await one.again()
        await one.until(("dead", tries_of_all))
        assert len(got) == tries_of_all


async def test_what_was_pending_before_a_restart_is_delivered_after_it(tmp_path: Path) -> None:
    async with hook([500]) as (url, got):
        async with shop(tmp_path, {"webhook": url}) as one:
            await one.receive(message())
            await one.until(("pending", 1))
        async with shop(tmp_path, {"webhook": url}) as one:
            await one.again()
            await one.until(("delivered", 2))
        assert len(got) == 2


async def test_a_slow_handler_does_not_hold_up_others(tmp_path: Path) -> None:
    hang = (sys.executable, "-c", "import time; time.sleep(60)")
    sections = [
        {"exec": hang, "match": {"keyword": "SLOW"}},
        {"reply": "quick", "match": {"keyword": "QUICK"}},
    ]
    async with shop(tmp_path, *sections) as one:
        await one.receive(message("slow"))
        await asyncio.sleep(0.1)
        await one.receive(message("quick"))
        await one.until(("claimed", 0), ("delivered", 1))


async def test_many_pending_deliveries_are_made_a_few_at_a_time(
    tmp_path: Path,
) -> None:
    at_once: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        at_once.append(at_once[-1] + 1 if at_once else 1)
        await asyncio.sleep(0.01)
        at_once.append(at_once[-1] - 1)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", answer)
    async with (
        TestServer(app) as server,
        shop(tmp_path, {"webhook": str(server.make_url("/hook")), "at_once": 3}) as one,
    ):
        for _ in range(20):
            await one.receive(message())
        await one.until(*[("delivered", 1)] * 20)
    assert 1 < max(at_once) <= 3


async def test_what_is_pending_for_a_handler_that_is_gone_is_given_up(tmp_path: Path) -> None:
    async with hook([500]) as (url, _), shop(tmp_path, {"webhook": url}) as one:
        await one.receive(message())
        await one.until(("pending", 1))
    async with shop(tmp_path) as one:
        await one.again()
        await one.until(("dead", 1))
        problem = "SELECT problem FROM delivery_outcomes ORDER BY n DESC LIMIT 1"
        rows = await one.store.read(lambda view: raw(view).execute(problem).fetchall())
        assert rows == [("who was to get this is no longer configured",)]


async def test_handlers_change_while_they_run(tmp_path: Path) -> None:
    async with hook([500]) as (broken, _), hook([]) as (url, got), shop(tmp_path) as one:
        await one.receive(message())
        await asyncio.sleep(0.05)
        assert await one.states() == [], "nobody wanted it"
        one.handlers.reconfigure([HandlerSection(id="orders", webhook=broken)])
        await one.receive(message())
        await one.until(("pending", 1))
        one.handlers.reconfigure([HandlerSection(id="orders", webhook=url)])
        await one.again()
        await one.until(("delivered", 2))
        assert len(got) == 1, "what is pending follows the id"
        one.handlers.reconfigure([])
        await one.receive(message())
        await asyncio.sleep(0.05)
        assert await one.states() == [("delivered", 2)]
