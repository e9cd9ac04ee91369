"""Few files may be open, and many want to come in: modems and the database keep theirs."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack, closing

import psutil
import pytest
from labs.daemon import daemon, write_config

from modemgw.client import Client

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("send", [b"", b"GET /healthz HTTP/1.1\r\nX: "], ids=["idle", "headers"])
async def test_who_takes_every_descriptor_keeps_nobody_out_and_fills_no_log(tmp_path, send):
    config = write_config(tmp_path, [tmp_path / "none"])
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(daemon(config))
        resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        host, port = running.url.removeprefix("http://").split(":")
        for _ in range(100):
            _, writer = await asyncio.open_connection(host, int(port))
            stack.enter_context(closing(writer))
            writer.write(send)
        process = psutil.Process(running.process.pid)
        used = sum(process.cpu_times()[:2])
        client = await stack.enter_async_context(Client(running.url, running.key, timeout_s=10))
        for n in range(30):
            message = await client.send("+447700900001", str(n))
            assert (await client.message(message["id"]))["status"] == "queued"
            async with Client(running.url, running.key, timeout_s=10) as other:
                assert (await other.modems())[0]["id"] == "m1"
            await asyncio.sleep(0.1)
        assert process.num_fds() < 64
        assert sum(process.cpu_times()[:2]) - used < 2
        assert running.log.stat().st_size < 10_000
        assert "Traceback" not in running.log.read_text()


async def test_the_limit_is_raised_as_far_as_it_may_be(tmp_path):
    config = write_config(tmp_path, [], extra="")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        async with daemon(config) as running:
            assert resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE)[0] >= 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
