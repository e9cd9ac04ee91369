"""HTTPS: what is spoken, who is told what, and that nobody keeps others out by being slow."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import tracemalloc
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from labs.certificates import trusting, write
from labs.waiting import until

from modemgw.api import tls
from modemgw.api.server import bind, serve
from modemgw.api.tls import Tls, TlsError, open_tls
from modemgw.client import Client, Unreachable
from modemgw.config import ConfigError, HttpSection, parse

CA = trustme.CA()
KEY = b"Authorization: Bearer key-admin\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + KEY
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"to": "+447700900001", "text": "x"}'
HELLO = bytes.fromhex("1603010200010001fc0303")
"""How a handshake begins."""
LIMITS: dict[str, Any] = {
    "header_timeout": 0.3,
    "body_timeout": 0.3,
    "idle_timeout": 0.4,
    "send_timeout": 0.3,
}
PATIENT: dict[str, Any] = dict.fromkeys(LIMITS, 60)


def issue(name: str = "localhost", **validity: Any) -> trustme.LeafCert:
    return CA.issue_cert(name, "127.0.0.1", **validity)


@asynccontextmanager
async def served(gateway, directory: Path, **limits: Any):
    chain, key = write(directory, issue())
    files: dict[str, Any] = {"tls_certificate": chain, "tls_key": key}
    http = HttpSection(listen="127.0.0.1:0", **files | LIMITS | limits)
    bound = bind(http)
    port = bound.getsockname()[1]
    async with serve(gateway, bound, http, open_tls(http)) as url:
        assert url == f"https://127.0.0.1:{port}"
        yield port


class Peer:
    """A client on a socket, with TLS or without."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port, send=b"", context=None):
        context = trusting(CA) if context is None else context
        return await cls.plain(port, send, ssl=context, server_hostname="localhost")

    @classmethod
    async def plain(cls, port, send=b"", **how):
        peer = cls(*await asyncio.open_connection("127.0.0.1", port, **how))
        peer.writer.write(send)
        return peer

    async def answer(self):
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].split()[0])
            return int(head.split()[1]), head, json.loads(await self.reader.readexactly(length))

    async def ended(self):
        """What still came when the server has closed."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except (ConnectionError, ssl.SSLError):
                return b""

    def close(self):
        self.writer.transport.abort()


async def is_served(port):
    peer = await Peer.connect(port, HEALTH)
    status, _, _ = await peer.answer()
    peer.close()
    return status == 200


# --- what is spoken


async def test_a_client_that_trusts_the_authority_is_served(gateway, tmp_path):
    async with (
        served(gateway, tmp_path, **PATIENT) as port,
        Client(f"https://localhost:{port}", "key-admin", ssl=trusting(CA)) as client,
    ):
        sent = await client.send("+447700900001", "x")
        assert (await client.message(sent["id"]))["id"] == sent["id"]


async def test_who_does_not_trust_it_is_told_why(gateway, tmp_path):
    async with served(gateway, tmp_path) as port:
        for url, why in (
            (f"https://localhost:{port}", "certificate is not trusted: unable to get local"),
            (f"http://localhost:{port}", "speaks HTTPS"),
        ):
            async with Client(url, "key-admin") as client:
                with pytest.raises(Exception, match=why):
                    await client.modems()
        async with Client(f"https://127.0.0.2:{port}", "k", ssl=trusting(CA)) as client:
            with pytest.raises(Unreachable):
                await client.modems()


async def test_no_tls_before_1_2_and_http_1_1_by_alpn(gateway, tmp_path):
    async with served(gateway, tmp_path) as port:
        context = trusting(CA)
        context.set_alpn_protocols(["h2", "http/1.1"])
        peer = await Peer.connect(port, HEALTH, context)
        assert (await peer.answer())[0] == 200
        spoken = peer.writer.get_extra_info("ssl_object")
        assert (spoken.selected_alpn_protocol(), spoken.version()) == ("http/1.1", "TLSv1.3")
        peer.close()
        context = trusting(CA)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        peer = await Peer.connect(port, HEALTH, context)
        assert (await peer.answer())[0] == 200
        peer.close()
        with pytest.deprecated_call():
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await Peer.connect(port, HEALTH, context)


@pytest.mark.parametrize("request_", [HEALTH, POST + b"\r\n", b"DELETE / HTTP/1.1\r\n\r\n"])
async def test_plain_http_is_told_what_would_be_right(gateway, tmp_path, request_, caplog):
    async with served(gateway, tmp_path) as port:
        peer = await Peer.plain(port, request_)
        status, head, problem = await peer.answer()
        assert (status, problem["type"]) == (400, "urn:modemgw:problem:bad-request")
        assert "https://" in problem["detail"]
        assert "Connection: close" in head
        assert await peer.ended() == b""
        peer.close()
        assert await is_served(port)
    assert not [r for r in caplog.records if r.levelno >= logging.INFO]


# --- who is slow, many, or never goes


@pytest.mark.parametrize("begun", [b"", HELLO, b"\x00", b"\xff" * 300, b"GET"])
async def test_a_handshake_has_an_end(gateway, tmp_path, begun, caplog):
    async with served(gateway, tmp_path) as port:
        peer = await Peer.plain(port, begun)
        assert b"HTTPS" in await peer.ended() or begun != b"GET"
        peer.close()
        assert await is_served(port)
    assert not [r for r in caplog.records if r.levelno >= logging.INFO]


@pytest.mark.parametrize("begun", [b"", HELLO, b"GET"], ids=["silent", "hello", "plain"])
async def test_who_is_in_a_handshake_gives_way(gateway, tmp_path, begun):
    async with served(gateway, tmp_path, max_connections=8, **PATIENT) as port:
        peers = [await Peer.plain(port, begun) for _ in range(40)]
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            for _ in range(20):
                assert await is_served(port)
        for peer in peers:
            peer.close()


@pytest.mark.parametrize(
    "slow",
    [b"", b"GET /hea", POST + b"Content-Length: 100\r\n\r\n{", HEALTH],
    ids=["silent", "headers", "body", "idle"],
)
async def test_who_keeps_the_gateway_waiting_gives_way(gateway, tmp_path, slow):
    """Also one who does not answer that it is closed: TLS would have the gateway wait for that."""
    async with served(gateway, tmp_path, max_connections=8, **PATIENT) as port:
        peers = []
        for _ in range(20):
            peer = await Peer.connect(port, slow)
            peer.writer.transport.pause_reading()
            peers.append(peer)
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            for _ in range(20):
                assert await is_served(port)
        for peer in peers:
            peer.close()


async def test_headers_and_bodies_have_their_time(gateway, tmp_path):
    async with served(gateway, tmp_path) as port:
        for begun in (b"GET /hea", POST + b"Content-Length: 100\r\n\r\n{"):
            peer = await Peer.connect(port, begun)
            status, _, problem = await peer.answer()
            assert (status, problem["type"]) == (408, "urn:modemgw:problem:request-timeout")
            peer.close()
        peer = await Peer.connect(port, HEALTH)
        assert (await peer.answer())[0] == 200
        assert await peer.ended() == b""
        peer.close()


async def test_a_connection_holds_little_and_a_large_body_comes_through(gateway, tmp_path):
    async with served(gateway, tmp_path, **PATIENT) as port:
        assert await is_served(port)
        tracemalloc.start()
        try:
            peers = [await Peer.connect(port) for _ in range(20)]
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held / len(peers) < 250_000  # both ends; asyncio's own would be 512 KiB and more
        body = b'{"to": "+447700900001", "text": "x", "tags": ["' + b" " * 2_000_000 + b'"]}'
        peers[0].writer.write(POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        status, _, problem = await peers[0].answer()
        assert (status, problem["type"]) == (422, "urn:modemgw:problem:invalid-fields")
        for peer in peers:
            peer.close()


async def test_an_answer_that_nobody_reads_is_given_up(gateway, tmp_path, monkeypatch):
    from modemgw.api import connections
    from modemgw.store.records import NewMessage

    monkeypatch.setattr(connections, "MIN_RATE", 1 << 30)
    for n in range(1000):
        gateway.messages.add(NewMessage(to="+447700900001", text="x" * 30_000, reference=str(n)))
    async with served(gateway, tmp_path) as port:
        ask = b"GET /v1/messages?limit=1000 HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"
        peer = await Peer.connect(port)
        peer.writer.transport.pause_reading()
        peer.writer.write(ask)
        await asyncio.sleep(1.5)
        peer.writer.transport.resume_reading()
        assert len(await peer.ended()) < 30_000_000
        peer.close()


async def test_caps_on_bodies_and_streams_hold(gateway, tmp_path):
    limits = {"max_body_bytes": 1024, "max_streams_per_key": 2} | PATIENT
    async with served(gateway, tmp_path, **limits) as port:
        peer = await Peer.connect(port, POST + b"Content-Length: 10000000\r\n\r\n{")
        assert (await peer.answer())[0] == 413
        peer.close()
        follow = b"GET /v1/events HTTP/1.1\r\nHost: x\r\n" + KEY + b"\r\n"
        streams = [await Peer.connect(port, follow) for _ in range(2)]
        for stream in streams:
            assert b"200 OK" in await stream.reader.readline()
        third = await Peer.connect(port, follow)
        status, head, problem = await third.answer()
        assert (status, problem["type"]) == (429, "urn:modemgw:problem:too-many-streams")
        assert "Retry-After" in head
        for stream in (*streams, third):
            stream.close()


# --- files


def encrypted(key: Path) -> None:
    secret = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )


WRONG = {
    "no certificate": (lambda chain, key: chain.unlink(), r"there is no file .*tls_certificate"),
    "no key": (lambda chain, key: key.unlink(), r"there is no file .*tls_key"),
    "a directory": (lambda chain, key: (key.unlink(), key.mkdir()), r"is no file \(http.tls_key"),
    "another key": (
        lambda chain, key: key.write_bytes(issue().private_key_pem.bytes()),
        r"key in .*privkey.pem is not that of the first certificate in .*fullchain.pem",
    ),
    "encrypted": (lambda chain, key: encrypted(key), "privkey.pem is encrypted, and nobody"),
    "empty": (lambda chain, key: chain.write_bytes(b""), "no certificate in PEM"),
    "half": (lambda chain, key: chain.write_bytes(chain.read_bytes()[:300]), "cannot be used"),
    "DER": (
        lambda chain, key: chain.write_bytes(ssl.PEM_cert_to_DER_cert(chain.read_text())),
        "no certificate in PEM",
    ),
    "no key in it": (lambda chain, key: key.write_bytes(chain.read_bytes()), "no private key"),
    "large": (lambda chain, key: chain.write_bytes(b"x" * (2 << 20)), "larger than"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_the_files_is_said_at_the_start(tmp_path, wrong):
    chain, key = write(tmp_path, issue())
    spoil, why = WRONG[wrong]
    spoil(chain, key)
    with pytest.raises(TlsError, match=why):
        open_tls(HttpSection(tls_certificate=chain, tls_key=key))


def test_a_file_that_may_not_be_read_is_said(tmp_path, monkeypatch):
    chain, key = write(tmp_path, issue())
    opened = Path.open

    def refuse(self, *how):
        if self == key:
            raise PermissionError(13, "Permission denied")
        return opened(self, *how)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TlsError, match=r"privkey.pem cannot be read: Permission denied; the user"):
        open_tls(HttpSection(tls_certificate=chain, tls_key=key))


def test_certificate_and_key_may_be_one_file(tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(issue().private_key_and_cert_chain_pem.bytes())
    assert open_tls(HttpSection(tls_certificate=both)) is not None
    assert open_tls(HttpSection()) is None


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [(-20, -1, "it ended on"), (-20, 3, "it ends on"), (2, 20, "not valid before"), (-1, 90, "")],
)
def test_a_certificate_that_clients_refuse_is_warned_of(tmp_path, caplog, begins, ends, why):
    now = datetime.now(UTC)
    cert = issue(not_before=now + timedelta(days=begins), not_after=now + timedelta(days=ends))
    chain, key = write(tmp_path, cert)
    assert open_tls(HttpSection(tls_certificate=chain, tls_key=key)) is not None
    assert [why in r.getMessage() for r in caplog.records] == [True] * bool(why)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"tls_key": "/k"}, "tls_key is given, but no tls_certificate"),
        ({"tls_certificate": "/c", "listen": "unix:/run/s"}, "is for HOST:PORT"),
    ],
)
def test_what_does_not_fit_is_refused(table, why):
    with pytest.raises(ConfigError, match=why):
        parse({"http": table})


# --- renewal


async def serial_of(port: int) -> int:
    """The number of the certificate that a new connection is shown."""
    peer = await Peer.connect(port)
    shown = peer.writer.get_extra_info("peercert")
    peer.close()
    return int(shown["serialNumber"], 16)


def number(directory: Path) -> int:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate((directory / "fullchain.pem").read_bytes()).serial_number


async def test_a_renewal_by_links_is_picked_up_and_old_connections_go_on(
    gateway, tmp_path, monkeypatch
):
    """As certbot has it: a directory for each, and links that are moved one after the other."""
    monkeypatch.setattr(tls, "LOOK_S", 0.02)
    live = tmp_path / "live"
    live.mkdir()
    places = [tmp_path / "1", tmp_path / "2"]
    for place in places:
        place.mkdir()
        write(place, issue())

    def point(name: str, place: Path) -> None:
        link = live / f"{name}.new"
        link.symlink_to(place / name)
        link.rename(live / name)

    names = ("fullchain.pem", "privkey.pem")
    for name in names:
        point(name, places[0])
    http = HttpSection(
        listen="127.0.0.1:0",
        tls_certificate=live / names[0],
        tls_key=live / names[1],
        **PATIENT,
    )
    bound = bind(http)
    port = bound.getsockname()[1]
    async with serve(gateway, bound, http, open_tls(http)):
        old = await Peer.connect(port, HEALTH)
        assert (await old.answer())[0] == 200
        assert await serial_of(port) == number(places[0])
        for name in names:
            point(name, places[1])

        async def renewed() -> bool:
            return await serial_of(port) == number(places[1])

        await until(renewed, 10)
        old.writer.write(HEALTH)
        assert (await old.answer())[0] == 200
        old.close()


async def test_half_a_renewal_keeps_the_old_pair_and_says_so_once(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    chain, key = write(tmp_path, issue())
    pair = Tls(chain, key)
    before = pair.context
    new = issue()
    chain.write_bytes(new.cert_chain_pems[0].bytes())
    for _ in range(3):
        await pair.refresh()
    assert pair.context is before
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "read before stays in use: the key in" in caplog.text
    key.write_bytes(new.private_key_pem.bytes())
    await pair.refresh()
    assert pair.context is not before
    assert "new connections get the certificate" in caplog.records[-1].getMessage()


async def test_files_that_are_away_for_a_moment_change_nothing(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    chain, key = write(tmp_path, issue())
    pair = Tls(chain, key)
    before = pair.context
    content = key.read_bytes()
    key.unlink()
    for _ in range(3):
        await pair.refresh()
    assert pair.context is before
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    key.write_bytes(content)
    await pair.refresh()
    await pair.refresh()
    assert len(caplog.records) == 2


async def test_nothing_is_read_anew_that_has_not_changed(tmp_path, monkeypatch):
    chain, key = write(tmp_path, issue())
    pair = Tls(chain, key)
    monkeypatch.setattr(tls, "load", None)
    await pair.refresh()


async def test_a_watch_that_is_ended_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "LOOK_S", 0.001)
    watching = asyncio.create_task(Tls(*write(tmp_path, issue())).watch())
    await asyncio.sleep(0.05)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert watching.cancelled()
