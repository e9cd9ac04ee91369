"""The client without asyncio: in a plain script, in threads, and where a loop runs already."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from labs.fake_gateway import FakeGateway
from labs.waiting import until

from modemgw.api.server import bind, serve
from modemgw.client import NEVER, ApiError, Client, InvalidRequest, SyncClient, Unreachable
from modemgw.config import HttpSection


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a server whose loop runs in another thread."""
    addresses: list[str] = []
    ready, ended = threading.Event(), threading.Event()

    async def run() -> None:
        http = HttpSection(listen="127.0.0.1:0")
        gateway = FakeGateway()
        gateway.events.happen("modem.ready", modem="m1")
        gateway.events.happen("modem.lost", modem="m1")
        async with serve(gateway, bind(http), http) as address:
            addresses.append(address)
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield addresses[0]
    ended.set()
    thread.join()


@pytest.fixture
def client(url: str) -> Iterator[SyncClient]:
    with SyncClient(url, "key-admin") as opened:
        yield opened


def test_calls_return_when_they_are_done(client: SyncClient) -> None:
    message = client.send("+447700900123", "hello", reference="order 7")
    assert (message.status, message.reference) == ("queued", "order 7")
    assert client.message(message.id) == message
    assert client.cancel(message.id).status == "canceled"
    assert [modem.id for modem in client.modems()] == ["m1"]
    assert [type.name for type in client.types()] == ["otp", "transactional", "promotional"]
    assert client.message_type("promotional").quiet_hours == ("21:00-08:00",)
    with pytest.raises(InvalidRequest) as raised:
        client.send("nobody", "hello")
    assert raised.value.fields == {"to": "this is no number"}


def test_lists_and_events_are_iterated_over(client: SyncClient) -> None:
    for n in range(5):
        client.send("+447700900123", str(n))
    assert [m.text for m in client.messages(limit=2)] == list("43210")
    for message in client.messages(limit=2):
        assert message.text == "4"
        break
    types = []
    for event in client.events(after=0):
        types.append(event.type)
        if len(types) == 2:
            break
    assert types == ["modem.ready", "modem.lost"]


def test_threads_may_share_it(client: SyncClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(lambda n: client.send("+447700900123", str(n)), range(40)))
    assert len({message.id for message in sent}) == 40


async def test_it_works_where_a_loop_is_running(url: str) -> None:
    """As in a notebook."""
    with SyncClient(url, "key-admin") as client:
        assert client.modem("m1").state == "ready"


def test_closing_calls_off_what_other_threads_wait_for(url: str) -> None:
    client = SyncClient(url, "key-admin")
    with client:
        message = client.send("+447700900123", "hello")
        ends: list[str] = []

        def wait() -> None:
            try:
                client.message(message.id, wait=60)
            except RuntimeError as error:
                ends.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        asyncio.run(until(lambda: asyncio.all_tasks(client._loop)))
        client.close()
        thread.join(5)
        assert ends == ["the client was closed meanwhile"]
    assert not [t for t in threading.enumerate() if t.name == "modemgw client"]


def test_it_must_be_open() -> None:
    with pytest.raises(RuntimeError, match="with SyncClient"):
        SyncClient("http://127.0.0.1:1").modems()


def test_what_cannot_be_opened_leaves_nothing_behind(tmp_path: object) -> None:
    client = SyncClient("https://127.0.0.1:1", ca_file=f"{tmp_path}/none.pem")
    with pytest.raises(FileNotFoundError):
        client.__enter__()
    assert not [t for t in threading.enumerate() if t.name == "modemgw client"]


def test_nobody_there_is_said() -> None:
    with SyncClient("http://127.0.0.1:1", "k", retry=NEVER) as client, pytest.raises(Unreachable):
        client.modems()


def test_a_plain_script_ends(url: str) -> None:
    """Also one that has closed nothing, and one that fails."""
    script = (
        "import sys\n"
        "from modemgw.client import SyncClient\n"
        "client = SyncClient(sys.argv[1], 'key-admin').__enter__()\n"
        "print(client.send('+447700900123', 'hello').status)\n"
        "next(client.events(after=0))\n"
        "raise SystemExit(3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, url], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (3, "queued\n"), done.stderr


def test_it_has_every_call_of_the_client() -> None:
    for name, call in inspect.getmembers(Client, inspect.isfunction):
        if not name.startswith("_"):
            twin = getattr(SyncClient, name, None)
            assert twin is not None, f"SyncClient lacks {name}"
            assert twin.__doc__ == call.__doc__


def test_an_error_is_the_same_there() -> None:
    assert issubclass(InvalidRequest, ApiError)
