"""Where webhooks may lead: hostile spellings, names that change their mind, silent name servers."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from labs.receiver import receiver as told_at
from labs.telling import message, telling

from modemgw.config import ConfigError, WebhooksSection, parse
from modemgw.gateway.deliveries.addresses import forbidden, meanings
from modemgw.gateway.deliveries.endpoint import callback_id
from modemgw.gateway.deliveries.names import Lookup, look_up
from modemgw.gateway.deliveries.targets import Guard, Refused, Targets
from modemgw.gateway.urls import MAX_LENGTH, PATTERN, UnfitUrl, place_of

METADATA = "169.254.169.254"

GOOD = (
    "http://localhost:5000/hook",
    "http://127.0.0.1/",
    "http://[::1]:8080/a?b=c",
    "http://10.1.2.3",
    "https://192.168.0.7:8443/x/%20y",
    "http://[fd12:3456::1]/",
    "https://hooks.example.com/in?token=a.b~c",
    "HTTPS://Hooks.Example.com./",
    "http://4e5d6f7a8b9c:8000/",  # a container's name
    "http://my_service/",
    "http://xn--bcher-kva.example/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::8.8.8.8]/",
    "http://[64:ff9b:1::8.8.8.8]/",
    "http://[64:ff9b:1:808:8:800::]/",
    "http://a?x",
)

UNFIT = {
    "": "must begin with http",
    "localhost/hook": "must begin with http",
    "ftp://localhost/": "must begin with http",
    "file:///etc/passwd": "must begin with http",
    "javascript:alert(1)": "must begin with http",
    "http:localhost": "must begin with http",
    "http:/localhost/": "must begin with http",
    "http:///localhost": "must name a host",
    "http://:80/": "must name a host",
    "http://?x": "must name a host",
    "http://user:secret@localhost/": "no user name or password",
    f"http://localhost:80@{METADATA}/": "no user name or password",
    f"http://localhost%40{METADATA}/": "is no",
    "http://localhost\\@example.com/": "backslash",
    "http://localhost#@example.com/": "fragment",
    "http://localhost/#top": "fragment",
    " http://localhost/": "no space",
    "http://local host/": "no space",
    "http://localhost/\n": "printable ASCII",
    "http://localhost\x00.example/": "printable ASCII",
    "http://ⓛocalhost/": "printable ASCII",
    "http://１６９.254.169.254/": "printable ASCII",
    "http://169。254。169。254/": "printable ASCII",
    "http://localhost:0/": "from 1 to 65535",
    "http://localhost:65536/": "from 1 to 65535",
    "http://localhost:+80/": "from 1 to 65535",
    "http://localhost:/": "from 1 to 65535",
    "http://localhost:80:80/": "must name a host|from 1 to 65535",
    "http://a..b/": "is no name",
    "http://.example/": "is no name",
    "http://localhost../": "is no name",
    "http://-a.example/": "is no name",
    f"http://{'a' * 64}.example/": "is no name",
    f"http://{'a.' * 127}example/": "is no name",
    "http://%31%36%39.254.169.254/": "is no",
    "http://*/": "is no name",
    # Other ways to write 169.254.169.254, and 127.0.0.1
    "http://2852039166/": f"another way to write {METADATA}",
    "http://0xA9FEA9FE/": f"another way to write {METADATA}",
    "http://0xa9.0xfe.0xa9.0xfe/": f"another way to write {METADATA}",
    "http://0251.0376.0251.0376/": f"another way to write {METADATA}",
    "http://0251.254.0xa9.254/": f"another way to write {METADATA}",
    "http://169.254.43518/": f"another way to write {METADATA}",
    "http://169.16689662/": f"another way to write {METADATA}",
    f"http://{METADATA}./": f"another way to write {METADATA}",
    "http://2130706433/": "another way to write 127.0.0.1",
    "http://127.1/": "another way to write 127.0.0.1",
    "http://0x7f.1./": "another way to write 127.0.0.1",
    "http://0/": "another way to write 0.0.0.0",
    "http://1.2.3.4.5/": "no IPv4 address",
    "http://256.1.1.1/": "no IPv4 address",
    "http://0x/": "no IPv4 address|another way",
    "http://example.0x7f/": "no IPv4 address",
    "http://[::1/": "must name a host",
    "http://::1/": "must name a host|from 1 to",
    "http://[]/": "no IPv6 address",
    "http://[::g]/": "no IPv6 address",
    "http://[v1.x]/": "no IPv6 address",
    "http://[127.0.0.1]/": "no IPv6 address",
    "http://[::1]x/": "must name a host",
    "http://[fe80::1%eth0]/": "zone",
    "http://[fe80::1%25eth0]/": "zone",
    "http://localhost/" + "a" * MAX_LENGTH: "2,000 characters",
}

FORBIDDEN = {
    METADATA: "link-local",
    "169.254.0.1": "link-local",
    "fe80::1": "link-local",
    "febf::1": "link-local",
    "100.100.100.200": "clouds keep",
    "168.63.129.16": "clouds keep",
    "192.0.0.192": "clouds keep",
    "fd00:ec2::254": "clouds keep",
    "fd20:ce::254": "clouds keep",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "::": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "broadcast",
    "240.0.0.1": "reserved",
    "::ffff:169.254.169.254": f"leads to {METADATA}",
    "::ffff:a9fe:a9fe": f"leads to {METADATA}",
    "::ffff:0:a9fe:a9fe": f"leads to {METADATA}",
    "::169.254.169.254": f"leads to {METADATA}",
    "::ffff:0.0.0.0": "leads to 0.0.0.0",
    "::ffff:224.0.0.1": "multicast",
    "64:ff9b::a9fe:a9fe": f"leads to {METADATA}",
    "64:ff9b:1::a9fe:a9fe": f"leads to {METADATA}",
    "64:ff9b:1:a9fe:a9:fe00:808:808": f"leads to {METADATA}",
    "64:ff9b:1:a9fe:a9:fe00::": f"leads to {METADATA}",
    "2002:a9fe:a9fe::1": f"leads to {METADATA}",
    "2001:0:a9fe:a9fe::1": f"leads to {METADATA}",
    "2001:0:808:808::5601:5601": f"leads to {METADATA}",
    "2001:db8::5efe:a9fe:a9fe": f"leads to {METADATA}",
    "fec0::1": "site-local",
}


def written(address: str) -> str:
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"


@pytest.mark.parametrize("url", GOOD)
def test_where_applications_live_may_be_posted_to(url: str) -> None:
    assert Targets(WebhooksSection()).problem(url) is None
    assert re.search(PATTERN, url)


@pytest.mark.parametrize(("url", "why"), UNFIT.items(), ids=[u[:40] for u in UNFIT])
def test_there_is_one_spelling_and_the_others_are_told(url: str, why: str) -> None:
    with pytest.raises(UnfitUrl, match=why):
        place_of(url)
    # What is listed makes no other spelling right: two programs may read it differently.
    assert Targets(WebhooksSection(allow=("0.0.0.0/0", "::/0"))).problem(url) is not None


@pytest.mark.parametrize(("address", "what"), FORBIDDEN.items())
def test_addresses_that_nobody_is_posted_to(address: str, what: str) -> None:
    problem = Targets(WebhooksSection()).problem(written(address))
    assert problem is not None
    assert what in problem
    assert "[webhooks] allow" in problem
    assert Targets(WebhooksSection(allow=(address,))).problem(written(address)) is None


@given(st.text(st.characters(codec="utf-8")) | st.from_regex(r"http://[!-~]{1,20}", fullmatch=True))
def test_whatever_is_taken_looks_like_the_documented_pattern(text: str) -> None:
    for url in (text, f"http://{text}"):
        try:
            place_of(url)
        except UnfitUrl:
            continue
        assert re.fullmatch(PATTERN.removesuffix("$"), url)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_like_those_that_lead_to_it(address: Any) -> None:
    for base in ("::ffff:0:0", "64:ff9b::", "::"):
        six = ip_address(int(ip_address(base)) | int(address))
        if base != "::" or int(address) > 1:
            assert address in meanings(six)
    six_to_four = f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::"
    assert address in meanings(ip_address(six_to_four))
    told = [forbidden(m) for m in meanings(ip_address(f"::ffff:{address}"))]
    assert (forbidden(address) is not None) == any(told)


def test_what_is_listed() -> None:
    targets = Targets(WebhooksSection(allow=("169.254.7.0/24", "printer.local", "*.lab.example")))
    assert targets.problem("http://169.254.7.9/") is None
    assert targets.problem("http://169.254.8.9/") is not None
    assert targets.problem("http://[::ffff:169.254.7.9]/") is None
    there = ip_address("169.254.8.9")
    assert targets.refusal("printer.local", there) is None
    assert targets.refusal("a.lab.example", there) is None
    assert targets.refusal("lab.example", there) is not None
    assert targets.refusal("evil-lab.example", there) is not None
    assert targets.refusal("xprinter.local", there) is not None


def test_only_confines_and_opens_nothing() -> None:
    section = WebhooksSection(
        only=("10.0.0.0/8", "hooks.example", "169.254.0.0/16"), allow=("192.0.2.7",)
    )
    targets = Targets(section)
    assert targets.problem("http://10.1.2.3/") is None
    assert targets.problem("http://192.0.2.7/") is None
    assert "only" in (targets.problem("http://127.0.0.1/") or "")
    assert "link-local" in (targets.problem("http://169.254.1.1/") or "")
    assert targets.refusal("hooks.example", ip_address("198.51.100.1")) is None
    assert targets.refusal("hooks.example", ip_address(METADATA)) is not None
    assert targets.refusal("other.example", ip_address("198.51.100.1")) is not None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("10.0.0.1/8", "this is 10.0.0.0/8; write that"),
        ("http://hooks.example/", "a host's name"),
        ("hooks..example", "a host's name"),
        ("127.1", "a host's name"),
        ("0x7f000001", "a host's name"),
        ("", "a host's name"),
        ("*", "a host's name"),
    ],
)
def test_a_list_that_cannot_be_says_what_would_be_right(entry: str, said: str) -> None:
    for key in ("allow", "only"):
        with pytest.raises(ConfigError, match=rf"webhooks\.{key}\[0\].*{re.escape(said)}"):
            parse({"webhooks": {key: [entry]}})


# --- what is connected to


class NameServer:
    """Answers with the next of `answers` for each look-up; the last is for all that follow."""

    def __init__(self, *answers: str | list[str]) -> None:
        self.answers = [[a] if isinstance(a, str) else a for a in answers]
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, _: int) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        found = []
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            found.append((family, socket.SOCK_STREAM, 6, "", (address, port)))
        return found


class Receiver:
    """A receiver at 127.0.0.1, and a session that is guarded."""

    def __init__(self, port: int, guard: Guard, http: aiohttp.ClientSession) -> None:
        self.port, self.guard, self.http = port, guard, http
        self.got = 0

    async def post(self, host: str) -> int:
        async with self.http.post(f"http://{host}:{self.port}/") as answer:
            return answer.status

    async def refused(self, host: str) -> str:
        before = self.got
        with pytest.raises(aiohttp.ClientConnectorError) as error:
            await self.post(host)
        assert isinstance(error.value.os_error, Refused)
        assert self.got == before
        return str(error.value)


@asynccontextmanager
async def receiver(
    lookup: Lookup = look_up, section: WebhooksSection | None = None, **options: Any
) -> AsyncIterator[Receiver]:
    made: list[Receiver] = []

    async def hook(_: web.Request) -> web.Response:
        made[0].got += 1
        return web.Response(headers={"Connection": "close"})

    app = web.Application()
    app.router.add_post("/", hook)
    guard = Targets(section or WebhooksSection()).guard(lookup=lookup)
    async with (
        TestServer(app, host="127.0.0.1") as server,
        aiohttp.ClientSession(connector=guard.connector(**options)) as http,
    ):
        assert server.port is not None
        made.append(Receiver(server.port, guard, http))
        yield made[0]
    await guard.close()


async def test_what_may_be_posted_to_is() -> None:
    async with receiver() as there:
        assert await there.post("127.0.0.1") == 200
        assert await there.post("localhost") == 200
        assert there.got == 2


@pytest.mark.parametrize("host", [METADATA, f"[::ffff:{METADATA}]", "0.0.0.0", "[::]"])
async def test_an_address_in_the_url_is_not_looked_up_and_refused_all_the_same(host: str) -> None:
    """Nobody has looked at the URL here: the socket is what is refused."""
    names = NameServer("127.0.0.1")
    async with receiver(names) as there:
        assert "[webhooks] allow" in await there.refused(host)
        assert names.asked == []


@pytest.mark.parametrize("host", ["0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "169.254.169.0xfe"])
async def test_a_spelling_that_only_the_c_library_knows_is_judged_by_what_it_means(
    host: str,
) -> None:
    async with receiver() as there:
        assert METADATA in await there.refused(host)


@pytest.mark.parametrize(
    "address", [METADATA, "::ffff:169.254.169.254", "fe80::1%1", "64:ff9b::a9fe:a9fe"]
)
async def test_a_name_is_judged_by_its_address(address: str) -> None:
    names = NameServer(address)
    async with receiver(names) as there:
        assert "hooks.example (" in await there.refused("hooks.example")
        assert names.asked == ["hooks.example"]


async def test_a_name_that_changes_its_address_is_judged_at_each_connection() -> None:
    names = NameServer("127.0.0.1", METADATA, "127.0.0.1")
    async with receiver(names, use_dns_cache=False) as there:
        assert await there.post("rebinding.example") == 200
        await there.refused("rebinding.example")
        assert await there.post("rebinding.example") == 200
        # One look-up a connection: there is none between the judgement and the use.
        assert names.asked == ["rebinding.example"] * 3


async def test_of_several_addresses_those_that_may_be_are_taken() -> None:
    names = NameServer([METADATA, "127.0.0.1", "fe80::1"])
    async with receiver(names) as there:
        assert await there.post("hooks.example") == 200


async def test_a_listed_name_may_lead_anywhere_and_its_address_is_for_it_alone() -> None:
    names = NameServer("0.0.0.0")  # the receiver, by an address that is otherwise refused
    section = WebhooksSection(allow=("mine.example",))
    async with receiver(names, section) as there:
        await there.refused("other.example")
        assert await there.post("MINE.example.") == 200
        await there.refused("other.example")


async def test_confined_to_a_list() -> None:
    names = NameServer("127.0.0.1")
    section = WebhooksSection(only=("hooks.example", "192.0.2.0/24"))
    async with receiver(names, section) as there:
        assert await there.post("hooks.example") == 200
        assert "[webhooks] only" in await there.refused("other.example")


class SilentNameServer:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = threading.Event()

    def __call__(self, host: str, port: int, family: int) -> list[tuple[Any, ...]]:
        self.asked.set()
        self.let_go.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")


async def test_a_silent_name_server_holds_up_nobody_else() -> None:
    silent = SilentNameServer()
    section = WebhooksSection(lookup_timeout=0.3)
    try:
        async with receiver(silent, section) as there, receiver() as beside:
            begun = time.monotonic()
            waits = [asyncio.create_task(there.post(f"host{n}.example")) for n in range(6)]
            await asyncio.to_thread(silent.asked.wait, 10)
            assert await beside.post("localhost") == 200
            assert not any(task.done() for task in waits)
            for ended in await asyncio.gather(*waits, return_exceptions=True):
                assert isinstance(ended, aiohttp.ClientConnectorError)
                assert "no answer from the name server within 0.3 s" in str(ended)
            assert time.monotonic() - begun < 10
    finally:
        silent.let_go.set()


@pytest.mark.parametrize("host", ["a..b", "x" * 64])
async def test_a_name_that_cannot_be_asked_for_is_no_surprise(host: str) -> None:
    guard = Targets(WebhooksSection()).guard()
    with pytest.raises(OSError, match="no name of a host"):
        await guard.resolve(host, 80)
    await guard.close()


# --- through the queue


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """The name server that the whole process asks for hooks.example."""
    names, real = NameServer(METADATA), socket.getaddrinfo

    def lookup(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        return names(host, port, 0) if host == "hooks.example" else real(host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return names


async def test_what_a_name_leads_to_is_in_the_log_of_deliveries(
    tmp_path: Path, led: NameServer
) -> None:
    async with told_at() as there, telling(tmp_path) as one:
        url = there.url.replace("127.0.0.1", "hooks.example")
        webhook = (await one.create(url)).view
        await one.happen("modem.ready", modem="m1")
        (delivery,) = await one.until(webhook.id, ("pending", 1))
        assert f"hooks.example ({METADATA}) is link-local" in (delivery.outcomes[0].problem or "")
        assert there.got == []
        led.answers = [["127.0.0.1"]]
        await one.later(60)
        await one.until(webhook.id, ("delivered", 2))
        assert len(there.got) == 1


async def test_a_callback_leads_no_further_than_a_webhook(tmp_path: Path, led: NameServer) -> None:
    async with told_at() as there, telling(tmp_path) as one:
        await one.key("shop")
        url = there.url.replace("127.0.0.1", "hooks.example")
        for n, at in enumerate((url, f"http://[::ffff:{METADATA}]/", "http://0xA9FEA9FE/")):
            await one.accept(message(f"msg_{n}", callback_url=at))
            (delivery,) = await one.until(callback_id(at), ("pending", 1))
            assert "link-local" in (delivery.outcomes[0].problem or "")
        assert there.got == []
