"""The pieces that commands are made of."""

from __future__ import annotations

import asyncio
import logging
import os
import socket

import pytest

from modemgw.cli.notify import Notifier
from modemgw.cli.output import cell, clean, clip
from modemgw.cli.reload import changes, reload
from modemgw.config import load, parse

MODEM = {"id": "m1", "device": "/dev/a", "pin": "1234"}


def test_text_from_outside_cannot_reach_the_terminal():
    assert clean("a\x1b[31mb\nc\u202ed\x00") == "a�[31mb⏎c�d�"
    assert clean("Grüße 👋 и привет") == "Grüße 👋 и привет"
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
    task = asyncio.create_task(notifier.keep_alive())
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    for _ in range(3):
        assert await asyncio.wait_for(loop.sock_recv(listener, 100), 5) == b"WATCHDOG=1"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_watchdog_of_another_process_is_not_fed():
    notifier = Notifier({"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"})
    assert notifier.watchdog_s is None
    await notifier.keep_alive()


def test_what_has_changed_is_named_by_its_key():
    old = parse({"modem": [MODEM]})
    new = parse(
        {
            "http": {"listen": "127.0.0.1:9"},
            "modem": [
                MODEM | {"weight": 2, "limits": {"per_day": 3}},
                MODEM | {"id": "m2", "device": "b"},
            ],
        }
    )
    assert sorted(changes(old, new)) == [
        "http.listen",
        "modem.m1.limits.per_day",
        "modem.m1.weight",
        "modem.m2",
    ]
    assert list(changes(old, old)) == []


def test_a_reload_takes_over_what_it_can_and_says_what_it_cannot(tmp_path, caplog):
    logger = logging.getLogger("modemgw")
    before = logger.level
    file = tmp_path / "modemgw.toml"
    file.write_text("")
    running = load(file)
    file.write_text(
        '[gateway]\nlog_level = "warning"\n[[modem]]\nid = "m1"\ndevice = "/a"\npin = "4711"\n'
    )
    try:
        after = reload(file, running)
        assert logger.level == logging.WARNING
    finally:
        logger.setLevel(before)
    assert after.gateway.log_level == "warning"
    assert after.modem == ()
    assert "reloaded: gateway.log_level" in caplog.messages
    assert "modem.m1 has changed: it takes effect when the daemon is restarted" in caplog.messages
    assert "4711" not in caplog.text


def test_a_reload_of_a_wrong_file_changes_nothing(tmp_path, caplog):
    file = tmp_path / "modemgw.toml"
    file.write_text("")
    running = load(file)
    file.write_text('[gateway]\nlog_level = "loud"\n')
    assert reload(file, running) is running
    assert "gateway.log_level" in caplog.text
