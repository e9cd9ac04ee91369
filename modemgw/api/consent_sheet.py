"""Lists of consents as CSV (RFC 4180): read whole, every row that is wrong told; written by parts.

A list may have what an export has; number and state it must have.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping

from modemgw.api.moments import parse_moment, render_moment
from modemgw.api.parts import Consents
from modemgw.api.problems import MAX_ERRORS, Problem, invalid_fields
from modemgw.api.requests.consents import MAX_EVIDENCE, MAX_SCOPE, MAX_SOURCE
from modemgw.gateway import ConsentRow, FieldProblem, NewConsent, Rejected
from modemgw.store import Consent, ConsentState

COLUMNS = (
    "number",
    "state",
    "scope",
    "source",
    "evidence",
    "at",
    "recorded_at",
    "key",
    "inbound",
)
"""Of an export. The last three are the gateway's own and not read in an import."""
IMPORTED = "import"
"""The source of rows that name none."""
TURN = 200
"""Rows that are looked at before others may do something."""


async def read_sheet(raw: bytes, consents: Consents, *, key: str) -> list[ConsentRow]:
    """The decisions of a list. Raises Problem with the rows that are wrong."""
    rows: list[ConsentRow] = []
    wrong: list[FieldProblem] = []
    reader = _reader(raw)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            wrong.append(FieldProblem(f"lines[{reader.line_num}]", str(error), "invalid"))
            break
        if row is None:
            break
        if any(row.values()):
            try:
                new = consents.checked(_decision(row, key))
                rows.append(ConsentRow(reader.line_num, new))
            except Rejected as refusal:
                line = f"lines[{reader.line_num}]"
                wrong += [
                    FieldProblem(f"{line}.{p.field}", p.detail, p.code) for p in refusal.problems
                ]
        if len(wrong) > MAX_ERRORS:
            break
        if reader.line_num % TURN == 0:
            await asyncio.sleep(0)
    if wrong:
        raise invalid_fields(wrong)
    return rows


def _reader(raw: bytes) -> csv.DictReader[str]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem("bad-request", f"the list is not UTF-8: {error}") from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="more")
    reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
    names = reader.fieldnames
    found = [
        FieldProblem(f"lines[1].{name}", "the list has no such column", "missing")
        for name in ("number", "state")
        if name not in names
    ]
    found += [
        FieldProblem(
            f"lines[1].{name}", f"there is no such column; there is {', '.join(COLUMNS)}", "unknown"
        )
        for name in names
        if name not in COLUMNS
    ]
    if found:
        raise invalid_fields(found)
    return reader


def _decision(row: Mapping[str, str | None], key: str) -> NewConsent:
    """Raises Rejected."""
    wrong: list[FieldProblem] = []
    given = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if "more" in row:
        wrong.append(FieldProblem("more", "the row has more fields than the first", "too-long"))
    try:
        state = ConsentState(given["state"])
    except ValueError:
        state = ConsentState.OPTED_OUT
        said = f"must be opted_in or opted_out, not {given['state'][:64]!r}"
        wrong.append(FieldProblem("state", said, "not-a-choice"))
    at = None
    try:
        at = parse_moment(given["at"]) if given["at"] else None
    except ValueError as error:
        wrong.append(FieldProblem("at", str(error), "invalid"))
    for name, most in (("scope", MAX_SCOPE), ("source", MAX_SOURCE), ("evidence", MAX_EVIDENCE)):
        if len(given[name]) > most:
            said = f"may have {most:,} characters at the most"
            wrong.append(FieldProblem(name, said, "too-long"))
    if wrong:
        raise Rejected(wrong)
    return NewConsent(
        given["number"],
        state,
        given["source"] or IMPORTED,
        given["scope"],
        given["evidence"] or None,
        at,
        key,
    )


def head() -> bytes:
    """The first line of an export."""
    return _lines([COLUMNS])


def lines(consents: Iterable[Consent]) -> bytes:
    """Lines of an export."""
    return _lines(
        (
            one.number,
            one.state.value,
            one.scope,
            one.source,
            one.evidence or "",
            render_moment(one.at),
            render_moment(one.recorded_at),
            one.key or "",
            one.inbound or "",
        )
        for one in consents
    )


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
