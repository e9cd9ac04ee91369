"""Ten thousand messages in one request, three hundred of them wrong in five ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from labs.bank import bank_of
from labs.gateway import config_of, gateway_on

from modemgw.api.server import bind, serve
from modemgw.client import Client
from modemgw.config import HttpSection
from modemgw.store.sqlite import FILE_NAME, create_key
from modemgw.virtual import Bank

pytestmark = pytest.mark.e2e

COUNT = 10_000
SENT = 150


def good(n: int) -> dict[str, Any]:
    return {"to": f"+99900000{n:05d}", "text": f"Hello number {n}"}


WRONG: dict[str, tuple[range, dict[str, Any]]] = {
    "invalid-number": (range(100), {"to": "nobody"}),
    "not-encodable": (range(5000, 5050), {"text": "Hello 👋", "encoding": "gsm7"}),
    "too-many-parts": (range(6000, 6050), {"text": "x" * 200, "max_parts": 1}),
    "unknown": (range(7000, 7050), {"route": "nowhere"}),
    "contradiction": (range(9950, 10_000), {"data": "AAAA"}),
}
"""By the code of the problem: which messages, and what is different about them."""


@asynccontextmanager
async def api_on(tmp_path: Path, bank: Bank) -> AsyncIterator[Client]:
    config, http = config_of(tmp_path, bank), HttpSection(listen="127.0.0.1:0")
    (tmp_path / "data").mkdir(exist_ok=True)
    key = create_key(tmp_path / "data" / FILE_NAME, "test", ["send", "read"])
    async with (
        gateway_on(config) as gateway,
        serve(gateway, bind(http), http) as url,
        Client(url, key) as client,
    ):
        yield client


@pytest.mark.timeout(180)
async def test_each_that_is_wrong_is_named_and_no_other_is_stopped(tmp_path: Path) -> None:
    wrong = {n: (code, more) for code, (which, more) in WRONG.items() for n in which}
    assert len(wrong) == 300
    messages = [good(n) | wrong.get(n, ("", {}))[1] for n in range(COUNT)]
    async with bank_of(tmp_path, 4) as bank, api_on(tmp_path, bank) as client:
        seen = await client.preview_batch(messages)
        assert (seen.accepted, seen.parts, len(seen.rejected)) == (9700, 9700, 300)
        taken = await client.send_batch(messages, name="all")
        assert (taken.accepted, len(taken.rejected)) == (9700, 300)
        for told in (seen.rejected, taken.rejected):
            codes = {item.index: item.problem.errors[0].code for item in told}
            assert codes == {n: code for n, (code, _) in wrong.items()}
        await bank.smsc.wait_accepted(SENT, 60)
        await client.cancel_batch(taken.id)
        batch = await client.wait_for_batch(taken.id)
        assert sum(batch.counts.values()) == 9700
        assert batch.counts["canceled"] == 9700 - bank.smsc.accepted_count
        arrived = Counter(p.destination for p in bank.smsc.accepted)
        assert max(arrived.values()) == 1
        right = [good(n)["to"] for n in range(COUNT) if n not in wrong]
        assert set(arrived) == set(right[: len(arrived)]), "the first ones, in their order"
