"""`modemgw demo`, as a person runs it."""

from __future__ import annotations

import os
import pty
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from modemgw.cli import demo, demo_script
from modemgw.cli.demo_script import MESSAGES
from modemgw.client.answers import Message

pytestmark = pytest.mark.e2e

DEMO = (sys.executable, "-m", "modemgw", "demo")


def test_the_demo_meets_every_fate_within_twenty_seconds():
    begin = time.monotonic()
    done = subprocess.run(
        [*DEMO, "--once", "--port", "0"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert time.monotonic() - begin < 20
    for message in MESSAGES:
        assert f"{message.what} {message.status}" in done.stdout


def test_the_demo_shows_itself_on_a_terminal():
    code, shown = on_terminal("--once", "--port", "0")
    assert code == 0, shown
    assert "undelivered" in shown
    assert "Traceback" not in shown


def test_the_demo_runs_on_until_ctrl_c_and_can_be_used():
    def use(shown):
        url = re.findall(r"MODEMGW_URL=(\S+)", shown)[0]
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            assert answer.status == 200

    code, shown = on_terminal("--port", "0", until="modems list", then=use)
    assert code == 0, shown
    assert "Traceback" not in shown


def test_the_demo_takes_the_next_port_when_its_own_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo._bind_free(port) as bound:
            assert port < bound.getsockname()[1] <= port + demo.PORTS_TRIED


def test_what_differs_is_told():
    wanted = MESSAGES[0]
    message = Message({"status": "failed", "parts": [{}, {}]})
    assert demo_script._compare(wanted, message) == [
        f"a short text to {wanted.to} should be delivered, but is failed",
        "a short text should have 1 parts, not 2",
    ]


def on_terminal(*arguments, until=None, then=None):
    """Exit code and output of the demo on a terminal; after `until` it gets Ctrl-C."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", COLUMNS="120", LINES="50")
        os.execv(DEMO[0], [*DEMO, *arguments])  # the child becomes the demo
    shown = ""
    try:
        while True:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk.decode(errors="replace")
            if until is not None and until in shown:
                until = None
                then(shown)
                os.write(terminal, b"\x03")
    finally:
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown
