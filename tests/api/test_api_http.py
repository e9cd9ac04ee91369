"""What no well-behaved client sends, on a real socket."""

from __future__ import annotations

import asyncio
import json
import logging
import zlib

import pytest

from modemgw.api.server import bind, serve
from modemgw.config import HttpSection

POST = (
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-send\r\n"
    b"Content-Type: application/json\r\n"
)
BODY = b'{"to": "+447700900001", "text": "x"}'


@pytest.fixture
async def port(gateway):
    bound = bind(HttpSection(listen="127.0.0.1:0"))
    async with serve(gateway, bound, HttpSection(max_body_bytes=4096)):
        yield bound.getsockname()[1]


async def exchange(port, request):
    """Status, headers and body of the answer to `request`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(5):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length")
            )
            return int(head.split()[1]), head, json.loads(await reader.readexactly(length))
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        POST + b"Content-Length: many\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabcde",
        POST + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
    ],
    ids=["garbage", "TLS", "long header", "no length", "broken chunk", "broken gzip"],
)
async def test_what_is_no_http_is_a_problem_and_leaves_no_traceback(port, request_, caplog):
    caplog.set_level(logging.INFO)
    status, head, problem = await exchange(port, request_)
    assert status == 400
    assert "application/problem+json" in head
    assert problem["type"] == "urn:modemgw:problem:bad-request"
    assert not caplog.records


async def test_a_client_that_leaves_in_the_middle_of_its_body_leaves_no_traceback(
    port, gateway, caplog
):
    caplog.set_level(logging.INFO)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    status, _, _ = await exchange(port, POST + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY))
    assert status == 202
    assert len(gateway.sending.sent) == 1
    assert not caplog.records


async def test_a_compressed_body_may_not_be_larger_than_an_open_one(port):
    bomb = zlib.compress(b" " * 1_000_000)
    status, _, problem = await exchange(
        port, POST + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    )
    assert (status, problem["type"]) == (413, "urn:modemgw:problem:too-large")


async def test_another_charset_than_utf_8_is_refused(port):
    request = POST.replace(b"json", b"json; charset=latin1") + b"Content-Length: 2\r\n\r\n{}"
    status, _, problem = await exchange(port, request)
    assert (status, problem["type"]) == (415, "urn:modemgw:problem:unsupported-media-type")


async def test_requests_are_logged_at_debug_without_query_and_body(port, caplog):
    caplog.set_level(logging.DEBUG)
    await exchange(
        port,
        b"GET /v1/messages?to=%2B447700900001 HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer key-read\r\n\r\n",
    )
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("modemgw.api")]
    assert len(lines) == 1
    assert lines[0].startswith("GET /v1/messages -> 200 in ")
