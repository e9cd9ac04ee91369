"""The unix socket: who may connect is settled before anybody can, and all limits hold there too."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import socket
import stat
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modemgw.api.server import ListenError, bind, serve
from modemgw.config import ConfigError, HttpSection, parse

KEY = b"Authorization: Bearer key-admin\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + KEY
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
FOLLOW = b"GET /v1/events HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"
LIMITS: dict[str, Any] = {"header_timeout": 0.2, "body_timeout": 0.2, "idle_timeout": 0.3}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mode", "found"), [("0660", 0o660), ("600", 0o600), ("0666", 0o666)])
def test_the_file_has_the_mode_that_is_configured_whatever_the_umask(tmp_path, mode, found):
    path = tmp_path / "socket"
    before = os.umask(0o077)
    try:
        with bind(HttpSection(listen=f"unix:{path}", unix_mode=mode)):
            assert mode_of(path) == found
    finally:
        os.umask(before)


def test_nobody_can_connect_before_it_has_its_mode(tmp_path, monkeypatch):
    path = tmp_path / "socket"
    seen = []
    chmod = Path.chmod

    def looked_at(self, mode):
        seen.append(mode_of(self))
        with socket.socket(socket.AF_UNIX) as early, pytest.raises(ConnectionRefusedError):
            early.connect(str(self))
        chmod(self, mode)

    monkeypatch.setattr(Path, "chmod", looked_at)
    with bind(HttpSection(listen=f"unix:{path}")):
        assert seen == [0o600]
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(path))


def test_the_file_has_the_group_that_is_configured(tmp_path):
    own = set(os.getgroups()) | {os.getegid()}
    if os.geteuid() == 0:  # may give to any
        own |= {one.gr_gid for one in grp.getgrall()}
    number = max(own)
    path = tmp_path / "socket"
    group = grp.getgrgid(number).gr_name
    with bind(HttpSection(listen=f"unix:{path}", unix_group=group)):
        assert path.stat().st_gid == number


def test_a_group_that_there_is_not_is_said_and_nothing_is_left(tmp_path):
    path = tmp_path / "socket"
    with pytest.raises(ListenError, match=r"no group 'nobodies'.*\(http\.unix_group\)"):
        bind(HttpSection(listen=f"unix:{path}", unix_group="nobodies"))
    assert not path.exists()


def test_a_group_of_others_is_said_with_what_would_help(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    path = tmp_path / "socket"
    group = grp.getgrgid(os.getegid()).gr_name
    with pytest.raises(ListenError, match=r"of which it is no member; `usermod .*unix_group"):
        bind(HttpSection(listen=f"unix:{path}", unix_group=group))
    assert not path.exists()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"unix_mode": 660}, 'octal file mode in quotes, such as "0660"'),
        ({"unix_mode": "0888"}, "octal file mode"),
        ({"unix_mode": "4755"}, "octal file mode"),
        ({"unix_mode": "rw-rw----"}, "octal file mode"),
        ({"unix_group": "adm"}, "unix_group is for unix:/path"),
    ],
)
def test_what_is_no_mode_is_named(table, why):
    with pytest.raises(ConfigError, match=why):
        parse({"http": table})


# --- limits


@asynccontextmanager
async def served(gateway, tmp_path, **limits: Any):
    http = HttpSection(listen=f"unix:{tmp_path}/socket", **LIMITS | limits)
    async with serve(gateway, bind(http), http):
        yield http.unix_path


async def ask(path, sent=b""):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(sent)
    return reader, writer


async def answer(reader):
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length:")[2].split()[0])
        return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def test_headers_bodies_and_idle_connections_have_their_time(gateway, tmp_path):
    async with served(gateway, tmp_path) as path:
        for begun in (b"GET /hea", POST + b"Content-Length: 100\r\n\r\n{"):
            reader, writer = await ask(path, begun)
            status, problem = await answer(reader)
            assert (status, problem["type"]) == (408, "urn:modemgw:problem:request-timeout")
            writer.close()
        for begun in (b"", HEALTH):
            reader, writer = await ask(path, begun)
            async with asyncio.timeout(10):
                await reader.read()
            writer.close()


async def test_caps_on_bodies_streams_and_connections_hold(gateway, tmp_path):
    limits = {"max_body_bytes": 1024, "max_streams_per_key": 2, "max_connections": 8}
    patient = dict.fromkeys(LIMITS, 60)
    async with served(gateway, tmp_path, **limits | patient) as path:
        reader, writer = await ask(path, POST + b"Content-Length: 10000000\r\n\r\n{")
        assert (await answer(reader))[0] == 413
        writer.close()
        lines = [await ask(path, FOLLOW) for _ in range(2)]
        for reader, _ in lines:
            assert b"200 OK" in await reader.readline()
        lines.append(await ask(path, FOLLOW))
        assert (await answer(lines[-1][0]))[0] == 429
        lines += [await ask(path) for _ in range(30)]
        for _ in range(10):
            lines.append(await ask(path, HEALTH))
            assert (await answer(lines[-1][0]))[0] == 200
        for _, writer in lines:
            writer.transport.abort()
