"""Inbound: a flood of received parts while messages go out, over kill -9: each stored once.

    python benchmarks/inbound.py [--quick] [--parts 5000] [--messages 2000] [--kills 3]

Stands for the answers to a campaign that come while the next one goes out. The parts of short and
long messages wait at the service centre and are taken by 8 modems as fast as their memories of 30
places have room. It is looked at the virtual modems and in the database:

- missing, doubled, incomplete: of the messages that were sent to the SIMs, in the API at the end.
- deleted_too_soon: entries that a modem was told to delete before they were committed.
- longest_full_seconds: how long a full memory went without one entry being taken from it, while
  the daemon was up (its modems ready). Until then the network keeps what is to come.
- doubled_out, lost_out: of the messages that went out beside; what a kill left unclear is shown as
  such and counts as neither.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from bench.figures import say, tell
from bench.rig import UNLIMITED, Daemon

from modemgw.client import Client
from modemgw.sms import Deliver, decode_mt
from modemgw.store.contract.inbound import digest_of
from modemgw.virtual import Bank, BankSettings
from modemgw.virtual.store import MessageStore, Stored

MODEMS = 8
BATCH = 1000
LONG = "Dear shop, the parcel came, but not all of it was in it: one shoe, no laces. " * 5


class Watch:
    """Watches the message stores of a bank: what is deleted, and how long each is full."""

    def __init__(self, bank: Bank, committed: Callable[[str, bytes], bool]) -> None:
        self._committed = committed
        self._full_since: dict[int, float] = {}
        self._stores: list[MessageStore] = []
        self._watching = False
        self.deleted = 0
        self.deleted_too_soon: list[str] = []
        self.longest_full_s = 0.0
        for modem in bank.modems:
            assert modem.sim is not None
            for store in (modem.sim.store, *modem.body.storage._own.values()):
                self._watch(store, modem.sim.iccid)

    def _watch(self, store: MessageStore, iccid: str) -> None:
        add, remove = store.add, store.remove

        def watched_add(stored: Stored) -> int | None:
            index = add(stored)
            if store.full and self._watching:
                self._full_since.setdefault(id(store), time.monotonic())
            return index

        def watched_remove(index: int) -> bool:
            stored = store.get(index)
            if stored is not None and not stored.outgoing:
                self._deleting(iccid, stored.tpdu)
            self._emptied(store)
            return remove(index)

        store.add, store.remove = watched_add, watched_remove  # type: ignore[method-assign]
        self._stores.append(store)

    def _deleting(self, iccid: str, tpdu: bytes) -> None:
        self.deleted += 1
        deliver = decode_mt(tpdu)
        if isinstance(deliver, Deliver):
            digest = digest_of(iccid, deliver.identity())
            if not self._committed(iccid, digest):
                self.deleted_too_soon.append(tpdu.hex())

    def _emptied(self, store: MessageStore) -> None:
        since = self._full_since.pop(id(store), None)
        if since is not None:
            self.longest_full_s = max(self.longest_full_s, time.monotonic() - since)

    def daemon_is_up(self) -> None:
        """From now on full stores count."""
        self._watching = True
        now = time.monotonic()
        self._full_since = {id(store): now for store in self._stores if store.full}

    def daemon_is_down(self) -> None:
        """Nobody can empty them."""
        for store in self._stores:
            self._emptied(store)
        self._watching = False

    @property
    def left(self) -> int:
        """How many entries are in the stores."""
        return sum(map(len, self._stores))


class Database:
    """What is committed, as another process sees it."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)

    def has(self, sim: str, digest: bytes) -> bool:
        """Whether a part with this digest is committed."""
        asked = "SELECT 1 FROM inbound_parts WHERE digest = ? AND sim = ?"
        return self._db.execute(asked, (digest, sim)).fetchone() is not None

    def parts(self) -> int:
        """How many parts are committed."""
        return int(self._db.execute("SELECT count(*) FROM inbound_parts").fetchone()[0])

    def close(self) -> None:
        self._db.close()


def inject(bank: Bank, parts: int, random: Random) -> Counter[tuple[str, str]]:
    """Send about so many parts to the SIMs; (sender, text) of the messages they make."""
    messages: Counter[tuple[str, str]] = Counter()
    sent = 0
    while sent < parts:
        sender = f"+4479110{random.randrange(100_000):05}"
        text = f"{sent} {LONG if random.random() < 0.2 else 'Thank you!'}"
        sent += bank.smsc.inject(sender, bank.settings.number_of(sent % MODEMS), text)
        messages[sender, text] += 1
    return messages


async def send(client: Client, count: int) -> list[str]:
    """Have so many messages sent, to one recipient each."""
    to = [f"+9990000{n:06}" for n in range(count)]
    for start in range(0, count, BATCH):
        await client.send_batch(to=to[start : start + BATCH], text="The sale begins at noon.")
    return to


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Return once it holds; TimeoutError after so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def settled(client: Client) -> None:
    """No message waits for a modem; what a kill left unclear goes on waiting for its report."""
    async with asyncio.timeout(120):
        while True:
            waiting = [m async for m in client.messages(status="queued", limit=1)]
            sending = [m async for m in client.messages(status="sending", limit=1000)]
            clear = [m for m in sending if all(p.status != "ambiguous" for p in m.parts)]
            if not waiting and not clear:
                return
            await asyncio.sleep(0.2)


async def judge_out(bank: Bank, client: Client, to: list[str]) -> dict[str, int]:
    """What became of the messages that went out."""
    copies = Counter(part.destination for part in bank.smsc.accepted)
    unclear = {m.to async for m in client.messages(status="sending", limit=1000)}
    unclear |= {m.to async for m in client.messages(status="unknown", limit=1000)}
    return {
        "went_out": len(copies),
        "doubled_out": sum(count > 1 for count in copies.values()),
        "unclear_out": len(unclear),
        "lost_out": len(set(to) - set(copies) - unclear),
    }


async def measure(directory: Path, parts: int, messages: int, kills: int) -> dict[str, Any]:
    settings = BankSettings(modems=MODEMS, part_seconds=0.01, receipt_seconds=0.05)
    async with Bank(settings, directory / "bank") as bank:
        daemon = Daemon(directory, bank.paths, {"sim_limits": UNLIMITED})
        database = Database(daemon.database)
        watch = Watch(bank, database.has)
        sent_in = inject(bank, parts, Random(1))
        count = sum(bank.smsc.waiting_for(m.sim) for m in bank.modems if m.sim) + watch.left
        began = time.monotonic()
        try:
            async with Client(daemon.url, daemon.key, timeout_s=120) as client:
                await daemon.start()
                to = await send(client, messages)
                for kill in range(kills):
                    await daemon.wait_ready(60)
                    watch.daemon_is_up()
                    goal = count * (kill + 1) // (kills + 1)
                    await until(lambda goal=goal: database.parts() >= goal, 120)  # type: ignore[misc]
                    watch.daemon_is_down()
                    await daemon.kill()
                    say(f"kill {kill + 1} of {kills}: {database.parts()} of {count} parts")
                    await daemon.start()
                await daemon.wait_ready(60)
                watch.daemon_is_up()
                with suppress(TimeoutError):  # what is missing then is counted
                    await until(lambda: database.parts() >= count and not watch.left, 60)
                took = time.monotonic() - began
                await settled(client)
                watch.daemon_is_down()
                shown = [m async for m in client.inbounds(limit=1000)]
                out = await judge_out(bank, client, to)
        finally:
            await daemon.stop()
            database.close()
    found = Counter((m.from_, m.text or "") for m in shown)
    return {
        "parts": count,
        "messages": sum(sent_in.values()),
        "kills": kills,
        "seconds": round(took, 2),
        "missing": sum((sent_in - found).values()),
        "doubled": sum((found - sent_in).values()),
        "incomplete": sum(not m.complete for m in shown),
        "deleted": watch.deleted,
        "deleted_too_soon": len(watch.deleted_too_soon),
        "longest_full_seconds": round(watch.longest_full_s, 3),
        **out,
        "errors_logged": [line for line in daemon.log().splitlines() if " ERROR " in line][:5],
    }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run with 600 parts")
    arguments.add_argument("--parts", type=int, default=5000)
    arguments.add_argument("--messages", type=int, default=2000)
    arguments.add_argument("--kills", type=int, default=3)
    options = arguments.parse_args()
    if options.quick:
        options.parts, options.messages = 600, 240
    with tempfile.TemporaryDirectory(prefix="modemgw-bench-") as directory:
        result = await measure(Path(directory), options.parts, options.messages, options.kills)
    tell("inbound", result)


if __name__ == "__main__":
    asyncio.run(main())
