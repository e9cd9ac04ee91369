"""Worked example: how something new gets what happens.

A kind is a file in modemgw/gateway/deliveries/ with one class, a line in `KINDS` (kinds.py), and
its key in `HandlerSection` (config). Everything else is there: it is asked about events, gets each
that it wants at least once, over restarts, with back-off, and is shown and replayed like any other.

This kind appends a line to a file for each message that was received or sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest

from modemgw.config import HandlerSection, parse
from modemgw.gateway import DeliveryQuery, Gateway, Replay
from modemgw.gateway.deliveries.kinds import KINDS, KindOf
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.payload import document
from modemgw.store import Payload, Transaction
from modemgw.store.records import Inbound

# --- 1. its file: modemgw/gateway/deliveries/spool.py


class Spool:
    """Appends what happens to a file, a line of JSON each."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind: hand it over once, and say what came of it."""
        if self._file.is_dir():
            return Never("it is a directory")  # given up: another try cannot end otherwise
        try:
            with self._file.open("a") as file:
                file.write(json.dumps(document(payload)) + "\n")
        except OSError as error:
            return Retry(f"it cannot be written: {error.strerror}")  # again in 5 s, 10 s …
        return Taken()

    async def close(self) -> None:
        """See Kind: nothing is held."""


# --- 2. its place: a line in modemgw/gateway/deliveries/kinds.py

PLACE = KindOf(
    lambda section, _: Spool(section.spool),  # type: ignore[attr-defined]
    events=frozenset({"inbound.received", "message.sent"}),
)

# --- 3. its key: in HandlerSection, modemgw/config/handlers.py


class Section(HandlerSection):
    """[[handler]] with the new key."""

    ACTIONS: ClassVar[tuple[str, ...]] = (*HandlerSection.ACTIONS, "spool")
    spool: str | None = None


# --- and it works


MESSAGE = Inbound("in_1", "+441", None, "hello", None, "gsm7", 1, (), True, "m1", "1", None, 1.0)


def happen(tx: Transaction) -> None:
    tx.inbound.add(MESSAGE, [])
    tx.events.emit("inbound.received", {"id": "in_1"})
    tx.events.emit("message.queued", {"id": "msg_1"})
    tx.events.emit("message.sent", {"id": "msg_1"})


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.01)


async def test_a_new_kind_gets_what_it_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "spool", PLACE)
    file = tmp_path / "spool"
    config = parse({"gateway": {"data_dir": str(tmp_path)}})
    config = config.model_copy(update={"handler": (Section(id="log", spool=str(file)),)})
    async with Gateway.open(config, random=Random(1)) as gateway:
        await gateway._store.write(happen)
        await until(lambda: file.exists() and len(file.read_text().splitlines()) == 2)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert sorted(line.get("text") or line["type"] for line in lines) == [
            "hello",
            "message.sent",
        ]

        page = await gateway.handlers.deliveries(DeliveryQuery("log"))
        assert [(d.kind, d.event) for d in page.items] == [
            ("spool", "message.sent"),
            ("spool", "inbound.received"),
        ]
        assert await gateway.handlers.replay("log", Replay(state="delivered")) == 2
        await until(lambda: len(file.read_text().splitlines()) == 4)
