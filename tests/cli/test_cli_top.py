"""`modemgw top`: its panes and keys before a gateway in memory, and before the real one."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestServer
from labs.bank import bank_of
from labs.daemon import daemon, until_ready, write_config
from labs.fake_gateway import FakeGateway
from textual.pilot import Pilot
from textual.widgets import DataTable, RichLog, Static

from modemgw.api.app import create_app
from modemgw.api.openapi.examples import MODEM, SIM_CARD
from modemgw.cli.sparkline import sparkline
from modemgw.cli.top import cells
from modemgw.cli.top.app import TopApp
from modemgw.cli.top.dialogs import Confirm, Keys, TraceView
from modemgw.cli.top.pace import Pace
from modemgw.cli.top.picture import COUNTED, Picture, Queue
from modemgw.client import Client, Retry, answers
from modemgw.clock import SystemClock
from modemgw.config import HttpSection
from modemgw.gateway import Conflict, ModemView
from modemgw.store import StoreUnavailable

IMPATIENT = Retry(tries=1, first_s=0.01, longest_s=0.05, patience_s=0.1)
EVIL = "\x1b[31m[bold]evil[/bold]\nforged"


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@asynccontextmanager
async def shown(
    gateway: FakeGateway, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    """The screen, before a gateway in memory, once it was looked at."""
    web = create_app(cast(Any, gateway), HttpSection(), heartbeat_s=0.05)
    async with (
        TestServer(web) as server,
        Client(str(server.make_url("/")), "key-admin", retry=IMPATIENT) as client,
    ):
        app = TopApp(client, clock=SystemClock(), every_s=0.05)
        async with app.run_test(size=size, notifications=True) as pilot:
            await comes(lambda: app.watcher.answered_at is not None)
            yield pilot


async def comes(condition: Callable[[], object], within: float = 20) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


def top(pilot: Pilot[None]) -> TopApp:
    return cast(TopApp, pilot.app)


def head(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen_stack[0].query_one("#head", Static).render())


def rows(pilot: Pilot[None], name: str) -> list[list[str]]:
    table = pilot.app.screen_stack[0].query_one(f"#{name}", DataTable)
    return [[str(one) for one in table.get_row_at(n)] for n in range(table.row_count)]


def happenings(pilot: Pilot[None]) -> str:
    log = pilot.app.screen_stack[0].query_one("#events", RichLog)
    return "\n".join(line.text for line in log.lines)


async def test_modems_queue_and_readiness_are_shown(gateway: FakeGateway) -> None:
    gateway.health.troubles.append("the disk is slow")
    async with shown(gateway) as pilot:
        await comes(lambda: rows(pilot, "modems"))
        (row,) = rows(pilot, "modems")
        assert row[:3] == ["m1", "ready", "Example"]
        assert row[3].split() == ["-71", sparkline([-73, -71])]
        assert (row[5], row[6]) == ("7", "6")
        assert [row[0] for row in rows(pilot, "queues")] == ["otp", "transactional", "promotional"]
        assert "1/1 modems" in head(pilot)
        assert "1 alert " in head(pilot)
        alerts = str(pilot.app.query_one("#alerts", Static).render())
        assert "the disk is slow" in alerts


@pytest.mark.parametrize(
    ("size", "visible"),
    [((80, 24), {"events"}), ((200, 60), {"sims", "queue", "events"})],
)
async def test_a_small_screen_has_one_pane_and_a_large_one_all(
    gateway: FakeGateway, size: tuple[int, int], visible: set[str]
) -> None:
    async with shown(gateway, size) as pilot:
        await pilot.press("4")
        panes = ("sims", "queue", "events")
        assert {p for p in panes if pilot.app.query_one(f"#{p}").display} == visible
        assert pilot.app.query_one("#modems").region.height >= 8
        for pane in visible:
            assert pilot.app.query_one(f"#{pane}").region.height >= 5
        if len(visible) == 1:
            await pilot.press("tab")
            assert [p for p in panes if pilot.app.query_one(f"#{p}").display] == ["sims"]
        await pilot.resize_terminal(*((200, 60) if size == (80, 24) else (80, 24)))
        await comes(lambda: len(rows(pilot, "modems")) == 1)
        shown_now = sum(pilot.app.query_one(f"#{p}").display for p in panes)
        assert shown_now == (3 if size == (80, 24) else 1)


@pytest.mark.parametrize(("key", "verb"), [("p", "pause"), ("r", "resume"), ("R", "restart")])
async def test_a_modem_is_controlled_once_it_is_confirmed(
    gateway: FakeGateway, key: str, verb: str
) -> None:
    async with shown(gateway) as pilot:
        await comes(lambda: rows(pilot, "modems"))
        await pilot.press(key)
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press("R", "t", "n")
        assert gateway.modems.calls == []
        await pilot.press(key, "y")
        await comes(lambda: gateway.modems.calls)
        assert gateway.modems.calls == [(verb, "m1")]


async def test_what_the_gateway_refuses_is_told(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(_: str) -> ModemView:
        raise Conflict("not while it is so")

    monkeypatch.setattr(gateway.modems, "pause", pause)
    async with shown(gateway) as pilot:
        await comes(lambda: rows(pilot, "modems"))
        await pilot.press("p", "y")
        await comes(lambda: [n for n in top(pilot)._notifications if "not while" in n.message])


async def test_the_chosen_modem_stays_chosen_on_another_screen(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = gateway.modems.view("m1")
    many = [replace(one, status=replace(one.status, id=f"m{n}")) for n in range(1, 9)]
    monkeypatch.setattr(gateway.modems, "views", lambda: many)
    monkeypatch.setattr(gateway.modems, "signal", lambda _: [])
    monkeypatch.setattr(gateway.modems, "pause", lambda id: many[0] if calls.append(id) else one)
    calls: list[str] = []
    async with shown(gateway) as pilot:
        await comes(lambda: len(rows(pilot, "modems")) == 8)
        await pilot.press("down", "down", "down")
        await pilot.resize_terminal(200, 60)
        await comes(lambda: len(rows(pilot, "modems")) == 8)
        await pilot.press("p", "y")
        await comes(lambda: calls)
        assert calls == ["m4"]
        assert str(pilot.app.query_one("#about", Static).render()).startswith("m4: ")


async def test_the_trace_and_the_keys_open_and_close(gateway: FakeGateway) -> None:
    async with shown(gateway) as pilot:
        await comes(lambda: rows(pilot, "modems"))
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, Keys)
        await pilot.press("escape", "t")
        assert isinstance(pilot.app.screen, TraceView)
        log = pilot.app.screen.query_one(RichLog)
        await comes(lambda: any("AT+CUSD" in line.text for line in log.lines))
        await pilot.press("escape")
        assert len(pilot.app.screen_stack) == 1
        await pilot.press("q")
        await comes(lambda: not pilot.app.is_running)


async def test_events_come_and_what_modems_say_cannot_control_the_screen(
    gateway: FakeGateway,
) -> None:
    async with shown(gateway) as pilot:
        await comes(lambda: gateway.events.followers)
        await pilot.press("4")
        gateway.events.happen("alert.raised", modem="m1", reason=EVIL)
        await comes(lambda: "alert.raised" in happenings(pilot))
        assert "\x1b" not in happenings(pilot)
        assert "[bold]evil" in happenings(pilot)


async def test_a_gateway_that_fails_for_a_while_is_told_of_and_looked_at_again(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(gateway) as pilot:
        await comes(lambda: rows(pilot, "modems"))

        def views() -> list[ModemView]:
            raise StoreUnavailable("the disk is gone")

        with monkeypatch.context() as broken:
            broken.setattr(gateway.modems, "views", views)
            await comes(lambda: "STALE" in head(pilot))
            assert rows(pilot, "modems"), "what was known last stays"
        await comes(lambda: "1/1 modems" in head(pilot))
        await pilot.press("4")
        await comes(lambda: "answers again" in happenings(pilot))
        assert "the gateway refuses: " in happenings(pilot)


@pytest.mark.e2e
async def test_a_real_gateway_is_watched_over_its_restart(tmp_path: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    async with bank_of(tmp_path, 2) as bank:
        config = write_config(tmp_path, bank.devices, listen=listen)
        async with daemon(config) as running:
            await until_ready(running.url)
            key = running.key
            client = Client(running.url, key, retry=IMPATIENT)
            await client.__aenter__()
            try:
                app = TopApp(client, clock=SystemClock(), every_s=0.1)
                async with app.run_test(size=(80, 24)) as pilot:
                    await comes(lambda: "2/2 modems" in head(pilot))
                    await pilot.press("4")
                    await client.send("+447700900111", "Hello", wait=20)
                    await comes(lambda: "message.delivered" in happenings(pilot))
                    await pilot.press("p", "y")
                    await comes(lambda: rows(pilot, "modems")[0][1] == "paused")
                    await pilot.press("r", "y")
                    await comes(lambda: rows(pilot, "modems")[0][1] == "ready")
                    await running.end()
                    await comes(lambda: "STALE" in head(pilot))
                    assert "the gateway does not answer: " in happenings(pilot)
                    async with daemon(config) as again:
                        await comes(lambda: "2/2 modems" in head(pilot), 60)
                        await comes(lambda: "answers again" in happenings(pilot))
                        await client.send("+447700900112", "Hello again", wait=20)
                        await comes(lambda: happenings(pilot).count("message.delivered") == 2)
                        await again.end()
            finally:
                await client.__aexit__(None, None, None)
        assert [m.text for m in bank.smsc.messages] == ["Hello", "Hello again"]


# --- in words


def test_a_pace_is_that_of_the_last_minute() -> None:
    pace = Pace()
    assert pace.per_minute is None
    for second in range(121):
        pace.look(float(second), 10 if second < 60 else 10 + (second - 59) * 2)
    assert pace.per_minute == pytest.approx(120, rel=0.05)
    pace.look(121.0, 3)
    assert pace.per_minute is None, "the gateway began anew"
    pace.look(131.0, 8)
    assert pace.per_minute == 30


def test_a_sparkline_goes_from_the_weakest_to_the_strongest() -> None:
    assert sparkline([-113, -51, None, -82, -200, 0]) == "▁█ ▅▁█"


def test_a_queue_says_how_old_it_is_and_when_there_is_more() -> None:
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    few = cells.queue_row(Queue("otp", 3, now - timedelta(seconds=90)), now)
    assert [str(one) for one in few] == ["otp", "3", "2 min"]
    many = cells.queue_row(Queue("otp", COUNTED, now - timedelta(hours=3)), now)
    assert [str(one) for one in many] == ["otp", "100+", "over 3 h"]


def test_alerts_are_told_of_sims_too() -> None:
    sim = SIM_CARD | {
        "breaker": {"state": "barred", "since": None, "next_probe_at": None},
        "balance": cast(dict[str, Any], SIM_CARD["balance"]) | {"low": True},
    }
    picture = Picture(sims=[answers.SimCard(cast(Any, sim))], ready=True)
    assert len(picture.alerts) == 2
    assert "barred" in picture.alerts[0]
    assert "12.34" in picture.alerts[1]
    assert Picture(ready=True).alerts == []


def test_what_a_modem_says_is_no_markup() -> None:
    modem = answers.Modem(cast(Any, MODEM | {"operator": EVIL, "reason": EVIL}))
    told = [str(one) for one in cells.modem_row(modem, Picture(), wide=True)]
    assert not any("\x1b" in one or "\n" in one for one in told)


def test_it_wants_a_terminal_and_nobody_else_waits_for_its_library() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "modemgw", "top", "--key", "x"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert run.returncode == 2
    assert "needs a terminal" in run.stderr
    code = (
        "import sys, modemgw.cli.top.command, modemgw.cli.modems; "
        "assert not [m for m in sys.modules if m.startswith('textual')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
