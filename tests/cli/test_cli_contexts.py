"""Which gateway is asked: --at, contexts, and options before the command or after it."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from modemgw.cli import main
from modemgw.cli.options import Daemon


class Asked(list[Daemon]):
    @property
    def url(self) -> str | None:
        return self[-1].url

    @property
    def key(self) -> str | None:
        return self[-1].key


@pytest.fixture
def asked(monkeypatch) -> Asked:
    """The daemons that commands would ask."""
    found = Asked()

    def call(daemon, work):
        found.append(daemon)
        raise click.ClickException("asked")

    monkeypatch.setattr(Daemon, "call", call)
    return found


@pytest.fixture
def run(monkeypatch, tmp_path):
    for name in ("URL", "KEY", "CONFIG", "AT", "CA_FILE", "CONTEXTS"):
        monkeypatch.delenv(f"MODEMGW_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*arguments, **options):
        return CliRunner().invoke(main, [str(a) for a in arguments], **options)

    return run


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "config" / "modemgw" / "contexts.toml"


@pytest.fixture
def two(run, tmp_path) -> None:
    secret = tmp_path / "key"
    secret.write_text("mgw_home\n")
    assert run("contexts", "add", "office", "--url", "http://office", "--key", "k1").exit_code == 0
    added = run("contexts", "add", "home", "--url", "https://home", "--key-file", secret)
    assert added.exit_code == 0


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(
    ("option", "value", "field"),
    [("--url", "http://x", "url"), ("--key", "k", "key"), ("--config", Path("c"), "config_file")],
)
def test_options_of_the_gateway_may_stand_before_the_command_or_after_it(
    run, asked, option, value, field, place
):
    words = ("modems", "list")
    run(*((option, value, *words) if place == "before" else (*words, option, value)))
    assert getattr(asked[-1], field) == value


def test_what_is_said_after_the_command_beats_before_and_both_beat_the_environment(run, asked):
    env = {"MODEMGW_URL": "http://env", "MODEMGW_KEY": "env"}
    run("modems", "list", env=env)
    assert (asked.url, asked.key) == ("http://env", "env")
    run("--url", "http://before", "modems", "list", env=env)
    assert (asked.url, asked.key) == ("http://before", "env")
    run("--url", "http://before", "--key", "b", "modems", "list", "--url", "http://a", env=env)
    assert (asked.url, asked.key) == ("http://a", "b")


def test_a_configuration_named_before_a_local_command_is_its(run, tmp_path):
    file = tmp_path / "modemgw.toml"
    file.write_text('[http]\nlisten = "127.0.0.1:7"\n')
    shown = run("--config", file, "config", "show")
    assert json.loads(shown.stdout)["http"]["listen"] == "127.0.0.1:7"


@pytest.mark.usefixtures("two")
def test_the_first_context_is_the_current_one_and_at_names_another(run, asked):
    run("modems", "list")
    assert (asked.url, asked.key) == ("http://office", "k1")
    run("--at", "home", "modems", "list")
    assert (asked.url, asked.key) == ("https://home", "mgw_home")
    run("modems", "list", env={"MODEMGW_AT": "home"})
    assert asked.url == "https://home"
    assert run("contexts", "use", "home").exit_code == 0
    run("modems", "list")
    assert asked.url == "https://home"
    assert run("contexts", "use", "--none").exit_code == 0
    run("modems", "list")
    assert asked.url is None


@pytest.mark.usefixtures("two")
def test_a_context_gives_way_to_what_is_said(run, asked):
    run("modems", "list", "--url", "http://said", env={"MODEMGW_AT": "home"})
    assert (asked.url, asked.key) == ("http://said", None)  # no key for somebody else
    run("modems", "list", env={"MODEMGW_URL": "http://env", "MODEMGW_KEY": "env"})
    assert (asked.url, asked.key) == ("http://env", "env")
    run("modems", "list", env={"MODEMGW_KEY": "env"})
    assert (asked.url, asked.key) == ("http://office", "k1")
    run("--at", "home", "modems", "list", "--key", "other")
    assert (asked.url, asked.key) == ("https://home", "other")


@pytest.mark.usefixtures("two")
def test_a_gateway_is_not_named_twice_nor_for_what_is_done_here(run, asked):
    assert run("--at", "home", "modems", "list", "--url", "http://x").exit_code == 2
    refused = run("--at", "home", "keys", "list")
    assert (refused.exit_code, "on this machine" in refused.stderr) == (2, True)
    assert run("--url", "http://x", "config", "check").exit_code == 2
    missing = run("--at", "nowhere", "modems", "list")
    assert missing.exit_code == 1
    assert "home, office" in missing.stderr
    assert not asked


@pytest.mark.usefixtures("two")
def test_contexts_are_listed_without_their_keys(run):
    shown = run("contexts", "list", "--json")
    assert "k1" not in shown.output
    assert [(c["name"], c["current"]) for c in json.loads(shown.stdout)] == [
        ("office", True),
        ("home", False),
    ]
    assert "k1" not in run("contexts", "list").stdout


def test_the_file_is_for_its_owner_alone_and_keeps_what_was_written_by_hand(run, file):
    file.parent.mkdir(parents=True)
    file.write_text('# mine\n[context.a]\nurl = "http://a"  # old\n')
    assert run("contexts", "add", "b", "--url", "unix:/b", "--key", "k").exit_code == 0
    text = file.read_text()
    assert "# mine" in text
    assert "# old" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tomllib.loads(text)["context"]["b"] == {"url": "unix:/b", "key": "k"}
    assert run("contexts", "remove", "a").exit_code == 0
    assert list(tomllib.loads(file.read_text())["context"]) == ["b"]


@pytest.mark.usefixtures("two")
def test_wrong_contexts_are_refused_with_a_word_on_what_is_right(run, file, tmp_path):
    before = file.read_text()
    for words in (
        ("add", "office", "--url", "http://again"),
        ("add", "new", "--url", "office:8080"),
        ("add", "no name", "--url", "http://x"),
        ("add", "new", "--url", "http://x", "--key", "k", "--key-file", tmp_path / "key"),
        ("remove", "nowhere"),
        ("use", "nowhere"),
        ("use",),
    ):
        refused = run("contexts", *words)
        assert refused.exit_code in (1, 2), words
        assert "Error: " in refused.stderr
    assert file.read_text() == before
    file.write_text('[context.x]\nurl = "http://x"\ncolour = 1\n')
    refused = run("contexts", "list")
    assert (refused.exit_code, "context.x.colour" in refused.stderr) == (1, True), refused.stderr


@pytest.mark.usefixtures("two")
def test_names_of_contexts_are_completed(run):
    env = {"_MODEMGW_COMPLETE": "bash_complete", "COMP_WORDS": "modemgw --at h", "COMP_CWORD": "2"}
    answer = CliRunner().invoke(main, prog_name="modemgw", env=env)
    assert answer.stdout == "plain,home\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_taught_to_complete(run, shell):
    answer = run("completion", shell)
    assert answer.exit_code == 0
    assert f"_MODEMGW_COMPLETE={shell}_complete" in answer.stdout


@pytest.mark.parametrize("about", [("audit", "--by"), ("usage", "--of-key")])
def test_whose_doings_are_asked_for_and_with_which_key_are_two_things(run, asked, about):
    run(*about, "somebody", "--key", "mgw_k")
    assert asked.key == "mgw_k"
    run(*about, "somebody", env={"MODEMGW_KEY": "mgw_env"})
    assert asked.key == "mgw_env"
