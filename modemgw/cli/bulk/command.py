"""What `modemgw send --csv` does with a daemon: look at all rows, send them, wait, report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from modemgw.cli.bulk import reporting
from modemgw.cli.bulk.chunks import MOST_ROWS, Chunk, chunks
from modemgw.cli.bulk.composing import Bad, Good, Recipe
from modemgw.cli.bulk.journal import REMEMBERED_S, Answered, Journal, Refused
from modemgw.cli.bulk.table import Table
from modemgw.cli.output import print_json, print_table
from modemgw.cli.say import say
from modemgw.client import (
    Client,
    Conflict,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    answers,
)

SHOWN_BAD: Final = 20
"""Bad rows that are named on the screen; all are in the report."""
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Bulk:
    """A file to send, and how."""

    table: Table
    recipe: Recipe
    journal: Journal
    report: Path
    batch: Mapping[str, Any]
    """What is said of the batch: name, send_at, rate_per_minute."""
    skip_bad: bool
    dry_run: bool
    wait_s: float | None
    """Wait until the fate of all is known, for so long; inf: however long it takes. None: don't."""
    wants_receipts: bool
    as_json: bool
    most_rows: int = MOST_ROWS

    def chunks(self) -> Iterator[Chunk]:
        """All of the file; the same each time."""
        return chunks(self.recipe.compose(self.table.rows()), self.most_rows)


@dataclass(slots=True)
class Checked:
    """What was found when all rows were looked at."""

    rows: int = 0
    good: int = 0
    parts: int = 0
    most_parts: int = 0


async def run(client: Client, bulk: Bulk) -> int:
    """Do it. Returns the exit code: 0 if every row (but those to be skipped) is as asked."""
    progress = bulk.journal.progress
    if bulk.dry_run:
        checked, bad = await _check(client, bulk)
        _tell_checked(bulk, checked, bad)
        return 1 if bad and not bulk.skip_bad else 0
    if progress.complete:
        say(
            f"{bulk.table.path.name} was sent before in this way, as batch {progress.batch}; "
            "to send it once more, give another --name",
            err=True,
        )
    elif progress.begun >= 0:
        say(f"going on with batch {progress.batch or 'that was begun'}", err=True)
        _require_remembered(bulk.journal)
    else:
        checked, bad = await _check(client, bulk)
        _tell_checked(bulk, checked, bad)
        if bad and not bulk.skip_bad:
            reporting.write(bulk.report, _lines_of_bad(bulk, bad))
            raise click.ClickException(
                f"{_rows(len(bad))} of {checked.rows} cannot be sent, so nothing was sent; "
                f"{bulk.report} names all, --skip-bad sends the others"
            )
        if not checked.good:
            raise click.ClickException("there is no row that could be sent")
    try:
        if not progress.complete:
            await _send(client, bulk)
        batch = await _wait(client, bulk) if bulk.wait_s is not None else None
        return await _report(client, bulk, batch)
    except asyncio.CancelledError:  # Ctrl-C
        say("broken off: the same command goes on where it was, and sends nothing twice", err=True)
        raise


# --- looking at all rows


async def _check(client: Client, bulk: Bulk) -> tuple[Checked, dict[int, Bad]]:
    """Look at every row, here and by the gateway's own rules; what is bad by its line."""
    checked, bad = Checked(), dict[int, Bad]()
    with _bar("looking at the rows", None) as bar:
        for chunk in bulk.chunks():
            for one in chunk.bad:
                bad[one.line] = one
            if chunk.good:
                await _preview(client, bulk, chunk, checked, bad)
            checked.rows += len(chunk.good) + len(chunk.bad)
            bar(checked.rows)
    checked.good = checked.rows - len(bad)
    return checked, bad


async def _preview(
    client: Client, bulk: Bulk, chunk: Chunk, checked: Checked, bad: dict[int, Bad]
) -> None:
    at = {name: value for name, value in bulk.batch.items() if name == "send_at"}
    try:
        seen = await client.preview_batch(**chunk.asked(bulk.recipe), **at)
    except InvalidRequest as error:
        for row, reason in _refused_whole(chunk, error):
            bad[row.line] = Bad(row.line, row.to, reason)
        return
    checked.parts += seen.parts
    checked.most_parts = max(checked.most_parts, seen.most_parts)
    for item in seen.rejected:
        row = chunk.good[item.index]
        bad[row.line] = Bad(row.line, row.to, _reason(item))


def _refused_whole(chunk: Chunk, error: InvalidRequest) -> Iterator[tuple[Good, str]]:
    """The gateway took none of a chunk: each row is wrong, or what they share is."""
    prefixes = ("to[", "messages[")
    shared = [e for e in error.problem.errors if not e.field.startswith(prefixes)]
    if shared:
        told = "; ".join(f"{e.field}: {e.detail}" for e in shared)
        raise click.ClickException(f"no row can be sent like this: {told}") from error
    reasons: dict[int, str] = {}
    for one in error.problem.errors:
        at, _, field = one.field.partition("[")[2].partition("]")
        if at.isdecimal():
            field = field.lstrip(".") or "to"
            reasons.setdefault(int(at), f"{field}: {one.detail}")
    for index, row in enumerate(chunk.good):
        yield row, reasons.get(index, "the gateway refuses it")


def _reason(item: answers.RejectedItem) -> str:
    errors = item.problem.errors
    return "; ".join(f"{e.field}: {e.detail}" for e in errors) or item.problem.detail


def _tell_checked(bulk: Bulk, checked: Checked, bad: Mapping[int, Bad]) -> None:
    for line in sorted(bad)[:SHOWN_BAD]:
        say(f"line {line}: {bad[line].reason}", err=True)
    if len(bad) > SHOWN_BAD:
        say(f"… and {len(bad) - SHOWN_BAD} more", err=True)
    rate = bulk.batch.get("rate_per_minute")
    minutes = None if rate is None else checked.good / rate
    facts = {
        "rows": checked.rows,
        "good": checked.good,
        "bad": len(bad),
        "sms": checked.parts,
        "longest_sms": checked.most_parts,
        "minutes": None if minutes is None else round(minutes, 1),
    }
    if bulk.as_json and bulk.dry_run:
        print_json({**facts, "problems": [_problem(bad[line]) for line in sorted(bad)]})
        return
    told = (
        f"{_rows(checked.rows)}: {checked.good} good, {len(bad)} bad; "
        f"{checked.parts} SMS, {checked.most_parts} for the longest"
    )
    if minutes is not None:
        told += f"; at {rate} a minute it takes {_duration(minutes)}"
    say(told, err=True)


def _problem(bad: Bad) -> dict[str, Any]:
    return {"line": bad.line, "to": bad.to, "reason": bad.reason}


def _lines_of_bad(bulk: Bulk, bad: Mapping[int, Bad]) -> Iterator[reporting.Line]:
    for one in bulk.recipe.compose(bulk.table.rows()):
        found = bad.get(one.line)
        if found is None:
            yield reporting.Line(one.line, one.to)
        else:
            yield reporting.Line(one.line, one.to, "", reporting.BAD, found.reason)


# --- sending


async def _send(client: Client, bulk: Bulk) -> None:
    journal = bulk.journal
    done = 0
    with _bar("handing over", None) as bar:
        for chunk in bulk.chunks():
            done += len(chunk.good)
            if chunk.good and chunk.index not in journal.progress.answered:
                journal.sends(chunk.index)
                journal.was_answered(await _send_chunk(client, bulk, chunk))
            bar(done)
    await _complete(client, journal)


async def _send_chunk(client: Client, bulk: Bulk, chunk: Chunk) -> Answered:
    batch = bulk.journal.progress.batch
    asked = {**chunk.asked(bulk.recipe), "more": not chunk.last}
    key = f"csv-{bulk.journal.key}-{chunk.index}"
    try:
        if batch is None:
            taken = await client.send_batch(**asked, **bulk.batch, idempotency_key=key)
        else:
            taken = await client.add_to_batch(batch, **asked, idempotency_key=key)
    except IdempotencyKeyReused as error:
        raise click.ClickException(
            "the gateway has had this part of the file before, made in another way; "
            "give another --name to send the file anew"
        ) from error
    except InvalidRequest as error:
        refused = tuple(Refused(r.line, r.to, why) for r, why in _refused_whole(chunk, error))
        return Answered(chunk.index, None, 0, refused)
    except (NotFound, Conflict) as error:
        raise click.ClickException(
            f"batch {batch} takes nothing more ({error}): is it another gateway, or was the batch "
            f"canceled? {bulk.journal.path} remembers what was sent"
        ) from error
    rows = chunk.good
    refused = tuple(
        Refused(rows[i.index].line, rows[i.index].to, _reason(i), i.problem.status == 422)
        for i in taken.rejected
    ) + tuple(
        Refused(rows[i.index].line, rows[i.index].to, f"says the same as {i.id} a short while ago")
        for i in taken.merged
    )
    return Answered(chunk.index, taken.id, taken.accepted, refused)


async def _complete(client: Client, journal: Journal) -> None:
    """Say that nothing more comes, where the last chunk could not say so."""
    batch = journal.progress.batch
    if batch is None:
        raise click.ClickException("the gateway took none of the rows")
    last = journal.progress.answered[max(journal.progress.answered)]
    if last.batch is None:
        await client.change_batch(batch, more=False)
    journal.is_complete()


def _require_remembered(journal: Journal) -> None:
    age_s = time.time() - journal.progress.began_at
    if journal.progress.in_doubt and age_s > REMEMBERED_S:
        raise click.ClickException(
            f"this was begun {age_s / 86400:.0f} days ago, and of one chunk no answer was seen: "
            "the gateway no longer knows whether it has it. `modemgw batches messages "
            f"{journal.progress.batch or 'ID'}` shows what it has; without {journal.path} the "
            "file is sent anew"
        )


# --- what became of it


async def _wait(client: Client, bulk: Bulk) -> answers.Batch | None:
    identifier, wait_s = bulk.journal.progress.batch, bulk.wait_s
    assert identifier is not None, "it was completed"
    batch = await client.batch(identifier)

    def is_over(seen: answers.Batch) -> bool:
        awaited = seen.counts.get("sent", 0) if bulk.wants_receipts else 0
        return seen.ended_at is not None and not awaited

    with _bar("sending", batch.accepted) as bar:

        def show(seen: answers.Batch) -> None:
            awaited = seen.counts.get("sent", 0) if bulk.wants_receipts else 0
            bar(seen.progress.left - awaited)

        try:
            async with asyncio.timeout(wait_s):
                return await client.wait_for_batch(identifier, until=is_over, on_change=show)
        except TimeoutError:
            say(
                f"not all is known after {wait_s:g} s; the same command again goes on waiting",
                err=True,
            )
            return None


async def _report(client: Client, bulk: Bulk, waited: answers.Batch | None) -> int:
    progress, identifier = bulk.journal.progress, bulk.journal.progress.batch
    assert identifier is not None, "it was completed"
    found = [_fate(m) async for m in client.batch_messages(identifier, limit=PAGE)]
    accepted = sum(one.accepted for one in progress.answered.values())
    if len(found) == accepted:
        in_order = iter(reversed(found))
    else:
        say(f"{accepted - len(found)} messages are no longer kept: the report lacks ids", err=True)
        in_order = iter([reporting.Fate("", "accepted")] * accepted)
    counts = reporting.write(bulk.report, _lines(bulk, in_order))
    if bulk.as_json:
        batch = waited or await client.batch(identifier)
        print_json({"batch": batch.document, "rows": dict(counts), "report": str(bulk.report)})
    else:
        print_table(("status", "rows"), sorted(counts.items()), "There are no rows.")
        say(f"batch {identifier}; what became of each row is in {bulk.report}")
    return _exit_code(bulk, counts)


def _exit_code(bulk: Bulk, counts: Mapping[str, int]) -> int:
    no = {reporting.REFUSED} if bulk.skip_bad else {reporting.REFUSED, reporting.BAD}
    if bulk.wait_s is None:
        return 1 if counts.keys() & no else 0
    fine = {reporting.BAD, "delivered" if bulk.wants_receipts else "sent"}
    return 0 if counts.keys() <= fine - no else 1


def _fate(message: answers.Message) -> reporting.Fate:
    error = message.error
    return reporting.Fate(
        message.id, message.status, "" if error is None else f"{error.code}: {error.detail}"
    )


def _lines(bulk: Bulk, fates: Iterator[reporting.Fate]) -> Iterator[reporting.Line]:
    """A line for each row: those that were accepted have the fates, in their order."""
    refused = {
        one.line: one
        for answer in bulk.journal.progress.answered.values()
        for one in answer.refused
    }
    for one in bulk.recipe.compose(bulk.table.rows()):
        if isinstance(one, Bad):
            yield reporting.Line(one.line, one.to, "", reporting.BAD, one.reason)
        elif (no := refused.get(one.line)) is not None:
            status = reporting.BAD if no.bad else reporting.REFUSED
            yield reporting.Line(one.line, one.to, "", status, no.reason)
        else:
            yield reporting.Line(one.line, one.to, *next(fates))


# --- how it is shown


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Any]:
    """A bar on standard error, where somebody looks at it. Gives what says how far it is."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task(what, total=total)

        def at(done: int) -> None:
            shown.update(task, completed=done)

        yield at


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _duration(minutes: float) -> str:
    if minutes < 90:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.1f} hours"
