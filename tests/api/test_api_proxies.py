"""Where a client is, behind whatever stands before the gateway; and who may say so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from modemgw.api.proxies import PROXIES, UNIX, Proxies, client_address, read_address
from modemgw.config import ConfigError, HttpSection, parse

TRUSTED = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"]


def client(peer: str, *lines: str, header: Any = "X-Forwarded-For", trusted: Any = TRUSTED) -> str:
    http = HttpSection(trusted_proxies=trusted, forwarded_header=header)
    return Proxies(http).client(peer, lines)


@pytest.mark.parametrize(
    ("peer", "lines", "found"),
    [
        ("192.0.2.9", ["203.0.113.7"], "192.0.2.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["1.1.1.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["2001:DB8::0007"], "2001:db8::7"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        ("2001:db8:1::5", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["203.0.113.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7, , 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["203.0.113.7, <script>"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        (UNIX, ["203.0.113.7"], UNIX),
    ],
)
def test_x_forwarded_for_is_read_from_the_right_as_far_as_it_is_trusted(
    peer: str, lines: list[str], found: str
) -> None:
    assert client(peer, *lines) == found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["for=203.0.113.7"], "203.0.113.7"),
        (["For=203.0.113.7;proto=https;by=10.0.0.1"], "203.0.113.7"),
        (['for="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::17"),
        (["for=1.1.1.1, for=203.0.113.7;proto=http, for=10.2.2.2"], "203.0.113.7"),
        (["for=1.1.1.1", "for=203.0.113.7"], "203.0.113.7"),
        (['for=1.1.1.1;x="a,for=2.2.2.2;b", proto=http;for=203.0.113.7'], "203.0.113.7"),
        (['for="203.0.113\\.7:80"'], "203.0.113.7"),
        (["for=203.0.113.7, for=unknown"], "127.0.0.1"),
        (["for=203.0.113.7, for=_hidden"], "127.0.0.1"),
        (["for=203.0.113.7, proto=https"], "127.0.0.1"),
        (['for="1.1.1.1, for=203.0.113.7'], "127.0.0.1"),
        (["203.0.113.7"], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
def test_forwarded_is_read_as_rfc_7239_has_it(lines: list[str], found: str) -> None:
    assert client("127.0.0.1", *lines, header="Forwarded") == found


def test_the_unix_socket_is_trusted_by_name() -> None:
    assert client(UNIX, "203.0.113.7", trusted=["unix"]) == "203.0.113.7"
    assert client("127.0.0.1", "203.0.113.7", trusted=["unix"]) == "127.0.0.1"


@pytest.mark.parametrize(
    "text", ["", "a", "1.2.3", "1.2.3.4:99999999", "[::1", "::1]x", "1.2.3.4/8"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "proxy.example", "", "10.0.0.0/40"])
def test_a_proxy_that_is_no_address_is_named(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.trusted_proxies: .*nor a network \(10.0.0.0/8\)"):
        parse({"http": {"trusted_proxies": [wrong]}})


def test_only_the_header_that_the_proxies_write_counts() -> None:
    """The other one goes through them as a client wrote it."""
    app = web.Application()
    app[PROXIES] = Proxies(HttpSection(trusted_proxies=("192.0.2.1",)))
    request = make_mocked_request(
        "GET", "/", {"Forwarded": "for=6.6.6.6", "X-Forwarded-For": "203.0.113.7"}, app=app
    ).clone(remote="192.0.2.1")
    assert client_address(request) == "203.0.113.7"
    request = make_mocked_request("GET", "/", {"Forwarded": "for=6.6.6.6"}, app=app)
    assert client_address(request.clone(remote="192.0.2.1")) == "192.0.2.1"


@asynccontextmanager
async def asked(app: web.Application, site: type[web.BaseSite], *where: Any) -> AsyncIterator[None]:
    runner = web.AppRunner(app)
    await runner.setup()
    await site(runner, *where).start()
    yield
    await runner.cleanup()


async def test_the_address_is_that_of_the_connection(tmp_path) -> None:
    found: list[str] = []

    async def show(request: web.Request) -> web.Response:
        found.append(client_address(request))
        return web.Response()

    app = web.Application()
    app[PROXIES] = Proxies(HttpSection())
    app.router.add_get("/", show)
    path = str(tmp_path / "socket")
    async with asked(app, web.UnixSite, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
        await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert found == [UNIX]
