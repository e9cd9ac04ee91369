"""The pieces that commands are made of."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
from typing import Any, cast

import pytest

from modemgw.cli.notify import Notifier
from modemgw.cli.output import cell, clip
from modemgw.cli.reload import Reloader
from modemgw.plain import printable


def test_text_from_outside_cannot_reach_the_terminal():
    assert printable("a\x1b[31mb\nc\u202ed\x00") == "a�[31mb⏎c�d�"
    assert printable("Grüße 👋 и привет") == "Grüße 👋 и привет"
    assert str(cell("[bold]x[/nothing]")) == "[bold]x[/nothing]"
    assert clip("abcdef", 4) == "abc…"


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_systemd_is_told_where_it_listens(listener):
    Notifier({"NOTIFY_SOCKET": listener.getsockname()}).tell("READY=1")
    assert listener.recv(100) == b"READY=1"


def test_an_abstract_socket_of_systemd_is_told():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0modemgw-test-{os.getpid()}")
        listener.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@modemgw-test-{os.getpid()}"}).tell("STOPPING=1")
        assert listener.recv(100) == b"STOPPING=1"


def test_nobody_to_tell_is_no_fault(tmp_path, caplog):
    Notifier({}).tell("READY=1")
    assert not caplog.records
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")
    assert "cannot be told" in caplog.text


async def test_the_watchdog_is_fed_at_half_its_period(listener):
    notifier = Notifier({"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "20000"})
    assert notifier.watchdog_s == 0.02
    task = asyncio.create_task(notifier.keep_alive(lambda: None))
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    for _ in range(3):
        assert await asyncio.wait_for(loop.sock_recv(listener, 100), 60) == b"WATCHDOG=1"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_watchdog_is_not_fed_while_the_database_hangs(listener):
    notifier = Notifier({"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "20000"})
    stalled = iter(["it hangs", "it hangs", "it hangs"])
    task = asyncio.create_task(notifier.keep_alive(lambda: next(stalled, None)))
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    assert await asyncio.wait_for(loop.sock_recv(listener, 100), 60) == b"WATCHDOG=1"
    assert next(stalled, None) is None, "it was fed only when the last reason was gone"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_watchdog_of_another_process_is_not_fed():
    notifier = Notifier({"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"})
    assert notifier.watchdog_s is None
    await notifier.keep_alive(lambda: None)


class FakeGateway:
    """Is told configurations."""

    def __init__(self, *lines):
        self.lines = list(lines)
        self.modems = self
        self.modem_views = []
        self.told = []
        self.busy = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def views(self):
        return self.modem_views

    async def reconfigure(self, config):
        self.told.append(config)
        self.busy.set()
        await self.go_on.wait()
        return self.lines


@pytest.fixture
def level():
    logger = logging.getLogger("modemgw")
    before = logger.level
    yield logger
    logger.setLevel(before)


async def test_a_reload_removes_the_last_modem_only_where_the_file_says_so(tmp_path, caplog, level):
    file = tmp_path / "modemgw.toml"
    gateway: Any = FakeGateway("modem m1: removed")
    gateway.modem_views = ["m1"]
    for emptied in ("", "[http]\n", "[gateway]\nallow_no_modems = false\n"):
        file.write_text(emptied)
        await Reloader(file, gateway, Notifier({})).reload()
        assert gateway.told == []
        assert "not reloaded" in caplog.text
        assert "allow_no_modems = true" in caplog.text
        caplog.clear()
    file.write_text("[gateway]\nallow_no_modems = true\n")
    await Reloader(file, gateway, Notifier({})).reload()
    assert len(gateway.told) == 1
    gateway.modem_views = []  # there is none to lose
    file.write_text("")
    await Reloader(file, gateway, Notifier({})).reload()
    assert len(gateway.told) == 2


async def test_a_reload_hands_the_file_over_and_logs_what_was_done(tmp_path, caplog, level):
    file = tmp_path / "modemgw.toml"
    file.write_text(
        '[gateway]\nlog_level = "warning"\n[[modem]]\nid = "m1"\ndevice = "/a"\npin = "4711"\n'
    )
    gateway: Any = FakeGateway("modem m1: added")
    await Reloader(file, gateway, Notifier({})).reload()
    assert [c.modem[0].id for c in gateway.told] == ["m1"]
    assert level.level == logging.WARNING
    assert "reloaded: modem m1: added" in caplog.messages
    gateway.lines = []
    await Reloader(file, gateway, Notifier({})).reload()
    assert "reloaded: nothing has changed" in caplog.messages
    assert "4711" not in caplog.text


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            '[gateway]\nlog_level = "loud"\n[http]\nlisten = "x"',
            ["gateway.log_level", "http.listen"],
        ),
        (
            '[[modem]]\nid = "m1"\ndevice = "/a"\npin_file = "/none/pin"\nprofile = "toaster"\n'
            '[[modem]]\nid = "m2"\ndevice = "/b"\nprofile = "fridge"\n',
            ["/none/pin", "toaster", "fridge"],
        ),
        (
            '[[modem]]\nid = "m1"\ndevice = "loop://"\n[[modem]]\nid = "m2"\ndevice = "ttyUSB2"\n'
            '[[modem]]\nid = "m3"\ndevice = "rfc2217://box"\n',
            ["modem m1: device 'loop://'", "modem m2: device 'ttyUSB2'", "modem m3: device 'rfc"],
        ),
    ],
)
async def test_a_wrong_file_changes_nothing_and_each_problem_is_logged(
    tmp_path, caplog, text, problems
):
    file = tmp_path / "modemgw.toml"
    file.write_text(text)
    gateway: Any = FakeGateway()
    await Reloader(file, gateway, Notifier({})).reload()
    assert gateway.told == []
    for problem in problems:
        assert [m for m in caplog.messages if m.startswith("not reloaded: ") and problem in m]


async def test_asked_while_it_reloads_the_newest_file_is_applied_after_that(tmp_path, level):
    file = tmp_path / "modemgw.toml"
    gateway: Any = FakeGateway()
    gateway.go_on.clear()
    reloader = Reloader(file, gateway, Notifier({}))
    running = asyncio.create_task(reloader.run())
    for number in range(1, 5):
        file.write_text(f"[retention]\nevents_days = {number}\n")
        reloader.ask()
        await asyncio.wait_for(gateway.busy.wait(), 60)
    gateway.busy.clear()
    gateway.go_on.set()
    await asyncio.wait_for(gateway.busy.wait(), 60)
    assert [c.retention.events_days for c in gateway.told] == [1, 4]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_systemd_is_told_of_a_reload(tmp_path, listener, level):
    file = tmp_path / "modemgw.toml"
    file.write_text("")
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    reloader = Reloader(file, cast(Any, FakeGateway()), notifier)
    running = asyncio.create_task(reloader.run())
    reloader.ask()
    told = [await asyncio.to_thread(listener.recv, 100) for _ in range(2)]
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=[0-9]+", told[0])
    assert told[1] == b"READY=1"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
