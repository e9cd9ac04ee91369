"""Functions of handlers, in processes of their own: whatever they do, they do to nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from labs import functions
from labs.answering import Refused
from labs.loop_lag import lag
from labs.raw_sql import raw
from labs.waiting import until
from test_gateway_handlers import Shop, message, shop

from modemgw.config import Config
from modemgw.gateway.deliveries import child, workers
from modemgw.gateway.errors import FieldProblem, Rejected, TooMany, Unavailable
from modemgw.store import Transaction


def python(name: str, **more: Any) -> dict[str, Any]:
    return {"python": f"labs.functions:{name}", **more}


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Told:
    """What functions have told."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def lines(self) -> list[str]:
        return self._file.read_text().splitlines() if self._file.exists() else []

    @property
    def numbers(self) -> list[int]:
        return [int(line) for line in self.lines]

    async def receive(self, one: Shop, **more: Any) -> None:
        await one.receive(message(str(self._file), **more))

    async def until(self, count: int) -> None:
        await until(lambda: len(self.lines) >= count, why=lambda: self.lines)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path / "told")


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Any:
    """Whatever happens, no process of a handler outlives its queue."""
    mine = psutil.Process()
    before = set(mine.children(recursive=True))
    yield
    gone, alive = psutil.wait_procs(set(mine.children(recursive=True)) - before, timeout=10)
    assert not alive, gone


async def problems(one: Shop) -> list[str]:
    return await one.store.read(
        lambda view: [
            p for (p,) in raw(view).execute("SELECT problem FROM delivery_outcomes ORDER BY n")
        ]
    )


# --- what is called, and with what


async def test_functions_are_called_whatever_they_are(tmp_path: Path, told: Told) -> None:
    names = [
        "plain",
        "later",
        "an_object",
        "a_partial",
        "returns_something_to_await",
        "runs_a_loop_of_its_own",
    ]
    async with shop(tmp_path, *map(python, names)) as one:
        await told.receive(one)
        await one.until(*[("delivered", 1)] * len(names))
    assert sorted(line.split()[0] for line in told.lines) == [
        "later", "later", "later", "object", "partial", "plain",
    ]  # fmt: skip
    assert str(os.getpid()) not in " ".join(told.lines)


async def test_what_is_not_there_cannot_be_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "wrecked_module.py").write_text("this is no Python")
    (tmp_path / "exits_at_import.py").write_text("import sys\nsys.exit(1)\n")
    (tmp_path / "dies_at_import.py").write_text("import os\nos._exit(1)\n")
    (tmp_path / "no_function.py").write_text("f = 1\n")
    (tmp_path / "blocks_at_import.py").write_text("import time\ntime.sleep(100)\n")
    (tmp_path / "late.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(workers, "WARM_S", 0.5)
    names = ["wrecked_module", "exits_at_import", "dies_at_import", "no_function", "late"]
    sections: list[dict[str, Any]] = [{"python": f"{name}:f"} for name in names]
    blocks = {"python": "blocks_at_import:f", "timeout": 0.3}
    async with shop(tmp_path, *sections, blocks, {"reply": "hello"}) as one:
        await one.receive(message())
        await one.until(*[("pending", 1)] * 6, ("delivered", 1))
        (tmp_path / "late.py").write_text("def f(message): pass\n")
        await one.again()
        await until(lambda: "late" not in str(one.handlers.subscribers["h5"].complaint))
    assert "wrecked_module:f cannot be imported: SyntaxError" in caplog.text
    assert "exits_at_import:f cannot be imported: SystemExit" in caplog.text
    assert "the process of dies_at_import:f ended with 1" in caplog.text
    assert "no_function:f cannot be imported: TypeError: f is no function" in caplog.text
    assert "late:f cannot be imported: AttributeError" in caplog.text
    assert "blocks_at_import:f was not found within 0.5 s" in caplog.text


async def test_a_function_gets_the_message_and_nothing_of_the_service(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "NOTIFY_SOCKET": "x",
        "DATABASE_PASSWORD": "x",
        "MODEMGW_KEY": "x",
        "CREDENTIALS_DIRECTORY": "x",
        "PYTHONPATH": "x",
    }
    for name, value in {**secrets, "LC_TIME": "C"}.items():
        monkeypatch.setenv(name, value)
    inheritable, writing = os.pipe()
    os.set_inheritable(writing, True)
    async with shop(tmp_path, python("shows_all")) as one:
        await told.receive(one, ports=(5000, 1), message_class=1, sent_at=2.5)
        await one.until(("delivered", 1))
    os.close(inheritable)
    os.close(writing)
    shown, arguments, environment, files = json.loads(told.lines[0])
    for what in ("ports=(5000, 1)", "message_class=1", "sent_at=2.5", "sender='+447700900555'"):
        assert what in shown
    assert "'keyword': " in shown
    assert len(arguments) == 1
    assert not set(environment) & set(secrets)
    assert "LC_TIME" in environment
    assert len(files) == 5, "standard streams, the socket, and what lists them"


async def test_a_call_is_an_event(tmp_path: Path) -> None:
    async with shop(tmp_path, python("on_event", on="call")) as one:
        data = {"modem": "m1", "sim": "1", "from": "+441", "name": str(tmp_path / "call")}

        def call(tx: Transaction) -> None:
            tx.events.emit("call.received", data)

        await one.store.write(call)
        await one.until(("delivered", 1))
    assert (tmp_path / "call").read_text() == "call.received +441"


# --- failures


@pytest.mark.parametrize(
    "name",
    [
        "broken",
        "leaves",
        "interrupts",
        "leaves_later",
        "interrupts_later",
        "generator_exit",
        "cancels_itself",
        "yields",
        "yields_later",
        "leaves_at_once",
        "kills_itself",
        "speaks_nonsense",
        "says_without_end",
    ],
)
async def test_what_goes_wrong_is_a_failure_with_back_off_of_one_handler(
    tmp_path: Path, told: Told, name: str
) -> None:
    async with shop(tmp_path, python(name), python("plain"), {"reply": "hello"}) as one:
        for count in (1, 2):
            await told.receive(one)
            await one.until(*[("pending", 1), ("delivered", 1), ("delivered", 1)] * count)
        for _ in range(20):
            one.handlers.wake()
            await asyncio.sleep(0.002)
        assert [tries for _, tries in await one.states()] == [1] * 6
    assert "never" not in told.lines


async def test_a_function_may_say_that_another_try_is_of_no_use(tmp_path: Path) -> None:
    async with shop(tmp_path, python("gives_up")) as one:
        await one.receive(message())
        await one.until(("dead", 1))


async def test_what_a_function_says_of_a_message_is_in_the_log_only_for_debugging(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with shop(tmp_path, python("broken"), python("gives_up")) as one:
        await one.receive(message())
        await one.until(("pending", 1), ("dead", 1))
        assert all(functions.RAISED in problem for problem in await problems(one))
    assert functions.RAISED not in caplog.text
    assert "raised SystemError in " in caplog.text


async def test_a_worker_that_has_run_out_of_memory_is_replaced(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("eats", memory_mb=512)) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        await one.again()
        await one.until(("pending", 2))
        assert "MemoryError" in (await problems(one))[0]
    assert len(set(told.numbers)) == 2


async def test_a_task_that_is_left_behind_ends_its_process_at_most(
    tmp_path: Path, told: Told
) -> None:
    async with shop(tmp_path, python("leaves_behind_a_task_that_exits")) as one:
        await told.receive(one)
        await one.until(("delivered", 1))
        await asyncio.sleep(0.2)
        await told.receive(one)
        await one.until(("delivered", 1), ("delivered", 1))


async def test_what_a_coroutine_leaves_behind_goes_on_between_calls(
    tmp_path: Path, told: Told
) -> None:
    async with shop(tmp_path, python("leaves_behind_a_task")) as one:
        await told.receive(one)
        await told.until(1)


# --- what does not come back


@pytest.mark.parametrize("name", ["blocks", "blocks_its_loop", "waits", "loops", "is_deaf"])
async def test_what_does_not_come_back_is_ended_and_holds_up_nobody(
    tmp_path: Path, told: Told, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.3)
    quick = Told(tmp_path / "quick")
    sections = [python(name, timeout=1, match={"keyword": str(told._file)}), python("plain")]
    async with shop(tmp_path, *sections) as one:
        for _ in range(4):
            await told.receive(one)
        await quick.receive(one)
        await quick.until(1)
        await told.until(8)
        await one.until(*[("pending", 1), ("delivered", 1)] * 4, ("delivered", 1))
        stuck = [int(line) for line in told.lines if line.isdecimal()]
        assert len(set(stuck)) == 4, "a process each"
        assert not any(map(lives, stuck))


async def test_what_is_ended_is_ended_with_all_that_it_has_started(
    tmp_path: Path, told: Told
) -> None:
    async with shop(tmp_path, python("starts_others", timeout=1.5)) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        assert len(told.numbers) == 4
        await until(lambda: not any(map(lives, told.numbers)))


async def test_what_a_dead_worker_has_started_is_ended(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("starts_others_and_leaves")) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        await until(lambda: not any(map(lives, told.numbers)))


@pytest.mark.parametrize("name", ["tidies_up", "tidies_up_later"])
async def test_what_is_ended_may_tidy_up(tmp_path: Path, told: Told, name: str) -> None:
    async with shop(tmp_path, python(name, timeout=1)) as one:
        await told.receive(one)
        await one.until(("pending", 1))
    assert told.lines == ["begun", "tidy"]


async def test_what_is_under_way_is_ended_when_the_gateway_is(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("starts_others")) as one:
        await told.receive(one)
        await told.until(4)
    assert not any(map(lives, told.numbers))


async def test_a_fork_of_which_both_come_back_is_one_call(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("forks", at_once=1)) as one:
        kind: Any = one.handlers.subscribers["h1"].kind
        await until(lambda: kind._workers._idle)
        for _ in range(20):
            await told.receive(one)
        await one.until(*[("delivered", 1)] * 20)
    assert len(told.numbers) == 20
    assert len(set(told.numbers)) == 1, "and no fork is called"


async def test_a_flood_leaves_the_event_loop_to_others_and_little_is_kept(tmp_path: Path) -> None:
    async with shop(tmp_path, python("floods", timeout=60)) as one:
        await one.receive(message())
        async with lag() as longest:
            await one.until(("pending", 1))
        assert longest[0] < 0.05


# --- processes


async def test_a_warm_worker_is_called_again(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("plain")) as one:
        kind: Any = one.handlers.subscribers["h1"].kind
        await until(lambda: kind._workers._idle)
        for count in range(1, 6):
            await told.receive(one)
            await one.until(*[("delivered", 1)] * count)
    assert len(set(told.lines)) == 1


async def test_a_handler_has_a_warm_worker_before_anything_comes(tmp_path: Path) -> None:
    mine = psutil.Process()
    async with shop(tmp_path, python("plain")):
        await until(lambda: len(mine.children()) == 1)


async def test_workers_that_have_nothing_to_do_are_let_go(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.2)
    mine = psutil.Process()
    (tmp_path / "slow_module.py").write_text("import time\ndef f(message): time.sleep(0.3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    async with shop(tmp_path, {"python": "slow_module:f"}) as one:
        for _ in range(4):
            await one.receive(message())
        await until(lambda: len(mine.children()) == 4)
        await one.until(*[("delivered", 1)] * 4)
        await until(lambda: len(mine.children()) == 1)


async def test_a_reload_replaces_workers_and_lets_what_is_under_way_end(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "changing_module.py"
    body = (
        "import time\nfrom labs.functions import tell\n"
        "def f(message):\n tell(message, 'begun')\n time.sleep({})\n tell(message, {!r})\n"
    )
    module.write_text(body.format(0.5, "old"))
    monkeypatch.syspath_prepend(str(tmp_path))
    async with shop(tmp_path, {"python": "changing_module:f"}) as one:
        await told.receive(one)
        await told.until(1)
        module.write_text(body.format(0, "and the new one"))
        handler = one.handlers.subscribers["h1"].section
        await one.handlers.follow(Config(handler=(handler,)))
        await told.receive(one)
        await one.until(("delivered", 1), ("delivered", 1))
    assert sorted(told.lines) == ["and the new one", "begun", "begun", "old"]


async def test_a_call_of_a_warm_worker_begins_soon(tmp_path: Path, told: Told) -> None:
    (tmp_path / "timed_module.py").write_text(
        "import time\nfrom labs.functions import tell\ndef f(m): tell(m, time.monotonic())\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        async with shop(tmp_path, {"python": "timed_module:f"}) as one:
            took = []
            for count in range(1, 11):
                begun = time.monotonic()
                await told.receive(one)
                await one.until(*[("delivered", 1)] * count)
                took.append(float(told.lines[-1]) - begun)
    finally:
        sys.path.remove(str(tmp_path))
    assert sorted(took)[2] < 0.05, took


# --- what is sent


@pytest.mark.parametrize("name", ["replies", "replies_later"])
async def test_a_reply_goes_to_the_sender_through_the_modem_that_received(
    tmp_path: Path, name: str
) -> None:
    async with shop(tmp_path, python(name)) as one:
        await one.receive(message())
        await one.until(("delivered", 1))
        await until(lambda: one.replies)
        (reply,) = one.replies
        assert (reply.to, reply.text, reply.modem) == ("+447700900555", "thank you", "m1")


async def test_what_is_tried_again_does_not_send_again_and_what_is_replayed_does(
    tmp_path: Path, told: Told
) -> None:
    async with shop(tmp_path, python("sends_and_fails")) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        for tries in (2, 3):
            await one.again()
            await one.until(("pending", tries))
        assert len(told.lines) == 3
        assert len(set(told.lines)) == 1, "the same messages each time"
        first, second, binary = one.sent
        assert len(one.replies) == 1
        assert (first.to, second.text, second.type, second.tags) == (
            "+447700900001", "second", "otp", ("a",),
        )  # fmt: skip
        assert (binary.data, binary.ports) == (b"\x01\x02", (5000, 0))
        await one.store.write(_ended)
        one.clock.now += 1
        await one.store.write(lambda tx: tx.deliveries.replay([1]))
        one.handlers.wake()
        await told.until(4)
        assert (len(one.sent), len(one.replies)) == (6, 2)


def _ended(tx: Transaction) -> None:
    raw(tx).execute("UPDATE deliveries SET state = 'dead', ended_at = 0")


async def test_a_key_of_ones_own_counts_and_nothing_else(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("sends_by_key")) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        one.handlers.reconfigure([s.section for s in one.handlers.subscribers.values()])
        await one.again()
        await one.until(("pending", 2))
        assert len(one.sent) == 1


async def test_what_cannot_be_sent_is_told(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("is_refused")) as one:
        one.refuse.append(TooMany("as many as may be", 7.0))
        await told.receive(one)
        await one.until(("delivered", 1))
    assert told.lines[0].startswith("rejected: to: ")
    assert told.lines[1].startswith("rejected: validity_s: ")
    assert told.lines[2] == "too-many 7.0: as many as may be"


async def test_a_function_that_does_not_care_is_given_up_where_a_reply_would_be(
    tmp_path: Path,
) -> None:
    async with shop(tmp_path, python("is_refused_and_does_not_care")) as one:
        one.refuse.append(Rejected([FieldProblem("to", "no", "no")]))
        await one.receive(message())
        await one.until(("dead", 1))


@pytest.mark.parametrize(
    "refusal",
    [TooMany("as many as may be", 7.0), Unavailable("the disk is full")],
    ids=["too many", "unavailable"],
)
async def test_a_function_that_does_not_care_has_failed(tmp_path: Path, refusal: Exception) -> None:
    async with shop(tmp_path, python("is_refused_and_does_not_care")) as one:
        one.refuse.append(refusal)
        await one.receive(message())
        await one.until(("pending", 1))
        assert "raised NotSent" in (await problems(one))[0]
        await one.again()
        await one.until(("delivered", 2))
        assert len(one.sent) == 1


async def test_who_must_not_be_answered_is_not(tmp_path: Path) -> None:
    async with shop(tmp_path, python("replies")) as one:
        await one.receive(message(sender="ACME"))
        await one.until(("dead", 1))
        assert "its sender is not a number" in (await problems(one))[0]
        assert one.replies == []


async def test_what_was_answered_in_a_try_before_counts_though_nothing_more_may_be_answered(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shop(tmp_path, python("sends_and_fails")) as one:
        await told.receive(one)
        await one.until(("pending", 1))
        guard = one.answering.guard
        monkeypatch.setattr(type(guard), "may_answer", lambda guard, inbound: Refused("loop"))
        await one.again()
        await one.until(("pending", 2))
        assert len(set(told.lines)) == 1, "the same messages each time"
        assert len(told.lines) == 2


async def test_threads_may_send_and_forks_may_not(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("sends_from_elsewhere")) as one:
        await told.receive(one)
        await one.until(("delivered", 1))
        assert len(one.sent) == 80
    assert told.lines == ["this is a fork of the handler's process: only that one can send"]


async def test_nothing_is_sent_for_a_function_that_has_returned(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("sends_when_it_is_over", at_once=1)) as one:
        for count in (1, 2):
            await told.receive(one)
            await one.until(*[("delivered", 1)] * count)
        assert one.replies == []
    assert told.lines == ["the function has returned: nothing is sent for it any more"]


async def test_nonsense_is_refused(tmp_path: Path, told: Told) -> None:
    async with shop(tmp_path, python("asks_nonsense")) as one:
        await told.receive(one)
        await one.until(("delivered", 1))
        assert one.sent == []
    assert told.lines == ["rejected"] * 5


# --- a worker that is known to the test alone


async def test_a_worker_ends_when_its_gateway_is_gone() -> None:
    """As after a kill -9: the socket is closed and nobody says goodbye."""
    worker = await workers.Worker.begin(workers.Calling("labs.functions:plain"))
    worker._writer.transport.abort()
    async with asyncio.timeout(10):
        await worker.ended
    await worker.end()


async def test_workers_are_what_the_kernel_takes_memory_from_first() -> None:
    worker = await workers.Worker.begin(workers.Calling("labs.functions:plain"))
    score = Path(f"/proc/{worker._process.pid}/oom_score_adj").read_text()
    await worker.end()
    assert score.strip() == child.DISPENSABLE
