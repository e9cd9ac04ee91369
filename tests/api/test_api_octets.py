"""Octets that are not UTF-8, and characters that do something, in every place of a request."""

from __future__ import annotations

import asyncio
import logging

import pytest

from modemgw.api.app import ENDPOINTS
from modemgw.api.server import bind, serve
from modemgw.config import HttpSection, parse
from modemgw.gateway import Gateway
from modemgw.store.sqlite import FILE_NAME, create_key

BODY = b'{"to":"+447700900001","text":"x"}'
BAD = [
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\xe2\x80\xae",
    "é".encode(),
    b"\\ud800",
]
ESCAPED = [b"%FF", b"%00", b"%ED%A0%80", b"%0A", b"%1B%5B2J", b"%E2%80%AE", b"%", b"%zz"]
HEADERS = [
    b"Authorization: Bearer %s",
    b"Authorization: %s",
    b"Idempotency-Key: %s",
    b"Last-Event-ID: %s",
    b"Content-Type: application/json; charset=%s",
    b"Content-Type: %s",
    b"Content-Encoding: %s",
    b"Accept: %s",
    b"Expect: %s",
    b"Host: %s",
    b"X-Forwarded-For: %s",
    b"Cookie: a=%s",
    b"If-None-Match: %s",
    b"Range: bytes=%s",
    b"Prefer: %s",
    b"X-%s: x",
]


@pytest.fixture
async def served(tmp_path):
    config = parse({"gateway": {"data_dir": tmp_path}, "modem": [{"id": "m1", "device": "/none"}]})
    token = create_key(tmp_path / FILE_NAME, "app", ["admin"]).encode()
    http = HttpSection(listen="127.0.0.1:0")
    bound = bind(http)
    async with Gateway.open(config) as gateway, serve(gateway, bound, http):
        yield bound.getsockname()[1], b"Authorization: Bearer " + token


async def ask(port, method, target, *headers, body=b""):
    """Status and head of the answer, which must be there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [method.encode() + b" " + target + b" HTTP/1.1", *headers]
    if not any(header.startswith(b"Host:") for header in headers):
        lines.append(b"Host: x")
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    return int(head.split()[1]), head


def check(status, head, caplog):
    assert status < 500 or "/readyz" in head
    if status >= 400:
        assert "application/problem+json" in head
    assert "Server: modemgw\r\n" in head
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


@pytest.mark.parametrize("header", HEADERS)
async def test_in_headers(served, caplog, header):
    port, key = served
    for octets in (*BAD, b"\xff" * 5000):
        for method, target, body in (
            ("POST", b"/v1/messages", BODY),
            ("GET", b"/v1/messages", b""),
            ("GET", b"/healthz", b""),
            ("GET", b"/v1/events", b""),
        ):
            keys = [] if header.startswith(b"Authorization") else [key]
            status, head = await ask(port, method, target, *keys, header % octets, body=body)
            check(status, head, caplog)


@pytest.mark.parametrize("octets", BAD + ESCAPED)
async def test_in_paths_queries_and_bodies(served, caplog, octets):
    port, key = served
    for endpoint in ENDPOINTS:
        path = endpoint.path.encode().replace(b"{id}", octets)
        targets = [path] if b"{id}" in endpoint.path.encode() else []
        if endpoint.query is not None:
            names = [f.alias or n for n, f in endpoint.query.model_fields.items()]
            targets += [path + b"?%s=%s" % (name.encode(), octets) for name in names]
            targets.append(path + b"?%s=1" % octets)
        for target in targets:
            body = b'{"code":"*100#"}' if endpoint.body is not None else b""
            status, head = await ask(port, endpoint.method, target, key, body=body)
            check(status, head, caplog)
        if endpoint.body is not None:
            for body in (
                octets,
                b'"%s"' % octets,
                b'{"%s":1}' % octets,
                BODY[:-2] + octets + b'"}',
            ):
                status, head = await ask(port, "POST", endpoint.path.encode(), key, body=body)
                check(status, head, caplog)
    status, head = await ask(port, "GET", b"/" + octets, key)
    check(status, head, caplog)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ((b"GET", b"/healthz", b"Expect: something"), 417),
        ((b"GET", b"/v1/messages?limit=1&limit=2"), 422),
        ((b"GET", b"/v1/messages?cursor="), 422),
        ((b"GET", b"/v1/messages?cursor=1_0"), 422),
        ((b"GET", b"/v1/messages?" + b"&".join(b"a%d=1" % n for n in range(700))), 422),
    ],
)
async def test_what_is_odd_is_a_problem(served, caplog, request_, status):
    port, key = served
    method, target, *headers = request_
    found, head = await ask(port, method.decode(), target, key, *headers)
    assert found == status, head
    check(found, head, caplog)
