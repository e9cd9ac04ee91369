"""Growth: what a million messages in the database change, and what a long queue costs.

    python benchmarks/growth.py [--quick] [--rows 1000000] [--rounds 3]

Stands for a gateway that has run for a year. The same figures are taken with an empty database and
with one that holds a million delivered messages, each with its attempt, receipt and events:
acceptance, the rate of zero-latency modems, idle pick-up. Then 100,000 messages wait: how much
memory the daemon takes for them, and how long a start with them takes.
"""

import argparse
import asyncio
import os
import random
import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import acceptance
import pickup
import zero_latency
from bench.figures import say, spread, tell
from bench.rig import Rig

from modemgw.client import Client
from modemgw.store.sqlite.opening import connect, connect_or_create
from modemgw.virtual.sim import make_iccid

QUEUE = 100_000
BATCH = 10_000
BATCHES = 3
EVENTS = ("queued", "sent", "delivered")
EVENTS_S = 29 * 86400.0
"""Events are kept for 30 days by default: older ones would be deleted while we measure."""

# As the daemon leaves a delivered message behind; `s.n` counts from 1.
_MESSAGES = """
    INSERT INTO messages (n, id, to_number, text, type, status, encoding, receipt, parts, route,
        key, created_at, updated_at, expires_at)
    SELECT s.n, moment('msg', s.n), printf('+4477%08d', s.n * 7919 % 100000000),
        'Hello, this is message ' || s.n, 'transactional', 'delivered', 'gsm7', 1, 1, 'default',
        'bench', at(s.n), at(s.n) + 5, at(s.n) + 172800
    FROM series s"""
_ATTEMPTS = """
    INSERT INTO attempts (message, part, n, state, modem, sim, to_number, to_tail, reference,
        started_at, ended_at, duplicate_risk, tp_status, report_at, sc_time, discharge_time)
    SELECT n, 1, 1, 'accepted', 'm' || (n % 8), sim(n % 8), to_number, substr(to_number, -7),
        (n / 8) % 256, created_at + 1, created_at + 2, 0, 0, created_at + 5, created_at + 2,
        created_at + 4
    FROM messages"""
_EVENTS = """
    INSERT INTO events (type, at, data)
    SELECT 'message.{event}', recent(m.n),
        '{{"id":"' || m.id || '","status":"{event}","reference":null}}'
    FROM messages m"""


def fill(path: Path, rows: int) -> None:
    """Write a year of delivered messages, through the store's own schema."""
    began, year = time.time(), 365 * 86400.0

    def at(n: int) -> float:
        return began - 60 - year * (rows - n) / rows

    def recent(n: int) -> float:
        return began - 60 - EVENTS_S * (rows - n) / rows

    def moment(prefix: str, n: int) -> str:
        return f"{prefix}_{int(at(n) * 1000):012x}{random.getrandbits(80):020x}"

    with closing(connect_or_create(path)) as db:
        db.execute("PRAGMA cache_size=-200000")
        db.create_function("at", 1, at)
        db.create_function("recent", 1, recent)
        db.create_function("moment", 2, moment)
        db.create_function("sim", 1, lambda modem: make_iccid(modem + 1))
        _series(db, rows)
        db.execute("BEGIN")
        db.execute(_MESSAGES)
        db.execute(_ATTEMPTS)
        for event in EVENTS:
            db.execute(_EVENTS.format(event=event))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    say(f"{rows} messages written in {time.time() - began:.0f} s")


def _series(db: sqlite3.Connection, rows: int) -> None:
    db.execute(
        "CREATE TEMP VIEW series AS WITH RECURSIVE s(n) AS "
        f"(SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {int(rows)}) SELECT n FROM s"
    )


Prepare = Callable[[Path], None]


async def figures(prepare: Prepare, count: int, tries: int) -> dict[str, float]:
    """The figures with the database that `prepare` makes. Rates per second, pick-up in ms.

    `…_cpu`: CPU seconds of the daemon for 1,000 messages, which other work on the machine disturbs
    less than rates.
    """
    found = {}
    async with Rig(zero_latency.settings(1), prepare=prepare) as rig:
        # While everything waits, acceptance is alone with the database.
        await rig.client.control_modem("m0", "pause")
        await acceptance.singles(rig, 200)
        singles = await acceptance.singles(rig, count)
        batches = [await acceptance.batch(rig, BATCH) for _ in range(BATCHES)]
        found["singles"], found["singles_cpu"] = singles.values()
        for name, key in (("batch", "per_second"), ("batch_cpu", "cpu_seconds_per_1000")):
            found[name] = statistics.median(one[key] for one in batches)
    async with Rig(zero_latency.settings(8), prepare=prepare) as rig:
        used = rig.daemon.cpu_seconds()
        found["zero_latency"] = await zero_latency.queued(rig, count)
        found["zero_latency_cpu"] = (rig.daemon.cpu_seconds() - used) * 1000 / count
    async with Rig(zero_latency.settings(1), prepare=prepare) as rig:
        found["pickup_ms"] = (await pickup.measure(rig, tries))["pickup"]["median_ms"]
    say(str(found))
    return found


def slowdown(empty: list[dict[str, float]], full: list[dict[str, float]]) -> dict[str, float]:
    """How many times slower the full database is, by the medians."""
    found = {}
    for name in empty[0]:
        before = statistics.median(one[name] for one in empty)
        after = statistics.median(one[name] for one in full)
        slower = after / before if name.endswith(("_ms", "_cpu")) else before / after
        found[name] = round(slower, 3)
    return found


async def long_queue(prepare: Prepare, length: int, rounds: int) -> dict[str, Any]:
    """Memory while `length` messages wait, and the time that a start takes then."""
    async with Rig({"modems": 1, "part_seconds": 1.0}, prepare=prepare) as rig:
        idle = rig.daemon.memory()
        await rig.client.control_modem("m0", "pause")
        for first in range(0, length, BATCH):
            await rig.client.send_batch(
                [
                    {"to": f"+44{7_700_000_000 + i}", "text": f"Hello, this is message {i}"}
                    for i in range(first, min(first + BATCH, length))
                ]
            )
        waiting = rig.daemon.memory()
        starts, sends = [], []
        for _ in range(rounds):
            await rig.daemon.stop()
            before = (await rig.bank.control.status())["accepted"]
            began = time.monotonic()
            starts.append(await rig.daemon.start())
            async with Client(rig.daemon.url, rig.daemon.key) as client:
                restarted = rig.daemon.memory()
                await client.readiness()
            await rig.bank.control.wait_accepted(before + 1, 60)
            sends.append(time.monotonic() - began - 1.0)
        return {
            "waiting": length,
            "memory_idle": idle,
            "memory_waiting": waiting,
            "memory_after_restart": restarted,
            "start_seconds": spread(starts, 2),
            "first_at_cmgs_seconds": spread(sends, 2),
        }


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="a smoke run with 20,000 rows")
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    rows, rounds, count, tries = options.rows, options.rounds, 3000, 100
    if options.quick:
        rows, rounds, count, tries = 20_000, 1, 300, 20

    with FullDatabase(rows) as full:
        by_empty, by_full = [], []
        for _ in range(rounds):
            by_empty.append(await figures(full.copy_beside, count, tries))
            by_full.append(await figures(full.copy_to, count, tries))
        queue = await long_queue(full.copy_to, 5000 if options.quick else QUEUE, rounds)
    result = {
        "rows": rows,
        "empty": {name: spread([one[name] for one in by_empty], 3) for name in by_empty[0]},
        "full": {name: spread([one[name] for one in by_full], 3) for name in by_full[0]},
        "times_slower": slowdown(by_empty, by_full),
        "queue": queue,
        "aims": {"times_slower": 1.2, "rss_mb": 200, "start_seconds": 5},
    }
    tell("growth", result)


class FullDatabase:
    """A filled database, made once and copied for every daemon."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def __enter__(self) -> "FullDatabase":
        self._place = TemporaryDirectory(prefix="modemgw-bench-")
        self._file = Path(self._place.name) / "full.db"
        fill(self._file, self._rows)
        return self

    def __exit__(self, *_: object) -> None:
        self._place.cleanup()

    def copy_beside(self, path: Path) -> None:
        """Leave the daemon at `path` an empty database, on a machine that has copied as much.

        A machine is slower for a while after writing so much, whoever reads it: measured with an
        empty database beside a copy, a batch was as slow as with a full one.
        """
        self._copy(path.with_suffix(".copy"))

    def copy_to(self, path: Path) -> None:
        """Put it where a daemon will look for it, and keep the keys that were made there."""
        with closing(connect(path)) as db:
            keys = db.execute("SELECT * FROM keys").fetchall()
        for extra in path.parent.glob(f"{path.name}*"):
            extra.unlink()
        self._copy(path)
        with closing(connect(path)) as db:
            db.executemany(f"INSERT INTO keys VALUES ({', '.join('?' * 5)})", keys)

    def _copy(self, path: Path) -> None:
        with self._file.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            # Else the system writes the copy out while we measure, and every commit waits for it.
            os.fsync(target.fileno())


if __name__ == "__main__":
    asyncio.run(main())
