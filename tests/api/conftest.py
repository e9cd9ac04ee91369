"""The API in front of a gateway in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer
from labs.fake_gateway import FakeGateway

from modemgw.api.app import create_app
from modemgw.config import HttpSection


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def http(gateway: FakeGateway) -> AsyncIterator[TestClient[Any, Any]]:
    """A client that shows no key of its own."""
    app = create_app(cast(Any, gateway), HttpSection(max_body_bytes=1 << 20), heartbeat_s=0.05)
    async with TestClient(TestServer(app)) as client:
        yield client
