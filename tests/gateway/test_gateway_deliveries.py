"""Handlers that misbehave: nothing that they do reaches the daemon, or one another."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from labs.clock import FakeClock
from labs.loop_lag import lag
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import Shop, hook, message, pending_for, shop

from modemgw.config import ConfigError, HandlerSection, parse
from modemgw.gateway.deliveries import child, queue
from modemgw.gateway.deliveries.child import clean_environment
from modemgw.gateway.deliveries.subscriber import made_up_id, named
from modemgw.gateway.errors import Unavailable
from modemgw.store import StoreUnavailable
from modemgw.store.sqlite import FILE_NAME, SqliteStore

PYTHON = sys.executable


@asynccontextmanager
async def kept(tmp_path: Path, *sections: dict[str, Any]) -> AsyncIterator[Shop]:
    """A shop whose task must still be there at the end."""
    async with shop(tmp_path, *sections) as one:
        yield one
        running = [t for t in asyncio.all_tasks() if "Deliveries.run" in repr(t.get_coro())]
        assert len(running) == 1, "the queue's task has ended"


blocked = threading.Event()


@pytest.fixture(autouse=True)
def _fresh() -> Any:
    blocked.clear()
    yield
    blocked.set()


# --- programs


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"exec": ("/bin/sh", "-c", script), **more}


async def test_a_program_is_over_when_it_ends_whoever_holds_its_standard_error(
    tmp_path: Path,
) -> None:
    async with kept(tmp_path, shell("sleep 100 & exit 0", timeout=90)) as one:
        begun = time.monotonic()
        await one.receive(message())
        await one.until(("delivered", 1))
        assert time.monotonic() - begun < 80


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60 & echo $! >>pids; sleep 60 & echo $! >>pids; wait",
        "trap '' TERM; (trap '' TERM; sleep 60 & echo $! >>pids; wait) & echo $! >>pids; wait",
        "sh -c 'echo $$ >>pids; sleep 60 | sleep 60'",
        "setsid sh -c 'echo $$ >>pids; sleep 60' & wait",
        "setsid sh -c 'trap \"\" TERM; echo $$ >>pids; sleep 60' & wait",
        "set -m; sh -c 'echo $$ >>pids; sleep 60' & set +m; wait",
    ],
)
async def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.2)
    pids = tmp_path / "pids"
    script = script.replace("pids", str(pids))
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    for timeout in (0.5, 10.0):
        pids.write_text("")
        section = shell(f"echo $$ >>{pids}; {script}", timeout=timeout)
        async with kept(tmp_path / f"{timeout}", section) as one:
            await one.receive(message())
            await one.until(("pending", 1))
        if len(pids.read_text().split()) == 1 + script.count(">>"):
            break  # else the machine was too busy to begin all of them
    async with asyncio.timeout(60):
        while alive := [int(p) for p in pids.read_text().split() if _lives(int(p))]:
            await asyncio.sleep(0.02)
    assert not alive
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_program_that_heeds_sigterm_may_tidy_up(tmp_path: Path) -> None:
    tidy = tmp_path / "tidy"
    script = f"trap 'echo yes >{tidy}; exit 1' TERM; sleep 60 & wait"
    async with kept(tmp_path, shell(script, timeout=0.5)) as one:
        await one.receive(message())
        await one.until(("pending", 1))
        assert tidy.read_text() == "yes\n"


async def test_what_is_under_way_is_ended_when_the_gateway_is(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $! >{pids}; echo $$ >>{pids}; wait"
    async with shop(tmp_path, shell(script)) as one:
        await one.receive(message())
        async with asyncio.timeout(60):
            while not pids.exists() or len(pids.read_text().split()) < 2:
                await asyncio.sleep(0.01)
    assert not [p for p in pids.read_text().split() if _lives(int(p))]


async def test_a_program_that_says_200_mb_is_heard_to_its_end_in_little_memory(
    tmp_path: Path,
) -> None:
    flood = (
        "import sys; block = b'x' * 1_000_000\n"
        "for _ in range(200): sys.stderr.buffer.write(block); sys.stdout.buffer.write(block)\n"
        "sys.stderr.buffer.write(b'\\nthe end'); sys.stderr.flush(); sys.exit(1)"
    )
    async with kept(tmp_path, {"exec": (PYTHON, "-c", flood), "timeout": 60}) as one:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await one.receive(message())
        await one.until(("pending", 1))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        (problem,) = await one.store.read(
            lambda view: raw(view).execute("SELECT problem FROM delivery_outcomes").fetchone()
        )
    assert grown < 30_000, f"{grown} kB"
    assert problem.endswith("the end")


async def test_a_flood_leaves_the_event_loop_to_others(tmp_path: Path) -> None:
    async with kept(tmp_path, shell("yes >&2", timeout=1.5)) as one:
        await one.receive(message())
        await asyncio.sleep(0.2)
        async with lag() as longest:
            await asyncio.sleep(1)
        assert longest[0] < 0.05
        await one.until(("pending", 1))


@pytest.mark.parametrize("length", [10, 200_000])
async def test_a_program_need_not_read_what_it_is_told(tmp_path: Path, length: int) -> None:
    async with kept(tmp_path, shell("exit 0"), shell("exec 0<&-; sleep 0.1")) as one:
        await one.receive(message("x" * length))
        await one.until(("delivered", 1), ("delivered", 1))


async def test_a_program_knows_nothing_of_the_services_environment_or_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {
        "NOTIFY_SOCKET": "/run/notify",
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "LISTEN_FDS": "1",
        "LISTEN_PID": "1",
        "CREDENTIALS_DIRECTORY": "/run/credentials",
        "INVOCATION_ID": "1",
        "JOURNAL_STREAM": "1:2",
        "DATABASE_PASSWORD": "hunter2",
        "LD_PRELOAD_NOT": "x",
        "PYTHONPATH": "/elsewhere",
    }
    for name, value in {**secret, "LC_TIME": "C", "MODEMGW_URL": "http://x"}.items():
        monkeypatch.setenv(name, value)
    said = tmp_path / "said"
    script = (
        "import json, os, sys\n"
        f"with open({str(said)!r}, 'w') as file:\n"
        " json.dump([dict(os.environ), os.getsid(0) == os.getpid(), os.listdir('/proc/self/fd')],"
        " file)"
    )
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    async with kept(tmp_path, {"exec": (PYTHON, "-c", script)}) as one:
        await one.receive(message())
        await one.until(("delivered", 1))
    os.close(reading)
    os.close(writing)
    environment, leads_session, files = json.loads(said.read_text())
    assert not environment.keys() & secret.keys()
    assert (environment["LC_TIME"], environment["MODEMGW_URL"]) == ("C", "http://x")
    assert leads_session
    assert str(writing) not in files
    assert clean_environment({}) == {"PATH": os.defpath}


async def test_a_program_that_cannot_be_run_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("no program")
    sections = [{"exec": (str(tmp_path / "data"),)}, {"exec": ("a\0b",)}, {"exec": ("/none",)}]
    async with kept(tmp_path, *sections) as one:
        await one.receive(message())
        await one.until(*[("pending", 1)] * 3)
    assert "cannot be run: Permission denied" in caplog.text
    assert "/none cannot be run: No such file or directory" in caplog.text


# --- webhooks


@asynccontextmanager
async def redirecting(status: int, location: str) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": location})

    app = web.Application()
    app.router.add_post("/hook", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook"))


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_a_failure_and_goes_nowhere(tmp_path: Path, status: int) -> None:
    got: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        got.append(request.method)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/elsewhere", elsewhere)
    async with (
        TestServer(app) as other,
        redirecting(status, str(other.make_url("/elsewhere"))) as url,
        kept(tmp_path, {"webhook": url}) as one,
    ):
        await one.receive(message())
        await one.until(("pending", 1))
    assert got == []


async def test_an_answer_without_end_is_an_answer(tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        except ConnectionError:
            return response

    app = web.Application()
    app.router.add_post("/hook", endless)
    async with (
        TestServer(app) as server,
        kept(tmp_path, {"webhook": str(server.make_url("/hook")), "timeout": 5}) as one,
    ):
        await one.receive(message())
        await one.until(("delivered", 1))


async def test_a_name_server_that_is_silent_holds_up_its_own_webhook_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    getaddrinfo = socket.getaddrinfo

    def lookup(host: str, *rest: Any, **more: Any) -> Any:
        if host == "silent.example":
            blocked.wait(60)
        return getaddrinfo(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    async with hook([]) as (url, got):
        sections: list[dict[str, Any]] = [
            {"webhook": "http://silent.example/", "timeout": 0.2, "at_once": 16},
            {"webhook": url.replace("127.0.0.1", "localhost")},
        ]
        async with kept(tmp_path, *sections) as one:
            for _ in range(16):
                await one.receive(message())
            async with asyncio.timeout(60):
                while len(got) < 16:
                    await asyncio.sleep(0.01)
            await asyncio.wait_for(asyncio.to_thread(lambda: None), 5)
            blocked.set()


async def test_what_cannot_be_posted_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        sections: list[dict[str, Any]] = [
            {"webhook": f"http://127.0.0.1:{port}/"},
            {"webhook": "http://[not-an-address/"},
            {"webhook": "http://127.0.0.1:99999/"},
        ]
        async with kept(tmp_path, *sections) as one:
            await one.receive(message())
            await one.until(*[("pending", 1)] * 3)


# --- what is pending for whom


def test_ids_made_up_stay_over_changes_of_place() -> None:
    a, b = HandlerSection(webhook="http://a/"), HandlerSection(webhook="http://b/")
    assert list(named([a, b])) == [made_up_id(a), made_up_id(b)]
    assert list(named([b, a])) == [made_up_id(b), made_up_id(a)]
    assert made_up_id(a) != made_up_id(b)
    twice = named([a, a.model_copy(update={"match": {"keyword": "x"}}), b])
    assert list(twice) == [made_up_id(a), f"{made_up_id(a)}-2", made_up_id(b)]
    taken = named([a, HandlerSection(id=made_up_id(a), reply="x")])
    assert len(taken) == 2


def test_two_handlers_cannot_have_the_same_id() -> None:
    with pytest.raises(ConfigError, match="handler id 'x' is used twice"):
        parse({"handler": [{"id": "x", "reply": "a"}, {"id": "x", "reply": "b"}]})


@pytest.mark.parametrize("restart", [False, True])
async def test_what_is_pending_for_one_handler_never_goes_to_another(
    tmp_path: Path, restart: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with hook([500]) as (a, _), hook([]) as (b, got):
        unnamed = {"id": None}
        async with kept(tmp_path, {"webhook": a, **unnamed}) as one:
            await one.receive(message())
            await one.until(("pending", 1))
            if not restart:
                one.handlers.reconfigure([HandlerSection(webhook=b)])
                await one.until(("dead", 1))
                await until(lambda: "is given up (1)" in caplog.text)
        if restart:
            async with kept(tmp_path, {"webhook": b, **unnamed}) as one:
                await one.until(("dead", 1))
                await one.again()
                await one.until(("dead", 1))
    assert got == []
    assert f"a handler without an id is called {made_up_id(HandlerSection(webhook=a))}" in (
        caplog.text
    )
    assert "is no longer configured: what was pending for it is given up (1)" in caplog.text


@pytest.mark.parametrize("id", [None, "mine"])
async def test_a_handler_that_comes_while_the_pending_are_read_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, id: str | None
) -> None:
    section = HandlerSection(id=id, reply="hello")
    async with kept(tmp_path) as one:
        write = one.store.write
        reading, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(work: Any, **how: Any) -> Any:
            result = await write(work, **how)
            reading.set()
            await go_on.wait()
            return result

        def pending_from_before(tx: Any) -> None:
            for n in (1, 2):
                tx.inbound.add(replace(message(), id=f"in_{n}"), [])
                pending_for(tx, n, id or made_up_id(section))

        await one.store.write(pending_from_before)
        monkeypatch.setattr(one.store, "write", slowly)
        one.handlers.wake()
        await reading.wait()
        one.handlers.reconfigure([section])
        monkeypatch.setattr(one.store, "write", write)
        go_on.set()
        await one.until(("delivered", 1), ("delivered", 1))


@pytest.mark.parametrize("named_now", [False, True])
async def test_much_that_is_pending_is_settled_little_by_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named_now: bool
) -> None:
    monkeypatch.setattr(queue, "CHUNK", 3)
    section = HandlerSection(reply="hello")
    async with kept(tmp_path, {"reply": "hello", "id": None}) as one:
        one.refuse += [Unavailable("not now")] * 10
        for n in range(10):  # of one sender they would come one after the other
            await one.receive(message(sender=f"+44770090055{n}"))
        await one.until(*[("pending", 1)] * 10)
        after = section.model_copy(update={"id": "mine"})
        one.handlers.reconfigure([after] if named_now else [])
        await one.until(*[("pending" if named_now else "dead", 1)] * 10)
        if named_now:
            await one.again()
            await one.until(*[("delivered", 2)] * 10)


async def test_what_is_pending_follows_its_handler_to_another_place(tmp_path: Path) -> None:
    async with hook([500]) as (a, got_a), hook([]) as (b, got_b):
        async with kept(tmp_path, {"webhook": a, "id": None}) as one:
            await one.receive(message())
            await one.until(("pending", 1))
            one.handlers.reconfigure([HandlerSection(webhook=b), HandlerSection(webhook=a)])
            await one.again()
            await one.until(("delivered", 2))
        assert (len(got_a), len(got_b)) == (2, 0)


async def test_a_handler_that_is_given_an_id_keeps_what_is_pending(tmp_path: Path) -> None:
    async with hook([500]) as (a, got):
        async with kept(tmp_path, {"webhook": a, "id": None}) as one:
            await one.receive(message())
            await one.until(("pending", 1))
            one.handlers.reconfigure([HandlerSection(id="orders", webhook=a)])
            await one.again()
            await one.until(("delivered", 2))
        assert len(got) == 2


async def test_what_is_under_way_is_not_disturbed_by_its_handlers_end(tmp_path: Path) -> None:
    here, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        here.set()
        await go_on.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", slow)
    async with TestServer(app) as server:
        url = str(server.make_url("/hook"))
        async with kept(tmp_path, {"webhook": url}) as one:
            await one.receive(message())
            await here.wait()
            one.handlers.reconfigure([])
            await asyncio.sleep(0.05)
            go_on.set()
            await one.until(("delivered", 1))


async def test_what_an_older_version_kept_by_place_goes_to_who_is_there_at_the_first_start(
    tmp_path: Path,
) -> None:
    async with hook([]) as (a, got_a), hook([]) as (b, got_b):
        async with SqliteStore(tmp_path / FILE_NAME, clock=FakeClock()) as store:

            def as_before(tx: Any) -> None:
                for n in (1, 2, 3):
                    tx.inbound.add(replace(message(), id=f"in_{n}"), [])
                pending_for(tx, 1, "1:webhook", "2:webhook")
                pending_for(tx, 2, "2:webhook")
                pending_for(tx, 3, "2:exec", "7:reply")
                raw(tx).execute("UPDATE deliveries SET state = 'delivered' WHERE inbound = 2")

            await store.write(as_before)
        async with kept(tmp_path, {"webhook": a}, {"webhook": b, "id": None}) as one:
            wanted = {
                (1, "h1", "delivered"),
                (1, made_up_id(HandlerSection(webhook=b)), "delivered"),
                (2, "2:webhook", "delivered"),
                (3, "2:exec", "dead"),
                (3, "7:reply", "dead"),
            }
            async with asyncio.timeout(60):
                while await _rows(one) != wanted:
                    await asyncio.sleep(0.01)
            one.handlers.reconfigure([HandlerSection(webhook=b), HandlerSection(webhook=a)])
            await one.again()
        assert (len(got_a), len(got_b)) == (1, 1)


async def _rows(one: Shop) -> set[Any]:
    query = "SELECT inbound, subscriber, state FROM deliveries"
    return set(await one.store.read(lambda view: raw(view).execute(query).fetchall()))


# --- each has places of its own


async def test_many_messages_for_a_slow_program_hold_up_no_reply(tmp_path: Path) -> None:
    sections: list[dict[str, Any]] = [
        shell("sleep 60", match={"keyword": "SLOW"}),
        {"reply": "quick", "match": {"keyword": "QUICK"}},
    ]
    async with kept(tmp_path, *sections) as one:
        for _ in range(150):
            await one.receive(message("slow"))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        await one.receive(message("quick"))
        async with asyncio.timeout(60):
            while not one.replies:
                await asyncio.sleep(0.002)
        assert time.monotonic() - begun < 30, "and not the 60 of a program"
        assert len(psutil.Process().children()) <= 4 + 1


async def test_deliveries_put_off_by_a_clock_gone_wrong_are_made(tmp_path: Path) -> None:
    async with hook([500]) as (url, got), kept(tmp_path, {"webhook": url}) as one:
        one.clock.now += 366 * 86400
        await one.receive(message())
        await one.until(("pending", 1))
        one.clock.now -= 366 * 86400
        one.handlers.wake()
        await one.until(("delivered", 2))
        assert len(got) == 2


# --- a store that fails


async def test_a_disk_that_is_full_does_not_keep_others_from_what_is_pending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries to nobody cannot be given up then; those to somebody are made."""
    async with hook([]) as (url, got), shop(tmp_path, {"webhook": url}) as one:

        def full(*_: Any, **__: Any) -> int:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr("modemgw.store.sqlite.deliveries.SqliteDeliveries.bury", full)

        def one_each(tx: Any) -> None:
            tx.inbound.add(message(), [])
            pending_for(tx, 1, "h1", "nobody")

        await one.store.write(one_each)
        one.handlers.wake()
        async with asyncio.timeout(60):
            while not got:
                await asyncio.sleep(0.01)


async def test_a_turn_that_fails_is_taken_again_and_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, shell("sleep 0.3")) as one:
        await one.receive(message())
        await asyncio.sleep(0.1)
        write = one.store.write

        async def fails(work: Any, **how: Any) -> Any:
            raise StoreUnavailable("disk I/O error")

        monkeypatch.setattr(one.store, "write", fails)
        one.handlers.wake()
        await asyncio.sleep(0.1)
        monkeypatch.setattr(one.store, "write", write)
        assert len(psutil.Process().children()) >= 1, "the program runs on"
        task = asyncio.create_task(one.handlers.run())
        await one.until(("delivered", 1))
        await one.receive(message())
        await one.until(("delivered", 1), ("delivered", 1))
        task.cancel()
        await asyncio.wait([task])


async def test_a_result_that_cannot_be_recorded_is_not_tried_without_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hook([]) as (url, got), kept(tmp_path, {"webhook": url}) as one:

        def broken(*_: Any) -> None:
            raise sqlite3.IntegrityError("a fault of ours")

        monkeypatch.setattr("modemgw.store.sqlite.deliveries.SqliteDeliveries.taken", broken)
        sleeps: list[float] = []

        async def sleep(seconds: float) -> None:
            sleeps.append(seconds)
            await asyncio.Event().wait()

        monkeypatch.setattr(one.clock, "sleep", sleep)
        await one.receive(message())
        async with asyncio.timeout(60):
            while not sleeps:
                await asyncio.sleep(0.01)
        for _ in range(20):
            one.handlers.wake()
            await asyncio.sleep(0.005)
        assert len(got) == 1
