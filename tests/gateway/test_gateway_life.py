"""The life of a message: what may happen to it, whatever comes late, twice or out of order."""

from __future__ import annotations

import ast
import asyncio
import logging
import sqlite3
from functools import partial
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.outbox import running

import modemgw
from modemgw.gateway.outgoing import diagrams, life
from modemgw.gateway.outgoing.life import MESSAGE, PART, Happening, Subject
from modemgw.modem import SubmitAmbiguous, Submitted
from modemgw.sms import Outcome
from modemgw.store import AttemptKey, StoreUnavailable, Transaction
from modemgw.store.records import OPEN_STATUSES, AttemptState, MessageStatus
from modemgw.store.sqlite import writer

S, H = MessageStatus, Happening
DOCS = Path(__file__).parents[2] / "docs"
ROOT = Path(modemgw.__file__).parent
FINAL = set(S) - OPEN_STATUSES


def test_every_end_of_an_attempt_with_every_receipt_puts_its_part_somewhere() -> None:
    assert set(PART) == set(product(AttemptState, [None, *Outcome]))


def test_nothing_but_a_report_leads_out_of_an_end() -> None:
    told = {H.DELIVERED, H.UNDELIVERED, H.LAPSED, H.ACCEPTED, H.UNDER_WAY, H.OVERDUE}
    for (old, happening), (new, event) in MESSAGE.items():
        if old in FINAL and new is not old:
            assert happening in told
        if new is old and happening is not H.OVERDUE:
            assert event is None or (old, happening) == (S.DELIVERED, H.DELIVERED)
    assert all((old, H.CANCELED) not in MESSAGE for old in FINAL)
    assert all((old, H.DUE) not in MESSAGE for old in set(S) - {S.SCHEDULED})


def test_only_proof_of_delivery_changes_what_was_given_up() -> None:
    for old, happening in product((S.FAILED, S.EXPIRED, S.CANCELED, S.DELIVERED), Happening):
        new = MESSAGE.get((old, happening), (old, None))[0]
        assert new is (S.DELIVERED if happening is H.DELIVERED else old)


def test_the_page_shows_what_the_command_draws_from_the_tables(tmp_path: Path) -> None:
    page = (DOCS / "life.md").read_text()
    copy = tmp_path / "life.md"
    copy.write_text(page.replace("-->", "->"))
    diagrams.main(copy)
    assert copy.read_text() == page, f"run python -m {diagrams.__name__} docs/life.md"


def test_a_page_without_a_place_for_a_diagram_is_refused() -> None:
    with pytest.raises(ValueError, match="## A part"):
        diagrams.redrawn("## A message\n```mermaid\n```\n")


def test_a_status_is_set_by_move_alone() -> None:
    """Nobody else names the update that compares and sets, however it is imported."""
    users = set()
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                names = {_named(node) for node in ast.walk(function)}
                if "compare_and_set" in names:
                    users.add((path.relative_to(ROOT).as_posix(), function.name))
        loose = {_named(n) for n in ast.walk(tree) if isinstance(n, ast.alias | ast.Constant)}
        assert "compare_and_set" not in loose, path
    assert users == {("gateway/outgoing/life.py", "move")}


def _named(node: ast.AST) -> str | None:
    """The name that a node uses of something."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.alias):
        return node.name
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_every_impossible_move_is_refused() -> None:
    """Whatever is not in the table changes nothing and tells nobody."""
    possible = set(MESSAGE)
    impossible = set(product(S, H)) - possible
    assert impossible
    for old, happening in sorted(impossible):
        tx = _Untouched(old)
        assert life.move(tx, Subject(1, "msg", None), happening, stands=old) is None


class _Untouched:
    """A unit of work that must not be used."""

    def __init__(self, status: MessageStatus) -> None:
        self.status = status

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was used though {self.status} cannot move")


async def test_what_cannot_happen_is_refused_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept()
        subject = Subject(1, message.id, None)

        async def happen(happening: Happening) -> MessageStatus | None:
            return await lab.store.write(lambda tx: life.move(tx, subject, happening))

        assert await happen(H.CANCELED) is S.CANCELED
        for happening in (H.DUE, H.BEGUN, H.CANCELED, H.OVERDUE):
            with caplog.at_level(logging.WARNING):
                assert await happen(happening) is None
            assert message.id in caplog.records[-1].message
        assert (await lab.message(message)).status is S.CANCELED
        gone = Subject(99, "msg_gone", None)
        assert await lab.store.write(lambda tx: life.move(tx, gone, H.BEGUN)) is None
        assert [e.type for e in lab.events] == ["message.queued", "message.canceled"]


async def test_a_status_that_changed_meanwhile_is_compared_before_it_is_set(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False) as lab:
        message = await lab.accept()
        subject = Subject(1, message.id, None)

        def late(tx: Transaction) -> MessageStatus | None:
            life.move(tx, subject, H.CANCELED)
            return life.move(tx, subject, H.BEGUN, stands=S.QUEUED)  # as somebody read it before

        assert await lab.store.write(late) is None
        assert (await lab.message(message)).status is S.CANCELED


def life_goes_on(subject: Subject, happening: Happening, tx: Transaction) -> None:
    life.move(tx, subject, happening)


class _FullDisk:
    """Refuses every commit, one unit or many, while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        attempt = writer.Writer._attempt

        def refuse(this: writer.Writer, group: list[Any], **more: Any) -> Any:
            if self.full:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return attempt(this, group, **more)

        monkeypatch.setattr(writer.Writer, "_attempt", refuse)
        monkeypatch.setattr(writer, "RETRY_S", 0.01)


@pytest.mark.parametrize("order", list(permutations(["due", "canceled", "expired"])))
async def test_a_message_that_is_over_does_not_come_back_in_whatever_order_things_are_committed(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock, ready=False) as lab:
        message = await lab.accept(send_at=START + 100)
        subject = Subject(1, message.id, None)
        for happening in order:
            await lab.store.write(partial(life_goes_on, subject, H(happening)))
        found = (await lab.message(message)).status
        first = next(one for one in order if one != "due")
        assert found == first
    async with running(tmp_path, clock=clock) as lab:
        await lab.pass_time(200)
        assert lab.sent() == []


async def test_a_canceled_message_whose_due_time_was_kept_on_a_full_disk_stays_canceled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, disk = FakeClock(), _FullDisk(monkeypatch)
    async with running(tmp_path, clock=clock, ready=False) as lab:
        message = await lab.accept(send_at=START + 100)
        disk.full = True
        clock.now += 100
        lab.outbox.queue._on_timer()  # due: this is kept until the disk takes it
        while lab.store.problem is None:
            await asyncio.sleep(0.001)
        disk.full = False
        subject = Subject(1, message.id, None)
        while True:
            try:
                await lab.store.write(lambda tx: life.move(tx, subject, H.CANCELED))
                break
            except StoreUnavailable:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert (await lab.message(message)).status is S.CANCELED
    async with running(tmp_path, clock=clock) as lab:
        await lab.settle()
        assert lab.sent() == []


async def test_an_otp_that_was_reported_is_not_typed_again_though_the_queue_does_not_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        message = await lab.accept(type="otp")
        await lab.settle()
        monkeypatch.setattr(lab.outbox, "settle", lambda matched: None)
        await lab.report("m1", message.to, 7)
        await lab.pass_time(300)
        assert len(lab.sent()) == 1
        assert (await lab.message(message)).status is S.DELIVERED
        assert len(lab.outbox.queue.matchmaking) == 0


async def test_the_end_of_an_attempt_is_written_once(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script.append(Submitted(7))
        message = await lab.accept()
        await lab.settle()
        key = AttemptKey(1, 1, 1)
        await lab.store.write(
            lambda tx: tx.attempts.finish(key, AttemptState.AMBIGUOUS, ended_at=START)
        )
        (attempt,) = (await lab.message(message)).parts[0].attempts
        assert (attempt.state, attempt.reference) == (AttemptState.ACCEPTED, 7)


async def test_an_undelivered_first_try_leaves_the_word_to_the_second(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), Submitted(8)]
        message = await lab.accept(type="otp")
        await lab.pass_time(61)
        await lab.report("m1", message.to, 7, 0x41, sc_time=START)
        assert (await lab.message(message)).status is S.SENT
        await lab.report("m1", message.to, 8, 0x00)
        assert (await lab.message(message)).status is S.DELIVERED
