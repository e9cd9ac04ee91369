"""How lists are printed: as tables, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import json

import click
import pytest
from click.testing import CliRunner

from modemgw.cli import main
from modemgw.cli.options import list_options
from modemgw.cli.output import clip, local_time, print_table

LONG = 'He said "=1+1", then\nleft; ' + "x" * 60


@click.command()
@list_options
def listed(as_json):
    rows = [(1, None, clip(LONG), local_time("2026-11-22T10:00:00.5Z"), "\x1b[2J")]
    print_table(("id", "next try", "text", "at", "name"), rows, "nothing")


@click.command()
@list_options
def empty(as_json):
    print_table(("id", "text"), [], "nothing")


def test_csv_has_the_whole_of_what_a_table_shows_in_part():
    answer = CliRunner().invoke(listed, ["--csv"])
    assert answer.exit_code == 0
    names, row = csv.reader(io.StringIO(answer.stdout))
    assert names == ["id", "next_try", "text", "at", "name"]
    assert row == ["1", "", LONG, "2026-11-22T10:00:00.500Z", "\ufffd[2J"]
    assert LONG not in CliRunner().invoke(listed).stdout


def test_an_empty_list_is_a_line_of_names():
    assert CliRunner().invoke(empty, ["--csv"]).stdout == "id,text\n"
    assert CliRunner().invoke(empty).stdout == "nothing\n"


def test_json_and_csv_are_not_both():
    assert CliRunner().invoke(listed, ["--csv", "--json"]).exit_code == 2


def lists(group=main, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from lists(command, (*path, name))
        elif name in ("list", "deliveries", "stopped", "audit", "conversations", "scan"):
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), list(lists()), ids=lambda v: str(v))
def test_every_list_has_a_table_json_and_csv(path, command):
    options = {name for option in command.params for name in option.opts}
    assert {"--json", "--csv"} <= options


def test_keys_are_listed_in_every_form(tmp_path):
    def run(*words):
        return CliRunner().invoke(main, ["keys", *words, "--data-dir", str(tmp_path)])

    assert run("create", "app", "--scope", "send").exit_code == 0
    (row,) = csv.DictReader(io.StringIO(run("list", "--csv").stdout))
    (key,) = json.loads(run("list", "--json").stdout)
    assert (row["name"], row["created"], row["revoked"]) == ("app", key["created_at"], "")
