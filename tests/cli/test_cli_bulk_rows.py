"""Rows of a file: how they are read, what is wrong with them, which request they go with."""

from __future__ import annotations

import codecs
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from modemgw.cli.bulk.chunks import chunks
from modemgw.cli.bulk.composing import Bad, Good, placeholders, recipe
from modemgw.cli.bulk.journal import Answered, Journal, Refused, key_of
from modemgw.cli.bulk.reporting import Line, write
from modemgw.cli.bulk.table import Table, Unreadable, look_at


def file(tmp_path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = tmp_path / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def table(tmp_path: Path, content: str | bytes, **how: Any) -> Table:
    return look_at(file(tmp_path, content), **how)


def composed(of: Table, text: str | None = "Hello", **more: Any) -> list[Good | Bad]:
    options: dict[str, Any] = {
        "to": None,
        "options": {},
        "allow_duplicates": False,
        **more,
    }
    return list(recipe(of, text=text, **options).compose(of.rows()))


def reasons(found: list[Good | Bad]) -> dict[int, str]:
    return {one.line: one.reason for one in found if isinstance(one, Bad)}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_separates_the_columns_is_found_out(tmp_path: Path, delimiter: str) -> None:
    rows = ["to,name", "+447700900001,Ann", '+447700900002,"Lee, Bob; the 2|nd"']
    text = "\n".join(rows).replace(",", "\0").replace("Lee\0", "Lee,").replace("\0", delimiter)
    found = table(tmp_path, text)
    assert found.columns == ("to", "name")
    assert [row.values[0] for row in found.rows()] == ["+447700900001", "+447700900002"]


def test_one_column_needs_nothing_between(tmp_path: Path) -> None:
    found = table(tmp_path, "number\n+447700900001\n+447700900002\n")
    assert [type(one) for one in composed(found)] == [Good, Good]


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-8")],
)
def test_marks_of_the_encoding_are_seen(tmp_path: Path, bom: bytes, encoding: str) -> None:
    found = table(tmp_path, bom + "to,name\n+447700900001,Zoë\n".encode(encoding))
    assert found.columns == ("to", "name")
    assert [row.values[1] for row in found.rows()] == ["Zoë"]


def test_what_is_not_utf_8_is_told_with_its_line_and_what_to_say(tmp_path: Path) -> None:
    content = "to,name\n+447700900001,Ann\n+447700900002,Zoë\n".encode("latin-1")
    with pytest.raises(Unreadable, match=r"line 3 is not UTF-8 \(byte 0xEB\).*--csv-encoding"):
        table(tmp_path, content)
    found = table(tmp_path, content, encoding="cp1252")
    assert [row.values[1] for row in found.rows()] == ["Ann", "Zoë"]
    with pytest.raises(Unreadable, match="no encoding 'klingon'"):
        table(tmp_path, content, encoding="klingon")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1 is empty"),
        ("to,name,to\n", "a column twice: to"),
        ("to\n\0\n", "line 2 holds a NUL"),
        ('to,name\n+447700900001,"open', "line 2: unexpected end of data"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        list(table(tmp_path, content).rows())


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    content = 'to,text\n\n+447700900001,"two\nlines"\r\n,\n+447700900002,x\n'
    found = table(tmp_path, content)
    assert [(row.line, row.values[0]) for row in found.rows()] == [
        (3, "+447700900001"),
        (6, "+447700900002"),
    ]


def test_every_bad_row_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    content = (
        "Phone,name\n+44 (0)7700 900-001,Ann\nnobody,Bob\n,Eve\n+447700900002,\n"
        "+447700900003\n+447700900004,Dan,x\n004407700900005,Kim\n+4407700900005,Kim\n"
    )
    found = composed(table(tmp_path, content), "Dear {name}")
    assert reasons(found) == {
        3: "'nobody' is not a phone number",
        4: "Phone is empty: there is no number",
        5: "name: empty",
        6: "it has 1 field, the first line names 2",
        7: "it has 3 fields, the first line names 2",
        9: "line 8 has the same number",
    }
    assert [one.body for one in found if isinstance(one, Good)] == [
        {"text": "Dear Ann"},
        {"text": "Dear Kim"},
    ]
    twice = composed(table(tmp_path, content), "Dear {name}", allow_duplicates=True)
    assert 9 not in reasons(twice)


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    found = table(tmp_path, "id,name\n1,Ann\n")
    with pytest.raises(Unreadable, match="which column has the numbers"):
        composed(found)
    with pytest.raises(Unreadable, match=r"\{town\}.*there are id, name"):
        composed(found, "Dear {name} of {town}", to="id")
    with pytest.raises(Unreadable, match="--to-column: there is no column 'to'"):
        composed(found, to="to")


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}"])
def test_a_text_that_cannot_be_filled_in_is_told(text: str) -> None:
    with pytest.raises(Unreadable, match="text"):
        placeholders(text)


def test_braces_are_written_twice(tmp_path: Path) -> None:
    found = table(tmp_path, "to\n+447700900001\n")
    made = recipe(found, to=None, text="{{x}}", options={"type": "otp"}, allow_duplicates=False)
    (chunk,) = chunks(made.compose(found.rows()))
    assert chunk.asked(made) == {"type": "otp", "text": "{x}", "to": ["+447700900001"]}


def test_parameters_of_a_template_are_taken_from_columns_of_their_names(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        "to,name,code,paid,lang\n+447700900001,Ann,17,yes,pt\n"
        "+447700900002,,18,false,\n+447700900003,Kim,,1,en\n",
    )
    declared: dict[str, dict[str, Any]] = {
        "name": {"type": "string", "default": "guest"},
        "order": {"type": "integer", "default": None},
        "paid": {"type": "boolean", "default": None},
        "shop": {"type": "string", "default": None},
        "place": {"type": "string", "default": "here"},
    }
    options = {
        "template": "order",
        "params": {"order": "{code}", "shop": "Corner"},
        "language": "{lang}",
    }
    made = composed(found, None, options=options, declared=declared)
    assert [one.body for one in made if isinstance(one, Good)] == [
        {
            "params": {"name": "Ann", "order": "17", "paid": "yes", "shop": "Corner"},
            "language": "pt",
        },
        {"params": {"order": "18", "paid": "false", "shop": "Corner"}},
    ]
    assert reasons(made) == {4: "code: empty"}
    with pytest.raises(Unreadable, match=r"the template wants order.*--param order="):
        composed(found, None, options={"template": "order"}, declared=declared)
    with pytest.raises(Unreadable, match="--param order: there is no column 'nr'"):
        composed(found, None, options={**options, "params": {"order": "{nr}"}}, declared=declared)


def test_values_of_columns_are_not_read_as_text_to_fill_in(tmp_path: Path) -> None:
    (one,) = composed(table(tmp_path, "to,name\n+447700900001,{to}{{\n"), "{name}")
    assert isinstance(one, Good)
    assert one.body == {"text": "{to}{{"}


def test_chunks_are_bounded_in_rows_and_octets_and_the_same_each_time(tmp_path: Path) -> None:
    rows = "".join(f"+4477009{n:05},{'x' * 30_000 if n > 90 else n}\n" for n in range(300))
    found = table(tmp_path, f"to,text\n{rows}")
    made = recipe(found, to=None, text="{text}", options={}, allow_duplicates=False)
    cut = list(chunks(made.compose(found.rows()), 50))
    assert [chunk.index for chunk in cut] == list(range(len(cut)))
    assert [chunk.last for chunk in cut] == [False] * (len(cut) - 1) + [True]
    assert sum(len(chunk.good) for chunk in cut) == 300
    assert max(len(chunk.good) for chunk in cut) == 50
    assert max(len(json.dumps(chunk.asked(made))) for chunk in cut) < 5_000_000
    again = list(chunks(made.compose(found.rows()), 50))
    assert [c.asked(made) for c in again] == [c.asked(made) for c in cut]


def test_a_long_file_is_never_held(tmp_path: Path) -> None:
    rows = "".join(f"+4477{n:08},{'name ' * 20}{n}\n" for n in range(30_000))
    found = table(tmp_path, f"to,name\n{rows}")
    made = recipe(found, to=None, text="Dear {name}", options={}, allow_duplicates=False)
    tracemalloc.start()
    total = 0
    for chunk in chunks(made.compose(found.rows()), 1000):
        total += len(chunk.good)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 30_000
    assert peak < 6_000_000, "a thousand rows, and a mark for each number"


def test_a_journal_tells_how_far_it_came_though_it_broke_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal(path, "k", 5.0) as journal:
        journal.sends(0)
        journal.was_answered(Answered(0, "bat_1", 9, (Refused(4, "+44", "no"),)))
        journal.sends(1)
    with path.open("a") as broken:
        broken.write('{"what": "answered", "ind')
    with Journal(path, "k", 9.0) as journal:
        progress = journal.progress
        assert (progress.began_at, progress.batch, progress.in_doubt) == (5.0, "bat_1", True)
        assert progress.answered[0].refused == (Refused(4, "+44", "no"),)
        journal.was_answered(Answered(1, "bat_1", 3))
        journal.is_complete()
    progress = Journal(path, "k", 11.0).progress
    assert (progress.complete, progress.in_doubt, progress.begun) == (True, False, 1)
    assert path.stat().st_mode & 0o077 == 0, "it has numbers in it"


def test_another_way_to_send_has_another_key(tmp_path: Path) -> None:
    digest = table(tmp_path, "to\n+447700900001\n").digest
    keys = {
        key_of(digest, {"text": "a"}),
        key_of(digest, {"text": "b"}),
        key_of(digest[::-1], {"text": "a"}),
    }
    assert len(keys) == 3
    assert key_of(digest, {"a": 1, "b": 2}) == key_of(digest, {"b": 2, "a": 1})


def test_a_report_holds_nothing_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    lines = [Line(2, "+447700900001", "msg_1", "sent"), Line(3, "=1+1", "", "skipped", "@x")]
    assert write(path, lines) == {"sent": 1, "skipped": 1}
    assert path.read_text().splitlines() == [
        "row,to,id,status,error",
        "2,+447700900001,msg_1,sent,",
        "3,'=1+1,,skipped,'@x",
    ]
    assert list(tmp_path.iterdir()) == [path]
